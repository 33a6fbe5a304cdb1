#include "builder/python/entry-points.h"

#include "oci/base/path.h"
#include "oci/base/text-hash.h"

#include <string.h>

enum
{
  MAX_SCRIPTS = 10000,
  MAX_SHEBANG = 127, /* BINPRM_BUF_SIZE of Linux before 5.1, without the NUL */
};

void
terrane_entry_point_free (TerraneEntryPoint *self)
{
  if (self == NULL)
    return;
  g_free (self->name);
  g_free (self->module);
  g_free (self->attribute);
  g_free (self);
}

/* The specification allows almost any name; a file name does not. */
static gboolean
check_name (const char *name, GError **error)
{
  gboolean good = name[0] != '\0' && strcmp (name, ".") != 0 && strcmp (name, "..") != 0
                  && strlen (name) <= OCI_NAME_MAX_BYTES && strpbrk (name, "/\\") == NULL;
  for (const char *p = name; good && *p != '\0'; p = g_utf8_next_char (p))
    good = !g_unichar_iscntrl (g_utf8_get_char (p));
  if (good)
    return TRUE;
  g_autofree char *quoted = oci_quote (name);
  return oci_throw (error, OCI_ERROR_FORMAT, "%s cannot be the name of a script", quoted);
}

/* Python identifiers separated by dots; they become source code. */
static gboolean
is_dotted_name (const char *text)
{
  gboolean first = TRUE;
  for (; *text != '\0'; text = g_utf8_next_char (text))
    {
      gunichar c = g_utf8_get_char (text);
      if (c == '.' && !first)
        {
          first = TRUE;
          continue;
        }
      if (c != '_' && !(first ? g_unichar_isalpha (c) : g_unichar_isalnum (c)))
        return FALSE;
      first = FALSE;
    }
  return !first;
}

/* Removes " [extras]" from the value. */
static gboolean
cut_extras (char *value)
{
  char *bracket = strchr (value, '[');
  if (bracket == NULL)
    return TRUE;
  if (!g_str_has_suffix (bracket, "]"))
    return FALSE;
  *bracket = '\0';
  g_strchomp (value);
  return TRUE;
}

static TerraneEntryPoint *
parse_script (char *name, char *value, GError **error)
{
  g_autoptr (TerraneEntryPoint) self = g_new0 (TerraneEntryPoint, 1);
  g_autofree char *quoted = oci_quote (name), *quoted_value = oci_quote (value);
  if (!check_name (name, error))
    return NULL;
  char *colon = strchr (value, ':');
  if (colon == NULL || !cut_extras (colon))
    {
      oci_throw (error, OCI_ERROR_FORMAT, "the script %s needs “module:function”, not %s", quoted,
                 quoted_value);
      return NULL;
    }
  *colon = '\0';
  self->name = g_strdup (name);
  self->module = g_strdup (g_strstrip (value));
  self->attribute = g_strdup (g_strstrip (colon + 1));
  if (is_dotted_name (self->module) && is_dotted_name (self->attribute))
    return g_steal_pointer (&self);
  oci_throw (error, OCI_ERROR_FORMAT, "the script %s names %s, which Python cannot import", quoted,
             quoted_value);
  return NULL;
}

/* Adds @script. Of several with one name the last is used, and one of gui_scripts is replaced by
 * one of console_scripts: pip writes them in this order, each over the existing file. @names: their
 * positions, from 1. */
static gboolean
put_script (GPtrArray *scripts, GHashTable *names, TerraneEntryPoint *script, GError **error)
{
  guint at = GPOINTER_TO_UINT (g_hash_table_lookup (names, script->name));
  TerraneEntryPoint *other = at > 0 ? scripts->pdata[at - 1] : NULL;
  if (other != NULL && (script->gui || !other->gui))
    {
      scripts->pdata[at - 1] = script;
      g_hash_table_replace (names, script->name, GUINT_TO_POINTER (at));
      terrane_entry_point_free (other);
      return TRUE;
    }
  gboolean full = scripts->len >= MAX_SCRIPTS;
  if (other != NULL || full)
    {
      terrane_entry_point_free (script);
      return other != NULL || oci_throw (error, OCI_ERROR_LIMIT, "over %d scripts", MAX_SCRIPTS);
    }
  g_ptr_array_add (scripts, script);
  g_hash_table_insert (names, script->name, GUINT_TO_POINTER (scripts->len));
  return TRUE;
}

static gboolean
take_script (char *line, gboolean gui, GPtrArray *scripts, GHashTable *names, GError **error)
{
  char *equals = strchr (line, '=');
  if (equals == NULL)
    {
      g_autofree char *quoted = oci_quote (line);
      return oci_throw (error, OCI_ERROR_FORMAT, "the line %s has no ‘=’", quoted);
    }
  *equals = '\0';
  TerraneEntryPoint *script = parse_script (g_strstrip (line), g_strstrip (equals + 1), error);
  if (script == NULL)
    return FALSE;
  script->gui = gui;
  return put_script (scripts, names, script, error);
}

static gboolean
parse_lines (char **lines, GPtrArray *scripts, GError **error)
{
  g_autoptr (GHashTable) names = g_hash_table_new (oci_text_hash, g_str_equal);
  gboolean in_section = FALSE, console = FALSE, gui = FALSE;
  for (; *lines != NULL; lines++)
    {
      char *line = g_strstrip (*lines);
      if (line[0] == '\0' || line[0] == '#' || line[0] == ';')
        continue;
      if (line[0] == '[' && g_str_has_suffix (line, "]"))
        {
          in_section = TRUE;
          console = strcmp (line, "[console_scripts]") == 0;
          gui = strcmp (line, "[gui_scripts]") == 0;
        }
      else if (!in_section)
        return oci_throw (error, OCI_ERROR_FORMAT, "text before the first section");
      else if ((console || gui) && !take_script (line, gui, scripts, names, error))
        return FALSE;
    }
  return TRUE;
}

GPtrArray *
terrane_entry_points_parse (GBytes *bytes, GError **error)
{
  OCI_PREFIX (error, "entry_points.txt");
  gsize size = 0;
  const char *data = g_bytes_get_data (bytes, &size);
  g_autoptr (GPtrArray) scripts =
      g_ptr_array_new_with_free_func ((GDestroyNotify) terrane_entry_point_free);
  if (size == 0)
    return g_steal_pointer (&scripts);
  if (!g_utf8_validate (data, (gssize) size, NULL))
    {
      oci_throw (error, OCI_ERROR_FORMAT, "not UTF-8 text");
      return NULL;
    }
  g_autofree char *text = g_strndup (data, size);
  g_auto (GStrv) lines = g_strsplit (text, "\n", -1);
  if (!parse_lines (lines, scripts, error))
    return NULL;
  return g_steal_pointer (&scripts);
}

char *
terrane_script_shebang (const char *interpreter)
{
  gboolean spaces = strchr (interpreter, ' ') != NULL;
  if (!spaces && strlen ("#!\n") + strlen (interpreter) <= MAX_SHEBANG)
    return g_strdup_printf ("#!%s\n", interpreter);
  const char *quote = spaces ? "\"" : "";
  return g_strdup_printf ("#!/bin/sh\n'''exec' %s%s%s \"$0\" \"$@\"\n' '''\n", quote, interpreter,
                          quote);
}

char *
terrane_entry_point_script (const TerraneEntryPoint *self, const char *interpreter)
{
  g_autofree char *shebang = terrane_script_shebang (interpreter);
  g_autofree char *imported = g_strndup (self->attribute, strcspn (self->attribute, "."));
  return g_strdup_printf ("%s"
                          "# -*- coding: utf-8 -*-\n"
                          "import re\n"
                          "import sys\n"
                          "from %s import %s\n"
                          "if __name__ == '__main__':\n"
                          "    sys.argv[0] = re.sub(r'(-script\\.pyw|\\.exe)?$', '', sys.argv[0])\n"
                          "    sys.exit(%s())\n",
                          shebang, self->module, imported, self->attribute);
}
