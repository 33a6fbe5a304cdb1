/* When what an image is made of gets no more updates: a table with a date of its own, since only
 * who maintains a product knows. */
#pragma once

#include "builder/drift/inventory.h"
#include "builder/drift/unit.h"

G_BEGIN_DECLS

typedef struct _TerraneEndOfLife TerraneEndOfLife;

/**
 * terrane_end_of_life_new:
 * @path: (nullable): a file of the same form instead of the program's own table
 *
 * Returns: (transfer full) (nullable): %NULL with %OCI_ERROR_USAGE and all problems of the file
 */
TerraneEndOfLife *terrane_end_of_life_new (const char *path, GError **error);
void terrane_end_of_life_free (TerraneEndOfLife *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (TerraneEndOfLife, terrane_end_of_life_free)

/** The day the table is of, "YYYY-MM-DD". */
const char *terrane_end_of_life_date (const TerraneEndOfLife *self);

/** Reports the Lambda runtime of the base, Python and the system where their ends are at most @days
 * away. */
void terrane_end_of_life_report (const TerraneEndOfLife *self, const TerraneDriftUnit *unit,
                                 const TerraneInventory *inventory, unsigned days);

G_END_DECLS
