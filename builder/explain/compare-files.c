#include "builder/explain/compare-files.h"

#include "builder/store/commit.h"
#include "builder/store/object.h"
#include "builder/store/xattrs.h"

#include <string.h>

enum
{
  MAX_FILES = 8, /* changed files of a tree that are listed by name */
};

/* Returns: (transfer full) (nullable): the files of a source, from memory if it was just read */
static TerraneTree *
load_files (const TerraneComparison *self, const char *name, const json_t *part)
{
  OciDigest commit;
  const GArray *trees = self->facts->trees;
  g_autoptr (TerraneTree) copy = terrane_tree_new ();
  TerraneTree *base = self->facts->base->root.tree;
  if (part == NULL && base != NULL && g_str_equal (name, self->facts->plan->base->spec->name))
    return terrane_tree_copy (base, copy, NULL) ? g_steal_pointer (&copy) : NULL;
  for (guint i = 0; i < trees->len; i++)
    {
      const TerranePin *pin = self->facts->plan->trees->pdata[i];
      const TerraneSourceTree *tree = &g_array_index (trees, TerraneSourceTree, i);
      if (g_str_equal (pin->spec->name, name) && tree->tree != NULL && part == NULL
          && !tree->transformed)
        return terrane_tree_copy (tree->tree, copy, NULL) ? g_steal_pointer (&copy) : NULL;
    }
  return terrane_inputs_digest (part, "read", &commit)
             ? terrane_commit_load (self->store, &commit, NULL)
             : NULL;
}

/* A path that one of the trees lacks, or that differs. */
typedef struct
{
  char *path;                   /* for messages, without the prefix */
  const TerraneNode *old, *now; /* (nullable) */
} Change;

static void
change_free (gpointer data)
{
  Change *self = data;
  g_free (self->path);
  g_free (self);
}

static int
compare_changes (gconstpointer a, gconstpointer b)
{
  return strcmp ((*(const Change *const *) a)->path, (*(const Change *const *) b)->path);
}

typedef struct
{
  TerraneTree *other;
  gboolean other_is_old;
  gboolean only_common; /* paths that one tree lacks are omitted */
  GPtrArray *changes;
  size_t skip; /* length of the prefix, omitted in each path */
} FileDiff;

static gboolean
compare_node (TerraneNode *node, const char *path, gpointer data, G_GNUC_UNUSED GError **error)
{
  FileDiff *self = data;
  const TerraneNode *other = terrane_tree_lookup (self->other, path);
  if (strlen (path) <= self->skip)
    return TRUE;
  if (other == NULL
          ? self->only_common || (node->type == OCI_ENTRY_DIRECTORY && node->children->len > 0)
          : !self->other_is_old || terrane_node_equal (node, other)) /* each pair once */
    return TRUE;
  gboolean plain = strpbrk (path, " \"'\\") == NULL && g_str_is_ascii (path);
  Change *change = g_new0 (Change, 1);
  change->path = plain ? g_strdup (path + self->skip) : oci_quote (path + self->skip);
  change->old = self->other_is_old ? other : node;
  change->now = self->other_is_old ? node : other;
  g_ptr_array_add (self->changes, change);
  return TRUE;
}

/* Whether two files of equal size differ only in attributes: the later object, which a plan does
 * not store, then is that of the old content with the new attributes. */
static gboolean
has_same_content (TerraneStore *store, const TerraneNode *old, const TerraneNode *now)
{
  g_auto (OciFd) fd = -1;
  const OciEntry entry = { .type = OCI_ENTRY_FILE,
                           .mode = now->mode,
                           .uid = now->uid,
                           .gid = now->gid,
                           .xattrs = now->xattrs };
  g_autoptr (TerraneObjectHasher) hasher = terrane_object_hasher_new (&entry);
  if (!terrane_object_open_unnoted (store, &old->object, &fd, NULL)
      || !terrane_object_hasher_read (hasher, fd, NULL)) /* then it is not known */
    return FALSE;
  OciDigest digest = terrane_object_hasher_finish (hasher);
  return oci_digest_equal (&digest, &now->object);
}

static void add_text (GString *text, const char *format, ...) G_GNUC_PRINTF (2, 3);

static void
add_text (GString *text, const char *format, ...)
{
  va_list args;
  va_start (args, format);
  if (text->len > 0)
    g_string_append (text, ", ");
  g_string_append_vprintf (text, format, args);
  va_end (args);
}

static void
add_xattr (GString *text, const char *name, const char *became)
{
  g_autofree char *shown = oci_show (name);
  add_text (text, "xattr %s %s", shown, became);
}

static void
add_xattrs (const TerraneNode *old, const TerraneNode *now, GString *text)
{
  const char *name;
  json_t *value;
  g_autoptr (OciJsonValue) gone = terrane_xattrs_only_in (old->xattrs, now->xattrs);
  g_autoptr (OciJsonValue) come = terrane_xattrs_only_in (now->xattrs, old->xattrs);
  json_object_foreach (gone, name, value)
      add_xattr (text, name, json_object_get (come, name) != NULL ? "changed" : "removed");
  json_object_foreach (come, name, value)
  {
    if (json_object_get (gone, name) == NULL)
      add_xattr (text, name, "added");
  }
}

/* Returns: (transfer full): "mode 0644 → 0755" and the like; empty if attributes are equal */
static char *
describe_attributes (const TerraneNode *old, const TerraneNode *now)
{
  g_autoptr (GString) text = g_string_new (NULL);
  if (now->type == OCI_ENTRY_SYMLINK && strcmp (old->target, now->target) != 0)
    {
      g_autofree char *from = oci_show (old->target), *to = oci_show (now->target);
      add_text (text, "target %s → %s", from, to);
    }
  if (old->mode != now->mode)
    add_text (text, "mode %04o → %04o", old->mode, now->mode);
  if (old->uid != now->uid)
    add_text (text, "uid %u → %u", old->uid, now->uid);
  if (old->gid != now->gid)
    add_text (text, "gid %u → %u", old->gid, now->gid);
  add_xattrs (old, now, text);
  return g_string_free (g_steal_pointer (&text), FALSE);
}

/* Returns: (transfer full): a line about one path */
static char *
describe_change (TerraneStore *store, const Change *self)
{
  static const char *const types[] = { "file", "directory", "link" };
  const TerraneNode *old = self->old, *now = self->now;
  if (old == NULL || now == NULL)
    return g_strdup_printf ("%s %s", self->path, old == NULL ? "added" : "removed");
  if (old->type != now->type)
    return g_strdup_printf ("%s: %s → %s", self->path, types[old->type], types[now->type]);
  g_autofree char *attributes = describe_attributes (old, now);
  gboolean content =
      now->type == OCI_ENTRY_FILE
      && (attributes[0] == '\0' || old->size != now->size || !has_same_content (store, old, now));
  return g_strconcat (self->path, content || attributes[0] == '\0' ? " changed" : "",
                      attributes[0] == '\0' ? ""
                      : content             ? ", "
                                            : ": ",
                      attributes, NULL);
}

gboolean
terrane_compare_files (TerraneComparison *self, const char *name, const json_t *before,
                       const json_t *after, gboolean only_changed)
{
  OciDigest old, now;
  const char *prefix = terrane_member_text (json_object_get (after, "inputs"), "prefix");
  const size_t skip = prefix != NULL && prefix[0] != '\0' ? strlen (prefix) + 1 : 0;
  if (!terrane_inputs_digest (before, "read", &old) || !terrane_inputs_digest (after, "read", &now))
    return FALSE;
  if (oci_digest_equal (&old, &now))
    {
      (void) terrane_comparison_add (self, TERRANE_CAUSE_SOURCE, name,
                                     "its content is the same; it was only touched or moved");
      return TRUE;
    }
  g_autoptr (TerraneTree) old_tree = load_files (self, name, before);
  g_autoptr (TerraneTree) new_tree = load_files (self, name, NULL);
  if (new_tree == NULL)
    new_tree = load_files (self, name, after);
  if (old_tree == NULL || new_tree == NULL)
    return FALSE;
  g_autoptr (GPtrArray) changes = g_ptr_array_new_with_free_func (change_free);
  FileDiff gone = { .other = new_tree, .changes = changes, .skip = skip };
  FileDiff come = { .other = old_tree,
                    .other_is_old = TRUE,
                    .only_common = only_changed,
                    .changes = changes,
                    .skip = skip };
  if (!only_changed)
    (void) terrane_tree_foreach (old_tree, compare_node, &gone, NULL); /* cannot fail */
  (void) terrane_tree_foreach (new_tree, compare_node, &come, NULL);   /* likewise */
  g_ptr_array_sort (changes, compare_changes);
  const guint shown = MIN (changes->len, (guint) MAX_FILES);
  g_autofree char *more = g_strdup_printf ("%u more files", changes->len - shown);
  for (guint i = 0; i < shown; i++)
    {
      g_autofree char *line = describe_change (self->store, changes->pdata[i]);
      (void) terrane_comparison_add (self, TERRANE_CAUSE_SOURCE, name, line);
    }
  if (changes->len > shown)
    (void) terrane_comparison_add (self, TERRANE_CAUSE_SOURCE, name, more);
  return TRUE;
}
