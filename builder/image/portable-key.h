/* Keys of sources that are the same on every machine. In its own store a source may be known by
 * what stat() says of a file: another machine knows it by its content. */
#pragma once

#include "builder/image/base.h"
#include "builder/image/source-image.h"

G_BEGIN_DECLS

/**
 * terrane_portable_key:
 * @pin: of a resolved source
 * @out_portable: (out): whether there is such a key: a directory has none, since its files are
 *   here in any case
 *
 * Digests what terrane_source_tree_key() does, of the content of local archives; that reads one
 * only when it has changed.
 */
gboolean terrane_portable_key (const TerraneSourceContext *context, const TerranePin *pin,
                               OciDigest *out_key, gboolean *out_portable, GError **error);

/**
 * terrane_portable_tree_key:
 * @base: (nullable): of the image; %NULL for the key of the base itself
 *
 * The same with what transforms do to the tree.
 */
gboolean terrane_portable_tree_key (const TerraneSourceContext *context, const TerranePin *pin,
                                    const TerraneBase *base, OciDigest *out_key,
                                    gboolean *out_portable, GError **error);

G_END_DECLS
