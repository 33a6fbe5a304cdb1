/* How files of a profile are laid over each other: docs/profile.md, "Extending a profile". */
#pragma once

#include "builder/profile/provenance.h"

G_BEGIN_DECLS

/**
 * terrane_merge_file:
 * @into: an object, what the files before gave
 * @origin: that of @into
 * @from: an object, what the file says
 * @file: its number
 *
 * Lays a file over those before it. Nothing is judged: what does not fit stays visible for whoever
 * reads the result.
 */
void terrane_merge_file (json_t *into, TerraneOrigin *origin, const json_t *from, unsigned file);

G_END_DECLS
