/* Keys of sources that are the same on every machine. In its own store a source may be identified
 * by the result of stat() for a file: another machine identifies it by its content. */
#pragma once

#include "builder/image/base.h"
#include "builder/image/source-image.h"

G_BEGIN_DECLS

/**
 * terrane_portable_key:
 * @pin: of a resolved source
 * @out_portable: (out): whether there is such a key; a directory has none, since its files are
 *   always local
 *
 * Digests the same as terrane_source_tree_key(), with the content of local archives; reads one only
 * if it has changed. Errors: %OCI_ERROR_FORMAT, %OCI_ERROR_IO; those of the kind's identify().
 */
gboolean terrane_portable_key (const TerraneSourceContext *context, const TerranePin *pin,
                               OciDigest *out_key, gboolean *out_portable, GError **error);

/**
 * terrane_portable_tree_key:
 * @base: (nullable): of the image; %NULL for the key of the base itself
 *
 * Like terrane_portable_key(), with the transforms of the tree.
 *
 * Errors: %OCI_ERROR_FORMAT, %OCI_ERROR_CORRUPT, %OCI_ERROR_IO, codes of %G_IO_ERROR (from
 *   libostree).
 */
gboolean terrane_portable_tree_key (const TerraneSourceContext *context, const TerranePin *pin,
                                    const TerraneBase *base, OciDigest *out_key,
                                    gboolean *out_portable, GError **error);

G_END_DECLS
