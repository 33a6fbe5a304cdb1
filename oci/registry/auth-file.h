/* Credentials from the files that podman and docker logins write: containers-auth.json(5) and
 * docker's config.json. Only read, never written. Credential helpers are not asked. */
#pragma once

#include "oci/base/error.h"

#include <gio/gio.h>

G_BEGIN_DECLS

/* A user's secret: keep it out of messages. */
typedef struct
{
  char *user;
  char *password;
  char *source;            /* path of the file it was found in, for messages */
  gboolean identity_token; /* @password is an OAuth 2.0 refresh token */
} OciCredentials;

OciCredentials *oci_credentials_copy (const OciCredentials *self);

/** Overwrites the secret before the memory is released. */
void oci_credentials_free (OciCredentials *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (OciCredentials, oci_credentials_free)

/** Overwrites a string and frees it; for everything that was derived from a password. */
void oci_secret_free (char *secret);
typedef char OciSecret;
G_DEFINE_AUTOPTR_CLEANUP_FUNC (OciSecret, oci_secret_free)

/**
 * oci_auth_file_parse:
 * @name: path of the file, for messages and @out_credentials
 * @data: its content
 * @host: registry host, with port when the reference has one
 * @repository: "team/app"
 * @out_credentials: (out) (transfer full) (nullable): %NULL when the file has none for these
 *
 * Searches "auths" as podman does: HOST/REPOSITORY, its parents up to HOST, then keys of the
 * "https://HOST/v1/" kind that old dockers wrote. The three names of docker.io count as one.
 *
 * Returns: %FALSE with %OCI_ERROR_FORMAT for a malformed file ("PATH:LINE:COLUMN: …", never with
 *   text from it), or %OCI_ERROR_UNSUPPORTED when the credentials are with a helper or an identity
 *   token
 */
gboolean oci_auth_file_parse (const char *name, GBytes *data, const char *host,
                              const char *repository, OciCredentials **out_credentials,
                              GError **error);

/* What a search found, and where it looked. */
typedef struct
{
  OciCredentials *credentials; /* (nullable) */
  char **searched; /* paths in the order of the search; all of them when nothing was found */
} OciAuthLookup;

void oci_auth_lookup_free (OciAuthLookup *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (OciAuthLookup, oci_auth_lookup_free)

/**
 * oci_auth_lookup:
 *
 * $REGISTRY_AUTH_FILE alone when it is set, which must exist. Otherwise the first file with
 * matching credentials of: $XDG_RUNTIME_DIR/containers/auth.json (/run/containers/UID without the
 * variable), $XDG_CONFIG_HOME/containers/auth.json (~/.config without it), and
 * $DOCKER_CONFIG/config.json (~/.docker without it). Reads the environment.
 *
 * Returns: (transfer full) (nullable): the result, with no credentials when there are none
 */
OciAuthLookup *oci_auth_lookup (const char *host, const char *repository, GCancellable *cancellable,
                                GError **error);

G_END_DECLS
