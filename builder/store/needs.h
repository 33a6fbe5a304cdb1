/* The objects that named images need: their blobs, the commits of their inputs, and the entries of
 * the cache that make their next build quick. gc removes everything else; an exported cache
 * contains exactly this. */
#pragma once

#include "builder/store/cache.h"

G_BEGIN_DECLS

/* Sets of hex digests. */
typedef struct
{
  TerraneStore *store;
  gboolean portable; /* excludes what is only valid on this machine, or temporarily */
  GHashTable *blobs;
  GHashTable *manifests; /* manifests and indexes among @blobs */
  GHashTable *commits;
  GHashTable *names; /* of images */
  GHashTable
      *objects;    /* (nullable): borrowed; objects that count as existing; NULL for the store's */
  GError *failure; /* (nullable): why a rule cannot decide whether to keep something */
} TerraneNeeds;

/** Makes empty sets. */
void terrane_needs_init (TerraneNeeds *self, TerraneStore *store);
void terrane_needs_clear (TerraneNeeds *self);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (TerraneNeeds, terrane_needs_clear)

/** Whether a set has @digest. */
gboolean terrane_needs_has (GHashTable *set, const OciDigest *digest);

/**
 * terrane_needs_mark_images:
 * @only: (nullable): names of images; %NULL for all in the store
 *
 * Marks images and their blobs. A damaged image is skipped, unless it was requested by name.
 *
 * Errors: %OCI_ERROR_FORMAT, %OCI_ERROR_CORRUPT, %OCI_ERROR_UNSUPPORTED, %OCI_ERROR_LIMIT,
 *   %OCI_ERROR_IO.
 */
gboolean terrane_needs_mark_images (TerraneNeeds *self, const char *const *only, GError **error);

/** Marks a commit that is needed by something other than an image. */
void terrane_needs_keep_commit (TerraneNeeds *self, const OciDigest *commit);

typedef enum
{
  TERRANE_NEEDS_FIRST,  /* entries that decide what else is kept: mark commits and blobs */
  TERRANE_NEEDS_OBJECTS /* entries about objects: removed with these */
} TerraneNeedsTime;

/** Whether entries of @kind are only valid on one machine: files and their inodes, the meaning of a
 * name, and when a branch of another repository was examined. */
gboolean terrane_needs_is_local (TerraneCacheKind kind);

/**
 * terrane_needs_sweep:
 * @see: (nullable): called with each entry that is needed; then only damaged ones are removed. With
 *   %NULL all others are removed
 * @out_removed: (inout): is increased
 *
 * Errors: %OCI_ERROR_IO.
 */
gboolean terrane_needs_sweep (TerraneNeeds *self, TerraneNeedsTime time, TerraneCacheFunc see,
                              gpointer data, guint *out_removed, GError **error);

/**
 * terrane_needs_find_objects:
 * @reachable: from ostree_repo_traverse_new_reachable(); receives the names of all objects that the
 *   marked commits need. A damaged commit is skipped, with a warning
 *
 * Errors: %OCI_ERROR_FORMAT, codes of %G_IO_ERROR (from libostree).
 */
gboolean terrane_needs_find_objects (TerraneNeeds *self, GHashTable *reachable, GError **error);

G_END_DECLS
