#include "builder/geo/dedupe.h"

#include "testing.h"

typedef struct
{
  TerraneTree *tree;
  TerraneGeoIndex *index;
} World;

static World
world_new (void)
{
  return (World){ .tree = terrane_tree_new (), .index = terrane_geo_index_new_empty () };
}

static void
world_clear (World *self)
{
  terrane_geo_index_free (self->index);
  terrane_tree_free (self->tree);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (World, world_clear)

/* @content: stands for the object of a file */
static TerraneNode *
add_file (World *self, const char *path, uint64_t size, guint8 content)
{
  const OciEntry entry = { .path = path, .type = OCI_ENTRY_FILE, .mode = 0644, .size = size };
  TerraneNode *node = NULL;
  g_assert_true (terrane_tree_add (self->tree, &entry, &node, NULL));
  node->size = size;
  memset (node->object.bytes, content, sizeof node->object.bytes);
  return node;
}

static void
add_facts (World *self, TerraneNode *node, const char *proj, int minor)
{
  TerraneGeoFile *facts = g_new0 (TerraneGeoFile, 1);
  facts->proj = g_strdup (proj);
  facts->database = minor >= 0;
  facts->layout_major = minor >= 0 ? 1 : -1;
  facts->layout_minor = minor;
  facts->data_files = g_new0 (char *, 1);
  terrane_geo_index_add (self->index, node, facts);
}

/* Three wheels: their databases, and the PROJ of each. */
static World
make_wheels (int rasterio, int pyproj, int pyogrio)
{
  World self = world_new ();
  add_facts (&self, add_file (&self, "task/rasterio/proj_data/proj.db", 9000, 1), "9.4.1",
             rasterio);
  add_facts (&self, add_file (&self, "task/pyproj/proj_dir/share/proj/proj.db", 8000, 2), "9.5.1",
             pyproj);
  add_facts (&self, add_file (&self, "task/pyogrio/proj_data/proj.db", 9900, 3), "9.7.1", pyogrio);
  add_facts (&self, add_file (&self, "task/rasterio.libs/libproj-1.so", 1, 4), "9.4.1", -1);
  add_facts (&self, add_file (&self, "task/pyogrio.libs/libgdal-1.so", 1, 5), "9.7.1", -1);
  return self;
}

/* "FILE -> TARGET;" of all links, and how many bytes go. */
static void
assert_links (World *self, const char *expected, uint64_t bytes)
{
  g_autoptr (GPtrArray) links = terrane_geo_dedupe (self->tree, self->index);
  g_autoptr (GString) text = g_string_new (NULL);
  for (guint i = 0; i < links->len; i++)
    {
      const TerraneDedupeLink *link = links->pdata[i];
      g_string_append_printf (text, "%s -> %s;", link->path, link->target);
      bytes -= link->size;
    }
  g_assert_cmpstr (text->str, ==, expected);
  g_assert_cmpuint (bytes, ==, 0);
}

static void
test_newest_wins (void)
{
  g_auto (World) world = make_wheels (3, 4, 6);
  assert_links (&world,
                "task/pyproj/proj_dir/share/proj/proj.db -> "
                "../../../../pyogrio/proj_data/proj.db;"
                "task/rasterio/proj_data/proj.db -> ../../pyogrio/proj_data/proj.db;",
                17000);
}

/* If layouts are equal, that of the later PROJ. */
static void
test_equal_layouts (void)
{
  g_auto (World) world = make_wheels (6, 6, 6);
  g_autoptr (GPtrArray) links = terrane_geo_dedupe (world.tree, world.index);
  g_assert_cmpuint (links->len, ==, 2);
}

/* PROJ 9.7 takes 1.6: nothing is shared when the newest file is older than that. */
static void
test_too_old (void)
{
  g_auto (World) world = make_wheels (3, 4, 5);
  assert_links (&world, "", 0);
}

static void
test_unknown_proj (void)
{
  g_auto (World) world = make_wheels (3, 4, 6);
  add_facts (&world, add_file (&world, "task/other.libs/libproj-2.so", 1, 6), NULL, -1);
  assert_links (&world, "", 0);
  g_auto (World) old = make_wheels (3, 4, 6);
  add_facts (&old, add_file (&old, "task/other.libs/libproj-2.so", 1, 6), "7.2.1", -1);
  assert_links (&old, "", 0);
}

/* A user that cannot read one must not be led to it, nor the other way round. */
static void
test_access (void)
{
  g_auto (World) world = make_wheels (3, 4, 6);
  terrane_tree_lookup (world.tree, "task/pyogrio/proj_data/proj.db")->mode = 0600;
  assert_links (&world, "", 0);
}

static void
test_equal_files (void)
{
  g_auto (World) world = world_new ();
  (void) add_file (&world, "task/fiona/gdal_data/a", 5000, 1);
  (void) add_file (&world, "task/rasterio/gdal_data/a", 5000, 1);
  (void) add_file (&world, "task/rasterio/gdal_data/b", 5000, 2); /* another content */
  (void) add_file (&world, "task/rasterio/gdal_data/sub/c", 5000, 1);
  (void) add_file (&world, "task/pyogrio/gdal_data/small", 4095, 3);
  (void) add_file (&world, "task/rasterio/gdal_data/small", 4095, 3);
  (void) add_file (&world, "task/other/gdal_data/a", 5000, 1);     /* an unknown package */
  (void) add_file (&world, "task/xrasterio/gdal_data/a", 5000, 1); /* likewise */
  assert_links (&world,
                "task/rasterio/gdal_data/a -> ../../fiona/gdal_data/a;"
                "task/rasterio/gdal_data/sub/c -> ../../../fiona/gdal_data/a;",
                10000);
}

int
main (int argc, char **argv)
{
  test_init (&argc, &argv);
  g_test_add_func ("/dedupe/newest-wins", test_newest_wins);
  g_test_add_func ("/dedupe/equal-layouts", test_equal_layouts);
  g_test_add_func ("/dedupe/too-old", test_too_old);
  g_test_add_func ("/dedupe/unknown-proj", test_unknown_proj);
  g_test_add_func ("/dedupe/access", test_access);
  g_test_add_func ("/dedupe/equal-files", test_equal_files);
  return g_test_run ();
}
