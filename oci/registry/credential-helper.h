/* Programs that keep passwords outside of files: docker-credential-NAME in $PATH, with the commands
 * "get", "store" and "erase" (github.com/docker/docker-credential-helpers). */
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

/* Whom to ask, and for what. */
typedef struct
{
  const char *name;    /* NAME of docker-credential-NAME */
  const char *server;  /* what the helper has credentials for: a host, or an old docker's URL */
  const char *origin;  /* path of the file that names the helper, for messages */
  unsigned timeout_ms; /* instead of the limit above, for tests; 0: that */
} OciCredentialHelper;

/** Whether @name is made of letters, digits, ‘.’, ‘_’ and ‘-’: nothing that leads out of $PATH. */
gboolean oci_credential_helper_is_name (const char *name);

/**
 * oci_credential_helper_parse:
 * @name: what the answer is called in messages
 * @data: the answer to "get", a JSON object
 *
 * Returns: (transfer full) (nullable): the credentials without @source, or %NULL with
 *   %OCI_ERROR_FORMAT and nothing of the answer in the message
 */
OciCredentials *oci_credential_helper_parse (const char *name, GBytes *data, GError **error);

/**
 * oci_credential_helper_get:
 * @out_credentials: (out) (transfer full) (nullable): %NULL when the helper has none
 *
 * Returns: %FALSE when the helper cannot be asked (%OCI_ERROR_NOT_FOUND: there is no such program;
 *   %OCI_ERROR_LIMIT; %OCI_ERROR_CANCELLED), fails (%OCI_ERROR_DENIED with its own words), or
 *   answers nonsense (%OCI_ERROR_FORMAT)
 */
gboolean oci_credential_helper_get (const OciCredentialHelper *self, GCancellable *cancellable,
                                    OciCredentials **out_credentials, GError **error);

/** Hands credentials over to the helper, instead of those that it may have. */
gboolean oci_credential_helper_store (const OciCredentialHelper *self,
                                      const OciCredentials *credentials, GCancellable *cancellable,
                                      GError **error);

/** @out_found: (out): FALSE when the helper says that there was nothing to erase */
gboolean oci_credential_helper_erase (const OciCredentialHelper *self, GCancellable *cancellable,
                                      gboolean *out_found, GError **error);

G_END_DECLS
