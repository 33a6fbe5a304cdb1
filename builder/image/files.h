/* The files of an image: the combined content of its layers, with the layer each is from. They are
 * read from the layers once; afterwards the store finds them by the digest of the manifest. */
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
  TerraneLayerAudit *audit; /* observations about the layers */
  gboolean read;            /* the layers were read now, not found in the cache */
  json_t *layers;           /* (nullable): layers of the nodes, until they are loaded */
} TerraneImageFiles;

void terrane_image_files_clear (TerraneImageFiles *self);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (TerraneImageFiles, terrane_image_files_clear)

/**
 * terrane_image_files:
 * @image: with its documents, and all of its layers in the store
 * @with_tree: whether @out_files must have a tree; otherwise it only has one if the layers were
 *   read now
 * @out_files: (out caller-allocates)
 *
 * Finds out which files the image has.
 *
 * Errors: %OCI_ERROR_FORMAT, %OCI_ERROR_CORRUPT, %OCI_ERROR_UNSUPPORTED, %OCI_ERROR_LIMIT,
 *   %OCI_ERROR_IO, codes of %G_IO_ERROR (from libostree).
 */
gboolean terrane_image_files (TerraneStore *store, const TerraneOpenImage *image,
                              gboolean with_tree, unsigned jobs, const TerraneProgress *progress,
                              TerraneImageFiles *out_files, GError **error);

/**
 * terrane_image_files_find:
 * Finds what is known about the image with the manifest @digest. If its layers have not been read,
 * @out_files has no audit.
 *
 * Errors: codes of %G_IO_ERROR (from libostree).
 */
gboolean terrane_image_files_find (TerraneStore *store, const OciDigest *digest,
                                   TerraneImageFiles *out_files, GError **error);

/** Loads the tree unless it is there; its nodes have layer numbers. Errors: %OCI_ERROR_FORMAT,
 * %OCI_ERROR_CORRUPT, codes of %G_IO_ERROR (from libostree). */
gboolean terrane_image_files_load (TerraneImageFiles *self, TerraneStore *store, GError **error);

/**
 * terrane_image_files_remember:
 * @manifest: of an image that was just made
 * @tree: its file system, which is @commit, with layer numbers in its nodes
 * @audit: of its layers
 *
 * Makes terrane_image_files() find this, so that it need not read the layers.
 *
 * Errors: %OCI_ERROR_IO.
 */
gboolean terrane_image_files_remember (TerraneStore *store, const OciDigest *manifest,
                                       const OciDigest *commit, TerraneTree *tree,
                                       const TerraneLayerAudit *audit, GError **error);

/** Returns: (transfer full): NULL-terminated names of the layers by number, which starts from 1:
 * the tree that a layer was made from, else "layer N" */
char **terrane_image_layer_names (const OciManifest *manifest);

/**
 * terrane_image_files_view:
 * @names: from terrane_image_layer_names()
 *
 * Returns the input of checks, with layers as the origins of files; valid as long as the arguments.
 */
TerraneImageView terrane_image_files_view (const TerraneImageFiles *self, TerraneStore *store,
                                           const OciImageConfig *config, char **names);

/**
 * terrane_image_files_take:
 * @tree: (transfer full): the files
 * @unpacked: (nullable): what terrane_image_files_remember() has stored about them elsewhere
 *
 * Sets the members of @self.
 *
 * Errors: %OCI_ERROR_CORRUPT.
 */
gboolean terrane_image_files_take (TerraneImageFiles *self, const OciDigest *commit,
                                   TerraneTree *tree, const json_t *unpacked, GError **error);

G_END_DECLS
