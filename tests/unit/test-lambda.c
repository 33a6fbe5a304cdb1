#include "builder/check/lambda.h"

#include "builder/error.h"

#include "testing.h"

/* The use of the findings by a build. */
static gboolean
check (TerraneTree *tree, const OciImageConfig *config, GError **error)
{
  const TerraneImageView view = { .tree = tree, .config = config };
  g_autoptr (TerraneFindings) findings = terrane_findings_new ();
  const TerranePython python = { 0 };
  if (!terrane_check_lambda (&view, &python, "2026-11-21", findings, error))
    return FALSE;
  return terrane_findings_refuse (findings, error, "AWS Lambda would refuse this image:");
}

static void
add (TerraneTree *tree, const char *path, OciEntryType type, uint32_t mode, uint64_t size)
{
  const OciEntry entry = {
    .path = path, .type = type, .mode = mode, .size = size, .target = "/usr/bin/python3.11"
  };
  g_autoptr (GError) error = NULL;
  g_assert_true (terrane_tree_add (tree, &entry, NULL, &error));
}

/* An image that is fine; each test breaks one thing. */
static void
make_image (TerraneTree **out_tree, OciImageConfig **out_config)
{
  static const char *const entrypoint[] = { "/usr/bin/python3.11", "-m", NULL };
  static const char *const cmd[] = { "handler.handler", NULL };
  *out_tree = terrane_tree_new ();
  *out_config = oci_image_config_new ("linux", "amd64");
  add (*out_tree, "usr/bin/python3.11", OCI_ENTRY_FILE, 0755, 10);
  add (*out_tree, "usr/bin/python3", OCI_ENTRY_SYMLINK, 0777, 0);
  add (*out_tree, "usr/bin/private", OCI_ENTRY_FILE, 0750, 10);
  add (*out_tree, "usr/bin/plain", OCI_ENTRY_FILE, 0644, 10);
  add (*out_tree, "usr/lib/awslambdaric", OCI_ENTRY_DIRECTORY, 0755, 0);
  add (*out_tree, "var/task", OCI_ENTRY_DIRECTORY, 0755, 0);
  oci_image_config_set_entrypoint (*out_config, entrypoint);
  oci_image_config_set_cmd (*out_config, cmd);
  oci_image_config_set_working_dir (*out_config, "/var/task");
}

static void
test_entrypoints (void)
{
  static const char *const rows[][2] = {
    { "/usr/bin/python3.11", NULL },
    { "/usr/bin/python3", "*config.entrypoint: ‘/usr/bin/python3’ is a symbolic link to "
                          "‘/usr/bin/python3.11’*" },
    { "python3.11", "*‘python3.11’ is not an absolute path*" },
    { "", "*‘’ is not an absolute path*" },
    { "/usr/bin/absent", "*‘/usr/bin/absent’ is not in the image*" },
    { "/usr/bin", "*is not a file that every user may read and execute*" },
    { "/usr/bin/private", "*is not a file that every user may read and execute*" },
    { "/usr/bin/plain", "*is not a file that every user may read and execute*" },
  };
  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autoptr (TerraneTree) tree = NULL;
      g_autoptr (OciImageConfig) config = NULL;
      g_autoptr (GError) error = NULL;
      const char *const argv[] = { rows[i][0], NULL };
      const char *const cmd[] = { "x", NULL };
      make_image (&tree, &config);
      oci_image_config_set_entrypoint (config, argv);
      oci_image_config_set_cmd (config, cmd);
      g_assert_cmpint (check (tree, config, &error), ==, rows[i][1] == NULL);
      if (rows[i][1] != NULL)
        assert_error (error, TERRANE_ERROR, TERRANE_ERROR_REFUSED, rows[i][1]);
    }
}

/* The command that Lambda starts, and whether it needs the name of a handler. */
static void
test_commands (void)
{
  static const struct
  {
    const char *entrypoint[4], *cmd[3];
    const char *error; /* (nullable) */
  } rows[] = {
    /* The Lambda Web Adapter, an extension, forwards events to a server that is the command. */
    { { NULL }, { "python3.11", "app.py" }, NULL },
    { { NULL }, { "/usr/bin/python3.11", "app.py" }, NULL },
    { { NULL }, { "../../usr/bin/python3.11" }, NULL },
    { { NULL }, { "absent" }, "*config.cmd: ‘absent’ is not in the image*" },
    { { NULL }, { "/usr/bin/plain" }, "*config.cmd: ‘/usr/bin/plain’ is not a file that every*" },
    { { NULL }, { NULL }, "*config.entrypoint: missing, and so is config.cmd*" },
    /* A compiled handler, as AWS's images for Go and Rust have it. */
    { { "/main" }, { NULL }, NULL },
    { { "/usr/bin/python3.11" }, { NULL }, "*config.cmd: missing*" },
    { { "/usr/bin/python3.11", "-m", "awslambdaric" }, { NULL }, "*config.cmd: missing*" },
    { { "/usr/bin/python3.11", "-m" }, { NULL }, "*config.cmd: missing*" },
    { { "/usr/bin/python3.11", "loop.py" }, { NULL }, NULL },
    { { "/lambda-entrypoint.sh" }, { NULL }, "*config.cmd: missing*" },
    { { "/lambda-entrypoint.sh", "app.handler" }, { NULL }, NULL },
  };
  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autoptr (TerraneTree) tree = NULL;
      g_autoptr (OciImageConfig) config = NULL;
      g_autoptr (GError) error = NULL;
      make_image (&tree, &config);
      add (tree, "main", OCI_ENTRY_FILE, 0755, 10);
      add (tree, "lambda-entrypoint.sh", OCI_ENTRY_FILE, 0755, 10);
      oci_image_config_set_entrypoint (config, rows[i].entrypoint);
      oci_image_config_set_cmd (config, rows[i].cmd);
      g_assert_cmpint (check (tree, config, &error), ==, rows[i].error == NULL);
      if (rows[i].error != NULL)
        assert_error (error, TERRANE_ERROR, TERRANE_ERROR_REFUSED, rows[i].error);
    }
}

static void
test_missing (void)
{
  g_autoptr (TerraneTree) tree = terrane_tree_new ();
  g_autoptr (OciImageConfig) config = oci_image_config_new ("linux", "amd64");
  g_autoptr (GError) error = NULL;
  oci_image_config_set_working_dir (config, "/absent");
  g_assert_false (check (tree, config, &error));
  assert_error (error, TERRANE_ERROR, TERRANE_ERROR_REFUSED,
                "AWS Lambda would refuse this image*config.entrypoint: missing*"
                "config.working_dir: ‘/absent’ is not a directory*");
  g_assert_cmpint (terrane_exit_code (error), ==, 3);
}

/* 4 KB of names and values, and 10 GiB of files: at the limit and one more. */
static void
test_limits (void)
{
  for (gsize extra = 0; extra < 2; extra++)
    {
      g_autoptr (TerraneTree) tree = NULL;
      g_autoptr (OciImageConfig) config = NULL;
      g_autoptr (GError) error = NULL;
      g_autofree char *value = g_strnfill (4096 - 3 + extra, 'v');
      make_image (&tree, &config);
      oci_image_config_set_env (config, "KEY", value);
      g_assert_cmpint (check (tree, config, &error), ==, extra == 0);
      if (extra > 0)
        assert_error (error, TERRANE_ERROR, TERRANE_ERROR_REFUSED, "*config.env: 4097 bytes*4096*");
    }
  for (uint64_t extra = 0; extra < 2; extra++)
    {
      g_autoptr (TerraneTree) tree = NULL;
      g_autoptr (OciImageConfig) config = NULL;
      g_autoptr (GError) error = NULL;
      make_image (&tree, &config);
      add (tree, "big", OCI_ENTRY_FILE, 0644, UINT64_C (10737418240) - 30 + extra);
      g_assert_cmpint (check (tree, config, &error), ==, extra == 0);
      if (extra > 0)
        assert_error (error, TERRANE_ERROR, TERRANE_ERROR_REFUSED, "*size: 10.7 GB of files*");
    }
}

int
main (int argc, char **argv)
{
  test_init (&argc, &argv);
  g_test_add_func ("/lambda/entrypoints", test_entrypoints);
  g_test_add_func ("/lambda/commands", test_commands);
  g_test_add_func ("/lambda/missing", test_missing);
  g_test_add_func ("/lambda/limits", test_limits);
  return g_test_run ();
}
