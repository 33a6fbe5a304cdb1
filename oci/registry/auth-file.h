/* Files with credentials, as written by podman login and docker login: containers-auth.json(5) and
 * docker's config.json. Reads and changes the content of one file, in memory; auth-lookup.h finds
 * the files, auth-store.h writes them. */
#pragma once

#include "oci/http/credentials.h"

G_BEGIN_DECLS

enum
{
  OCI_AUTH_FILE_MAX_BYTES = 1024 * 1024,
};

/* The entry of a file for a repository: nothing, credentials, or the name of a helper to ask. */
typedef struct
{
  OciCredentials *credentials; /* (nullable) */
  char *helper;                /* (nullable): NAME of docker-credential-NAME */
  char *server;                /* key to ask it for; set with @helper */
} OciAuthEntry;

void oci_auth_entry_clear (OciAuthEntry *self);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (OciAuthEntry, oci_auth_entry_clear)

/**
 * oci_auth_file_parse:
 * @name: path of the file, for messages and the credentials' @source
 * @data: its content
 * @host: registry host, with port if the reference has one
 * @repository: (nullable): "team/app"
 * @out_entry: (out caller-allocates): empty if the file has nothing for these
 *
 * Searches "credHelpers", then "auths", then "credsStore", which is asked for the host alone. Keys
 * are searched as podman does: HOST/REPOSITORY, its parents up to HOST, then keys like
 * "https://HOST/v1/" that old versions of docker wrote, with or without the scheme. The three names
 * of docker.io are equivalent. Credentials are in "auth", or else in "username" and "password". An
 * "identitytoken" replaces the password. A blank file is empty.
 *
 * Errors: %OCI_ERROR_FORMAT for a malformed file ("PATH:LINE:COLUMN: …", never with text from it).
 */
gboolean oci_auth_file_parse (const char *name, GBytes *data, const char *host,
                              const char *repository, OciAuthEntry *out_entry, GError **error);

/**
 * oci_auth_file_keeper:
 * @out_helper: (out) (transfer full) (nullable): the helper that stores what belongs to @key, %NULL
 *   if the file itself does
 * @out_server: (out) (transfer full) (nullable): the helper's name for @key
 * @out_listed: (out): whether "credHelpers" named it, rather than "credsStore"
 *
 * Finds where the credentials of @key are stored.
 *
 * Errors: %OCI_ERROR_FORMAT; %OCI_ERROR_UNSUPPORTED if the helper is for the host, and @key is a
 *   namespace of it.
 */
gboolean oci_auth_file_keeper (const char *name, GBytes *data, const char *key, char **out_helper,
                               char **out_server, gboolean *out_listed, GError **error);

/**
 * oci_auth_file_set:
 * @data: (nullable): the file's content, %NULL if there is no file
 * @credentials: (nullable): %NULL for the empty entry which means that "credsStore" has them
 *
 * Sets the entry of @key. Unknown members are kept, in their order.
 *
 * Returns: (transfer full): the new content, to be freed with oci_secret_free()
 * Errors: %OCI_ERROR_USAGE, %OCI_ERROR_FORMAT.
 */
char *oci_auth_file_set (const char *name, GBytes *data, const char *key,
                         const OciCredentials *credentials, GError **error);

/**
 * oci_auth_file_remove:
 * @key: (nullable): %NULL for all
 * @out_removed: (out): number of entries that were removed
 *
 * Removes entries; for HOST also those that old versions of docker wrote.
 *
 * Returns: (transfer full): the new content, to be freed with oci_secret_free()
 * Errors: %OCI_ERROR_FORMAT.
 */
char *oci_auth_file_remove (const char *name, GBytes *data, const char *key, guint *out_removed,
                            GError **error);

/** Returns: (transfer full): the keys of "credHelpers" and those of "auths", each once. Errors:
 * %OCI_ERROR_FORMAT. */
char **oci_auth_file_keys (const char *name, GBytes *data, GError **error);

G_END_DECLS
