#include "builder/image/assemble.h"

#include "oci/base/error.h"

#include "testing.h"

static const char *const names[] = { "base", "first", "second", NULL };

/* "d usr", "f usr/x CONTENT" or "l lib TARGET" lines become a tree. */
static TerraneTree *
tree_of (const char *const *lines)
{
  TerraneTree *tree = terrane_tree_new ();
  for (; *lines != NULL; lines++)
    {
      g_auto (GStrv) words = g_strsplit (*lines, " ", 3);
      OciEntry entry = { .path = words[1], .mode = 0755 };
      g_autoptr (GError) error = NULL;
      TerraneNode *node = NULL;
      entry.type = words[0][0] == 'd'   ? OCI_ENTRY_DIRECTORY
                   : words[0][0] == 'l' ? OCI_ENTRY_SYMLINK
                                        : OCI_ENTRY_FILE;
      entry.target = words[0][0] == 'l' ? words[2] : NULL;
      if (words[0][0] == 'd' && words[2] != NULL)
        entry.mode = (uint32_t) g_ascii_strtoull (words[2], NULL, 8);
      g_assert_true (terrane_tree_add (tree, &entry, &node, &error));
      g_assert_no_error (error);
      if (words[0][0] != 'd')
        node->object = oci_digest_of (words[2], strlen (words[2]));
    }
  return tree;
}

static char *
assemble (TerraneTree *assembled, const char *const *lines, int tree_number, gboolean overwrite,
          GError **error)
{
  TerraneSourceSpec spec = { .where = (char *) "p.json: trees[0]",
                             .name = (char *) names[tree_number],
                             .overwrite = overwrite };
  g_autoptr (TerraneTree) tree = tree_of (lines);
  g_autoptr (GPtrArray) paths = NULL;
  if (!terrane_assemble (assembled, tree, tree_number, names, &spec, &paths, error))
    return NULL;
  g_ptr_array_add (paths, NULL);
  return g_strjoinv (" ", (char **) paths->pdata);
}

#define LINES(...) ((const char *const[]){ __VA_ARGS__, NULL })

static void
test_new_paths_and_parents (void)
{
  g_autoptr (TerraneTree) image = tree_of (LINES ("d usr 0700", "f usr/a 1", "d etc"));
  g_autoptr (GError) error = NULL;
  g_autofree char *paths = assemble (
      image, LINES ("d usr 0755", "f usr/share/x 1", "f opt 1", "d etc"), 1, FALSE, &error);
  g_assert_no_error (error);
  g_assert_cmpstr (paths, ==, "opt usr usr/share usr/share/x");
  /* A directory that exists keeps its attributes. */
  g_assert_cmpuint (terrane_tree_lookup (image, "usr")->mode, ==, 0700);
  g_assert_cmpint (terrane_tree_lookup (image, "usr")->tree_number, ==, 0);
  g_assert_cmpint (terrane_tree_lookup (image, "usr/share/x")->tree_number, ==, 1);
}

static void
test_order_is_bytewise (void)
{
  g_autoptr (TerraneTree) image = terrane_tree_new ();
  g_autoptr (GError) error = NULL;
  g_autofree char *paths = assemble (
      image, LINES ("f a/b 1", "f a-b 1", "f a.b 1", "f B 1", "f \xc3\xbc 1"), 1, FALSE, &error);
  g_assert_cmpstr (paths, ==, "B a a-b a.b a/b \xc3\xbc"); /* '-' < '.' < '/' */
}

/* A directory over a link to a directory means the directory that the link names. */
static void
test_merged_usr (void)
{
  g_autoptr (TerraneTree) image =
      tree_of (LINES ("d usr/lib", "l lib usr/lib", "l abs /usr/lib", "f usr/lib/old 1"));
  g_autoptr (GError) error = NULL;
  g_autofree char *paths = assemble (
      image, LINES ("d lib", "f lib/x/libz.so 1", "f abs/y 2", "f usr/lib/z 3"), 1, FALSE, &error);
  g_assert_no_error (error);
  g_assert_cmpstr (paths, ==, "usr usr/lib usr/lib/x usr/lib/x/libz.so usr/lib/y usr/lib/z");
  g_assert_cmpint (terrane_tree_lookup (image, "lib")->type, ==, OCI_ENTRY_SYMLINK);
}

static void
test_identical_files_are_left_out (void)
{
  g_autoptr (TerraneTree) image = tree_of (LINES ("f a/x 1", "l a/l t", "f a/y 1"));
  g_autoptr (GError) error = NULL;
  g_autofree char *paths =
      assemble (image, LINES ("f a/x 1", "l a/l t", "f a/y 2"), 1, FALSE, &error);
  g_assert_no_error (error);
  g_assert_cmpstr (paths, ==, "a a/y"); /* a file of the base may be replaced */
  g_autofree char *nothing = assemble (image, LINES ("f a/y 2"), 2, FALSE, &error);
  g_assert_cmpstr (nothing, ==, "");
}

/* All conflicts are in one error. */
static void
test_conflicts (void)
{
  g_autoptr (TerraneTree) image = tree_of (LINES ("f file 1", "d dir/full"));
  g_autoptr (GError) error = NULL;
  g_autofree char *first = assemble (image, LINES ("f a 1", "f b 1", "f c 1"), 1, FALSE, &error);
  g_assert_cmpstr (first, ==, "a b c");
  const char *const *lines = LINES ("f a 2", "f b 1", "l c t", "f file/below 1", "f dir 1");
  g_assert_null (assemble (image, lines, 2, FALSE, &error));
  assert_error (error, OCI_ERROR, OCI_ERROR_USAGE,
                "p.json: trees?0?: the tree ‘second’ does not fit*exclude*overwrite*"
                "/a: differs from the one in ‘first’*/c: differs from the one in ‘first’*");
  assert_error (error, OCI_ERROR, OCI_ERROR_USAGE,
                "*/dir: no directory here, a directory in ‘base’*");
  assert_error (error, OCI_ERROR, OCI_ERROR_USAGE,
                "*/file: a directory here, no directory in ‘base’*");
  g_assert_null (strstr (error->message, "/b:"));
  g_clear_error (&error);

  /* With overwrite files may be replaced, and still no directory. */
  g_autofree char *won = assemble (image, LINES ("f a 3", "l c t"), 2, TRUE, &error);
  g_assert_cmpstr (won, ==, "a c");
  g_assert_cmpint (terrane_tree_lookup (image, "a")->tree_number, ==, 2);
  g_assert_null (assemble (image, LINES ("f dir 1"), 2, TRUE, &error));
  assert_error (error, OCI_ERROR, OCI_ERROR_USAGE, "*/dir: no directory here*");
}

static void
test_many_conflicts (void)
{
  g_autoptr (TerraneTree) image = terrane_tree_new ();
  g_autoptr (GPtrArray) one = g_ptr_array_new_with_free_func (g_free);
  g_autoptr (GPtrArray) two = g_ptr_array_new_with_free_func (g_free);
  g_autoptr (GError) error = NULL;
  for (int i = 0; i < 13; i++)
    {
      g_ptr_array_add (one, g_strdup_printf ("f x%02d 1", i));
      g_ptr_array_add (two, g_strdup_printf ("f x%02d 2", i));
    }
  g_ptr_array_add (one, NULL);
  g_ptr_array_add (two, NULL);
  g_autofree char *paths = assemble (image, (const char *const *) one->pdata, 1, FALSE, &error);
  g_assert_nonnull (paths);
  g_assert_null (assemble (image, (const char *const *) two->pdata, 2, FALSE, &error));
  assert_error (error, OCI_ERROR, OCI_ERROR_USAGE, "*/x09: *and 3 more");
  g_assert_null (strstr (error->message, "x10"));
}

/* A link that leads nowhere cannot hold a directory's entries. */
static void
test_dangling_link (void)
{
  g_autoptr (TerraneTree) image = tree_of (LINES ("l lib nowhere", "l loop loop"));
  g_autoptr (GError) error = NULL;
  g_assert_null (assemble (image, LINES ("f lib/x 1", "f loop/x 1"), 1, FALSE, &error));
  assert_error (error, OCI_ERROR, OCI_ERROR_USAGE, "*/lib: a directory here, no directory in*");
  assert_error (error, OCI_ERROR, OCI_ERROR_USAGE, "*/lib/x: a parent is not a directory*");
}

static void
test_all_paths (void)
{
  g_autoptr (TerraneTree) tree = tree_of (LINES ("f a/b 1", "f a-b 1"));
  g_autoptr (GPtrArray) paths = terrane_assemble_all_paths (tree);
  g_ptr_array_add (paths, NULL);
  g_autofree char *joined = g_strjoinv (" ", (char **) paths->pdata);
  g_assert_cmpstr (joined, ==, "a a-b a/b");
}

int
main (int argc, char **argv)
{
  test_init (&argc, &argv);
  g_test_add_func ("/assemble/new-paths-and-parents", test_new_paths_and_parents);
  g_test_add_func ("/assemble/order-is-bytewise", test_order_is_bytewise);
  g_test_add_func ("/assemble/merged-usr", test_merged_usr);
  g_test_add_func ("/assemble/identical-files-are-left-out", test_identical_files_are_left_out);
  g_test_add_func ("/assemble/conflicts", test_conflicts);
  g_test_add_func ("/assemble/many-conflicts", test_many_conflicts);
  g_test_add_func ("/assemble/dangling-link", test_dangling_link);
  g_test_add_func ("/assemble/all-paths", test_all_paths);
  return g_test_run ();
}
