/* What this host can do and what it cannot: a row per thing, each tried where trying is possible.
 * Nothing goes to the network unless a row is about what the user asked for. */
#pragma once

#include "builder/doctor/symptom.h"

G_BEGIN_DECLS

/** Tries everything. Returns: (transfer full): of TerraneSymptom, in the order of its tables */
GPtrArray *terrane_doctor_run (const TerraneDoctor *self);

G_END_DECLS
