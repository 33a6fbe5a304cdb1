#include "builder/zip/split.h"

#include "oci/base/error.h"
#include "oci/base/number.h"
#include "oci/base/text-hash.h"

#include <string.h>

/* "numpy", "numpy.libs" and "numpy-1.26.4.dist-info" belong together. */
static char *
distribution (const char *name, size_t len)
{
  g_autofree char *text = g_ascii_strdown (name, (gssize) len);
  static const char *const suffixes[] = { ".libs", ".dist-info", ".egg-info", ".data", ".py" };
  for (guint i = 0; i < G_N_ELEMENTS (suffixes); i++)
    if (g_str_has_suffix (text, suffixes[i]))
      {
        text[strlen (text) - strlen (suffixes[i])] = '\0';
        text[strcspn (text, "-")] = '\0'; /* the version */
      }
  return g_strdelimit (g_steal_pointer (&text), "-.", '_');
}

static size_t
component (const char *path)
{
  return strcspn (path, "/");
}

/* The length of the directory of packages that contains @path, with its slash, or 0. */
static size_t
packages_prefix (const char *path)
{
  static const char inner[] = "/site-packages/";
  if (!g_str_has_prefix (path, "python/"))
    return 0;
  const char *found = g_str_has_prefix (path, "python/lib/python") ? strstr (path, inner) : NULL;
  return found != NULL ? (size_t) (found - path) + strlen (inner) : strlen ("python/");
}

char *
terrane_zip_group (const char *path)
{
  size_t prefix = packages_prefix (path);
  if (prefix > 0)
    {
      g_autofree char *name = distribution (path + prefix, component (path + prefix));
      return g_strdup_printf ("%.*s%s", (int) prefix, path, name);
    }
  size_t first = component (path);
  size_t second = path[first] == '/' ? component (path + first + 1) + 1 : 0;
  return g_strndup (path, first + second);
}

typedef struct
{
  char *name;
  GArray *indexes; /* of guint: of members */
  uint64_t bytes;  /* packed, without directories */
} Group;

static void
group_free (gpointer data)
{
  Group *self = data;
  g_free (self->name);
  g_array_unref (self->indexes);
  g_free (self);
}

typedef struct
{
  GHashTable *chosen; /* of TerraneZipMember: a set */
  uint64_t bytes;
  uint64_t unpacked;
} Part;

static void
part_free (gpointer data)
{
  Part *self = data;
  g_hash_table_unref (self->chosen);
  g_free (self);
}

typedef struct
{
  const GPtrArray *members;
  GHashTable *by_node; /* TerraneNode -> TerraneZipMember */
  GPtrArray *parts;
  uint64_t max_bytes;
  uint64_t max_unpacked;
} Split;

static uint64_t
member_bytes (const TerraneZipMember *member)
{
  uint64_t content = member->node->type == OCI_ENTRY_FILE      ? member->content.packed_size
                     : member->node->type == OCI_ENTRY_SYMLINK ? strlen (member->node->target)
                                                               : 0;
  return content + oci_zip_overhead (member->path, member->node->type == OCI_ENTRY_DIRECTORY);
}

static Part *
part_new (void)
{
  Part *part = g_new0 (Part, 1);
  part->chosen = g_hash_table_new (NULL, NULL);
  return part;
}

/* Adds the members and their directories to @part, if all of them fit. */
static gboolean
take (const Split *self, Part *part, const guint *indexes, guint n)
{
  g_autoptr (GHashTable) added = g_hash_table_new (NULL, NULL);
  uint64_t bytes = part->bytes, unpacked = part->unpacked;
  for (guint i = 0; i < n; i++)
    for (TerraneZipMember *member = self->members->pdata[indexes[i]];
         member != NULL && !g_hash_table_contains (part->chosen, member)
         && g_hash_table_add (added, member);
         member = g_hash_table_lookup (self->by_node, member->node->parent))
      {
        bytes += member_bytes (member);
        unpacked += member->node->size;
      }
  uint64_t count = (uint64_t) g_hash_table_size (part->chosen) + g_hash_table_size (added);
  if (bytes + oci_zip_end_size (count) > self->max_bytes || unpacked >= self->max_unpacked)
    return FALSE;
  GHashTableIter iter;
  gpointer member;
  g_hash_table_iter_init (&iter, added);
  while (g_hash_table_iter_next (&iter, &member, NULL))
    g_hash_table_add (part->chosen, member);
  part->bytes = bytes;
  part->unpacked = unpacked;
  return TRUE;
}

/* Puts the members into the first part with room, or a new one. */
static gboolean
put (Split *self, const guint *indexes, guint n)
{
  for (guint i = 0; i < self->parts->len; i++)
    if (take (self, self->parts->pdata[i], indexes, n))
      return TRUE;
  Part *part = part_new ();
  if (!take (self, part, indexes, n))
    {
      part_free (part);
      return FALSE;
    }
  g_ptr_array_add (self->parts, part);
  return TRUE;
}

static int
compare_groups (const void *a, const void *b)
{
  const Group *left = *(Group *const *) a, *right = *(Group *const *) b;
  if (left->bytes != right->bytes)
    return left->bytes > right->bytes ? -1 : 1;
  return strcmp (left->name, right->name);
}

static GPtrArray *
find_groups (const Split *self)
{
  GPtrArray *groups = g_ptr_array_new_with_free_func (group_free);
  g_autoptr (GHashTable) known = g_hash_table_new (oci_text_hash, g_str_equal);
  for (guint i = 0; i < self->members->len; i++)
    {
      const TerraneZipMember *member = self->members->pdata[i];
      if (member->node->type == OCI_ENTRY_DIRECTORY)
        continue;
      g_autofree char *name = terrane_zip_group (member->path);
      Group *group = g_hash_table_lookup (known, name);
      if (group == NULL)
        {
          group = g_new0 (Group, 1);
          group->name = g_steal_pointer (&name);
          group->indexes = g_array_new (FALSE, FALSE, sizeof (guint));
          g_ptr_array_add (groups, group);
          g_hash_table_insert (known, group->name, group);
        }
      g_array_append_val (group->indexes, i);
      group->bytes += member_bytes (member);
    }
  g_ptr_array_sort (groups, compare_groups);
  return groups;
}

static gboolean
put_group (Split *self, const Group *group, GError **error)
{
  const guint *indexes = (const guint *) (gconstpointer) group->indexes->data;
  if (put (self, indexes, group->indexes->len))
    return TRUE;
  for (guint i = 0; i < group->indexes->len; i++)
    if (!put (self, indexes + i, 1))
      {
        const TerraneZipMember *member = self->members->pdata[indexes[i]];
        g_autofree char *packed = oci_format_size (member->content.packed_size);
        g_autofree char *size = oci_format_size (member->content.size);
        g_autofree char *limit = oci_format_size (self->max_bytes);
        return oci_throw (error, OCI_ERROR_LIMIT,
                          "%s alone is too large for a part: %s, packed %s; a part may have %s "
                          "packed. Give split a larger size, or leave split out and publish the "
                          "layer by way of S3",
                          member->path, size, packed, limit);
      }
  return TRUE;
}

static gboolean
add_empty_directories (Split *self, GError **error)
{
  if (self->parts->len == 0)
    g_ptr_array_add (self->parts, part_new ());
  for (guint i = 0; i < self->members->len; i++)
    {
      const TerraneZipMember *member = self->members->pdata[i];
      if (member->node->type == OCI_ENTRY_DIRECTORY && member->node->children->len == 0
          && !put (self, &i, 1))
        return oci_throw (error, OCI_ERROR_LIMIT, "%s does not fit into a part", member->path);
    }
  return TRUE;
}

static GPtrArray *
list_members (const Split *self, const Part *part)
{
  GPtrArray *list = g_ptr_array_new ();
  for (guint i = 0; i < self->members->len; i++)
    if (g_hash_table_contains (part->chosen, self->members->pdata[i]))
      g_ptr_array_add (list, self->members->pdata[i]);
  return list;
}

GPtrArray *
terrane_zip_split (const GPtrArray *members, uint64_t max_bytes, uint64_t max_unpacked,
                   GError **error)
{
  g_autoptr (GHashTable) by_node = g_hash_table_new (NULL, NULL);
  g_autoptr (GPtrArray) parts = g_ptr_array_new_with_free_func (part_free);
  Split self = { .members = members,
                 .by_node = by_node,
                 .parts = parts,
                 .max_bytes = max_bytes,
                 .max_unpacked = max_unpacked };
  for (guint i = 0; i < members->len; i++)
    {
      TerraneZipMember *member = members->pdata[i];
      g_hash_table_insert (by_node, member->node, member);
    }
  g_autoptr (GPtrArray) groups = find_groups (&self);
  for (guint i = 0; i < groups->len; i++)
    if (!put_group (&self, groups->pdata[i], error))
      return NULL;
  if (!add_empty_directories (&self, error))
    return NULL;
  g_autoptr (GPtrArray) result =
      g_ptr_array_new_with_free_func ((GDestroyNotify) g_ptr_array_unref);
  for (guint i = 0; i < parts->len; i++)
    g_ptr_array_add (result, list_members (&self, parts->pdata[i]));
  return g_steal_pointer (&result);
}
