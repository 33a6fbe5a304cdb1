/* Merges files of a profile: docs/profile.md, "Extending a profile". */
#pragma once

#include "builder/profile/provenance.h"

G_BEGIN_DECLS

/**
 * terrane_merge_file:
 * @into: an object, the result of the files before
 * @origin: that of @into
 * @from: an object, the content of the file
 * @file: its number
 *
 * Merges a file into those before it. Checks nothing: invalid values are kept for the reader of the
 * result.
 */
void terrane_merge_file (json_t *into, TerraneOrigin *origin, const json_t *from, unsigned file);

G_END_DECLS
