/* SHA-256 digests as the OCI specifications write them (image-spec v1.1 descriptor.md#digests).
 * Uses OpenSSL (SHA-NI) instead of GChecksum. */
#pragma once

#include "oci/base/error.h"

#include <stdint.h>

G_BEGIN_DECLS

enum
{
  OCI_DIGEST_BYTES = 32,
  OCI_DIGEST_HEX = 64,
};

/* Value type; only filled by oci_digest_parse(), the digester, or a copy of another. */
typedef struct
{
  uint8_t bytes[OCI_DIGEST_BYTES];
} OciDigest;

/**
 * oci_digest_parse:
 * @text: "sha256:" and 64 lower-case hex digits
 *
 * Errors: %OCI_ERROR_UNSUPPORTED for another registered algorithm, %OCI_ERROR_FORMAT otherwise.
 */
gboolean oci_digest_parse (const char *text, OciDigest *out_digest, GError **error);

/** Reads 64 hex digits without an algorithm, as `sha256` in profiles and ostree checksums. Errors:
 * %OCI_ERROR_FORMAT. */
gboolean oci_digest_parse_hex (const char *hex, OciDigest *out_digest, GError **error);

/* Buffers for the text forms, including the NUL. */
typedef char OciDigestHex[OCI_DIGEST_HEX + 1];
typedef char OciDigestText[7 + OCI_DIGEST_HEX + 1];

/** Writes the hex form to @hex. Returns: (transfer none): @hex */
const char *oci_digest_hex (const OciDigest *self, OciDigestHex hex);
/** Writes "sha256:…" to @text. Returns: (transfer none): @text */
const char *oci_digest_text (const OciDigest *self, OciDigestText text);

/** Whether two digests are the same. */
gboolean oci_digest_equal (const OciDigest *a, const OciDigest *b);

/* Incremental hashing; for one thread at a time. */
typedef struct _OciDigester OciDigester;

/** Returns: (transfer full): a digester that has seen no bytes */
OciDigester *oci_digester_new (void);
void oci_digester_free (OciDigester *self);
/** Adds @len bytes. */
void oci_digester_update (OciDigester *self, const void *data, size_t len);
/** Returns the digest of everything since creation or the last finish, and restarts. */
OciDigest oci_digester_finish (OciDigester *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (OciDigester, oci_digester_free)

/** Digests @len bytes at once. */
OciDigest oci_digest_of (const void *data, size_t len);
/** Digests the content of @bytes at once. */
OciDigest oci_digest_of_bytes (GBytes *bytes);

/** Digests everything that can be read from @fd. @out_size: (out) (optional): number of bytes.
 * Errors: %OCI_ERROR_IO. */
gboolean oci_digest_of_fd (int fd, OciDigest *out_digest, uint64_t *out_size, GError **error);

G_END_DECLS
