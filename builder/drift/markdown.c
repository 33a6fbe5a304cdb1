#include "builder/drift/markdown.h"

#include "oci/base/text.h"

#include <string.h>

enum
{
  MAX_CELL_CHARACTERS = 300,
  MAX_BYTES = 60000, /* GitHub accepts 65536 characters in an issue; headings are additional */
};

static const char *
text_of (const json_t *object, const char *key)
{
  const char *text = json_string_value (json_object_get (object, key));
  return text != NULL ? text : "";
}

/* A zero-width space, after which "@name", "#1", "https:" and "www" are not links: forges look for
 * these in the rendered text, where an escape is no longer visible. */
#define BREAK "&#8203;"

/* Whether "www." is here, or a character after which forges expect a name or number. */
static gboolean
starts_reference (const char *text, const char *at)
{
  if (*at == ':')
    return at[1] == '/';
  if (*at == '.')
    return at - text >= 3 && g_ascii_strncasecmp (at - 3, "www", 3) == 0;
  return *at != '\0' && strchr ("@#!~%$&", *at) != NULL;
}

/* Writes every special character as in HTML. */
static void
append_escaped (GString *out, const char *text)
{
  glong left = MAX_CELL_CHARACTERS;
  for (const char *at = text; *at != '\0' && left > 0; at = g_utf8_next_char (at), left--)
    {
      gunichar c = g_utf8_get_char (at);
      gboolean reference = starts_reference (text, at);
      if (reference && *at == '.')
        g_string_append (out, BREAK);
      if (oci_unichar_misleads (c))
        g_string_append_c (out, ' ');
      else if (c < 128 && strchr ("\\`*_{}[]()<>#+!|~&@$%", (int) c) != NULL)
        g_string_append_printf (out, "&#%u;", c);
      else
        g_string_append_unichar (out, c);
      if (reference && *at != '.')
        g_string_append (out, BREAK);
    }
  if (left == 0)
    g_string_append (out, "…");
}

static void
append_cell (GString *out, const char *text)
{
  g_string_append (out, " ");
  append_escaped (out, text);
  g_string_append (out, " |");
}

/* Abbreviates digests, which are long. */
static void
append_version (GString *out, const char *text)
{
  gboolean digest = g_str_has_prefix (text, "sha256:") || strlen (text) == 64;
  g_autofree char *cut = g_strndup (text, digest ? strlen ("sha256:") + 12 : strlen (text));
  append_cell (out, cut);
}

/* @piece: (transfer full). Returns: FALSE if there is no room for it */
static gboolean
append_piece (GString *out, GString *piece)
{
  gboolean fits = out->len + piece->len <= MAX_BYTES;
  if (fits)
    g_string_append_len (out, piece->str, (gssize) piece->len);
  g_string_free (piece, TRUE);
  return fits;
}

static GString *
make_row (const json_t *finding)
{
  g_autofree char *severity =
      g_strconcat (text_of (finding, "severity"), text_of (finding, "score")[0] != '\0' ? " " : "",
                   text_of (finding, "score"), NULL);
  g_autofree char *message =
      g_strconcat (severity[0] != '\0' ? severity : "", severity[0] != '\0' ? ": " : "",
                   text_of (finding, "message"), NULL);
  GString *out = g_string_new ("|");
  append_cell (out, text_of (finding, "kind"));
  append_cell (out, text_of (finding, "source"));
  append_cell (out, text_of (finding, "subject"));
  append_version (out, text_of (finding, "locked"));
  append_version (out, text_of (finding, "now"));
  append_cell (out, message);
  g_string_append (out, "\n");
  return out;
}

static void
append_findings (GString *out, const json_t *findings)
{
  size_t i;
  json_t *finding;
  if (json_array_size (findings) == 0)
    {
      g_string_append (out, "Nothing has moved.\n\n");
      return;
    }
  g_string_append (out, "| kind | source | what | locked | now | |\n|---|---|---|---|---|---|\n");
  json_array_foreach (findings, i, finding)
  {
    if (append_piece (out, make_row (finding)))
      continue;
    g_string_append_printf (out, "\nand %zu more.\n", json_array_size (findings) - i);
    break;
  }
  g_string_append (out, "\n");
}

static GString *
make_line (const json_t *question)
{
  const char *source = text_of (question, "source");
  GString *out = g_string_new ("- ");
  append_escaped (out, text_of (question, "question"));
  g_string_append (out, source[0] != '\0' ? " of " : "");
  append_escaped (out, source);
  g_string_append (out, ": ");
  append_escaped (out, text_of (question, "reason"));
  g_string_append (out, "\n");
  return out;
}

static void
append_unanswered (GString *out, const json_t *unanswered)
{
  size_t i;
  json_t *question;
  if (json_array_size (unanswered) == 0)
    return;
  g_string_append (out, "Not answered:\n\n");
  json_array_foreach (unanswered, i, question)
  {
    if (append_piece (out, make_line (question)))
      continue;
    g_string_append_printf (out, "- and %zu more\n", json_array_size (unanswered) - i);
    break;
  }
  g_string_append (out, "\n");
}

char *
terrane_drift_markdown (const json_t *document)
{
  size_t i;
  json_t *profile;
  GString *out = g_string_new ("# Drift of ");
  append_escaped (out, text_of (document, "today"));
  g_string_append (out, "\n\n");
  json_array_foreach (json_object_get (document, "profiles"), i, profile)
  {
    g_string_append (out, "## ");
    append_escaped (out, text_of (profile, "profile"));
    g_string_append (out, ", ");
    append_escaped (out, text_of (profile, "platform"));
    g_string_append (out, "\n\n");
    append_findings (out, json_object_get (profile, "findings"));
    size_t ignored = json_array_size (json_object_get (profile, "ignored"));
    if (ignored > 0)
      g_string_append_printf (out, "Ignored: %zu.\n\n", ignored);
    append_unanswered (out, json_object_get (profile, "unanswered"));
  }
  return g_string_free (out, FALSE);
}
