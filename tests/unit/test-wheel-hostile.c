/* Wheels that are broken or an attack: each fails whole, and says why. */
#include "wheel-fixture.h"

static void
test_bad_names (void)
{
  static const struct
  {
    Wheel wheel;
    const char *pattern;
  } rows[] = {
    { { .file_name = "foo.whl" }, "‘foo.whl’: the file name is not NAME-VERSION*" },
    { { .file_name = "foo_bar-1.0-py3-none-any.zip" }, "*: the file name is not NAME*" },
    { { .file_name = "../x-1.0-py3-none-any.whl" }, "*: the file name is not NAME*" },
    { { .file_name = "foo_bar-x-py3-none-any.whl" }, "*version*" },
    { { .file_name = "foo-1.0-py3-none-any.whl" },
      "*: the directory ‘foo_bar-1.0.dist-info’ is of "
      "another name or version than the file" },
    { { .file_name = "foo_bar-2.0-py3-none-any.whl" }, "*another name or version than the file" },
    { { .metadata = "Name: foo\nVersion: 1.0\n" },
      "*: METADATA is of foo 1.0, the file name of foo-bar 1.0" },
    { { .metadata = "Name: foo-bar\nVersion: 1.0.1\n" }, "*: METADATA is of foo-bar 1.0.1, *" },
    { { .metadata = "Name: foo-bar\n" }, "*: METADATA: there is no Version" },
    { { .metadata = "Name: foo-bar\nVersion: \xff\n" }, "*: METADATA: not UTF-8 text" },
    { { .metadata = "-" }, "*: there is no METADATA in the .dist-info directory" },
    { { .wheel = "-" }, "*: there is no WHEEL in the .dist-info directory" },
    { { .wheel = "Tag: x\n" }, "*: WHEEL: there is no Wheel-Version" },
    { { .wheel = "Wheel-Version: 1.x\n" }, "*: WHEEL: invalid Wheel-Version ‘1.x’" },
    { { .wheel = "Wheel-Version: 1.0\nWheel-Version: 1.0\n" }, "*: Wheel-Version is there twice" },
    { { .record = "-" }, "*: there is no RECORD in the .dist-info directory" },
    { { .entry_points = "[console_scripts]\n../x = a:b\n" },
      "*: entry_points.txt: ‘../x’ cannot be the name of a script" },
  };
  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autoptr (GError) error = NULL;
      g_test_message ("%s", rows[i].pattern);
      g_autofree char *text G_GNUC_UNUSED = install (&rows[i].wheel, NULL, &error);
      assert_error (error, OCI_ERROR, OCI_ERROR_FORMAT, rows[i].pattern);
    }
  g_autoptr (GError) error = NULL;
  const Wheel newer = { .wheel = "Wheel-Version: 2.0\n" };
  g_autofree char *text G_GNUC_UNUSED = install (&newer, NULL, &error);
  assert_error (error, OCI_ERROR, OCI_ERROR_UNSUPPORTED, "*: the Wheel-Version is ‘2.0’, not 1.x");
}

static void
test_hostile_members (void)
{
  static const struct
  {
    Member members[2];
    const char *pattern;
  } rows[] = {
    { { { .path = "../x", .content = "x" } }, "*: zip: the path ‘../x’ contains ‘..’" },
    { { { .path = "foo/../../x", .content = "x" } }, "*: zip: the path *contains ‘..’" },
    { { { .path = "/etc/passwd", .content = "x" } }, "*: zip: the path ‘/etc/passwd’ is absolute" },
    { { { .path = DATA "scripts/../../../x", .content = "x" } }, "*contains ‘..’" },
    { { { .path = "a", .content = "x" }, { .path = "a", .content = "y" } },
      "*: two members have the name ‘a’: zip readers would disagree*" },
    { { { .path = "a/b", .content = "x" }, { .path = "a/./b", .content = "y" } },
      "*: two members have the name ‘a/b’" },
    { { { .path = "a", .content = "/etc", .type = AE_IFLNK } },
      "*: ‘a’ is neither file nor directory*" },
    { { { .path = "other-1.0.dist-info/METADATA", .content = "x" } },
      "*: the directory ‘other-1.0.dist-info’ is of another name or version than the file" },
    { { { .path = "Foo.Bar-1.0.dist-info/METADATA", .content = "x" } },
      "*: two .dist-info directories, Foo.Bar-1.0.dist-info and ‘foo_bar-1.0.dist-info’" },
    { { { .path = "other-1.0.data/scripts/x", .content = "x" } },
      "*: the directory ‘other-1.0.data’ is of another name*" },
    { { { .path = DATA "stdlib/x", .content = "x" } },
      "*: ‘" DATA "stdlib/x’ is in none of purelib*" },
    { { { .path = DATA "scripts", .content = "x" } }, "*: ‘" DATA "scripts’ is in none of *" },
    { { { .path = "x", .content = "x" }, { .path = DATA "purelib/x", .content = "y" } },
      "*: two files would be installed as ‘x’" },
    { { { .path = DATA "data/" INFO "RECORD", .content = "x" } },
      "*: two files would be installed as ‘" INFO "RECORD’" },
    { { { .path = DATA "data/" INFO "INSTALLER", .content = "x" } },
      "*: two files would be installed as ‘" INFO "INSTALLER’" },
  };
  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autoptr (GError) error = NULL;
      const Wheel wheel = { 0 };
      const Member members[] = { rows[i].members[0], rows[i].members[1], { 0 } };
      g_test_message ("%s", rows[i].pattern);
      g_autofree char *text G_GNUC_UNUSED = install (&wheel, members, &error);
      assert_error (error, OCI_ERROR, OCI_ERROR_FORMAT, rows[i].pattern);
    }
}

#define HELLO "LPJNul-wow4m6DsqxbninhsWHlwfp0JecwQzYpOLmCQ" /* SHA-256 of "hello" */

/* Returns the faults of RECORD of @wheel, which is installed nevertheless. */
static char *
record_problems (const Wheel *wheel, const Member *members)
{
  g_auto (TestDir) dir = test_dir_new ();
  g_autoptr (GError) error = NULL;
  g_autoptr (GString) out = g_string_new (NULL);
  g_autofree char *path = make_wheel (&dir, wheel, members);
  g_auto (OciFd) fd = open (path, O_RDONLY | O_CLOEXEC);
  g_autoptr (TerraneWheel) self = terrane_wheel_open (FILE_NAME, fd, &error);
  g_assert_no_error (error);
  g_assert_true (terrane_wheel_install (self, &layout, list_entry, out, &error));
  g_assert_no_error (error);
  /* The new RECORD has what was installed: `printf other | sha256sum`. */
  gboolean exact =
      strstr (out->str, "a.py,sha256=2SmKENGwc1g33EvYXaxkGw887yekfl1TpU8vP1svz_o,5") != NULL;
  g_assert_true (exact || strstr (out->str, "a.py,sha512=") != NULL);
  g_assert_null (strstr (out->str, "b.py"));
  return terrane_wheel_record_problems (self);
}

static void
test_record (void)
{
  static const Member members[] = { { .path = "a.py", .content = "other" }, { 0 } };
  static const struct
  {
    Wheel wheel;
    const char *problems;
  } rows[] = {
    { { 0 }, NULL },
    { { .more_record = "foo/,,\n" }, NULL },
    { { .unlisted = "a.py", .more_record = "a.py,sha256=" HELLO ",5\n" },
      "‘a.py’ has another digest" },
    { { .unlisted = "a.py",
        .more_record = "a.py,sha512=m3HSJL1i83hdltRq0-o9czGb-8KJDKra4t_3JRlnPKcjI8PZm6XBHXx6zG4Uu"
                       "MXaDEZjR1wuXDre9G9zvN7AQw,5\n" },
      "‘a.py’ has another digest" },
    { { .unlisted = "a.py",
        .more_record = "a.py,sha256=2SmKENGwc1g33EvYXaxkGw887yekfl1TpU8vP1svz_o,6\n" },
      "‘a.py’ has another size" },
    { { .unlisted = "a.py" }, "‘a.py’ is not listed" },
    { { .unlisted = "a.py", .more_record = "a.py,,5\n" },
      "‘a.py’ has no digest of SHA-256 or better" },
    { { .unlisted = "a.py",
        .more_record = "/a.py,sha256=2SmKENGwc1g33EvYXaxkGw887yekfl1TpU8vP1svz_o,5\n" },
      "‘/a.py’ has a slash in front" },
    { { .more_record = "b.py,sha256=" HELLO ",5\n" }, "‘b.py’ is listed and not there" },
    { { .more_record = "a.py,sha256=" HELLO ",5\n" }, "‘a.py’ is there twice" },
    { { .more_record = "d,,\nc,,\n/b/,,\ne,,\nf,,\n" },
      "‘c’ is listed and not there; ‘d’ is listed and not there; ‘e’ is listed and not there; and "
      "1 "
      "more" },
    { { .record = "" },
      "‘a.py’ is not listed; ‘" INFO "WHEEL’ is not listed; ‘" INFO "METADATA’ is not listed" },
  };
  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autofree char *problems = record_problems (&rows[i].wheel, members);
      g_assert_cmpstr (problems, ==, rows[i].problems);
    }
}

static void
test_bad_record (void)
{
  static const Member members[] = { { .path = "a.py", .content = "other" }, { 0 } };
  static const struct
  {
    Wheel wheel;
    const char *pattern;
  } rows[] = {
    { { .more_record = "../b.py,sha256=" HELLO ",5\n" },
      "*: RECORD: the path ‘../b.py’ contains ‘..’" },
    { { .more_record = "/../b.py,sha256=" HELLO ",5\n" }, "*: RECORD: the path ‘../b.py’ *" },
  };
  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autoptr (GError) error = NULL;
      g_test_message ("%s", rows[i].pattern);
      g_autofree char *text G_GNUC_UNUSED = install (&rows[i].wheel, members, &error);
      assert_error (error, OCI_ERROR, OCI_ERROR_FORMAT, rows[i].pattern);
    }
}

static void
test_encrypted (void)
{
  static const Member members[] = { { .path = "a.py", .content = "other" }, { 0 } };
  const Wheel wheel = { .options = "zip:encryption=zipcrypt" };
  g_autoptr (GError) error = NULL;
  g_autofree char *text G_GNUC_UNUSED = install (&wheel, members, &error);
  assert_error (error, OCI_ERROR, OCI_ERROR_UNSUPPORTED, "*: it is encrypted");
}

/* A careless consumer: reads nothing, and says that all is well. */
static gboolean
ignore_entry (gpointer data, G_GNUC_UNUSED const OciEntry *entry,
              G_GNUC_UNUSED TerraneWheelRead read, G_GNUC_UNUSED gpointer read_data,
              G_GNUC_UNUSED GError **error)
{
  (*(guint *) data)++;
  return TRUE;
}

/* Unread content is compared, too. */
static void
test_careless_consumer (void)
{
  static const Member members[] = { { .path = "a.py", .content = "other" }, { 0 } };
  const Wheel wheel = { .unlisted = "a.py", .more_record = "a.py,sha256=" HELLO ",5\n" };
  g_auto (TestDir) dir = test_dir_new ();
  g_autoptr (GError) error = NULL;
  g_autofree char *path = make_wheel (&dir, &wheel, members);
  g_auto (OciFd) fd = open (path, O_RDONLY | O_CLOEXEC);
  g_autoptr (TerraneWheel) self = terrane_wheel_open (FILE_NAME, fd, &error);
  guint count = 0;
  g_assert_no_error (error);
  g_assert_true (terrane_wheel_install (self, &layout, ignore_entry, &count, &error));
  g_assert_no_error (error);
  g_autofree char *problems = terrane_wheel_record_problems (self);
  g_assert_cmpstr (problems, ==, "‘a.py’ has another digest");
  g_assert_cmpuint (count, ==, terrane_wheel_installed (self)->len);
}

/* Sets the unpacked size of the first member in its header (APPNOTE 4.3.7) and in the central
 * directory (4.3.12): two different ones are refused before. */
static void
forge_size (const char *path, guint32 size)
{
  static const char magic[] = { 'P', 'K', 1, 2 };
  g_autofree char *data = NULL;
  gsize len = 0;
  g_assert_true (g_file_get_contents (path, &data, &len, NULL));
  char *header = memmem (data, len, magic, sizeof magic);
  g_assert_nonnull (header);
  guint32 little = GUINT32_TO_LE (size);
  memcpy (data + 22, &little, sizeof little);
  memcpy (header + 24, &little, sizeof little);
  static const char descriptor_magic[] = { 'P', 'K', 7, 8 };
  char *descriptor = memmem (data, len, descriptor_magic, sizeof descriptor_magic);
  if (descriptor != NULL) /* 4.3.9 */
    memcpy (descriptor + 12, &little, sizeof little);
  g_assert_true (g_file_set_contents (path, data, (gssize) len, NULL));
}

/* Content in blocks must not exceed the announced size. */
static void
test_forged_sizes (void)
{
  g_autofree char *large = g_strnfill (1000000, '0');
  const struct
  {
    const char *content;
    guint32 size;
    OciError code;
    const char *pattern;
  } rows[] = {
    { "other", 4, OCI_ERROR_FORMAT, "*: zip: ‘a.py’: it is larger than the zip says" },
    { "other", 6, OCI_ERROR_FORMAT, "*: zip: ‘a.py’: it is 1 bytes shorter than the zip says" },
    { large, 4, OCI_ERROR_FORMAT, "*: ‘a.py’: it is larger than the zip says" },
    { large, 0, OCI_ERROR_FORMAT, "*: ‘a.py’: it is larger than the zip says" },
    { "other", 0x80000001, OCI_ERROR_LIMIT,
      "*: ‘a.py’ has 2147483649 bytes unpacked, at most 2147483648" },
    { "other", 0x80000000, OCI_ERROR_LIMIT, "*bytes unpack to over 200 times as much" },
  };
  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_auto (TestDir) dir = test_dir_new ();
      g_autoptr (GError) error = NULL;
      const Member members[] = { { .path = "a.py", .content = rows[i].content }, { 0 } };
      const Wheel wheel = { 0 };
      g_autofree char *path = make_wheel (&dir, &wheel, members);
      forge_size (path, rows[i].size);
      g_autofree char *text G_GNUC_UNUSED = install_file (path, NULL, &layout, &error);
      assert_error (error, OCI_ERROR, rows[i].code, rows[i].pattern);
    }
}

/* 100 MiB that deflate to a thousandth. */
static void
test_bomb (void)
{
  g_autofree char *zeros = g_strnfill (100 * 1024 * 1024, '0');
  const Member members[] = { { .path = "a", .content = zeros }, { 0 } };
  g_autoptr (GError) error = NULL;
  const Wheel wheel = { 0 };
  g_autofree char *text G_GNUC_UNUSED = install (&wheel, members, &error);
  assert_error (error, OCI_ERROR, OCI_ERROR_LIMIT, "*bytes unpack to over 200 times as much");
}

static void
test_no_zip (void)
{
  static const char *const rows[] = { "", "PK", "hello, world, this is text\n" };
  g_auto (TestDir) dir = test_dir_new ();
  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autoptr (GError) error = NULL;
      g_autofree char *path = test_dir_write (&dir, "x", rows[i], strlen (rows[i]));
      g_autofree char *text G_GNUC_UNUSED = install_file (path, NULL, &layout, &error);
      assert_error (error, OCI_ERROR, OCI_ERROR_FORMAT, "‘" FILE_NAME "’: not a zip file");
    }
}

static void
test_truncated (void)
{
  static const Member members[] = { { .path = "a.py", .content = "some text of a program" },
                                    { 0 } };
  g_auto (TestDir) dir = test_dir_new ();
  const Wheel wheel = { 0 };
  g_autofree char *path = make_wheel (&dir, &wheel, members);
  g_autofree char *data = NULL;
  gsize len = 0;
  g_assert_true (g_file_get_contents (path, &data, &len, NULL));
  for (gsize cut = 4; cut < len; cut += 7)
    {
      g_autoptr (GError) error = NULL;
      g_autofree char *short_path = test_dir_write (&dir, "cut", data, cut);
      g_autofree char *text G_GNUC_UNUSED = install_file (short_path, NULL, &layout, &error);
      g_test_message ("%zu of %zu bytes", cut, len);
      assert_error (error, OCI_ERROR, OCI_ERROR_FORMAT, "*truncated*");
    }
}

int
main (int argc, char **argv)
{
  test_init (&argc, &argv);
  g_test_add_func ("/wheel-hostile/bad-names", test_bad_names);
  g_test_add_func ("/wheel-hostile/hostile-members", test_hostile_members);
  g_test_add_func ("/wheel-hostile/record", test_record);
  g_test_add_func ("/wheel-hostile/bad-record", test_bad_record);
  g_test_add_func ("/wheel-hostile/encrypted", test_encrypted);
  g_test_add_func ("/wheel-hostile/careless-consumer", test_careless_consumer);
  g_test_add_func ("/wheel-hostile/forged-sizes", test_forged_sizes);
  g_test_add_func ("/wheel-hostile/bomb", test_bomb);
  g_test_add_func ("/wheel-hostile/no-zip", test_no_zip);
  g_test_add_func ("/wheel-hostile/truncated", test_truncated);
  return g_test_run ();
}
