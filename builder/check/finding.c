#include "builder/check/finding.h"

#include "oci/base/glob.h"
#include "oci/base/raw-name.h"
#include "oci/base/text-hash.h"

#include <string.h>

struct _TerraneFindings
{
  GPtrArray *list;     /* of TerraneFinding with their own strings */
  GHashTable *ignored; /* set of ids */
  gboolean sorted;
};

static void
finding_free (gpointer data)
{
  TerraneFinding *self = data;
  g_free ((char *) self->path);
  g_free ((char *) self->tree);
  g_free ((char *) self->message);
  g_free ((char *) self->fix);
  g_free ((char *) self->reason);
  g_free ((char *) self->cause);
  g_clear_pointer (&self->files, g_ptr_array_unref);
  g_free (self);
}

static void
file_free (gpointer data)
{
  TerraneFindingFile *self = data;
  g_free (self->path);
  g_free (self->tree);
  g_free (self);
}

static GPtrArray *
files_new (void)
{
  return g_ptr_array_new_with_free_func (file_free);
}

static void
add_file (GPtrArray *files, const char *path, const char *tree, TerraneSeverity severity)
{
  TerraneFindingFile *file = g_new0 (TerraneFindingFile, 1);
  *file = (TerraneFindingFile){ g_strdup (path), g_strdup (tree), severity };
  g_ptr_array_add (files, file);
}

TerraneFindings *
terrane_findings_new (void)
{
  TerraneFindings *self = g_new0 (TerraneFindings, 1);
  self->list = g_ptr_array_new_with_free_func (finding_free);
  self->ignored = g_hash_table_new (oci_text_hash, g_str_equal);
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

/* Sets the files of @self, and its members from the first of them; a single file is not a list. */
static void
take_files (TerraneFinding *self, GPtrArray *files)
{
  const TerraneFindingFile *first = files->pdata[0];
  TerraneSeverity *found = self->overridden ? &self->found_as : &self->severity;
  g_free ((char *) self->path);
  g_free ((char *) self->tree);
  self->path = g_strdup (first->path);
  self->tree = g_strdup (first->tree);
  *found = first->severity;
  g_clear_pointer (&self->files, g_ptr_array_unref);
  if (files->len > 1)
    self->files = g_ptr_array_ref (files);
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
  order = order != 0 ? order : g_strcmp0 (a->fix, b->fix);
  return order != 0 ? order : g_strcmp0 (a->cause, b->cause);
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
  if (!terrane_finding_may_be (finding->id, finding->severity))
    g_critical ("the table of findings does not know %s as %s", finding->id,
                terrane_severity_name (finding->severity));
  TerraneFinding *copy = g_new0 (TerraneFinding, 1);
  *copy = (TerraneFinding){
    .id = finding->id,
    .severity = finding->severity,
    .path = g_strdup (finding->path),
    .tree = g_strdup (finding->tree),
    .message = g_strdup (finding->message),
    .fix = g_strdup (finding->fix),
    .cause = g_strdup (finding->cause),
  };
  g_ptr_array_add (self->list, copy);
  self->sorted = FALSE;
}

/* Moves those of @finding's files that match @paths to a finding of their own.
 * Returns: (transfer none) (nullable): the one that matches: @finding itself, if all match */
static TerraneFinding *
split (TerraneFindings *self, TerraneFinding *finding, const char *const *paths)
{
  g_autoptr (GPtrArray) matching = files_new (), others = files_new ();
  if (paths == NULL)
    return finding;
  if (finding->files == NULL)
    return finding->path != NULL && oci_glob_match_any (paths, finding->path) ? finding : NULL;
  for (guint i = 0; i < finding->files->len; i++)
    {
      const TerraneFindingFile *file = finding->files->pdata[i];
      add_file (oci_glob_match_any (paths, file->path) ? matching : others, file->path, file->tree,
                file->severity);
    }
  if (matching->len == 0 || others->len == 0)
    return matching->len > 0 ? finding : NULL;
  TerraneFinding *copy = g_new0 (TerraneFinding, 1);
  *copy = *finding;
  copy->message = g_strdup (finding->message);
  copy->fix = g_strdup (finding->fix);
  copy->reason = g_strdup (finding->reason);
  copy->cause = g_strdup (finding->cause);
  copy->path = copy->tree = NULL;
  copy->files = NULL;
  take_files (copy, matching);
  take_files (finding, others);
  g_ptr_array_add (self->list, copy);
  return copy;
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
  (void) terrane_findings_list (self); /* merges findings of one cause */
  guint count = self->list->len;
  for (guint i = 0; i < count; i++)
    {
      TerraneFinding *finding = self->list->pdata[i];
      if (!matches (finding->id, pattern) || (finding = split (self, finding, paths)) == NULL)
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

static int
compare_files (const void *a, const void *b)
{
  const TerraneFindingFile *one = *(const TerraneFindingFile *const *) a;
  const TerraneFindingFile *other = *(const TerraneFindingFile *const *) b;
  if (one->severity != other->severity)
    return one->severity < other->severity ? -1 : 1;
  int order = strcmp (one->path, other->path);
  return order != 0 ? order : g_strcmp0 (one->tree, other->tree);
}

static TerraneSeverity
found_severity (const TerraneFinding *self)
{
  return self->overridden ? self->found_as : self->severity;
}

static void
collect_files (const TerraneFinding *self, GPtrArray *files)
{
  if (self->files == NULL)
    add_file (files, self->path, self->tree, found_severity (self));
  for (guint i = 0; self->files != NULL && i < self->files->len; i++)
    {
      const TerraneFindingFile *file = self->files->pdata[i];
      add_file (files, file->path, file->tree, file->severity);
    }
}

/* Adds the files of all findings in @group, which have one cause, to the first; frees the
 * others. */
static void
merge (const GPtrArray *group)
{
  g_autoptr (GPtrArray) files = files_new (), kept = files_new ();
  if (group->len == 1)
    return;
  for (guint i = 0; i < group->len; i++)
    collect_files (group->pdata[i], files);
  qsort (files->pdata, files->len, sizeof files->pdata[0], compare_files);
  for (guint i = 0; i < files->len; i++)
    if (i == 0 || compare_files (&files->pdata[i - 1], &files->pdata[i]) != 0)
      {
        const TerraneFindingFile *file = files->pdata[i];
        add_file (kept, file->path, file->tree, file->severity);
      }
  take_files (group->pdata[0], kept);
  for (guint i = 1; i < group->len; i++)
    finding_free (group->pdata[i]);
}

static char *
cause_key (const TerraneFinding *finding)
{
  return g_strdup_printf ("%s %d %d %s\n%s", finding->id, finding->overridden,
                          finding->overridden ? (int) finding->severity : 0,
                          finding->overridden && finding->reason != NULL ? finding->reason : "",
                          finding->cause);
}

/* @list is sorted, so that the most severe of a cause comes first. */
static void
merge_causes (GPtrArray *list)
{
  g_autoptr (GHashTable) causes = g_hash_table_new_full (oci_text_hash, g_str_equal, g_free,
                                                         (GDestroyNotify) g_ptr_array_unref);
  guint kept = 0;
  for (guint i = 0; i < list->len; i++)
    {
      TerraneFinding *finding = list->pdata[i];
      g_autofree char *key =
          finding->cause != NULL && finding->path != NULL ? cause_key (finding) : NULL;
      GPtrArray *group = key != NULL ? g_hash_table_lookup (causes, key) : NULL;
      if (group == NULL)
        list->pdata[kept++] = finding;
      if (group == NULL && key != NULL)
        {
          group = g_ptr_array_new ();
          g_hash_table_insert (causes, g_steal_pointer (&key), group);
        }
      if (group != NULL)
        g_ptr_array_add (group, finding);
    }
  GHashTableIter iter;
  gpointer group;
  g_hash_table_iter_init (&iter, causes);
  while (g_hash_table_iter_next (&iter, NULL, &group))
    merge (group);
  g_ptr_array_set_free_func (list, NULL); /* those after @kept were moved or freed */
  g_ptr_array_set_size (list, (int) kept);
  g_ptr_array_set_free_func (list, finding_free);
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
  g_ptr_array_set_free_func (list, NULL); /* those after @kept were moved or freed */
  g_ptr_array_set_size (list, (int) kept);
  g_ptr_array_set_free_func (list, finding_free);
  merge_causes (list);
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

static json_t *
files_to_json (const GPtrArray *files)
{
  json_t *array = json_array ();
  for (guint i = 0; i < files->len; i++)
    {
      const TerraneFindingFile *file = files->pdata[i];
      json_t *object = json_object ();
      g_autofree char *path = g_strconcat ("/", file->path, NULL);
      oci_json_set_text (object, "path", path);
      oci_json_set_text (object, "tree", file->tree);
      oci_json_set_text (object, "severity", terrane_severity_name (file->severity));
      oci_json_append (array, object);
    }
  return array;
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
      oci_json_set_text (object, "cause", finding->cause);
      if (finding->files != NULL)
        oci_json_set (object, "files", files_to_json (finding->files));
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

/* Returns the static text that is equal to @text. */
static const char *
find_word (const char *const *words, const char *text)
{
  for (; text != NULL && *words != NULL; words++)
    if (strcmp (*words, text) == 0)
      return *words;
  return NULL;
}

/* Possible severities of a finding. */
static const char *const found_names[] = { "error", "warning", "note", NULL };

/* @word: one of @found_names */
static TerraneSeverity
find_severity (const char *word)
{
  TerraneSeverity severity = TERRANE_SEVERITY_ERROR;
  while (found_names[severity] != word)
    severity++;
  return severity;
}

/* Adds @finding for each of @files, which terrane_findings_list() merges again. */
static gboolean
add_files (TerraneFindings *self, const TerraneFinding *finding, const json_t *files)
{
  size_t i;
  json_t *object;
  json_array_foreach (files, i, object)
  {
    const char *path = member (object, "path");
    const char *severity = find_word (found_names, member (object, "severity"));
    if (path == NULL || severity == NULL)
      return FALSE;
    TerraneFinding each = *finding;
    each.path = path + strspn (path, "/");
    each.tree = member (object, "tree");
    each.severity = find_severity (severity);
    terrane_findings_add (self, &each);
  }
  return json_is_array (files);
}

TerraneFindings *
terrane_findings_from_json (const json_t *array)
{
  g_autoptr (TerraneFindings) self = terrane_findings_new ();
  size_t i;
  json_t *object;
  if (!json_is_array (array))
    return NULL;
  json_array_foreach (array, i, object)
  {
    const char *found_as = member (object, "found_as"), *path = member (object, "path");
    const char *severity =
        find_word (found_names, found_as != NULL ? found_as : member (object, "severity"));
    TerraneFinding finding = { .id = find_word (terrane_finding_ids (), member (object, "id")),
                               .path = path != NULL ? path + strspn (path, "/") : NULL,
                               .tree = member (object, "tree"),
                               .message = member (object, "message"),
                               .fix = member (object, "fix") };
    if (finding.id == NULL || severity == NULL || finding.message == NULL)
      return NULL;
    finding.cause = member (object, "cause");
    finding.severity = find_severity (severity);
    if (!terrane_finding_may_be (finding.id, finding.severity))
      return NULL;
    const json_t *files = json_object_get (object, "files");
    if (files == NULL)
      terrane_findings_add (self, &finding);
    else if (finding.cause == NULL || !add_files (self, &finding, files))
      return NULL;
  }
  return g_steal_pointer (&self);
}
