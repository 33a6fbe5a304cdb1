/* Findings as text for users. */
#include "builder/check/finding.h"

#include "builder/error.h"

#include <string.h>

enum
{
  MAX_SHOWN_FILES = 5, /* of an error that refuses an image */
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

/* "the same of 33 more files: /b, /c …" @max: the number shown; 0: all */
static void
print_files (GString *text, const char *start, const TerraneFinding *finding, guint max)
{
  guint count = count_files (finding) - 1;
  guint shown = max > 0 ? MIN (count, max) : count;
  if (count == 0)
    return;
  g_string_append_printf (text, "%sthe same of %u more file%s: ", start, count,
                          count == 1 ? "" : "s");
  for (guint i = 1; i <= shown; i++)
    {
      const TerraneFindingFile *file = finding->files->pdata[i];
      g_autofree char *path = g_strconcat ("/", file->path, NULL);
      g_autofree char *quoted = oci_show (path);
      g_string_append_printf (text, "%s%s", i > 1 ? ", " : "", quoted);
    }
  if (count > shown)
    g_string_append_printf (text, " and %u more", count - shown);
}

/* Each line of @message after @start. */
static void
print_message (GString *text, const char *start, const char *message)
{
  g_auto (GStrv) lines = g_strsplit (message, "\n", -1);
  for (char **line = lines; *line != NULL; line++)
    g_string_append_printf (text, "%s%s", start, *line);
}

static void
print_finding (GString *text, const TerraneFinding *finding, guint max)
{
  g_string_append_printf (text, "%s: %s", terrane_severity_name (finding->severity), finding->id);
  print_place (text, finding);
  g_autofree char *reason = oci_quote (finding->reason);
  if (finding->overridden)
    g_string_append_printf (
        text, "\n  the profile says so of this %s%s%s", terrane_severity_name (finding->found_as),
        finding->reason != NULL ? ": " : "", finding->reason != NULL ? reason : "");
  print_message (text, "\n  ", finding->message);
  print_files (text, "\n  ", finding, max);
  if (finding->fix != NULL)
    g_string_append_printf (text, "\n  fix: %s", finding->fix);
  g_string_append (text, "\n\n");
}

/* Returns how many findings from @start are of one kind: those that the profile has changed are
 * separate. */
static guint
count_kind (const GPtrArray *list, guint start)
{
  const TerraneFinding *first = list->pdata[start];
  guint end = start + 1;
  for (; end < list->len && !first->overridden; end++)
    {
      const TerraneFinding *next = list->pdata[end];
      if (next->severity != first->severity || strcmp (next->id, first->id) != 0
          || next->overridden)
        break;
    }
  return end - start;
}

/* Whether all of them have the same message, or the same fix: then it is printed once. */
static gboolean
is_common (const GPtrArray *list, guint start, guint count, gboolean fix)
{
  const TerraneFinding *first = list->pdata[start];
  for (guint i = start + 1; i < start + count; i++)
    {
      const TerraneFinding *next = list->pdata[i];
      if (fix ? g_strcmp0 (next->fix, first->fix) != 0
              : strcmp (next->message, first->message) != 0)
        return FALSE;
    }
  return TRUE;
}

/* Prints several findings of one kind as one with a list. */
static void
print_kind (GString *text, const GPtrArray *list, guint start, guint count, guint max)
{
  const TerraneFinding *first = list->pdata[start];
  gboolean message = is_common (list, start, count, FALSE),
           fix = is_common (list, start, count, TRUE);
  guint shown = max > 0 ? MIN (count, max) : count;
  g_string_append_printf (text, "%s: %s: %u findings", terrane_severity_name (first->severity),
                          first->id, count);
  if (message)
    print_message (text, "\n  ", first->message);
  for (guint i = start; i < start + shown; i++)
    {
      const TerraneFinding *finding = list->pdata[i];
      g_autoptr (GString) place = g_string_new (NULL);
      g_autoptr (GString) said = g_string_new (NULL);
      print_place (place, finding);
      if (!message)
        print_message (said, "\n    ", finding->message);
      /* ": /a in b" and "\n text": a line each, with the text on the line of the place. */
      const char *at = place->len > 0 ? place->str + strlen (": ") : "";
      const char *line = said->len > 0 ? said->str + strlen ("\n    ") : "";
      if (*at != '\0' || *line != '\0')
        g_string_append_printf (text, "\n  %s%s%s", at, *at != '\0' && *line != '\0' ? ": " : "",
                                line);
      print_files (text, "\n    ", finding, max);
      if (!fix && finding->fix != NULL)
        g_string_append_printf (text, "\n    fix: %s", finding->fix);
    }
  if (count > shown)
    g_string_append_printf (text, "\n  … and %u more; --verbose or --json shows all",
                            count - shown);
  if (fix && first->fix != NULL)
    g_string_append_printf (text, "\n  fix: %s", first->fix);
  g_string_append (text, "\n\n");
}

char *
terrane_findings_to_text (TerraneFindings *self, guint max)
{
  const GPtrArray *list = terrane_findings_list (self);
  GString *text = g_string_new (NULL);
  for (guint i = 0, count = 0; i < list->len; i += count)
    {
      count = count_kind (list, i);
      if (count == 1)
        print_finding (text, list->pdata[i], max);
      else
        print_kind (text, list, i, count, max);
    }
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
  print_files (text, "\n    ", finding, MAX_SHOWN_FILES);
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
