/* Facts from the content of files, read once and kept in the store's cache, per layer: layers that
 * have not changed are not read again. */
#pragma once

#include "builder/store/cache.h"
#include "builder/store/tree.h"

G_BEGIN_DECLS

/* A kind of facts. They may only depend on a file's content: equal objects have equal facts. */
typedef struct
{
  TerraneCacheKind cache; /* kind of their cache entries */
  const char *version;    /* part of the keys, to be changed when the facts change */
  /* Whether facts of @node are needed. */
  gboolean (*wants) (const TerraneNode *node);
  /* (nullable): whether there may be facts about a file with this first byte: others are not read.
   */
  gboolean (*may_begin) (uint8_t byte);
  /* @out_facts: (out) (transfer full) (nullable): %NULL if there are no facts about the file. Fails
   * only if it cannot be read. Called on several threads at the same time. */
  gboolean (*read) (int fd, json_t **out_facts, GError **error);
  /* Called for every node that has facts, in no particular order. */
  void (*take) (TerraneNode *node, const json_t *facts, gpointer data);
} TerraneFactsKind;

/**
 * terrane_object_facts:
 * @tree: whose objects are all in the store
 *
 * Calls take() for all nodes with facts.
 *
 * Errors: %OCI_ERROR_FORMAT, %OCI_ERROR_CORRUPT, %OCI_ERROR_IO.
 */
gboolean terrane_object_facts (TerraneStore *store, TerraneTree *tree, const TerraneFactsKind *kind,
                               gpointer data, GError **error);

G_END_DECLS
