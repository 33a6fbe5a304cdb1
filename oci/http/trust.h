/* Certificate authorities that TLS connections are checked against: those that the user's
 * environment names, otherwise the system's. Only reads files; tls.h adds what a registry's own
 * directory has, and libcurl verifies. */
#pragma once

#include "oci/base/error.h"

#include "oci/base/fd.h"

G_BEGIN_DECLS

typedef struct
{
  char *file;       /* PEM, a path that lasts as long as this */
  OciFd fd;         /* the memory that @file leads to when it is a merged bundle, or -1 */
  const char *name; /* for messages: "$SSL_CERT_FILE" and the like, or "the system" */
} OciTrust;

/* Where a system keeps its authorities; the first bundle that exists counts, and of each directory
 * the files that c_rehash(1) names, HASH.NUMBER. Both are NULL-terminated. */
typedef struct
{
  const char *const *bundles;
  const char *const *directories;
} OciTrustPlaces;

/**
 * oci_trust_load:
 * @places: (nullable): instead of the places of the usual distributions
 *
 * $CURL_CA_BUNDLE names a file, as for curl(1); otherwise $SSL_CERT_FILE names a file and
 * $SSL_CERT_DIR directories, separated by colons, as for OpenSSL and Go. Whatever is named is
 * trusted instead of the system's authorities, not in addition. Empty variables count as unset.
 *
 * Certificates that the bundle and the directories both have are read once: GnuTLS parses all of
 * them for each connection, and a directory costs it four times as much as a bundle.
 *
 * Returns: (transfer full) (nullable): or %NULL when a place that is named cannot be read or has no
 *   certificate, or the system has none
 */
OciTrust *oci_trust_load (const OciTrustPlaces *places, GError **error);
void oci_trust_free (OciTrust *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (OciTrust, oci_trust_free)

G_END_DECLS
