/* One profile on one platform, while it is examined. */
#pragma once

#include "builder/drift/report.h"
#include "builder/profile/lock.h"
#include "builder/profile/profile.h"
#include "builder/remote/remote.h"

G_BEGIN_DECLS

typedef struct
{
  const TerraneProfile *profile;
  const TerraneLock *lock;
  const char *platform;
  TerraneRemote *remote;
  gboolean offline; /* requests are not allowed */
  unsigned jobs;
  const TerraneDriftRules *rules;
  TerraneDriftReport *report;
} TerraneDriftUnit;

G_END_DECLS
