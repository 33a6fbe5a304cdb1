/* Wheels: for each requirement the one file that fits the image's Python, C library and processor.
 */
#include "builder/python/requirement-location.h"
#include "builder/python/requirement-select.h"
#include "builder/python/requirements.h"
#include "builder/python/select.h"
#include "builder/python/tags.h"
#include "builder/python/version.h"
#include "builder/resolve/source-resolver.h"
#include "builder/resolve/wheel-places.h"

#include <fcntl.h>
#include <string.h>

enum
{
  MAX_REQUIREMENTS_BYTES = 64 * 1024 * 1024, /* reports quote the metadata of every package */
  NEWEST_PATCH = 99, /* bases have a recent patch version; which, is not looked for */
};

static gboolean
check_found (const TerraneResolution *self, const TerraneSourceSpec *spec, GError **error)
{
  const TerraneWheelsSpec *wheels = spec->wheels;
  if (wheels->python_major == 0 && self->python.python_major == 0)
    return oci_throw (error, OCI_ERROR_USAGE,
                      "the base has no Python; say which one the wheels are for with \"python\": "
                      "\"3.12\"");
  if (wheels->libc_major == 0 && self->python.libc_major == 0)
    return oci_throw (error, OCI_ERROR_USAGE,
                      "the base has no C library that is known here; say which one the wheels are "
                      "for with \"glibc\": \"2.34\"");
  return TRUE;
}

/* The profile's word counts before what the base is found to have. */
static gboolean
find_target (TerraneResolution *self, const TerraneSourceSpec *spec,
             TerranePythonTarget *out_target, GError **error)
{
  const TerraneWheelsSpec *wheels = spec->wheels;
  if ((wheels->python_major == 0 || wheels->libc_major == 0)
      && (!terrane_resolution_find_python (self, error) || !check_found (self, spec, error)))
    return FALSE;
  const TerranePythonBase *base = &self->python;
  gboolean own_python = wheels->python_major > 0, own_libc = wheels->libc_major > 0;
  *out_target = (TerranePythonTarget){
    .python_major = own_python ? wheels->python_major : base->python_major,
    .python_minor = own_python ? wheels->python_minor : base->python_minor,
    .python_patch = NEWEST_PATCH,
    .libc = own_libc ? (wheels->musl ? TERRANE_LIBC_MUSL : TERRANE_LIBC_GLIBC) : base->libc,
    .libc_major = own_libc ? wheels->libc_major : base->libc_major,
    .libc_minor = own_libc ? wheels->libc_minor : base->libc_minor,
    .architecture = self->profile->architecture,
  };
  return TRUE;
}

static json_t *
ask (TerraneResolution *self, const TerraneSourceSpec *spec, GError **error)
{
  TerranePythonTarget target;
  OCI_PREFIX (error, "%s.wheels", spec->where);
  json_t *entry = json_object ();
  if (self->base_is_stale) /* what it is now, nobody may ask */
    return entry;
  if (!find_target (self, spec, &target, error))
    {
      json_decref (entry);
      return NULL;
    }
  g_autofree char *python = g_strdup_printf ("%u.%u", target.python_major, target.python_minor);
  g_autofree char *libc =
      g_strdup_printf ("%s %u.%u", target.libc == TERRANE_LIBC_MUSL ? "musl" : "glibc",
                       target.libc_major, target.libc_minor);
  oci_json_set (entry, "python", oci_json_text (python));
  oci_json_set (entry, "libc", oci_json_text (libc));
  return entry;
}

static const char *
text_of (const json_t *object, const char *key)
{
  return json_string_value (json_object_get (object, key));
}

typedef struct
{
  TerraneResolution *resolution;
  TerraneSourceSpec *spec;
  const TerraneRequirements *requirements;
  TerranePythonTarget target;
  TerraneTags *tags;
} Choice;

static gboolean
same_version (const char *a, const char *b)
{
  g_autoptr (TerraneVersion) x = terrane_version_parse (a, NULL);
  g_autoptr (TerraneVersion) y = terrane_version_parse (b, NULL);
  return x != NULL && y != NULL && terrane_version_compare (x, y) == 0;
}

/* The path of a wheel that has no URL: the requirement's own, or in a wheelhouse. */
static char *
find_here (const Choice *self, const TerraneRequirement *requirement, const char *file,
           GError **error)
{
  g_autofree char *own = requirement->path != NULL ? g_path_get_basename (requirement->path) : NULL;
  return g_strcmp0 (own, file) == 0
             ? g_strdup (requirement->path)
             : terrane_wheel_places_find (self->spec, self->requirements, file, error);
}

/* The longer hash by which a wheel of the lock was taken, when the requirement has it: it is
 * verified with the file. */
static const char *
hash_of (const json_t *wheel, const TerraneRequirement *requirement)
{
  const char *hash = text_of (wheel, "hash");
  for (guint i = 0; hash != NULL && i < requirement->long_hashes->len; i++)
    if (g_str_equal (requirement->long_hashes->pdata[i], hash))
      return hash;
  return NULL;
}

/* Whether a wheel of the lock is one that the requirement allows and that fits: a lock may have
 * been edited by hand, and requirements change. */
static gboolean
is_good (const Choice *self, const json_t *wheel, const TerraneRequirement *requirement)
{
  OciDigest sha256;
  const char *name = text_of (wheel, "name"), *version = text_of (wheel, "version");
  const char *file = text_of (wheel, "file"), *hex = text_of (wheel, "sha256");
  if (name == NULL || version == NULL || file == NULL || hex == NULL
      || !g_str_equal (name, requirement->normalised)
      || g_strcmp0 (version, requirement->version) != 0
      || !oci_digest_parse_hex (hex, &sha256, NULL)
      || (hash_of (wheel, requirement) == NULL
          && !terrane_requirement_has_hash (requirement, &sha256)))
    return FALSE;
  g_autoptr (TerraneWheelName) parsed = terrane_wheel_name_parse (file, NULL);
  if (parsed == NULL || !g_str_equal (parsed->name, name)
      || !same_version (parsed->version, version)
      || terrane_tags_rank_wheel (self->tags, parsed) < 0)
    return FALSE;
  g_autofree char *path =
      text_of (wheel, "url") == NULL ? find_here (self, requirement, file, NULL) : NULL;
  return text_of (wheel, "url") != NULL || path != NULL;
}

static const json_t *
find_locked (const Choice *self, const json_t *locked, const TerraneRequirement *requirement)
{
  size_t i;
  json_t *wheel;
  json_array_foreach (json_object_get (locked, "wheels"), i, wheel)
  {
    if (is_good (self, wheel, requirement))
      return wheel;
  }
  return NULL;
}

static json_t *
wheel_to_json (const TerraneRequirement *requirement, const TerraneIndexFile *file)
{
  OciDigestHex hex;
  json_t *wheel = json_object ();
  oci_json_set (wheel, "name", oci_json_text (requirement->normalised));
  oci_json_set (wheel, "version", oci_json_text (requirement->version));
  oci_json_set (wheel, "file", oci_json_text (file->file_name));
  if (strstr (file->url, "://") != NULL) /* else it is in the wheelhouse, wherever that is */
    oci_json_set (wheel, "url", oci_json_text (file->url));
  oci_json_set (wheel, "sha256", oci_json_text (oci_digest_hex (&file->sha256, hex)));
  const char *hash = terrane_requirement_accepted_as (requirement, &file->sha256);
  if (hash != NULL)
    oci_json_set (wheel, "hash", oci_json_text (hash));
  if (file->size > 0)
    oci_json_set (wheel, "size", json_integer ((json_int_t) file->size));
  return wheel;
}

/* What the lock would have to say, as far as the requirement alone tells. */
static json_t *
wanted_to_json (const TerraneRequirement *requirement)
{
  json_t *wheel = json_object ();
  oci_json_set (wheel, "name", oci_json_text (requirement->normalised));
  oci_json_set (wheel, "version", oci_json_text (requirement->version));
  return wheel;
}

/* Files of this machine that have one of the longer hashes. */
static gboolean
accept_local (TerraneRequirement *requirement, const GPtrArray *files, GError **error)
{
  for (guint i = 0; requirement->long_hashes->len > 0 && i < files->len; i++)
    {
      const TerraneIndexFile *file = files->pdata[i];
      g_auto (OciFd) fd = -1;
      if (file->has_sha256 && strstr (file->url, "://") == NULL
          && (!oci_open_file (AT_FDCWD, file->url, TRUE, &fd, NULL, error)
              || !terrane_requirement_accept (requirement, fd, &file->sha256, error)))
        return FALSE;
    }
  return TRUE;
}

static json_t *
choose_one (const Choice *self, TerraneRequirement *requirement, const GPtrArray *files,
            GError **error)
{
  if (!accept_local (requirement, files, error))
    return NULL;
  const OciDigest *hashes = (const OciDigest *) (gconstpointer) requirement->hashes->data;
  const TerraneIndexFile *file =
      terrane_select_wheel (requirement->name, requirement->version, files, hashes,
                            requirement->hashes->len, &self->target, error);
  if (file == NULL)
    return NULL;
  g_autoptr (TerraneIndexFile) chosen = terrane_index_file_copy (file);
  if (!chosen->has_sha256 && requirement->hashes->len != 1)
    {
      oci_throw (error, OCI_ERROR_NOT_FOUND,
                 "%s: the index says no sha256 of its files, and the requirement allows %u: leave "
                 "only that of %s",
                 requirement->name, requirement->hashes->len, file->file_name);
      return NULL;
    }
  if (!chosen->has_sha256)
    chosen->sha256 = hashes[0];
  if (file->yanked != NULL)
    {
      g_autofree char *quoted = oci_quote (file->yanked);
      terrane_progress_warn (self->resolution->options->progress,
                             "%s: %s was withdrawn from the index: %s", self->spec->name,
                             file->file_name, quoted);
    }
  return wheel_to_json (requirement, chosen);
}

/* The choice for each of @open; what cannot be had is said of all of them at once. */
static gboolean
choose (const Choice *self, const GPtrArray *open, GHashTable *out_wheels, GError **error)
{
  g_autoptr (GHashTable) offers =
      terrane_wheel_places_list (self->resolution->options->remote, self->spec, self->requirements,
                                 open, &self->target, error);
  if (offers == NULL)
    return FALSE;
  g_autoptr (GString) problems = g_string_new (NULL);
  for (guint i = 0; i < open->len; i++)
    {
      TerraneRequirement *requirement = open->pdata[i];
      g_autoptr (GError) local = NULL;
      json_t *wheel = choose_one (self, requirement,
                                  g_hash_table_lookup (offers, requirement->normalised), &local);
      if (wheel != NULL)
        {
          g_hash_table_insert (out_wheels, requirement->normalised, wheel);
          continue;
        }
      g_autofree char *where =
          terrane_requirement_where (requirement, self->spec->wheels->requirements);
      g_string_append_printf (problems, "%s%s: %s", problems->len > 0 ? "\n" : "", where,
                              local->message);
    }
  return problems->len == 0 || oci_throw (error, OCI_ERROR_USAGE, "%s", problems->str);
}

static int
compare_requirements (gconstpointer a, gconstpointer b)
{
  const TerraneRequirement *x = *(TerraneRequirement *const *) a;
  const TerraneRequirement *y = *(TerraneRequirement *const *) b;
  return strcmp (x->normalised, y->normalised);
}

static gboolean
pin (const Choice *self, const TerraneRequirement *requirement, const json_t *wheel, GError **error)
{
  TerraneWheelPin *pinned = g_new0 (TerraneWheelPin, 1);
  g_ptr_array_add (self->spec->wheel_pins, pinned);
  pinned->name = g_strdup (text_of (wheel, "name"));
  pinned->version = g_strdup (text_of (wheel, "version"));
  pinned->file_name = g_strdup (text_of (wheel, "file"));
  pinned->url = g_strdup (text_of (wheel, "url"));
  pinned->hash = g_strdup (hash_of (wheel, requirement));
  (void) oci_digest_parse_hex (text_of (wheel, "sha256"), &pinned->sha256, NULL); /* was parsed */
  if (pinned->url != NULL)
    {
      pinned->authorization =
          terrane_wheel_places_authorize (self->spec, self->requirements, requirement, pinned->url);
      return TRUE;
    }
  pinned->path = find_here (self, requirement, pinned->file_name, error);
  return pinned->path != NULL;
}

static gboolean
answer_all (const Choice *self, GPtrArray *active, const json_t *locked, json_t *entry,
            GError **error)
{
  g_autoptr (GHashTable) chosen =
      g_hash_table_new_full (g_str_hash, g_str_equal, NULL, (GDestroyNotify) json_decref);
  g_autoptr (GPtrArray) open = g_ptr_array_new ();
  gboolean may_ask = terrane_resolution_may_ask (self->resolution);
  for (guint i = 0; i < active->len; i++)
    {
      TerraneRequirement *requirement = active->pdata[i];
      const json_t *wheel = find_locked (self, locked, requirement);
      if (wheel != NULL)
        g_hash_table_insert (chosen, requirement->normalised, json_deep_copy (wheel));
      else if (may_ask)
        g_ptr_array_add (open, requirement);
      else
        g_hash_table_insert (chosen, requirement->normalised, wanted_to_json (requirement));
    }
  if (open->len > 0 && !choose (self, open, chosen, error))
    return FALSE;
  json_t *wheels = json_array ();
  g_ptr_array_sort (active, compare_requirements);
  for (guint i = 0; i < active->len; i++)
    {
      const TerraneRequirement *requirement = active->pdata[i];
      json_t *wheel = g_hash_table_lookup (chosen, requirement->normalised);
      oci_json_append (wheels, json_incref (wheel));
      if (text_of (wheel, "sha256") != NULL && !pin (self, requirement, wheel, error))
        {
          json_decref (wheels);
          return FALSE;
        }
    }
  oci_json_set (entry, "wheels", wheels);
  return TRUE;
}

/* A report says what pip would install for one Python on one machine. */
static gboolean
check_report (const TerraneRequirements *requirements, const TerranePythonTarget *target,
              const char *file, GError **error)
{
  g_autofree char *python = g_strdup_printf ("%u.%u", target->python_major, target->python_minor);
  const char *machine = terrane_tags_machine (target);
  if ((requirements->python_version == NULL || g_str_equal (requirements->python_version, python))
      && (requirements->platform_machine == NULL
          || g_str_equal (requirements->platform_machine, machine)))
    return TRUE;
  g_autofree char *version = oci_quote (requirements->python_version);
  g_autofree char *other = oci_quote (requirements->platform_machine);
  return oci_throw (error, OCI_ERROR_USAGE,
                    "%s: the report was made for Python %s on %s, the image has %s on %s", file,
                    version, other, python, machine);
}

/* What the base was found to have: wheels are held against it once more when they are installed. */
static void
set_target (TerraneSourceSpec *spec, const TerranePythonTarget *target)
{
  TerraneWheelsSpec *wheels = spec->wheels;
  wheels->python_major = target->python_major;
  wheels->python_minor = target->python_minor;
  wheels->musl = target->libc == TERRANE_LIBC_MUSL;
  wheels->libc_major = target->libc_major;
  wheels->libc_minor = target->libc_minor;
  wheels->architecture = target->architecture;
}

static gboolean
answer (TerraneResolution *self, TerraneSourceSpec *spec, const json_t *locked, json_t *entry,
        GError **error)
{
  g_autoptr (GBytes) data = NULL;
  OCI_PREFIX (error, "%s.wheels", spec->where);
  if (self->base_is_stale)
    return json_object_update (entry, (json_t *) locked) == 0;
  Choice choice = { .resolution = self, .spec = spec };
  const char *file = spec->wheels->requirements;
  if (!oci_read_file (AT_FDCWD, file, MAX_REQUIREMENTS_BYTES, &data, error))
    return FALSE;
  g_autoptr (TerraneRequirements) requirements = terrane_requirements_parse (file, data, error);
  if (requirements == NULL || !find_target (self, spec, &choice.target, error)
      || !check_report (requirements, &choice.target, file, error))
    return FALSE;
  set_target (spec, &choice.target);
  g_autoptr (GPtrArray) active =
      terrane_requirements_select (requirements, &choice.target, file, error);
  if (active == NULL)
    return FALSE;
  g_autoptr (TerraneTags) tags = terrane_tags_new (&choice.target);
  choice.tags = tags;
  choice.requirements = requirements;
  spec->wheel_pins = g_ptr_array_new_with_free_func ((GDestroyNotify) terrane_wheel_pin_free);
  return answer_all (&choice, active, locked, entry, error);
}

const TerraneSourceResolver terrane_resolver_wheels = {
  .ask = ask,
  .answer = answer,
};
