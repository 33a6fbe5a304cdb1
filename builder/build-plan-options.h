/* Options for planning a build. */
#pragma once

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
  const char *tag;        /* (nullable): of the name in the store; %NULL for "latest" */
  TerraneRemote *local;   /* offline: makes no requests */
  TerraneRemote *remote;  /* for pushes: looks for blobs with HEAD requests */
  gboolean has_cache;     /* --cache-from is given, whose content is unknown until it is read */
  const char *mount_from; /* (nullable): see terrane_remote_push() */
  const TerraneProgress *progress;
} TerraneBuildPlanOptions;

G_END_DECLS
