/* Which certificates a registry's TLS is checked against and which the client shows, as
 * containers-certs.d(5) has it. Only reads files; libcurl does the rest. */
#pragma once

#include "oci/base/error.h"

#include <gio/gio.h>

G_BEGIN_DECLS

typedef struct
{
  char *ca_file;     /* (nullable): what to trust, a path that lasts as long as this; NULL when the
                      * registry's directory has no authorities of its own */
  char *certificate; /* (nullable): the client's, PEM */
  char *key;         /* (nullable): of @certificate */
  char *directory;   /* (nullable): the certs.d directory in use, for messages */
  int ca_fd;         /* after @ca_file, or -1 */
} OciTlsConfig;

/**
 * oci_tls_config_load:
 * @host: "HOST" or "HOST:PORT" as references have it
 * @trusted_file: (nullable): the authorities of trust.h, to which the directory's are added
 *
 * Reads the directory of a registry: *.crt files are authorities, trusted for this registry in
 * addition to @trusted_file; NAME.cert with NAME.key is the client's certificate. The directory is
 * the first that exists of HOST:PORT below ~/.config/containers/certs.d ($XDG_CONFIG_HOME),
 * /etc/containers/certs.d and /etc/docker/certs.d. Reads the environment.
 *
 * Returns: (transfer full) (nullable): or %NULL when a file cannot be read, or a client certificate
 *   has no key
 */
OciTlsConfig *oci_tls_config_load (const char *host, const char *trusted_file, GError **error);
void oci_tls_config_free (OciTlsConfig *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (OciTlsConfig, oci_tls_config_free)

G_END_DECLS
