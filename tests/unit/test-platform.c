#include "oci/platform.h"

#include "testing.h"

static void
test_parse (void)
{
  static const char *const good[][2] = {
    { "linux/amd64", "linux/amd64" },     { "linux/arm64", "linux/arm64" },
    { "linux/arm/v7", "linux/arm/v7" },   { "linux/arm64/v8", "linux/arm64/v8" },
    { "Linux/AMD64", "linux/amd64" },     { "linux/aarch64", "linux/arm64" },
    { "linux/x86_64", "linux/amd64" },    { "linux/armhf", "linux/arm/v7" },
    { "linux/arm/7", "linux/arm/v7" },    { "linux/armel", "linux/arm/v6" },
    { "windows/amd64", "windows/amd64" }, { "linux/386", "linux/386" },
  };
  static const char *const bad[] = {
    "",
    "nonsense",
    "linux",
    "linux/",
    "/amd64",
    "linux/amd64/",
    "linux/intel",
    "linnux/amd64",
    "linux/amd64/v1/x",
    "linux /amd64",
    "linux/arm/\n",
    "unknown/unknown",
    "linux/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
  };
  for (gsize i = 0; i < G_N_ELEMENTS (good); i++)
    {
      OciPlatform platform;
      g_autoptr (GError) error = NULL;
      g_assert_true (oci_platform_parse (good[i][0], &platform, &error));
      g_assert_no_error (error);
      g_autofree char *text = oci_platform_text (&platform);
      g_assert_cmpstr (text, ==, good[i][1]);
    }
  for (gsize i = 0; i < G_N_ELEMENTS (bad); i++)
    {
      OciPlatform platform;
      g_autoptr (GError) error = NULL;
      g_test_message ("%s", bad[i]);
      g_assert_false (oci_platform_parse (bad[i], &platform, &error));
      assert_error (error, OCI_ERROR, OCI_ERROR_USAGE, "*is not a platform: expected OS/ARCH*");
    }
}

/* The order that containers/image tries variants in (internal/pkg/platform), and containerd's
 * defaults: no variant is v1 of amd64 and v8 of arm64. */
static void
test_rank (void)
{
  static const struct
  {
    const char *wanted;
    const char *offered[8]; /* best first */
    const char *refused[4];
  } rows[] = {
    { "linux/amd64",
      { "linux/amd64", "linux/amd64/v1" },
      { "linux/amd64/v2", "linux/386", "linux/arm64", "windows/amd64" } },
    { "linux/amd64/v3",
      { "linux/amd64/v3", "linux/amd64/v2", "linux/amd64/v1", "linux/amd64" },
      { "linux/amd64/v4" } },
    { "linux/arm64", { "linux/arm64", "linux/arm64/v8" }, { "linux/arm/v8", "linux/arm64/v9" } },
    { "linux/arm64/v8", { "linux/arm64/v8", "linux/arm64" }, { "linux/arm64/v9" } },
    { "linux/arm",
      { "linux/arm", "linux/arm/v8", "linux/arm/v7", "linux/arm/v6", "linux/arm/v5" },
      { "linux/arm64" } },
    { "linux/arm/v6", { "linux/arm/v6", "linux/arm/v5", "linux/arm" }, { "linux/arm/v7" } },
    { "linux/s390x", { "linux/s390x" }, { "linux/s390x/z" } },
    { "linux/s390x/z", { "linux/s390x/z", "linux/s390x" }, { "linux/s390x/y" } },
  };
  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      OciPlatform wanted, offered;
      g_assert_true (oci_platform_parse (rows[i].wanted, &wanted, NULL));
      for (int k = 0; rows[i].offered[k] != NULL; k++)
        {
          g_assert_true (oci_platform_parse (rows[i].offered[k], &offered, NULL));
          g_assert_cmpint (oci_platform_rank (&wanted, &offered), ==, k);
        }
      for (int k = 0; k < 4 && rows[i].refused[k] != NULL; k++)
        {
          g_assert_true (oci_platform_parse (rows[i].refused[k], &offered, NULL));
          g_assert_cmpint (oci_platform_rank (&wanted, &offered), ==, -1);
        }
    }
}

static void
test_read (void)
{
  static const char *const none[] = {
    "{}",
    "[]",
    "{\"os\":\"linux\"}",
    "{\"os\":\"unknown\",\"architecture\":\"unknown\"}",
    "{\"os\":\"\",\"architecture\":\"\"}",
    "{\"os\":1,\"architecture\":2}",
    "{\"os\":\"linux\",\"architecture\":\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\"}"
  };
  OciPlatform platform;
  g_assert_false (oci_platform_read (NULL, &platform));
  for (gsize i = 0; i < G_N_ELEMENTS (none); i++)
    {
      json_t *value = json_loads (none[i], 0, NULL);
      g_assert_false (oci_platform_read (value, &platform));
      json_decref (value);
    }
  json_t *value =
      json_loads ("{\"os\":\"linux\",\"architecture\":\"arm64\",\"variant\":\"8\"}", 0, NULL);
  g_assert_true (oci_platform_read (value, &platform));
  g_assert_cmpstr (platform.variant, ==, "v8");
  json_decref (value);
}

int
main (int argc, char **argv)
{
  test_init (&argc, &argv);
  g_test_add_func ("/platform/parse", test_parse);
  g_test_add_func ("/platform/rank", test_rank);
  g_test_add_func ("/platform/read", test_read);
  return g_test_run ();
}
