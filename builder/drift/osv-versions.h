/* Versions as OSV's ranges and lists have them, compared by the order of their ecosystem. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* How versions of an ecosystem are compared. */
typedef enum
{
  TERRANE_OSV_ORDER_PEP440,
  TERRANE_OSV_ORDER_DPKG,
  TERRANE_OSV_ORDER_NONE, /* names of releases: only lists of versions say something */
} TerraneOsvOrder;

/**
 * terrane_osv_compare:
 * @out_order: (out): -1, 0 or 1
 *
 * Returns: FALSE when the versions cannot be compared: one is none of its ecosystem
 */
gboolean terrane_osv_compare (TerraneOsvOrder order, const char *a, const char *b, int *out_order);

/** Whether both name the same version: also "curl-7_88_1" and "7.88.1" where there is no order. */
gboolean terrane_osv_same (TerraneOsvOrder order, const char *a, const char *b);

/** What of a version counts: a Python version without its local part. Returns: (transfer full) */
char *terrane_osv_public (TerraneOsvOrder order, const char *version);

/** Whether the version @a of a package is before @b. */
gboolean terrane_osv_is_before (TerraneOsvOrder order, const char *a, const char *b);

G_END_DECLS
