/* Finds differences between two commits by reading only the directories that differ. */
#pragma once

#include "builder/store/store.h"

G_BEGIN_DECLS

typedef struct
{
  char *path;       /* without the leading slash */
  gboolean present; /* in the new commit; otherwise it is to be removed */
} TerraneCommitChange;

/**
 * terrane_commit_diff:
 * @max: maximal number of changes
 *
 * Returns: (transfer full) (nullable): of TerraneCommitChange. A directory whose attributes differ
 *   is one change, with everything in it. %NULL if there are more than @max, if the top directories
 *   themselves differ, if names are not UTF-8, or if something cannot be read
 */
GPtrArray *terrane_commit_diff (TerraneStore *store, const OciDigest *old_commit,
                                const OciDigest *new_commit, guint max);

G_END_DECLS
