/* Compares versions of Debian's packages: deb-version(7). */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/**
 * terrane_dpkg_version_compare:
 * @a, @b: "[EPOCH:]UPSTREAM[-REVISION]", any bytes: invalid versions also have a place in the order
 *
 * Returns: -1, 0 or 1
 */
int terrane_dpkg_version_compare (const char *a, const char *b);

G_END_DECLS
