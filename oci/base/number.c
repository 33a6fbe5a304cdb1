#include "oci/base/number.h"

#include "oci/base/error.h"

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
