/* What a build and a push would do, and why, without doing any of it. */
#pragma once

#include "builder/profile/profile.h"
#include "builder/remote/push-look.h"
#include "builder/resolve/options.h"
#include "builder/sandbox/sandbox.h"

G_BEGIN_DECLS

typedef struct
{
  unsigned jobs;
  gboolean validate;
  TerraneSandboxKind sandbox;
  TerraneLockPolicy lock;
  const char *tag;        /* (nullable): of the name in the store; "latest" */
  TerraneRemote *local;   /* offline: nothing is asked for */
  TerraneRemote *remote;  /* for pushes: blobs are looked for, by HEAD */
  gboolean has_cache;     /* --cache-from: what it has is not known without reading it */
  const char *mount_from; /* (nullable): see terrane_remote_push() */
  const TerraneProgress *progress;
} TerraneBuildPlanOptions;

/**
 * terrane_build_plan:
 * @pushes: of char *: docker://…, with ${lock.short} in them
 *
 * Returns: (transfer full) (nullable): what docs/record.md has of a plan; %NULL with the error that
 * a build would begin with
 */
json_t *terrane_build_plan (TerraneStore *store, const TerraneProfile *profile,
                            const TerraneBuildPlanOptions *options, char *const *pushes,
                            GError **error);

G_END_DECLS
