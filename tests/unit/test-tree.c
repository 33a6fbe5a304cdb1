#include "builder/store/tree.h"

#include "oci/base/error.h"

#include "builder/transform/modes.h"

#include "testing.h"

static TerraneNode *
add (TerraneTree *tree, const char *path, OciEntryType type, const char *target)
{
  const OciEntry entry = { .path = path,
                           .type = type,
                           .target = target,
                           .mode = 0750,
                           .uid = 5,
                           .gid = 6,
                           .size = type == OCI_ENTRY_FILE ? 3 : 0 };
  g_autoptr (GError) error = NULL;
  TerraneNode *node = NULL;
  g_assert_true (terrane_tree_add (tree, &entry, &node, &error));
  g_assert_no_error (error);
  return node;
}

static void
test_add_and_lookup (void)
{
  g_autoptr (TerraneTree) tree = terrane_tree_new ();
  TerraneNode *file = add (tree, "usr/lib/x", OCI_ENTRY_FILE, NULL);
  g_assert_true (terrane_tree_lookup (tree, "usr/lib/x") == file);
  g_assert_true (terrane_tree_lookup (tree, "") == terrane_tree_root (tree));
  g_assert_null (terrane_tree_lookup (tree, "usr/lib/xy"));
  g_assert_null (terrane_tree_lookup (tree, "usr/li"));
  g_assert_null (terrane_tree_lookup (tree, "usr/lib/x/y"));
  g_autofree char *path = terrane_node_path (file);
  g_assert_cmpstr (path, ==, "usr/lib/x");
  g_assert_cmpuint (file->mode, ==, 0750);
  g_assert_cmpuint (file->size, ==, 3);
  TerraneNode *parent = terrane_tree_lookup (tree, "usr"); /* missing parents: 0755 0:0 */
  g_assert_cmpuint (parent->mode, ==, 0755);
  g_assert_cmpuint (parent->uid, ==, 0);
  g_assert_true (terrane_node_child (parent, "libfoo", 3) == file->parent);
  g_assert_cmpuint (add (tree, "l", OCI_ENTRY_SYMLINK, "x")->mode, ==, 0777);

  /* A directory keeps what is in it and takes the attributes. */
  add (tree, "usr", OCI_ENTRY_DIRECTORY, NULL);
  g_assert_cmpuint (parent->mode, ==, 0750);
  g_assert_true (terrane_tree_lookup (tree, "usr/lib/x") == file);
  add (tree, "", OCI_ENTRY_DIRECTORY, NULL);
  g_assert_cmpuint (terrane_tree_root (tree)->uid, ==, 5);
}

static void
test_replacing (void)
{
  g_autoptr (TerraneTree) tree = terrane_tree_new ();
  add (tree, "a", OCI_ENTRY_FILE, NULL);
  add (tree, "a", OCI_ENTRY_SYMLINK, "b");
  g_assert_cmpstr (terrane_tree_lookup (tree, "a")->target, ==, "b");
  add (tree, "a", OCI_ENTRY_DIRECTORY, NULL); /* as tar does it: the later one wins */
  g_assert_cmpint (terrane_tree_lookup (tree, "a")->type, ==, OCI_ENTRY_DIRECTORY);
  add (tree, "a", OCI_ENTRY_FILE, NULL); /* an empty directory */
  g_assert_cmpint (terrane_tree_lookup (tree, "a")->type, ==, OCI_ENTRY_FILE);
  g_assert_cmpuint (terrane_tree_root (tree)->children->len, ==, 1);
}

static void
test_add_refused (void)
{
  static const struct
  {
    const char *path;
    OciEntryType type;
    const char *pattern;
  } rows[] = {
    { "file/x", OCI_ENTRY_FILE, "file/x: the path goes through file, which is a file" },
    { "link/x", OCI_ENTRY_FILE, "link/x: *through link, a symbolic link to ‘/etc’" },
    { "dir", OCI_ENTRY_FILE, "dir: a file would replace a directory that is not empty" },
    { "dir", OCI_ENTRY_SYMLINK, "dir: *would replace a directory that is not empty" },
    { "", OCI_ENTRY_FILE, "/: the root must be a directory" },
  };
  g_autoptr (TerraneTree) tree = terrane_tree_new ();
  add (tree, "file", OCI_ENTRY_FILE, NULL);
  add (tree, "link", OCI_ENTRY_SYMLINK, "/etc");
  add (tree, "dir/x", OCI_ENTRY_FILE, NULL);
  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      const OciEntry entry = { .path = rows[i].path, .type = rows[i].type, .target = "t" };
      g_autoptr (GError) error = NULL;
      g_assert_false (terrane_tree_add (tree, &entry, NULL, &error));
      assert_error (error, OCI_ERROR, OCI_ERROR_FORMAT, rows[i].pattern);
    }
}

static gboolean
append_path (G_GNUC_UNUSED TerraneNode *node, const char *path, gpointer data,
             G_GNUC_UNUSED GError **error)
{
  g_string_append_printf (data, "%s ", path);
  return TRUE;
}

static gboolean
stop_at_b (G_GNUC_UNUSED TerraneNode *node, const char *path, G_GNUC_UNUSED gpointer data,
           GError **error)
{
  return !g_str_equal (path, "b") || oci_throw (error, OCI_ERROR_USAGE, "stop");
}

static void
test_order_and_totals (void)
{
  g_autoptr (TerraneTree) tree = terrane_tree_new ();
  g_autoptr (GString) paths = g_string_new (NULL);
  g_autoptr (GError) error = NULL;
  static const char *const files[] = { "b", "a/z", "\xc3\xbc", "a.b", "a/b", "B", "a-b" };
  for (gsize i = 0; i < G_N_ELEMENTS (files); i++)
    add (tree, files[i], OCI_ENTRY_FILE, NULL);
  add (tree, "l", OCI_ENTRY_SYMLINK, "x");
  g_assert_true (terrane_tree_foreach (tree, append_path, paths, &error));
  g_assert_cmpstr (paths->str, ==, "B a a/b a/z a-b a.b b l \xc3\xbc ");
  TerraneTreeTotals totals = terrane_tree_totals (tree);
  g_assert_cmpuint (totals.files, ==, 7);
  g_assert_cmpuint (totals.directories, ==, 1);
  g_assert_cmpuint (totals.symlinks, ==, 1);
  g_assert_cmpuint (totals.bytes, ==, 21);
  g_assert_false (terrane_tree_foreach (tree, stop_at_b, NULL, &error));
  assert_error (error, OCI_ERROR, OCI_ERROR_USAGE, "stop");
}

static void
test_removing (void)
{
  g_autoptr (TerraneTree) tree = terrane_tree_new ();
  add (tree, "a/b/c", OCI_ENTRY_FILE, NULL);
  add (tree, "a/d", OCI_ENTRY_FILE, NULL);
  terrane_tree_remove (tree, "a/b");
  terrane_tree_remove (tree, "a/absent");
  g_assert_null (terrane_tree_lookup (tree, "a/b/c"));
  g_assert_nonnull (terrane_tree_lookup (tree, "a/d"));
  terrane_tree_clear_directory (tree, terrane_tree_lookup (tree, "a"));
  g_assert_null (terrane_tree_lookup (tree, "a/d"));
  g_assert_nonnull (terrane_tree_lookup (tree, "a"));
}

/* path_resolution(7) */
static void
test_resolve (void)
{
  static const char *const rows[][2] = {
    { "", "" },
    { "/", "" },
    { "usr/lib/x", "usr/lib/x" },
    { "/usr/lib/x", "usr/lib/x" },
    { "lib/x", "usr/lib/x" },
    { "lib", "usr/lib" },
    { "lib/../lib/./x", "usr/lib/x" },
    { "usr/abs", "usr/lib/x" },
    { "usr/up", "usr/lib/x" },
    { "../../usr", "usr" }, /* ".." of the root is the root */
    { "chain1", "usr/lib/x" },
    { "dangling", NULL },
    { "self", NULL },
    { "loop1", NULL },
    { "usr/lib/absent", NULL },
  };
  g_autoptr (TerraneTree) tree = terrane_tree_new ();
  add (tree, "usr/lib/x", OCI_ENTRY_FILE, NULL);
  add (tree, "lib", OCI_ENTRY_SYMLINK, "usr/lib");
  add (tree, "usr/abs", OCI_ENTRY_SYMLINK, "/lib/x");
  add (tree, "usr/up", OCI_ENTRY_SYMLINK, "../../../lib/x");
  add (tree, "chain1", OCI_ENTRY_SYMLINK, "chain2");
  add (tree, "chain2", OCI_ENTRY_SYMLINK, "usr/abs");
  add (tree, "dangling", OCI_ENTRY_SYMLINK, "nowhere");
  add (tree, "self", OCI_ENTRY_SYMLINK, "self");
  add (tree, "loop1", OCI_ENTRY_SYMLINK, "loop2");
  add (tree, "loop2", OCI_ENTRY_SYMLINK, "loop1");
  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      TerraneNode *node = terrane_tree_follow (tree, rows[i][0]);
      g_autofree char *path = node != NULL ? terrane_node_path (node) : NULL;
      g_test_message ("%s", rows[i][0]);
      if (g_strcmp0 (path, rows[i][1]) != 0)
        g_test_fail ();
    }
}

/* "as the kernel would": ENOTDIR, a path cannot continue through a file. */
static void
test_resolve_through_a_file (void)
{
  g_autoptr (TerraneTree) tree = terrane_tree_new ();
  add (tree, "usr/x", OCI_ENTRY_FILE, NULL);
  g_assert_null (terrane_tree_follow (tree, "usr/x/y"));
  g_assert_null (terrane_tree_follow (tree, "usr/x/.."));
  g_assert_null (terrane_tree_follow (tree, "usr/x/."));
  g_assert_null (terrane_tree_follow (tree, "usr/x/"));
}

/* 40 links, as the kernel's MAXSYMLINKS: 40 are followed, 41 give ELOOP. */
static void
test_link_limit (void)
{
  for (int n = 39; n <= 41; n++)
    {
      g_autoptr (TerraneTree) tree = terrane_tree_new ();
      add (tree, "l0", OCI_ENTRY_FILE, NULL);
      for (int i = 1; i <= n; i++)
        {
          g_autofree char *name = g_strdup_printf ("l%d", i);
          g_autofree char *target = g_strdup_printf ("l%d", i - 1);
          add (tree, name, OCI_ENTRY_SYMLINK, target);
        }
      g_autofree char *last = g_strdup_printf ("l%d", n);
      g_assert_cmpint (terrane_tree_follow (tree, last) != NULL, ==, n <= 40);
    }
}

static void
test_equal (void)
{
  g_autoptr (TerraneTree) tree = terrane_tree_new ();
  TerraneNode *a = add (tree, "a", OCI_ENTRY_FILE, NULL),
              *b = add (tree, "b", OCI_ENTRY_FILE, NULL);
  a->object = b->object = oci_digest_of ("x", 1);
  g_assert_true (terrane_node_equal (a, b));
  b->object = oci_digest_of ("y", 1);
  g_assert_false (terrane_node_equal (a, b));
  TerraneNode *c = add (tree, "c", OCI_ENTRY_DIRECTORY, NULL);
  TerraneNode *d = add (tree, "d", OCI_ENTRY_DIRECTORY, NULL);
  g_assert_true (terrane_node_equal (c, d));
  g_assert_false (terrane_node_equal (a, c));
  d->gid++;
  g_assert_false (terrane_node_equal (c, d));
}

static void
test_modes (void)
{
  static const struct
  {
    OciEntryType type;
    uint32_t mode, want;
  } rows[] = {
    { OCI_ENTRY_FILE, 0600, 0644 },    { OCI_ENTRY_FILE, 0666, 0644 },
    { OCI_ENTRY_FILE, 0, 0644 },       { OCI_ENTRY_FILE, 0700, 0755 },
    { OCI_ENTRY_FILE, 06711, 0755 },   { OCI_ENTRY_FILE, 04644, 0644 },
    { OCI_ENTRY_FILE, 0011, 0644 },    { OCI_ENTRY_DIRECTORY, 0700, 0755 },
    { OCI_ENTRY_DIRECTORY, 0, 0755 },  { OCI_ENTRY_DIRECTORY, 03777, 0755 },
    { OCI_ENTRY_SYMLINK, 0644, 0777 },
  };
  g_autoptr (GVariant) xattrs =
      g_variant_ref_sink (g_variant_new_array (G_VARIANT_TYPE ("(ayay)"), NULL, 0));
  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      OciEntry entry = { .path = "x",
                         .type = rows[i].type,
                         .mode = rows[i].mode,
                         .uid = 1000,
                         .gid = 1000,
                         .size = 9,
                         .xattrs = xattrs };
      terrane_modes_normalise (&entry);
      g_assert_cmpuint (entry.mode, ==, rows[i].want);
      g_assert_cmpuint (entry.uid, ==, 0);
      g_assert_cmpuint (entry.gid, ==, 0);
      g_assert_cmpuint (entry.size, ==, 9);
      g_assert_null (entry.xattrs);
    }
}

int
main (int argc, char **argv)
{
  test_init (&argc, &argv);
  g_test_add_func ("/tree/add-and-lookup", test_add_and_lookup);
  g_test_add_func ("/tree/replacing", test_replacing);
  g_test_add_func ("/tree/add-refused", test_add_refused);
  g_test_add_func ("/tree/order-and-totals", test_order_and_totals);
  g_test_add_func ("/tree/removing", test_removing);
  g_test_add_func ("/tree/resolve", test_resolve);
  g_test_add_func ("/tree/link-limit", test_link_limit);
  g_test_add_func ("/tree/equal", test_equal);
  g_test_add_func ("/modes", test_modes);
  g_test_add_func ("/tree/resolve-through-a-file", test_resolve_through_a_file);
  return g_test_run ();
}
