/* Changing what auth files and credential helpers hold: login and logout. Files are replaced whole,
 * with mode 0600, where a symbolic link leads; directories that are missing are made with 0700. A
 * flock() on the directory keeps two processes from losing each other's change; podman takes none.
 */
#pragma once

#include "oci/http/credentials.h"

#include <gio/gio.h>

G_BEGIN_DECLS

/**
 * oci_auth_file_store:
 * @path: such as oci_auth_lookup_login_path()
 * @key: HOST or HOST/NAMESPACE
 * @out_helper: (out) (transfer full) (nullable): NAME of the docker-credential-NAME that has the
 *   credentials now, as the file's "credHelpers" or "credsStore" say; %NULL when the file has them
 *
 * Returns: %FALSE when nothing was stored: %OCI_ERROR_FORMAT (the file is malformed),
 *   %OCI_ERROR_USAGE (@key, or the user's name), %OCI_ERROR_UNSUPPORTED, %OCI_ERROR_IO, or what
 *   oci_credential_helper_store() says
 */
gboolean oci_auth_file_store (const char *path, const char *key, const OciCredentials *credentials,
                              GCancellable *cancellable, char **out_helper, GError **error);

/**
 * oci_auth_file_erase:
 * @out_helper: (out) (transfer full) (nullable): as oci_auth_file_store(), of what is gone
 *
 * Returns: %FALSE also when there was nothing: %OCI_ERROR_NOT_FOUND
 */
gboolean oci_auth_file_erase (const char *path, const char *key, GCancellable *cancellable,
                              char **out_helper, GError **error);

/**
 * oci_auth_file_erase_all:
 * @out_any: (out): whether there was something; what helpers have for hosts that the file does not
 *   name stays
 *
 * A helper that fails keeps nothing else from being erased; its error is returned at the end.
 */
gboolean oci_auth_file_erase_all (const char *path, GCancellable *cancellable, gboolean *out_any,
                                  GError **error);

G_END_DECLS
