/* One layer of an image, made from part of the assembled tree, or taken from a cache.
 *
 * Errors: %OCI_ERROR_FORMAT, %OCI_ERROR_CORRUPT, %OCI_ERROR_UNSUPPORTED, %OCI_ERROR_IO. */
#pragma once

#include "builder/annotations.h"
#include "builder/progress.h"
#include "builder/remote/layers.h"
#include "builder/store/store.h"
#include "builder/store/tree.h"

G_BEGIN_DECLS

typedef struct
{
  OciDescriptor *descriptor; /* annotated with tree name and layer key */
  OciDigest diff_id;
  gboolean reused;  /* from a cache: nothing was read or compressed */
  gboolean claimed; /* an image says that it is this one, and a build would verify that */
} TerraneLayer;

/**
 * terrane_layer_build:
 * @assembled: the file system with this layer applied
 * @paths: content of the layer, sorted bytewise, with all parents
 * @name: of the tree
 * @remote: (nullable): layers in registries that need not be made; their bytes stay there
 *
 * The layer key digests every header and object of the layer, the compressor and the assembler
 * version: equal keys mean equal bytes.
 *
 * Returns: (transfer full)
 * Errors: see the head.
 */
TerraneLayer *terrane_layer_build (TerraneStore *store, TerraneTree *assembled,
                                   const GPtrArray *paths, const char *name,
                                   const TerraneRemoteLayers *remote, unsigned jobs,
                                   const TerraneProgress *progress, GError **error);

/* Facts about a layer before it is made. */
typedef struct
{
  OciDigest key;
  uint64_t bytes;      /* of its files, before compression */
  TerraneLayer *layer; /* (transfer full) (nullable): %NULL if it would be made */
} TerraneLayerLook;

/**
 * terrane_layer_find:
 * @out: (out)
 *
 * The first part of terrane_layer_build(): makes nothing, and reads no blobs.
 *
 * Errors: see the head.
 */
gboolean terrane_layer_find (TerraneStore *store, TerraneTree *assembled, const GPtrArray *paths,
                             const char *name, const TerraneRemoteLayers *remote,
                             TerraneLayerLook *out, GError **error);

void terrane_layer_free (TerraneLayer *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (TerraneLayer, terrane_layer_free)

G_END_DECLS
