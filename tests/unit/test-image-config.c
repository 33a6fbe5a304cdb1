#include "oci/image-config.h"

#include "testing.h"

#define A "sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define B "sha256:bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
#define ROOTFS "\"rootfs\":{\"type\":\"layers\",\"diff_ids\":[\"" A "\"]}"
#define MINIMAL "\"os\":\"linux\",\"architecture\":\"amd64\"," ROOTFS

/* Members as Docker and BuildKit write them, most of which terrane does not know. */
#define BASE                                                                                       \
  "{" MINIMAL ",\"created\":\"2024-01-02T03:04:05Z\",\"variant\":\"v1\",\"docker_version\":\"1\"," \
  "\"x-extension\":{\"deep\":[1,null,true]},\"container_config\":{\"Cmd\":[\"old\"]},"             \
  "\"history\":[{\"created_by\":\"FROM scratch\",\"empty_layer\":true}],"                          \
  "\"config\":{\"Env\":[\"PATH=/bin\",\"PATHS=x\",\"EMPTY=\",\"PATH2=y\"],\"Cmd\":[\"sh\"],"       \
  "\"Entrypoint\":[\"/entry\",\"-x\"],\"WorkingDir\":\"/var/task\",\"Healthcheck\":{\"Test\":[]}," \
  "\"Labels\":{\"a\":\"1\"}}}"

static OciImageConfig *
parse (const char *text)
{
  g_autoptr (GBytes) raw = test_bytes (text);
  g_autoptr (GError) error = NULL;
  OciImageConfig *config = oci_image_config_parse ("c", raw, &error);
  g_assert_no_error (error);
  return config;
}

static void
assert_strings (char **strings, const char *want)
{
  g_autofree char *joined = g_strjoinv ("|", strings);
  g_assert_cmpstr (joined, ==, want);
  g_strfreev (strings);
}

static json_t *
dump (const OciImageConfig *config)
{
  g_autoptr (GBytes) bytes = oci_image_config_dump (config);
  json_t *root = json_loadb (g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes), 0, NULL);
  g_assert_nonnull (root);
  return root;
}

static void
test_read (void)
{
  g_autoptr (OciImageConfig) config = parse (BASE);
  g_autoptr (GError) error = NULL;
  OciDigest digest;
  OciDigestText text;
  g_assert_cmpstr (oci_image_config_os (config), ==, "linux");
  g_assert_cmpstr (oci_image_config_architecture (config), ==, "amd64");
  g_assert_cmpstr (oci_image_config_created (config), ==, "2024-01-02T03:04:05Z");
  g_assert_cmpstr (oci_image_config_working_dir (config), ==, "/var/task");
  assert_strings (oci_image_config_entrypoint (config), "/entry|-x");
  assert_strings (oci_image_config_cmd (config), "sh");
  assert_strings (oci_image_config_env (config), "PATH=/bin|PATHS=x|EMPTY=|PATH2=y");
  g_assert_cmpuint (oci_image_config_n_layers (config), ==, 1);
  g_assert_true (oci_image_config_diff_id (config, 0, &digest, &error));
  g_assert_cmpstr (oci_digest_text (&digest, text), ==, A);
  g_assert_false (oci_image_config_diff_id (config, 1, &digest, &error));
  assert_error (error, OCI_ERROR, OCI_ERROR_CORRUPT, "*no diff_id 1");
}

static void
test_absent (void)
{
  static const char *const rows[] = { "{" MINIMAL "}", "{" MINIMAL ",\"config\":null}",
                                      "{" MINIMAL ",\"config\":{\"Env\":null,\"Cmd\":null,"
                                      "\"Entrypoint\":null,\"WorkingDir\":\"\"}}" };
  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autoptr (OciImageConfig) config = parse (rows[i]);
      g_assert_null (oci_image_config_created (config));
      g_assert_null (oci_image_config_working_dir (config));
      assert_strings (oci_image_config_entrypoint (config), "");
      assert_strings (oci_image_config_cmd (config), "");
      assert_strings (oci_image_config_env (config), "");
      oci_image_config_set_env (config, "A", "1");
      assert_strings (oci_image_config_env (config), "A=1");
    }
}

static void
test_env (void)
{
  g_autoptr (OciImageConfig) config = parse (BASE);
  oci_image_config_set_env (config, "PATH", "/usr/bin=x"); /* in place */
  oci_image_config_set_env (config, "EMPTY", "full");
  oci_image_config_set_env (config, "NEW", "");
  oci_image_config_set_env (config, "PAT", "z"); /* no prefix match */
  assert_strings (oci_image_config_env (config),
                  "PATH=/usr/bin=x|PATHS=x|EMPTY=full|PATH2=y|NEW=|PAT=z");
}

static void
test_entrypoint_drops_cmd (void)
{
  static const char *const entrypoint[] = { "/usr/bin/python3", "-m", NULL };
  static const char *const cmd[] = { "handler.handler", NULL };
  g_autoptr (OciImageConfig) config = parse (BASE);
  oci_image_config_set_cmd (config, cmd);
  assert_strings (oci_image_config_cmd (config), "handler.handler");
  assert_strings (oci_image_config_entrypoint (config), "/entry|-x");
  oci_image_config_set_entrypoint (config, entrypoint);
  assert_strings (oci_image_config_entrypoint (config), "/usr/bin/python3|-m");
  assert_strings (oci_image_config_cmd (config), "");
  oci_image_config_set_cmd (config, cmd);
  assert_strings (oci_image_config_cmd (config), "handler.handler");
}

/* Unchanged values of the base stay. */
static void
test_unknown_members_survive (void)
{
  g_autoptr (OciImageConfig) config = parse (BASE);
  g_autoptr (OciJsonValue) want = json_loads (BASE, 0, NULL);
  g_autoptr (OciJsonValue) same = dump (config);
  g_assert_true (json_equal (same, want));

  OciDigest digest;
  g_assert_true (oci_digest_parse (B, &digest, NULL));
  oci_image_config_set_env (config, "A", "1");
  oci_image_config_set_label (config, "b", "2");
  oci_image_config_set_user (config, "993");
  oci_image_config_set_working_dir (config, "/");
  oci_image_config_set_created (config, "1980-01-01T00:00:01Z");
  oci_image_config_add_layer (config, &digest, "1980-01-01T00:00:01Z", "terrane");
  g_autoptr (OciJsonValue) changed = dump (config);
  json_t *part = json_object_get (want, "config");
  json_array_append_new (json_object_get (part, "Env"), json_string ("A=1"));
  json_object_set_new (json_object_get (part, "Labels"), "b", json_string ("2"));
  json_object_set_new (part, "User", json_string ("993"));
  json_object_set_new (part, "WorkingDir", json_string ("/"));
  json_object_set_new (want, "created", json_string ("1980-01-01T00:00:01Z"));
  json_array_append_new (json_object_get (json_object_get (want, "rootfs"), "diff_ids"),
                         json_string (B));
  json_array_append_new (
      json_object_get (want, "history"),
      json_pack ("{ssss}", "created", "1980-01-01T00:00:01Z", "created_by", "terrane"));
  g_assert_true (json_equal (changed, want));
}

/* image-spec config.md: os, architecture and rootfs with type "layers" are required. */
static void
test_new (void)
{
  g_autoptr (OciImageConfig) config = oci_image_config_new ("linux", "arm64");
  g_autoptr (GBytes) bytes = oci_image_config_dump (config);
  static const char want[] = "{\"architecture\":\"arm64\",\"os\":\"linux\",\"rootfs\":"
                             "{\"diff_ids\":[],\"type\":\"layers\"}}";
  assert_text (bytes, want);
}

static void
test_refused (void)
{
  static const char *const rows[][2] = {
    { "[]", "*expected an object, got an array" },
    { "{}", "*‘os’ is missing*‘architecture’ is missing*‘rootfs’ is missing" },
    { "{\"os\":1,\"architecture\":\"a\"," ROOTFS "}", "*c: os: expected a string, got an integer" },
    { "{\"os\":\"l\",\"architecture\":\"a\",\"rootfs\":{}}", "*rootfs: ‘diff_ids’ is missing" },
    { "{\"os\":\"l\",\"architecture\":\"a\",\"rootfs\":{\"diff_ids\":[1]}}",
      "*rootfs.diff_ids?0?: expected a string, got an integer" },
    { "{\"os\":\"l\",\"architecture\":\"a\",\"rootfs\":{\"diff_ids\":[\"x\"]}}",
      "*rootfs.diff_ids: expected a digest *" },
    { "{" MINIMAL ",\"config\":[]}", "*config: expected an object, got an array" },
    { "{" MINIMAL ",\"config\":{\"Env\":[null]}}", "*config.Env?0?: expected a string, got null" },
    { "{" MINIMAL ",\"config\":{\"Env\":\"A=1\"}}",
      "*config.Env: expected an array, got a string" },
    { "{" MINIMAL ",\"config\":{\"Entrypoint\":\"sh\"}}",
      "*config.Entrypoint: expected an array*" },
    { "{" MINIMAL ",\"config\":{\"Labels\":[]}}", "*config.Labels: expected an object*" },
    { "{" MINIMAL ",\"history\":{}}", "*history: expected an array, got an object" },
    { "{" MINIMAL ",\"created\":5}", "*created: expected a string, got an integer" },
  };
  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autoptr (GBytes) raw = test_bytes (rows[i][0]);
      g_autoptr (GError) error = NULL;
      g_test_message ("%s", rows[i][0]);
      OciImageConfig *config = oci_image_config_parse ("c", raw, &error);
      if (config != NULL)
        {
          g_test_fail ();
          oci_image_config_free (config);
          continue;
        }
      assert_error (error, OCI_ERROR, OCI_ERROR_FORMAT, rows[i][1]);
    }
}

/* The settings that start another function of the image. */
static void
test_argv_with (void)
{
  static const char *const entrypoint[] = { "/python", "-m", "awslambdaric", NULL };
  static const char *const cmd[] = { "app.one", NULL };
  static const char *const whole[] = { "/python", "-m", "awslambdaric", "app.one", NULL };
  static const char *const other[] = { "a b", "c", NULL };
  static const char *const none[] = { NULL };
  g_autoptr (OciImageConfig) config = oci_image_config_new ("linux", "amd64");
  g_auto (GStrv) nothing = oci_image_config_argv_with (config, NULL, NULL);
  g_assert_cmpuint (g_strv_length (nothing), ==, 0);
  oci_image_config_set_entrypoint (config, entrypoint);
  oci_image_config_set_cmd (config, cmd);
  assert_strings (oci_image_config_argv (config), "/python|-m|awslambdaric|app.one");
  assert_strings (oci_image_config_argv_with (config, other, NULL),
                  "/python|-m|awslambdaric|a b|c");
  assert_strings (oci_image_config_argv_with (config, none, NULL), "/python|-m|awslambdaric");
  assert_strings (oci_image_config_argv_with (config, NULL, "app.two"),
                  "/python|-m|awslambdaric|app.two");
  g_autoptr (OciImageConfig) bare = oci_image_config_new ("linux", "amd64");
  oci_image_config_set_cmd (bare, whole);
  assert_strings (oci_image_config_argv_with (bare, NULL, "app.two"),
                  "/python|-m|awslambdaric|app.two");
}

int
main (int argc, char **argv)
{
  test_init (&argc, &argv);
  g_test_add_func ("/image-config/read", test_read);
  g_test_add_func ("/image-config/absent", test_absent);
  g_test_add_func ("/image-config/env", test_env);
  g_test_add_func ("/image-config/entrypoint-drops-cmd", test_entrypoint_drops_cmd);
  g_test_add_func ("/image-config/unknown-members-survive", test_unknown_members_survive);
  g_test_add_func ("/image-config/new", test_new);
  g_test_add_func ("/image-config/refused", test_refused);
  g_test_add_func ("/image-config/argv-with", test_argv_with);
  return g_test_run ();
}
