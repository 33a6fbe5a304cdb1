/* What a profile asks for, made definite: each source by its lock entry or anew, so that the trees
 * that are read afterwards depend on nothing that can change. */
#pragma once

#include "builder/image/base.h"
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
  unsigned jobs;
  const TerraneProgress *progress;
} TerraneResolveOptions;

/**
 * terrane_resolve:
 * @profile: its sources get what the lock says of them
 * @out_base: (out) (optional) (transfer full): the base, in the store; without it the base is only
 *   fetched when wheels need to know its Python
 * @out_changes: (element-type utf8): a line for each difference to the lock as it was
 *
 * Resolves every source of @profile for its platform. %TERRANE_ERROR_STALE with all differences
 * when the policy requires the lock; then nothing is asked of anybody for new answers.
 * %OCI_ERROR_USAGE when the lock was made for images of another assembler version.
 */
gboolean terrane_resolve (TerraneProfile *profile, const TerraneResolveOptions *options,
                          TerraneBase **out_base, GPtrArray *out_changes, GError **error);

G_END_DECLS
