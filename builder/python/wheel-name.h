/* File names of wheels:
 * https://packaging.python.org/en/latest/specifications/binary-distribution-format/ (PEP 427), with
 * the compressed tag sets of PEP 425. */
#pragma once

#include "oci/base/error.h"

#include <stdint.h>

G_BEGIN_DECLS

/* "NAME-VERSION[-BUILD]-PYTHON-ABI-PLATFORM.whl". All text is ASCII without control characters. */
typedef struct
{
  char *name;    /* normalised according to PEP 503 */
  char *version; /* as written; a version of PEP 440 */
  gboolean has_build;
  uint64_t build_number; /* 1 for "1a" */
  char *build_suffix;    /* "a" for "1a"; "" without one */
  GStrv python;          /* the tag sets, in lower case: {"py2", "py3"}; never empty */
  GStrv abi;
  GStrv platform;
} TerraneWheelName;

/** Whether @file_name ends like a wheel's; it need not be a valid name. */
gboolean terrane_wheel_name_is_wheel (const char *file_name);

/**
 * terrane_wheel_name_parse:
 * @file_name: last component of a path or URL, percent-decoded
 *
 * Returns: (transfer full): the parts
 * Errors: %OCI_ERROR_FORMAT; %OCI_ERROR_LIMIT for more than 255 bytes, 1024 tags or a build number
 *   over 64 bits.
 */
TerraneWheelName *terrane_wheel_name_parse (const char *file_name, GError **error);

void terrane_wheel_name_free (TerraneWheelName *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (TerraneWheelName, terrane_wheel_name_free)

/**
 * terrane_wheel_name_compare_builds:
 * Orders build tags: none first, then by number, then by suffix. The greater is the later build of
 * the same version.
 *
 * Returns: -1, 0 or 1
 */
int terrane_wheel_name_compare_builds (const TerraneWheelName *a, const TerraneWheelName *b);

G_END_DECLS
