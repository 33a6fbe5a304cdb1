/* Extended attributes of files, for people. */
#pragma once

#include <glib.h>
#include <jansson.h>

G_BEGIN_DECLS

/**
 * terrane_xattrs_only_in:
 * @some, @other: (nullable): a(ayay) of nodes and entries
 *
 * Returns: (transfer full): an object with those of @some that @other lacks or has with another
 *   value: names, and values as text, or as "0x…" if they are not printable
 */
json_t *terrane_xattrs_only_in (GVariant *some, GVariant *other);

G_END_DECLS
