/* The builds of "terrane build": of one profile, of several, for several platforms. */
#pragma once

#include "builder/build.h"
#include "builder/cli/option-tables.h"
#include "builder/cli/workbench.h"

G_BEGIN_DECLS

typedef struct
{
  char *push;            /* (nullable): a destination, or "": where the profile says */
  char *record;          /* (nullable) */
  char *junit;           /* (nullable) */
  char *platform;        /* (nullable): one, or several with commas, or
                            "all" */
  char *debug_output;    /* (nullable): a directory */
  char **outputs;        /* (nullable) */
  char **update_lock;    /* (nullable): names, several in one with commas; "" for all */
  char *source_mirror;   /* (nullable) */
  GPtrArray *cache_from; /* (nullable): of OciReference */
  GPtrArray *cache_to;   /* (nullable): of OciReference */
  gboolean no_trust_cache;
  unsigned jobs; /* 0: one for each processor */
  gboolean no_validate;
  gboolean explain;
  gboolean keep_failed;
  gboolean verify;
  gboolean verify_compile;
  TerraneSandboxKind sandbox;
  gboolean locked;
  gboolean no_lock;
  TerraneRemoteArguments remote;
  TerranePushArguments push_options;
} TerraneBuildArguments;

/* Everything that several profiles share. */
typedef struct
{
  const TerraneBuildArguments *options;
  const TerraneWorkbench *bench;
  const char *cache_secret; /* (nullable): TERRANE_CACHE_KEY */
  char **update_names;      /* (nullable): of --update-lock; NULL for all */
  GHashTable *names;        /* of the profiles so far: a set */
} TerraneBuildSession;

/** Whether --platform names several. */
gboolean terrane_build_has_platforms (const TerraneBuildArguments *options);

/** Whether the sources that --update-lock names are there. @names: (nullable) */
gboolean terrane_build_check_update_names (const TerraneProfile *profile, char **names,
                                           GError **error);

/**
 * terrane_build_split_names:
 * @values: (nullable): of --update-lock
 * @out_names: (out) (transfer full) (nullable): stays %NULL for all
 */
gboolean terrane_build_split_names (const char *command, char **values, char ***out_names,
                                    GError **error);

/** Each prints its report, or a document, and fails when something of it failed. */
gboolean terrane_build_run_single (const TerraneBuildSession *self, const char *path,
                                   GError **error);
gboolean terrane_build_run_several (const TerraneBuildSession *self, char **paths, GError **error);
gboolean terrane_build_run_platforms (const TerraneBuildSession *self, const char *path,
                                      GError **error);

G_END_DECLS
