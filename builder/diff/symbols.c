#include "builder/diff/symbols.h"

#include "builder/elf/elf-file.h"
#include "builder/elf/elf-symbols.h"
#include "builder/store/object.h"

#include "oci/base/text-hash.h"

#include <string.h>

enum
{
  HASH_DIGITS = 8, /* of auditwheel's names */
};

typedef struct
{
  char *path;
  char *soname; /* (nullable) */
  char *stem;
  TerraneElfSymbols *symbols;
} Library;

static void
library_free (gpointer data)
{
  Library *self = data;
  if (self == NULL)
    return;
  g_free (self->path);
  g_free (self->soname);
  g_free (self->stem);
  terrane_elf_symbols_free (self->symbols);
  g_free (self);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Library, library_free)

char *
terrane_diff_library_stem (const char *soname)
{
  const char *end = strstr (soname, ".so");
  size_t len = end != NULL ? (size_t) (end - soname) : strlen (soname);
  const char *dash = g_strrstr_len (soname, (gssize) len, "-");
  size_t digits = dash != NULL ? strspn (dash + 1, "0123456789abcdef") : 0;
  if (digits == HASH_DIGITS && (size_t) (dash - soname) + 1 + digits == len)
    len = (size_t) (dash - soname);
  return g_strndup (soname, len);
}

/* *@out_library: (transfer full) (nullable): %NULL if it is not a library or program */
static gboolean
read_library (TerraneStore *store, const TerraneNode *node, const char *path, Library **out_library,
              GError **error)
{
  g_auto (OciFd) fd = -1;
  g_autoptr (TerraneElf) elf = NULL;
  *out_library = NULL;
  if (node == NULL || node->type != OCI_ENTRY_FILE)
    return TRUE;
  if (!terrane_object_open_verified (store, node, &fd, error)
      || !terrane_elf_read (fd, &elf, error))
    return FALSE;
  if (elf == NULL || elf->type == TERRANE_ELF_OTHER)
    return TRUE;
  g_autoptr (Library) self = g_new0 (Library, 1);
  self->symbols = terrane_elf_symbols_read (fd);
  if (self->symbols == NULL)
    return TRUE;
  self->path = g_strconcat ("/", path, NULL);
  self->soname = g_strdup (elf->soname);
  self->stem = terrane_diff_library_stem (elf->soname != NULL ? elf->soname : node->name);
  *out_library = g_steal_pointer (&self);
  return TRUE;
}

static void
describe (json_t *row, const char *key, const Library *library)
{
  if (library == NULL)
    return;
  json_t *object = json_object ();
  oci_json_set (object, "path", oci_json_text (library->path));
  oci_json_set_text (object, "soname", library->soname);
  oci_json_set (row, key, object);
}

static int
compare_texts (gconstpointer a, gconstpointer b)
{
  return strcmp (*(const char *const *) a, *(const char *const *) b);
}

/* Returns symbols of @some that @other lacks, sorted. */
static json_t *
only_in (const Library *some, const Library *other)
{
  json_t *names = json_array ();
  GHashTableIter iter;
  gpointer name;
  g_autoptr (GPtrArray) sorted = g_ptr_array_new ();
  if (some == NULL)
    return names;
  g_hash_table_iter_init (&iter, some->symbols->defined);
  while (g_hash_table_iter_next (&iter, &name, NULL))
    if (other == NULL || !g_hash_table_contains (other->symbols->defined, name))
      g_ptr_array_add (sorted, name);
  g_ptr_array_sort (sorted, compare_texts);
  for (guint i = 0; i < sorted->len; i++)
    oci_json_append (names, oci_json_text (sorted->pdata[i]));
  return names;
}

static void
add_row (json_t *rows, const Library *a, const Library *b)
{
  const Library *named = b != NULL ? b : a;
  g_autoptr (OciJsonValue) added = only_in (b, a), removed = only_in (a, b);
  gboolean renamed = a == NULL || b == NULL || g_strcmp0 (a->soname, b->soname) != 0;
  if (named == NULL)
    return;
  if (!renamed && json_array_size (added) == 0 && json_array_size (removed) == 0)
    return;
  json_t *row = json_object ();
  oci_json_set (row, "name", oci_json_text (named->stem));
  describe (row, "a", a);
  describe (row, "b", b);
  oci_json_set (row, "added", json_incref (added));
  oci_json_set (row, "removed", json_incref (removed));
  oci_json_append (rows, row);
}

/* Libraries that only one side has, by stem: in the order of paths. */
typedef struct
{
  GPtrArray *lone_a, *lone_b; /* of Library */
} Lone;

static void
pair_lone (const Lone *lone, json_t *rows)
{
  g_autoptr (GHashTable) taken = g_hash_table_new (NULL, NULL);
  g_autoptr (GHashTable) stems =
      g_hash_table_new_full (oci_text_hash, g_str_equal, NULL, NULL); /* stem -> of lone_b */
  for (guint i = lone->lone_b->len; i > 0; i--)
    {
      Library *library = lone->lone_b->pdata[i - 1];
      g_hash_table_insert (stems, library->stem, library);
    }
  for (guint i = 0; i < lone->lone_a->len; i++)
    {
      const Library *a = lone->lone_a->pdata[i];
      Library *b = g_hash_table_lookup (stems, a->stem);
      if (b != NULL && !g_hash_table_add (taken, b))
        b = NULL;
      add_row (rows, a, b);
    }
  for (guint i = 0; i < lone->lone_b->len; i++)
    if (!g_hash_table_contains (taken, lone->lone_b->pdata[i]))
      add_row (rows, NULL, lone->lone_b->pdata[i]);
}

json_t *
terrane_diff_symbols (const TerraneDiffSide *a, const TerraneDiffSide *b,
                      const TerraneTreeDiff *diff, GError **error)
{
  g_autoptr (OciJsonValue) rows = json_array ();
  g_autoptr (GPtrArray) lone_a = g_ptr_array_new_with_free_func (library_free);
  g_autoptr (GPtrArray) lone_b = g_ptr_array_new_with_free_func (library_free);
  for (guint i = 0; i < diff->changes->len; i++)
    {
      const TerraneDiffChange *change = diff->changes->pdata[i];
      g_autoptr (Library) left = NULL, right = NULL;
      if (!read_library (a->store, change->a, change->path, &left, error)
          || !read_library (b->store, change->b, change->path, &right, error))
        return NULL;
      if (left != NULL && right != NULL)
        add_row (rows, left, right);
      else if (left != NULL)
        g_ptr_array_add (lone_a, g_steal_pointer (&left));
      else if (right != NULL)
        g_ptr_array_add (lone_b, g_steal_pointer (&right));
    }
  const Lone lone = { .lone_a = lone_a, .lone_b = lone_b };
  pair_lone (&lone, rows);
  return g_steal_pointer (&rows);
}
