/* What drift found out about one profile on one platform: what has moved, what is ignored, and what
 * could not be answered. All of it is JSON as docs/record.md describes it. */
#pragma once

#include "builder/profile/drift-spec.h"

#include "oci/base/json.h"

G_BEGIN_DECLS

typedef struct
{
  const char *today;          /* "YYYY-MM-DD" */
  const GPtrArray *ignore;    /* of TerraneDriftIgnore: of the profile */
  const char *const *ignored; /* (nullable): ids: of the command line */
  gboolean fixable;           /* advisories without a fixed version do not count */
} TerraneDriftRules;

typedef struct
{
  json_t *findings;   /* array */
  json_t *ignored;    /* array: findings with their "reason" */
  json_t *unanswered; /* array */
} TerraneDriftReport;

TerraneDriftReport *terrane_drift_report_new (void);
void terrane_drift_report_free (TerraneDriftReport *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (TerraneDriftReport, terrane_drift_report_free)

/* Its members as texts; "id" is made of kind and subject. */
typedef struct
{
  const char *kind;
  const char *source;  /* (nullable): "base", or the name of a tree */
  const char *subject; /* what it is about */
  const char *locked;  /* (nullable): what the lock or the image has */
  const char *now;     /* (nullable): what it could be */
} TerraneDriftFinding;

/** Returns: (transfer full): an object, to which more may be added */
json_t *terrane_drift_finding_new (const TerraneDriftFinding *finding, const char *format, ...)
    G_GNUC_PRINTF (2, 3);

/** @finding: (transfer full): added to what counts or to what is ignored */
void terrane_drift_report_add (TerraneDriftReport *self, const TerraneDriftRules *rules,
                               json_t *finding);

/**
 * terrane_drift_report_unanswered:
 * @question: "base", "wheels", "advisories", …
 * @source: (nullable)
 * @failed: whether it could have been answered; else the user or the data do not allow it
 */
void terrane_drift_report_unanswered (TerraneDriftReport *self, const char *question,
                                      const char *source, gboolean failed, const char *format, ...)
    G_GNUC_PRINTF (5, 6);

/**
 * terrane_drift_report_failure:
 * @failure: (transfer full): becomes a question that is not answered
 *
 * Returns: FALSE with @error when it is an interruption, which ends everything
 */
gboolean terrane_drift_report_failure (TerraneDriftReport *self, const char *question,
                                       const char *source, GError *failure, GError **error);

/** Puts findings into their order: by kind, source, subject and id. */
void terrane_drift_report_sort (TerraneDriftReport *self);

G_END_DECLS
