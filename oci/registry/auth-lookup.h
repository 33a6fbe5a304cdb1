/* Where credentials are looked for: the files of podman and docker, and the helpers that these
 * name. */
#pragma once

#include "oci/http/credentials.h"

#include <gio/gio.h>

G_BEGIN_DECLS

/* What a search found, and where it looked. */
typedef struct
{
  OciCredentials *credentials; /* (nullable) */
  char **searched; /* in the order of the search, "PATH" or "PATH (docker-credential-NAME)"; all of
                    * them when nothing was found */
} OciAuthLookup;

void oci_auth_lookup_free (OciAuthLookup *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (OciAuthLookup, oci_auth_lookup_free)

/**
 * oci_auth_lookup:
 * @repository: (nullable): "team/app"; %NULL for the host alone
 * @cancellable: (nullable): for helpers
 *
 * $REGISTRY_AUTH_FILE alone when it is set, which must exist. Otherwise the first file with
 * matching credentials of: $XDG_RUNTIME_DIR/containers/auth.json (/run/containers/UID without the
 * variable), $XDG_CONFIG_HOME/containers/auth.json (~/.config without it), and
 * $DOCKER_CONFIG/config.json (~/.docker without it). In each file "credHelpers" come first, then
 * "auths", then "credsStore"; a helper that has nothing passes the search on to the next file.
 * Reads the environment.
 *
 * Returns: (transfer full) (nullable): the result, with no credentials when there are none; %NULL
 *   for a malformed file or a helper that fails
 */
OciAuthLookup *oci_auth_lookup (const char *host, const char *repository, GCancellable *cancellable,
                                GError **error);

/** The files above, in their order. Returns: (transfer full) */
char **oci_auth_lookup_paths (void);

/** @out_data: (out) (transfer full) (nullable): NULL when there is no such file of those above, or
 * none that could be this user's */
gboolean oci_auth_lookup_read (const char *path, GBytes **out_data, GError **error);

/**
 * oci_auth_lookup_login_path:
 *
 * The file that podman login writes: $REGISTRY_AUTH_FILE, else the first of the files above.
 *
 * Returns: (transfer full)
 */
char *oci_auth_lookup_login_path (void);

G_END_DECLS
