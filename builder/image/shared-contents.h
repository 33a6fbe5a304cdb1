/* Contents of small files that come with a tree from a registry: what the machine that gave it has
 * read of its files. */
#pragma once

#include "builder/image/source-image.h"
#include "builder/store/tree.h"

G_BEGIN_DECLS

/**
 * terrane_shared_contents_add:
 * @contents: (element-type utf8 GBytes): content by the name of its object
 *
 * Adds the contents of the files of @tree to the store. Their names are their digests: other
 * content is another object.
 *
 * Errors: %OCI_ERROR_IO, codes of %G_IO_ERROR (from libostree).
 */
gboolean terrane_shared_contents_add (const TerraneSourceContext *context, GHashTable *contents,
                                      TerraneTree *tree, GError **error);

G_END_DECLS
