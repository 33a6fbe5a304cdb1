/* Requirements of a distribution in its core metadata, in the grammar of PEP 508. */
#pragma once

#include "oci/base/error.h"

G_BEGIN_DECLS

typedef struct
{
  char *name;       /* as written */
  char *normalised; /* PEP 503 */
  char *specifiers; /* such as ">=4.0,<9"; "" for any version, or if there is a URL */
  char *marker;     /* (nullable): for terrane_marker_evaluate() */
} TerraneDependency;

/**
 * terrane_dependency_parse:
 * @text: `NAME [EXTRAS] SPECIFIERS ; MARKER`, the specifiers optionally in parentheses, or `NAME
 *   [EXTRAS] @ URL ; MARKER`
 *
 * Specifiers and marker are not validated, extras and URL not kept.
 *
 * Returns: (transfer full)
 * Errors: %OCI_ERROR_FORMAT if @text does not start with a name, or something else follows it.
 */
TerraneDependency *terrane_dependency_parse (const char *text, GError **error);

void terrane_dependency_free (TerraneDependency *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (TerraneDependency, terrane_dependency_free)

enum
{
  TERRANE_EGG_REQUIRES_GROWTH = 16, /* a section's marker is repeated in each of its requirements */
};

/**
 * terrane_egg_requires_parse:
 * @text: requires.txt of an egg-info directory: lines, and sections "[EXTRA]", "[:MARKER]" and
 *   "[EXTRA:MARKER]"
 *
 * Returns: (transfer full) (element-type utf8): requirements without extras, in the form of
 *   terrane_dependency_parse(); together at most %TERRANE_EGG_REQUIRES_GROWTH times as long as
 *   @text
 */
GPtrArray *terrane_egg_requires_parse (const char *text);

G_END_DECLS
