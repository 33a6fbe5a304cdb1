/* Findings of static checks. Every check adds to one collection, so that one run reports all
 * problems of an image. docs/checks.md explains every id. */
#pragma once

#include "builder/finding-ids.h"

#include "oci/base/json.h"

G_BEGIN_DECLS

/* One of several files that a finding is about. */
typedef struct
{
  char *path; /* in the image, without the leading slash */
  char *tree; /* (nullable) */
  TerraneSeverity severity;
} TerraneFindingFile;

typedef struct
{
  const char *id; /* such as "elf.missing-library": static, one of terrane_finding_ids() */
  TerraneSeverity severity;
  const char *path;    /* (nullable): in the image, without the leading slash */
  const char *tree;    /* (nullable): name of the tree or layer that @path is from */
  const char *message; /* the problem; untrusted text is quoted */
  const char *fix;     /* (nullable): what to do */
  /* (nullable): common cause of findings of one id, such as a library that none of them finds:
   * those with a path are merged into one, with the text of the most severe one. */
  const char *cause;
  /* Only for a finding about several files, not set by checks: of TerraneFindingFile, most severe
   * first; @path and @tree are those of the first. */
  GPtrArray *files;
  /* Set by terrane_findings_override(), not by checks. */
  gboolean overridden;
  TerraneSeverity found_as; /* original @severity */
  const char *reason;       /* (nullable): why */
} TerraneFinding;

typedef struct _TerraneFindings TerraneFindings;

/** Returns: (transfer full): an empty collection */
TerraneFindings *terrane_findings_new (void);
void terrane_findings_free (TerraneFindings *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (TerraneFindings, terrane_findings_free)

/** Adds a copy of @finding, unless its id is ignored. Equal ones are listed once; those with the
 * same cause are merged. */
void terrane_findings_add (TerraneFindings *self, const TerraneFinding *finding);

/**
 * terrane_findings_override:
 * @pattern: an id, or "FAMILY.*"
 * @paths: (nullable): for oci_glob_match_any(): only findings about such a path
 * @reason: (nullable): why
 *
 * Changes the severity of all findings that match @pattern; the original one is kept. A later
 * override takes precedence. A finding about several files is split if @paths only match some of
 * them.
 */
void terrane_findings_override (TerraneFindings *self, const char *pattern,
                                const char *const *paths, TerraneSeverity severity,
                                const char *reason);

/** Adds a finding that is not about a file. @format: its message */
void terrane_findings_report (TerraneFindings *self, const char *id, TerraneSeverity severity,
                              const char *fix, const char *format, ...) G_GNUC_PRINTF (5, 6);

/** Removes all findings of @id, now and later. */
void terrane_findings_ignore (TerraneFindings *self, const char *id);

/** Number of findings of this severity. */
guint terrane_findings_count (TerraneFindings *self, TerraneSeverity severity);
/** Likewise, only for ids that begin with @family and a dot. */
guint terrane_findings_count_family (TerraneFindings *self, const char *family,
                                     TerraneSeverity severity);

/** Returns: (transfer none): of TerraneFinding, valid until one is added: errors first, then by id,
 * path and message */
const GPtrArray *terrane_findings_list (TerraneFindings *self);

/** Returns: (transfer full): an array of {"id", "severity", "path", "tree", "message", "fix"}, with
 * {"files"} if it is about several, and {"found_as", "reason"} if it was overridden */
json_t *terrane_findings_to_json (TerraneFindings *self);

/** Restores findings from JSON as they were before any override. Returns: (transfer full)
 * (nullable): %NULL if @array was not made by terrane_findings_to_json() */
TerraneFindings *terrane_findings_from_json (const json_t *array);

/** Returns: (transfer full): a SARIF 2.1.0 log; @artifact names what was checked, an image or the
 * file of a profile, which is also the location of findings without a path */
json_t *terrane_findings_to_sarif (TerraneFindings *self, const char *artifact);

/**
 * terrane_findings_to_text:
 * @max: the number of elements of a list that are shown; 0: all
 *
 * Returns: (transfer full): text for the user: a block for each finding or for several of one id
 * and severity, with shortened lists of files and findings, and their numbers
 */
char *terrane_findings_to_text (TerraneFindings *self, guint max);

/**
 * terrane_findings_refuse:
 * @format: what the errors mean, without a full stop
 *
 * Fails with %TERRANE_ERROR_REFUSED and all errors if there is an error; warnings follow in short
 * form, so that one run reports everything.
 */
gboolean terrane_findings_refuse (TerraneFindings *self, GError **error, const char *format, ...)
    G_GNUC_PRINTF (3, 4);

G_END_DECLS
