/* The probes of a profile that need more than a process: events that the function must answer, and
 * requests that a web server in the image must answer. */
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
  const TerraneValidateSpec *spec; /* what is run of it, and for how long */
  const TerraneLimitsSpec *limits;
  const GPtrArray *events; /* from terrane_probes_load() */
  TerraneSandboxKind sandbox;
  const TerraneEmulator *emulator; /* of the image's processor */
  const GPtrArray *mounts;         /* (nullable): see TerraneSandbox */
  TerraneNetwork network;
  void (*started) (gpointer data, const char *kind, const char *name); /* (nullable) */
  gpointer data;
  GCancellable *cancellable; /* (nullable) */
} TerraneProbes;

/** Whether the profile has any. */
gboolean terrane_probes_wanted (const TerraneProfile *profile);

/** Whether @sandbox can have them, with such a network: %OCI_ERROR_UNSUPPORTED if not. */
gboolean terrane_probes_check (const TerraneProfile *profile, TerraneSandboxKind sandbox,
                               TerraneNetwork network, GError **error);

/**
 * terrane_probes_load:
 *
 * Returns: (transfer full): the events of validate.invoke, as GBytes
 */
GPtrArray *terrane_probes_load (const TerraneProfile *profile, GError **error);

/** What the outcome depends on beside the profile and the image: an array of digests.
 * Returns: (transfer full) */
json_t *terrane_probes_digests (const GPtrArray *events);

/**
 * terrane_probes_run:
 * @results: array; an object for each probe is appended, see docs/record.md
 *
 * Runs all of them, also after one failed; terrane_probes_check() comes before.
 *
 * Returns: FALSE only when a sandbox could not be made, or on %OCI_ERROR_CANCELLED
 */
gboolean terrane_probes_run (const TerraneProbes *self, json_t *results, GError **error);

G_END_DECLS
