/* Chooses the certificates that a registry's TLS is verified with and the client certificate, as in
 * containers-certs.d(5). Only reads files; libcurl does the rest. */
#pragma once

#include "oci/base/error.h"

#include <gio/gio.h>

G_BEGIN_DECLS

typedef struct
{
  char *ca_file;     /* (nullable): trusted authorities, a path valid as long as this; NULL if the
                        registry's directory has no authorities of its own */
  char *certificate; /* (nullable): the client's, PEM */
  char *key;         /* (nullable): of @certificate */
  char *directory;   /* (nullable): the certs.d directory in use, for messages */
  int ca_fd;         /* open file that @ca_file refers to, or -1 */
} OciTlsConfig;

/**
 * oci_tls_config_load:
 * @host: "HOST" or "HOST:PORT" as in references
 * @trusted_file: (nullable): the authorities of trust.h, to which those of the directory are added
 *
 * Reads the directory of a registry: *.crt files are authorities, trusted for this registry in
 * addition to @trusted_file; NAME.cert with NAME.key is the client certificate. The directory is
 * the first existing HOST:PORT below ~/.config/containers/certs.d ($XDG_CONFIG_HOME),
 * /etc/containers/certs.d and /etc/docker/certs.d. Reads the environment.
 *
 * Returns: (transfer full): the configuration
 * Errors: %OCI_ERROR_IO, %OCI_ERROR_LIMIT, %OCI_ERROR_FORMAT for a file; %OCI_ERROR_NOT_FOUND for a
 *   client certificate without a key.
 */
OciTlsConfig *oci_tls_config_load (const char *host, const char *trusted_file, GError **error);
void oci_tls_config_free (OciTlsConfig *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (OciTlsConfig, oci_tls_config_free)

G_END_DECLS
