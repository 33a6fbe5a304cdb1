#include "builder/python/requirement-select.h"

#include "builder/python/marker.h"
#include "builder/python/requirement-location.h"
#include "builder/python/select-report.h"
#include "builder/python/select.h"
#include "builder/python/version.h"
#include "builder/python/wheel-name.h"

#include "oci/base/text-hash.h"

#include <string.h>

enum
{
  MAX_PROBLEMS = 50,
};

/* The end of messages about problems that a generated file would not have. */
#define PINNED_ADVICE                                                                              \
  "; generate the file with 'pip-compile --generate-hashes' or 'uv pip compile --generate-hashes'"

typedef struct
{
  const TerranePythonTarget *target;
  const char *file;
  const TerranePylock *pylock; /* (nullable) */
  GPtrArray *active;           /* of TerraneRequirement */
  GHashTable *places;          /* normalised name -> element of @active */
  GString *problems;
  unsigned n_problems;
  gboolean advised; /* given only once */
} Selection;

static void G_GNUC_PRINTF (4, 5) note (Selection *self, const TerraneRequirement *about,
                                       gboolean advise, const char *format, ...)
{
  va_list args;
  g_autofree char *where = terrane_requirement_where (about, self->file);
  if (self->n_problems++ >= MAX_PROBLEMS)
    return;
  va_start (args, format);
  g_string_append_printf (self->problems, "%s%s: ", self->problems->len > 0 ? "\n" : "", where);
  g_string_append_vprintf (self->problems, format, args);
  va_end (args);
  if (advise && !self->advised)
    g_string_append (self->problems, PINNED_ADVICE);
  self->advised = self->advised || advise;
}

static TerraneMarkerSets
sets_of (const TerranePylock *pylock)
{
  return (TerraneMarkerSets){ .extras = (const char *const *) pylock->chosen_extras,
                              .groups = (const char *const *) pylock->chosen_groups };
}

static gboolean
evaluate (const Selection *self, const char *marker, gboolean *out_holds, GError **error)
{
  if (self->pylock == NULL)
    return terrane_marker_evaluate (marker, self->target, NULL, out_holds, error);
  const TerraneMarkerSets sets = sets_of (self->pylock);
  return terrane_marker_evaluate_in_lock (marker, self->target, &sets, out_holds, error);
}

static gboolean
holds (const Selection *self, const TerraneRequirement *requirement, gboolean *out_holds,
       GError **error)
{
  *out_holds = TRUE;
  if (requirement->marker == NULL || evaluate (self, requirement->marker, out_holds, error))
    return TRUE;
  g_autofree char *where = terrane_requirement_where (requirement, self->file);
  g_prefix_error (error, "%s: %s: ", where, requirement->name);
  return FALSE;
}

/* Takes the version from the name of a wheel. */
static gboolean
take_version (TerraneRequirement *self, GError **error)
{
  g_autofree char *name = terrane_requirement_file_name (self);
  if (name == NULL || self->version != NULL)
    return TRUE;
  g_autoptr (TerraneWheelName) wheel = terrane_wheel_name_parse (name, error);
  if (wheel == NULL)
    {
      g_prefix_error (error, "%s: a URL or path must be that of a wheel: ", self->name);
      return FALSE;
    }
  self->version = g_strdup (wheel->version);
  return TRUE;
}

static gboolean
is_in (const char *version, const char *specifiers)
{
  g_autoptr (TerraneVersion) parsed = terrane_version_parse (version, NULL);
  gboolean matches = FALSE;
  return parsed != NULL && terrane_version_matches (parsed, specifiers, &matches, NULL) && matches;
}

static gboolean
is_exactly (const char *version, const char *other)
{
  g_autofree char *specifier = g_strconcat ("==", other, NULL);
  return g_str_equal (version, other) || is_in (version, specifier);
}

static void
replace (char **text, const char *with)
{
  g_free (*text);
  *text = g_strdup (with);
}

/* "1.0+cpu" also satisfies "==1.0": the more exact one is used. */
static gboolean
merge_versions (TerraneRequirement *self, const TerraneRequirement *other)
{
  const char *version = self->version != NULL ? self->version : other->version;
  if (version == NULL)
    return TRUE; /* reported as a separate problem */
  if ((self->specifiers != NULL && !is_in (version, self->specifiers))
      || (other->specifiers != NULL && !is_in (version, other->specifiers)))
    return FALSE;
  if (self->version == NULL)
    self->version = g_strdup (other->version);
  if (other->version == NULL || is_exactly (self->version, other->version))
    return TRUE;
  if (!is_exactly (other->version, self->version))
    return FALSE;
  replace (&self->version, other->version);
  return TRUE;
}

static gboolean
merge_places (TerraneRequirement *self, const TerraneRequirement *other)
{
  if (other->url == NULL && other->path == NULL)
    return TRUE;
  if (self->url != NULL || self->path != NULL)
    return g_strcmp0 (self->url, other->url) == 0 && g_strcmp0 (self->path, other->path) == 0;
  self->url = g_strdup (other->url);
  self->path = g_strdup (other->path);
  return TRUE;
}

static gboolean
has_hashes (const TerraneRequirement *self)
{
  return self->hashes->len > 0 || self->long_hashes->len > 0;
}

static gboolean
has_long_hash (const TerraneRequirement *self, const char *hash)
{
  for (guint i = 0; i < self->long_hashes->len; i++)
    if (g_str_equal (self->long_hashes->pdata[i], hash))
      return TRUE;
  return FALSE;
}

/* Keeps the hashes that both allow; a requirement without hashes allows all. */
static gboolean
merge_hashes (TerraneRequirement *self, const TerraneRequirement *other)
{
  gboolean all = !has_hashes (self);
  if (!has_hashes (other))
    return TRUE;
  for (guint i = self->hashes->len; i-- > 0;)
    if (!terrane_requirement_has_hash (other, &g_array_index (self->hashes, OciDigest, i)))
      g_array_remove_index (self->hashes, i);
  for (guint i = self->long_hashes->len; i-- > 0;)
    if (!has_long_hash (other, self->long_hashes->pdata[i]))
      g_ptr_array_remove_index (self->long_hashes, i);
  for (guint i = 0; all && i < other->hashes->len; i++)
    terrane_requirement_add_hash (self, &g_array_index (other->hashes, OciDigest, i));
  for (guint i = 0; all && i < other->long_hashes->len; i++)
    g_ptr_array_add (self->long_hashes, g_strdup (other->long_hashes->pdata[i]));
  return has_hashes (self);
}

/* Makes @self the combination of it and @other. */
static void
merge (Selection *selection, TerraneRequirement *self, const TerraneRequirement *other)
{
  g_autofree char *where = terrane_requirement_where (self, selection->file);
  const char *what = !merge_places (self, other)     ? "another file"
                     : !merge_versions (self, other) ? "another version"
                     : !merge_hashes (self, other)   ? "other hashes"
                                                     : NULL;
  if (what != NULL)
    note (selection, other, FALSE, "%s: %s asks for %s of it, and the markers of both hold",
          other->name, where, what);
}

/* A pylock.toml has one package of each name for each environment, and its statement about the
 * required Python is a promise. */
static char *
find_fault (const Selection *self, const TerraneRequirement *requirement,
            const TerraneRequirement *known)
{
  g_autofree char *python = terrane_select_describe_python (self->target);
  g_autofree char *needs = requirement->requires_python != NULL
                               ? terrane_describe_requires_python (requirement->requires_python)
                               : NULL;
  if (self->pylock == NULL)
    return NULL;
  if (!terrane_select_allows_python (requirement->requires_python, self->target))
    return g_strdup_printf ("%s %s, the image has %s", requirement->name, needs, python);
  if (known != NULL)
    return g_strdup_printf ("%s is there more than once, and the markers of line %u hold as well",
                            requirement->name, known->line);
  return NULL;
}

/* @known: seen before; NULL if new */
static void
take (Selection *self, const TerraneRequirement *requirement, TerraneRequirement *known)
{
  g_autoptr (GError) local = NULL;
  g_autoptr (TerraneRequirement) copy = terrane_requirement_copy (requirement);
  if (copy->fault == NULL && !take_version (copy, &local))
    copy->fault = g_strdup (local->message);
  if (copy->fault == NULL)
    copy->fault = find_fault (self, requirement, known);
  if (known != NULL && copy->fault == NULL)
    {
      merge (self, known, copy);
      return;
    }
  if (copy->fault == NULL)
    g_hash_table_insert (self->places, copy->normalised, copy);
  g_ptr_array_add (self->active, g_steal_pointer (&copy)); /* faults are reported with the others */
}

static gboolean
take_all (Selection *self, const GPtrArray *requirements, gboolean constraints, GError **error)
{
  for (guint i = 0; i < requirements->len; i++)
    {
      const TerraneRequirement *requirement = requirements->pdata[i];
      TerraneRequirement *known = g_hash_table_lookup (self->places, requirement->normalised);
      gboolean counts = FALSE;
      if (constraints && known == NULL)
        continue;
      if (!holds (self, requirement, &counts, error))
        return FALSE;
      if (counts)
        take (self, requirement, known);
    }
  return TRUE;
}

static void
check_one (Selection *self, const TerraneRequirement *requirement)
{
  const char *name = requirement->name;
  if (requirement->fault != NULL)
    note (self, requirement, FALSE, "%s", requirement->fault);
  else if (requirement->version == NULL && requirement->specifiers != NULL
           && g_str_has_prefix (requirement->specifiers, "=="))
    note (self, requirement, TRUE, "%s has a range of versions, not one", name);
  else if (requirement->version == NULL)
    note (self, requirement, TRUE, "%s is not pinned to a version by ==", name);
  else if (!has_hashes (requirement))
    note (self, requirement, TRUE, "%s has no --hash%s", name,
          requirement->weak_hashes ? " of SHA-256, SHA-384 or SHA-512, only of others" : "");
}

GPtrArray *
terrane_requirements_select (const TerraneRequirements *self, const TerranePythonTarget *target,
                             const char *file, GError **error)
{
  g_autoptr (GPtrArray) active =
      g_ptr_array_new_with_free_func ((GDestroyNotify) terrane_requirement_free);
  g_autoptr (GHashTable) places = g_hash_table_new (oci_text_hash, g_str_equal);
  g_autoptr (GString) problems = g_string_new (NULL);
  Selection selection = { .target = target,
                          .file = file,
                          .pylock = self->pylock,
                          .active = active,
                          .places = places,
                          .problems = problems };
  if (!take_all (&selection, self->requirements, FALSE, error)
      || !take_all (&selection, self->constraints, TRUE, error))
    return NULL;
  for (guint i = 0; i < active->len; i++)
    check_one (&selection, active->pdata[i]);
  if (selection.n_problems == 0)
    return g_steal_pointer (&active);
  if (selection.n_problems > MAX_PROBLEMS)
    g_string_append_printf (problems, "\n%s: and %u more problems", file,
                            selection.n_problems - MAX_PROBLEMS);
  oci_throw (error, OCI_ERROR_USAGE, "%s", problems->str);
  return NULL;
}

const TerraneRequirement *
terrane_requirements_need_patch (const TerraneRequirements *self, const TerranePythonTarget *target)
{
  const GPtrArray *lists[] = { self->requirements, self->constraints };
  TerraneMarkerSets sets = { 0 };
  if (self->pylock != NULL)
    sets = sets_of (self->pylock);
  for (size_t list = 0; list < G_N_ELEMENTS (lists); list++)
    for (guint i = 0; i < lists[list]->len; i++)
      {
        const TerraneRequirement *requirement = lists[list]->pdata[i];
        if (requirement->marker != NULL
            && terrane_marker_depends_on_patch (requirement->marker, target,
                                                self->pylock != NULL ? &sets : NULL))
          return requirement;
      }
  return NULL;
}
