/* Secrets that this process knows, and which no message may show: servers repeat in their errors
 * what was sent to them, and oci_quote() removes it. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

enum
{
  OCI_REDACT_MIN_BYTES = 4, /* shorter ones would remove letters from ordinary words */
  OCI_REDACT_MAX_SECRETS = 512,
};

/**
 * oci_redact_add:
 * @secret: (nullable): removed from messages from now on, also in base64 and percent-encoded
 *
 * Safe from any thread. Beyond %OCI_REDACT_MAX_SECRETS the oldest is forgotten.
 */
void oci_redact_add (const char *secret);

/** Returns: (transfer full): @text with "…" in place of each secret */
char *oci_redact (const char *text);

/**
 * oci_redact_user:
 * @text: a reference or URL that a user typed
 *
 * Finds "USER:PASSWORD@" before the host, or "USER@" after "://", and removes it from messages from
 * now on.
 *
 * Returns: (transfer full) (nullable): the text with "…" in its place; %NULL if it contains neither
 */
char *oci_redact_user (const char *text);

G_END_DECLS
