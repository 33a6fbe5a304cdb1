#include "builder/check/finding.h"

#include "builder/error.h"

#include "oci/base/glob.h"
#include "oci/base/raw-name.h"

#include <string.h>

struct _TerraneFindings
{
  GPtrArray *list;     /* of TerraneFinding with strings of their own */
  GHashTable *ignored; /* set of ids */
  gboolean sorted;
};

static const char *const severity_names[] = { "error", "warning", "note", "off" };

const char *
terrane_severity_name (TerraneSeverity severity)
{
  return severity_names[severity];
}

static void
finding_free (gpointer data)
{
  TerraneFinding *self = data;
  g_free ((char *) self->path);
  g_free ((char *) self->tree);
  g_free ((char *) self->message);
  g_free ((char *) self->fix);
  g_free ((char *) self->reason);
  g_free (self);
}

TerraneFindings *
terrane_findings_new (void)
{
  TerraneFindings *self = g_new0 (TerraneFindings, 1);
  self->list = g_ptr_array_new_with_free_func (finding_free);
  self->ignored = g_hash_table_new (g_str_hash, g_str_equal);
  return self;
}

void
terrane_findings_free (TerraneFindings *self)
{
  if (self == NULL)
    return;
  g_ptr_array_unref (self->list);
  g_hash_table_unref (self->ignored);
  g_free (self);
}

static int
compare_findings (const TerraneFinding *a, const TerraneFinding *b)
{
  if (a->severity != b->severity)
    return a->severity < b->severity ? -1 : 1;
  int order = strcmp (a->id, b->id);
  order = order != 0 ? order : g_strcmp0 (a->path, b->path);
  order = order != 0 ? order : g_strcmp0 (a->tree, b->tree);
  order = order != 0 ? order : strcmp (a->message, b->message);
  return order != 0 ? order : g_strcmp0 (a->fix, b->fix);
}

static int
compare_pointers (const void *a, const void *b)
{
  return compare_findings (*(const TerraneFinding *const *) a, *(const TerraneFinding *const *) b);
}

void
terrane_findings_add (TerraneFindings *self, const TerraneFinding *finding)
{
  if (g_hash_table_contains (self->ignored, finding->id))
    return;
  TerraneFinding *copy = g_new0 (TerraneFinding, 1);
  *copy = (TerraneFinding){
    .id = finding->id,
    .severity = finding->severity,
    .path = g_strdup (finding->path),
    .tree = g_strdup (finding->tree),
    .message = g_strdup (finding->message),
    .fix = g_strdup (finding->fix),
  };
  g_ptr_array_add (self->list, copy);
  self->sorted = FALSE;
}

static gboolean
matches (const char *id, const char *pattern)
{
  return g_str_has_suffix (pattern, ".*") ? strncmp (id, pattern, strlen (pattern) - 1) == 0
                                          : strcmp (id, pattern) == 0;
}

void
terrane_findings_override (TerraneFindings *self, const char *pattern, const char *const *paths,
                           TerraneSeverity severity, const char *reason)
{
  for (guint i = 0; i < self->list->len; i++)
    {
      TerraneFinding *finding = self->list->pdata[i];
      if (!matches (finding->id, pattern)
          || (paths != NULL
              && (finding->path == NULL || !oci_glob_match_any (paths, finding->path))))
        continue;
      if (!finding->overridden)
        finding->found_as = finding->severity;
      finding->overridden = TRUE;
      finding->severity = severity;
      g_free ((char *) finding->reason);
      finding->reason = g_strdup (reason);
    }
  self->sorted = FALSE;
}

void
terrane_findings_report (TerraneFindings *self, const char *id, TerraneSeverity severity,
                         const char *fix, const char *format, ...)
{
  va_list args;
  va_start (args, format);
  g_autofree char *message = g_strdup_vprintf (format, args);
  va_end (args);
  const TerraneFinding finding = { .id = id, .severity = severity, .message = message, .fix = fix };
  terrane_findings_add (self, &finding);
}

void
terrane_findings_ignore (TerraneFindings *self, const char *id)
{
  const char *known = NULL;
  for (const char *const *each = terrane_finding_ids (); *each != NULL; each++)
    if (g_str_equal (*each, id))
      known = *each;
  if (known == NULL)
    return;
  g_hash_table_add (self->ignored, (gpointer) known);
  for (guint i = self->list->len; i-- > 0;)
    if (g_str_equal (((TerraneFinding *) self->list->pdata[i])->id, known))
      g_ptr_array_remove_index (self->list, i);
}

const GPtrArray *
terrane_findings_list (TerraneFindings *self)
{
  GPtrArray *list = self->list;
  if (self->sorted || list->len == 0)
    return list;
  qsort (list->pdata, list->len, sizeof list->pdata[0], compare_pointers);
  guint kept = 1;
  for (guint i = 1; i < list->len; i++)
    if (compare_pointers (&list->pdata[kept - 1], &list->pdata[i]) == 0)
      finding_free (list->pdata[i]);
    else
      list->pdata[kept++] = list->pdata[i];
  g_ptr_array_set_free_func (list, NULL); /* those behind @kept moved or are gone */
  g_ptr_array_set_size (list, (int) kept);
  g_ptr_array_set_free_func (list, finding_free);
  self->sorted = TRUE;
  return list;
}

guint
terrane_findings_count (TerraneFindings *self, TerraneSeverity severity)
{
  const GPtrArray *list = terrane_findings_list (self);
  guint count = 0;
  for (guint i = 0; i < list->len; i++)
    count += ((TerraneFinding *) list->pdata[i])->severity == severity;
  return count;
}

guint
terrane_findings_count_family (TerraneFindings *self, const char *family, TerraneSeverity severity)
{
  const GPtrArray *list = terrane_findings_list (self);
  size_t len = strlen (family);
  guint count = 0;
  for (guint i = 0; i < list->len; i++)
    {
      const TerraneFinding *finding = list->pdata[i];
      count += finding->severity == severity && strncmp (finding->id, family, len) == 0
               && finding->id[len] == '.';
    }
  return count;
}

json_t *
terrane_findings_to_json (TerraneFindings *self)
{
  const GPtrArray *list = terrane_findings_list (self);
  json_t *array = json_array ();
  for (guint i = 0; i < list->len; i++)
    {
      const TerraneFinding *finding = list->pdata[i];
      json_t *object = json_object ();
      g_autofree char *shown = finding->path != NULL ? oci_raw_name_show (finding->path) : NULL;
      g_autofree char *path = shown != NULL ? g_strconcat ("/", shown, NULL) : NULL;
      oci_json_set_text (object, "id", finding->id);
      oci_json_set_text (object, "severity", terrane_severity_name (finding->severity));
      oci_json_set_text (object, "path", path);
      oci_json_set_text (object, "tree", finding->tree);
      oci_json_set_text (object, "message", finding->message);
      oci_json_set_text (object, "fix", finding->fix);
      if (finding->overridden)
        oci_json_set_text (object, "found_as", terrane_severity_name (finding->found_as));
      oci_json_set_text (object, "reason", finding->reason);
      oci_json_append (array, object);
    }
  return array;
}

static const char *
member (const json_t *object, const char *key)
{
  return json_string_value (json_object_get (object, key));
}

/* The static text that is equal to @text. */
static const char *
find_word (const char *const *words, const char *text)
{
  for (; text != NULL && *words != NULL; words++)
    if (strcmp (*words, text) == 0)
      return *words;
  return NULL;
}

TerraneFindings *
terrane_findings_from_json (const json_t *array)
{
  static const char *const severities[] = { "error", "warning", "note", NULL };
  g_autoptr (TerraneFindings) self = terrane_findings_new ();
  size_t i;
  json_t *object;
  if (!json_is_array (array))
    return NULL;
  json_array_foreach (array, i, object)
  {
    const char *found_as = member (object, "found_as"), *path = member (object, "path");
    const char *severity =
        find_word (severities, found_as != NULL ? found_as : member (object, "severity"));
    TerraneFinding finding = { .id = find_word (terrane_finding_ids (), member (object, "id")),
                               .path = path != NULL ? path + strspn (path, "/") : NULL,
                               .tree = member (object, "tree"),
                               .message = member (object, "message"),
                               .fix = member (object, "fix") };
    if (finding.id == NULL || severity == NULL || finding.message == NULL)
      return NULL;
    while (severities[finding.severity] != severity)
      finding.severity++;
    terrane_findings_add (self, &finding);
  }
  return g_steal_pointer (&self);
}

/* ": ‘/usr/lib/x’ in ‘base’", as far as known */
static void
print_place (GString *text, const TerraneFinding *finding)
{
  if (finding->path != NULL)
    {
      g_autofree char *path = g_strconcat ("/", finding->path, NULL);
      g_autofree char *quoted = oci_quote (path);
      g_string_append_printf (text, ": %s", quoted);
    }
  if (finding->tree != NULL)
    {
      g_autofree char *quoted = oci_quote (finding->tree);
      g_string_append_printf (text, " in %s", quoted);
    }
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

gboolean
terrane_findings_gate (TerraneFindings *self, GError **error, const char *format, ...)
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
    {
      const TerraneFinding *finding = list->pdata[i];
      if (finding->severity != TERRANE_SEVERITY_ERROR)
        continue;
      g_auto (GStrv) lines = g_strsplit (finding->message, "\n", -1);
      g_autofree char *message = g_strjoinv ("\n    ", lines);
      g_string_append_printf (text, "\n  %s", finding->id);
      print_place (text, finding);
      g_string_append_printf (text, ": %s%s%s", message, finding->fix != NULL ? "; " : "",
                              finding->fix != NULL ? finding->fix : "");
    }
  g_set_error_literal (error, TERRANE_ERROR, TERRANE_ERROR_GATE, text->str);
  return FALSE;
}
