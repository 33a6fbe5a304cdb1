/* How sources are resolved. */
#pragma once

#include "builder/image/base.h"
#include "builder/image/shared-trees.h"
#include "builder/profile/lock.h"

G_BEGIN_DECLS

/* What the lock is to decide. */
typedef struct
{
  gboolean require;                /* any difference is an error: --locked */
  gboolean ignore;                 /* there is none, and none is written: --no-lock */
  gboolean update;                 /* its answers do not count: --update-lock */
  const char *const *update_names; /* (nullable): only theirs: "base" and names of trees */
} TerraneLockPolicy;

typedef struct
{
  TerraneStore *store;
  TerraneRemote *remote;
  TerraneLock *lock; /* gets the new answers; who calls saves it */
  TerraneLockPolicy policy;
  TerraneSharedTrees *shared; /* (nullable): where the base may be taken from */
  gboolean look; /* nothing is brought into the store, and nobody is asked: @remote is offline. A
                  * source without an answer is left open, see TerranePin */
  unsigned jobs;
  const TerraneProgress *progress;
} TerraneResolveOptions;

G_END_DECLS
