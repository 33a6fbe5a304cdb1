#include "oci/base/raw-name.h"

enum
{
  FIRST = 0xef80, /* of the byte 0x80 */
  LAST = 0xefff,
  FIRST_BYTE = 0x80,
};

static gboolean
is_code (gunichar c)
{
  return c >= FIRST && c <= LAST;
}

/* Returns the character at @p, or -1 and -2 for invalid bytes. */
static gunichar
peek (const char *p)
{
  return (unsigned char) *p < FIRST_BYTE ? (gunichar) *p : g_utf8_get_char_validated (p, -1);
}

char *
oci_raw_name_to_text (const char *bytes)
{
  GString *text = g_string_new (NULL);
  for (const char *p = bytes; *p != '\0';)
    {
      gunichar c = peek (p);
      gboolean plain = c != (gunichar) -1 && c != (gunichar) -2 && !is_code (c);
      const char *next = plain ? g_utf8_next_char (p) : p + 1;
      if (plain)
        g_string_append_len (text, p, next - p);
      else
        g_string_append_unichar (text, FIRST + (unsigned char) *p - FIRST_BYTE);
      p = next;
    }
  return g_string_free (text, FALSE);
}

gboolean
oci_raw_name_is_encoded (const char *text)
{
  for (const char *p = text; *p != '\0'; p = g_utf8_next_char (p))
    if (is_code (g_utf8_get_char (p)))
      return TRUE;
  return FALSE;
}

char *
oci_raw_name_from_text (const char *text)
{
  GString *bytes = g_string_new (NULL);
  for (const char *p = text; *p != '\0';)
    {
      gunichar c = g_utf8_get_char (p);
      const char *next = g_utf8_next_char (p);
      if (is_code (c))
        g_string_append_c (bytes, (char) (unsigned char) (c - FIRST + FIRST_BYTE));
      else
        g_string_append_len (bytes, p, next - p);
      p = next;
    }
  return g_string_free (bytes, FALSE);
}

char *
oci_raw_name_show (const char *bytes)
{
  GString *text = g_string_new (NULL);
  for (const char *p = bytes; *p != '\0';)
    {
      gunichar c = peek (p);
      if (c == (gunichar) -1 || c == (gunichar) -2)
        {
          g_string_append_printf (text, "\\x%02x", (unsigned char) *p++);
          continue;
        }
      if (g_unichar_iscntrl (c))
        g_string_append_printf (text, "\\x%02x", c);
      else
        g_string_append_unichar (text, c);
      p = g_utf8_next_char (p);
    }
  return g_string_free (text, FALSE);
}
