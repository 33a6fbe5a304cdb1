/* Results of drift about one profile on one platform: what has changed, what is ignored, and what
 * could not be answered. All of it is JSON as described in docs/record.md. */
#pragma once

#include "builder/profile/drift-spec.h"

#include "oci/base/json.h"

G_BEGIN_DECLS

typedef struct
{
  const char *today;          /* "YYYY-MM-DD" */
  const GPtrArray *ignore;    /* of TerraneDriftIgnore: from the profile */
  const char *const *ignored; /* (nullable): ids from the command line */
  gboolean fixable;           /* ignore advisories without a fixed version */
} TerraneDriftRules;

typedef struct
{
  json_t *findings;   /* array */
  json_t *ignored;    /* array: findings with their "reason" */
  json_t *unanswered; /* array */
} TerraneDriftReport;

/** Returns: (transfer full): an empty report */
TerraneDriftReport *terrane_drift_report_new (void);
void terrane_drift_report_free (TerraneDriftReport *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (TerraneDriftReport, terrane_drift_report_free)

/* Members of a finding; "id" is made from kind and subject. */
typedef struct
{
  const char *kind;
  const char *source;  /* (nullable): "base", or the name of a tree */
  const char *subject; /* what it is about */
  const char *locked;  /* (nullable): value in the lock or the image */
  const char *now;     /* (nullable): possible new value */
} TerraneDriftFinding;

/** Returns: (transfer full): an object, to which members may be added */
json_t *terrane_drift_finding_new (const TerraneDriftFinding *finding, const char *format, ...)
    G_GNUC_PRINTF (2, 3);

/** Adds a finding to "findings" or, if a rule ignores it, to "ignored". @finding: (transfer full)
 */
void terrane_drift_report_add (TerraneDriftReport *self, const TerraneDriftRules *rules,
                               json_t *finding);

/**
 * terrane_drift_report_unanswered:
 * @question: "base", "wheels", "advisories", …
 * @source: (nullable)
 * @failed: whether the attempt failed; otherwise the user or the data do not allow an answer
 *
 * Adds a question that could not be answered.
 */
void terrane_drift_report_unanswered (TerraneDriftReport *self, const char *question,
                                      const char *source, gboolean failed, const char *format, ...)
    G_GNUC_PRINTF (5, 6);

/**
 * terrane_drift_report_failure:
 * @failure: (transfer full): reason of a question that could not be answered
 *
 * Adds the question, unless the user interrupted.
 *
 * Errors: %OCI_ERROR_CANCELLED if @failure is an interrupt, which ends everything.
 */
gboolean terrane_drift_report_failure (TerraneDriftReport *self, const char *question,
                                       const char *source, GError *failure, GError **error);

/** Sorts findings by kind, source, subject and id. */
void terrane_drift_report_sort (TerraneDriftReport *self);

G_END_DECLS
