/* Describes a directory for terrane why. */
#pragma once

#include "builder/facts/image-view.h"

G_BEGIN_DECLS

/**
 * terrane_why_directory:
 * @node: a directory of @view. Returns: (transfer full): the document of docs/record.md
 */
json_t *terrane_why_directory (const TerraneImageView *view, const TerraneNode *node,
                               const char *name);

/** Prints such a document. */
void terrane_why_directory_print (const json_t *document);

G_END_DECLS
