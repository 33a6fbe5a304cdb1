/* What named images need: their blobs, the commits of what they were made of, and the entries of
 * the cache by which the next build of them is quick. gc removes everything else; an exported cache
 * is that. */
#pragma once

#include "builder/store/cache.h"

G_BEGIN_DECLS

/* Sets of hex digests. */
typedef struct
{
  TerraneStore *store;
  gboolean portable; /* leaves out what holds on this machine, or for now, alone */
  GHashTable *blobs;
  GHashTable *manifests; /* of them: manifests and indexes */
  GHashTable *commits;
  GHashTable *names;   /* of images */
  GHashTable *objects; /* (nullable): borrowed; which objects count as there, else the store's */
  GError *failure;     /* (nullable): why a rule does not know whether to keep something */
} TerraneNeeds;

void terrane_needs_init (TerraneNeeds *self, TerraneStore *store);
void terrane_needs_clear (TerraneNeeds *self);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (TerraneNeeds, terrane_needs_clear)

/** Whether a set has @digest. */
gboolean terrane_needs_has (GHashTable *set, const OciDigest *digest);

/**
 * terrane_needs_mark_images:
 * @only: (nullable): names of images; %NULL for all that the store has
 *
 * Marks images and their blobs. An image that is damaged is left out, unless it was asked for.
 */
gboolean terrane_needs_mark_images (TerraneNeeds *self, const char *const *only, GError **error);

/** Marks a commit that something else than an image needs. */
void terrane_needs_keep_commit (TerraneNeeds *self, const OciDigest *commit);

typedef enum
{
  TERRANE_NEEDS_FIRST,  /* entries that decide what else is kept: marks commits and blobs */
  TERRANE_NEEDS_OBJECTS /* about objects: those that are gone say which entries go */
} TerraneNeedsTime;

/** Whether entries of @kind are about one machine: files and their inodes, what a name is here, and
 * when a branch of another store was looked at. */
gboolean terrane_needs_is_local (TerraneCacheKind kind);

/**
 * terrane_needs_sweep:
 * @see: (nullable): is shown each entry that is needed, and none is removed, but for damaged ones;
 *   with %NULL all others are
 * @out_removed: (inout): is increased
 */
gboolean terrane_needs_sweep (TerraneNeeds *self, TerraneNeedsTime time, TerraneCacheFunc see,
                              gpointer data, guint *out_removed, GError **error);

/**
 * terrane_needs_find_objects:
 * @reachable: from ostree_repo_traverse_new_reachable(); gets the names of all objects that the
 *   marked commits need. A commit that is damaged is left out, and said.
 */
gboolean terrane_needs_find_objects (TerraneNeeds *self, GHashTable *reachable, GError **error);

G_END_DECLS
