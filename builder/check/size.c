#include "builder/check/size.h"

#include "builder/check/report.h"

#include "builder/facts/packages.h"
#include "builder/python/name.h"

#include "oci/base/number.h"
#include "oci/base/text-hash.h"

#include <string.h>

enum
{
  MAX_SHOWN = 10,
  MIN_DUPLICATE_BYTES = 4096, /* smaller ones do not matter, however many they are */
  MIN_WASTE_BYTES = 1024 * 1024,
  MIN_LARGE_BYTES = 50 * 1024 * 1024, /* the content of smaller images is not broken down */
};

/* An item with a size. */
typedef struct
{
  char *name; /* for messages: already quoted */
  uint64_t bytes;
} Item;

static void
item_clear (gpointer data)
{
  g_free (((Item *) data)->name);
}

static GArray *
items_new (void)
{
  GArray *items = g_array_new (FALSE, TRUE, sizeof (Item));
  g_array_set_clear_func (items, item_clear);
  return items;
}

/* @name: (transfer full) */
static void
items_add (GArray *items, char *name, uint64_t bytes)
{
  const Item item = { .name = name, .bytes = bytes };
  g_array_append_val (items, item);
}

static int
compare_items (const void *a, const void *b)
{
  const Item *left = a, *right = b;
  if (left->bytes != right->bytes)
    return left->bytes > right->bytes ? -1 : 1;
  return strcmp (left->name, right->name);
}

/* "‘numpy’ 37.5 MB, ‘rasterio’ …": the largest ones. Returns: (transfer full) */
static char *
items_list (GArray *items)
{
  GString *text = g_string_new (NULL);
  g_array_sort (items, compare_items);
  for (guint i = 0; i < MIN (items->len, (guint) MAX_SHOWN); i++)
    {
      const Item *item = &g_array_index (items, Item, i);
      g_autofree char *size = oci_format_size (item->bytes);
      g_string_append_printf (text, "%s%s %s", i > 0 ? ", " : "", item->name, size);
    }
  return g_string_free (text, FALSE);
}

typedef struct
{
  const TerraneCheck *check;
  TerraneFindings *findings;
  GPtrArray *packages;  /* of TerranePackage */
  GHashTable *owners;   /* TerraneNode -> TerranePackage */
  GHashTable *places;   /* "usr/share" -> uint64_t *: files of no package */
  GHashTable *contents; /* OciDigest -> GPtrArray of TerraneNode */
  GArray *tree_bytes;   /* of uint64_t, by tree number */
  uint64_t total;
} Size;

/* Returns the first two components of the file's directory. */
static char *
place_of (const char *path)
{
  const char *slash = strchr (path, '/');
  const char *second = slash != NULL ? strchr (slash + 1, '/') : NULL;
  if (second != NULL)
    return g_strndup (path, (gsize) (second - path));
  return slash != NULL ? g_strndup (path, (gsize) (slash - path)) : g_strdup ("");
}

static gboolean
is_hard_link (const Size *self, const TerraneNode *node, const char *path)
{
  return self->check->audit != NULL && node->tree_number > 0
         && terrane_layer_audit_is_link (self->check->audit, (guint) node->tree_number - 1, path);
}

static gboolean
visit (TerraneNode *node, const char *path, gpointer data, G_GNUC_UNUSED GError **error)
{
  Size *self = data;
  if (node->type != OCI_ENTRY_FILE || is_hard_link (self, node, path))
    return TRUE;
  self->total += node->size;
  if ((guint) node->tree_number >= self->tree_bytes->len)
    g_array_set_size (self->tree_bytes, (guint) node->tree_number + 1);
  g_array_index (self->tree_bytes, uint64_t, node->tree_number) += node->size;
  if (!g_hash_table_contains (self->owners, node))
    {
      g_autofree char *place = place_of (path);
      uint64_t *bytes = g_hash_table_lookup (self->places, place);
      if (bytes == NULL)
        {
          bytes = g_new0 (uint64_t, 1);
          g_hash_table_insert (self->places, g_steal_pointer (&place), bytes);
        }
      *bytes += node->size;
    }
  if (node->size < MIN_DUPLICATE_BYTES)
    return TRUE;
  GPtrArray *same = g_hash_table_lookup (self->contents, &node->object);
  if (same == NULL)
    {
      same = g_ptr_array_new ();
      g_hash_table_insert (self->contents, &node->object, same);
    }
  g_ptr_array_add (same, node);
  return TRUE;
}

static guint
hash_digest (gconstpointer key)
{
  guint hash = 0;
  memcpy (&hash, ((const OciDigest *) key)->bytes, sizeof hash);
  return hash;
}

static gboolean
equal_digests (gconstpointer a, gconstpointer b)
{
  return memcmp (a, b, sizeof (OciDigest)) == 0;
}

static char *
quote_path (const char *path)
{
  g_autofree char *absolute = g_strconcat ("/", path, NULL);
  return oci_quote (absolute);
}

/* Lists packages, and directories with files of no package. @tree_number: only files of this tree,
 * or -1 */
static GArray *
collect_packages (const Size *self)
{
  GArray *items = items_new ();
  GHashTableIter iter;
  gpointer place, bytes;
  for (guint i = 0; i < self->packages->len; i++)
    {
      const TerranePackage *package = self->packages->pdata[i];
      items_add (items, oci_quote (package->name), package->bytes);
    }
  g_hash_table_iter_init (&iter, self->places);
  while (g_hash_table_iter_next (&iter, &place, &bytes))
    items_add (items, quote_path (place), *(uint64_t *) bytes);
  return items;
}

static GArray *
collect_files (const GPtrArray *files)
{
  GArray *items = items_new ();
  for (guint i = 0; i < files->len; i++)
    {
      const TerraneNode *node = files->pdata[i];
      g_autofree char *path = terrane_node_path (node);
      items_add (items, quote_path (path), node->size);
    }
  return items;
}

typedef struct
{
  const Size *size;
  int tree_number;
  GHashTable *sums; /* TerranePackage -> uint64_t * */
  GArray *items;
} TreeWalk;

static gboolean
visit_tree (TerraneNode *node, const char *path, gpointer data, G_GNUC_UNUSED GError **error)
{
  TreeWalk *self = data;
  if (node->type != OCI_ENTRY_FILE || node->tree_number != self->tree_number)
    return TRUE;
  const TerranePackage *owner = g_hash_table_lookup (self->size->owners, node);
  if (owner == NULL)
    {
      items_add (self->items, quote_path (path), node->size);
      return TRUE;
    }
  uint64_t *sum = g_hash_table_lookup (self->sums, owner);
  if (sum == NULL)
    {
      sum = g_new0 (uint64_t, 1);
      g_hash_table_insert (self->sums, (gpointer) owner, sum);
    }
  *sum += node->size;
  return TRUE;
}

/* Packages and single files of one tree. */
static GArray *
collect_tree (const Size *self, int tree_number)
{
  g_autoptr (GHashTable) sums = g_hash_table_new_full (NULL, NULL, NULL, g_free);
  TreeWalk walk = { .size = self, .tree_number = tree_number, .sums = sums, .items = items_new () };
  GHashTableIter iter;
  gpointer owner, sum;
  (void) terrane_tree_foreach (self->check->view->tree, visit_tree, &walk, NULL); /* cannot fail */
  g_hash_table_iter_init (&iter, sums);
  while (g_hash_table_iter_next (&iter, &owner, &sum))
    items_add (walk.items, oci_quote (((TerranePackage *) owner)->name), *(uint64_t *) sum);
  return walk.items;
}

/* @items: (transfer full) */
static void
report_budget (const Size *self, const char *what, uint64_t bytes, uint64_t limit, GArray *items)
{
  g_autoptr (GArray) owned = items;
  g_autofree char *list = items_list (owned);
  g_autofree char *has = oci_format_size (bytes), *allowed = oci_format_size (limit);
  terrane_report_finding (self->check->view, self->findings, "size.budget", TERRANE_SEVERITY_ERROR,
                          NULL, "leave out what is not needed, or raise the limit",
                          "%s: %s of files (%" G_GUINT64_FORMAT
                          " bytes), the profile's limit is %s; the largest: %s",
                          what, has, bytes, allowed, list);
}

static void
check_tree_limit (const Size *self, const TerraneSizeLimit *limit)
{
  const char *const *names = self->check->view->names;
  g_autofree char *name = oci_quote (limit->name);
  g_autofree char *what = g_strconcat ("limits.trees: ", name, NULL);
  for (int i = 0; names != NULL && names[i] != NULL; i++)
    if (strcmp (names[i], limit->name) == 0 && (guint) i < self->tree_bytes->len
        && g_array_index (self->tree_bytes, uint64_t, i) > limit->bytes)
      report_budget (self, what, g_array_index (self->tree_bytes, uint64_t, i), limit->bytes,
                     collect_tree (self, i));
}

static void
check_package_limit (const Size *self, const TerraneSizeLimit *limit)
{
  g_autofree char *wanted = terrane_python_normalise_name (limit->name);
  g_autofree char *name = oci_quote (limit->name);
  g_autofree char *what = g_strconcat ("limits.packages: ", name, NULL);
  gboolean found = FALSE;
  for (guint i = 0; i < self->packages->len; i++)
    {
      const TerranePackage *package = self->packages->pdata[i];
      if (package->dist == NULL || strcmp (package->dist->normalised, wanted) != 0)
        continue;
      found = TRUE;
      if (package->bytes > limit->bytes)
        report_budget (self, what, package->bytes, limit->bytes, collect_files (package->files));
    }
  if (!found)
    terrane_report_finding (self->check->view, self->findings, "size.budget",
                            TERRANE_SEVERITY_WARNING, NULL, NULL,
                            "%s: no such distribution is installed for the image's Python", what);
}

static void
check_limits (const Size *self)
{
  const TerraneLimitsSpec *limits = self->check->limits;
  if (limits == NULL)
    return;
  if (limits->uncompressed_size != 0 && self->total > limits->uncompressed_size)
    report_budget (self, "limits.uncompressed_size", self->total, limits->uncompressed_size,
                   collect_packages (self));
  for (guint i = 0; i < limits->trees->len; i++)
    check_tree_limit (self, limits->trees->pdata[i]);
  for (guint i = 0; i < limits->packages->len; i++)
    check_package_limit (self, limits->packages->pdata[i]);
}

/* Whether both are names of one library, which a build makes as links: "libx.so" and
 * "libx.so.1.2". */
static gboolean
is_library_name (const TerraneNode *a, const TerraneNode *b)
{
  const char *so = strstr (a->name, ".so");
  if (a->parent != b->parent || so == NULL || (so[3] != '\0' && so[3] != '.'))
    return FALSE;
  size_t len = (size_t) (so - a->name) + strlen (".so");
  return strncmp (a->name, b->name, len) == 0 && (b->name[len] == '\0' || b->name[len] == '.');
}

static void
report_copies (const Size *self, const GPtrArray *same)
{
  const TerraneNode *first = same->pdata[0];
  guint copies = 0;
  for (guint i = 1; i < same->len; i++)
    copies += is_library_name (first, same->pdata[i]) ? 1 : 0;
  if (copies == 0)
    return;
  /* A wheel is a zip, in which pip does not support links. */
  const TerranePackage *owner = g_hash_table_lookup (self->owners, first);
  gboolean wheel = owner != NULL && owner->dist != NULL;
  g_autofree char *size = oci_format_size (first->size * copies);
  terrane_report_finding (
      self->check->view, self->findings, "size.library-copies",
      wheel ? TERRANE_SEVERITY_NOTE : TERRANE_SEVERITY_WARNING, first,
      "make links of them: tar and cp -a keep links, zip needs --symlinks",
      "%u names of this library beside it are copies instead of links: %s too much", copies, size);
}

static void
check_duplicates (const Size *self)
{
  g_autoptr (GArray) items = items_new ();
  GHashTableIter iter;
  gpointer value;
  uint64_t waste = 0;
  g_hash_table_iter_init (&iter, self->contents);
  while (g_hash_table_iter_next (&iter, NULL, &value))
    {
      const GPtrArray *same = value;
      const TerraneNode *first = same->pdata[0];
      if (same->len < 2)
        continue;
      report_copies (self, same);
      waste += first->size * (same->len - 1);
      g_autofree char *path = terrane_node_path (first);
      g_autofree char *quoted = quote_path (path);
      items_add (items, g_strdup_printf ("%s (%u times)", quoted, same->len),
                 first->size * (same->len - 1));
    }
  if (waste < MIN_WASTE_BYTES)
    return;
  g_autofree char *list = items_list (items), *text = oci_format_size (waste);
  terrane_report_finding (self->check->view, self->findings, "size.duplicate-files",
                          TERRANE_SEVERITY_NOTE, NULL, "links, or leave copies out",
                          "files with equal content take %s more than one of each would: %s", text,
                          list);
}

static void
report_largest (const Size *self)
{
  g_autoptr (GArray) items = collect_packages (self);
  g_autofree char *list = items_list (items), *total = oci_format_size (self->total);
  if (self->total >= MIN_LARGE_BYTES)
    terrane_report_finding (self->check->view, self->findings, "size.largest",
                            TERRANE_SEVERITY_NOTE, NULL, NULL, "%s of files; the largest: %s",
                            total, list);
}

static void
note_owners (Size *self)
{
  for (guint i = 0; i < self->packages->len; i++)
    {
      TerranePackage *package = self->packages->pdata[i];
      for (guint k = 0; k < package->files->len; k++)
        if (!g_hash_table_contains (self->owners, package->files->pdata[k]))
          g_hash_table_insert (self->owners, package->files->pdata[k], package);
    }
}

gboolean
terrane_check_size (const TerraneCheck *check, const TerraneCheckFacts *facts,
                    TerraneFindings *findings, GError **error)
{
  g_autoptr (GPtrArray) packages = NULL;
  if (!terrane_packages_find (check->view, facts->python, &packages, error))
    return FALSE;
  g_autoptr (GHashTable) owners = g_hash_table_new (NULL, NULL);
  g_autoptr (GHashTable) places =
      g_hash_table_new_full (oci_text_hash, g_str_equal, g_free, g_free);
  g_autoptr (GHashTable) contents =
      g_hash_table_new_full (hash_digest, equal_digests, NULL, (GDestroyNotify) g_ptr_array_unref);
  g_autoptr (GArray) tree_bytes = g_array_new (FALSE, TRUE, sizeof (uint64_t));
  Size self = { .check = check,
                .findings = findings,
                .packages = packages,
                .owners = owners,
                .places = places,
                .contents = contents,
                .tree_bytes = tree_bytes };
  note_owners (&self);
  (void) terrane_tree_foreach (check->view->tree, visit, &self, NULL); /* cannot fail */
  check_limits (&self);
  check_duplicates (&self);
  report_largest (&self);
  return TRUE;
}
