#include "builder/image/compile-fit.h"

#include "builder/facts/python-base.h"
#include "builder/store/commit.h"
#include "builder/store/object.h"

#include "oci/base/architecture.h"

#include <string.h>

enum
{
  ELF_HEADER_BYTES = 20,
  ELF_DATA = 5, /* byte order: 1 is little-endian */
  ELF_MACHINE = 18,
};

/* Returns: (transfer full): a file system as the profile names it */
static char *
describe (const TerraneSourceSpec *spec)
{
  const char *text = NULL;
  if (spec->kind == TERRANE_SOURCE_IMAGE)
    text = spec->image;
  else if (spec->kind == TERRANE_SOURCE_DIRECTORY)
    text = spec->directory;
  else if (spec->kind == TERRANE_SOURCE_OSTREE)
    text = spec->ostree_ref;
  else if (spec->archives != NULL && spec->archives->len > 0)
    {
      const TerraneArchiveFile *file = spec->archives->pdata[0];
      text = file->path != NULL ? file->path : file->url;
    }
  return oci_quote (text != NULL ? text : spec->name);
}

static const char *
libc_name (const TerranePythonBase *base)
{
  return base->libc == TERRANE_LIBC_MUSL ? "musl" : "glibc";
}

/* musl is compatible with older programs in the same way. */
static gboolean
is_newer (const TerranePythonBase *a, const TerranePythonBase *b)
{
  return a->libc_major > b->libc_major
         || (a->libc_major == b->libc_major && a->libc_minor > b->libc_minor);
}

gboolean
terrane_compile_fit_libc (TerraneStore *store, const TerranePin *pin,
                          const TerraneSourceSpec *base_spec, const OciDigest *in,
                          const OciDigest *base, GError **error)
{
  g_auto (TerranePythonBase) ours = { 0 }, theirs = { 0 };
  if (base == NULL)
    return TRUE;
  if (!terrane_python_base_find (store, in, NULL, &ours, error)
      || !terrane_python_base_find (store, base, NULL, &theirs, error))
    return FALSE;
  if (ours.libc_major == 0 || theirs.libc_major == 0
      || (ours.libc == theirs.libc && !is_newer (&ours, &theirs)))
    return TRUE;
  g_autofree char *where = describe (pin->in->spec);
  g_autofree char *image = describe (base_spec);
  return oci_throw (error, OCI_ERROR_USAGE,
                    "%s.compile.in: %s has %s %u.%u, and the image's base %s has %s %u.%u: what is "
                    "compiled with %s would not start in the image; compile in a file system whose "
                    "C library is %s %u.%u or older, or take a newer base",
                    pin->spec->where, where, libc_name (&ours), ours.libc_major, ours.libc_minor,
                    image, libc_name (&theirs), theirs.libc_major, theirs.libc_minor,
                    ours.libc == theirs.libc ? "the newer one" : "the other one",
                    libc_name (&theirs), theirs.libc_major, theirs.libc_minor);
}

/* @out_machine: (out): e_machine of the shell; 0 if it is not an ELF file */
static gboolean
read_machine (TerraneStore *store, const OciDigest *in, unsigned *out_machine, GError **error)
{
  unsigned char header[ELF_HEADER_BYTES];
  size_t got = 0;
  g_auto (OciFd) fd = -1;
  g_autoptr (TerraneTree) tree = terrane_commit_load (store, in, error);
  *out_machine = 0;
  if (tree == NULL)
    return FALSE;
  const TerraneNode *node = terrane_tree_follow (tree, "bin/sh");
  if (node == NULL || node->type != OCI_ENTRY_FILE || node->size < ELF_HEADER_BYTES)
    return TRUE;
  if (!terrane_object_open (store, &node->object, &fd, error)
      || !oci_read_full (fd, header, sizeof header, &got, error))
    return FALSE;
  if (got < sizeof header || memcmp (header, "\177ELF", 4) != 0)
    return TRUE;
  unsigned low = header[ELF_MACHINE], high = header[ELF_MACHINE + 1];
  *out_machine = header[ELF_DATA] == 1 ? low | high << 8 : high | low << 8;
  return TRUE;
}

gboolean
terrane_compile_fit_processor (const TerraneSourceContext *context, const TerranePin *pin,
                               const OciDigest *in, TerraneEmulator *out_emulator, GError **error)
{
  const char *wanted = context->profile->platform.architecture;
  const OciArchitecture *architecture = oci_architecture_find (wanted);
  unsigned machine = 0;
  OCI_PREFIX (error, "%s.compile.in", pin->spec->where);
  if (!read_machine (context->store, in, &machine, error))
    return FALSE;
  if (machine != 0 && architecture != NULL && architecture->elf != 0
      && machine != architecture->elf)
    {
      const OciArchitecture *other = oci_architecture_of_elf (machine);
      g_autofree char *where = describe (pin->in->spec);
      return oci_throw (error, OCI_ERROR_USAGE,
                        "%s is for %s by its /bin/sh, and the image is for %s; compile in a file "
                        "system of the image's processor",
                        where, other != NULL ? other->name : "another processor", wanted);
    }
  terrane_emulator_find_here (wanted, out_emulator);
  if (!terrane_emulator_require (out_emulator, wanted, error))
    return FALSE;
  return out_emulator->kind != TERRANE_EMULATION_PROGRAM
         || oci_throw (error, OCI_ERROR_UNSUPPORTED,
                       "the image is for %s, and steps start programs of their own, which %s can "
                       "only run when it is registered with the kernel (binfmt_misc); compile on "
                       "such a machine, or take what another one made by --cache-from",
                       wanted, out_emulator->name);
}
