#include "oci/base/number.h"

#include "oci/base/error.h"

#include <string.h>

enum
{
  MAX_FRACTION_DIGITS = 6,
};

typedef struct
{
  const char *name;
  uint64_t factor;
} Unit;

gboolean
oci_parse_u64 (const char *text, uint64_t max, uint64_t *out_value, GError **error)
{
  uint64_t value = 0;
  const char *p = text;
  for (; g_ascii_isdigit (*p); p++)
    {
      uint64_t digit = (uint64_t) (*p - '0');
      if (value > (UINT64_MAX - digit) / 10)
        break;
      value = value * 10 + digit;
    }
  if (p == text || *p != '\0' || value > max)
    {
      g_autofree char *quoted = oci_quote (text);
      return oci_throw (error, OCI_ERROR_FORMAT,
                        "expected a number from 0 to %" G_GUINT64_FORMAT ", got %s", max, quoted);
    }
  *out_value = value;
  return TRUE;
}

/* Parses digits, optionally a point and digits, and optionally one of @units, with or without a
 * space before it; the unit "" is for a number alone. Uses no floats. */
static gboolean
parse_quantity (const char *text, const Unit *units, uint64_t *out_value)
{
  const size_t whole_digits = strspn (text, "0123456789");
  const char *rest = text + whole_digits;
  uint64_t whole = 0, fraction = 0, scale = 1, product;
  g_autofree char *digits = g_strndup (text, whole_digits);
  if (!oci_parse_u64 (digits, UINT64_MAX, &whole, NULL))
    return FALSE;
  if (*rest == '.')
    {
      const char *start = ++rest;
      for (; g_ascii_isdigit (*rest); rest++, scale *= 10)
        {
          if (rest - start >= MAX_FRACTION_DIGITS)
            return FALSE;
          fraction = fraction * 10 + (uint64_t) (*rest - '0');
        }
      if (rest == start)
        return FALSE;
    }
  if (rest[0] == ' ' && rest[1] != '\0')
    rest++;
  for (const Unit *unit = units; unit->name != NULL; unit++)
    if (strcmp (rest, unit->name) == 0)
      return g_uint64_checked_mul (&product, whole, unit->factor)
             && g_uint64_checked_add (out_value, product,
                                      unit->factor / scale * fraction
                                          + unit->factor % scale * fraction / scale);
  return FALSE;
}

gboolean
oci_parse_size (const char *text, uint64_t *out_bytes, GError **error)
{
  static const Unit units[] = { { "B", 1 },
                                { "kB", 1000 },
                                { "MB", UINT64_C (1000) * 1000 },
                                { "GB", UINT64_C (1000) * 1000 * 1000 },
                                { "TB", UINT64_C (1000) * 1000 * 1000 * 1000 },
                                { "KiB", UINT64_C (1) << 10 },
                                { "MiB", UINT64_C (1) << 20 },
                                { "GiB", UINT64_C (1) << 30 },
                                { "TiB", UINT64_C (1) << 40 },
                                { "", UINT64_C (1) << 20 },
                                { NULL, 0 } };
  if (parse_quantity (text, units, out_bytes))
    return TRUE;
  g_autofree char *quoted = oci_quote (text);
  return oci_throw (error, OCI_ERROR_FORMAT, "expected a size such as ‘600MB’ or ‘512MiB’, got %s",
                    quoted);
}

gboolean
oci_parse_duration (const char *text, uint64_t max_ms, uint64_t *out_ms, GError **error)
{
  static const Unit units[] = {
    { "ms", 1 },  { "s", 1000 }, { "m", UINT64_C (60) * 1000 }, { "h", UINT64_C (3600) * 1000 },
    { "", 1000 }, { NULL, 0 }
  };
  g_autofree char *quoted = oci_quote (text);
  if (!parse_quantity (text, units, out_ms))
    return oci_throw (error, OCI_ERROR_FORMAT,
                      "expected a duration such as ‘500ms’, ‘90s’, ‘2m’ or ‘1h’, got %s", quoted);
  if (*out_ms > max_ms || *out_ms == 0)
    return oci_throw (error, OCI_ERROR_FORMAT,
                      "expected a duration from 1ms to %" G_GUINT64_FORMAT "s, got %s",
                      max_ms / 1000, quoted);
  return TRUE;
}

char *
oci_write_size (uint64_t bytes)
{
  static const char *const units[] = { "B", "KiB", "MiB", "GiB", "TiB" };
  size_t unit = 0;
  for (; bytes > 0 && bytes % 1024 == 0 && unit + 1 < G_N_ELEMENTS (units); unit++)
    bytes /= 1024;
  return g_strdup_printf ("%" G_GUINT64_FORMAT "%s", bytes, units[unit]);
}

char *
oci_format_size (uint64_t bytes)
{
  static const char *const units[] = { "B", "kB", "MB", "GB", "TB" };
  double value = (double) bytes;
  size_t unit = 0;
  for (; value >= 999.95 && unit + 1 < G_N_ELEMENTS (units); unit++)
    value /= 1000;
  return unit == 0 ? g_strdup_printf ("%" G_GUINT64_FORMAT " B", bytes)
                   : g_strdup_printf ("%.1f %s", value, units[unit]);
}
