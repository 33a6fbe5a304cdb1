/* Ids of the findings of static checks: checks use them, profiles refer to them, docs/checks.md
 * explains them. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef enum
{
  TERRANE_SEVERITY_ERROR,   /* the image does not work, or the platform refuses it */
  TERRANE_SEVERITY_WARNING, /* it may not work, or not as intended */
  TERRANE_SEVERITY_NOTE,    /* information */
  TERRANE_SEVERITY_OFF,     /* turned off by the profile */
} TerraneSeverity;

/** Returns: (transfer none): "error", "warning" or "note", as in SARIF; "off" */
const char *terrane_severity_name (TerraneSeverity severity);

/** Returns: (transfer none): all ids, sorted, NULL-terminated */
const char *const *terrane_finding_ids (void);

/** Returns: (transfer full) (nullable): a message which says that @id does not exist, with the
 * nearest one; %NULL if it exists */
char *terrane_finding_id_problem (const char *id);

/** Returns: (transfer none): one line that describes findings of @id */
const char *terrane_finding_summary (const char *id);

/** Whether checks can give findings of @id this severity, as in docs/checks.md. */
gboolean terrane_finding_may_be (const char *id, TerraneSeverity severity);

G_END_DECLS
