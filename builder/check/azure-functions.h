/* What the host of Azure Functions finds in a custom container, with or without a custom handler.
 * From Microsoft's documents; nothing of it was tried against Azure. */
#pragma once

#include "builder/check/subject.h"

G_BEGIN_DECLS

/** Adds findings of the family "azure-functions". */
gboolean terrane_check_azure_functions (const TerraneCheck *check, const TerraneCheckFacts *facts,
                                        TerraneFindings *findings, GError **error);

G_END_DECLS
