#include "oci/base/error.h"

#include "oci/base/redact.h"
#include "oci/base/text.h"

#include <errno.h>
#include <string.h>

G_DEFINE_QUARK (oci_error, oci_error)

enum
{
  QUOTE_MAX_BYTES = 160,
};

static void set_error (GError **error, OciError code, const char *format, va_list args,
                       const char *suffix) G_GNUC_PRINTF (3, 0);

static void
set_error (GError **error, OciError code, const char *format, va_list args, const char *suffix)
{
  if (error == NULL)
    return;
  g_autofree char *message = g_strdup_vprintf (format, args);
  g_set_error (error, OCI_ERROR, (int) code, "%s%s%s", message, suffix != NULL ? ": " : "",
               suffix != NULL ? suffix : "");
}

gboolean
oci_throw (GError **error, OciError code, const char *format, ...)
{
  va_list args;
  va_start (args, format);
  set_error (error, code, format, args, NULL);
  va_end (args);
  return FALSE;
}

gboolean
oci_throw_errno (GError **error, const char *format, ...)
{
  int saved = errno;
  va_list args;
  va_start (args, format);
  set_error (error, saved == ENOENT ? OCI_ERROR_NOT_FOUND : OCI_ERROR_IO, format, args,
             g_strerror (saved));
  va_end (args);
  errno = saved;
  return FALSE;
}

void
oci_error_append (GError **error, const char *format, ...)
{
  if (error == NULL || *error == NULL)
    return;
  va_list args;
  va_start (args, format);
  g_autofree char *more = g_strdup_vprintf (format, args);
  va_end (args);
  g_autofree char *message = g_steal_pointer (&(*error)->message);
  (*error)->message = g_strconcat (message, more, NULL);
}

char *
oci_quote (const char *text)
{
  if (text == NULL)
    return g_strdup ("(none)");

  GString *quoted = g_string_new ("‘");
  g_autofree char *shown = oci_redact (text); /* before the cut, which could leave half a secret */
  text = shown;
  size_t len = strlen (text);
  const char *end = text + MIN (len, (size_t) QUOTE_MAX_BYTES);
  for (const char *p = text; p < end;)
    {
      gunichar c = g_utf8_get_char_validated (p, (gssize) (text + len - p));
      if (c == (gunichar) -1 || c == (gunichar) -2)
        {
          g_string_append_printf (quoted, "\\x%02x", (unsigned char) *p++);
          continue;
        }
      if (oci_unichar_misleads (c))
        g_string_append_printf (quoted, c < 0x80 ? "\\x%02x" : "\\u%04x", c);
      else
        g_string_append_unichar (quoted, c);
      p = g_utf8_next_char (p);
    }
  if (len > QUOTE_MAX_BYTES)
    g_string_append (quoted, "…");
  g_string_append (quoted, "’");
  return g_string_free (quoted, FALSE);
}

char *
oci_show (const char *text)
{
  static const char separators[] = "'`\"‘’‚“”„«»,;()…";
  if (text == NULL || !g_utf8_validate (text, -1, NULL))
    return oci_quote (text);
  gunichar last = ' ';
  gboolean plain = strlen (text) <= QUOTE_MAX_BYTES;
  for (const char *p = text; plain && *p != '\0'; p = g_utf8_next_char (p))
    {
      last = g_utf8_get_char (p);
      plain = g_unichar_isgraph (last) && !oci_unichar_misleads (last)
              && g_utf8_strchr (separators, -1, last) == NULL;
    }
  if (!plain || last == ' ' || last == '.' || last == ':')
    return oci_quote (text);
  g_autofree char *shown = oci_redact (text);
  return strcmp (shown, text) == 0 ? g_steal_pointer (&shown) : oci_quote (text);
}

OciErrorPrefix
oci_error_prefix_new (GError **error, const char *format, ...)
{
  OciErrorPrefix self = { .error = error, .prefix = NULL };
  va_list args;
  va_start (args, format);
  self.prefix = g_strdup_vprintf (format, args);
  va_end (args);
  return self;
}

void
oci_error_prefix_clear (OciErrorPrefix *self)
{
  if (self->error != NULL && *self->error != NULL)
    g_prefix_error (self->error, "%s: ", self->prefix);
  g_clear_pointer (&self->prefix, g_free);
}
