#include "oci/base/architecture.h"

#include <elf.h>
#include <sys/utsname.h>

/* Lambda's processors come first. */
static const OciArchitecture architectures[] = {
  { "amd64", "x86-64", "x86_64", "x86_64", "x86_64-linux-gnu", EM_X86_64 },
  { "arm64", "AArch64", "aarch64", "aarch64", "aarch64-linux-gnu", EM_AARCH64 },
  { "386", "i386", "i686", "i386", "i386-linux-gnu", EM_386 },
  { "arm", "32-bit ARM", "armv7l", "arm", "arm-linux-gnueabihf", EM_ARM },
  { "loong64", "LoongArch", "loongarch64", "loongarch64", "loongarch64-linux-gnu", EM_LOONGARCH },
  /* uname has the same name for both byte orders. */
  { "mips", "MIPS", NULL, "mips", "mips-linux-gnu", EM_MIPS },
  { "mips64", "MIPS", NULL, "mips64", "mips64-linux-gnuabi64", EM_MIPS },
  { "mips64le", "MIPS", NULL, "mips64el", "mips64el-linux-gnuabi64", EM_MIPS },
  { "mipsle", "MIPS", NULL, "mipsel", "mipsel-linux-gnu", EM_MIPS },
  { "ppc64", "PowerPC", "ppc64", "ppc64", "powerpc64-linux-gnu", EM_PPC64 },
  { "ppc64le", "PowerPC", "ppc64le", "ppc64le", "powerpc64le-linux-gnu", EM_PPC64 },
  { "riscv64", "RISC-V", "riscv64", "riscv64", "riscv64-linux-gnu", EM_RISCV },
  { "s390x", "S/390", "s390x", "s390x", "s390x-linux-gnu", EM_S390 },
  { "wasm", "WebAssembly", NULL, NULL, NULL, EM_NONE },
};

/* Other names used by users and uname. */
static const struct
{
  const char *text;
  const char *name;
  const char *variant;
} aliases[] = {
  { "i386", "386", "" },          { "i486", "386", "" },      { "i586", "386", "" },
  { "i686", "386", "" },          { "x86_64", "amd64", "" },  { "x86-64", "amd64", "" },
  { "armhf", "arm", "v7" },       { "armel", "arm", "v6" },   { "armv6l", "arm", "v6" },
  { "armv7l", "arm", "v7" },      { "armv8l", "arm", "v8" },  { "aarch64", "arm64", "" },
  { "mips64el", "mips64le", "" }, { "mipsel", "mipsle", "" }, { "loongarch64", "loong64", "" },
};

const OciArchitecture *
oci_architecture_find (const char *name)
{
  for (size_t i = 0; i < G_N_ELEMENTS (architectures); i++)
    if (g_strcmp0 (name, architectures[i].name) == 0)
      return &architectures[i];
  return NULL;
}

const OciArchitecture *
oci_architecture_next (const OciArchitecture *previous)
{
  const OciArchitecture *end = architectures + G_N_ELEMENTS (architectures);
  const OciArchitecture *next = previous != NULL ? previous + 1 : architectures;
  return next < end ? next : NULL;
}

const OciArchitecture *
oci_architecture_parse (const char *text, const char **out_variant)
{
  if (out_variant != NULL)
    *out_variant = "";
  for (size_t i = 0; i < G_N_ELEMENTS (aliases); i++)
    if (g_ascii_strcasecmp (text, aliases[i].text) == 0)
      {
        if (out_variant != NULL)
          *out_variant = aliases[i].variant;
        return oci_architecture_find (aliases[i].name);
      }
  for (size_t i = 0; i < G_N_ELEMENTS (architectures); i++)
    if (g_ascii_strcasecmp (text, architectures[i].name) == 0)
      return &architectures[i];
  return NULL;
}

const OciArchitecture *
oci_architecture_of_elf (unsigned elf)
{
  for (size_t i = 0; i < G_N_ELEMENTS (architectures); i++)
    if (elf != EM_NONE && architectures[i].elf == elf)
      return &architectures[i];
  return NULL;
}

const OciArchitecture *
oci_architecture_here (void)
{
  struct utsname host;
  return uname (&host) == 0 ? oci_architecture_parse (host.machine, NULL) : NULL;
}
