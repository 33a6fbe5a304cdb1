/* Certificate authorities that TLS connections are verified with: those named by the environment,
 * otherwise the system's. Only reads files; tls.h adds those of a registry's own directory, and
 * libcurl verifies. */
#pragma once

#include "oci/base/error.h"

#include "oci/base/fd.h"

G_BEGIN_DECLS

typedef struct
{
  char *file;       /* PEM, a path valid as long as this */
  OciFd fd;         /* memory that @file refers to if it is a merged bundle, or -1 */
  const char *name; /* for messages: "$SSL_CERT_FILE" and the like, or "the system" */
} OciTrust;

/* Locations of a system's authorities: the first existing bundle is used, and from each directory
 * the files named by c_rehash(1), HASH.NUMBER. Both are NULL-terminated. */
typedef struct
{
  const char *const *bundles;
  const char *const *directories;
} OciTrustPlaces;

/**
 * oci_trust_load:
 * @places: (nullable): replaces the locations of the usual distributions
 *
 * $CURL_CA_BUNDLE names a file, as for curl(1); otherwise $SSL_CERT_FILE names a file and
 * $SSL_CERT_DIR directories, separated by colons, as for OpenSSL and Go. What they name replaces
 * the system's authorities. Empty variables count as unset. Certificates in both the bundle and the
 * directories are read once: GnuTLS parses all of them for each connection, and a directory costs
 * four times as much as a bundle.
 *
 * Returns: (transfer full): the authorities
 * Errors: %OCI_ERROR_IO, %OCI_ERROR_LIMIT, %OCI_ERROR_FORMAT if a named location cannot be read or
 *   has no certificate; %OCI_ERROR_NOT_FOUND if the system has none.
 */
OciTrust *oci_trust_load (const OciTrustPlaces *places, GError **error);
void oci_trust_free (OciTrust *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (OciTrust, oci_trust_free)

G_END_DECLS
