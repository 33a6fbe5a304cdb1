/* Files with credentials, as podman and docker logins write them: containers-auth.json(5) and
 * docker's config.json. What is in one file and how it is changed, from bytes to bytes; where the
 * files are is in auth-lookup.h, writing them in auth-store.h. */
#pragma once

#include "oci/http/credentials.h"

G_BEGIN_DECLS

enum
{
  OCI_AUTH_FILE_MAX_BYTES = 1024 * 1024,
};

/* What a file has for a repository: nothing, credentials, or the name of a helper to ask. */
typedef struct
{
  OciCredentials *credentials; /* (nullable) */
  char *helper;                /* (nullable): NAME of docker-credential-NAME */
  char *server;                /* what to ask it for; set with @helper */
} OciAuthEntry;

void oci_auth_entry_clear (OciAuthEntry *self);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (OciAuthEntry, oci_auth_entry_clear)

/**
 * oci_auth_file_parse:
 * @name: path of the file, for messages and the credentials' @source
 * @data: its content
 * @host: registry host, with port when the reference has one
 * @repository: (nullable): "team/app"
 * @out_entry: (out caller-allocates): empty when the file has nothing for these
 *
 * Looks at "credHelpers", then "auths", then "credsStore", which is asked for the host alone. Keys
 * are searched as podman does: HOST/REPOSITORY, its parents up to HOST, then keys of the
 * "https://HOST/v1/" kind that old dockers wrote, with or without the scheme. The three names of
 * docker.io count as one. Credentials are in "auth", or without it in "username" and "password". An
 * entry with an "identitytoken" has that instead of a password. A blank file has nothing.
 *
 * Returns: %FALSE with %OCI_ERROR_FORMAT for a malformed file ("PATH:LINE:COLUMN: …", never with
 *   text from it)
 */
gboolean oci_auth_file_parse (const char *name, GBytes *data, const char *host,
                              const char *repository, OciAuthEntry *out_entry, GError **error);

/**
 * oci_auth_file_keeper:
 * @out_helper: (out) (transfer full) (nullable): the helper that keeps what belongs to @key, %NULL
 *   when the file itself does
 * @out_server: (out) (transfer full) (nullable): the name that the helper has for @key
 * @out_listed: (out): whether "credHelpers" named it; not so "credsStore"
 *
 * Returns: %FALSE with %OCI_ERROR_FORMAT, or with %OCI_ERROR_UNSUPPORTED when the helper is for the
 *   host, and @key is a namespace of it
 */
gboolean oci_auth_file_keeper (const char *name, GBytes *data, const char *key, char **out_helper,
                               char **out_server, gboolean *out_listed, GError **error);

/**
 * oci_auth_file_set:
 * @data: (nullable): the file's content, %NULL when there is no file
 * @credentials: (nullable): %NULL for the empty entry that says: "credsStore" has them
 *
 * Returns: (transfer full) (nullable): the new content, to be freed with oci_secret_free(). Members
 *   that are not known stay, in their order.
 */
char *oci_auth_file_set (const char *name, GBytes *data, const char *key,
                         const OciCredentials *credentials, GError **error);

/**
 * oci_auth_file_remove:
 * @key: (nullable): %NULL for all
 * @out_removed: (out): number of entries that are gone
 *
 * HOST removes the entries that old dockers wrote for it too.
 *
 * Returns: (transfer full) (nullable): as oci_auth_file_set()
 */
char *oci_auth_file_remove (const char *name, GBytes *data, const char *key, guint *out_removed,
                            GError **error);

/**
 * oci_auth_file_keys:
 *
 * Returns: (transfer full) (nullable): the keys of "credHelpers" and those of "auths", each once
 */
char **oci_auth_file_keys (const char *name, GBytes *data, GError **error);

G_END_DECLS
