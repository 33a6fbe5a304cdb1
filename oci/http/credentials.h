/* Secrets in memory: they are overwritten before they are freed, and never appear in messages. */
#pragma once

#include "oci/base/json.h"

G_BEGIN_DECLS

/** Overwrites a string and frees it; for everything derived from a password. */
void oci_secret_free (char *secret);
typedef char OciSecret;
G_DEFINE_AUTOPTR_CLEANUP_FUNC (OciSecret, oci_secret_free)

/** Overwrites the text of a JSON string, or of all strings in an object or array. */
void oci_secret_wipe_json (json_t *value);

/** Like oci_json_parse(), for documents that contain secrets: the error quotes nothing.
 * Returns: (transfer full). Errors: %OCI_ERROR_FORMAT. */
OciJsonDocument *oci_secret_json_parse (const char *name, GBytes *data, OciJson *out_root,
                                        GError **error);

/* The user's identity at a registry. */
typedef struct
{
  char *user;
  char *password;
  gboolean identity_token; /* @password is an OAuth 2.0 refresh token, @user may be "<token>" */
  char *source;            /* "PATH" or "docker-credential-NAME, by PATH", for messages */
} OciCredentials;

/** Returns: (transfer full) */
OciCredentials *oci_credentials_copy (const OciCredentials *self);

/** Returns: (transfer full): "Basic …" (RFC 7617), for oci_secret_free() */
char *oci_credentials_basic_header (const OciCredentials *self);

/** Overwrites the secret before freeing it. */
void oci_credentials_free (OciCredentials *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (OciCredentials, oci_credentials_free)

G_END_DECLS
