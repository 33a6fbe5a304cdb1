/* Ends of support for the components of an image: a table with the date of its last revision, since
 * only the maintainers of a product know them. */
#pragma once

#include "builder/drift/inventory.h"
#include "builder/drift/unit.h"

G_BEGIN_DECLS

typedef struct _TerraneEndOfLife TerraneEndOfLife;

/**
 * terrane_end_of_life_new:
 * @path: (nullable): a file of the same form that replaces the built-in table
 *
 * Returns: (transfer full)
 * Errors: %OCI_ERROR_USAGE with all problems of the file; %OCI_ERROR_FORMAT, %OCI_ERROR_LIMIT,
 *   %OCI_ERROR_IO; codes of %G_RESOURCE_ERROR.
 */
TerraneEndOfLife *terrane_end_of_life_new (const char *path, GError **error);
void terrane_end_of_life_free (TerraneEndOfLife *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (TerraneEndOfLife, terrane_end_of_life_free)

/** Returns: (transfer none): date of the table, "YYYY-MM-DD" */
const char *terrane_end_of_life_date (const TerraneEndOfLife *self);

/** Reports the Lambda runtime of the base, Python and the system if their support ends within
 * @days. */
void terrane_end_of_life_report (const TerraneEndOfLife *self, const TerraneDriftUnit *unit,
                                 const TerraneInventory *inventory, unsigned days);

G_END_DECLS
