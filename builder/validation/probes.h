/* Probes of a profile: events that the function must answer, and requests that a web server in the
 * image must answer. */
#pragma once

#include "builder/profile/profile.h"
#include "builder/sandbox/emulator.h"
#include "builder/sandbox/sandbox.h"

#include "oci/image-config.h"

#include <gio/gio.h>

G_BEGIN_DECLS

typedef struct
{
  const char *root; /* directory with the image's file system, see TerraneSandbox */
  const OciImageConfig *config;
  const TerraneProfile *profile;
  const TerraneValidateSpec *spec; /* what to run, and time limits */
  const TerraneLimitsSpec *limits;
  const GPtrArray *events; /* from terrane_probes_load() */
  TerraneSandboxKind sandbox;
  const TerraneEmulator *emulator; /* for the image's processor */
  const GPtrArray *mounts;         /* (nullable): see TerraneSandbox */
  TerraneNetwork network;
  void (*started) (gpointer data, const char *kind, const char *name); /* (nullable) */
  gpointer data;
  GCancellable *cancellable; /* (nullable) */
} TerraneProbes;

/** Whether the profile has any. */
gboolean terrane_probes_wanted (const TerraneProfile *profile);

/** Whether @sandbox with this network supports them: %OCI_ERROR_UNSUPPORTED if not. */
gboolean terrane_probes_check (const TerraneProfile *profile, TerraneSandboxKind sandbox,
                               TerraneNetwork network, GError **error);

/**
 * terrane_probes_load:
 * Reads the events of validate.invoke.
 *
 * Returns: (transfer full): as GBytes
 * Errors: %OCI_ERROR_FORMAT, %OCI_ERROR_LIMIT, %OCI_ERROR_IO.
 */
GPtrArray *terrane_probes_load (const TerraneProfile *profile, GError **error);

/** Returns: (transfer full): an array of digests: what the outcome depends on besides the profile
 * and the image */
json_t *terrane_probes_digests (const GPtrArray *events);

/**
 * terrane_probes_run:
 * @results: array; an object for each probe is appended, see docs/record.md
 *
 * Runs all of them, even after one failed; to be called after terrane_probes_check(). Errors are
 * only those of making a sandbox, and %OCI_ERROR_CANCELLED.
 *
 * Errors: %OCI_ERROR_USAGE, %OCI_ERROR_UNSUPPORTED, %OCI_ERROR_LIMIT, %OCI_ERROR_NOT_FOUND,
 *   %OCI_ERROR_EXISTS, %OCI_ERROR_IO, %OCI_ERROR_CANCELLED, codes of %G_FILE_ERROR.
 */
gboolean terrane_probes_run (const TerraneProbes *self, json_t *results, GError **error);

G_END_DECLS
