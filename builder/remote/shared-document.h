/* The configuration of a result in a registry: what it is a result of, and which layers have it. */
#pragma once

#include "builder/remote/shared-cache.h"

G_BEGIN_DECLS

/** The word for @kind in tags and documents. Returns: (transfer none) */
const char *terrane_shared_kind_name (TerraneSharedKind kind);

/** Returns: (transfer full): the document of a result for @platform */
GBytes *terrane_shared_document_write (const TerraneSharedResult *result, const char *platform);

/**
 * terrane_shared_document_read:
 * @manifest: the manifest whose configuration @raw is: both must name the same layers
 * @entry: gets "content", "layers" and "diff_ids"
 *
 * Returns: %FALSE with %OCI_ERROR_CORRUPT when it is not the document of such a result: one of
 * another kind, key, platform or assembler version included
 */
gboolean terrane_shared_document_read (GBytes *raw, const OciManifest *manifest,
                                       TerraneSharedKind kind, const OciDigest *key,
                                       const char *platform, TerraneSharedEntry *entry,
                                       GError **error);

G_END_DECLS
