#include "builder/drift/newer-wheel.h"

#include "builder/python/marker.h"
#include "builder/python/select.h"
#include "builder/python/version.h"
#include "builder/python/wheel-name.h"

#include "oci/base/text-hash.h"

#include <string.h>

/* The files of one version. */
typedef struct
{
  TerraneVersion *version;
  GPtrArray *files; /* of TerraneIndexFile, borrowed */
  GArray *hashes;   /* of OciDigest: all digests of these */
} Candidate;

static void
candidate_free (gpointer data)
{
  Candidate *self = data;
  terrane_version_free (self->version);
  g_ptr_array_unref (self->files);
  g_array_unref (self->hashes);
  g_free (self);
}

/* Sorts the newest first. */
static int
compare_candidates (gconstpointer a, gconstpointer b)
{
  const Candidate *x = *(Candidate *const *) a, *y = *(Candidate *const *) b;
  return terrane_version_compare (y->version, x->version);
}

static Candidate *
candidate_of (GPtrArray *candidates, GHashTable *by_text, const char *text)
{
  Candidate *candidate = g_hash_table_lookup (by_text, text);
  g_autoptr (TerraneVersion) version =
      candidate == NULL ? terrane_version_parse (text, NULL) : NULL;
  if (candidate != NULL || version == NULL)
    return candidate;
  candidate = g_new0 (Candidate, 1);
  candidate->version = g_steal_pointer (&version);
  candidate->files = g_ptr_array_new ();
  candidate->hashes = g_array_new (FALSE, FALSE, sizeof (OciDigest));
  g_ptr_array_add (candidates, candidate);
  g_hash_table_insert (by_text, (gpointer) terrane_version_text (candidate->version), candidate);
  return candidate;
}

/* Returns: (transfer full): of Candidate, sorted */
static GPtrArray *
list_candidates (const char *name, const GPtrArray *files)
{
  GPtrArray *candidates = g_ptr_array_new_with_free_func (candidate_free);
  g_autoptr (GHashTable) by_text = g_hash_table_new (oci_text_hash, g_str_equal);
  for (guint i = 0; i < files->len; i++)
    {
      TerraneIndexFile *file = files->pdata[i];
      g_autoptr (TerraneWheelName) wheel =
          file->yanked == NULL ? terrane_wheel_name_parse (file->file_name, NULL) : NULL;
      Candidate *candidate = wheel != NULL && strcmp (wheel->name, name) == 0
                                 ? candidate_of (candidates, by_text, wheel->version)
                                 : NULL;
      if (candidate == NULL)
        continue;
      g_ptr_array_add (candidate->files, file);
      if (file->has_sha256)
        g_array_append_val (candidate->hashes, file->sha256);
    }
  g_ptr_array_sort (candidates, compare_candidates);
  return candidates;
}

static char *
specifiers_of (const TerraneRequirement *requirement)
{
  return requirement->version != NULL      ? g_strconcat ("==", requirement->version, NULL)
         : requirement->specifiers != NULL ? g_strdup (requirement->specifiers)
                                           : NULL;
}

/* Adds those of @list about the project whose markers hold. */
static void
add_specifiers (const TerraneNewerWheel *self, const GPtrArray *list, const char *name,
                GPtrArray *specifiers)
{
  for (guint i = 0; i < list->len; i++)
    {
      gboolean holds = TRUE;
      const TerraneRequirement *requirement = list->pdata[i];
      char *text = strcmp (requirement->normalised, name) == 0 ? specifiers_of (requirement) : NULL;
      if (text != NULL && requirement->marker != NULL
          && (!terrane_marker_evaluate (requirement->marker, self->target, NULL, &holds, NULL)
              || !holds))
        g_clear_pointer (&text, g_free);
      if (text != NULL)
        g_ptr_array_add (specifiers, text);
    }
}

/* Returns: (transfer full): of char * */
static GPtrArray *
list_specifiers (const TerraneNewerWheel *self, const char *name)
{
  GPtrArray *specifiers = g_ptr_array_new_with_free_func (g_free);
  if (self->constraints != NULL)
    {
      add_specifiers (self, self->constraints->requirements, name, specifiers);
      add_specifiers (self, self->constraints->constraints, name, specifiers);
    }
  for (guint i = 0; i < self->inventory->needs->len; i++)
    {
      const TerraneNeed *need = self->inventory->needs->pdata[i];
      if (strcmp (need->name, name) == 0)
        g_ptr_array_add (specifiers, g_strdup (need->specifiers));
    }
  return specifiers;
}

/* An invalid specifier forbids nothing. */
static gboolean
is_allowed (const TerraneVersion *version, const GPtrArray *specifiers)
{
  for (guint i = 0; i < specifiers->len; i++)
    {
      gboolean matches = TRUE;
      if (terrane_version_matches (version, specifiers->pdata[i], &matches, NULL) && !matches)
        return FALSE;
    }
  return TRUE;
}

/* As in pip: if a pre-release is named, such as by ">=2.0rc1". */
static gboolean
name_prereleases (const GPtrArray *specifiers)
{
  for (guint i = 0; i < specifiers->len; i++)
    {
      g_auto (GStrv) parts = g_strsplit (specifiers->pdata[i], ",", -1);
      for (char **part = parts; *part != NULL; part++)
        {
          const char *text = *part + strspn (*part, "=<>~! ");
          g_autoptr (TerraneVersion) version = terrane_version_parse (text, NULL);
          if (version != NULL && terrane_version_is_prerelease (version))
            return TRUE;
        }
    }
  return FALSE;
}

char *
terrane_newer_wheel_find (const TerraneNewerWheel *self, const char *name, const char *locked,
                          const GPtrArray *files)
{
  g_autoptr (TerraneVersion) before = terrane_version_parse (locked, NULL);
  if (before == NULL)
    return NULL;
  g_autoptr (GPtrArray) specifiers = list_specifiers (self, name);
  g_autoptr (GPtrArray) candidates = list_candidates (name, files);
  gboolean prereleases = terrane_version_is_prerelease (before) || name_prereleases (specifiers);
  for (guint i = 0; i < candidates->len; i++)
    {
      const Candidate *candidate = candidates->pdata[i];
      const char *text = terrane_version_text (candidate->version);
      if (terrane_version_compare (candidate->version, before) <= 0)
        return NULL;
      if ((!prereleases && terrane_version_is_prerelease (candidate->version))
          || !is_allowed (candidate->version, specifiers))
        continue;
      if (terrane_select_wheel (name, text, candidate->files,
                                (const OciDigest *) (gconstpointer) candidate->hashes->data,
                                candidate->hashes->len, self->target, NULL)
          != NULL)
        return g_strdup (text);
    }
  return NULL;
}
