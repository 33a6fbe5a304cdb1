/* Trees without their content, by way of registries: what a machine with an empty store needs to
 * put an image together whose layers a registry has. A tree is taken as its listing, with the
 * layers that hold its files; these are fetched when something needs what is in a file. */
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
 * @layers: gets the layers of trees that are taken
 *
 * Until it is freed, the store asks it for objects that are not there.
 */
TerraneSharedTrees *terrane_shared_trees_new (const TerraneSourceContext *context,
                                              TerraneSharedCache *cache,
                                              TerraneRemoteLayers *layers);
void terrane_shared_trees_free (TerraneSharedTrees *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (TerraneSharedTrees, terrane_shared_trees_free)

/**
 * terrane_shared_trees_take_base:
 * @out_base: (out) (transfer full) (nullable): %NULL when the base has to be made, or is here
 */
gboolean terrane_shared_trees_take_base (TerraneSharedTrees *self, TerranePin *pin,
                                         TerraneBase **out_base, GError **error);

/**
 * terrane_shared_trees_take:
 * @pin: of a tree: is_taken is set when it was found
 * @out_tree: (out caller-allocates): as it is in the image
 */
gboolean terrane_shared_trees_take (TerraneSharedTrees *self, TerranePin *pin,
                                    const TerraneBase *base, TerraneSourceTree *out_tree,
                                    GError **error);

/** Whether any tree was taken. */
gboolean terrane_shared_trees_any (const TerraneSharedTrees *self);

/** Brings the base, whose programs something runs, into the store, if it was taken. */
gboolean terrane_shared_trees_bring_base (TerraneSharedTrees *self, const TerraneBase *base,
                                          GError **error);

/* Members of the first layer. */
#define TERRANE_SHARED_LISTING "tree.json"
#define TERRANE_SHARED_NOTES "notes.json"   /* what was read of files: elsewhere.h */
#define TERRANE_SHARED_CONTENTS "contents/" /* of small files that were read, by their objects */

enum
{
  TERRANE_SHARED_CONTENT_BYTES = 4 * 1024 * 1024, /* of one file: a C library has 2 */
};

/* What was built. */
typedef struct
{
  const TerranePin *base_pin;
  const TerraneBase *base;
  const GPtrArray *pins;         /* of TerranePin: of the trees, */
  const GArray *trees;           /* and these, of TerraneSourceTree */
  const OciDescriptor *manifest; /* of the image */
  const json_t *reads;           /* (nullable): what the checks have read */
} TerraneSharedBuilt;

/** Gives the base and the trees that were made here, with the layers that the image has of them. */
gboolean terrane_shared_trees_give (const TerraneSourceContext *context, TerraneSharedCache *cache,
                                    const TerraneSharedBuilt *built, GError **error);

G_END_DECLS
