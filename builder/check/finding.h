/* What static checks have to say. Every check adds to one collection, so that all problems of an
 * image are known after one run. docs/checks.md explains every id. */
#pragma once

#include "builder/finding-ids.h"

#include "oci/base/json.h"

G_BEGIN_DECLS

/* One of several files that a finding is about. */
typedef struct
{
  char *path; /* in the image, without a slash in front */
  char *tree; /* (nullable) */
  TerraneSeverity severity;
} TerraneFindingFile;

typedef struct
{
  const char *id; /* such as "elf.missing-library": static, one of terrane_finding_ids() */
  TerraneSeverity severity;
  const char *path;    /* (nullable): in the image, without a slash in front */
  const char *tree;    /* (nullable): name of the tree or layer that @path is from */
  const char *message; /* what is wrong; text from outside is quoted */
  const char *fix;     /* (nullable): what to do */
  /* (nullable): what the findings of one id have in common, such as a library that none of them
   * finds: those with a path become one, which has the words of the worst. */
  const char *cause;
  /* Set for a finding about several files, not to be set by checks: of TerraneFindingFile, worst
   * first; @path and @tree are those of the first. */
  GPtrArray *files;
  /* What terrane_findings_override() did; not to be set by checks. */
  gboolean overridden;
  TerraneSeverity found_as; /* what @severity was */
  const char *reason;       /* (nullable): why */
} TerraneFinding;

typedef struct _TerraneFindings TerraneFindings;

TerraneFindings *terrane_findings_new (void);
void terrane_findings_free (TerraneFindings *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (TerraneFindings, terrane_findings_free)

/** Adds a copy of @finding, unless its id is ignored. Equal ones are listed once, and those of one
 * cause together. */
void terrane_findings_add (TerraneFindings *self, const TerraneFinding *finding);

/**
 * terrane_findings_override:
 * @pattern: an id, or "FAMILY.*"
 * @paths: (nullable): for oci_glob_match_any(): only findings about such a path
 * @reason: (nullable): why
 *
 * Gives all findings of @pattern this severity. They say what they were found as. A later override
 * wins over an earlier one. A finding about several files, of which @paths has some, becomes two.
 */
void terrane_findings_override (TerraneFindings *self, const char *pattern,
                                const char *const *paths, TerraneSeverity severity,
                                const char *reason);

/** Adds a finding that is about no file. @format: its message */
void terrane_findings_report (TerraneFindings *self, const char *id, TerraneSeverity severity,
                              const char *fix, const char *format, ...) G_GNUC_PRINTF (5, 6);

/** Drops all findings of @id, now and later. */
void terrane_findings_ignore (TerraneFindings *self, const char *id);

guint terrane_findings_count (TerraneFindings *self, TerraneSeverity severity);
/** The same of ids that begin with @family and a dot. */
guint terrane_findings_count_family (TerraneFindings *self, const char *family,
                                     TerraneSeverity severity);

/** The findings: errors first, then by id, path and message. Returns: (transfer none): of
 * TerraneFinding, valid until one is added */
const GPtrArray *terrane_findings_list (TerraneFindings *self);

/** Returns: (transfer full): an array of {"id", "severity", "path", "tree", "message", "fix"}, with
 * {"files"} where it is about several, and {"found_as", "reason"} of what was overridden */
json_t *terrane_findings_to_json (TerraneFindings *self);

/** The same backwards, as it was before anything was overridden. Returns: (transfer full)
 * (nullable): %NULL when @array is nothing that terrane_findings_to_json() gives */
TerraneFindings *terrane_findings_from_json (const json_t *array);

/** Returns: (transfer full): a SARIF 2.1.0 log; @artifact names what was checked, an image or the
 * file of a profile. Findings without a path are located there */
json_t *terrane_findings_to_sarif (TerraneFindings *self, const char *artifact);

/**
 * terrane_findings_to_text:
 * @max: how many of a list are shown; 0: all
 *
 * Returns: (transfer full): text for people, a block for each finding or for several of one id and
 *   severity, whose lists of files and findings are cut, and how many there are
 */
char *terrane_findings_to_text (TerraneFindings *self, guint max);

/**
 * terrane_findings_refuse:
 * @format: what the errors mean, without a full stop
 *
 * Fails with %TERRANE_ERROR_REFUSED and all errors when there is an error; warnings follow in
 * short, so that one run tells all.
 */
gboolean terrane_findings_refuse (TerraneFindings *self, GError **error, const char *format, ...)
    G_GNUC_PRINTF (3, 4);

G_END_DECLS
