/* Shares trees without their content through registries: what a machine with an empty store needs
 * to assemble an image whose layers a registry has. A tree is taken as its listing, with the layers
 * that contain its files; these are fetched when the content of a file is needed.
 *
 * Errors: %TERRANE_ERROR_REFUSED, %OCI_ERROR_USAGE, %OCI_ERROR_FORMAT, %OCI_ERROR_CORRUPT,
 * %OCI_ERROR_UNSUPPORTED, %OCI_ERROR_LIMIT, %OCI_ERROR_NOT_FOUND, %OCI_ERROR_UNREACHABLE,
 * %OCI_ERROR_NETWORK, %OCI_ERROR_TIMEOUT, %OCI_ERROR_DENIED, %OCI_ERROR_IO, %OCI_ERROR_CANCELLED,
 * codes of %G_IO_ERROR (from libostree). */
#pragma once

#include "builder/image/base.h"
#include "builder/image/source-image.h"
#include "builder/image/source-tree.h"
#include "builder/remote/layers.h"
#include "builder/remote/shared-cache.h"

G_BEGIN_DECLS

typedef struct _TerraneSharedTrees TerraneSharedTrees;

/**
 * terrane_shared_trees_new:
 * @context: what it points to must outlive the trees
 * @layers: receives the layers of trees that are taken
 *
 * Until it is freed, the store asks it for missing objects.
 *
 * Returns: (transfer full)
 */
TerraneSharedTrees *terrane_shared_trees_new (const TerraneSourceContext *context,
                                              TerraneSharedCache *cache,
                                              TerraneRemoteLayers *layers);
void terrane_shared_trees_free (TerraneSharedTrees *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (TerraneSharedTrees, terrane_shared_trees_free)

/**
 * terrane_shared_trees_take_base:
 * @out_base: (out) (transfer full) (nullable): %NULL if the base has to be made, or is in the store
 *
 * Looks for the base.
 *
 * Errors: see the head.
 */
gboolean terrane_shared_trees_take_base (TerraneSharedTrees *self, TerranePin *pin,
                                         TerraneBase **out_base, GError **error);

/**
 * terrane_shared_trees_take:
 * @pin: of a tree: is_taken is set if it was found
 * @out_tree: (out caller-allocates): as it is in the image
 *
 * Looks for a tree.
 *
 * Errors: see the head.
 */
gboolean terrane_shared_trees_take (TerraneSharedTrees *self, TerranePin *pin,
                                    const TerraneBase *base, TerraneSourceTree *out_tree,
                                    GError **error);

/** Whether the listing of @entry, which is in its first layer, is the one of the tree that it
 * claims to be. Errors: see the head. */
gboolean terrane_shared_trees_verify (const TerraneSourceContext *context,
                                      TerraneSharedCache *cache, const TerraneSharedEntry *entry,
                                      GError **error);

/** Whether any tree was taken. */
gboolean terrane_shared_trees_any (const TerraneSharedTrees *self);

/** Fetches the base, whose programs will be run, into the store, if it was taken.
 * Errors: see the head. */
gboolean terrane_shared_trees_bring_base (TerraneSharedTrees *self, const TerraneBase *base,
                                          GError **error);

/* Members of the first layer. */
#define TERRANE_SHARED_LISTING "tree.json"
#define TERRANE_SHARED_NOTES "notes.json"   /* what was read from files: elsewhere.h */
#define TERRANE_SHARED_CONTENTS "contents/" /* of small files that were read, by object */

enum
{
  TERRANE_SHARED_CONTENT_BYTES = 32 * 1024 * 1024, /* of a whole tree: a Python has 7 */
};

/* Result of a build. */
typedef struct
{
  const TerranePin *base_pin;
  const TerraneBase *base;
  const GPtrArray *pins;         /* of TerranePin: of the trees */
  const GArray *trees;           /* of TerraneSourceTree */
  const OciDescriptor *manifest; /* of the image */
  const json_t *reads;           /* (nullable): what the checks have read */
} TerraneSharedBuilt;

/** Gives the base and the trees that were made here, with their layers in the image.
 * Errors: see the head. */
gboolean terrane_shared_trees_give (const TerraneSourceContext *context, TerraneSharedCache *cache,
                                    const TerraneSharedBuilt *built, GError **error);

G_END_DECLS
