#include "oci/base/path.h"

#include "oci/base/error.h"

#include "testing.h"

static void
test_normalise (void)
{
  static const struct
  {
    const char *raw, *want;
  } rows[] = {
    { "", "" },
    { ".", "" },
    { "./", "" },
    { "././/.", "" },
    { "a", "a" },
    { "a/", "a" },
    { "./a", "a" },
    { "a//b", "a/b" },
    { "a/./b/.", "a/b" },
    { "a/.b/..c/...", "a/.b/..c/..." },
    { "usr/lib/x86_64-linux-gnu", "usr/lib/x86_64-linux-gnu" },
    { "sp ace\ttab\nline", "sp ace\ttab\nline" },
    { "b\xc3\xbc"
      "cher",
      "b\xc3\xbc"
      "cher" },
  };
  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autofree char *path = NULL;
      g_autoptr (GError) error = NULL;
      g_test_message ("%s", rows[i].raw);
      g_assert_true (oci_path_normalise (rows[i].raw, &path, &error));
      g_assert_no_error (error);
      g_assert_cmpstr (path, ==, rows[i].want);
    }
}

static void
test_refused (void)
{
  static const struct
  {
    const char *raw;
    OciError code;
    const char *pattern;
  } rows[] = {
    { "/", OCI_ERROR_FORMAT, "*‘/’ is absolute" },
    { "/etc/passwd", OCI_ERROR_FORMAT, "*‘/etc/passwd’ is absolute" },
    { "//x", OCI_ERROR_FORMAT, "*is absolute" },
    { "..", OCI_ERROR_FORMAT, "*‘..’ contains ‘..’" },
    { "../x", OCI_ERROR_FORMAT, "*‘../x’ contains ‘..’" },
    { "a/../b", OCI_ERROR_FORMAT, "*contains ‘..’" },
    { "a/..", OCI_ERROR_FORMAT, "*contains ‘..’" },
    { "a/.././..", OCI_ERROR_FORMAT, "*contains ‘..’" },
    { "a\xff", OCI_ERROR_UNSUPPORTED, "*‘a\\xff’ is not UTF-8" },
    { "\xed\xa0\x80", OCI_ERROR_UNSUPPORTED, "*is not UTF-8" },       /* a surrogate */
    { "\xc0\xae\xc0\xae/x", OCI_ERROR_UNSUPPORTED, "*is not UTF-8" }, /* ".." overlong */
  };
  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      char *path = NULL;
      g_autoptr (GError) error = NULL;
      g_assert_false (oci_path_normalise (rows[i].raw, &path, &error));
      assert_error (error, OCI_ERROR, rows[i].code, rows[i].pattern);
      g_assert_null (path);
    }
}

/* A path of @len bytes made of short components. */
static char *
path_of_length (gsize len)
{
  char *path = g_strnfill (len, 'a');
  for (gsize i = 100; i + 1 < len; i += 101)
    path[i] = '/';
  return path;
}

static void
test_limits (void)
{
  for (gsize len = OCI_NAME_MAX_BYTES - 1; len <= OCI_NAME_MAX_BYTES + 1; len++)
    {
      g_autofree char *name = g_strnfill (len, 'n');
      g_autofree char *path = NULL;
      g_autoptr (GError) error = NULL;
      gboolean ok = oci_path_normalise (name, &path, &error);
      g_assert_cmpint (ok, ==, len <= 255);
      if (!ok)
        assert_error (error, OCI_ERROR, OCI_ERROR_LIMIT, "*component of over 255 bytes");
    }
  for (gsize len = OCI_PATH_MAX - 1; len <= OCI_PATH_MAX + 1; len++)
    {
      g_autofree char *raw = path_of_length (len);
      g_autofree char *path = NULL;
      g_autoptr (GError) error = NULL;
      gboolean ok = oci_path_normalise (raw, &path, &error);
      g_assert_cmpint (ok, ==, len <= 4095);
      if (!ok)
        assert_error (error, OCI_ERROR, OCI_ERROR_LIMIT, "*longer than 4095 bytes");
    }
}

static void
test_resolve_link (void)
{
  static const struct
  {
    const char *link, *target, *want;
  } rows[] = {
    { "lib", "usr/lib", "usr/lib" },
    { "lib", "/usr/lib", "usr/lib" },
    { "usr/lib/libz.so", "libz.so.1", "usr/lib/libz.so.1" },
    { "usr/lib/libz.so", "../../lib/x", "lib/x" },
    { "usr/lib/libz.so", "../../../x", NULL },
    { "usr/lib/libz.so", "/../x", NULL },
    { "a/b", ".", "a" },
    { "a/b", "./../", "" },
    { "a", "..", NULL },
    { "a/b", "/", "" },
    { "a/b/c", "..//./d/", "a/d" },
  };
  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autofree char *got = oci_path_resolve_link (rows[i].link, rows[i].target);
      g_assert_cmpstr (got, ==, rows[i].want);
    }
}

static void
test_below_and_join (void)
{
  g_assert_true (oci_path_is_below ("", ""));
  g_assert_true (oci_path_is_below ("a", ""));
  g_assert_true (oci_path_is_below ("a", "a"));
  g_assert_true (oci_path_is_below ("a/b", "a"));
  g_assert_false (oci_path_is_below ("ab", "a"));
  g_assert_false (oci_path_is_below ("a", "a/b"));
  g_assert_false (oci_path_is_below ("", "a"));

  static const char *const rows[][3] = {
    { "", "", "" },
    { "a", "", "a" },
    { "", "b", "b" },
    { "a", "b", "a/b" },
    { "a/b", "c/d", "a/b/c/d" },
  };
  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autofree char *joined = oci_path_join (rows[i][0], rows[i][1]);
      g_assert_cmpstr (joined, ==, rows[i][2]);
    }
}

/* As in layers: from the layer's root, and any bytes. */
static void
test_normalise_bytes (void)
{
  static const struct
  {
    const char *raw, *want; /* NULL: refused */
  } rows[] = {
    { "/", "" },          { "/a", "a" },     { "//a/./b/", "a/b" }, { "./a", "a" },
    { "n\xe4", "n\xe4" }, { "/../a", NULL }, { "a/..", NULL },
  };
  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autofree char *path = NULL;
      g_autoptr (GError) error = NULL;
      g_assert_cmpint (oci_path_normalise_bytes (rows[i].raw, &path, &error), ==,
                       rows[i].want != NULL);
      g_assert_cmpstr (path, ==, rows[i].want);
      g_assert_cmpint (error != NULL, ==, rows[i].want == NULL);
    }
}

int
main (int argc, char **argv)
{
  test_init (&argc, &argv);
  g_test_add_func ("/path/normalise", test_normalise);
  g_test_add_func ("/path/refused", test_refused);
  g_test_add_func ("/path/limits", test_limits);
  g_test_add_func ("/path/resolve-link", test_resolve_link);
  g_test_add_func ("/path/below-and-join", test_below_and_join);
  g_test_add_func ("/path/normalise-bytes", test_normalise_bytes);
  return g_test_run ();
}
