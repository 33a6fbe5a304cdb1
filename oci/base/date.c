#include "oci/base/date.h"

#include "oci/base/number.h"

#include <string.h>

static gboolean
parse (const char *text, GDate *out_date)
{
  static const size_t lengths[] = { 4, 2, 2 };
  uint64_t parts[G_N_ELEMENTS (lengths)] = { 0 };
  const char *at = text;
  for (size_t i = 0; i < G_N_ELEMENTS (parts); i++)
    {
      g_autofree char *part = g_strndup (at, lengths[i]);
      if (strlen (part) != lengths[i] || !oci_parse_u64 (part, 9999, &parts[i], NULL))
        return FALSE;
      at += lengths[i];
      if (*at++ != (i < 2 ? '-' : '\0'))
        return FALSE;
    }
  g_date_clear (out_date, 1);
  if (!g_date_valid_dmy ((GDateDay) parts[2], (GDateMonth) parts[1], (GDateYear) parts[0]))
    return FALSE;
  g_date_set_dmy (out_date, (GDateDay) parts[2], (GDateMonth) parts[1], (GDateYear) parts[0]);
  return TRUE;
}

gboolean
oci_date_is_valid (const char *text)
{
  GDate date;
  return parse (text, &date);
}

gboolean
oci_date_days_between (const char *from, const char *to, int *out_days)
{
  GDate first, last;
  if (!parse (from, &first) || !parse (to, &last))
    return FALSE;
  *out_days = g_date_days_between (&first, &last);
  return TRUE;
}
