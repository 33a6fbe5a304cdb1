/* Requirements of Google Cloud Run for an image: its container runtime contract
 * (https://cloud.google.com/run/docs/container-contract). Not tested with Google. */
#pragma once

#include "builder/check/subject.h"

G_BEGIN_DECLS

/** Adds findings of the family "cloud-run". Errors: %OCI_ERROR_FORMAT, %OCI_ERROR_IO. */
gboolean terrane_check_cloud_run (const TerraneCheck *check, const TerraneCheckFacts *facts,
                                  TerraneFindings *findings, GError **error);

G_END_DECLS
