/* Requirements of the host of Azure Functions for custom containers, with or without a custom
 * handler. Based on Microsoft's documentation; not tested with Azure. */
#pragma once

#include "builder/check/subject.h"

G_BEGIN_DECLS

/** Adds findings of the family "azure-functions". Errors: %OCI_ERROR_FORMAT, %OCI_ERROR_IO. */
gboolean terrane_check_azure_functions (const TerraneCheck *check, const TerraneCheckFacts *facts,
                                        TerraneFindings *findings, GError **error);

G_END_DECLS
