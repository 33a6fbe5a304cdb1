/* terrane cache: everything that the next build needs, in one file. */
#include "builder/cli/cache-key.h"
#include "builder/cli/load-profile.h"
#include "builder/cli/workbench.h"
#include "builder/image/cache-file.h"
#include "builder/profile/lock.h"

#include "oci/base/number.h"
#include "oci/base/suggest.h"
#include "oci/digest.h"

#include <string.h>
#include <sys/stat.h>

enum
{
  MAX_PROFILES = 1000,
};

typedef struct
{
  gboolean downloads;
  char *platform; /* (nullable) */
} CacheOptions;

/* Adds every digest of a lock's entry: those of wheels and archives are downloads. */
static void
add_digests (const json_t *value, GPtrArray *digests)
{
  const char *key;
  json_t *member;
  size_t i;
  if (json_is_array (value))
    json_array_foreach (value, i, member) add_digests (member, digests);
  json_object_foreach ((json_t *) value, key, member)
  {
    OciDigest digest;
    if (strcmp (key, "sha256") == 0 && json_is_string (member)
        && oci_digest_parse_hex (json_string_value (member), &digest, NULL))
      g_ptr_array_add (digests, g_memdup2 (&digest, sizeof digest));
    else
      add_digests (member, digests);
  }
}

typedef struct
{
  GPtrArray *names;     /* of images that must exist */
  GPtrArray *others;    /* of further images that a build of several platforms makes */
  GPtrArray *downloads; /* (nullable): of OciDigest */
} Wanted;

static void
add_name (GPtrArray *names, const char *name, const char *tag)
{
  char *full = g_strdup_printf ("%s:%s", name, tag);
  if (g_ptr_array_find_with_equal_func (names, full, g_str_equal, NULL))
    g_free (full);
  else
    g_ptr_array_add (names, full);
}

static gboolean
add_downloads (const char *path, const TerraneProfile *profile, GPtrArray *downloads,
               GError **error)
{
  g_autofree char *lock_path = terrane_lock_path (path);
  g_autofree char *platform = oci_platform_text (&profile->platform);
  g_autoptr (TerraneLock) lock = terrane_lock_load (lock_path, error);
  if (lock == NULL)
    return FALSE;
  add_digests (terrane_lock_get_platform (lock, platform), downloads);
  return TRUE;
}

/* A build of one platform uses the tag latest; in a build of several, the tag of each image is its
 * processor, unless the profile's name tells the images apart. */
static gboolean
add_profile (const char *path, const char *platform, Wanted *wanted, char ***out_platforms,
             GError **error)
{
  g_autoptr (TerraneProfile) profile = terrane_command_load_profile_to_lock (path, platform, error);
  if (profile == NULL)
    return FALSE;
  add_name (out_platforms != NULL ? wanted->names : wanted->others, profile->name, "latest");
  if (g_strv_length (profile->platforms) > 1)
    add_name (wanted->others, profile->name, profile->platform.architecture);
  if (out_platforms != NULL)
    *out_platforms = g_strdupv (profile->platforms);
  return wanted->downloads == NULL || add_downloads (path, profile, wanted->downloads, error);
}

static gboolean
add_platforms (const char *path, const CacheOptions *options, Wanted *wanted, GError **error)
{
  g_auto (GStrv) platforms = NULL;
  if (!add_profile (path, options->platform, wanted, &platforms, error))
    return FALSE;
  for (guint i = 1; options->platform == NULL && platforms[0] != NULL && platforms[i] != NULL; i++)
    if (!add_profile (path, platforms[i], wanted, NULL, error))
      return FALSE;
  return TRUE;
}

static gboolean
find_image (TerraneStore *store, const char *name, gboolean *out_found, GError **error)
{
  g_autoptr (GError) local = NULL;
  g_autoptr (OciDescriptor) image =
      oci_layout_resolve (terrane_store_layout (store), name, NULL, &local);
  *out_found = image != NULL;
  if (image != NULL || g_error_matches (local, OCI_ERROR, OCI_ERROR_NOT_FOUND))
    return TRUE;
  g_propagate_error (error, g_steal_pointer (&local));
  return FALSE;
}

/* Finds the names of all images that exist. */
static gboolean
find_images (TerraneStore *store, Wanted *wanted, char **profiles, GError **error)
{
  gboolean found = FALSE;
  GPtrArray *names = wanted->names;
  for (guint i = 0; i < names->len; i++)
    {
      if (!find_image (store, names->pdata[i], &found, error))
        return FALSE;
      if (!found)
        return oci_throw (error, OCI_ERROR_NOT_FOUND,
                          "cache export: the store %s has no image %s; build it first: terrane "
                          "build %s",
                          terrane_store_path (store), (const char *) names->pdata[i],
                          profiles[MIN (i, g_strv_length (profiles) - 1)]);
    }
  for (guint i = 0; i < wanted->others->len; i++)
    {
      const char *name = wanted->others->pdata[i];
      if (!find_image (store, name, &found, error))
        return FALSE;
      if (found && !g_ptr_array_find_with_equal_func (names, name, g_str_equal, NULL))
        g_ptr_array_add (names, g_strdup (name));
    }
  g_ptr_array_add (names, NULL);
  return TRUE;
}

static json_t *
report_to_json (const char *path, const TerraneCacheReport *report)
{
  struct stat st = { 0 };
  json_t *object = json_object (), *images = json_array ();
  for (guint i = 0; i < report->images->len; i++)
    oci_json_append (images, oci_json_text (report->images->pdata[i]));
  oci_json_set (object, "file", oci_json_text (path));
  oci_json_set (object, "size", json_integer (stat (path, &st) == 0 ? (json_int_t) st.st_size : 0));
  oci_json_set (object, "images", images);
  oci_json_set (object, "blobs", json_integer (report->blobs));
  oci_json_set (object, "downloads", json_integer (report->downloads));
  oci_json_set (object, "objects", json_integer (report->objects));
  oci_json_set (object, "entries", json_integer (report->entries));
  return object;
}

static void
print_report (const json_t *object)
{
  const json_t *images = json_object_get (object, "images");
  size_t i;
  json_t *image;
  g_autofree char *size =
      oci_format_size ((uint64_t) json_integer_value (json_object_get (object, "size")));
  json_array_foreach (images, i, image) terrane_print ("%s\n", json_string_value (image));
  terrane_print ("%s  %s\n", json_string_value (json_object_get (object, "file")), size);
}

static gboolean
export_cache (TerraneGlobal *global, const CacheOptions *options, char **arguments, GError **error)
{
  g_auto (TerraneWorkbench) bench = TERRANE_WORKBENCH_INIT;
  g_auto (TerraneCacheReport) report = { 0 };
  TerraneCacheOptions cache = { 0 };
  g_autoptr (GPtrArray) names = g_ptr_array_new_with_free_func (g_free);
  g_autoptr (GPtrArray) others = g_ptr_array_new_with_free_func (g_free);
  g_autoptr (GPtrArray) downloads =
      options->downloads ? g_ptr_array_new_with_free_func (g_free) : NULL;
  Wanted wanted = { .names = names, .others = others, .downloads = downloads };
  g_auto (GStrv) profiles = terrane_command_select_profiles (arguments + 1, "cache export", error);
  if (profiles == NULL || !terrane_cache_key_find (&cache.key, error))
    return FALSE;
  for (char **profile = profiles; *profile != NULL; profile++)
    if (!add_platforms (*profile, options, &wanted, error))
      return FALSE;
  if (!terrane_workbench_open (global, NULL, 0, &bench, error)
      || !find_images (bench.store, &wanted, profiles, error))
    return FALSE;
  cache.jobs = bench.jobs;
  cache.progress = bench.progress;
  if (!terrane_cache_export (bench.store, arguments[0], (const char *const *) names->pdata,
                             downloads, &cache, &report, error))
    return FALSE;
  g_autoptr (OciJsonValue) document = report_to_json (arguments[0], &report);
  terrane_workbench_show (&bench, document, print_report);
  return TRUE;
}

static gboolean
import_cache (TerraneGlobal *global, const char *path, GError **error)
{
  g_auto (TerraneWorkbench) bench = TERRANE_WORKBENCH_INIT;
  g_auto (TerraneCacheReport) report = { 0 };
  TerraneCacheOptions cache = { 0 };
  if (!terrane_cache_key_find (&cache.key, error)
      || !terrane_workbench_open (global, NULL, 0, &bench, error))
    return FALSE;
  cache.jobs = bench.jobs;
  cache.progress = bench.progress;
  if (!terrane_cache_import (bench.store, path, &cache, &report, error))
    return FALSE;
  g_autoptr (OciJsonValue) document = report_to_json (path, &report);
  terrane_workbench_show (&bench, document, print_report);
  return TRUE;
}

static const char *const verbs[] = { "export", "import", NULL };

static gboolean
run_cache (TerraneGlobal *global, const void *data, char **arguments, GError **error)
{
  const CacheOptions *options = data;
  gboolean exports = strcmp (arguments[0], "export") == 0;
  if (exports && arguments[2] == NULL)
    return oci_throw (error, OCI_ERROR_USAGE, "cache export: expected FILE and PROFILE…");
  if (exports)
    return export_cache (global, options, arguments + 1, error);
  if (strcmp (arguments[0], "import") == 0)
    return arguments[2] == NULL && !options->downloads && options->platform == NULL
               ? import_cache (global, arguments[1], error)
               : oci_throw (error, OCI_ERROR_USAGE,
                            "cache import: expected one FILE, and no options of its own");
  g_autofree char *quoted = oci_quote (arguments[0]);
  g_autofree char *hint = oci_did_you_mean (arguments[0], verbs);
  return oci_throw (error, OCI_ERROR_USAGE, "cache: %s is neither export nor import%s", quoted,
                    hint);
}

static const TerraneOption cache_options[] = {
  { .name = "downloads",
    .kind = TERRANE_OPTION_FLAG,
    .target = offsetof (CacheOptions, downloads),
    .help = "export: also the wheels and archives that the locks name" },
  { .name = "platform",
    .kind = TERRANE_OPTION_PLATFORM,
    .target = offsetof (CacheOptions, platform),
    .metavar = "OS/ARCH",
    .help = "export: of the locks, instead of the profile's" },
  TERRANE_OPTION_END,
};

const TerraneCommand terrane_command_cache = {
  .name = "cache",
  .arguments = "export FILE PROFILE…\nimport FILE",
  .summary = "Move what the next build needs between stores, in one file",
  .description =
      "export: the images that the profiles were built to, and by what their next build is quick. "
      "The file loses nothing in caches of CI, and has the same bytes for the same content.\n"
      "import: adds a file to the store. Only take files of those whom you would let change the "
      "profile; with TERRANE_CACHE_KEY set, files that are not signed with it are refused.",
  .min = 2,
  .max = MAX_PROFILES,
  .scopes = TERRANE_SCOPE_STORE | TERRANE_SCOPE_PROGRESS,
  .operands = { TERRANE_OPERAND_VERB, TERRANE_OPERAND_TEXT, TERRANE_OPERAND_PROFILE },
  .verbs = verbs,
  .options = (const TerraneOptionGroup[]){ { .rows = cache_options }, { .rows = NULL } },
  .size = sizeof (CacheOptions),
  .run = run_cache,
};
