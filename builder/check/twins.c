#include "builder/check/twins.h"

#include "builder/check/report.h"

#include "builder/elf/elf-index.h"
#include "builder/elf/elf-symbols.h"
#include "builder/facts/module-name.h"
#include "builder/store/object.h"

#include <string.h>

/* Returns: (transfer full) (nullable): the package that contains @path, judging by its directory:
 * "h5py" for ".../h5py.libs/libhdf5.so"; %NULL if it is not where packages are */
static char *
find_package (const char *path)
{
  static const char *const places[] = { "/site-packages/", "/dist-packages/", "var/task/",
                                        "opt/python/", NULL };
  for (const char *const *place = places; *place != NULL; place++)
    {
      const char *start = strstr (path, *place);
      if (start == NULL || ((*place)[0] != '/' && start != path))
        continue;
      start += strlen (*place);
      g_autofree char *name = g_strndup (start, strcspn (start, "/"));
      if (g_str_has_suffix (name, ".libs"))
        name[strlen (name) - strlen (".libs")] = '\0';
      return g_steal_pointer (&name);
    }
  return NULL;
}

/* Whether each of @names is in @others. */
static gboolean
has_all (char *const *names, char *const *others)
{
  for (; *names != NULL; names++)
    if (!g_strv_contains ((const char *const *) others, *names))
      return FALSE;
  return TRUE;
}

static gboolean
same_needs (const TerraneElf *a, const TerraneElf *b)
{
  return has_all (a->needed, b->needed) && has_all (b->needed, a->needed);
}

static gboolean
read_symbols (const TerraneImageView *view, const TerraneElfEntry *entry,
              TerraneElfSymbols **out_symbols, GError **error)
{
  g_auto (OciFd) fd = -1;
  if (!terrane_object_open (view->store, &entry->node->object, &fd, error))
    return FALSE;
  *out_symbols = terrane_elf_symbols_read (fd);
  return TRUE;
}

/* Whether both export the same names. */
static gboolean
same_symbols (const TerraneImageView *view, const TerraneElfEntry *a, const TerraneElfEntry *b,
              gboolean *out_same, GError **error)
{
  g_autoptr (TerraneElfSymbols) one = NULL, other = NULL;
  GHashTableIter iter;
  gpointer name;
  if (!read_symbols (view, a, &one, error) || !read_symbols (view, b, &other, error))
    return FALSE;
  *out_same = one != NULL && other != NULL
              && g_hash_table_size (one->defined) == g_hash_table_size (other->defined);
  if (!*out_same)
    return TRUE;
  g_hash_table_iter_init (&iter, one->defined);
  while (*out_same && g_hash_table_iter_next (&iter, &name, NULL))
    *out_same = g_hash_table_contains (other->defined, name);
  return TRUE;
}

/* Two files whose names contain the same digest were one file, and differ in what was changed for
 * the wheel. */
static gboolean
differ (const TerraneImageView *view, const TerraneElfEntry *a, const TerraneElfEntry *b,
        gboolean *out_differ, GError **error)
{
  gboolean same = FALSE;
  *out_differ = FALSE;
  if (oci_digest_equal (&a->node->object, &b->node->object))
    return TRUE;
  *out_differ = TRUE;
  if (!same_needs (a->elf, b->elf) || !terrane_module_is_grafted (a->elf->soname))
    return TRUE;
  if (!same_symbols (view, a, b, &same, error))
    return FALSE;
  *out_differ = !same;
  return TRUE;
}

/* Returns "which needs ‘libhdf5-1.so’": something that @other does not need. */
static char *
describe_needs (const TerraneElf *elf, const TerraneElf *other)
{
  GString *text = g_string_new (NULL);
  for (char *const *name = elf->needed; *name != NULL; name++)
    if (!g_strv_contains ((const char *const *) other->needed, *name))
      {
        g_autofree char *quoted = oci_quote (*name);
        g_string_append_printf (text, "%s%s", text->len > 0 ? ", " : ", which needs ", quoted);
      }
  return g_string_free (text, FALSE);
}

static void
report (const TerraneImageView *view, const TerraneElfEntry *a, const TerraneElfEntry *b,
        TerraneFindings *findings)
{
  g_autofree char *name = oci_quote (a->elf->soname);
  g_autofree char *here = terrane_image_view_quote (view, a->node);
  g_autofree char *there = terrane_image_view_quote (view, b->node);
  g_autofree char *wants = describe_needs (a->elf, b->elf);
  g_autofree char *others = describe_needs (b->elf, a->elf);
  g_autofree char *first = find_package (a->path), *second = find_package (b->path);
  g_autofree char *one = oci_quote (first), *other = oci_quote (second);
  terrane_report_finding (
      view, findings, "elf.twin-library", TERRANE_SEVERITY_WARNING, a->node,
      "take versions of the two packages that bring the same library, such as the next of either; "
      "else import them in the order that works, and have validate.imports do so",
      "%s is in two packages and differs: %s%s, and %s%s\nin a process that imports %s and %s, the "
      "one of whichever is imported first serves both",
      name, here, wants, there, others, one, other);
}

static gboolean
check_group (const TerraneImageView *view, const GPtrArray *group, GHashTable *loaded,
             TerraneFindings *findings, GError **error)
{
  const TerraneElfEntry *first = NULL;
  g_autofree char *package = NULL;
  for (guint i = 0; i < group->len; i++)
    {
      const TerraneElfEntry *entry = group->pdata[i];
      g_autofree char *own = find_package (entry->path);
      gboolean different = FALSE;
      if (own == NULL || !g_hash_table_contains (loaded, entry))
        continue;
      if (first == NULL)
        {
          first = entry;
          package = g_steal_pointer (&own);
          continue;
        }
      if (strcmp (own, package) != 0 && !differ (view, first, entry, &different, error))
        return FALSE;
      if (different)
        {
          report (view, first, entry, findings);
          return TRUE;
        }
    }
  return TRUE;
}

gboolean
terrane_check_twins (const TerraneImageView *view, GHashTable *groups, GHashTable *loaded,
                     TerraneFindings *findings, GError **error)
{
  GHashTableIter iter;
  gpointer group;
  g_hash_table_iter_init (&iter, groups);
  while (g_hash_table_iter_next (&iter, NULL, &group))
    if (!check_group (view, group, loaded, findings, error))
      return FALSE;
  return TRUE;
}
