/* Options for planning a build. */
#pragma once

#include "builder/build-shared.h"
#include "builder/remote/remote.h"
#include "builder/resolve/options.h"
#include "builder/sandbox/sandbox.h"

G_BEGIN_DECLS

typedef struct
{
  unsigned jobs;
  gboolean validate;
  TerraneSandboxKind sandbox;
  TerraneLockPolicy lock;
  const char *tag;                /* (nullable): of the name in the store; %NULL for "latest" */
  TerraneRemote *local;           /* offline: makes no requests */
  TerraneRemote *remote;          /* for pushes: looks for blobs with HEAD requests */
  TerraneBuildCacheOptions cache; /* --cache-from, which is asked with @remote */
  const char *mount_from;         /* (nullable): see terrane_remote_push() */
  const TerraneProgress *progress;
} TerraneBuildPlanOptions;

G_END_DECLS
