#include "builder/drift/wheels.h"

#include "builder/drift/newer-wheel.h"
#include "builder/drift/web-file.h"
#include "builder/python/pylock.h"
#include "builder/python/requirements-file.h"
#include "builder/python/requirements.h"
#include "builder/resolve/wheel-places.h"

#include "oci/base/fd.h"
#include "oci/base/number.h"

#include <fcntl.h>
#include <string.h>

enum
{
  MAX_REQUIREMENTS_BYTES = 16 * 1024 * 1024,
  NEWEST_PATCH = 999, /* if the lock does not record it: markers of newer Pythons hold */
};

/* The wheels of one tree. */
typedef struct
{
  const TerraneDriftUnit *unit;
  const TerraneSourceSpec *spec;
  const json_t *wheels; /* of the lock */
  TerranePythonTarget target;
  TerraneRequirements *requirements;
  TerraneRequirements *constraints; /* (nullable) */
  char *constraints_file;           /* (nullable): its name */
} Question;

static void
question_clear (Question *self)
{
  g_clear_pointer (&self->requirements, terrane_requirements_free);
  g_clear_pointer (&self->constraints, terrane_requirements_free);
  g_clear_pointer (&self->constraints_file, g_free);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Question, question_clear)

static const char *
text_of (const json_t *object, const char *key)
{
  return json_string_value (json_object_get (object, key));
}

/* Splits "3.12.4" or "3.12" into two or three numbers. Returns: their number; 0 for other texts */
static size_t
read_numbers (const char *text, unsigned numbers[3])
{
  g_auto (GStrv) parts = g_strsplit (text, ".", 4);
  size_t n = g_strv_length (parts);
  for (size_t i = 0; i < n; i++)
    {
      uint64_t number = 0;
      if (i >= 3 || !oci_parse_u64 (parts[i], 9999, &number, NULL))
        return 0;
      numbers[i] = (unsigned) number;
    }
  return n;
}

/* Reads what the lock's wheels are for. */
static gboolean
read_target (Question *self, const json_t *entry, GError **error)
{
  unsigned numbers[3] = { 0, 0, NEWEST_PATCH }, library[3] = { 0 };
  const char *full = text_of (entry, "python_full"), *libc = text_of (entry, "libc");
  const char *python = full != NULL ? full : text_of (entry, "python");
  const char *space = libc != NULL ? strchr (libc, ' ') : NULL;
  if (python == NULL || read_numbers (python, numbers) < 2)
    return oci_throw (error, OCI_ERROR_USAGE,
                      "the lock does not say the Python of the wheels; run: terrane lock %s",
                      self->unit->profile->path);
  if (space != NULL)
    (void) read_numbers (space + 1, library); /* an unknown form counts as unknown */
  self->target = (TerranePythonTarget){
    .python_major = numbers[0],
    .python_minor = numbers[1],
    .python_patch = numbers[2],
    .has_patch = full != NULL,
    .libc =
        libc != NULL && g_str_has_prefix (libc, "musl ") ? TERRANE_LIBC_MUSL : TERRANE_LIBC_GLIBC,
    .libc_major = library[0],
    .libc_minor = library[1],
    .architecture = self->unit->profile->platform.architecture,
  };
  return TRUE;
}

/* "requirements.in" next to "requirements.txt", or next to a pylock.toml. Returns: (transfer full)
 * (nullable) */
static char *
constraints_path (const char *file)
{
  g_autofree char *directory = g_path_get_dirname (file);
  g_autofree char *stem =
      g_str_has_suffix (file, ".txt") ? g_strndup (file, strlen (file) - strlen (".txt")) : NULL;
  return stem != NULL                    ? g_strconcat (stem, ".in", NULL)
         : terrane_pylock_is_name (file) ? g_build_filename (directory, "requirements.in", NULL)
                                         : NULL;
}

static gboolean
read_constraints (Question *self, const char *file, GError **error)
{
  g_autoptr (GBytes) data = NULL;
  g_autoptr (GError) local = NULL;
  g_autofree char *path = constraints_path (file);
  if (path == NULL)
    return TRUE;
  if (!oci_read_file (AT_FDCWD, path, MAX_REQUIREMENTS_BYTES, &data, &local))
    {
      if (g_error_matches (local, OCI_ERROR, OCI_ERROR_NOT_FOUND))
        return TRUE;
      g_propagate_error (error, g_steal_pointer (&local));
      return FALSE;
    }
  self->constraints = terrane_requirements_file_parse (path, data, error);
  self->constraints_file = g_path_get_basename (path);
  return self->constraints != NULL;
}

static gboolean
read_question (Question *self, GError **error)
{
  g_autoptr (GBytes) data = NULL;
  const char *file = self->spec->wheels->requirements;
  const json_t *entry = terrane_lock_get (self->unit->lock, self->unit->platform, self->spec->name);
  self->wheels = json_object_get (entry, "wheels");
  if (!read_target (self, entry, error)
      || !oci_read_file (AT_FDCWD, file, MAX_REQUIREMENTS_BYTES, &data, error))
    return FALSE;
  self->requirements = terrane_requirements_parse (file, data, error);
  return self->requirements != NULL && read_constraints (self, file, error);
}

/* Returns: (transfer none) (nullable): a requirement that has a URL or path instead of a version */
static const TerraneRequirement *
find_direct (const Question *self, const char *name)
{
  for (guint i = 0; i < self->requirements->requirements->len; i++)
    {
      const TerraneRequirement *requirement = self->requirements->requirements->pdata[i];
      if (strcmp (requirement->normalised, name) == 0
          && (requirement->url != NULL || requirement->path != NULL))
        return requirement;
    }
  return NULL;
}

/* Finds the file of the lock in what places offer now. */
static const TerraneIndexFile *
find_locked (const GPtrArray *files, const json_t *wheel)
{
  OciDigest sha256;
  const char *hex = text_of (wheel, "sha256"), *name = text_of (wheel, "file");
  gboolean known = hex != NULL && oci_digest_parse_hex (hex, &sha256, NULL);
  for (guint i = 0; i < files->len; i++)
    {
      const TerraneIndexFile *file = files->pdata[i];
      if (known && file->has_sha256 ? oci_digest_equal (&file->sha256, &sha256)
                                    : g_strcmp0 (file->file_name, name) == 0)
        return file;
    }
  return NULL;
}

static void
add (const Question *self, const char *kind, const json_t *wheel, const char *now,
     const char *message)
{
  const TerraneDriftFinding finding = { .kind = kind,
                                        .source = self->spec->name,
                                        .subject = text_of (wheel, "name"),
                                        .locked = text_of (wheel, "version"),
                                        .now = now };
  terrane_drift_report_add (self->unit->report, self->unit->rules,
                            terrane_drift_finding_new (&finding, "%s", message));
}

static void
judge_locked (const Question *self, const json_t *wheel, const GPtrArray *files, const char *places)
{
  const TerraneIndexFile *file = find_locked (files, wheel);
  if (file == NULL)
    {
      g_autofree char *message =
          g_strdup_printf ("%s is not offered any more: builds depend on the copies that stores "
                           "have%s",
                           text_of (wheel, "file"), places);
      add (self, "wheel-withdrawn", wheel, NULL, message);
      return;
    }
  if (file->yanked == NULL)
    return;
  g_autofree char *quoted = oci_quote (file->yanked);
  g_autofree char *message = g_strdup_printf (
      "%s was yanked: %s", file->file_name, file->yanked[0] != '\0' ? quoted : "without a reason");
  add (self, "wheel-yanked", wheel, NULL, message);
}

static void
judge_newer (const Question *self, const TerraneInventory *inventory, const json_t *wheel,
             const GPtrArray *files)
{
  const TerraneNewerWheel newer = { .constraints = self->constraints,
                                    .inventory = inventory,
                                    .target = &self->target };
  g_autofree char *version =
      terrane_newer_wheel_find (&newer, text_of (wheel, "name"), text_of (wheel, "version"), files);
  if (version == NULL)
    return;
  g_autofree char *message =
      self->constraints_file != NULL
          ? g_strdup_printf ("a newer wheel fits, within what %s allows", self->constraints_file)
          : g_strdup ("a newer wheel fits; there is no requirements.in that would forbid it");
  add (self, "wheel-newer", wheel, version, message);
}

/* Returns: (transfer none) (nullable): the file that a pylock.toml names itself */
static const TerraneIndexFile *
find_own (const Question *self, const json_t *wheel)
{
  for (guint i = 0; i < self->requirements->requirements->len; i++)
    {
      const TerraneRequirement *requirement = self->requirements->requirements->pdata[i];
      if (requirement->files == NULL
          || strcmp (requirement->normalised, text_of (wheel, "name")) != 0)
        continue;
      for (guint j = 0; j < requirement->files->len; j++)
        {
          const TerraneIndexFile *file = requirement->files->pdata[j];
          if (g_strcmp0 (file->file_name, text_of (wheel, "file")) == 0)
            return file;
        }
    }
  return NULL;
}

/* A file that no place lists may still be where the requirements say. */
static gboolean
judge_own (const Question *self, const TerraneIndexFile *own, const json_t *wheel, GError **error)
{
  const TerraneWebFile file = { .question = "wheels",
                                .kind = "wheel-withdrawn",
                                .source = self->spec->name,
                                .subject = text_of (wheel, "name"),
                                .url = own->url,
                                .sha256 = &own->sha256,
                                .size = own->size };
  return own->local || !own->has_sha256 || terrane_drift_ask_web_file (self->unit, &file, error);
}

/* If some place did not answer about a project, only the others decide whether it has changed. */
static gboolean
judge (const Question *self, const TerraneWheelPlaces *places, const TerraneInventory *inventory,
       const json_t *wheel, GError **error)
{
  int code = -1;
  const char *name = text_of (wheel, "name");
  const GPtrArray *files = terrane_wheel_places_files (places, name);
  g_autofree char *asked = terrane_wheel_places_report (places, name, &code);
  gboolean listed = find_locked (files, wheel) != NULL;
  const TerraneIndexFile *own = listed ? NULL : find_own (self, wheel);
  if (own != NULL && !judge_own (self, own, wheel, error))
    return FALSE;
  if (listed || (own == NULL && code < 0))
    judge_locked (self, wheel, files, asked);
  if (code >= 0)
    terrane_drift_report_unanswered (self->unit->report, "wheels", self->spec->name, TRUE, "%s%s",
                                     name, asked);
  judge_newer (self, inventory, wheel, files);
  return TRUE;
}

/* A URL in the requirements can only be checked itself. */
static gboolean
ask_direct (const Question *self, const TerraneRequirement *requirement, const json_t *wheel,
            GError **error)
{
  OciDigest sha256;
  const char *hex = text_of (wheel, "sha256");
  if (requirement->url == NULL || hex == NULL || !oci_digest_parse_hex (hex, &sha256, NULL))
    return TRUE;
  const TerraneWebFile file = {
    .question = "wheels",
    .kind = "wheel-withdrawn",
    .source = self->spec->name,
    .subject = text_of (wheel, "name"),
    .url = requirement->url,
    .sha256 = &sha256,
    .size = (uint64_t) json_integer_value (json_object_get (wheel, "size")),
  };
  return terrane_drift_ask_web_file (self->unit, &file, error);
}

/* @out_asked: receives the wheels that indexes have to be asked for. */
static gboolean
list_wanted (const Question *self, GPtrArray *out_wanted, GPtrArray *out_asked, GError **error)
{
  size_t i;
  json_t *wheel;
  json_array_foreach (self->wheels, i, wheel)
  {
    const char *name = text_of (wheel, "name"), *version = text_of (wheel, "version");
    const TerraneRequirement *direct = name != NULL ? find_direct (self, name) : NULL;
    if (name == NULL || version == NULL)
      continue;
    if (direct != NULL)
      {
        if (!ask_direct (self, direct, wheel, error))
          return FALSE;
        continue;
      }
    /* Without digests no local wheel is sufficient, so servers are asked, too. */
    TerraneRequirement *requirement = terrane_requirement_new (name);
    requirement->version = g_strdup (version);
    g_ptr_array_add (out_wanted, requirement);
    g_ptr_array_add (out_asked, wheel);
  }
  return TRUE;
}

static gboolean
ask_places (Question *self, const TerraneInventory *inventory, GError **error)
{
  const TerraneDriftUnit *unit = self->unit;
  GError *local = NULL;
  g_autoptr (TerranePin) pin = terrane_pin_new (self->spec, FALSE);
  g_autoptr (GPtrArray) asked = g_ptr_array_new ();
  g_autoptr (GPtrArray) wanted =
      g_ptr_array_new_with_free_func ((GDestroyNotify) terrane_requirement_free);
  (void) terrane_pin_set_wheels (pin, &self->target); /* owned by the pin */
  terrane_wheel_places_name (pin, self->requirements);
  g_autoptr (TerraneWheelPlaces) places = terrane_wheel_places_new (pin, unit->remote);
  if (!list_wanted (self, wanted, asked, error))
    return FALSE;
  if (unit->offline && terrane_wheel_places_has_remote (places))
    {
      terrane_drift_report_unanswered (unit->report, "wheels", self->spec->name, FALSE,
                                       "--offline: only the indexes know what they offer now");
      return TRUE;
    }
  if (!terrane_wheel_places_ask (places, wanted, &self->target, &local))
    return terrane_drift_report_failure (unit->report, "wheels", self->spec->name, local, error);
  for (guint i = 0; i < asked->len; i++)
    if (!judge (self, places, inventory, asked->pdata[i], error))
      return FALSE;
  if (asked->len > 0 && pin->wheels->indexes[0] == NULL && pin->wheels->links[0] == NULL
      && self->spec->wheels->wheelhouse == NULL)
    terrane_drift_report_unanswered (unit->report, "wheels", self->spec->name, FALSE,
                                     "the profile names no index, which would know newer and "
                                     "yanked wheels");
  return TRUE;
}

gboolean
terrane_drift_ask_wheels (const TerraneDriftUnit *unit, const TerraneInventory *inventory,
                          GError **error)
{
  for (guint i = 0; i < unit->profile->trees->len; i++)
    {
      GError *local = NULL;
      g_auto (Question) question = { .unit = unit, .spec = unit->profile->trees->pdata[i] };
      if (question.spec->kind != TERRANE_SOURCE_WHEELS)
        continue;
      if (!read_question (&question, &local))
        {
          if (!terrane_drift_report_failure (unit->report, "wheels", question.spec->name, local,
                                             error))
            return FALSE;
        }
      else if (!ask_places (&question, inventory, error))
        return FALSE;
    }
  return TRUE;
}
