#include "builder/report/page.h"

#include <gio/gio.h>
#include <string.h>

#define RESOURCES "/terrane/report/"

/* In the source generated from report.gresource.xml. */
extern GResource *terrane_report_get_resource (void);
extern void terrane_report_register_resource (void);

/* Registered on demand, since that needs GIO. */
static GResource *
get_resource (void)
{
  static gsize registered;
  if (g_once_init_enter (&registered))
    {
      terrane_report_register_resource ();
      g_once_init_leave (&registered, 1);
    }
  return terrane_report_get_resource ();
}

static GBytes *
read_part (const char *name)
{
  g_autofree char *path = g_strconcat (RESOURCES, name, NULL);
  GBytes *bytes =
      g_resource_lookup_data (get_resource (), path, G_RESOURCE_LOOKUP_FLAGS_NONE, NULL);
  g_assert (bytes != NULL); /* it is part of the program */
  return bytes;
}

/* "</script>" and "<!--" inside of a string would end the element: JSON has another spelling of
 * "<". */
static void
add_data (GString *out, const json_t *document)
{
  g_autofree char *text = json_dumps (document, JSON_COMPACT | JSON_SORT_KEYS | JSON_ENSURE_ASCII);
  if (text == NULL)
    g_error ("out of memory while writing a report");
  for (const char *c = text; *c != '\0'; c++)
    if (*c == '<')
      g_string_append (out, "\\u003c");
    else
      g_string_append_c (out, *c);
}

char *
terrane_report_page (const json_t *document)
{
  g_autoptr (GBytes) frame = read_part ("report.html");
  GString *out = g_string_new (NULL);
  gsize length = 0;
  const char *text = g_bytes_get_data (frame, &length);
  const char *end = text + length;
  while (text < end)
    {
      static const char *const parts[] = { "report.css", "report.js" };
      const char *mark = memchr (text, '@', (size_t) (end - text));
      const char *close = mark != NULL ? memchr (mark + 1, '@', (size_t) (end - mark - 1)) : NULL;
      if (close == NULL)
        {
          g_string_append_len (out, text, end - text);
          break;
        }
      g_autofree char *name = g_strndup (mark + 1, (gsize) (close - mark - 1));
      g_string_append_len (out, text, mark - text);
      if (g_str_equal (name, "data"))
        add_data (out, document);
      for (gsize i = 0; i < G_N_ELEMENTS (parts); i++)
        if (g_str_equal (name, parts[i]))
          {
            g_autoptr (GBytes) part = read_part (parts[i]);
            gsize size = 0;
            const char *bytes = g_bytes_get_data (part, &size);
            g_string_append_len (out, bytes, (gssize) size);
          }
      text = close + 1;
    }
  return g_string_free (out, FALSE);
}
