#include "builder/profile/lock-change.h"

#include "builder/profile/source-kind.h"

#include "oci/base/text-hash.h"

#include <string.h>

enum
{
  SHORT_DIGEST = 12, /* hex digits, as git and podman show them */
};

static void add_line (GPtrArray *lines, const char *format, ...) G_GNUC_PRINTF (2, 3);

static void
add_line (GPtrArray *lines, const char *format, ...)
{
  va_list args;
  va_start (args, format);
  g_ptr_array_add (lines, g_strdup_vprintf (format, args));
  va_end (args);
}

/* Digests are long, and the position of the difference is of no interest. */
static char *
show (const json_t *value)
{
  const char *text = json_string_value (value);
  if (text == NULL)
    return g_strdup ("nothing");
  const char *hex = g_str_has_prefix (text, "sha256:") ? text + strlen ("sha256:") : text;
  if (strlen (hex) == 64 && strspn (hex, "0123456789abcdef") == 64)
    return g_strndup (text, (gsize) (hex - text) + SHORT_DIGEST);
  return g_strdup (text);
}

static const char *
member (const json_t *object, const char *key)
{
  const char *text = json_string_value (json_object_get (object, key));
  return text != NULL ? text : "";
}

static const json_t *
find_by_name (const json_t *list, const char *name)
{
  size_t i;
  json_t *element;
  json_array_foreach (list, i, element)
  {
    if (g_str_equal (member (element, "name"), name))
      return element;
  }
  return NULL;
}

static gboolean
is_equal_but_layer (const json_t *before, const json_t *after)
{
  g_autoptr (OciJsonValue) old = json_copy ((json_t *) before);
  g_autoptr (OciJsonValue) new = json_copy ((json_t *) after);
  (void) json_object_del (old, "layer");
  (void) json_object_del (new, "layer");
  return json_equal (old, new);
}

static void
describe_wheel (const char *what, const json_t *before, const json_t *after, GPtrArray *lines)
{
  const char *name = member (after, "name"), *version = member (before, "version");
  if (!g_str_equal (version, member (after, "version")))
    add_line (lines, "%s: %s %s → %s", what, name, version[0] != '\0' ? version : "nothing",
              member (after, "version"));
  else if (!g_str_equal (member (before, "file"), member (after, "file")))
    add_line (lines, "%s: %s %s: %s → %s", what, name, member (after, "version"),
              member (before, "file"), member (after, "file"));
  else if (!g_str_equal (member (before, "sha256"), member (after, "sha256")))
    add_line (lines, "%s: %s: sha256 %.*s → %.*s", what, member (after, "file"), SHORT_DIGEST,
              member (before, "sha256"), SHORT_DIGEST, member (after, "sha256"));
  else if (!is_equal_but_layer (before, after))
    add_line (lines, "%s: %s: from another place", what, member (after, "file"));
}

/* Lists on one line the wheels that stay the same but go into another layer. */
static void
describe_layers (const char *what, const json_t *before, const json_t *after, GPtrArray *lines)
{
  size_t i;
  json_t *wheel;
  g_autoptr (GString) names = g_string_new (NULL);
  json_array_foreach (after, i, wheel)
  {
    const json_t *old = find_by_name (before, member (wheel, "name"));
    if (old == NULL || g_str_equal (member (old, "layer"), member (wheel, "layer")))
      continue;
    g_string_append_printf (names, "%s%s", names->len > 0 ? ", " : "", member (wheel, "name"));
  }
  if (names->len > 0)
    add_line (lines, "%s: other layers for %s", what, names->str);
}

static void
describe_wheels (const char *what, const json_t *before, const json_t *after, GPtrArray *lines)
{
  size_t i;
  json_t *wheel;
  json_array_foreach (after, i, wheel)
  {
    const json_t *old = find_by_name (before, member (wheel, "name"));
    if (old == NULL)
      add_line (lines, "%s: %s %s added", what, member (wheel, "name"), member (wheel, "version"));
    else
      describe_wheel (what, old, wheel, lines);
  }
  json_array_foreach (before, i, wheel)
  {
    if (find_by_name (before, member (wheel, "name")) != wheel)
      add_line (lines, "%s: %s %s is there twice", what, member (wheel, "name"),
                member (wheel, "version"));
    else if (find_by_name (after, member (wheel, "name")) == NULL)
      add_line (lines, "%s: %s %s removed", what, member (wheel, "name"),
                member (wheel, "version"));
  }
  describe_layers (what, before, after, lines);
}

static const char *
archive_name (const json_t *archive)
{
  const char *file = member (archive, "file");
  return file[0] != '\0' ? file : member (archive, "url");
}

/* Files of two lists. */
typedef struct
{
  const char *what;
  const json_t *before, *after;
  GArray *old,
      *new; /* of gssize: for each file the index of the same one in the other list, or -1 */
  GPtrArray *lines;
} Files;

enum
{
  UNMATCHED = -1,
  REPEATED = -2, /* the other list has the name, but not as often */
};

/* Returns: (transfer full): name -> GQueue of the indices at which @list has it */
static GHashTable *
index_names (const json_t *list)
{
  GHashTable *names =
      g_hash_table_new_full (oci_text_hash, g_str_equal, NULL, (GDestroyNotify) g_queue_free);
  for (size_t i = 0; i < json_array_size (list); i++)
    {
      const char *name = archive_name (json_array_get (list, i));
      GQueue *queue = g_hash_table_lookup (names, name);
      if (queue == NULL)
        g_hash_table_insert (names, (gpointer) name, queue = g_queue_new ());
      g_queue_push_tail (queue, GSIZE_TO_POINTER (i));
    }
  return names;
}

static void
match_names (Files *self)
{
  g_autoptr (GHashTable) names = index_names (self->after), seen = index_names (self->before);
  const gssize unmatched = UNMATCHED, repeated = REPEATED;
  for (size_t i = 0; i < json_array_size (self->after); i++)
    {
      const char *name = archive_name (json_array_get (self->after, i));
      g_array_append_val (self->new,
                          *(g_hash_table_contains (seen, name) ? &repeated : &unmatched));
    }
  for (size_t i = 0; i < json_array_size (self->before); i++)
    {
      GQueue *queue = g_hash_table_lookup (names, archive_name (json_array_get (self->before, i)));
      gssize match = queue == NULL ? UNMATCHED
                     : g_queue_is_empty (queue)
                         ? REPEATED
                         : (gssize) GPOINTER_TO_SIZE (g_queue_pop_head (queue));
      g_array_append_val (self->old, match);
      if (match >= 0)
        g_array_index (self->new, gssize, match) = (gssize) i;
    }
}

/* Returns the end of the files from @start that the other list does not have. */
static guint
end_of_gap (const GArray *matches, guint start)
{
  while (start < matches->len && g_array_index (matches, gssize, start) < 0)
    start++;
  return start;
}

static guint
count_unmatched (const GArray *matches, guint start, guint end)
{
  guint count = 0;
  for (guint i = start; i < end; i++)
    count += g_array_index (matches, gssize, i) == UNMATCHED;
  return count;
}

/* Between two files that both lists have. As many others at the same place are replaced. */
static void
describe_gap (const Files *self, guint i, guint i_end, guint j, guint j_end)
{
  gboolean replaced =
      count_unmatched (self->old, i, i_end) == count_unmatched (self->new, j, j_end);
  for (; i < i_end; i++)
    {
      const json_t *old = json_array_get (self->before, i);
      if (g_array_index (self->old, gssize, i) != UNMATCHED)
        continue;
      while (replaced && g_array_index (self->new, gssize, j) != UNMATCHED)
        j++;
      if (replaced)
        add_line (self->lines, "%s: %s → %s", self->what, archive_name (old),
                  archive_name (json_array_get (self->after, j++)));
      else
        add_line (self->lines, "%s: %s removed", self->what, archive_name (old));
    }
  for (; !replaced && j < j_end; j++)
    if (g_array_index (self->new, gssize, j) == UNMATCHED)
      add_line (self->lines, "%s: %s added", self->what,
                archive_name (json_array_get (self->after, j)));
}

static void
describe_same (const Files *self, guint i)
{
  const json_t *old = json_array_get (self->before, i);
  const json_t *new = json_array_get (self->after, (size_t) g_array_index (self->old, gssize, i));
  if (!json_equal (old, new))
    add_line (self->lines, "%s: %s: sha256 %.*s → %.*s", self->what, archive_name (new),
              SHORT_DIGEST, member (old, "sha256"), SHORT_DIGEST, member (new, "sha256"));
}

/* By name: a file that is added or removed says nothing about those that follow it. */
static void
describe_archives (const char *what, const json_t *before, const json_t *after, GPtrArray *lines)
{
  const guint already = lines->len;
  g_autoptr (GArray) old = g_array_new (FALSE, FALSE, sizeof (gssize));
  g_autoptr (GArray) new = g_array_new (FALSE, FALSE, sizeof (gssize));
  Files self = {
    .what = what, .before = before, .after = after, .old = old, .new = new, .lines = lines
  };
  match_names (&self);
  for (guint i = 0, j = 0; i < old->len || j < new->len; i++, j++)
    {
      guint i_end = end_of_gap (old, i), j_end = end_of_gap (new, j);
      describe_gap (&self, i, i_end, j, j_end);
      if (i_end < old->len)
        describe_same (&self, i_end);
      i = i_end;
      j = j_end;
    }
  if (lines->len == already && old->len + new->len > 0 && !json_equal (before, after))
    add_line (lines, "%s: the same files, in another order or number", what);
}

/* Returns: (nullable): NULL for an entry without answer or question */
static const TerraneSourceKindInfo *
kind_of (const json_t *entry)
{
  for (const TerraneSourceKindInfo *const *kind = terrane_source_kinds; *kind != NULL; kind++)
    if (json_object_get (entry, (*kind)->lock_mark) != NULL)
      return *kind;
  return NULL;
}

static void
describe_text (const char *what, const char *key, const json_t *before, const json_t *after,
               GPtrArray *lines)
{
  if ((before == NULL && after == NULL)
      || (before != NULL && after != NULL && json_equal (before, after)))
    return;
  g_autofree char *from = show (before), *to = show (after);
  add_line (lines, "%s: %s %s → %s", what, key, from, to);
}

/* NOLINTNEXTLINE(misc-no-recursion): as deep as the parser of JSON lets documents be */
static void
describe_entry (const char *what, const TerraneLockField *field, const json_t *before,
                const json_t *after, GPtrArray *lines)
{
  g_autofree char *name = g_strconcat (what, ".", field->name, NULL);
  terrane_lock_describe_change (name, before, after, lines);
}

/* NOLINTNEXTLINE(misc-no-recursion): see describe_entry() */
static void
describe_field (const char *what, const TerraneLockField *field, const json_t *before,
                const json_t *after, GPtrArray *lines)
{
  const json_t *old = json_object_get (before, field->name);
  const json_t *new = json_object_get (after, field->name);
  if (field->type == TERRANE_LOCK_ARCHIVES)
    describe_archives (what, old, new, lines);
  else if (field->type == TERRANE_LOCK_WHEELS)
    describe_wheels (what, old, new, lines);
  else if (field->type == TERRANE_LOCK_ENTRY)
    describe_entry (what, field, old, new, lines);
  else
    describe_text (what, field->name, old, new, lines);
}

/* NOLINTNEXTLINE(misc-no-recursion): see describe_entry() */
void
terrane_lock_describe_change (const char *what, const json_t *before, const json_t *after,
                              GPtrArray *out_lines)
{
  if (before == NULL && after == NULL)
    return;
  if (before == NULL || after == NULL)
    {
      add_line (out_lines, "%s: %s", what, before == NULL ? "added" : "removed");
      return;
    }
  const TerraneSourceKindInfo *old = kind_of (before), *new = kind_of (after);
  if (old != NULL && new != NULL && old != new)
    {
      add_line (out_lines, "%s: %s → %s", what, terrane_source_kind_name (old),
                terrane_source_kind_name (new));
      return;
    }
  guint said = out_lines->len;
  /* Members of all kinds: an edited lock may have members of another kind. */
  g_autoptr (GHashTable) seen = g_hash_table_new (g_str_hash, g_str_equal);
  for (const TerraneSourceKindInfo *const *kind = terrane_source_kinds; *kind != NULL; kind++)
    for (const TerraneLockField *field = (*kind)->lock; field->name != NULL; field++)
      if (g_hash_table_add (seen, (gpointer) field->name))
        describe_field (what, field, before, after, out_lines);
  if (out_lines->len == said && !json_equal (before, after))
    add_line (out_lines, "%s: the same in another order", what);
}
