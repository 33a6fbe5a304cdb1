/* Compares versions in OSV's ranges and lists by the order of their ecosystem. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Order of the versions of an ecosystem. */
typedef enum
{
  TERRANE_OSV_ORDER_PEP440,
  TERRANE_OSV_ORDER_DPKG,
  TERRANE_OSV_ORDER_NONE, /* names of releases: only lists of versions can be used */
} TerraneOsvOrder;

/**
 * terrane_osv_compare:
 * @out_order: (out): -1, 0 or 1
 *
 * Returns: %FALSE if the versions cannot be compared: one is not valid in its ecosystem
 */
gboolean terrane_osv_compare (TerraneOsvOrder order, const char *a, const char *b, int *out_order);

/** Whether both are the same version: without an order also "curl-7_88_1" and "7.88.1". */
gboolean terrane_osv_same (TerraneOsvOrder order, const char *a, const char *b);

/** Returns: (transfer full): the part of a version that is compared: a Python version without its
 * local part */
char *terrane_osv_public (TerraneOsvOrder order, const char *version);

/** Whether the version @a of a package is before @b. */
gboolean terrane_osv_is_before (TerraneOsvOrder order, const char *a, const char *b);

G_END_DECLS
