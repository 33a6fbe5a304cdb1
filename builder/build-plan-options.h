/* How a build is planned. */
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
  const char *tag;                /* (nullable): of the name in the store; "latest" */
  TerraneRemote *local;           /* offline: nothing is asked for */
  TerraneRemote *remote;          /* for pushes: blobs are looked for, by HEAD */
  TerraneBuildCacheOptions cache; /* --cache-from, which is asked by @remote */
  const char *mount_from;         /* (nullable): see terrane_remote_push() */
  const TerraneProgress *progress;
} TerraneBuildPlanOptions;

G_END_DECLS
