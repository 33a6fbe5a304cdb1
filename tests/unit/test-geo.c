#include "builder/geo/proj-search.h"

#include "testing.h"

/* Facts of @data, from a file of its own. */
static TerraneGeoFile *
read_bytes (const void *data, gsize len)
{
  g_autoptr (GError) error = NULL;
  g_auto (TestDir) dir = test_dir_new ();
  g_autofree char *path = test_dir_write (&dir, "file", data, len);
  g_auto (OciFd) fd = open (path, O_RDONLY | O_CLOEXEC);
  TerraneGeoFile *file = NULL;
  gboolean ok = terrane_geo_file_read (fd, &file, &error);
  g_assert_no_error (error);
  g_assert_true (ok);
  return file;
}

#define READ(text) read_bytes (text, sizeof (text))

static void
test_versions (void)
{
  g_autoptr (TerraneGeoFile) proj = READ ("\x7f"
                                          "ELF\0z>Rel. 9.1.1, December 1st, 2022\0/usr/share/proj");
  g_assert_cmpstr (proj->proj, ==, "9.1.1");
  g_assert_cmpstr (proj->proj_data, ==, "/usr/share/proj");
  g_assert_cmpint (proj->layout_major, ==, -1);
  g_autoptr (TerraneGeoFile) gdal =
      READ ("since GDAL 1.8.0\0GDAL 2.0dev\0created with GDAL 3.6.0) of\0GDAL 3.6.2\0"
            "/usr/share/gdal\0header.dxf\0xdefault.rsc\0"
            "3.11.1-CAPI-1.17.1\0/usr/lib/gdalplugins");
  g_assert_cmpstr (gdal->gdal, ==, "3.6.2");
  g_assert_cmpstr (gdal->geos, ==, "3.11.1");
  g_assert_cmpstr (gdal->gdal_data, ==, "/usr/share/gdal");
  g_assert_cmpstr (gdal->plugins, ==, "/usr/lib/gdalplugins");
  g_assert_cmpuint (g_strv_length (gdal->data_files), ==, 1);
  g_assert_cmpstr (gdal->data_files[0], ==, "header.dxf");
  g_autoptr (TerraneGeoFile) later = READ ("\0GDAL/3.10.3\0");
  g_assert_cmpstr (later->gdal, ==, "3.10.3");
  g_autoptr (TerraneGeoFile) curl = READ ("\0libcurl/8.16.0\0/etc/pki/tls/certs/ca-bundle.crt\0");
  g_assert_cmpstr (curl->curl, ==, "8.16.0");
  g_assert_cmpstr (curl->ca_file, ==, "/etc/pki/tls/certs/ca-bundle.crt");
}

static void
test_nothing (void)
{
  g_assert_null (READ (""));
  g_assert_null (READ ("GDAL 3.6\0PROJ 9\0libcurl/8\0Rel. 9.1.1\0 PROJ 9.1.1\0"));
  g_assert_null (READ ("PROJ 99999999999999999999999999.1.1\0"));
}

/* A row as fileformat2.html says: size of the row, then the header's length and two types. */
static GByteArray *
make_database (const char *minor)
{
  static const char magic[16] = "SQLite format 3";
  static const char key[] = "DATABASE.LAYOUT.VERSION.M%s";
  GByteArray *bytes = g_byte_array_new ();
  g_byte_array_append (bytes, (const guint8 *) magic, sizeof magic);
  const char *const rows[][2] = { { "MINOR", minor }, { "MAJOR", "1" } };
  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autofree char *name = g_strdup_printf (key, rows[i][0] + 1);
      gsize name_len = strlen (name), len = strlen (rows[i][1]);
      const guint8 head[4] = { (guint8) (3 + name_len + len), 3, (guint8) (13 + 2 * name_len),
                               (guint8) (13 + 2 * len) };
      g_byte_array_append (bytes, head, sizeof head);
      g_byte_array_append (bytes, (const guint8 *) name, (guint) name_len);
      g_byte_array_append (bytes, (const guint8 *) rows[i][1], (guint) len);
      g_byte_array_append (bytes, (const guint8 *) "7", 1); /* the next byte is not a digit of it */
    }
  return bytes;
}

static void
test_database (void)
{
  g_autoptr (GByteArray) bytes = make_database ("12");
  g_autoptr (TerraneGeoFile) file = read_bytes (bytes->data, bytes->len);
  g_assert_true (file->database);
  g_assert_cmpint (file->layout_major, ==, 1);
  g_assert_cmpint (file->layout_minor, ==, 12);
  /* SQLite writes over the first four bytes of a row that is freed. */
  memset (bytes->data + 16, 0, 4);
  g_autoptr (TerraneGeoFile) freed = read_bytes (bytes->data, bytes->len);
  g_assert_cmpint (freed->layout_minor, ==, -1);
}

/* Nothing is missed or seen twice where one piece ends and the next begins. */
static void
test_pieces (void)
{
  enum
  {
    PIECE = 1024 * 1024
  };
  static const char text[] = "\0GDAL 3.6.2";
  for (gsize at = PIECE - 1100; at < PIECE + 20; at += 7)
    {
      gsize len = 2 * PIECE + 1;
      g_autofree char *data = g_malloc0 (len);
      memcpy (data + at, text, sizeof text);
      g_autoptr (TerraneGeoFile) file = read_bytes (data, len);
      g_assert_nonnull (file);
      g_assert_cmpstr (file->gdal, ==, "3.6.2");
    }
}

static void
test_json (void)
{
  g_autoptr (TerraneGeoFile) file = READ ("\0GDAL 3.6.2\0header.dxf\0/usr/share/gdal\0");
  g_autoptr (OciJsonValue) json = terrane_geo_file_to_json (file);
  g_autoptr (TerraneGeoFile) again = terrane_geo_file_from_json (json);
  g_autoptr (OciJsonValue) second = terrane_geo_file_to_json (again);
  g_assert_true (json_equal (json, second));
}

/* DATABASE.LAYOUT.VERSION.MINOR in data/sql/metadata.sql of PROJ's tags. */
static void
test_layouts (void)
{
  static const struct
  {
    const char *version;
    int minor;
  } cases[] = { { "7.2.1", -1 }, { "8.0.0", 0 },  { "8.1.1", 1 }, { "8.2.0", 2 }, { "9.1.1", 2 },
                { "9.3.1", 2 },  { "9.4.0", 3 },  { "9.5.1", 4 }, { "9.6.2", 5 }, { "9.7.0", 6 },
                { "9.8.1", 6 },  { "10.0.0", 6 }, { "nine", -1 }, { NULL, -1 } };
  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      int minor = -1;
      g_assert_true (terrane_proj_layout (cases[i].version, &minor) == (cases[i].minor >= 0));
      g_assert_cmpint (minor, ==, cases[i].minor);
    }
  g_assert_false (terrane_proj_reads_proj_data ("9.0.1"));
  g_assert_true (terrane_proj_reads_proj_data ("9.1.0"));
}

static TerraneNode *
add_file (TerraneTree *tree, const char *path)
{
  const OciEntry entry = { .path = path, .type = OCI_ENTRY_FILE, .mode = 0644 };
  TerraneNode *node = NULL;
  g_assert_true (terrane_tree_add (tree, &entry, &node, NULL));
  return node;
}

/* The places of @path's PROJ of @version, separated by spaces. */
static void
assert_places (TerraneTree *tree, const char *path, const char *version, const char *environment,
               const char *expected)
{
  g_auto (GStrv) list = g_strsplit (environment, " ", -1);
  g_autoptr (TerraneGeoIndex) index = terrane_geo_index_new_empty ();
  g_autoptr (GString) text = g_string_new (NULL);
  TerraneGeoFile *facts = g_new0 (TerraneGeoFile, 1);
  facts->proj = g_strdup (version);
  facts->proj_data = g_strdup ("/built/share/proj");
  facts->data_files = g_new0 (char *, 1);
  terrane_geo_index_add (index, add_file (tree, path), facts);
  g_autoptr (GPtrArray) places =
      terrane_proj_places (tree, terrane_geo_index_entries (index)->pdata[0], list, "/usr");
  for (guint i = 0; i < places->len; i++)
    {
      const TerraneProjPlace *place = places->pdata[i];
      g_string_append_printf (text, "%s%s%s%s", i > 0 ? " " : "",
                              place->variable != NULL ? place->variable : "",
                              place->variable != NULL ? "=" : "", place->path);
    }
  g_assert_cmpstr (text->str, ==, expected);
}

static void
test_places (void)
{
  static const char both[] = "PROJ_DATA=/a:/b PROJ_LIB=/c";
  g_autoptr (TerraneTree) tree = terrane_tree_new ();
  assert_places (tree, "opt/lib/libproj.so.25", "9.1.1", both,
                 "PROJ_DATA=/a PROJ_DATA=/b /opt/share/proj /built/share/proj");
  assert_places (tree, "opt/lib/libproj.so.25", "9.0.1", both,
                 "PROJ_LIB=/c /opt/share/proj /built/share/proj");
  assert_places (tree, "opt/lib/libproj.so.25", "9.1.1", "PROJ_DATA= PROJ_LIB=/c",
                 "PROJ_LIB=/c /opt/share/proj /built/share/proj");
  static const char *const wheels[] = { "rasterio", "fiona", "pyogrio", "pyproj" };
  for (gsize i = 0; i < G_N_ELEMENTS (wheels); i++)
    {
      g_autofree char *own = g_strdup_printf ("task/%s/%s/proj.db", wheels[i],
                                              i == 3 ? "proj_dir/share/proj" : "proj_data");
      g_autofree char *library = g_strdup_printf ("task/%s.libs/libx.so", wheels[i]);
      g_autofree char *beside = g_strconcat ("/", own, NULL);
      beside[strlen (beside) - strlen ("/proj.db")] = '\0';
      (void) add_file (tree, own);
      assert_places (tree, library, "9.4.0", "A=b", beside);
      assert_places (tree, library, "9.4.0", both, i < 2 ? "PROJ_DATA=/a PROJ_DATA=/b" : beside);
      terrane_tree_remove (tree, own);
    }
  assert_places (tree, "task/rasterio.libs/libx.so", "9.4.0", "A=b",
                 "/task/share/proj /built/share/proj");
  assert_places (tree, "task/pyproj.libs/libx.so", "9.4.0", both,
                 "PROJ_DATA=/a PROJ_DATA=/b /usr/share/proj");
}

int
main (int argc, char **argv)
{
  test_init (&argc, &argv);
  g_test_add_func ("/geo/versions", test_versions);
  g_test_add_func ("/geo/nothing", test_nothing);
  g_test_add_func ("/geo/database", test_database);
  g_test_add_func ("/geo/pieces", test_pieces);
  g_test_add_func ("/geo/json", test_json);
  g_test_add_func ("/geo/layouts", test_layouts);
  g_test_add_func ("/geo/places", test_places);
  return g_test_run ();
}
