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
  unsigned jobs;              /* threads, at least 1 */
  gboolean validate;          /* run the profile's imports and scripts */
  TerraneSandboxKind sandbox; /* in which that is done */
  TerraneLockPolicy lock;     /* what PROFILE.lock.json decides */
  gboolean keep_lock;         /* it is used, and not written */
  gboolean explain;           /* why everything is done is wanted, too */
  gboolean keep_failed;       /* what the steps of a recipe leave that fails */
  TerraneStore *logs;         /* (nullable): has the logs of recipes, instead of the build's */
  const char *tag;            /* (nullable): of the name in the store; "latest" */
  TerraneRemote *remote;      /* for bases in registries */
  TerraneBuildCacheOptions cache;
  const TerraneProgress *progress;
  json_t **out_failed; /* (nullable) (out) (transfer full): findings that let the checks fail */
} TerraneBuildOptions;

typedef struct
{
  char *name;                /* of the image in the store, "NAME:latest" */
  char *moved_from;          /* (nullable): digest of the other image that had the name */
  TerraneLock *lock;         /* with an entry for each source */
  TerraneProfileTexts texts; /* which may name the lock */
  TerraneImage *image;
  TerraneStamp stamp;
  OciDigest base;      /* commit of the base */
  GArray *trees;       /* of OciDigest: commits of the trees, in the profile's order */
  json_t *recipes;     /* (nullable): see terrane_compiled_material() */
  json_t *transforms;  /* object: name of a tree -> array, see transform/report.h */
  GArray *debug;       /* of OciDigest: commits of what "strip" took out and kept */
  json_t *compiled;    /* array: each recipe of a tree: {"recipe": "zlib 1.3", "key"} */
  json_t *inputs;      /* object: what it was made of, see explain/inputs.h */
  json_t *explanation; /* (nullable) object: see terrane_explain_build() */
  json_t *validation;  /* (nullable): results, see terrane_validation_to_json() */
  gboolean validation_cached;
  char *validation_emulator; /* (nullable): what ran the programs of another processor */
  char *validation_not_run;  /* (nullable): why nothing of what the profile asks for was run */
  json_t *cache;             /* (nullable): see terrane_shared_cache_report() */
} TerraneBuild;

/**
 * terrane_build:
 *
 * Builds the image of @profile. Only an image that
 * passed gets its name in the store. When the validation fails, the error is %TERRANE_ERROR_REFUSED
 * and @out_build still says what was found.
 *
 * @out_build: (out) (transfer full): set on success and when a probe failed, else %NULL
 */
gboolean terrane_build (TerraneStore *store, const TerraneProfile *profile,
                        const TerraneBuildOptions *options, TerraneBuild **out_build,
                        GError **error);
void terrane_build_free (TerraneBuild *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (TerraneBuild, terrane_build_free)

/**
 * terrane_build_check:
 * @today: "YYYY-MM-DD"
 *
 * Finds out what static checks say of the image that would be built, without making layers, running
 * its validation, or writing the lock.
 *
 * Returns: (transfer full) (nullable): all findings, as the profile counts them
 */
TerraneFindings *terrane_build_check (TerraneStore *store, const TerraneProfile *profile,
                                      const TerraneBuildOptions *options, const char *today,
                                      GError **error);

/** The record of a build: docs/record.md. Returns: (transfer full) */
json_t *terrane_build_record (const TerraneBuild *self, const TerraneProfile *profile);

G_END_DECLS
