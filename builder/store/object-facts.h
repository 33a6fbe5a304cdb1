/* Facts that are read from the content of files once and remembered in the store's cache, per
 * layer: what comes again unchanged when another layer changes is not read again. */
#pragma once

#include "builder/store/cache.h"
#include "builder/store/tree.h"

G_BEGIN_DECLS

/* A kind of facts. They may depend on a file's content only: equal objects have equal facts. */
typedef struct
{
  TerraneCacheKind cache; /* where they are kept */
  const char *version;    /* part of the keys: change it when the facts change */
  /* Whether facts of @node are wanted at all. */
  gboolean (*wants) (const TerraneNode *node);
  /* (nullable): whether there may be something to say of a file with this first byte: others are
   * not read. */
  gboolean (*may_begin) (uint8_t byte);
  /* @out_facts: (out) (transfer full) (nullable): %NULL when there is nothing to say of the file.
   * Fails only when it cannot be read. */
  gboolean (*read) (int fd, json_t **out_facts, GError **error);
  /* Called for every node that has facts, in no particular order. */
  void (*take) (TerraneNode *node, const json_t *facts, gpointer data);
} TerraneFactsKind;

/**
 * terrane_object_facts:
 * @tree: whose objects are all in the store
 */
gboolean terrane_object_facts (TerraneStore *store, TerraneTree *tree, const TerraneFactsKind *kind,
                               gpointer data, GError **error);

G_END_DECLS
