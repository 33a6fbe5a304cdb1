/* What terrane why says of a directory. */
#pragma once

#include "builder/facts/image-view.h"

G_BEGIN_DECLS

/** @node: a directory of @view. Returns: (transfer full): docs/record.md */
json_t *terrane_why_directory (const TerraneImageView *view, const TerraneNode *node,
                               const char *name);

void terrane_why_directory_print (const json_t *document);

G_END_DECLS
