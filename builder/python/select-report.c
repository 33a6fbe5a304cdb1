#include "builder/python/select-report.h"

#include "builder/python/index-file.h"
#include "builder/python/name.h"
#include "builder/python/tags.h"
#include "builder/python/wheel-name.h"

#include <string.h>

enum
{
  MAX_LINES = 12,
  MAX_VERSIONS = 5,
  MAX_PLAIN = 80, /* bytes of a specifier set without quotes */
};

gboolean
terrane_wanted_init (TerraneWanted *self, const char *project, const char *version, GError **error)
{
  if (!terrane_python_is_name (project))
    {
      g_autofree char *quoted = oci_quote (project);
      return oci_throw (error, OCI_ERROR_USAGE, "%s is not the name of a Python project", quoted);
    }
  self->version = terrane_version_parse (version, NULL);
  if (self->version == NULL)
    {
      g_autofree char *quoted = oci_quote (version);
      return oci_throw (error, OCI_ERROR_USAGE, "%s: %s is not a version", project, quoted);
    }
  self->project = g_strdup (project);
  self->name = terrane_python_normalise_name (project);
  self->specifier = g_strconcat ("==", terrane_version_text (self->version), NULL);
  return TRUE;
}

void
terrane_wanted_clear (TerraneWanted *self)
{
  g_free (self->project);
  g_free (self->name);
  terrane_version_free (self->version);
  g_free (self->specifier);
}

gboolean
terrane_wanted_is (const TerraneWanted *self, const TerraneVersion *version)
{
  gboolean is = FALSE;
  return terrane_version_matches (version, self->specifier, &is, NULL) && is;
}

void
terrane_refusal_free (TerraneRefusal *self)
{
  g_free (self->reason);
  g_free (self);
}

char *
terrane_describe_requires_python (const char *requires_python)
{
  gboolean plain = strlen (requires_python) <= MAX_PLAIN;
  for (const char *p = requires_python; *p != '\0'; p++)
    plain = plain && g_ascii_isprint (*p);
  g_autofree char *quoted = oci_quote (requires_python);
  return g_strconcat ("needs Python ", plain ? requires_python : quoted, NULL);
}

/* Returns: (nullable): the version of a source distribution of the project: by PEP 625, or in the
 * older form with dashes in the name and with .zip */
static TerraneVersion *
sdist_version (const char *file_name, const char *name)
{
  static const char *const extensions[] = { ".tar.gz", ".zip", ".tar.bz2", ".tgz" };
  for (size_t i = 0; i < G_N_ELEMENTS (extensions); i++)
    {
      if (!g_str_has_suffix (file_name, extensions[i]))
        continue;
      g_autofree char *stem = g_strndup (file_name, strlen (file_name) - strlen (extensions[i]));
      char *dash = strrchr (stem, '-');
      if (dash == NULL)
        return NULL;
      *dash = '\0';
      g_autofree char *normalised = terrane_python_normalise_name (stem);
      return g_str_equal (normalised, name) ? terrane_version_parse (dash + 1, NULL) : NULL;
    }
  return NULL;
}

static TerraneVersion *
wheel_version (const char *file_name, const char *name)
{
  g_autoptr (TerraneWheelName) wheel = terrane_wheel_name_parse (file_name, NULL);
  return wheel != NULL && g_str_equal (wheel->name, name)
             ? terrane_version_parse (wheel->version, NULL)
             : NULL;
}

static int
compare_elements (gconstpointer a, gconstpointer b)
{
  return terrane_version_compare (*(TerraneVersion *const *) a, *(TerraneVersion *const *) b);
}

/* Returns the different versions that have wheels, in order. */
static GPtrArray *
versions_of (const TerraneWanted *wanted, const GPtrArray *files)
{
  GPtrArray *versions = g_ptr_array_new_with_free_func ((GDestroyNotify) terrane_version_free);
  for (guint i = 0; i < files->len; i++)
    {
      const TerraneIndexFile *file = files->pdata[i];
      TerraneVersion *version = wheel_version (file->file_name, wanted->name);
      if (version != NULL)
        g_ptr_array_add (versions, version);
    }
  g_ptr_array_sort (versions, compare_elements);
  for (guint i = versions->len; i-- > 1;)
    if (terrane_version_compare (versions->pdata[i - 1], versions->pdata[i]) == 0)
      g_ptr_array_remove_index (versions, i);
  return versions;
}

static gboolean
throw_no_version (const TerraneWanted *wanted, const GPtrArray *files, GError **error)
{
  const char *version = terrane_version_text (wanted->version);
  g_autoptr (GPtrArray) versions = versions_of (wanted, files);
  if (versions->len == 0)
    return oci_throw (error, OCI_ERROR_NOT_FOUND, "there is no %s %s, nor a wheel of any version",
                      wanted->project, version);
  guint before = 0;
  while (before < versions->len
         && terrane_version_compare (versions->pdata[before], wanted->version) < 0)
    before++;
  /* As many before as after; if one side has fewer, the other gives more. */
  guint first = before > MAX_VERSIONS / 2 + 1 ? before - MAX_VERSIONS / 2 - 1 : 0;
  guint last = MIN (first + MAX_VERSIONS, versions->len);
  first = last > MAX_VERSIONS ? last - MAX_VERSIONS : 0;
  g_autoptr (GString) nearest = g_string_new (NULL);
  for (guint i = first; i < last; i++)
    g_string_append_printf (nearest, "%s%s", i > first ? ", " : "",
                            terrane_version_text (versions->pdata[i]));
  return oci_throw (error, OCI_ERROR_NOT_FOUND, "there is no %s %s; %s: %s", wanted->project,
                    version,
                    last - first < versions->len ? "the nearest versions with wheels are"
                                                 : "the versions with wheels are",
                    nearest->str);
}

static gboolean
has_sdist (const TerraneWanted *wanted, const GPtrArray *files)
{
  for (guint i = 0; i < files->len; i++)
    {
      const TerraneIndexFile *file = files->pdata[i];
      g_autoptr (TerraneVersion) version = sdist_version (file->file_name, wanted->name);
      if (version != NULL && terrane_wanted_is (wanted, version))
        return TRUE;
    }
  return FALSE;
}

static int
compare_refusals (gconstpointer a, gconstpointer b)
{
  const TerraneRefusal *x = *(TerraneRefusal *const *) a, *y = *(TerraneRefusal *const *) b;
  if (x->distance != y->distance)
    return x->distance < y->distance ? -1 : 1;
  return strcmp (x->file_name, y->file_name);
}

gboolean
terrane_throw_no_wheel (const TerraneWanted *wanted, const GPtrArray *files, GPtrArray *refusals,
                        const TerranePythonTarget *target, GError **error)
{
  const char *version = terrane_version_text (wanted->version);
  if (refusals->len == 0 && has_sdist (wanted, files))
    return oci_throw (
        error, OCI_ERROR_NOT_FOUND,
        "%s %s has only a source distribution; terrane installs wheels and builds "
        "nothing: build one with \"pip wheel --no-deps %s==%s\" where Python, processor "
        "and C library are those of the base, and offer it in a directory of wheels",
        wanted->project, version, wanted->project, version);
  if (refusals->len == 0)
    return throw_no_version (wanted, files, error);
  g_ptr_array_sort (refusals, compare_refusals);
  g_autoptr (GString) lines = g_string_new (NULL);
  for (guint i = 0; i < refusals->len && i < MAX_LINES; i++)
    {
      const TerraneRefusal *refusal = refusals->pdata[i];
      g_string_append_printf (lines, "\n  %s: %s", refusal->file_name, refusal->reason);
    }
  if (refusals->len > MAX_LINES)
    g_string_append_printf (lines, "\n  … and %u more", refusals->len - MAX_LINES);
  g_autofree char *libc =
      g_strdup_printf (" with %s %u.%u", target->libc == TERRANE_LIBC_MUSL ? "musl" : "glibc",
                       target->libc_major, target->libc_minor);
  return oci_throw (error, OCI_ERROR_NOT_FOUND,
                    "no wheel of %s %s can be used for Python %u.%u on %s%s:%s", wanted->project,
                    version, target->python_major, target->python_minor,
                    terrane_tags_machine (target), target->libc_major > 0 ? libc : "", lines->str);
}
