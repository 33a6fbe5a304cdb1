#include "builder/drift/osv-versions.h"

#include "builder/drift/dpkg-version.h"
#include "builder/python/version.h"

#include <string.h>

static gboolean
compare_python (const char *a, const char *b, int *out_order)
{
  g_autoptr (TerraneVersion) x = terrane_version_parse (a, NULL);
  g_autoptr (TerraneVersion) y = terrane_version_parse (b, NULL);
  if (x == NULL || y == NULL)
    return FALSE;
  *out_order = terrane_version_compare (x, y);
  return TRUE;
}

gboolean
terrane_osv_compare (TerraneOsvOrder order, const char *a, const char *b, int *out_order)
{
  switch (order)
    {
    case TERRANE_OSV_ORDER_PEP440:
      return compare_python (a, b, out_order);
    case TERRANE_OSV_ORDER_DPKG:
      *out_order = terrane_dpkg_version_compare (a, b);
      return TRUE;
    case TERRANE_OSV_ORDER_NONE:
    default:
      return FALSE;
    }
}

/* "curl-7_88_1", "v7.88.1" → "7.88.1" */
static char *
numbers_of (const char *tag)
{
  while (*tag != '\0' && !g_ascii_isdigit (*tag))
    tag++;
  return g_strdelimit (g_strdup (tag), "_-", '.');
}

gboolean
terrane_osv_same (TerraneOsvOrder order, const char *a, const char *b)
{
  int compared = 0;
  if (strcmp (a, b) == 0)
    return TRUE;
  if (order != TERRANE_OSV_ORDER_NONE)
    return terrane_osv_compare (order, a, b, &compared) && compared == 0;
  g_autofree char *x = numbers_of (a);
  g_autofree char *y = numbers_of (b);
  return x[0] != '\0' && strcmp (x, y) == 0;
}

char *
terrane_osv_public (TerraneOsvOrder order, const char *version)
{
  return order == TERRANE_OSV_ORDER_PEP440 ? g_strndup (version, strcspn (version, "+"))
                                           : g_strdup (version);
}

gboolean
terrane_osv_is_before (TerraneOsvOrder order, const char *a, const char *b)
{
  int compared = 0;
  return terrane_osv_compare (order, a, b, &compared) && compared < 0;
}
