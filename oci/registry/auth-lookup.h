/* Finds credentials: in the files of podman and docker, and with the helpers that these name. */
#pragma once

#include "oci/http/credentials.h"

#include <gio/gio.h>

G_BEGIN_DECLS

/* Result of a search, and where it looked. */
typedef struct
{
  OciCredentials *credentials; /* (nullable) */
  char **searched; /* in the order of the search, "PATH" or "PATH (docker-credential-NAME)";
                      complete if nothing was found */
} OciAuthLookup;

void oci_auth_lookup_free (OciAuthLookup *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (OciAuthLookup, oci_auth_lookup_free)

/**
 * oci_auth_lookup:
 * @repository: (nullable): "team/app"; %NULL for the host alone
 * @cancellable: (nullable): for helpers
 *
 * Searches only $REGISTRY_AUTH_FILE if it is set; that file must exist. Otherwise the first file
 * with matching credentials of: $XDG_RUNTIME_DIR/containers/auth.json (/run/containers/UID without
 * the variable), $XDG_CONFIG_HOME/containers/auth.json (~/.config without it), and
 * $DOCKER_CONFIG/config.json (~/.docker without it). In each file "credHelpers" come first, then
 * "auths", then "credsStore"; if a helper has nothing, the search continues with the next file.
 * Reads the environment.
 *
 * Returns: (transfer full): the result, without credentials if none were found
 * Errors: %OCI_ERROR_FORMAT, %OCI_ERROR_LIMIT, %OCI_ERROR_IO for a file; %OCI_ERROR_NOT_FOUND,
 *   %OCI_ERROR_DENIED, %OCI_ERROR_CANCELLED for a helper.
 */
OciAuthLookup *oci_auth_lookup (const char *host, const char *repository, GCancellable *cancellable,
                                GError **error);

/** Returns: (transfer full): the files above, in their order */
char **oci_auth_lookup_paths (void);

/** Reads one of these files. @out_data: (out) (transfer full) (nullable): NULL if it does not
 * exist, or if it is one of the files above and cannot be this user's. Errors: %OCI_ERROR_FORMAT,
 * %OCI_ERROR_LIMIT, %OCI_ERROR_IO. */
gboolean oci_auth_lookup_read (const char *path, GBytes **out_data, GError **error);

/** Returns: (transfer full): the file that podman login writes: $REGISTRY_AUTH_FILE, else the first
 * of the files above */
char *oci_auth_lookup_login_path (void);

G_END_DECLS
