/* Validates a built image by running its own code in the sandbox.
 *
 * Errors: %TERRANE_ERROR_REFUSED, %OCI_ERROR_USAGE, %OCI_ERROR_FORMAT, %OCI_ERROR_CORRUPT,
 * %OCI_ERROR_UNSUPPORTED, %OCI_ERROR_LIMIT, %OCI_ERROR_NOT_FOUND, %OCI_ERROR_EXISTS,
 * %OCI_ERROR_UNREACHABLE, %OCI_ERROR_NETWORK, %OCI_ERROR_TIMEOUT, %OCI_ERROR_DENIED, %OCI_ERROR_IO,
 * %OCI_ERROR_CANCELLED, codes of %G_FILE_ERROR, codes of %G_IO_ERROR (from libostree). */
#pragma once

#include "builder/image/image.h"
#include "builder/profile/profile.h"
#include "builder/sandbox/emulator.h"
#include "builder/sandbox/sandbox.h"

#include "oci/image-config.h"

G_BEGIN_DECLS

/* How to validate an image. */
typedef struct
{
  TerraneSandboxKind sandbox;
  const TerraneEmulator *emulator; /* for the image's processor, not %TERRANE_EMULATION_MISSING;
                                      time limits are longer with it */
  TerraneRemote *remote;           /* (nullable): has the parts of the image that the store lacks */
  TerraneSharedCache *cache;       /* (nullable): cache that may have results */
  unsigned jobs;                   /* number of threads that unpack layers */
  const TerraneProgress *progress;
} TerraneValidateOptions;

/** Whether the profile requests any validation. */
gboolean terrane_validate_wanted (const TerraneProfile *profile);

/**
 * terrane_validate_image:
 * @out_results: (out) (transfer full) (nullable): see terrane_results_to_json(); set whenever
 *   something was run, also when it failed
 * @out_cached: (out): whether exactly this was run before and passed
 *
 * Runs the profile's validation in the image's file system. Fails with %TERRANE_ERROR_REFUSED if
 * any of it fails; the message contains the output.
 *
 * Errors: see the head.
 */
gboolean terrane_validate_image (TerraneStore *store, const TerraneProfile *profile,
                                 const TerraneImage *image, const TerraneValidateOptions *options,
                                 json_t **out_results, gboolean *out_cached, GError **error);

/**
 * terrane_validate_find:
 * @out_inputs: (out) (transfer full): everything that the outcome depends on
 * @out_known: (out): whether exactly this was run before and passed
 *
 * The first part of terrane_validate_image(), which runs nothing.
 *
 * Errors: %OCI_ERROR_FORMAT, %OCI_ERROR_LIMIT, %OCI_ERROR_IO.
 */
gboolean terrane_validate_find (TerraneStore *store, const TerraneProfile *profile,
                                const TerraneImage *image, const TerraneValidateOptions *options,
                                json_t **out_inputs, gboolean *out_known, GError **error);

/** Returns: (transfer full): everything that the outcome depends on */
json_t *terrane_validate_inputs (const TerraneProfile *profile, const TerraneImage *image,
                                 const GPtrArray *scripts, const GPtrArray *events,
                                 const TerraneValidateOptions *options);

/**
 * terrane_validate_key:
 * Returns the digest of terrane_validate_inputs(). @scripts: from terrane_validate_load_scripts()
 * @events: from terrane_probes_load()
 */
OciDigest terrane_validate_key (const TerraneProfile *profile, const TerraneImage *image,
                                const GPtrArray *scripts, const GPtrArray *events,
                                const TerraneValidateOptions *options);

/** Reads the scripts that @spec names. Returns: (transfer full): of TerraneValidationScript.
 * Errors: %OCI_ERROR_FORMAT, %OCI_ERROR_LIMIT, %OCI_ERROR_IO. */
GPtrArray *terrane_validate_load_scripts (const TerraneValidateSpec *spec, GError **error);

/* The operations to run, and where. */
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
  const TerraneEmulator *emulator; /* for the image's processor, not %TERRANE_EMULATION_MISSING */
  const GPtrArray *mounts;         /* (nullable): see TerraneSandbox */
  TerraneNetwork network;
  gboolean measure; /* see TerraneValidation */
  const TerraneProgress *progress;
} TerraneValidateRun;

/**
 * terrane_validate_root:
 * @out_results: (out) (transfer full) (nullable): set whenever something was run
 *
 * Runs all parts, even after a failure: terrane_validate_judge() decides. SIGINT and SIGTERM end it
 * with %OCI_ERROR_CANCELLED, and kill everything in the sandbox.
 *
 * Errors: see the head.
 */
gboolean terrane_validate_root (const TerraneValidateRun *run, json_t **out_results,
                                GError **error);

/** Fails with %TERRANE_ERROR_REFUSED if a result is a failure; the message contains all of them. */
gboolean terrane_validate_judge (const json_t *results, GError **error);

G_END_DECLS
