/* The files of an image: what its layers give together, and which layer each is from. They are read
 * out of the layers once; the store knows them then, by the digest of the manifest. */
#pragma once

#include "builder/check/layers.h"
#include "builder/facts/image-view.h"
#include "builder/image/open.h"
#include "builder/store/tree.h"

G_BEGIN_DECLS

typedef struct
{
  OciDigest commit;         /* the file system, without devices, fifos and sockets */
  TerraneTree *tree;        /* (nullable): the same in memory, see terrane_image_files_load() */
  TerraneLayerAudit *audit; /* what was seen in the layers */
  gboolean read;            /* the layers were read now */
  json_t *layers;           /* (nullable): of which layer the nodes are, until they are loaded */
} TerraneImageFiles;

void terrane_image_files_clear (TerraneImageFiles *self);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (TerraneImageFiles, terrane_image_files_clear)

/**
 * terrane_image_files:
 * @image: with its documents, and all of its layers in the store
 * @with_tree: whether @out_files must have one: without, it has one when the layers were read now
 * @out_files: (out caller-allocates)
 *
 * Finds out which files the image has.
 */
gboolean terrane_image_files (TerraneStore *store, const TerraneOpenImage *image,
                              gboolean with_tree, unsigned jobs, const TerraneProgress *progress,
                              TerraneImageFiles *out_files, GError **error);

/** What is known of the image with the manifest @digest: @out_files has no audit when its layers
 * have not been read. */
gboolean terrane_image_files_find (TerraneStore *store, const OciDigest *digest,
                                   TerraneImageFiles *out_files, GError **error);

/** Makes sure that @self has its tree, whose nodes say of which layer they are. */
gboolean terrane_image_files_load (TerraneImageFiles *self, TerraneStore *store, GError **error);

/**
 * terrane_image_files_remember:
 * @manifest: of an image that was just made
 * @tree: its file system, which is @commit; its nodes say of which layer they are
 * @audit: of its layers
 *
 * Saves terrane_image_files() reading the layers of what was put into them here.
 */
gboolean terrane_image_files_remember (TerraneStore *store, const OciDigest *manifest,
                                       const OciDigest *commit, TerraneTree *tree,
                                       const TerraneLayerAudit *audit, GError **error);

/** What the layers are called, by their number, which counts from 1: the tree that a layer was made
 * of, else "layer N". Returns: (transfer full): NULL-terminated */
char **terrane_image_layer_names (const OciManifest *manifest);

/**
 * terrane_image_files_view:
 * @names: from terrane_image_layer_names()
 *
 * What checks look at, with layers as what files are from; valid as long as the arguments.
 */
TerraneImageView terrane_image_files_view (const TerraneImageFiles *self, TerraneStore *store,
                                           const OciImageConfig *config, char **names);

/**
 * terrane_image_files_take:
 * @tree: (transfer full): the files
 * @unpacked: (nullable): what terrane_image_files_remember() has remembered of them elsewhere
 */
gboolean terrane_image_files_take (TerraneImageFiles *self, const OciDigest *commit,
                                   TerraneTree *tree, const json_t *unpacked, GError **error);

G_END_DECLS
