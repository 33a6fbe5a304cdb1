#include "builder/store/xattrs.h"

#include "oci/base/json.h"

#include <string.h>

enum
{
  MAX_BYTES = 64, /* of a value that is shown in hexadecimal */
};

/* Returns: (transfer full): up to a NUL, as valid UTF-8 */
static char *
valid_text (const char *bytes, gsize len)
{
  g_autofree char *copy = len > 0 ? g_strndup (bytes, len) : g_strdup ("");
  return g_utf8_make_valid (copy, -1);
}

static gboolean
is_printable (const guint8 *bytes, gsize len)
{
  if (!g_utf8_validate_len ((const char *) bytes, len, NULL))
    return FALSE;
  const char *end = (const char *) bytes + len;
  for (const char *at = (const char *) bytes; at < end; at = g_utf8_next_char (at))
    if (!g_unichar_isprint (g_utf8_get_char (at)))
      return FALSE;
  return TRUE;
}

static char *
show (GVariant *value)
{
  gsize len = 0;
  const guint8 *bytes = g_variant_get_fixed_array (value, &len, 1);
  if (len == 0) /* then there may be no address */
    return g_strdup ("");
  if (is_printable (bytes, len))
    return g_strndup ((const char *) bytes, len);
  g_autoptr (GString) text = g_string_new ("0x");
  for (gsize i = 0; i < len && i < MAX_BYTES; i++)
    g_string_append_printf (text, "%02x", bytes[i]);
  if (len > MAX_BYTES)
    g_string_append (text, "…");
  return g_strdup (text->str);
}

static gboolean
contains (GVariant *list, GVariant *pair)
{
  for (gsize i = 0; list != NULL && i < g_variant_n_children (list); i++)
    {
      g_autoptr (GVariant) other = g_variant_get_child_value (list, i);
      if (g_variant_equal (other, pair))
        return TRUE;
    }
  return FALSE;
}

json_t *
terrane_xattrs_only_in (GVariant *some, GVariant *other)
{
  json_t *object = json_object ();
  for (gsize i = 0; some != NULL && i < g_variant_n_children (some); i++)
    {
      gsize len = 0;
      g_autoptr (GVariant) pair = g_variant_get_child_value (some, i);
      g_autoptr (GVariant) name = g_variant_get_child_value (pair, 0);
      g_autoptr (GVariant) value = g_variant_get_child_value (pair, 1);
      const char *bytes = g_variant_get_fixed_array (name, &len, 1);
      g_autofree char *key = valid_text (bytes, len);
      g_autofree char *text = show (value);
      if (!contains (other, pair))
        oci_json_set (object, key, oci_json_text (text));
    }
  return object;
}
