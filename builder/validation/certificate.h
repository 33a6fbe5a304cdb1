/* A certificate for a server on the loopback of a sandbox. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/**
 * terrane_certificate_new:
 * @out_certificate: (out): PEM; of itself the authority
 * @out_key_and_certificate: (out): PEM
 *
 * Makes a key and a certificate for 127.0.0.1 and localhost, good for a day.
 */
gboolean terrane_certificate_new (GBytes **out_certificate, GBytes **out_key_and_certificate,
                                  GError **error);

G_END_DECLS
