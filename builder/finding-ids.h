/* The ids that findings of static checks have: checks give them, profiles name them, docs/checks.md
 * explains them. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/** All ids, sorted, NULL-terminated. Returns: (transfer none) */
const char *const *terrane_finding_ids (void);

/** Says that no finding has the id @id, with the nearest one that there is. Returns: (transfer
 * full) (nullable): %NULL when there is one */
char *terrane_finding_id_problem (const char *id);

/** One line that says what findings of @id are about. Returns: (transfer none) */
const char *terrane_finding_summary (const char *id);

G_END_DECLS
