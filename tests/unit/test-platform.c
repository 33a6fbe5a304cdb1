#include "oci/platform.h"

#include "testing.h"

#include <string.h>
#include <sys/utsname.h>

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

static void
test_equal (void)
{
  static const OciPlatform platforms[] = { { "linux", "arm64", "" },
                                           { "linux", "arm64", "v8" },
                                           { "linux", "amd64", "" },
                                           { "windows", "arm64", "" } };
  for (gsize i = 0; i < G_N_ELEMENTS (platforms); i++)
    for (gsize k = 0; k < G_N_ELEMENTS (platforms); k++)
      g_assert_cmpint (oci_platform_equal (&platforms[i], &platforms[k]), ==, i == k);
}

/* uname(2) against Go's names, golang.org/doc/install/source. */
static void
test_host (void)
{
  static const char *const names[][2] = { { "x86_64", "linux/amd64" },
                                          { "aarch64", "linux/arm64" } };
  struct utsname name;
  const OciPlatform host = oci_platform_host ();
  g_autofree char *text = oci_platform_text (&host);
  g_assert_cmpint (uname (&name), ==, 0);
  for (gsize i = 0; i < G_N_ELEMENTS (names); i++)
    if (strcmp (name.machine, names[i][0]) == 0)
      {
        g_assert_cmpstr (text, ==, names[i][1]);
        g_assert_cmpstr (oci_architecture_here ()->machine, ==, name.machine);
      }
}

/* Names from golang.org/doc/install/source, uname(1), QEMU's "User space emulator" list and
 * wiki.debian.org/Multiarch/Tuples; numbers of the ELF specification. */
static void
test_architectures (void)
{
  static const OciArchitecture rows[] = {
    { "amd64", "x86-64", "x86_64", "x86_64", "x86_64-linux-gnu", 62 },
    { "arm64", "AArch64", "aarch64", "aarch64", "aarch64-linux-gnu", 183 },
    { "386", "i386", "i686", "i386", "i386-linux-gnu", 3 },
    { "arm", "32-bit ARM", "armv7l", "arm", "arm-linux-gnueabihf", 40 },
    { "ppc64le", "PowerPC", "ppc64le", "ppc64le", "powerpc64le-linux-gnu", 21 },
    { "riscv64", "RISC-V", "riscv64", "riscv64", "riscv64-linux-gnu", 243 },
    { "s390x", "S/390", "s390x", "s390x", "s390x-linux-gnu", 22 },
    { "loong64", "LoongArch", "loongarch64", "loongarch64", "loongarch64-linux-gnu", 258 },
    { "mips64le", "MIPS", NULL, "mips64el", "mips64el-linux-gnuabi64", 8 },
  };
  static const char *const aliases[][3] = {
    { "aarch64", "arm64", "" }, { "X86_64", "amd64", "" },  { "armhf", "arm", "v7" },
    { "armv6l", "arm", "v6" },  { "i586", "386", "" },      { "arm64", "arm64", "" },
    { "AMD64", "amd64", "" },   { "mipsel", "mipsle", "" },
  };
  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      const OciArchitecture *found = oci_architecture_find (rows[i].name);
      g_assert_nonnull (found);
      g_assert_cmpstr (found->title, ==, rows[i].title);
      g_assert_cmpstr (found->machine, ==, rows[i].machine);
      g_assert_cmpstr (found->qemu, ==, rows[i].qemu);
      g_assert_cmpstr (found->multiarch, ==, rows[i].multiarch);
      g_assert_cmpuint (found->elf, ==, rows[i].elf);
    }
  for (gsize i = 0; i < G_N_ELEMENTS (aliases); i++)
    {
      const char *variant = NULL;
      const OciArchitecture *found = oci_architecture_parse (aliases[i][0], &variant);
      g_assert_nonnull (found);
      g_assert_cmpstr (found->name, ==, aliases[i][1]);
      g_assert_cmpstr (variant, ==, aliases[i][2]);
    }
  g_assert_cmpstr (oci_architecture_of_elf (62)->name, ==, "amd64");
  g_assert_cmpstr (oci_architecture_of_elf (183)->name, ==, "arm64");
  g_assert_null (oci_architecture_of_elf (0));
  g_assert_null (oci_architecture_find ("aarch64"));
  g_assert_null (oci_architecture_find (NULL));
  g_assert_null (oci_architecture_parse ("sparc", NULL));
}

int
main (int argc, char **argv)
{
  test_init (&argc, &argv);
  g_test_add_func ("/platform/parse", test_parse);
  g_test_add_func ("/platform/rank", test_rank);
  g_test_add_func ("/platform/read", test_read);
  g_test_add_func ("/platform/equal", test_equal);
  g_test_add_func ("/platform/host", test_host);
  g_test_add_func ("/platform/architectures", test_architectures);
  return g_test_run ();
}
