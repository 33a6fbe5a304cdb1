/* The validation of a built image: its own code in the sandbox. */
#pragma once

#include "builder/image/image.h"
#include "builder/profile/profile.h"
#include "builder/sandbox/emulator.h"
#include "builder/sandbox/sandbox.h"

#include "oci/image-config.h"

G_BEGIN_DECLS

/* How an image is validated. */
typedef struct
{
  TerraneSandboxKind sandbox;
  const TerraneEmulator *emulator; /* of the image's processor, not %TERRANE_EMULATION_MISSING; with
                                    * it everything gets more time */
  TerraneRemote *remote;           /* (nullable): has what the store lacks of the image */
  TerraneSharedCache *cache;       /* (nullable): where results may be known */
  unsigned jobs;                   /* threads that unpack layers */
  const TerraneProgress *progress;
} TerraneValidateOptions;

/** Whether the profile asks for anything. */
gboolean terrane_validate_wanted (const TerraneProfile *profile);

/**
 * terrane_validate_image:
 * @out_results: (out) (transfer full) (nullable): see terrane_results_to_json(); set whenever
 *   something was run, also when it failed
 * @out_cached: (out): whether exactly this was run before and passed
 *
 * Runs the profile's validation in the image's file system. Fails with %TERRANE_ERROR_REFUSED
 * when one of them fails; the message has their output.
 */
gboolean terrane_validate_image (TerraneStore *store, const TerraneProfile *profile,
                                 const TerraneImage *image, const TerraneValidateOptions *options,
                                 json_t **out_results, gboolean *out_cached, GError **error);

/**
 * terrane_validate_find:
 * @out_inputs: (out) (transfer full): everything that the outcome depends on
 * @out_known: (out): whether exactly this was run before and passed
 *
 * What terrane_validate_image() would begin with.
 */
gboolean terrane_validate_find (TerraneStore *store, const TerraneProfile *profile,
                                const TerraneImage *image, const TerraneValidateOptions *options,
                                json_t **out_inputs, gboolean *out_known, GError **error);

/** Everything that the outcome depends on. Returns: (transfer full) */
json_t *terrane_validate_inputs (const TerraneProfile *profile, const TerraneImage *image,
                                 const GPtrArray *scripts, const GPtrArray *events,
                                 const TerraneValidateOptions *options);

/** The digest of the same. @scripts: from terrane_validate_load_scripts()
 * @events: from terrane_probes_load() */
OciDigest terrane_validate_key (const TerraneProfile *profile, const TerraneImage *image,
                                const GPtrArray *scripts, const GPtrArray *events,
                                const TerraneValidateOptions *options);

/** Reads the scripts that @spec names. Returns: (transfer full): of TerraneValidationScript */
GPtrArray *terrane_validate_load_scripts (const TerraneValidateSpec *spec, GError **error);

/* What is run, and where. */
typedef struct
{
  const char *root; /* directory with an image's file system */
  const OciImageConfig *config;
  const TerraneValidateSpec *spec;
  const TerraneLimitsSpec *limits;
  TerraneSandboxKind sandbox;
  const TerraneProfile *profile;   /* (nullable): for validate.invoke and validate.http */
  const GPtrArray *scripts;        /* from terrane_validate_load_scripts() */
  const GPtrArray *events;         /* (nullable): from terrane_probes_load(), with a profile */
  const TerraneEmulator *emulator; /* of the image's processor, not %TERRANE_EMULATION_MISSING */
  const GPtrArray *mounts;         /* (nullable): see TerraneSandbox */
  TerraneNetwork network;
  gboolean measure; /* see TerraneValidation */
  const TerraneProgress *progress;
} TerraneValidateRun;

/**
 * terrane_validate_root:
 * @out_results: (out) (transfer full) (nullable): set whenever something was run
 *
 * Runs everything, whether it fails or not: terrane_validate_judge() is for that. SIGINT and
 * SIGTERM end it with %OCI_ERROR_CANCELLED and everything inside with it.
 */
gboolean terrane_validate_root (const TerraneValidateRun *run, json_t **out_results,
                                GError **error);

/** Fails with %TERRANE_ERROR_REFUSED when a result failed; the message has all of them. */
gboolean terrane_validate_judge (const json_t *results, GError **error);

G_END_DECLS
