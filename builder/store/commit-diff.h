/* What differs between two commits, found in the directories that differ alone. */
#pragma once

#include "builder/store/store.h"

G_BEGIN_DECLS

typedef struct
{
  char *path;       /* without a slash in front */
  gboolean present; /* in the new commit; else it is to be removed */
} TerraneCommitChange;

/**
 * terrane_commit_diff:
 * @max: of changes that are worth it
 *
 * Returns: (transfer full) (nullable): of TerraneCommitChange. A directory whose attributes differ
 *   is one change, with all that is in it. %NULL when there are more than @max, when the top
 *   directories themselves differ, when names are not UTF-8, or when something of it cannot be read
 */
GPtrArray *terrane_commit_diff (TerraneStore *store, const OciDigest *old_commit,
                                const OciDigest *new_commit, guint max);

G_END_DECLS
