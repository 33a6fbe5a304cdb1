/* Compares two JSON documents of images. */
#pragma once

#include "oci/base/json.h"

G_BEGIN_DECLS

/**
 * terrane_diff_documents:
 * @a, @b: (nullable)
 *
 * Returns: (transfer full): array of {"key", "a", "b"}: a key is a path in the document, such as
 *   "config.Env.PATH" or "history[2].created"; a missing value is omitted
 */
json_t *terrane_diff_documents (const json_t *a, const json_t *b);

G_END_DECLS
