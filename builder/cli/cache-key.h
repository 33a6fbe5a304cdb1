/* The secret of caches: TERRANE_CACHE_KEY. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/** Fails when it is too short to be one. @out_key: (out) (nullable): borrowed from the environment
 */
gboolean terrane_cache_key_find (const char **out_key, GError **error);

G_END_DECLS
