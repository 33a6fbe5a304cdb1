/* containers-auth.json(5) and docker's config.json. */
#include "oci/registry/auth-file.h"

#include "oci/registry/auth-key.h"

#include "testing.h"

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
    /* docker.io's other names with a namespace, and paths of APIs without a scheme */
    { "\"docker.io/team\":" U1, "index.docker.io", "team/a", "u1" },
    { "\"index.docker.io/team\":" U1 ",\"docker.io\":" U2, "docker.io", "team/a", "u1" },
    { "\"registry-1.docker.io\":" U1, "docker.io", "team/a", "u1" },
    { "\"index.docker.io/v1/\":" U1, "docker.io", "team/a", "u1" },
    { "\"index.docker.io/v1\":" U1, "docker.io", "team/a", "u1" },
    { "\"r.local/v2/\":" U1, "r.local", "a", "u1" },
    { "\"r.local:5000/\":" U1, "r.local:5000", "a", "u1" },
    { "\"r.local/v3/\":" U1, "r.local", "a", NULL },
    { "\"r.local/v2/b\":" U1, "r.local", "a", NULL },
    /* base64("u1:p") over two lines, and without "auth" */
    { "\"r.local\":{\"auth\":\"dTE6\\ncA==\\n\"}", "r.local", "a", "u1" },
    { "\"r.local\":{\"auth\":\"dTE6\\r\\ncA==\"}", "r.local", "a", "u1" },
    { "\"r.local\":{\"username\":\"u1\",\"password\":\"p\"}", "r.local", "a", "u1" },
    { "\"r.local\":{\"auth\":\"\",\"username\":\"u1\",\"password\":\"p\"}", "r.local", "a", "u1" },
    { "\"r.local\":{\"auth\":\"dTE6cA==\",\"username\":\"u2\",\"password\":\"q\"}", "r.local", "a",
      "u1" },
    { "\"r.local\":{}", "r.local", "a", NULL },
    { "\"r.local\":{\"auth\":\"\"}", "r.local", "a", NULL },
    { "", "r.local", "a", NULL },
  };
  for (size_t i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autoptr (GError) error = NULL;
      g_auto (OciAuthEntry) entry = { 0 };
      g_autofree char *text = g_strdup_printf ("{\"auths\":{%s},\"other\":[1]}", rows[i].auths);
      g_autoptr (GBytes) data = test_bytes (text);
      g_assert_true (
          oci_auth_file_parse ("f.json", data, rows[i].host, rows[i].repository, &entry, &error));
      g_assert_no_error (error);
      g_assert_null (entry.helper);
      const OciCredentials *credentials = entry.credentials;
      g_assert_cmpstr (credentials != NULL ? credentials->user : NULL, ==, rows[i].user);
      if (credentials == NULL)
        continue;
      g_assert_cmpstr (credentials->password, ==, "p");
      g_assert_cmpstr (credentials->source, ==, "f.json");
      g_assert_false (credentials->identity_token);
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
      g_autoptr (GBytes) data = test_bytes (text);
      g_autoptr (GError) error = NULL;
      g_auto (OciAuthEntry) entry = { 0 };
      g_assert_true (oci_auth_file_parse ("f", data, "h.io", "a", &entry, &error));
      g_assert_no_error (error);
      g_assert_cmpstr (entry.credentials->user, ==, rows[i].user);
      g_assert_cmpstr (entry.credentials->password, ==, rows[i].password);
    }
}

static void
test_blank (void)
{
  static const char *const rows[] = { "", "\n", " \t\r\n " };
  for (size_t i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autoptr (GError) error = NULL;
      g_auto (OciAuthEntry) entry = { 0 };
      g_autoptr (GBytes) data = test_bytes (rows[i]);
      const OciCredentials alice = { .user = (char *) "u1", .password = (char *) "p" };
      g_assert_true (oci_auth_file_parse ("f.json", data, "h.io", "a", &entry, &error));
      g_assert_no_error (error);
      g_assert_null (entry.credentials);
      g_assert_null (entry.helper);
      g_autofree char *text = oci_auth_file_set ("f.json", data, "h.io", &alice, &error);
      g_assert_no_error (error);
      g_assert_nonnull (strstr (text, "\"dTE6cA==\""));
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
    { "{\"auths\":{\"h.io\":{\"identitytoken\":[\"c2VjcmV0\"]}}}", OCI_ERROR_FORMAT,
      "f.json: auths.h.io.identitytoken: expected a string*" },
    { "{\"credHelpers\":\"x\"}", OCI_ERROR_FORMAT, "f.json: credHelpers: expected an object*" },
    { "{\"credHelpers\":{\"h.io\":1}}", OCI_ERROR_FORMAT,
      "f.json: credHelpers.h.io: expected a string*" },
    { "{\"credHelpers\":{\"h.io\":\"../x\"}}", OCI_ERROR_FORMAT,
      "f.json: credHelpers.h.io: invalid name of a credential helper*" },
    { "{\"credHelpers\":{\"h.io\":\"a b\"}}", OCI_ERROR_FORMAT,
      "*invalid name of a credential helper*" },
    { "{\"credHelpers\":{\"h.io\":\"a;b\"}}", OCI_ERROR_FORMAT,
      "*invalid name of a credential helper*" },
    { "{\"credsStore\":\"/bin/sh\"}", OCI_ERROR_FORMAT,
      "f.json: credsStore: invalid name of a credential helper*" },
    { "{\"credsStore\":{}}", OCI_ERROR_FORMAT, "f.json: credsStore: expected a string*" },
  };
  for (size_t i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autoptr (GError) error = NULL;
      g_auto (OciAuthEntry) entry = { 0 };
      g_autoptr (GBytes) data = test_bytes (rows[i].text);
      g_assert_false (oci_auth_file_parse ("f.json", data, "h.io", "a", &entry, &error));
      g_assert_true (entry.credentials == NULL && entry.helper == NULL && entry.server == NULL);
      g_assert_error (error, OCI_ERROR, (int) rows[i].code);
      if (!g_pattern_match_simple (rows[i].pattern, error->message))
        g_error ("%s: %s does not match %s", rows[i].text, error->message, rows[i].pattern);
      g_assert_null (strstr (error->message, "c2Vjc"));
    }
}

/* credHelpers before auths before credsStore; the key that matched is what the helper is asked. */
static void
test_helpers (void)
{
  static const struct
  {
    const char *text, *host, *repository, *helper, *server, *user;
  } rows[] = {
    { "{\"credHelpers\":{\"h.io\":\"x\"},\"auths\":{\"h.io\":" U1 "},\"credsStore\":\"y\"}", "h.io",
      "a", "x", "h.io", NULL },
    { "{\"credHelpers\":{\"g.io\":\"x\"},\"auths\":{\"h.io\":" U1 "},\"credsStore\":\"y\"}", "h.io",
      "a", NULL, NULL, "u1" },
    { "{\"auths\":{\"h.io\":{}},\"credsStore\":\"y\"}", "h.io", "a", "y", "h.io", NULL },
    { "{\"auths\":{},\"credsStore\":\"y\"}", "h.io:5000", "a", "y", "h.io:5000", NULL },
    { "{\"credsStore\":\"y\"}", "h.io", NULL, "y", "h.io", NULL },
    { "{\"credsStore\":\"y\"}", "docker.io", "library/a", "y", "https://index.docker.io/v1/",
      NULL },
    { "{\"credHelpers\":{\"h.io/a\":\"x\",\"h.io\":\"z\"}}", "h.io", "a/b", "x", "h.io/a", NULL },
    { "{\"credHelpers\":{\"h.io/a\":\"x\",\"h.io\":\"z\"}}", "h.io", "ab", "z", "h.io", NULL },
    { "{\"credHelpers\":{\"https://index.docker.io/v1/\":\"x\"}}", "docker.io", "library/a", "x",
      "https://index.docker.io/v1/", NULL },
    { "{\"credHelpers\":{\"docker.io\":\"x\"}}", "docker.io", "library/a", "x", "docker.io", NULL },
    { "{\"credHelpers\":{\"h.io\":\"\"},\"auths\":{\"h.io\":" U1 "}}", "h.io", "a", NULL, NULL,
      "u1" },
    { "{\"credHelpers\":{\"h.io\":\"Az0._-\"}}", "h.io", "a", "Az0._-", "h.io", NULL },
  };
  for (size_t i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autoptr (GError) error = NULL;
      g_auto (OciAuthEntry) entry = { 0 };
      g_autoptr (GBytes) data = test_bytes (rows[i].text);
      g_assert_true (
          oci_auth_file_parse ("f.json", data, rows[i].host, rows[i].repository, &entry, &error));
      g_assert_no_error (error);
      g_assert_cmpstr (entry.helper, ==, rows[i].helper);
      g_assert_cmpstr (entry.server, ==, rows[i].server);
      g_assert_cmpstr (entry.credentials != NULL ? entry.credentials->user : NULL, ==,
                       rows[i].user);
    }
}

static void
test_identity_token (void)
{
  static const struct
  {
    const char *entry, *user;
  } rows[] = {
    { "{\"identitytoken\":\"tok\"}", "<token>" },
    { "{\"auth\":\"dTE6\",\"identitytoken\":\"tok\"}", "u1" },
    { "{\"auth\":\"dTE6cA==\",\"identitytoken\":\"tok\"}", "u1" },
    { "{\"auth\":\"Og==\",\"identitytoken\":\"tok\"}", "<token>" },
  };
  for (size_t i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autoptr (GError) error = NULL;
      g_auto (OciAuthEntry) entry = { 0 };
      g_autofree char *text = g_strdup_printf ("{\"auths\":{\"h.io\":%s}}", rows[i].entry);
      g_autoptr (GBytes) data = test_bytes (text);
      g_assert_true (oci_auth_file_parse ("f", data, "h.io", "a", &entry, &error));
      g_assert_no_error (error);
      g_assert_cmpstr (entry.credentials->user, ==, rows[i].user);
      g_assert_cmpstr (entry.credentials->password, ==, "tok");
      g_assert_true (entry.credentials->identity_token);
    }
}

/* Only the entry changes; everything else keeps its text and its place. */
static void
test_set (void)
{
  static const struct
  {
    const char *before, *key, *after;
  } rows[] = {
    { NULL, "h.io", "{\"auths\":{\"h.io\":{\"auth\":\"dTE6cA==\"}}}" },
    { "{}", "h.io/team", "{\"auths\":{\"h.io/team\":{\"auth\":\"dTE6cA==\"}}}" },
    { "{\"z\":[1,{\"b\":2,\"a\":null}],\"auths\":{\"y\":{\"q\":1},\"h.io\":{\"auth\":\"b2xk\","
      "\"email\":\"e\",\"identitytoken\":\"t\"},\"a\":{}},\"b\":true}",
      "h.io",
      "{\"z\":[1,{\"b\":2,\"a\":null}],\"auths\":{\"y\":{\"q\":1},\"h.io\":{\"email\":\"e\","
      "\"auth\":\"dTE6cA==\"},\"a\":{}},\"b\":true}" },
  };
  OciCredentials credentials = { .user = (char *) "u1", .password = (char *) "p" };
  for (size_t i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autoptr (GError) error = NULL;
      g_autoptr (GBytes) data = rows[i].before != NULL ? test_bytes (rows[i].before) : NULL;
      g_autofree char *text = oci_auth_file_set ("f", data, rows[i].key, &credentials, &error);
      g_assert_no_error (error);
      g_autoptr (OciJsonValue) root = json_loads (text, 0, NULL);
      g_autofree char *compact = json_dumps (root, JSON_COMPACT);
      g_assert_cmpstr (compact, ==, rows[i].after);
      g_assert_true (g_str_has_suffix (text, "}\n"));
    }
}

static void
test_set_token_and_marker (void)
{
  OciCredentials token = { .user = (char *) "u1",
                           .password = (char *) "tok",
                           .identity_token = TRUE };
  g_autoptr (GError) error = NULL;
  g_auto (OciAuthEntry) entry = { 0 };
  g_autofree char *text = oci_auth_file_set ("f", NULL, "h.io", &token, &error);
  g_assert_no_error (error);
  g_autoptr (GBytes) data = test_bytes (text);
  g_assert_true (oci_auth_file_parse ("f", data, "h.io", NULL, &entry, &error));
  g_assert_true (entry.credentials->identity_token);
  g_assert_cmpstr (entry.credentials->password, ==, "tok");

  g_autofree char *marked = oci_auth_file_set ("f", data, "h.io", NULL, &error);
  g_assert_no_error (error);
  g_assert_null (strstr (marked, "tok"));
  g_autoptr (OciJsonValue) root = json_loads (marked, 0, NULL);
  g_assert_cmpuint (json_object_size (json_object_get (json_object_get (root, "auths"), "h.io")),
                    ==, 0);
}

static void
test_set_bad (void)
{
  OciCredentials credentials = { .user = (char *) "u1", .password = (char *) "s3cret" };
  OciCredentials colon = { .user = (char *) "u:1", .password = (char *) "s3cret" };
  static const char *const texts[] = { "[]", "{\"auths\":1}", "{\"auths\":{},\"auths\":{}}",
                                       "{\"a\":c2Vjc}" };
  for (size_t i = 0; i < G_N_ELEMENTS (texts); i++)
    {
      g_autoptr (GError) error = NULL;
      guint removed = 7;
      g_autoptr (GBytes) data = test_bytes (texts[i]);
      g_assert_null (oci_auth_file_set ("f.json", data, "h.io", &credentials, &error));
      assert_error (error, OCI_ERROR, OCI_ERROR_FORMAT, "f.json:*");
      g_assert_null (strstr (error->message, "c2Vjc"));
      g_clear_error (&error);
      g_assert_null (oci_auth_file_remove ("f.json", data, "h.io", &removed, &error));
      assert_error (error, OCI_ERROR, OCI_ERROR_FORMAT, "f.json:*");
      g_assert_cmpuint (removed, ==, 7);
    }
  g_autoptr (GError) error = NULL;
  g_assert_null (oci_auth_file_set ("f", NULL, "h.io", &colon, &error));
  assert_error (error, OCI_ERROR, OCI_ERROR_USAGE, "*‘u:1’ has a ‘:’*");
}

static void
test_remove (void)
{
  static const struct
  {
    const char *key, *after;
    guint removed;
  } rows[] = {
    { "h.io",
      "{\"x\":1,\"auths\":{\"h.io/t\":{},\"docker.io\":{},\"https://index.docker.io/v1/\":"
      "{}}}",
      2 },
    { "h.io/t",
      "{\"x\":1,\"auths\":{\"h.io\":{},\"https://h.io/v1/\":{},\"docker.io\":{},"
      "\"https://index.docker.io/v1/\":{}}}",
      1 },
    { "docker.io", "{\"x\":1,\"auths\":{\"h.io\":{},\"https://h.io/v1/\":{},\"h.io/t\":{}}}", 2 },
    { NULL, "{\"x\":1,\"auths\":{}}", 5 },
  };
  g_autoptr (GBytes) data = test_bytes (
      "{\"x\":1,\"auths\":{\"h.io\":{},\"https://h.io/v1/\":{},\"h.io/t\":{},\"docker.io\":{},"
      "\"https://index.docker.io/v1/\":{}}}");
  for (size_t i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autoptr (GError) error = NULL;
      guint removed = 0;
      g_autofree char *text = oci_auth_file_remove ("f", data, rows[i].key, &removed, &error);
      g_assert_no_error (error);
      g_autoptr (OciJsonValue) root = json_loads (text, 0, NULL);
      g_autofree char *compact = json_dumps (root, JSON_COMPACT);
      g_assert_cmpstr (compact, ==, rows[i].after);
      g_assert_cmpuint (removed, ==, rows[i].removed);
    }
}

static void
test_keeper (void)
{
  static const struct
  {
    const char *key, *helper, *server;
    gboolean listed;
  } rows[] = {
    { "h.io", "x", "h.io", TRUE },
    { "g.io/ns", "y", "g.io/ns", TRUE },
    { "other.io", "z", "other.io", FALSE },
    { "docker.io", "z", "https://index.docker.io/v1/", FALSE },
  };
  g_autoptr (GBytes) data =
      test_bytes ("{\"credHelpers\":{\"h.io\":\"x\",\"g.io/ns\":\"y\"},\"credsStore\":\"z\"}");
  g_autoptr (GError) error = NULL;
  for (size_t i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autofree char *helper = NULL, *server = NULL;
      gboolean listed = FALSE;
      g_assert_true (
          oci_auth_file_keeper ("f", data, rows[i].key, &helper, &server, &listed, &error));
      g_assert_no_error (error);
      g_assert_cmpstr (helper, ==, rows[i].helper);
      g_assert_cmpstr (server, ==, rows[i].server);
      g_assert_cmpint (listed, ==, rows[i].listed);
    }
  static const char *const refused[] = { "h.io/team", "other.io/a/b" };
  for (size_t i = 0; i < G_N_ELEMENTS (refused); i++)
    {
      char *helper = NULL, *server = NULL;
      gboolean listed = FALSE;
      g_assert_false (
          oci_auth_file_keeper ("f", data, refused[i], &helper, &server, &listed, &error));
      assert_error (error, OCI_ERROR, OCI_ERROR_UNSUPPORTED, "f: *knows no namespaces*");
      g_clear_error (&error);
    }
}

static void
test_key (void)
{
  static const struct
  {
    const char *key, *host;
  } good[] = { { "h.io", "h.io" },           { "h.io:5000/a/b", "h.io:5000" },
               { "localhost", "localhost" }, { "[::1]:5000", "[::1]:5000" },
               { "docker.io", "docker.io" }, { "docker.io/team", "docker.io" } };
  static const char *const bad[] = {
    "",   "name",         "h.io/",   "h.io:0", "h.io/A",          "h.io/a:tag",
    "-u", "https://h.io", "h.io//a", "h io.x", "docker://h.io/a", "h.io/\x1b"
  };
  for (size_t i = 0; i < G_N_ELEMENTS (good); i++)
    {
      g_autofree char *host = oci_auth_key_parse (good[i].key, NULL);
      g_assert_cmpstr (host, ==, good[i].host);
    }
  for (size_t i = 0; i < G_N_ELEMENTS (bad); i++)
    {
      g_autoptr (GError) error = NULL;
      g_assert_null (oci_auth_key_parse (bad[i], &error));
      assert_error (error, OCI_ERROR, OCI_ERROR_USAGE, "invalid registry ‘*’*");
    }
}

int
main (int argc, char **argv)
{
  test_init (&argc, &argv);
  g_test_add_func ("/auth-file/match", test_match);
  g_test_add_func ("/auth-file/decode", test_decode);
  g_test_add_func ("/auth-file/blank", test_blank);
  g_test_add_func ("/auth-file/bad", test_bad);
  g_test_add_func ("/auth-file/helpers", test_helpers);
  g_test_add_func ("/auth-file/identity-token", test_identity_token);
  g_test_add_func ("/auth-file/set", test_set);
  g_test_add_func ("/auth-file/set-token-and-marker", test_set_token_and_marker);
  g_test_add_func ("/auth-file/set-bad", test_set_bad);
  g_test_add_func ("/auth-file/remove", test_remove);
  g_test_add_func ("/auth-file/keeper", test_keeper);
  g_test_add_func ("/auth-file/key", test_key);
  return g_test_run ();
}
