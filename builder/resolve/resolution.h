/* What the kinds of source share while a profile is resolved. */
#pragma once

#include "builder/facts/python-base.h"
#include "builder/resolve/options.h"
#include "builder/resolve/plan.h"

G_BEGIN_DECLS

/* One profile for one platform, while it is being resolved. */
typedef struct
{
  const TerraneResolveOptions *options;
  const TerraneProfile *profile;
  TerranePlan *plan;
  const char *platform;
  TerraneBase *base;        /* (nullable): once something needed it */
  gboolean reads_base;      /* whoever resolves the profile needs it in any case */
  gboolean quiet;           /* new answers are not looked for, for now */
  gboolean base_is_stale;   /* the lock has another base, and nobody may be asked for this one */
  gboolean python_known;    /* @python was looked for */
  TerranePythonBase python; /* of the base */
} TerraneResolution;

/** The base of the profile, brought into the store when first asked for. Returns: (transfer none)
 * (nullable) */
TerraneBase *terrane_resolution_base (TerraneResolution *self, GError **error);

/** Sets @python; a base without one is not an error. */
gboolean terrane_resolution_find_python (TerraneResolution *self, GError **error);

/** Whether new answers may be looked for; else the lock must have them all. */
gboolean terrane_resolution_may_ask (const TerraneResolution *self);

/** A path as the lock writes it: relative to the profile, the same on every machine.
 * Returns: (transfer full) */
char *terrane_resolution_path (const TerraneResolution *self, const char *path);

G_END_DECLS
