#include "builder/facts/python-dists.h"
#include "builder/store/open.h"

#include "builder/store/commit.h"
#include "builder/store/object.h"

#include "testing.h"

/* A file system with contents. */
typedef struct
{
  TestDir dir;
  TerraneStore *store;
  TerraneTree *tree;
  TerraneImageView view;
} World;

static World
world_new (void)
{
  World self = { .dir = test_dir_new (), .tree = terrane_tree_new () };
  g_autofree char *path = test_dir_file (&self.dir, "store");
  self.store = terrane_store_open (path, TERRANE_STORE_SHARED, NULL);
  g_assert_nonnull (self.store);
  self.view = (TerraneImageView){ .store = self.store, .tree = self.tree };
  return self;
}

static void
world_clear (World *self)
{
  terrane_tree_free (self->tree);
  terrane_store_free (self->store);
  test_dir_clear (&self->dir);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (World, world_clear)

static TerraneNode *
add_file (World *self, const char *path, const char *data, gsize len)
{
  const OciEntry entry = { .path = path, .type = OCI_ENTRY_FILE, .mode = 0644, .size = len };
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) bytes = g_bytes_new (data, len);
  g_autoptr (TerraneObjectHasher) hasher = terrane_object_hasher_new (&entry);
  g_auto (TerraneTransaction) transaction = { 0 };
  TerraneNode *node = NULL;
  g_assert_true (terrane_tree_add (self->tree, &entry, &node, NULL));
  terrane_object_hasher_update (hasher, data, len);
  node->object = terrane_object_hasher_finish (hasher);
  g_assert_true (terrane_transaction_begin (&transaction, self->store, &error));
  g_assert_true (
      terrane_object_write (self->store, &entry, &node->object, bytes, -1, &node->fresh, &error));
  g_assert_true (terrane_transaction_commit (&transaction, &error));
  return node;
}

/* A RECORD may name one file 100 000 times; it is one file. */
static void
test_files (void)
{
  g_auto (World) world = world_new ();
  g_autoptr (GString) record = g_string_new ("foo/b.py,,\nfoo/none.py,,\n\n");
  for (int i = 0; i < 1000; i++)
    g_string_append (record, "foo/a.so,,\nfoo/../foo/a.so,,\n\"foo/a.so\",,\n/site/foo/a.so,,\r\n");
  g_string_append (record, "foo/c.py,,");
  TerraneNode *a = add_file (&world, "site/foo/a.so", "a", 1);
  TerraneNode *b = add_file (&world, "site/foo/b.py", "b", 1);
  TerraneNode *c = add_file (&world, "site/foo/c.py", "c", 1);
  TerraneNode *list = add_file (&world, "site/foo-1.dist-info/RECORD", record->str, record->len);
  const TerranePythonDist dist = { .node = list->parent, .directory = list->parent->parent };
  g_autoptr (GPtrArray) files = NULL;
  g_assert_true (terrane_python_dist_files (&dist, &world.view, &files, NULL));
  g_assert_cmpuint (files->len, ==, 3);
  g_assert_true (files->pdata[0] == b && files->pdata[1] == a && files->pdata[2] == c);
}

static void
test_modules (void)
{
  static const struct
  {
    const char *name;
    gboolean found;
  } rows[] = {
    { "a", TRUE },   { "b", TRUE },        { "c", TRUE },      { "c.d", TRUE }, { "c.e", FALSE },
    { "d", FALSE },  { "e", TRUE },        { "f", FALSE },     { "aa", FALSE }, { "z", TRUE },
    { "zz", FALSE }, { "c.d.more", TRUE }, { "c.d-x", FALSE }, { "g", FALSE },
  };
  static const char *const paths[] = { "site/a.py",       "site/a-1.txt",  "site/a0.txt",
                                       "site/b.pyc",      "site/c/d.py",   "site/c-d.py",
                                       "site/d.txt",      "site/e.aa",     "site/e.abi3.so",
                                       "site/e.abi3.txt", "site/f.so.txt", "site/g",
                                       "site/z.so" };
  g_auto (World) world = world_new ();
  for (gsize i = 0; i < G_N_ELEMENTS (paths); i++)
    (void) add_file (&world, paths[i], "", 0);
  TerranePythonPlace place = { .directory = terrane_tree_lookup (world.tree, "site") };
  g_autoptr (GPtrArray) places = g_ptr_array_new ();
  g_ptr_array_add (places, &place);
  const TerranePython python = { .places = places };
  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_test_message ("%s", rows[i].name);
      g_assert_true (terrane_python_has_module (&python, rows[i].name) == rows[i].found);
    }
}

int
main (int argc, char **argv)
{
  test_init (&argc, &argv);
  g_test_add_func ("/python-dists/files", test_files);
  g_test_add_func ("/python-dists/modules", test_modules);
  return g_test_run ();
}
