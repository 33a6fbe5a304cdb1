/* The pipeline: lock → sources → trees → layers → image → validation → name. */
#pragma once

#include "builder/build-shared.h"
#include "builder/image/image.h"
#include "builder/profile/profile.h"
#include "builder/progress.h"
#include "builder/remote/layers.h"
#include "builder/resolve/resolve.h"
#include "builder/sandbox/sandbox.h"
#include "builder/store/store.h"

#include <gio/gio.h>

G_BEGIN_DECLS

typedef struct
{
  unsigned jobs;              /* number of threads, at least 1 */
  gboolean validate;          /* whether to run the profile's imports and scripts */
  TerraneSandboxKind sandbox; /* sandbox in which they run */
  TerraneLockPolicy lock;     /* how to use PROFILE.lock.json */
  gboolean keep_lock;         /* use it without writing it */
  gboolean unnamed;           /* the caller calls terrane_build_set_name() */
  gboolean explain;           /* also explain why each step is done */
  gboolean keep_failed;       /* keep the directory of a recipe whose step fails */
  TerraneStore *logs; /* (nullable): receives the logs of recipes, instead of the build's store */
  TerraneStore *compared; /* (nullable): recipes get other JOBS than for the results there */
  const char *tag;        /* (nullable): of the name in the store; %NULL for "latest" */
  TerraneRemote *remote;  /* for bases in registries */
  TerraneBuildCacheOptions cache;
  const TerraneProgress *progress;
  json_t **out_failed; /* (nullable) (out) (transfer full): findings that make the checks fail */
} TerraneBuildOptions;

typedef struct
{
  char *name;                /* of the image in the store, "NAME:latest" */
  char *moved_from;          /* (nullable): digest of the other image that had the name before */
  TerraneLock *lock;         /* with an entry for each source */
  TerraneProfileTexts texts; /* which may refer to the lock */
  TerraneImage *image;
  TerraneStamp stamp;
  OciDigest base;     /* commit of the base */
  GArray *trees;      /* of OciDigest: commits of the trees, in the profile's order */
  json_t *recipes;    /* (nullable): see terrane_compiled_material() */
  json_t *transforms; /* object: name of a tree -> array, see transform/report.h */
  GArray *debug;    /* of OciDigest: commits of debug information that "strip" separated and kept */
  json_t *compiled; /* array: each recipe of a tree: {"recipe": "zlib 1.3", "key"} */
  json_t *inputs;   /* object: the inputs, see explain/inputs.h */
  json_t *explanation; /* (nullable) object: see terrane_explain_build() */
  json_t *validation;  /* (nullable): results, see terrane_validation_to_json() */
  gboolean validation_cached;
  char *validation_emulator; /* (nullable): the emulator that ran programs of another processor */
  char *validation_not_run;  /* (nullable): why nothing of the requested validation was run */
  json_t *cache;             /* (nullable): see terrane_shared_cache_report() */
} TerraneBuild;

/**
 * terrane_build:
 * @out_build: (out) (transfer full): set on success and when a probe failed, else %NULL
 *
 * Builds the image of @profile. Only an image that passes the checks and the validation gets its
 * name in the store. If the validation fails, the error is %TERRANE_ERROR_REFUSED, and @out_build
 * contains the results.
 *
 * Errors: %TERRANE_ERROR_REFUSED; %TERRANE_ERROR_STALE (the lock); %OCI_ERROR_USAGE (the profile);
 *   %OCI_ERROR_CANCELLED; %OCI_ERROR_UNREACHABLE, %OCI_ERROR_NETWORK, %OCI_ERROR_TIMEOUT,
 *   %OCI_ERROR_DENIED (servers); %OCI_ERROR_FORMAT, %OCI_ERROR_CORRUPT, %OCI_ERROR_UNSUPPORTED,
 *   %OCI_ERROR_LIMIT, %OCI_ERROR_NOT_FOUND, %OCI_ERROR_EXISTS, %OCI_ERROR_IO, and codes of
 *   %G_IO_ERROR (from libostree) and %G_FILE_ERROR.
 */
gboolean terrane_build (TerraneStore *store, const TerraneProfile *profile,
                        const TerraneBuildOptions *options, TerraneBuild **out_build,
                        GError **error);
void terrane_build_free (TerraneBuild *self);

/** Gives the image its name in the store, after a build with @unnamed. Errors: %OCI_ERROR_IO,
 * %OCI_ERROR_FORMAT. */
gboolean terrane_build_set_name (TerraneStore *store, TerraneBuild *self, GError **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (TerraneBuild, terrane_build_free)

/**
 * terrane_build_check:
 * @today: "YYYY-MM-DD"
 *
 * Runs the static checks on the image that would be built, without making layers, running its
 * validation, or writing the lock.
 *
 * Returns: (transfer full): all findings, with the severities of the profile
 * Errors: as terrane_build(); %TERRANE_ERROR_REFUSED only for a base that is refused.
 */
TerraneFindings *terrane_build_check (TerraneStore *store, const TerraneProfile *profile,
                                      const TerraneBuildOptions *options, const char *today,
                                      GError **error);

/** Returns: (transfer full): the record of a build: docs/record.md */
json_t *terrane_build_record (const TerraneBuild *self, const TerraneProfile *profile);

G_END_DECLS
