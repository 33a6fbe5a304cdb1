/* Secrets that this process knows, so that no message shows them: peers repeat what was sent to
 * them in their errors, and oci_quote() leaves that out. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

enum
{
  OCI_REDACT_MIN_BYTES = 4, /* shorter ones would take letters out of ordinary words */
  OCI_REDACT_MAX_SECRETS = 512,
};

/**
 * oci_redact_add:
 * @secret: (nullable): what messages must not show from now on, in this form, in base64 and
 *   percent-encoded
 *
 * Safe from any thread. Of more than %OCI_REDACT_MAX_SECRETS the oldest are forgotten.
 */
void oci_redact_add (const char *secret);

/** @text with "…" in place of each secret. Returns: (transfer full) */
char *oci_redact (const char *text);

/**
 * oci_redact_user:
 * @text: a reference or URL that somebody typed
 *
 * Finds "USER:PASSWORD@" before the host, or "USER@" after "://". What stands there is kept out of
 * messages from now on.
 *
 * Returns: (transfer full) (nullable): the text with "…" in its place; %NULL when there is none
 */
char *oci_redact_user (const char *text);

G_END_DECLS
