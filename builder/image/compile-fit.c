#include "builder/image/compile-fit.h"

#include "builder/facts/python-base.h"
#include "builder/source/compile.h"
#include "builder/store/cache.h"
#include "builder/store/commit.h"
#include "builder/store/object.h"

#include "oci/base/architecture.h"

#include <string.h>

enum
{
  ELF_HEADER_BYTES = 20,
  ELF_DATA = 5, /* byte order: 1 is little-endian */
  ELF_MACHINE = 18,
  MAX_FACT = 0xffff,
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

/* musl is compatible with older programs in the same way. */
static gboolean
is_newer (const TerranePythonBase *a, const TerranePythonBase *b)
{
  return a->libc_major > b->libc_major
         || (a->libc_major == b->libc_major && a->libc_minor > b->libc_minor);
}

static const char *
libc_name (const TerranePythonBase *base)
{
  return base->libc == TERRANE_LIBC_MUSL ? "musl" : "glibc";
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

json_t *
terrane_compile_facts_read (TerraneStore *store, const OciDigest *in, GError **error)
{
  g_auto (TerranePythonBase) base = { 0 };
  unsigned machine = 0;
  if (!terrane_python_base_find (store, in, NULL, &base, error)
      || !read_machine (store, in, &machine, error))
    return NULL;
  json_t *facts = json_object ();
  if (base.libc_major > 0)
    {
      oci_json_set (facts, "libc", oci_json_text (libc_name (&base)));
      oci_json_set (facts, "major", json_integer (base.libc_major));
      oci_json_set (facts, "minor", json_integer (base.libc_minor));
    }
  if (machine > 0)
    oci_json_set (facts, "machine", json_integer (machine));
  return facts;
}

/* They may be another machine's. Returns: 0 if it is absent, or not a small number */
static unsigned
number (const json_t *facts, const char *member)
{
  json_int_t value = json_integer_value (json_object_get (facts, member));
  return value > 0 && value <= MAX_FACT ? (unsigned) value : 0;
}

static TerranePythonBase
libc_of (const json_t *facts)
{
  const char *name = json_string_value (json_object_get (facts, "libc"));
  return (TerranePythonBase){ .libc = g_strcmp0 (name, "musl") == 0 ? TERRANE_LIBC_MUSL
                                                                    : TERRANE_LIBC_GLIBC,
                              .libc_major = number (facts, "major"),
                              .libc_minor = number (facts, "minor") };
}

/* Of a base whose files are still in a registry, it is known by the search path of its programs.
 * @out_base: (out): without a C library if it is not known */
static gboolean
find_libc (TerraneStore *store, const TerraneBase *base, TerranePythonBase *out_base,
           GError **error)
{
  g_auto (GStrv) env = base->config != NULL ? oci_image_config_env (base->config) : NULL;
  const char *path = env != NULL ? g_environ_getenv (env, "PATH") : NULL;
  OciDigest key = terrane_python_base_key (&base->root.commit, path);
  g_autoptr (OciJsonValue) known = terrane_cache_get (store, TERRANE_CACHE_PYTHONS, &key);
  gboolean here = known != NULL;
  if (!here && !terrane_commit_find (store, &base->root.commit, &here, error))
    return FALSE;
  return !here || terrane_python_base_find (store, &base->root.commit, path, out_base, error);
}

static gboolean
is_libc_fit (const TerranePythonBase *ours, const TerranePythonBase *theirs)
{
  return ours->libc_major == 0 || theirs->libc_major == 0
         || (ours->libc == theirs->libc && !is_newer (ours, theirs));
}

/* Returns: whether programs of @machine are for the processor of @profile, or it is not known */
static gboolean
is_machine_fit (const TerraneProfile *profile, unsigned machine)
{
  const OciArchitecture *architecture = oci_architecture_find (profile->platform.architecture);
  return machine == 0 || architecture == NULL || architecture->elf == 0
         || machine == architecture->elf;
}

gboolean
terrane_compile_facts_fit (const TerraneSourceContext *context, const json_t *facts,
                           const TerraneBase *base, gboolean *out_fit, GError **error)
{
  const TerranePythonBase ours = libc_of (facts);
  g_auto (TerranePythonBase) theirs = { 0 };
  if (base != NULL && !find_libc (context->store, base, &theirs, error))
    return FALSE;
  *out_fit =
      is_libc_fit (&ours, &theirs) && is_machine_fit (context->profile, number (facts, "machine"));
  return TRUE;
}

static gboolean
require_libc (const TerraneSourceContext *context, const TerranePin *pin, const json_t *facts,
              const TerraneBase *base, GError **error)
{
  const TerranePythonBase ours = libc_of (facts);
  g_auto (TerranePythonBase) theirs = { 0 };
  if (base == NULL)
    return TRUE;
  if (!find_libc (context->store, base, &theirs, error))
    return FALSE;
  if (is_libc_fit (&ours, &theirs))
    return TRUE;
  g_autofree char *where = describe (pin->in->spec);
  g_autofree char *image = describe (context->profile->base);
  return oci_throw (error, OCI_ERROR_USAGE,
                    "%s.compile.in: %s has %s %u.%u, and the image's base %s has %s %u.%u: what is "
                    "compiled with %s would not start in the image; compile in a file system whose "
                    "C library is %s %u.%u or older, or take a newer base",
                    pin->spec->where, where, libc_name (&ours), ours.libc_major, ours.libc_minor,
                    image, libc_name (&theirs), theirs.libc_major, theirs.libc_minor,
                    ours.libc == theirs.libc ? "the newer one" : "the other one",
                    libc_name (&theirs), theirs.libc_major, theirs.libc_minor);
}

gboolean
terrane_compile_facts_require (const TerraneSourceContext *context, const TerranePin *pin,
                               const json_t *facts, const TerraneBase *base, GError **error)
{
  unsigned machine = number (facts, "machine");
  if (!require_libc (context, pin, facts, base, error))
    return FALSE;
  if (is_machine_fit (context->profile, machine))
    return TRUE;
  const OciArchitecture *other = oci_architecture_of_elf (machine);
  g_autofree char *where = describe (pin->in->spec);
  return oci_throw (error, OCI_ERROR_USAGE,
                    "%s.compile.in: %s is for %s by its /bin/sh, and the image is for %s; compile "
                    "in a file system of the image's processor",
                    pin->spec->where, where, other != NULL ? other->name : "another processor",
                    context->profile->platform.architecture);
}

/* Finds the commit of the file system of @pin, if it is in the store. */
static gboolean
find_in (TerraneStore *store, const TerranePin *pin, OciDigest *out_commit, gboolean *out_found,
         GError **error)
{
  const TerranePin *in = pin->in;
  if (in->spec->kind != TERRANE_SOURCE_IMAGE)
    return terrane_source_tree_find_commit (store, &in->key, out_commit, out_found, error);
  g_autoptr (OciJsonValue) unpacked =
      terrane_cache_get (store, TERRANE_CACHE_UNPACKED, &in->digest);
  const char *hex = terrane_cache_text (unpacked, "commit");
  *out_found = hex != NULL && oci_digest_parse_hex (hex, out_commit, NULL);
  return !*out_found || terrane_commit_find (store, out_commit, out_found, error);
}

/* A result of an older version has no note, which is added if the file system is still here. */
gboolean
terrane_compile_facts_find (TerraneStore *store, const TerranePin *pin, json_t **out_facts,
                            GError **error)
{
  const GPtrArray *recipes = pin->recipes->recipes;
  OciDigest in, key = terrane_compile_key (recipes->pdata[recipes->len - 1], pin->spec->prefix,
                                           &pin->in->key);
  gboolean found = FALSE;
  *out_facts = terrane_source_tree_note (store, &key, TERRANE_COMPILE_FACTS);
  if (json_is_object (*out_facts))
    return TRUE;
  json_decref (g_steal_pointer (out_facts));
  if (!find_in (store, pin, &in, &found, error))
    return FALSE;
  if (!found)
    return TRUE;
  *out_facts = terrane_compile_facts_read (store, &in, error);
  return *out_facts != NULL
         && terrane_source_tree_add_note (store, &key, TERRANE_COMPILE_FACTS, *out_facts, error);
}

gboolean
terrane_compile_require_emulator (const TerraneSourceContext *context, const TerranePin *pin,
                                  TerraneEmulator *out_emulator, GError **error)
{
  const char *wanted = context->profile->platform.architecture;
  OCI_PREFIX (error, "%s.compile.in", pin->spec->where);
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
