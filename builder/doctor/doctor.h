/* Finds out what this host can and cannot do: a row per feature, each tried where possible. Makes
 * no connection except for rows about registries or AWS that the user asked for. */
#pragma once

#include "builder/doctor/symptom.h"

G_BEGIN_DECLS

/** Tries everything. Returns: (transfer full): of TerraneSymptom, in the order of the tables */
GPtrArray *terrane_doctor_run (const TerraneDoctor *self);

G_END_DECLS
