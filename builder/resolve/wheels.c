/* Wheels: for each requirement the one file that matches the image's Python, C library and
 * processor. */
#include "builder/python/pylock.h"
#include "builder/python/requirement-location.h"
#include "builder/python/requirement-select.h"
#include "builder/python/requirements.h"
#include "builder/python/select.h"
#include "builder/python/tags.h"
#include "builder/python/version.h"
#include "builder/remote/download.h"
#include "builder/resolve/fetch-wheels.h"
#include "builder/resolve/source-fetcher.h"
#include "builder/resolve/source-resolver.h"
#include "builder/resolve/wheel-layers.h"
#include "builder/resolve/wheel-places.h"
#include "builder/store/downloads.h"
#include "oci/http/credentials.h"
#include "oci/http/url.h"

#include "oci/base/text-hash.h"

#include <fcntl.h>
#include <string.h>

enum
{
  MAX_REQUIREMENTS_BYTES = 64 * 1024 * 1024, /* reports quote the metadata of every package */
  MAX_UNKNOWN = 20,  /* files of one project that are downloaded to learn their digest */
  NEWEST_PATCH = 99, /* most bases have a recent patch version */
};

static gboolean
check_found (const TerraneResolution *self, const TerraneSourceSpec *spec, GError **error)
{
  const TerraneWheelsSpec *wheels = spec->wheels;
  if (wheels->python_major == 0 && self->python.python_major == 0)
    return oci_throw (error, OCI_ERROR_USAGE,
                      "the base has no Python; say which one the wheels are for with \"python\": "
                      "\"3.12\"");
  return TRUE;
}

/* The profile's values take precedence over what is found in the base. A C library is only needed
 * for platform wheels: see terrane_select_wheel(). */
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
  gboolean is_base = self->python_known
                     && (!own_python
                         || (wheels->python_major == base->python_major
                             && wheels->python_minor == base->python_minor));
  gboolean base_tells = is_base && base->has_patch;
  *out_target = (TerranePythonTarget){
    .python_major = own_python ? wheels->python_major : base->python_major,
    .python_minor = own_python ? wheels->python_minor : base->python_minor,
    .has_patch = wheels->has_patch || base_tells,
    .python_patch = wheels->has_patch ? wheels->python_patch
                    : base_tells      ? base->python_patch
                                      : NEWEST_PATCH,
    .libc = own_libc ? (wheels->musl ? TERRANE_LIBC_MUSL : TERRANE_LIBC_GLIBC) : base->libc,
    .libc_major = own_libc ? wheels->libc_major : base->libc_major,
    .libc_minor = own_libc ? wheels->libc_minor : base->libc_minor,
    .architecture = self->profile->platform.architecture,
  };
  return TRUE;
}

static json_t *
ask (TerraneResolution *self, const TerraneSourceSpec *spec, GError **error)
{
  TerranePythonTarget target;
  OCI_PREFIX (error, "%s.wheels", spec->where);
  json_t *entry = json_object ();
  if (self->base_is_stale) /* requests for the current one are not allowed */
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
  if (target.libc_major > 0)
    oci_json_set (entry, "libc", oci_json_text (libc));
  return entry;
}

/* Where a marker depends on Python's patch version, the base's is used, and recorded. */
static gboolean
find_patch (TerraneResolution *self, const TerraneSourceSpec *spec,
            const TerraneRequirements *requirements, TerranePythonTarget *target, json_t *entry,
            GError **error)
{
  const TerraneRequirement *first = terrane_requirements_need_patch (requirements, target);
  if (first == NULL)
    return TRUE;
  if (!target->has_patch
      && (!terrane_resolution_find_python (self, error)
          || !find_target (self, spec, target, error)))
    return FALSE;
  g_autofree char *full = g_strdup_printf ("%u.%u.%u", target->python_major, target->python_minor,
                                           target->python_patch);
  if (target->has_patch)
    oci_json_set (entry, "python_full", oci_json_text (full));
  else
    terrane_progress_warn (self->options->progress,
                           "%s line %u: the marker of %s depends on the patch version of Python, "
                           "which the base does not tell; a recent one is assumed: say which with "
                           "\"python\": \"%u.%u.4\"",
                           first->file, first->line, first->name, target->python_major,
                           target->python_minor);
  return TRUE;
}

static const char *
text_of (const json_t *object, const char *key)
{
  return json_string_value (json_object_get (object, key));
}

typedef struct
{
  TerraneResolution *resolution;
  const TerraneSourceSpec *spec;
  TerraneWheelsPin *pin;
  TerranePythonTarget target;
  TerraneTags *tags;
  TerraneWheelPlaces *places;
  GHashTable *fresh; /* normalised name -> TerraneIndexFile: chosen now */
} Choice;

/* Whether "==" with @wanted matches @version: 2.5.1+cpu is a 2.5.1 (PEP 440). */
static gboolean
meets_version (const char *version, const char *wanted)
{
  gboolean meets = FALSE;
  g_autoptr (TerraneVersion) parsed = terrane_version_parse (version, NULL);
  g_autofree char *specifier = g_strconcat ("==", wanted, NULL);
  return parsed != NULL && terrane_version_matches (parsed, specifier, &meets, NULL) && meets;
}

/* Returns: (transfer none) (nullable): the file in a pylock.toml */
static const TerraneIndexFile *
file_of (const TerraneRequirement *requirement, const char *name)
{
  for (guint i = 0; requirement->files != NULL && i < requirement->files->len; i++)
    {
      const TerraneIndexFile *file = requirement->files->pdata[i];
      if (g_str_equal (file->file_name, name))
        return file;
    }
  return NULL;
}

/* Returns the path that the requirement itself names. */
static const char *
own_path (const TerraneRequirement *requirement, const char *name)
{
  const TerraneIndexFile *file = file_of (requirement, name);
  g_autofree char *own = requirement->path != NULL ? g_path_get_basename (requirement->path) : NULL;
  if (file != NULL)
    return file->local ? file->url : NULL;
  return g_strcmp0 (own, name) == 0 ? requirement->path : NULL;
}

/* Returns the path of a wheel of the lock: the requirement's own, or in a local place. */
static char *
find_here (const Choice *self, const TerraneRequirement *requirement, const json_t *wheel,
           const OciDigest *sha256)
{
  const char *file = text_of (wheel, "file"), *own = own_path (requirement, file);
  if (own != NULL && g_file_test (own, G_FILE_TEST_EXISTS))
    return g_strdup (own);
  gboolean housed = own == NULL && requirement->url == NULL && text_of (wheel, "url") == NULL;
  return terrane_wheel_places_find (self->places, requirement->normalised, file, sha256, housed);
}

/* Returns the longer hash by which a wheel of the lock was accepted, if the requirement has it: it
 * is verified with the file. */
static const char *
hash_of (const json_t *wheel, const TerraneRequirement *requirement)
{
  const char *hash = text_of (wheel, "hash");
  for (guint i = 0; hash != NULL && i < requirement->long_hashes->len; i++)
    if (g_str_equal (requirement->long_hashes->pdata[i], hash))
      return hash;
  return NULL;
}

/* Whether a wheel of the lock is allowed by the requirement and matches: a lock may have been
 * edited by hand, and requirements change. */
static gboolean
is_good (const Choice *self, const json_t *wheel, const TerraneRequirement *requirement)
{
  OciDigest sha256;
  const char *name = text_of (wheel, "name"), *version = text_of (wheel, "version");
  const char *file = text_of (wheel, "file"), *hex = text_of (wheel, "sha256");
  if (name == NULL || version == NULL || file == NULL || hex == NULL
      || !g_str_equal (name, requirement->normalised)
      || !meets_version (version, requirement->version)
      || !oci_digest_parse_hex (hex, &sha256, NULL)
      || (hash_of (wheel, requirement) == NULL
          && !terrane_requirement_has_hash (requirement, &sha256)))
    return FALSE;
  g_autoptr (TerraneWheelName) parsed = terrane_wheel_name_parse (file, NULL);
  if (parsed == NULL || !g_str_equal (parsed->name, name)
      || !meets_version (parsed->version, requirement->version)
      || terrane_tags_rank_wheel (self->tags, parsed) < 0)
    return FALSE;
  if (text_of (wheel, "url") != NULL || requirement->url != NULL
      || terrane_wheel_places_has_remote (self->places))
    return TRUE; /* it is found by its digest */
  g_autofree char *path = find_here (self, requirement, wheel, &sha256);
  return path != NULL;
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
  if (!file->local) /* otherwise it is in the wheelhouse, wherever that is */
    {
      /* A query is often a signature: a secret that soon expires. */
      g_autofree char *bare = g_strndup (file->url, strcspn (file->url, "?"));
      oci_json_set (wheel, "url", oci_json_text (bare));
    }
  oci_json_set (wheel, "sha256", oci_json_text (oci_digest_hex (&file->sha256, hex)));
  const char *hash = terrane_requirement_accepted_as (requirement, &file->sha256);
  if (hash != NULL)
    oci_json_set (wheel, "hash", oci_json_text (hash));
  if (file->size > 0)
    oci_json_set (wheel, "size", json_integer ((json_int_t) file->size));
  return wheel;
}

/* Returns the lock's entry as far as the requirement alone determines it. */
static json_t *
wanted_to_json (const TerraneRequirement *requirement)
{
  json_t *wheel = json_object ();
  oci_json_set (wheel, "name", oci_json_text (requirement->normalised));
  oci_json_set (wheel, "version", oci_json_text (requirement->version));
  return wheel;
}

/* Whether the file has one of the longer hashes. */
static gboolean
accept_download (const Choice *self, TerraneRequirement *requirement, const OciDigest *sha256,
                 GError **error)
{
  g_auto (OciFd) fd = -1;
  TerraneStore *store = terrane_remote_store (self->resolution->options->remote);
  return requirement->long_hashes->len == 0
         || (terrane_downloads_open_blob (store, sha256, &fd, error)
             && terrane_requirement_accept (requirement, fd, sha256, error));
}

/* Learns the digest of a file without sha256 in the index from its content. */
static gboolean
learn_digest (const Choice *self, TerraneRequirement *requirement, TerraneIndexFile *file,
              GError **error)
{
  g_autoptr (OciSecret) authorization =
      file->authorization != NULL
          ? g_strdup (file->authorization)
          : terrane_wheel_places_authorize (self->places, requirement->url, file->url);
  const TerraneDownload download = {
    .url = file->url, .label = file->file_name, .size = file->size, .authorization = authorization
  };
  file->has_sha256 = terrane_remote_download_unknown (self->resolution->options->remote, &download,
                                                      &file->sha256, &file->size, error);
  return file->has_sha256 && accept_download (self, requirement, &file->sha256, error);
}

/* Longer hashes cannot be compared with an index's digests of other files. */
static void
forget_digests (const TerraneRequirement *requirement, GPtrArray *files)
{
  for (guint i = 0; requirement->long_hashes->len > 0 && i < files->len; i++)
    {
      TerraneIndexFile *file = files->pdata[i];
      if (!file->local && !terrane_requirement_has_hash (requirement, &file->sha256))
        file->has_sha256 = FALSE;
    }
}

/* @files: receives what is learned about them */
static const TerraneIndexFile *
choose_file (const Choice *self, TerraneRequirement *requirement, GPtrArray *files, GError **error)
{
  forget_digests (requirement, files);
  for (guint downloads = 0;; downloads++)
    {
      guint i = 0;
      const TerraneIndexFile *file =
          terrane_select_wheel (requirement->name, requirement->version, files,
                                (const OciDigest *) (gconstpointer) requirement->hashes->data,
                                requirement->hashes->len, &self->target, error);
      if (file == NULL || file->has_sha256)
        return file;
      if (downloads == MAX_UNKNOWN)
        {
          oci_throw (error, OCI_ERROR_LIMIT,
                     "%s: the index says no sha256 of its files, and none of %u that were "
                     "downloaded has one of the digests",
                     requirement->name, downloads);
          return NULL;
        }
      if (!g_ptr_array_find (files, file, &i)
          || !learn_digest (self, requirement, files->pdata[i], error))
        return NULL;
    }
}

static json_t *
choose_one (const Choice *self, TerraneRequirement *requirement, GError **error)
{
  GPtrArray *files = terrane_wheel_places_files (self->places, requirement->normalised);
  const TerraneIndexFile *file = choose_file (self, requirement, files, error);
  if (file == NULL)
    return NULL;
  if (file->yanked != NULL)
    {
      g_autofree char *quoted = oci_quote (file->yanked);
      terrane_progress_warn (self->resolution->options->progress,
                             "%s: %s was withdrawn from the index: %s", self->spec->name,
                             file->file_name, quoted);
    }
  terrane_wheel_places_warn (self->places, requirement->normalised);
  g_hash_table_insert (self->fresh, requirement->normalised, terrane_index_file_copy (file));
  return wheel_to_json (requirement, file);
}

/* Reports all missing wheels together, and the places' answers once for neighbours with the same
 * answers. */
static void
add_problem (const Choice *self, const TerraneRequirement *requirement, const char *message,
             GString *problems, char **asked, int *code)
{
  char *report = terrane_wheel_places_report (self->places, requirement->normalised, code);
  if (*asked != NULL && !g_str_equal (*asked, report))
    g_string_append (problems, *asked);
  g_free (*asked);
  *asked = report;
  g_autofree char *where =
      terrane_requirement_where (requirement, self->spec->wheels->requirements);
  g_string_append_printf (problems, "%s%s: %s", problems->len > 0 ? "\n" : "", where, message);
}

/* Makes the choice for each of @open. */
static gboolean
choose (const Choice *self, const GPtrArray *open, GHashTable *out_wheels, GError **error)
{
  int code = OCI_ERROR_USAGE;
  g_autofree char *asked = NULL;
  g_autoptr (GString) problems = g_string_new (NULL);
  if (!terrane_wheel_places_ask (self->places, open, &self->target, error))
    return FALSE;
  for (guint i = 0; i < open->len; i++)
    {
      TerraneRequirement *requirement = open->pdata[i];
      g_autoptr (GError) local = NULL;
      json_t *wheel = choose_one (self, requirement, &local);
      if (g_error_matches (local, OCI_ERROR, OCI_ERROR_CANCELLED))
        {
          g_propagate_error (error, g_steal_pointer (&local));
          return FALSE;
        }
      if (wheel != NULL)
        g_hash_table_insert (out_wheels, requirement->normalised, wheel);
      else
        {
          if (!g_error_matches (local, OCI_ERROR, OCI_ERROR_NOT_FOUND))
            code = local->code;
          add_problem (self, requirement, local->message, problems, &asked, &code);
        }
    }
  return problems->len == 0
         || oci_throw (error, (OciError) code, "%s%s", problems->str, asked != NULL ? asked : "");
}

static int
compare_requirements (gconstpointer a, gconstpointer b)
{
  const TerraneRequirement *x = *(TerraneRequirement *const *) a;
  const TerraneRequirement *y = *(TerraneRequirement *const *) b;
  return strcmp (x->normalised, y->normalised);
}

/* Returns the location in the requirement itself. */
static const char *
asked_url (const TerraneRequirement *requirement, const char *name)
{
  const TerraneIndexFile *file = file_of (requirement, name);
  return file == NULL ? requirement->url : file->local ? NULL : file->url;
}

/* Returns the URL of a locked wheel: that of the requirement if only the query differs. */
static char *
locked_url (const json_t *wheel, const char *asked_as)
{
  const char *url = text_of (wheel, "url");
  g_autofree char *asked = NULL;
  g_autoptr (OciSecret) authorization = NULL;
  if (url == NULL || asked_as == NULL || !oci_url_take_user (asked_as, &asked, &authorization, NULL)
      || strlen (url) != strcspn (asked, "?") || strncmp (asked, url, strlen (url)) != 0)
    return g_strdup (url);
  return g_steal_pointer (&asked);
}

/* Sets the location of the wheel: local, else where it was found now or when the lock was made. */
static void
pin (const Choice *self, const TerraneRequirement *requirement, const json_t *wheel)
{
  const TerraneIndexFile *fresh = g_hash_table_lookup (self->fresh, requirement->normalised);
  const TerraneIndexFile *asked = file_of (requirement, text_of (wheel, "file"));
  TerraneWheelPin *pinned = g_new0 (TerraneWheelPin, 1);
  g_ptr_array_add (self->pin->wheels, pinned);
  pinned->name = g_strdup (text_of (wheel, "name"));
  pinned->version = g_strdup (text_of (wheel, "version"));
  pinned->file_name = g_strdup (text_of (wheel, "file"));
  pinned->hash = g_strdup (hash_of (wheel, requirement));
  pinned->asked_url = g_strdup (asked_url (requirement, pinned->file_name));
  pinned->size = asked != NULL ? asked->size : 0;
  (void) oci_digest_parse_hex (text_of (wheel, "sha256"), &pinned->sha256, NULL); /* is valid */
  if (fresh != NULL && fresh->local)
    pinned->path = g_strdup (fresh->url);
  else if (fresh == NULL)
    pinned->path = find_here (self, requirement, wheel, &pinned->sha256);
  if (pinned->path != NULL)
    return;
  pinned->url = fresh != NULL ? g_strdup (fresh->url) : locked_url (wheel, pinned->asked_url);
  if (fresh != NULL && fresh->authorization != NULL)
    pinned->authorization = g_strdup (fresh->authorization);
  else if (asked != NULL && asked->authorization != NULL
           && g_strcmp0 (asked->url, pinned->url) == 0)
    pinned->authorization = g_strdup (asked->authorization);
  else if (pinned->url != NULL)
    pinned->authorization =
        terrane_wheel_places_authorize (self->places, pinned->asked_url, pinned->url);
}

static gboolean
answer_all (const Choice *self, GPtrArray *active, const json_t *locked, json_t *entry,
            GError **error)
{
  g_autoptr (GHashTable) chosen =
      g_hash_table_new_full (oci_text_hash, g_str_equal, NULL, (GDestroyNotify) json_decref);
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
      if (text_of (wheel, "sha256") != NULL)
        pin (self, requirement, wheel);
    }
  terrane_wheel_layers_pin (self->resolution, self->spec, self->pin, active, wheels);
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

/* Sets the requested parts of a pylock.toml; other files have neither extras nor groups. */
static gboolean
choose_parts (const TerraneResolution *self, const TerraneWheelsSpec *spec,
              TerraneRequirements *requirements, GError **error)
{
  const char *file = spec->requirements;
  if (requirements->pylock == NULL)
    return (spec->extras == NULL && spec->groups == NULL)
           || oci_throw (error, OCI_ERROR_USAGE,
                         "‘%s’ is of a pylock.toml; %s is resolved for what it is for",
                         spec->extras != NULL ? "extras" : "groups", file);
  if (requirements->pylock->minor > 0)
    terrane_progress_warn (self->options->progress,
                           "%s has a later lock-version than 1.0: what that added is not looked at",
                           file);
  return terrane_pylock_choose (requirements, spec->extras, spec->groups, file, error);
}

static gboolean
answer (TerraneResolution *self, TerranePin *source, const json_t *locked, json_t *entry,
        GError **error)
{
  const TerraneSourceSpec *spec = source->spec;
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
      || !check_report (requirements, &choice.target, file, error)
      || !choose_parts (self, spec->wheels, requirements, error)
      || !find_patch (self, spec, requirements, &choice.target, entry, error)
      || (requirements->pylock != NULL
          && !terrane_pylock_check_target (requirements, &choice.target, file, error)))
    return FALSE;
  choice.pin = terrane_pin_set_wheels (source, &choice.target);
  g_autoptr (GPtrArray) active =
      terrane_requirements_select (requirements, &choice.target, file, error);
  if (active == NULL)
    return FALSE;
  g_autoptr (TerraneTags) tags = terrane_tags_new (&choice.target);
  choice.tags = tags;
  g_autoptr (GHashTable) fresh = g_hash_table_new_full (oci_text_hash, g_str_equal, NULL,
                                                        (GDestroyNotify) terrane_index_file_free);
  terrane_wheel_places_name (source, requirements);
  g_autoptr (TerraneWheelPlaces) places = terrane_wheel_places_new (source, self->options->remote);
  choice.places = places;
  choice.fresh = fresh;
  return answer_all (&choice, active, locked, entry, error);
}

const TerraneSourceResolver terrane_resolver_wheels = {
  .ask = ask,
  .answer = answer,
};

static void
search_free (gpointer search)
{
  terrane_wheel_search_free (search);
}

static gboolean
fetch (TerraneFetch *self, const TerranePin *source, GError **error)
{
  TerraneWheelSearch *search =
      terrane_wheel_search_new (self->remote, source, self->downloads, error);
  if (search != NULL)
    terrane_fetch_keep (self, search, search_free);
  return search != NULL;
}

const TerraneSourceFetcher terrane_fetcher_wheels = { .fetch = fetch };
