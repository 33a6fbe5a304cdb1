#include "builder/python/select.h"

#include "builder/python/name.h"
#include "builder/python/select-report.h"
#include "builder/python/tags.h"
#include "builder/python/version.h"

enum
{
  /* More than the releases of any minor version of Python. */
  MAX_PATCH = 63,
  NEWEST_LIBC_MINOR = 99,
};

/* A wheel of the project in the wanted version. */
typedef struct
{
  const TerraneIndexFile *file;
  TerraneWheelName *name;
  TerraneVersion *version;
  int rank; /* -1 if it does not match */
} Candidate;

static void
candidate_free (Candidate *self)
{
  terrane_wheel_name_free (self->name);
  terrane_version_free (self->version);
  g_free (self);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Candidate, candidate_free)

static gboolean
is_allowed (const TerraneIndexFile *file, const OciDigest *hashes, size_t n_hashes)
{
  for (size_t i = 0; file->has_sha256 && i < n_hashes; i++)
    if (oci_digest_equal (&file->sha256, &hashes[i]))
      return TRUE;
  return !file->has_sha256;
}

/* If only the minor version is known, whether any of its releases is in the set: a set such as
 * ">=3.8,!=3.9.0,!=3.9.1" is not meant to exclude 3.9. */
gboolean
terrane_select_allows_python (const char *requires_python, const TerranePythonTarget *target)
{
  unsigned first = target->has_patch ? target->python_patch : 0;
  unsigned last = target->has_patch ? target->python_patch : MAX_PATCH;
  for (unsigned patch = first; requires_python != NULL && patch <= last; patch++)
    {
      g_autofree char *text =
          g_strdup_printf ("%u.%u.%u", target->python_major, target->python_minor, patch);
      g_autoptr (TerraneVersion) python = terrane_version_parse (text, NULL);
      gboolean allowed = FALSE;
      if (!terrane_version_matches (python, requires_python, &allowed, NULL) || allowed)
        return TRUE;
    }
  return requires_python == NULL;
}

char *
terrane_select_describe_python (const TerranePythonTarget *target)
{
  g_autofree char *minor = g_strdup_printf ("%u.%u", target->python_major, target->python_minor);
  return target->has_patch ? g_strdup_printf ("%s.%u", minor, target->python_patch)
                           : g_steal_pointer (&minor);
}

/* Returns: (nullable): @file as a candidate, if it is one */
static Candidate *
candidate_new (const TerraneIndexFile *file, const TerraneWanted *wanted, const TerraneTags *tags)
{
  g_autoptr (Candidate) self = g_new0 (Candidate, 1);
  self->file = file;
  self->name = terrane_wheel_name_parse (file->file_name, NULL);
  if (self->name == NULL || !g_str_equal (self->name->name, wanted->name))
    return NULL;
  self->version = terrane_version_parse (self->name->version, NULL);
  if (!terrane_wanted_is (wanted, self->version))
    return NULL;
  self->rank = terrane_tags_rank_wheel (tags, self->name);
  return g_steal_pointer (&self);
}

static gboolean
is_better (const Candidate *a, const Candidate *b)
{
  if (a->file->has_sha256 != b->file->has_sha256)
    return a->file->has_sha256;
  int order = terrane_version_compare (a->version, b->version);
  if (order != 0)
    return order > 0;
  if (a->rank != b->rank)
    return a->rank < b->rank;
  return terrane_wheel_name_compare_builds (a->name, b->name) > 0;
}

static void
add_refusal (GPtrArray *refusals, const Candidate *candidate, gboolean python_ok,
             const TerranePythonTarget *target)
{
  TerraneRefusal *refusal = g_new0 (TerraneRefusal, 1);
  refusal->file_name = candidate->file->file_name;
  if (candidate->rank < 0)
    {
      refusal->reason = terrane_tags_explain (target, candidate->name, &refusal->distance);
      refusal->distance++; /* a wheel that is refused only because of the others is closer */
    }
  else if (!python_ok)
    refusal->reason = terrane_describe_requires_python (candidate->file->requires_python);
  else
    refusal->reason = g_strdup ("not among the hashes of the requirements file");
  g_ptr_array_add (refusals, refusal);
}

/* Whether the wheel needs a C library: it does not match an image without one, but one with
 * some. */
static gboolean
wants_libc (const Candidate *self, const TerranePythonTarget *target)
{
  static const struct
  {
    TerraneLibc libc;
    unsigned major;
  } newest[] = { { TERRANE_LIBC_GLIBC, 2 }, { TERRANE_LIBC_MUSL, 1 } };
  for (size_t i = 0; i < G_N_ELEMENTS (newest); i++)
    {
      TerranePythonTarget other = *target;
      other.libc = newest[i].libc;
      other.libc_major = newest[i].major;
      other.libc_minor = NEWEST_LIBC_MINOR;
      g_autoptr (TerraneTags) tags = terrane_tags_new (&other);
      if (!g_strv_contains ((const char *const *) self->name->platform, "any")
          && terrane_tags_rank_wheel (tags, self->name) >= 0)
        return TRUE;
    }
  return FALSE;
}

const TerraneIndexFile *
terrane_select_wheel (const char *project, const char *version, const GPtrArray *files,
                      const OciDigest *hashes, size_t n_hashes, const TerranePythonTarget *target,
                      GError **error)
{
  g_auto (TerraneWanted) wanted = { 0 };
  if (!terrane_wanted_init (&wanted, project, version, error))
    return NULL;
  g_autoptr (TerraneTags) tags = terrane_tags_new (target);
  g_autoptr (GPtrArray) refusals =
      g_ptr_array_new_with_free_func ((GDestroyNotify) terrane_refusal_free);
  g_autoptr (Candidate) best = NULL;
  for (guint i = 0; i < files->len; i++)
    {
      const TerraneIndexFile *file = files->pdata[i];
      g_autoptr (Candidate) candidate = candidate_new (file, &wanted, tags);
      if (candidate == NULL)
        continue;
      gboolean python_ok = terrane_select_allows_python (file->requires_python, target);
      if (target->libc_major == 0 && python_ok && is_allowed (file, hashes, n_hashes)
          && wants_libc (candidate, target))
        {
          oci_throw (error, OCI_ERROR_USAGE,
                     "%s needs a C library, and terrane found none in the base; state the one "
                     "that the wheels are for with \"glibc\": \"2.34\"",
                     file->file_name);
          return NULL;
        }
      if (candidate->rank < 0 || !python_ok || !is_allowed (file, hashes, n_hashes))
        add_refusal (refusals, candidate, python_ok, target);
      else if (best == NULL || is_better (candidate, best))
        {
          Candidate *worse = best;
          best = g_steal_pointer (&candidate);
          g_clear_pointer (&worse, candidate_free);
        }
    }
  if (best != NULL)
    return best->file;
  terrane_throw_no_wheel (&wanted, files, refusals, target, error);
  return NULL;
}
