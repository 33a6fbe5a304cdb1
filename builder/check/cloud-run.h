/* What Google Cloud Run demands of an image: its container runtime contract. Nothing of it was
 * tried against Google. */
#pragma once

#include "builder/check/subject.h"

G_BEGIN_DECLS

/** Adds findings of the family "cloud-run". */
gboolean terrane_check_cloud_run (const TerraneCheck *check, const TerraneCheckFacts *facts,
                                  TerraneFindings *findings, GError **error);

G_END_DECLS
