/* Findings as text for users. */
#include "builder/check/finding.h"

#include "builder/error.h"

#include <string.h>

enum
{
  MAX_SHOWN_FILES = 5,
};

static guint
count_files (const TerraneFinding *self)
{
  return self->files != NULL ? self->files->len : 1;
}

/* ": /usr/lib/x in base", as far as known */
static void
print_place (GString *text, const TerraneFinding *finding)
{
  if (finding->path != NULL)
    {
      g_autofree char *path = g_strconcat ("/", finding->path, NULL);
      g_autofree char *quoted = oci_show (path);
      g_string_append_printf (text, ": %s", quoted);
    }
  if (finding->tree != NULL)
    {
      g_autofree char *quoted = oci_show (finding->tree);
      g_string_append_printf (text, " in %s", quoted);
    }
}

/* "the same of 33 more files: /b, /c …" */
static void
print_files (GString *text, const char *start, const TerraneFinding *finding)
{
  guint count = count_files (finding) - 1;
  if (count == 0)
    return;
  g_string_append_printf (text, "%sthe same of %u more file%s: ", start, count,
                          count == 1 ? "" : "s");
  for (guint i = 1; i <= MIN (count, MAX_SHOWN_FILES); i++)
    {
      const TerraneFindingFile *file = finding->files->pdata[i];
      g_autofree char *path = g_strconcat ("/", file->path, NULL);
      g_autofree char *quoted = oci_show (path);
      g_string_append_printf (text, "%s%s", i > 1 ? ", " : "", quoted);
    }
  if (count > MAX_SHOWN_FILES)
    g_string_append_printf (text, " and %u more", count - MAX_SHOWN_FILES);
}

static void
print_finding (GString *text, const TerraneFinding *finding)
{
  g_string_append_printf (text, "%s: %s", terrane_severity_name (finding->severity), finding->id);
  print_place (text, finding);
  g_autofree char *reason = oci_quote (finding->reason);
  if (finding->overridden)
    g_string_append_printf (
        text, "\n  the profile says so of this %s%s%s", terrane_severity_name (finding->found_as),
        finding->reason != NULL ? ": " : "", finding->reason != NULL ? reason : "");
  g_auto (GStrv) lines = g_strsplit (finding->message, "\n", -1);
  for (char **line = lines; *line != NULL; line++)
    g_string_append_printf (text, "\n  %s", *line);
  print_files (text, "\n  ", finding);
  if (finding->fix != NULL)
    g_string_append_printf (text, "\n  fix: %s", finding->fix);
  g_string_append (text, "\n\n");
}

char *
terrane_findings_to_text (TerraneFindings *self)
{
  const GPtrArray *list = terrane_findings_list (self);
  GString *text = g_string_new (NULL);
  for (guint i = 0; i < list->len; i++)
    print_finding (text, list->pdata[i]);
  guint errors = terrane_findings_count (self, TERRANE_SEVERITY_ERROR);
  guint warnings = terrane_findings_count (self, TERRANE_SEVERITY_WARNING);
  guint notes = terrane_findings_count (self, TERRANE_SEVERITY_NOTE);
  g_string_append_printf (text, "%u error%s, %u warning%s, %u note%s\n", errors,
                          errors == 1 ? "" : "s", warnings, warnings == 1 ? "" : "s", notes,
                          notes == 1 ? "" : "s");
  guint off = terrane_findings_count (self, TERRANE_SEVERITY_OFF);
  if (off > 0)
    {
      g_string_truncate (text, text->len - 1);
      g_string_append_printf (text, ", %u turned off\n", off);
    }
  return g_string_free (text, FALSE);
}

static void
print_error (GString *text, const TerraneFinding *finding)
{
  g_auto (GStrv) lines = g_strsplit (finding->message, "\n", -1);
  g_autofree char *message = g_strjoinv ("\n    ", lines);
  g_string_append_printf (text, "\n  %s", finding->id);
  print_place (text, finding);
  g_string_append_printf (text, ": %s", message);
  print_files (text, "\n    ", finding);
  if (finding->fix != NULL)
    g_string_append_printf (text, "; %s", finding->fix);
}

/* One line each, so that the errors are read first. */
static void
print_warnings (GString *text, const GPtrArray *list, guint count)
{
  if (count == 0)
    return;
  g_string_append_printf (text, "\n%u warning%s:", count, count == 1 ? "" : "s");
  for (guint i = 0; i < list->len; i++)
    {
      const TerraneFinding *finding = list->pdata[i];
      if (finding->severity != TERRANE_SEVERITY_WARNING)
        continue;
      guint more = count_files (finding) - 1;
      g_string_append_printf (text, "\n  %s", finding->id);
      print_place (text, finding);
      g_string_append_printf (text, ": %.*s", (int) strcspn (finding->message, "\n"),
                              finding->message);
      if (more > 0)
        g_string_append_printf (text, " (and %u more file%s)", more, more == 1 ? "" : "s");
    }
}

gboolean
terrane_findings_refuse (TerraneFindings *self, GError **error, const char *format, ...)
{
  const GPtrArray *list = terrane_findings_list (self);
  if (terrane_findings_count (self, TERRANE_SEVERITY_ERROR) == 0)
    return TRUE;
  va_list args;
  va_start (args, format);
  g_autofree char *meaning = g_strdup_vprintf (format, args);
  va_end (args);
  g_autoptr (GString) text = g_string_new (meaning);
  for (guint i = 0; i < list->len; i++)
    if (((TerraneFinding *) list->pdata[i])->severity == TERRANE_SEVERITY_ERROR)
      print_error (text, list->pdata[i]);
  print_warnings (text, list, terrane_findings_count (self, TERRANE_SEVERITY_WARNING));
  g_set_error_literal (error, TERRANE_ERROR, TERRANE_ERROR_REFUSED, text->str);
  return FALSE;
}
