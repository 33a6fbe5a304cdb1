/* The ids that findings of static checks have: checks give them, profiles name them, docs/checks.md
 * explains them. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef enum
{
  TERRANE_SEVERITY_ERROR,   /* the image does not work, or the platform refuses it */
  TERRANE_SEVERITY_WARNING, /* it may not work, or not as intended */
  TERRANE_SEVERITY_NOTE,    /* good to know */
  TERRANE_SEVERITY_OFF,     /* somebody decided that it does not count */
} TerraneSeverity;

/** "error", "warning" or "note", as SARIF spells them too; "off". */
const char *terrane_severity_name (TerraneSeverity severity);

/** All ids, sorted, NULL-terminated. Returns: (transfer none) */
const char *const *terrane_finding_ids (void);

/** Says that no finding has the id @id, with the nearest one that there is. Returns: (transfer
 * full) (nullable): %NULL when there is one */
char *terrane_finding_id_problem (const char *id);

/** One line that says what findings of @id are about. Returns: (transfer none) */
const char *terrane_finding_summary (const char *id);

/** Whether checks give findings of @id this severity: the column of docs/checks.md. */
gboolean terrane_finding_may_be (const char *id, TerraneSeverity severity);

G_END_DECLS
