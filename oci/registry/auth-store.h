/* Changes auth files and the content of credential helpers: login and logout. Files are replaced as
 * a whole, with mode 0600, at the target of a symbolic link; missing directories are made with
 * 0700. A flock() on the directory keeps two processes from losing each other's change; podman does
 * not lock.
 *
 * Errors: %OCI_ERROR_USAGE, %OCI_ERROR_FORMAT, %OCI_ERROR_UNSUPPORTED, %OCI_ERROR_LIMIT,
 *   %OCI_ERROR_NOT_FOUND, %OCI_ERROR_DENIED, %OCI_ERROR_IO, %OCI_ERROR_CANCELLED. */
#pragma once

#include "oci/http/credentials.h"

#include <gio/gio.h>

G_BEGIN_DECLS

/**
 * oci_auth_file_store:
 * @path: such as oci_auth_lookup_login_path()
 * @key: HOST or HOST/NAMESPACE
 * @out_helper: (out) (transfer full) (nullable): NAME of the docker-credential-NAME that has the
 *   credentials now, from the file's "credHelpers" or "credsStore"; %NULL if the file has them
 *
 * Stores credentials. After an error nothing was stored.
 *
 * Errors: %OCI_ERROR_FORMAT (the file is malformed), %OCI_ERROR_USAGE (@key, or the user's name),
 *   %OCI_ERROR_UNSUPPORTED, %OCI_ERROR_LIMIT, %OCI_ERROR_IO, %OCI_ERROR_CANCELLED, or those of
 *   oci_credential_helper_store(): %OCI_ERROR_DENIED, %OCI_ERROR_NOT_FOUND.
 */
gboolean oci_auth_file_store (const char *path, const char *key, const OciCredentials *credentials,
                              GCancellable *cancellable, char **out_helper, GError **error);

/**
 * oci_auth_file_erase:
 * @out_helper: (out) (transfer full) (nullable): as for oci_auth_file_store(), of the removed
 *   credentials
 *
 * Erases the credentials of @key; %OCI_ERROR_NOT_FOUND if there are none.
 *
 * Errors: see the head.
 */
gboolean oci_auth_file_erase (const char *path, const char *key, GCancellable *cancellable,
                              char **out_helper, GError **error);

/**
 * oci_auth_file_erase_all:
 * @out_any: (out): whether there was anything to erase; credentials of helpers for hosts that the
 *   file does not name are kept
 *
 * Erases everything. If a helper fails, the rest is erased nevertheless, and its error is returned
 * at the end.
 *
 * Errors: see the head.
 */
gboolean oci_auth_file_erase_all (const char *path, GCancellable *cancellable, gboolean *out_any,
                                  GError **error);

G_END_DECLS
