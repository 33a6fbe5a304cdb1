/* The secret for caches: TERRANE_CACHE_KEY. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/** Reads the variable; fails if the secret is too short. @out_key: (out) (transfer none)
 * (nullable). Errors: %OCI_ERROR_USAGE. */
gboolean terrane_cache_key_find (const char **out_key, GError **error);

G_END_DECLS
