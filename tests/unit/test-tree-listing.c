#include "builder/store/commit.h"
#include "builder/store/tree-listing.h"

#include "oci/base/error.h"

#include "testing.h"

#include <string.h>

static TerraneTree *
make_tree (void)
{
  TerraneTree *tree = terrane_tree_new ();
  g_autoptr (GVariant) xattrs =
      g_variant_ref_sink (g_variant_new_parsed ("[(b'security.capability', b'x')]"));
  const OciEntry entries[] = {
    { .path = "", .type = OCI_ENTRY_DIRECTORY, .mode = 0700, .uid = 7 },
    { .path = "usr", .type = OCI_ENTRY_DIRECTORY, .mode = 01777, .gid = 9, .xattrs = xattrs },
    { .path = "usr/f", .type = OCI_ENTRY_FILE, .mode = 04755, .size = 3, .xattrs = xattrs },
    { .path = "usr/\xff\"", .type = OCI_ENTRY_FILE, .mode = 0644, .size = G_MAXINT64 },
    { .path = "usr/l", .type = OCI_ENTRY_SYMLINK, .mode = 0777, .target = "../\xfe" },
  };
  for (size_t i = 0; i < G_N_ELEMENTS (entries); i++)
    {
      TerraneNode *node = NULL;
      g_autoptr (GError) error = NULL;
      g_assert_true (terrane_tree_add (tree, &entries[i], &node, &error));
      g_assert_no_error (error);
      memset (node->object.bytes, entries[i].type == OCI_ENTRY_DIRECTORY ? 0 : (int) i,
              sizeof node->object.bytes);
    }
  return tree;
}

static void
test_round_trip (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (TerraneTree) tree = make_tree ();
  g_autoptr (GBytes) listing = terrane_tree_listing_write (tree);
  g_autoptr (TerraneTree) again = terrane_tree_listing_read ("it", listing, &error);
  g_assert_no_error (error);
  OciDigest before = terrane_commit_digest (tree), after = terrane_commit_digest (again);
  g_assert_true (oci_digest_equal (&before, &after));
  g_assert_cmpuint (terrane_tree_lookup (again, "usr/\xff\"")->size, ==, G_MAXINT64);
  g_assert_cmpstr (terrane_tree_lookup (again, "usr/l")->target, ==, "../\xfe");
  g_assert_true (terrane_node_equal (terrane_tree_lookup (tree, "usr/f"),
                                     terrane_tree_lookup (again, "usr/f")));
  g_autoptr (GBytes) same = terrane_tree_listing_write (again);
  g_assert_true (g_bytes_equal (listing, same));
}

#define ZEROS "0000000000000000000000000000000000000000000000000000000000000000"
#define DIRECTORY "[\"\",\"d\",493,0,0,0,\"\",\"\",\"\"]"

static void
test_refused (void)
{
  static const char *const lists[] = {
    "{}",
    "[{}]",
    "[[]]",
    "[[\"a\"]]",
    "[[\"../a\",\"f\",420,0,0,1,\"" ZEROS "\",\"\",\"\"]]",
    "[[\"/a\",\"f\",420,0,0,1,\"" ZEROS "\",\"\",\"\"]]",
    "[[\"a//b\",\"f\",420,0,0,1,\"" ZEROS "\",\"\",\"\"]]",
    "[[\"\",\"f\",420,0,0,1,\"" ZEROS "\",\"\",\"\"]]",    /* the root is a directory */
    "[[\"a\",\"p\",420,0,0,1,\"" ZEROS "\",\"\",\"\"]]",   /* a fifo */
    "[[\"a\",\"f\",65536,0,0,1,\"" ZEROS "\",\"\",\"\"]]", /* no such permission bits */
    "[[\"a\",\"f\",420,-1,0,1,\"" ZEROS "\",\"\",\"\"]]",
    "[[\"a\",\"f\",420,0,4294967296,1,\"" ZEROS "\",\"\",\"\"]]",
    "[[\"a\",\"f\",420,0,0,-1,\"" ZEROS "\",\"\",\"\"]]",
    "[[\"a\",\"f\",420,0,0,1,\"00\",\"\",\"\"]]",
    "[[\"a\",\"f\",420,0,0,1,\"\",\"\",\"\"]]",                  /* a file without an object */
    "[[\"a\",\"d\",493,0,0,0,\"" ZEROS "\",\"\",\"\"]]",         /* and a directory with one */
    "[[\"a\",\"l\",511,0,0,0,\"" ZEROS "\",\"\",\"\"]]",         /* a link to nothing */
    "[[\"a\",\"f\",420,0,0,1,\"" ZEROS "\",\"\",\"AAAA/w==\"]]", /* attributes that cannot be */
    "[" DIRECTORY ",[\"a\",\"l\",511,0,0,0,\"" ZEROS
    "\",\"x\",\"\"],[\"a/b\",\"f\",420,0,0,1,\"" ZEROS "\",\"\",\"\"]]", /* through a link */
  };
  for (size_t i = 0; i < G_N_ELEMENTS (lists); i++)
    {
      g_autoptr (GError) error = NULL;
      g_autoptr (GBytes) listing = g_bytes_new_static (lists[i], strlen (lists[i]));
      g_autoptr (TerraneTree) tree = terrane_tree_listing_read ("it", listing, &error);
      if (tree != NULL)
        g_error ("%s was taken", lists[i]);
      g_assert_error (error, OCI_ERROR, OCI_ERROR_CORRUPT);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/tree-listing/round-trip", test_round_trip);
  g_test_add_func ("/tree-listing/refused", test_refused);
  return g_test_run ();
}
