/* The builds of "terrane build": of one profile, of several, for several platforms. */
#pragma once

#include "builder/build.h"
#include "builder/cli/option-tables.h"
#include "builder/cli/workbench.h"

G_BEGIN_DECLS

typedef struct
{
  char *push;            /* (nullable): a destination, or "" for that of the profile */
  char *record;          /* (nullable) */
  char *junit;           /* (nullable) */
  char *platform;        /* (nullable): one, several separated by commas, or "all" */
  char *debug_output;    /* (nullable): a directory */
  char **outputs;        /* (nullable) */
  char **update_lock;    /* (nullable): names, possibly several separated by commas; "" for all */
  char *source_mirror;   /* (nullable) */
  GPtrArray *cache_from; /* (nullable): of OciReference */
  GPtrArray *cache_to;   /* (nullable): of OciReference */
  gboolean no_trust_cache;
  unsigned jobs; /* 0 for one per processor */
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

/* State shared by several profiles. */
typedef struct
{
  const TerraneBuildArguments *options;
  const TerraneWorkbench *bench;
  const char *cache_secret; /* (nullable): TERRANE_CACHE_KEY */
  char **update_names;      /* (nullable): from --update-lock; NULL for all */
  GHashTable *names;        /* of the profiles so far: a set */
} TerraneBuildSession;

/** Whether --platform names several. */
gboolean terrane_build_has_platforms (const TerraneBuildArguments *options);

/** Whether every name given to --update-lock exists. @names: (nullable). Errors: %OCI_ERROR_USAGE.
 */
gboolean terrane_build_check_update_names (const TerraneProfile *profile, char **names,
                                           GError **error);

/**
 * terrane_build_split_names:
 * @values: (nullable): of --update-lock
 * @out_names: (out) (transfer full) (nullable): %NULL for all
 *
 * Splits the values at commas.
 *
 * Errors: %OCI_ERROR_USAGE.
 */
gboolean terrane_build_split_names (const char *command, char **values, char ***out_names,
                                    GError **error);

/** Each of the following prints its report, or a document, and fails if anything failed. Errors:
 * those of terrane_build() and terrane_build_verify(): %TERRANE_ERROR_REFUSED,
 * %TERRANE_ERROR_STALE, %TERRANE_ERROR_DIFFERENT, the codes of OCI_ERROR, and those of %G_IO_ERROR
 * (from libostree) and %G_FILE_ERROR. */
gboolean terrane_build_run_single (const TerraneBuildSession *self, const char *path,
                                   GError **error);
/** Like terrane_build_run_single(), for several profiles. Errors: likewise: %TERRANE_ERROR_REFUSED,
 * %TERRANE_ERROR_STALE, %TERRANE_ERROR_DIFFERENT, the codes of OCI_ERROR. */
gboolean terrane_build_run_several (const TerraneBuildSession *self, char **paths, GError **error);
/** Like terrane_build_run_single(), for several platforms. Errors: likewise:
 * %TERRANE_ERROR_REFUSED, %TERRANE_ERROR_STALE, %TERRANE_ERROR_DIFFERENT, the codes of OCI_ERROR.
 */
gboolean terrane_build_run_platforms (const TerraneBuildSession *self, const char *path,
                                      GError **error);

G_END_DECLS
