/* containers-auth.json(5) and docker's config.json. */
#include "oci/registry/auth-file.h"

#include <glib/gstdio.h>
#include <string.h>

static GBytes *
bytes_of (const char *text)
{
  return g_bytes_new (text, strlen (text));
}

/* "u1:p" and so on in base64, so that rows can tell entries apart. */
#define U1 "{\"auth\":\"dTE6cA==\"}"
#define U2 "{\"auth\":\"dTI6cA==\"}"
#define U3 "{\"auth\":\"dTM6cA==\"}"

static void
test_match (void)
{
  static const struct
  {
    const char *auths, *host, *repository, *user; /* NULL: none */
  } rows[] = {
    /* the order of the man page's example */
    { "\"r.local/foo/bar/image\":" U1 ",\"r.local/foo\":" U2 ",\"r.local\":" U3, "r.local",
      "foo/bar/image", "u1" },
    { "\"r.local/foo/bar/image\":" U1 ",\"r.local/foo\":" U2 ",\"r.local\":" U3, "r.local",
      "foo/bar", "u2" },
    { "\"r.local/foo/bar/image\":" U1 ",\"r.local/foo\":" U2 ",\"r.local\":" U3, "r.local",
      "foo/bar/image2", "u2" },
    { "\"r.local/foo/bar/image\":" U1 ",\"r.local/foo\":" U2 ",\"r.local\":" U3, "r.local",
      "foobar", "u3" },
    { "\"r.local\":" U1, "r.local:5000", "a", NULL },
    { "\"r.local:5000\":" U1, "r.local:5000", "a", "u1" },
    { "\"r.local:5000\":" U1, "r.local", "a", NULL },
    { "\"r.local/a\":" U1, "r.local", "b", NULL },
    { "\"https://r.local/v1/\":" U1, "r.local", "a", "u1" },
    { "\"http://r.local:5000\":" U1, "r.local:5000", "a", "u1" },
    { "\"https://r.local/v1/\":" U1 ",\"r.local\":" U2, "r.local", "a", "u2" },
    { "\"https://evil.local/r.local\":" U1, "r.local", "a", NULL },
    { "\"https://index.docker.io/v1/\":" U1, "docker.io", "library/a", "u1" },
    { "\"docker.io\":" U1, "docker.io", "library/a", "u1" },
    { "\"docker.io\":" U1, "index.docker.io", "library/a", "u1" },
    { "\"r.local\":{}", "r.local", "a", NULL },
    { "\"r.local\":{\"auth\":\"\"}", "r.local", "a", NULL },
    { "", "r.local", "a", NULL },
  };
  for (size_t i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autoptr (GError) error = NULL;
      g_autoptr (OciCredentials) credentials = NULL;
      g_autofree char *text = g_strdup_printf ("{\"auths\":{%s},\"other\":[1]}", rows[i].auths);
      g_autoptr (GBytes) data = bytes_of (text);
      g_assert_true (oci_auth_file_parse ("f.json", data, rows[i].host, rows[i].repository,
                                          &credentials, &error));
      g_assert_no_error (error);
      g_assert_cmpstr (credentials != NULL ? credentials->user : NULL, ==, rows[i].user);
      if (credentials == NULL)
        continue;
      g_assert_cmpstr (credentials->password, ==, "p");
      g_assert_cmpstr (credentials->source, ==, "f.json");
    }
}

static void
test_decode (void)
{
  static const struct
  {
    const char *pair, *user, *password;
    size_t len; /* 0: strlen */
  } rows[] = {
    { "alice:s3cret", "alice", "s3cret", 0 },
    { "alice:a:b:c", "alice", "a:b:c", 0 },
    { "alice:", "alice", "", 0 },
    { ":p", "", "p", 0 },
    { "ü:ß", "ü", "ß", 0 },
    { "alice:x\0\0", "alice", "x", 9 },
  };
  for (size_t i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      size_t len = rows[i].len > 0 ? rows[i].len : strlen (rows[i].pair);
      g_autofree char *encoded = g_base64_encode ((const guchar *) rows[i].pair, len);
      g_autofree char *text = g_strdup_printf ("{\"auths\":{\"h.io\":{\"auth\":\"%s\"}}}", encoded);
      g_autoptr (GBytes) data = bytes_of (text);
      g_autoptr (GError) error = NULL;
      g_autoptr (OciCredentials) credentials = NULL;
      g_assert_true (oci_auth_file_parse ("f", data, "h.io", "a", &credentials, &error));
      g_assert_no_error (error);
      g_assert_cmpstr (credentials->user, ==, rows[i].user);
      g_assert_cmpstr (credentials->password, ==, rows[i].password);
    }
}

static void
test_bad (void)
{
  static const struct
  {
    const char *text;
    OciError code;
    const char *pattern;
  } rows[] = {
    { "", OCI_ERROR_FORMAT, "f.json:1:0: *" },
    { "{\"auths\":{\"h.io\":\n{\"auth\":\"c2VjcmV0", OCI_ERROR_FORMAT, "f.json:2:*" },
    { "{\"auths\":{\"h.io\":\n{\"auth\":c2VjcmV0}}}", OCI_ERROR_FORMAT, "f.json:2:*" },
    { "{\"auths\":{\"h.io\":{\"auth\":\"c2VjcmV0\" \"c2VjcmV0\"}}}", OCI_ERROR_FORMAT,
      "f.json:1:*" },
    { "[]", OCI_ERROR_FORMAT, "f.json: expected an object, got an array" },
    { "{\"auths\":[]}", OCI_ERROR_FORMAT, "f.json: auths: expected an object*" },
    { "{\"auths\":{\"h.io\":\"c2VjcmV0\"}}", OCI_ERROR_FORMAT,
      "f.json: auths.h.io: expected an object*" },
    { "{\"auths\":{\"h.io\":{\"auth\":1}}}", OCI_ERROR_FORMAT,
      "f.json: auths.h.io.auth: expected a string*" },
    { "{\"auths\":{\"h.io\":{\"auth\":\"c2Vjc*==\"}}}", OCI_ERROR_FORMAT,
      "f.json: auths.h.io.auth: is not base64" },
    { "{\"auths\":{\"h.io\":{\"auth\":\"c2Vjc\"}}}", OCI_ERROR_FORMAT, "*is not base64" },
    { "{\"auths\":{\"h.io\":{\"auth\":\"c2VjcmV0\"}}}", OCI_ERROR_FORMAT,
      "*auth: is not ‘USER:PASSWORD’ in base64" },
    { "{\"auths\":{\"h.io\":{\"auth\":\"YTpiAGM=\"}}}", OCI_ERROR_FORMAT, "*NUL byte*" },
    { "{\"auths\":{\"h.io\":{\"identitytoken\":\"c2VjcmV0\"}}}", OCI_ERROR_UNSUPPORTED,
      "f.json: the credentials of h.io are with ‘an identity token’*podman login h.io*" },
    { "{\"credHelpers\":{\"h.io\":\"ecr-login\"}}", OCI_ERROR_UNSUPPORTED,
      "f.json: the credentials of h.io are with ‘ecr-login’*" },
    { "{\"auths\":{\"h.io\":{}},\"credsStore\":\"pass\"}", OCI_ERROR_UNSUPPORTED,
      "*are with ‘pass’*" },
  };
  for (size_t i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autoptr (GError) error = NULL;
      OciCredentials *credentials = NULL;
      g_autoptr (GBytes) data = bytes_of (rows[i].text);
      g_assert_false (oci_auth_file_parse ("f.json", data, "h.io", "a", &credentials, &error));
      g_assert_null (credentials);
      g_assert_error (error, OCI_ERROR, (int) rows[i].code);
      if (!g_pattern_match_simple (rows[i].pattern, error->message))
        g_error ("%s: %s does not match %s", rows[i].text, error->message, rows[i].pattern);
      g_assert_null (strstr (error->message, "c2Vjc"));
    }
}

static void
write_auth (const char *dir, const char *name, const char *entry)
{
  g_autofree char *path = g_build_filename (dir, name, NULL);
  g_autofree char *parent = g_path_get_dirname (path);
  g_autofree char *text = g_strdup_printf ("{\"auths\":{\"h.io\":%s}}", entry);
  g_assert_cmpint (g_mkdir_with_parents (parent, 0700), ==, 0);
  g_assert_true (g_file_set_contents (path, text, -1, NULL));
}

static void
remove_auth (const char *dir, const char *name)
{
  g_autofree char *path = g_build_filename (dir, name, NULL);
  g_assert_cmpint (g_unlink (path), ==, 0);
  for (char *slash = strrchr (path, '/'); slash != NULL; slash = strrchr (path, '/'))
    {
      *slash = '\0';
      if (g_rmdir (path) < 0)
        break;
    }
}

static void
assert_found (const char *user, guint searched)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (OciAuthLookup) lookup = oci_auth_lookup ("h.io", "a", NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpstr (lookup->credentials != NULL ? lookup->credentials->user : NULL, ==, user);
  g_assert_cmpuint (g_strv_length (lookup->searched), ==, searched);
}

/* Podman's order; a file that is not there is passed over. */
static void
test_search (void)
{
  g_autofree char *dir = g_dir_make_tmp ("test-auth-XXXXXX", NULL);
  g_autofree char *runtime = g_build_filename (dir, "run", NULL);
  g_autofree char *chosen = g_build_filename (dir, "chosen.json", NULL);
  g_unsetenv ("REGISTRY_AUTH_FILE");
  g_unsetenv ("XDG_CONFIG_HOME");
  g_unsetenv ("DOCKER_CONFIG");
  g_assert_true (g_setenv ("HOME", dir, TRUE));
  g_assert_true (g_setenv ("XDG_RUNTIME_DIR", runtime, TRUE));

  assert_found (NULL, 3);
  write_auth (dir, ".docker/config.json", U3);
  assert_found ("u3", 3);
  write_auth (dir, ".config/containers/auth.json", U2);
  assert_found ("u2", 2);
  write_auth (dir, "run/containers/auth.json", U1);
  assert_found ("u1", 1);

  g_assert_true (g_setenv ("REGISTRY_AUTH_FILE", chosen, TRUE));
  g_autoptr (GError) error = NULL;
  g_assert_null (oci_auth_lookup ("h.io", "a", NULL, &error));
  g_assert_error (error, OCI_ERROR, OCI_ERROR_NOT_FOUND);
  g_assert_true (g_pattern_match_simple ("*$REGISTRY_AUTH_FILE: *chosen.json*", error->message));
  write_auth (dir, "chosen.json", "{}");
  assert_found (NULL, 1);
  g_unsetenv ("REGISTRY_AUTH_FILE");

  remove_auth (dir, "chosen.json");
  remove_auth (dir, ".docker/config.json");
  remove_auth (dir, ".config/containers/auth.json");
  remove_auth (dir, "run/containers/auth.json");
  g_assert_false (g_file_test (dir, G_FILE_TEST_EXISTS));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/auth-file/match", test_match);
  g_test_add_func ("/auth-file/decode", test_decode);
  g_test_add_func ("/auth-file/bad", test_bad);
  g_test_add_func ("/auth-file/search", test_search);
  return g_test_run ();
}
