#include "builder/store/cache.h"
#include "builder/store/gc.h"
#include "builder/store/ingest.h"
#include "builder/store/object.h"
#include "builder/store/open.h"
#include "builder/store/pulled.h"

#include "oci/base/error.h"

#include "testing.h"

#include <sys/stat.h>
#include <sys/xattr.h>

enum
{
  MIB = 1024 * 1024,
  BIG = 17 * MIB + 3, /* more than ingest keeps in memory */
};

static TerraneStore *
open_store (const TestDir *dir)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *path = test_dir_file (dir, "store");
  TerraneStore *store = terrane_store_open (path, TERRANE_STORE_SHARED, &error);
  g_assert_no_error (error);
  return store;
}

typedef struct
{
  const guint8 *data;
  gsize len, at;
} Content;

/* Gives at most 70000 bytes a call. */
static gboolean
read_content (gpointer data, void *buffer, size_t len, size_t *out_read,
              G_GNUC_UNUSED GError **error)
{
  Content *self = data;
  gsize n = MIN (MIN (len, 70000), self->len - self->at);
  if (n > 0)
    memcpy (buffer, self->data + self->at, n);
  self->at += n;
  *out_read = n;
  return TRUE;
}

static GVariant *
capability (void)
{
  static const guint8 value[20] = { 1, 0, 0, 2, 0, 4 };
  GVariantBuilder builder;
  g_variant_builder_init (&builder, G_VARIANT_TYPE ("a(ayay)"));
  g_variant_builder_add (&builder, "(@ay@ay)", g_variant_new_bytestring ("security.capability"),
                         g_variant_new_fixed_array (G_VARIANT_TYPE_BYTE, value, sizeof value, 1));
  return g_variant_ref_sink (g_variant_builder_end (&builder));
}

static void
add (TerraneIngest *ingest, const OciEntry *entry, const void *data, gsize len)
{
  Content content = { .data = data, .len = len };
  g_autoptr (GError) error = NULL;
  g_assert_true (terrane_ingest_add (ingest, entry, read_content, &content, &error));
  g_assert_no_error (error);
}

static gboolean
append_node (TerraneNode *node, const char *path, gpointer data, G_GNUC_UNUSED GError **error)
{
  OciDigestHex hex;
  gboolean directory = node->type == OCI_ENTRY_DIRECTORY;
  g_autofree char *xattrs =
      node->xattrs != NULL ? g_variant_print (node->xattrs, TRUE) : g_strdup ("");
  g_string_append_printf (data, "%d %s %o %u:%u %" G_GUINT64_FORMAT " %s %s %s\n", node->type, path,
                          node->mode, node->uid, node->gid, node->size,
                          node->target != NULL ? node->target : "", xattrs,
                          directory ? "" : oci_digest_hex (&node->object, hex));
  return TRUE;
}

static void
assert_same_tree (TerraneTree *a, TerraneTree *b)
{
  g_autoptr (GString) a_text = g_string_new (NULL), b_text = g_string_new (NULL);
  g_autoptr (GError) error = NULL;
  g_assert_true (terrane_tree_foreach (a, append_node, a_text, &error));
  g_assert_true (terrane_tree_foreach (b, append_node, b_text, &error));
  g_assert_cmpstr (a_text->str, ==, b_text->str);
}

/* Adds the sample. @ingest: (transfer full) */
static OciDigest
ingest_sample_with (TerraneIngest *ingest, const guint8 *big, TerraneTree **out_tree)
{
  g_autoptr (GVariant) xattrs = capability ();
  const OciEntry entries[] = {
    { .path = "", .type = OCI_ENTRY_DIRECTORY, .mode = 0755 },
    { .path = "dir", .type = OCI_ENTRY_DIRECTORY, .mode = 02750, .uid = 11, .gid = 12 },
    { .path = "dir/suid",
      .type = OCI_ENTRY_FILE,
      .mode = 04755,
      .uid = 1000,
      .gid = 2000,
      .size = 5 },
    { .path = "dir/empty", .type = OCI_ENTRY_FILE, .mode = 0600 },
    { .path = "dir/link",
      .type = OCI_ENTRY_SYMLINK,
      .target = "../dir/suid",
      .mode = 0777,
      .uid = 3 },
    { .path = "ping", .type = OCI_ENTRY_FILE, .mode = 0755, .xattrs = xattrs, .size = 999 },
    { .path = "hard", .type = OCI_ENTRY_HARDLINK, .target = "ping" },
  };
  const OciEntry spooled = { .path = "big", .type = OCI_ENTRY_FILE, .mode = 0644, .size = BIG };
  const OciEntry liar = { .path = "liar", .type = OCI_ENTRY_FILE, .mode = 0644, .size = 0 };
  g_autoptr (GError) error = NULL;
  OciDigest commit;
  for (gsize i = 0; i < G_N_ELEMENTS (entries); i++)
    add (ingest, &entries[i], "hello", i == 2 || i == 5 ? 5 : 0);
  add (ingest, &spooled, big, BIG);
  add (ingest, &liar, big, BIG - 1);
  g_assert_true (terrane_ingest_finish (ingest, &commit, out_tree, &error));
  g_assert_no_error (error);
  terrane_ingest_free (ingest);
  return commit;
}

static OciDigest
ingest_sample (TerraneStore *store, unsigned jobs, const guint8 *big)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (TerraneTree) tree = NULL;
  TerraneIngest *ingest = terrane_ingest_new (store, jobs, NULL, NULL, &error);
  g_assert_no_error (error);
  OciDigest commit = ingest_sample_with (ingest, big, &tree);
  g_autoptr (TerraneTree) loaded = terrane_commit_load (store, &commit, &error);
  g_assert_no_error (error);
  assert_same_tree (tree, loaded);
  return commit;
}

static void
assert_node (TerraneTree *tree, const char *path, OciEntryType type, uint32_t mode, uint32_t uid,
             uint32_t gid, uint64_t size)
{
  const TerraneNode *node = terrane_tree_lookup (tree, path);
  g_assert_nonnull (node);
  g_assert_cmpint (node->type, ==, type);
  g_assert_cmpuint (node->mode, ==, mode);
  g_assert_cmpuint (node->uid, ==, uid);
  g_assert_cmpuint (node->gid, ==, gid);
  g_assert_cmpuint (node->size, ==, size);
}

/* Only files of the name that was asked for can be read without being stored. */
static void
assert_looked (TerraneStore *store, TerraneTree *tree)
{
  char text[6] = "";
  size_t got = 0;
  g_auto (OciFd) fd = -1;
  g_autoptr (GError) error = NULL;
  const TerraneNode *node = terrane_tree_lookup (tree, "dir/suid");
  g_assert_true (terrane_object_open (store, &node->object, &fd, &error));
  g_assert_true (oci_read_full (fd, text, sizeof text, &got, &error));
  g_assert_cmpuint (got, ==, node->size);
  g_assert_false (
      terrane_object_open (store, &terrane_tree_lookup (tree, "big")->object, &fd, &error));
  g_assert_error (error, OCI_ERROR, OCI_ERROR_NOT_FOUND);
}

static void
test_round_trip (void)
{
  g_auto (TestDir) dir = test_dir_new ();
  if (!test_dir_holds_stores (&dir))
    return;
  g_autoptr (GError) error = NULL;
  g_autofree guint8 *big = g_malloc (BIG);
  test_fill_random (big, BIG, 7);
  g_autoptr (TerraneStore) store = open_store (&dir);
  OciDigest commit = ingest_sample (store, 3, big);
  OciDigest again = ingest_sample (store, 1, big);
  g_assert_true (oci_digest_equal (&commit, &again)); /* neither time nor threads */
  /* Looking gives the same, and keeps nothing. */
  g_auto (TestDir) other = test_dir_new ();
  g_autoptr (TerraneStore) empty = open_store (&other);
  g_autoptr (TerraneTree) seen = NULL;
  OciDigest looked = ingest_sample_with (
      terrane_ingest_new_look (empty, 2, 3 * (uint64_t) BIG, "suid"), big, &seen);
  g_assert_true (oci_digest_equal (&commit, &looked));
  gboolean kept = TRUE;
  g_assert_true (terrane_commit_find (empty, &commit, &kept, &error));
  g_assert_false (kept);
  assert_looked (empty, seen);
  gboolean found = FALSE;
  g_assert_true (terrane_commit_find (store, &commit, &found, &error));
  g_assert_true (found);
  OciDigest absent = oci_digest_of ("absent", 6);
  g_assert_true (terrane_commit_find (store, &absent, &found, &error));
  g_assert_false (found);
  g_assert_null (terrane_commit_load (store, &absent, &error));
  g_assert_nonnull (error);
  g_clear_error (&error);

  g_autoptr (TerraneTree) tree = terrane_commit_load (store, &commit, &error);
  g_assert_no_error (error);
  assert_node (tree, "dir", OCI_ENTRY_DIRECTORY, 02750, 11, 12, 0);
  assert_node (tree, "dir/suid", OCI_ENTRY_FILE, 04755, 1000, 2000, 5);
  assert_node (tree, "dir/empty", OCI_ENTRY_FILE, 0600, 0, 0, 0);
  assert_node (tree, "dir/link", OCI_ENTRY_SYMLINK, 0777, 3, 0, 0);
  g_assert_cmpstr (terrane_tree_lookup (tree, "dir/link")->target, ==, "../dir/suid");
  assert_node (tree, "ping", OCI_ENTRY_FILE, 0755, 0, 0, 5); /* the announced size is not trusted */
  assert_node (tree, "hard", OCI_ENTRY_FILE, 0755, 0, 0, 5);
  assert_node (tree, "big", OCI_ENTRY_FILE, 0644, 0, 0, BIG);
  assert_node (tree, "liar", OCI_ENTRY_FILE, 0644, 0, 0, BIG - 1);
  g_autoptr (GVariant) xattrs = capability ();
  const TerraneNode *ping = terrane_tree_lookup (tree, "ping");
  g_assert_true (g_variant_equal (ping->xattrs, xattrs));
  g_assert_true (terrane_node_equal (ping, terrane_tree_lookup (tree, "hard")));

  g_auto (OciFd) fd = -1;
  OciDigest content, want = oci_digest_of (big, BIG);
  g_assert_true (
      terrane_object_open (store, &terrane_tree_lookup (tree, "big")->object, &fd, &error));
  g_assert_true (oci_digest_of_fd (fd, &content, NULL, &error));
  g_assert_true (oci_digest_equal (&content, &want));
  OciFd none = -1;
  g_assert_false (terrane_object_open (store, &absent, &none, &error));
  assert_error (error, OCI_ERROR, OCI_ERROR_NOT_FOUND, "the store lacks a file object*");

  g_autofree char *repo = g_strconcat ("--repo=", terrane_store_path (store), "/repo", NULL);
  const char *const argv[] = { "ostree", "fsck", "--all", repo, NULL };
  gboolean success = FALSE;
  g_autofree char *output = test_run_tool (argv, &success);
  g_assert_true (output == NULL || success);
}

static void
assert_same (const void *data, gsize size, const void *want, gsize want_size)
{
  g_assert_cmpuint (size, ==, want_size);
  g_assert_true (memcmp (data, want, size) == 0);
}

/* Both repositories have the same file under the name of the object. */
static void
assert_same_object (const char *repo, TerraneStore *store, const char *hex, const char *extension)
{
  g_autofree char *name = g_strdup_printf ("objects/%.2s/%s.%s", hex, hex + 2, extension);
  g_autofree char *paths[] = { g_build_filename (repo, name, NULL),
                               g_build_filename (terrane_store_path (store), "repo", name, NULL) };
  struct stat st[2];
  char *contents[2] = { NULL };
  gsize sizes[2];
  char attributes[2][256];
  ssize_t lengths[2];
  for (int i = 0; i < 2; i++)
    {
      g_assert_no_errno (stat (paths[i], &st[i]));
      g_assert_true (g_file_get_contents (paths[i], &contents[i], &sizes[i], NULL));
      lengths[i] = getxattr (paths[i], "user.ostreemeta", attributes[i], sizeof attributes[i]);
    }
  assert_same (contents[1], sizes[1], contents[0], sizes[0]);
  g_assert_cmphex (st[1].st_mode, ==, st[0].st_mode);
  if (g_str_equal (extension, "file")) /* libostree does not change the time of others */
    {
      g_assert_cmpint (st[1].st_mtim.tv_sec, ==, st[0].st_mtim.tv_sec);
      g_assert_cmpint (st[1].st_mtim.tv_nsec, ==, st[0].st_mtim.tv_nsec);
    }
  g_assert_cmpint (lengths[1], ==, lengths[0]);
  if (lengths[0] > 0)
    assert_same (attributes[1], (gsize) lengths[1], attributes[0], (gsize) lengths[0]);
  g_free (contents[0]);
  g_free (contents[1]);
  g_free (paths[1]);
}

/* Stores the object in one of the three ways. */
static void
write_object (TerraneStore *store, const OciEntry *entry, const OciDigest *digest,
              const char *content, unsigned way)
{
  g_autoptr (GError) error = NULL;
  g_auto (OciTempFile) file = OCI_TEMP_FILE_INIT;
  g_autoptr (GBytes) bytes =
      entry->type == OCI_ENTRY_FILE ? g_bytes_new (content, strlen (content)) : NULL;
  gboolean written = FALSE, again = TRUE, ok = FALSE;
  g_assert_true (oci_temp_file_open (&file, terrane_store_dfd (store), &error));
  g_assert_true (oci_write_all (file.fd, content, strlen (content), &error));
  if (entry->type == OCI_ENTRY_SYMLINK || way == 0)
    ok = terrane_object_write (store, entry, digest, bytes, -1, &written, &error);
  else if (way == 1)
    ok = terrane_object_write (store, entry, digest, NULL, file.fd, &written, &error);
  else
    ok = terrane_object_adopt (store, entry, digest, &file, &written, &error);
  g_assert_no_error (error);
  g_assert_true (ok && written);
  g_assert_true (terrane_object_write (store, entry, digest, bytes, -1, &again, &error));
  g_assert_false (again);
}

/* terrane's hasher and files agree with those of libostree for the same content and metadata. */
static void
test_objects (void)
{
  g_auto (TestDir) dir = test_dir_new ();
  if (!test_dir_holds_stores (&dir))
    return;
  g_autoptr (GVariant) xattrs = capability ();
  const struct
  {
    OciEntry entry;
    const char *content;
  } rows[] = {
    { { .type = OCI_ENTRY_FILE, .mode = 0644 }, "" },
    { { .type = OCI_ENTRY_FILE, .mode = 04711, .uid = 1000, .gid = 65534 }, "text" },
    { { .type = OCI_ENTRY_FILE, .mode = 0755, .xattrs = xattrs }, "capable" },
    { { .type = OCI_ENTRY_FILE, .mode = 0 }, "unreadable" },
    { { .type = OCI_ENTRY_FILE, .mode = 02666, .gid = 7 }, "for all" },
    { { .type = OCI_ENTRY_FILE, .mode = 0444 }, "with text of more than one word" },
    { { .type = OCI_ENTRY_SYMLINK,
        .mode = 0777,
        .target = "b\xc3\xbc"
                  "cher/x" },
      "" },
  };
  g_autofree char *other_path = test_dir_file (&dir, "other");
  g_autoptr (GError) error = NULL;
  g_autoptr (TerraneStore) store = open_store (&dir);
  g_autoptr (OstreeRepo) other =
      ostree_repo_create_at (AT_FDCWD, other_path, OSTREE_REPO_MODE_BARE_USER, NULL, NULL, &error);
  g_assert_no_error (error);
  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      const OciEntry *entry = &rows[i].entry;
      gboolean link = entry->type == OCI_ENTRY_SYMLINK;
      gsize len = strlen (rows[i].content);
      g_autoptr (TerraneObjectHasher) hasher = terrane_object_hasher_new (entry);
      terrane_object_hasher_update (hasher, rows[i].content, len);
      OciDigest digest = terrane_object_hasher_finish (hasher);
      OciDigestHex hex;

      g_autoptr (GFileInfo) info = g_file_info_new ();
      g_autoptr (GInputStream) input =
          g_memory_input_stream_new_from_data (rows[i].content, (gssize) len, NULL);
      g_autoptr (GInputStream) stream = NULL;
      guint64 stream_len = 0;
      g_autofree guchar *checksum = NULL;
      g_file_info_set_file_type (info, link ? G_FILE_TYPE_SYMBOLIC_LINK : G_FILE_TYPE_REGULAR);
      g_file_info_set_size (info, (goffset) len);
      g_file_info_set_attribute_uint32 (info, "unix::uid", entry->uid);
      g_file_info_set_attribute_uint32 (info, "unix::gid", entry->gid);
      g_file_info_set_attribute_uint32 (info, "unix::mode",
                                        entry->mode | (uint32_t) (link ? S_IFLNK : S_IFREG));
      if (link)
        g_file_info_set_symlink_target (info, entry->target);
      g_assert_true (ostree_raw_file_to_content_stream (link ? NULL : input, info, entry->xattrs,
                                                        &stream, &stream_len, NULL, &error));
      g_assert_true (
          ostree_repo_write_content (other, NULL, stream, stream_len, &checksum, NULL, &error));
      g_assert_no_error (error);
      g_autofree char *want = ostree_checksum_from_bytes (checksum);
      g_assert_cmpstr (oci_digest_hex (&digest, hex), ==, want);
      write_object (store, entry, &digest, rows[i].content, (unsigned) i % 3);
      assert_same_object (other_path, store, want, "file");
    }
}

static void
test_metadata_objects (void)
{
  g_auto (TestDir) dir = test_dir_new ();
  if (!test_dir_holds_stores (&dir))
    return;
  static const struct
  {
    OstreeObjectType type;
    const char *format, *text;
  } rows[] = {
    { OSTREE_OBJECT_TYPE_DIR_META, "(uuua(ayay))", "(0, 0, 3980460032, [])" }, /* 040755 */
    { OSTREE_OBJECT_TYPE_DIR_TREE, "(a(say)a(sayay))", "([], [])" },
  };
  g_autofree char *other_path = test_dir_file (&dir, "other");
  g_autoptr (GError) error = NULL;
  g_autoptr (TerraneStore) store = open_store (&dir);
  g_autoptr (OstreeRepo) other =
      ostree_repo_create_at (AT_FDCWD, other_path, OSTREE_REPO_MODE_BARE_USER, NULL, NULL, &error);
  g_assert_no_error (error);
  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autoptr (GVariant) variant =
          g_variant_parse (G_VARIANT_TYPE (rows[i].format), rows[i].text, NULL, NULL, &error);
      g_assert_no_error (error);
      g_autofree guchar *checksum = NULL;
      OciDigestHex hex;
      OciDigest digest = oci_digest_of (g_variant_get_data (variant), g_variant_get_size (variant));
      g_assert_true (
          ostree_repo_write_metadata (other, rows[i].type, NULL, variant, &checksum, NULL, &error));
      g_assert_true (terrane_object_write_metadata (store, rows[i].type, variant, &digest, &error));
      assert_same (digest.bytes, sizeof digest.bytes, checksum, OCI_DIGEST_BYTES);
      assert_same_object (other_path, store, oci_digest_hex (&digest, hex),
                          ostree_object_type_to_string (rows[i].type));
    }
}

static void
test_refused (void)
{
  g_auto (TestDir) dir = test_dir_new ();
  if (!test_dir_holds_stores (&dir))
    return;
  static const struct
  {
    OciEntry entry;
    OciError code;
    const char *pattern;
  } rows[] = {
    { { .path = "null", .type = OCI_ENTRY_SPECIAL },
      OCI_ERROR_UNSUPPORTED,
      "null is a device, fifo or socket" },
    { { .path = "h", .type = OCI_ENTRY_HARDLINK, .target = "absent" },
      OCI_ERROR_FORMAT,
      "h: is a hard link to ‘absent’, which is not a file*" },
    { { .path = "h", .type = OCI_ENTRY_HARDLINK, .target = "" },
      OCI_ERROR_FORMAT,
      "h: is a hard link to ‘’, which is not a file*" },
  };
  g_autoptr (TerraneStore) store = open_store (&dir);
  g_autoptr (GError) error = NULL;
  g_autoptr (TerraneIngest) ingest = terrane_ingest_new (store, 1, NULL, NULL, &error);
  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_assert_false (terrane_ingest_add (ingest, &rows[i].entry, NULL, NULL, &error));
      assert_error (error, OCI_ERROR, rows[i].code, rows[i].pattern);
      g_clear_error (&error);
    }
}

/* A hard link to a symbolic link, a link to a link, and a target that is replaced afterwards. */
static void
test_hard_links (void)
{
  g_auto (TestDir) dir = test_dir_new ();
  if (!test_dir_holds_stores (&dir))
    return;
  const OciEntry entries[] = {
    { .path = "a", .type = OCI_ENTRY_FILE, .mode = 0644, .size = 3 },
    { .path = "b", .type = OCI_ENTRY_HARDLINK, .target = "a" },
    { .path = "c", .type = OCI_ENTRY_HARDLINK, .target = "b" },
    { .path = "a", .type = OCI_ENTRY_FILE, .mode = 0644, .size = 3 },
    { .path = "l", .type = OCI_ENTRY_SYMLINK, .target = "x", .mode = 0777 },
    { .path = "m", .type = OCI_ENTRY_HARDLINK, .target = "l" },
  };
  g_autoptr (TerraneStore) store = open_store (&dir);
  g_autoptr (GError) error = NULL;
  g_autoptr (TerraneIngest) ingest = terrane_ingest_new (store, 2, NULL, NULL, &error);
  OciDigest commit;
  for (gsize i = 0; i < G_N_ELEMENTS (entries); i++)
    add (ingest, &entries[i], i == 3 ? "new" : "old", entries[i].size);
  g_autoptr (TerraneTree) ingested = NULL;
  g_assert_true (terrane_ingest_finish (ingest, &commit, &ingested, &error));
  g_autoptr (TerraneTree) tree = terrane_commit_load (store, &commit, &error);
  g_assert_no_error (error);
  assert_same_tree (ingested, tree);
  g_assert_true (
      terrane_node_equal (terrane_tree_lookup (tree, "b"), terrane_tree_lookup (tree, "c")));
  g_assert_false (
      terrane_node_equal (terrane_tree_lookup (tree, "a"), terrane_tree_lookup (tree, "b")));
  g_assert_cmpstr (terrane_tree_lookup (tree, "m")->target, ==, "x");
}

static void
test_other_version (void)
{
  g_auto (TestDir) dir = test_dir_new ();
  if (!test_dir_holds_stores (&dir))
    return;
  g_autoptr (GError) error = NULL;
  g_autofree char *version G_GNUC_UNUSED = test_dir_write (&dir, "store/version", "2\n", 2);
  g_autofree char *path = test_dir_file (&dir, "store");
  g_assert_null (terrane_store_open (path, TERRANE_STORE_SHARED, &error));
  assert_error (error, OCI_ERROR, OCI_ERROR_UNSUPPORTED, "the store *has the format ‘2’*");
}

/* No rule keeps what says nothing, so a kind of which something stays has no rule. */
static void
test_gc_knows_all_caches (void)
{
  g_auto (TestDir) dir = test_dir_new ();
  if (!test_dir_holds_stores (&dir))
    return;
  g_autofree char *path = test_dir_file (&dir, "store");
  g_autoptr (GError) error = NULL;
  g_autoptr (TerraneStore) store = terrane_store_open (path, TERRANE_STORE_EXCLUSIVE, &error);
  g_assert_no_error (error);
  g_autoptr (OciJsonValue) nothing = json_object ();
  const OciDigest key = { { 7 } };
  for (TerraneCacheKind kind = 0; kind < TERRANE_CACHE_KINDS; kind++)
    {
      terrane_cache_put (store, kind, &key, nothing, &error);
      g_assert_no_error (error);
      for (TerraneCacheKind other = 0; other < kind; other++)
        g_assert_cmpstr (terrane_cache_kind_name (kind), !=, terrane_cache_kind_name (other));
    }
  TerraneGcReport report = { 0 };
  terrane_gc (store, &report, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (report.cache_entries, ==, TERRANE_CACHE_KINDS);
}

/* Without syncing it, which thousands of times would take minutes. */
static void
put_file (const char *path, const char *data, gsize size)
{
  g_assert_true (
      g_file_set_contents_full (path, data, (gssize) size, G_FILE_SET_CONTENTS_NONE, 0600, NULL));
}

static void
assert_no_entry (TerraneStore *store, TerraneCacheKind kind, const OciDigest *key)
{
  g_autoptr (OciJsonValue) value = terrane_cache_get (store, kind, key);
  g_assert_null (value);
}

/* That it cannot be found out is not that it is not there; gc then keeps everything. */
static void
test_errors_are_not_absence (void)
{
  g_auto (TestDir) dir = test_dir_new ();
  if (!test_dir_holds_stores (&dir))
    return;
  g_autoptr (GError) error = NULL;
  g_autofree guint8 *big = g_malloc0 (BIG);
  g_autoptr (TerraneStore) store = open_store (&dir);
  OciDigest commit = ingest_sample (store, 1, big);
  OciDigestHex hex;
  oci_digest_hex (&commit, hex);
  g_autofree char *name = g_strdup_printf ("store/repo/objects/%.2s", hex);
  g_autofree char *objects = test_dir_file (&dir, name);
  gboolean found = FALSE, raw = FALSE, whole = FALSE;
  test_forbid (objects);
  gboolean ok = terrane_commit_find (store, &commit, &found, &error);
  gboolean raw_ok = terrane_commit_has_raw_names (store, &commit, &raw, NULL);
  gboolean pulled_ok = terrane_pulled_find_commit (store, &commit, &whole, NULL);
  test_allow (objects);
  g_assert_false (ok);
  g_assert_nonnull (strstr (error->message, "Permission denied"));
  g_assert_false (raw_ok);
  g_assert_false (pulled_ok);
}

/* A file in the place of an entry that was not written there is not an entry, whatever was
 * changed. */
static void
test_cache_entries_are_verified (void)
{
  g_auto (TestDir) dir = test_dir_new ();
  if (!test_dir_holds_stores (&dir))
    return;
  g_autoptr (GError) error = NULL;
  g_autoptr (TerraneStore) store = open_store (&dir);
  const OciDigest key = { { 7 } }, other_key = { { 8 } };
  for (TerraneCacheKind kind = 0; kind < TERRANE_CACHE_KINDS; kind++)
    {
      OciDigestHex hex;
      gsize size = 0;
      g_autofree char *data = NULL;
      g_autoptr (OciJsonValue) entry = json_pack ("{s:s, s:[i]}", "commit", "text", "list", kind);
      g_autoptr (OciJsonValue) other = json_pack ("{s:s}", "commit", "other");
      g_autofree char *name = g_strdup_printf ("store/cache/%s/%s", terrane_cache_kind_name (kind),
                                               oci_digest_hex (&key, hex));
      g_autofree char *path = test_dir_file (&dir, name);
      terrane_cache_put (store, kind, &key, entry, &error);
      g_assert_no_error (error);
      g_assert_true (g_file_get_contents (path, &data, &size, NULL));
      for (gsize at = 0; at < size; at++) /* each byte changed, and the file cut there */
        {
          g_autofree char *changed = g_memdup2 (data, size);
          changed[at] ^= 1;
          put_file (path, changed, size);
          assert_no_entry (store, kind, &key);
          put_file (path, data, at);
          assert_no_entry (store, kind, &key);
        }
      g_autofree char *longer = g_strconcat (data, " ", NULL);
      put_file (path, longer, strlen (longer));
      assert_no_entry (store, kind, &key);
      /* Sound ones, of another key and of another kind. */
      for (TerraneCacheKind from = 0; from < TERRANE_CACHE_KINDS; from++)
        {
          g_autofree char *foreign = NULL;
          const OciDigest *from_key = from == kind ? &other_key : &key;
          g_autofree char *from_name = g_strdup_printf (
              "store/cache/%s/%s", terrane_cache_kind_name (from), oci_digest_hex (from_key, hex));
          g_autofree char *from_path = test_dir_file (&dir, from_name);
          terrane_cache_put (store, from, from_key, other, &error);
          g_assert_no_error (error);
          g_assert_true (g_file_get_contents (from_path, &foreign, &size, NULL));
          put_file (path, foreign, size);
          assert_no_entry (store, kind, &key);
        }
      terrane_cache_put (store, kind, &key, entry, &error);
      g_assert_no_error (error);
      g_autoptr (OciJsonValue) again = terrane_cache_get (store, kind, &key);
      g_assert_true (json_equal (again, entry));
    }
}

int
main (int argc, char **argv)
{
  test_init (&argc, &argv);
  g_test_add_func ("/store/round-trip", test_round_trip);
  g_test_add_func ("/store/objects", test_objects);
  g_test_add_func ("/store/metadata-objects", test_metadata_objects);
  g_test_add_func ("/store/refused", test_refused);
  g_test_add_func ("/store/hard-links", test_hard_links);
  g_test_add_func ("/store/other-version", test_other_version);
  g_test_add_func ("/store/gc-knows-all-caches", test_gc_knows_all_caches);
  g_test_add_func ("/store/cache-entries-are-verified", test_cache_entries_are_verified);
  g_test_add_func ("/store/errors-are-not-absence", test_errors_are_not_absence);
  return g_test_run ();
}
