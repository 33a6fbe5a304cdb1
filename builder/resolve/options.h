/* Options for resolving sources. */
#pragma once

#include "builder/image/base.h"
#include "builder/image/shared-trees.h"
#include "builder/profile/lock.h"

G_BEGIN_DECLS

/* How to use the lock. */
typedef struct
{
  gboolean require;                /* any difference is an error: --locked */
  gboolean ignore;                 /* neither read nor write a lock: --no-lock */
  gboolean update;                 /* ignore its answers: --update-lock */
  const char *const *update_names; /* (nullable): ignore only theirs: "base" and names of trees */
  gboolean new_layers;             /* ignore the layers of its wheels: lock --new-layers */
} TerraneLockPolicy;

typedef struct
{
  TerraneStore *store;
  TerraneRemote *remote;
  TerraneLock *lock; /* receives the new answers; the caller saves it */
  TerraneLockPolicy policy;
  TerraneSharedTrees *shared; /* (nullable): from which the base can be taken */
  gboolean look; /* dry run: nothing is written to the store, and no request is made: @remote is
                    offline. A source without an answer is left open, see TerranePin */
  unsigned jobs;
  const TerraneProgress *progress;
} TerraneResolveOptions;

G_END_DECLS
