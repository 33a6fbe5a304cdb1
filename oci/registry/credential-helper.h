/* Programs that store passwords: docker-credential-NAME in $PATH, with the commands "get", "store"
 * and "erase" (https://github.com/docker/docker-credential-helpers).
 *
 * Errors: %OCI_ERROR_USAGE, %OCI_ERROR_FORMAT, %OCI_ERROR_LIMIT, %OCI_ERROR_NOT_FOUND,
 *   %OCI_ERROR_DENIED, %OCI_ERROR_IO, %OCI_ERROR_CANCELLED. */
#pragma once

#include "oci/http/credentials.h"

#include <gio/gio.h>

G_BEGIN_DECLS

enum
{
  OCI_CREDENTIAL_HELPER_MAX_BYTES = 1024 * 1024, /* of its answer */
  OCI_CREDENTIAL_HELPER_TIMEOUT_MS = 60 * 1000,  /* it may have to ask the user for a passphrase */
};

#define OCI_CREDENTIAL_HELPER_PREFIX "docker-credential-"

/* A helper, and what to ask it for. */
typedef struct
{
  const char *name;    /* NAME of docker-credential-NAME */
  const char *server;  /* key of the credentials: a host, or a URL of an old version of docker */
  const char *origin;  /* path of the file that names the helper, for messages */
  unsigned timeout_ms; /* replaces the limit above, for tests; 0: that limit */
} OciCredentialHelper;

/** Whether @name consists of letters, digits, ‘.’, ‘_’ and ‘-’, so that it cannot lead out of
 * $PATH. */
gboolean oci_credential_helper_is_name (const char *name);

/**
 * oci_credential_helper_parse:
 * @name: name of the answer in messages
 * @data: the answer to "get", a JSON object
 *
 * Returns: (transfer full): the credentials without @source
 * Errors: %OCI_ERROR_FORMAT, with nothing of the answer in the message.
 */
OciCredentials *oci_credential_helper_parse (const char *name, GBytes *data, GError **error);

/**
 * oci_credential_helper_get:
 * @out_credentials: (out) (transfer full) (nullable): %NULL if the helper has none
 *
 * Errors: %OCI_ERROR_NOT_FOUND if the program does not exist, %OCI_ERROR_DENIED with the helper's
 *   own message, %OCI_ERROR_FORMAT for a malformed answer, %OCI_ERROR_LIMIT, %OCI_ERROR_CANCELLED,
 *   %OCI_ERROR_IO.
 */
gboolean oci_credential_helper_get (const OciCredentialHelper *self, GCancellable *cancellable,
                                    OciCredentials **out_credentials, GError **error);

/** Gives credentials to the helper, replacing those that it has. Errors: see the head. */
gboolean oci_credential_helper_store (const OciCredentialHelper *self,
                                      const OciCredentials *credentials, GCancellable *cancellable,
                                      GError **error);

/** Erases credentials. @out_found: (out): FALSE if the helper says that it had none.
 * Errors: see the head. */
gboolean oci_credential_helper_erase (const OciCredentialHelper *self, GCancellable *cancellable,
                                      gboolean *out_found, GError **error);

G_END_DECLS
