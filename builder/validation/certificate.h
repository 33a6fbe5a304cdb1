/* Makes a certificate for a server on the loopback of a sandbox. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/**
 * terrane_certificate_new:
 * @out_certificate: (out) (transfer full): PEM, self-signed
 * @out_key_and_certificate: (out) (transfer full): PEM
 *
 * Makes a key and a certificate for 127.0.0.1 and localhost, valid for a day.
 *
 * Errors: %OCI_ERROR_IO.
 */
gboolean terrane_certificate_new (GBytes **out_certificate, GBytes **out_key_and_certificate,
                                  GError **error);

G_END_DECLS
