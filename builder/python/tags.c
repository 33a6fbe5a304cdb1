#include "builder/python/tags.h"

#include "oci/base/architecture.h"
#include "oci/base/text-hash.h"

#include <string.h>

enum
{
  /* The maximum number of older minor versions in a range, newest first: a base image that claims
   * Python 3.4000000000 costs no more than any other. */
  MAX_OLDER = 100,
  FIRST_ABI3_MINOR = 2,     /* PEP 384: Python 3.2 */
  OLDEST_GLIBC_X86_64 = 5,  /* manylinux1, PEP 513 */
  OLDEST_GLIBC_OTHER = 17,  /* manylinux2014, PEP 599 */
  NEWEST_GLIBC_2_MINOR = 50 /* assumed if the major version is 3, as packaging does */
};

struct _TerraneTags
{
  GPtrArray *list;   /* of char, "PYTHON-ABI-PLATFORM" */
  GHashTable *ranks; /* text of the list -> its index + 1 */
};

const char *
terrane_tags_machine (const TerranePythonTarget *target)
{
  const OciArchitecture *architecture = oci_architecture_find (target->architecture);
  return architecture != NULL && architecture->machine != NULL ? architecture->machine
                                                               : target->architecture;
}

static unsigned
oldest (unsigned newest, unsigned first)
{
  return newest > first && newest - first > MAX_OLDER ? newest - MAX_OLDER : first;
}

static void
add_manylinux (GPtrArray *platforms, unsigned major, unsigned newest, const char *machine)
{
  static const struct
  {
    unsigned minor;
    const char *name;
  } aliases[] = { { 17, "manylinux2014" }, { 12, "manylinux2010" }, { 5, "manylinux1" } };
  gboolean x86 = strcmp (machine, "x86_64") == 0;
  unsigned first = major > 2 ? 0 : x86 ? OLDEST_GLIBC_X86_64 : OLDEST_GLIBC_OTHER;
  if (newest < first)
    return;
  unsigned last = oldest (newest, first);
  for (unsigned minor = newest + 1; minor-- > last;)
    {
      g_ptr_array_add (platforms, g_strdup_printf ("manylinux_%u_%u_%s", major, minor, machine));
      for (size_t i = 0; major == 2 && i < G_N_ELEMENTS (aliases); i++)
        if (aliases[i].minor == minor)
          g_ptr_array_add (platforms, g_strdup_printf ("%s_%s", aliases[i].name, machine));
    }
}

static GPtrArray *
platforms_of (const TerranePythonTarget *target)
{
  const char *machine = terrane_tags_machine (target);
  GPtrArray *platforms = g_ptr_array_new_with_free_func (g_free);
  if (target->libc == TERRANE_LIBC_MUSL)
    {
      unsigned last = oldest (target->libc_minor, 0);
      for (unsigned minor = target->libc_minor + 1; minor-- > last;)
        g_ptr_array_add (
            platforms, g_strdup_printf ("musllinux_%u_%u_%s", target->libc_major, minor, machine));
    }
  else
    {
      add_manylinux (platforms, target->libc_major, target->libc_minor, machine);
      if (target->libc_major == 3)
        add_manylinux (platforms, 2, NEWEST_GLIBC_2_MINOR, machine);
    }
  g_ptr_array_add (platforms, g_strdup_printf ("linux_%s", machine));
  return platforms;
}

static void
add (TerraneTags *self, const char *python, const char *abi, const char *platform)
{
  char *tag = g_strdup_printf ("%s-%s-%s", python, abi, platform);
  g_ptr_array_add (self->list, tag);
  if (!g_hash_table_contains (self->ranks, tag))
    g_hash_table_insert (self->ranks, tag, GUINT_TO_POINTER (self->list->len));
}

static void
add_all (TerraneTags *self, const char *python, const char *abi, const GPtrArray *platforms)
{
  for (guint i = 0; i < platforms->len; i++)
    add (self, python, abi, platforms->pdata[i]);
}

/* "py312", "py3", "py311" … "py30" */
static GPtrArray *
generic_pythons (const TerranePythonTarget *target)
{
  unsigned major = target->python_major, minor = target->python_minor;
  GPtrArray *pythons = g_ptr_array_new_with_free_func (g_free);
  g_ptr_array_add (pythons, g_strdup_printf ("py%u%u", major, minor));
  g_ptr_array_add (pythons, g_strdup_printf ("py%u", major));
  for (unsigned older = minor, last = oldest (minor, 0); older-- > last;)
    g_ptr_array_add (pythons, g_strdup_printf ("py%u%u", major, older));
  return pythons;
}

TerraneTags *
terrane_tags_new (const TerranePythonTarget *target)
{
  TerraneTags *self = g_new0 (TerraneTags, 1);
  self->list = g_ptr_array_new_with_free_func (g_free);
  self->ranks = g_hash_table_new (oci_text_hash, g_str_equal);
  unsigned major = target->python_major, minor = target->python_minor;
  gboolean has_abi3 = major > 3 || (major == 3 && minor >= FIRST_ABI3_MINOR);
  g_autoptr (GPtrArray) platforms = platforms_of (target);
  g_autofree char *python = g_strdup_printf ("cp%u%u", major, minor);
  add_all (self, python, python, platforms);
  if (has_abi3)
    add_all (self, python, "abi3", platforms);
  add_all (self, python, "none", platforms);
  for (unsigned older = minor, last = oldest (minor, FIRST_ABI3_MINOR); has_abi3 && older-- > last;)
    {
      g_autofree char *old = g_strdup_printf ("cp%u%u", major, older);
      add_all (self, old, "abi3", platforms);
    }
  g_autoptr (GPtrArray) generic = generic_pythons (target);
  for (guint i = 0; i < generic->len; i++)
    add_all (self, generic->pdata[i], "none", platforms);
  add (self, python, "none", "any");
  for (guint i = 0; i < generic->len; i++)
    add (self, generic->pdata[i], "none", "any");
  return self;
}

void
terrane_tags_free (TerraneTags *self)
{
  if (self == NULL)
    return;
  g_hash_table_unref (self->ranks);
  g_ptr_array_unref (self->list);
  g_free (self);
}

const GPtrArray *
terrane_tags_list (const TerraneTags *self)
{
  return self->list;
}

int
terrane_tags_rank (const TerraneTags *self, const char *python, const char *abi,
                   const char *platform)
{
  g_autofree char *tag = g_strdup_printf ("%s-%s-%s", python, abi, platform);
  return (int) GPOINTER_TO_UINT (g_hash_table_lookup (self->ranks, tag)) - 1;
}

int
terrane_tags_rank_wheel (const TerraneTags *self, const TerraneWheelName *wheel)
{
  int best = -1;
  for (char **python = wheel->python; *python != NULL; python++)
    for (char **abi = wheel->abi; *abi != NULL; abi++)
      for (char **platform = wheel->platform; *platform != NULL; platform++)
        {
          int rank = terrane_tags_rank (self, *python, *abi, *platform);
          if (rank >= 0 && (best < 0 || rank < best))
            best = rank;
        }
  return best;
}
