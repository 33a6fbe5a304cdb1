#include "builder/cli/build-run.h"

#include "builder/cli/build-deliver.h"
#include "builder/cli/build-report.h"
#include "builder/cli/build-verify.h"
#include "builder/cli/destination.h"
#include "builder/cli/load-profile.h"
#include "builder/cli/record-file.h"
#include "builder/cli/validation-report.h"
#include "builder/cli/zip-output.h"
#include "builder/error.h"
#include "builder/image/debug-files.h"
#include "builder/store/names.h"
#include "builder/validation/probes.h"

#include "oci/base/suggest.h"

#include <string.h>

gboolean
terrane_build_has_platforms (const TerraneBuildArguments *options)
{
  return options->platform != NULL
         && (strchr (options->platform, ',') != NULL
             || strcmp (options->platform, TERRANE_PLATFORMS_ALL) == 0);
}

static TerraneDelivery
make_delivery (const TerraneBuildArguments *options)
{
  return (TerraneDelivery){ .push = options->push,
                            .outputs = options->outputs,
                            .push_options = &options->push_options };
}

static gboolean
check_debug_output (const TerraneProfile *profile, const TerraneBuildArguments *options,
                    GError **error)
{
  gboolean separate = options->debug_output == NULL;
  for (guint i = 0; i < profile->trees->len; i++)
    {
      const TerraneSourceSpec *spec = profile->trees->pdata[i];
      separate = separate || spec->transforms->strip == TERRANE_STRIP_SEPARATE;
    }
  return separate
         || oci_throw (error, OCI_ERROR_USAGE,
                       "%s: --debug-output is for what \"strip\": {\"debug\": \"separate\"} takes "
                       "out, and no tree has that among its transforms",
                       profile->path);
}

gboolean
terrane_build_split_names (const char *command, char **values, char ***out_names, GError **error)
{
  if (values == NULL)
    return TRUE;
  g_autofree char *all = g_strjoinv (",", values);
  g_auto (GStrv) names = g_strsplit (all, ",", -1);
  if (names[0] == NULL) /* without names: everything */
    return TRUE;
  if (g_strv_contains ((const char *const *) names, ""))
    return oci_throw (error, OCI_ERROR_USAGE, "%s: --update-lock=%s: a name is empty", command,
                      all);
  *out_names = g_steal_pointer (&names);
  return TRUE;
}

gboolean
terrane_build_check_update_names (const TerraneProfile *profile, char **names, GError **error)
{
  g_autoptr (GPtrArray) known = g_ptr_array_new ();
  g_ptr_array_add (known, (gpointer) "base");
  for (guint i = 0; i < profile->trees->len; i++)
    g_ptr_array_add (known, ((TerraneSourceSpec *) profile->trees->pdata[i])->name);
  g_ptr_array_add (known, NULL);
  const char *const *words = (const char *const *) known->pdata;
  for (char **name = names; name != NULL && *name != NULL; name++)
    if (!g_strv_contains (words, *name))
      {
        g_autofree char *quoted = oci_quote (*name);
        g_autofree char *hint = oci_did_you_mean (*name, words);
        return oci_throw (error, OCI_ERROR_USAGE, "%s: --update-lock=%s: there is no such tree%s",
                          profile->path, quoted, hint);
      }
  return TRUE;
}

/* @out_platforms: (out) (transfer full) (nullable): NULL for the profile's first */
/* With two profiles of one name, only the image of the last one would be left. */
static gboolean
check_name (const TerraneBuildSession *self, const TerraneProfile *profile, GError **error)
{
  return g_hash_table_add (self->names, g_strdup (profile->name))
         || oci_throw (error, OCI_ERROR_USAGE, "%s: another profile is called ‘%s’ too",
                       profile->path, profile->name);
}

/* Whether an output is made from trees instead of an image. */
static gboolean
needs_trees (const TerraneBuildArguments *options)
{
  gboolean zips = FALSE;
  for (char **output = options->outputs; output != NULL && *output != NULL; output++)
    zips = zips || g_str_has_prefix (*output, "lambda-");
  return zips || options->debug_output != NULL;
}

/* @stay: (nullable): the registry that gets the image, which has its name only afterwards */
static TerraneBuildOptions
make_options (const TerraneBuildSession *self, const char *stay)
{
  const TerraneBuildArguments *options = self->options;
  return (TerraneBuildOptions){
    .jobs = self->bench->jobs,
    .validate = !options->no_validate,
    .unnamed = stay != NULL,
    .explain = options->explain,
    .keep_failed = options->keep_failed,
    .sandbox = options->sandbox,
    .lock = { .require = options->locked,
              .ignore = options->no_lock,
              .update = options->update_lock != NULL,
              .update_names = (const char *const *) self->update_names },
    .remote = self->bench->remote,
    .cache = { .from = options->cache_from,
               .to = options->cache_to,
               .secret = self->cache_secret,
               .create_repository = options->push_options.create_repository,
               .compare = options->no_trust_cache,
               .stay = stay,
               .whole = needs_trees (options) },
    .progress = self->bench->progress,
  };
}

/* Returns the record of an image that was not made, since the checks failed. */
static json_t *
failed_record (const TerraneProfile *profile, json_t *findings)
{
  json_t *record = json_object ();
  g_autofree char *platform = oci_platform_text (&profile->platform);
  oci_json_set (record, "version", json_integer (1));
  oci_json_set_text (record, "name", profile->name);
  oci_json_set_text (record, "platform", platform);
  oci_json_set (record, "findings", json_incref (findings));
  oci_json_set (record, "passed", json_false ());
  return record;
}

/* Returns: (transfer full) (nullable): the name of the file: with several platforms each has a file
 * of its own, or none */
static char *
file_of (const TerraneProfile *profile, const char *option, const char *text, GError **error)
{
  g_autofree char *expanded = terrane_command_expand (profile, option, text, error);
  if (expanded == NULL || !terrane_profile_wants_lock (expanded))
    return g_steal_pointer (&expanded);
  (void) oci_throw (error, OCI_ERROR_USAGE, "build: %s: ‘${lock.short}’ is not known there",
                    option);
  return NULL;
}

static gboolean
check_files (const TerraneBuildSession *self, const GPtrArray *all, GError **error)
{
  const TerraneBuildArguments *options = self->options;
  const char *const files[][2] = { { "--junit", options->junit },
                                   { "--debug-output", options->debug_output } };
  for (size_t i = 0; i < G_N_ELEMENTS (files); i++)
    {
      g_autofree char *first = NULL;
      for (guint k = 0; files[i][1] != NULL && k < all->len; k++)
        {
          const TerraneBuilt *built = all->pdata[k];
          g_autofree char *path = file_of (built->profile, files[i][0], files[i][1], error);
          if (path == NULL)
            return FALSE;
          if (g_strcmp0 (path, first) == 0)
            return oci_throw (error, OCI_ERROR_USAGE,
                              "build: %s: several platforms would have one; write ‘${arch}’ in it",
                              files[i][0]);
          g_free (first);
          first = g_steal_pointer (&path);
        }
    }
  return TRUE;
}

/* Loads everything before anything is built: one profile for each platform.
 *
 * Returns: (transfer full) (nullable) */
static GPtrArray *
load_all (const TerraneBuildSession *self, const char *path, GError **error)
{
  const TerraneBuildArguments *options = self->options;
  const TerraneDelivery delivery = make_delivery (options);
  g_autoptr (GPtrArray) all = g_ptr_array_new_with_free_func (terrane_built_free);
  g_auto (GStrv) platforms = NULL;
  if (!terrane_command_list_platforms (options->platform, path, &platforms, error))
    return NULL;
  for (guint i = 0; i == 0 || (platforms != NULL && platforms[i] != NULL); i++)
    {
      TerraneBuilt *built = terrane_built_new ();
      g_ptr_array_add (all, built);
      built->profile =
          terrane_command_load_profile (path, platforms != NULL ? platforms[i] : NULL, error);
      if (built->profile == NULL
          || !terrane_build_check_update_names (built->profile, self->update_names, error)
          || !check_debug_output (built->profile, options, error)
          || (!options->no_validate
              && !terrane_probes_check (built->profile, options->sandbox, TERRANE_NETWORK_NONE,
                                        error)))
        return NULL;
    }
  const TerraneBuilt *first = all->pdata[0];
  if (!check_name (self, first->profile, error) || !terrane_delivery_check (&delivery, all, error)
      || !check_files (self, all, error))
    return NULL;
  return g_steal_pointer (&all);
}

static gboolean
write_junit (const TerraneBuildArguments *options, const TerraneBuilt *built, GError **error)
{
  if (options->junit == NULL || built->build->validation == NULL)
    return TRUE;
  g_autofree char *path = file_of (built->profile, "--junit", options->junit, error);
  return path != NULL
         && terrane_validation_report_write_junit (path, built->profile->name,
                                                   built->build->validation, error);
}

static gboolean
write_debug (const TerraneBuildSession *self, const TerraneBuilt *built, GError **error)
{
  const char *output = self->options->debug_output;
  if (output == NULL)
    return TRUE;
  g_autofree char *path = file_of (built->profile, "--debug-output", output, error);
  return path != NULL
         && terrane_debug_files_write (self->bench->store, built->build->debug, path, error);
}

static gboolean
write_zips (const TerraneBuildSession *self, const TerraneBuilt *built, GError **error)
{
  const TerraneDelivery delivery = make_delivery (self->options);
  g_autoptr (GPtrArray) zips = terrane_delivery_zips (&delivery, built, error);
  return zips != NULL
         && terrane_zip_output_write (built->build, built->profile, zips, self->bench,
                                      self->bench->jobs, built->record, error);
}

static gboolean
verify (const TerraneBuildSession *self, const TerraneBuilt *built,
        const TerraneBuildOptions *options, GError **error)
{
  const TerraneVerify verification = { .bench = self->bench,
                                       .remote = &self->options->remote,
                                       .source_mirror = self->options->source_mirror,
                                       .image = self->options->verify,
                                       .compiled = self->options->verify_compile };
  return (!verification.image && !verification.compiled)
         || terrane_build_verify (&verification, built->profile, built->build, options,
                                  built->record, error);
}

/* Returns: (transfer full) (nullable): the registry in which layers may stay */
static char *
registry_of (const TerraneBuildSession *self, const GPtrArray *all)
{
  const TerraneBuildArguments *options = self->options;
  const TerraneDelivery delivery = make_delivery (options);
  return options->cache_from == NULL || options->verify || options->verify_compile
                 || options->debug_output != NULL
             ? NULL
             : terrane_delivery_registry (&delivery, all);
}

/* @tag: (nullable): of the image in the store. @stay: (nullable): see make_options(). An image that
 * failed its checks or its validation gets a record, too: it says what failed. */
static gboolean
make_one (const TerraneBuildSession *self, TerraneBuilt *built, const char *tag, const char *stay,
          GError **error)
{
  g_autoptr (OciJsonValue) failed = NULL;
  TerraneBuildOptions options = make_options (self, stay);
  options.out_failed = &failed;
  options.tag = tag;
  gboolean ok = terrane_build (self->bench->store, built->profile, &options, &built->build, error);
  if (built->build == NULL && failed != NULL)
    built->record = failed_record (built->profile, failed);
  if (built->build == NULL)
    return FALSE;
  built->record = terrane_build_record (built->build, built->profile);
  ok = ok && verify (self, built, &options, error);
  oci_json_set (built->record, "passed", json_boolean (ok));
  return write_junit (self->options, built, ok ? error : NULL) && ok;
}

/* Images whose layers stayed in a registry get their names when they have arrived, or when the
 * failure had another reason than these layers. */
static gboolean
name_all (const TerraneBuildSession *self, const GPtrArray *all, const char *stay, GError **error)
{
  for (guint i = 0; stay != NULL && i < all->len; i++)
    if (!terrane_build_set_name (self->bench->store, ((TerraneBuilt *) all->pdata[i])->build,
                                 error))
      return FALSE;
  return TRUE;
}

/* @out_misled: (out): a layer of --cache-from is not what it was said to be: the image has to be
 * built again without it. */
static gboolean
deliver (const TerraneBuildSession *self, const GPtrArray *all, const char *stay, json_t *document,
         gboolean *out_misled, GError **error)
{
  const TerraneDelivery delivery = make_delivery (self->options);
  TerraneRemote *remote = self->bench->remote;
  (void) terrane_remote_was_misled (remote);
  gboolean ok = terrane_delivery_send (&delivery, remote, all, document, error);
  *out_misled = !ok && stay != NULL && terrane_remote_was_misled (remote);
  return *out_misled ? FALSE : name_all (self, all, stay, ok ? error : NULL) && ok;
}

/* @why: (transfer full) */
static void
forget_all (const TerraneBuildSession *self, const GPtrArray *all, GError **why)
{
  terrane_progress_warn (self->bench->progress, "going on without --cache-from: %s",
                         (*why)->message);
  g_clear_error (why);
  for (guint i = 0; i < all->len; i++)
    terrane_built_forget (all->pdata[i]);
}

static gboolean
make_and_deliver (const TerraneBuildSession *self, const GPtrArray *all, gboolean *out_misled,
                  GError **error)
{
  TerraneBuilt *built = all->pdata[0];
  g_autofree char *stay = registry_of (self, all);
  return make_one (self, built, NULL, stay, error) && write_debug (self, built, error)
         && write_zips (self, built, error)
         && deliver (self, all, stay, built->record, out_misled, error);
}

/* @out_all: (out) (transfer full): of one TerraneBuilt */
static gboolean
build_one (const TerraneBuildSession *self, const char *path, GPtrArray **out_all, GError **error)
{
  const char *record = self->options->record;
  gboolean misled = FALSE;
  g_autoptr (GError) local = NULL;
  *out_all = load_all (self, path, error);
  if (*out_all == NULL)
    return FALSE;
  TerraneBuilt *built = (*out_all)->pdata[0];
  gboolean ok = make_and_deliver (self, *out_all, &misled, &local);
  if (misled)
    {
      TerraneBuildArguments options = *self->options;
      TerraneBuildSession again = *self;
      options.cache_from = NULL;
      again.options = &options;
      forget_all (self, *out_all, &local);
      ok = make_and_deliver (&again, *out_all, &misled, &local);
    }
  if (local != NULL)
    g_propagate_error (error, g_steal_pointer (&local));
  if (built->build == NULL)
    return FALSE;
  terrane_terminal_finish_phase (self->bench->terminal);
  oci_json_set (built->record, "passed", json_boolean (ok));
  return (record == NULL || terrane_record_file_write (record, built->record, ok ? error : NULL))
         && ok;
}

gboolean
terrane_build_run_single (const TerraneBuildSession *self, const char *path, GError **error)
{
  g_autoptr (GPtrArray) all = NULL;
  gboolean ok = build_one (self, path, &all, error);
  const TerraneBuilt *built = all != NULL ? all->pdata[0] : NULL;
  if (built == NULL || built->record == NULL)
    return FALSE;
  if (self->bench->global->output.json)
    terrane_print_json (built->record);
  else if (ok)
    terrane_build_report_print (built->build, path, built->record);
  return ok;
}

/* Merges several failures into one, with their exit code if they agree on it. An interrupt remains
 * one. */
static void
merge_failure (GError **failure, GError *error)
{
  if (g_error_matches (error, OCI_ERROR, OCI_ERROR_CANCELLED))
    g_clear_error (failure);
  if (*failure != NULL && terrane_exit_code (*failure) != terrane_exit_code (error))
    {
      (*failure)->domain = OCI_ERROR;
      (*failure)->code = OCI_ERROR_IO;
    }
  if (*failure == NULL)
    *failure = g_error_copy (error);
}

static json_t *
make_row (const TerraneBuildSession *self, const char *path, const json_t *record, gboolean ok,
          const GError *failure)
{
  json_t *row = json_object ();
  oci_json_set (row, "profile", oci_json_text (path));
  oci_json_set (row, "passed", json_boolean (ok));
  if (record != NULL)
    oci_json_set (row, "record", json_incref ((json_t *) record));
  if (failure != NULL)
    {
      terrane_terminal_finish_phase (self->bench->terminal);
      terrane_print_error (failure->message);
      oci_json_set (row, "error", terrane_error_to_json (failure));
    }
  return row;
}

static json_t *
build_row (const TerraneBuildSession *self, const char *path, GError **failure)
{
  g_autoptr (GPtrArray) all = NULL;
  g_autoptr (GError) local = NULL;
  gboolean ok = build_one (self, path, &all, &local);
  const TerraneBuilt *built = all != NULL ? all->pdata[0] : NULL;
  json_t *row = make_row (self, path, built != NULL ? built->record : NULL, ok, local);
  if (local != NULL)
    merge_failure (failure, local);
  return row;
}

/* In the store the tag of each image is its processor, unless the profile's name tells the images
 * apart. */
static const char *
tag_of (const GPtrArray *all, const TerraneBuilt *built)
{
  const TerraneBuilt *first = all->pdata[0], *last = all->pdata[all->len - 1];
  return all->len > 1 && strcmp (first->profile->name, last->profile->name) == 0
             ? built->profile->platform.architecture
             : NULL;
}

/* Everything is built, even after a failure; nothing is delivered unless all of it passed. */
static guint
make_all (const TerraneBuildSession *self, const char *path, const GPtrArray *all, const char *stay,
          json_t *rows, GError **failure)
{
  guint failed = 0;
  for (guint i = 0; i < all->len; i++)
    {
      TerraneBuilt *built = all->pdata[i];
      g_autoptr (GError) local = NULL;
      g_autofree char *platform = oci_platform_text (&built->profile->platform);
      gboolean ok = make_one (self, built, tag_of (all, built), stay, &local)
                    && write_debug (self, built, &local);
      json_t *row = make_row (self, path, built->record, ok, local);
      oci_json_set (row, "platform", oci_json_text (platform));
      oci_json_append (rows, row);
      failed += !ok;
      if (local != NULL)
        merge_failure (failure, local);
      if (g_error_matches (*failure, OCI_ERROR, OCI_ERROR_CANCELLED))
        break;
    }
  return failed;
}

static gboolean
deliver_all (const TerraneBuildSession *self, const GPtrArray *all, const char *stay,
             json_t *document, gboolean *out_misled, GError **error)
{
  const TerraneBuilt *first = all->pdata[0];
  g_autofree char *name = g_strconcat (first->profile->name, ":latest", NULL);
  for (guint i = 0; i < all->len; i++)
    if (!write_zips (self, all->pdata[i], error))
      return FALSE;
  return deliver (self, all, stay, document, out_misled, error)
         && (tag_of (all, first) == NULL
             || terrane_name_set (self->bench->store, name, first->build->image->manifest, error));
}

static void
print_all (const GPtrArray *all, const char *path, const json_t *document)
{
  size_t i;
  json_t *report;
  for (guint k = 0; k < all->len; k++)
    {
      const TerraneBuilt *built = all->pdata[k];
      g_autofree char *platform = oci_platform_text (&built->profile->platform);
      terrane_print ("%s%s\n\n", k > 0 ? "\n" : "", platform);
      terrane_build_report_print (built->build, path, built->record);
    }
  json_array_foreach (json_object_get (document, "pushes"), i, report)
      terrane_destination_print_push (report);
}

/* Returns: the number of platforms that failed */
static guint
make_and_deliver_all (const TerraneBuildSession *self, const char *path, const GPtrArray *all,
                      json_t *document, gboolean *out_misled, GError **failure)
{
  g_autofree char *stay = registry_of (self, all);
  json_t *rows = json_array ();
  (void) json_object_clear (document);
  oci_json_set (document, "version", json_integer (1));
  oci_json_set (document, "builds", rows);
  guint failed = make_all (self, path, all, stay, rows, failure);
  if (*failure == NULL)
    (void) deliver_all (self, all, stay, document, out_misled, failure);
  else if (stay != NULL) /* those that passed are in the store all the same */
    for (guint i = 0; i < all->len; i++)
      {
        TerraneBuilt *built = all->pdata[i];
        if (json_is_true (json_object_get (built->record, "passed")))
          (void) terrane_build_set_name (self->bench->store, built->build, NULL);
      }
  return failed;
}

gboolean
terrane_build_run_platforms (const TerraneBuildSession *self, const char *path, GError **error)
{
  g_autoptr (GPtrArray) all = load_all (self, path, error);
  g_autoptr (OciJsonValue) document = json_object ();
  g_autoptr (GError) failure = NULL;
  const char *record = self->options->record;
  gboolean misled = FALSE;
  if (all == NULL)
    return FALSE;
  guint failed = make_and_deliver_all (self, path, all, document, &misled, &failure);
  if (misled)
    {
      TerraneBuildArguments options = *self->options;
      TerraneBuildSession again = *self;
      options.cache_from = NULL;
      again.options = &options;
      forget_all (self, all, &failure);
      failed = make_and_deliver_all (&again, path, all, document, &misled, &failure);
    }
  gboolean ok = failure == NULL;
  terrane_terminal_finish_phase (self->bench->terminal);
  oci_json_set (document, "passed", json_boolean (ok));
  if (record != NULL && !terrane_record_file_write (record, document, ok ? &failure : NULL))
    ok = FALSE;
  if (self->bench->global->output.json)
    terrane_print_json (document);
  else if (ok)
    print_all (all, path, document);
  if (failure == NULL)
    return ok;
  if (failed > 0)
    g_set_error (error, failure->domain, failure->code,
                 "%u of %u platforms failed; nothing was pushed or written", failed, all->len);
  else
    g_propagate_error (error, g_steal_pointer (&failure));
  return FALSE;
}

gboolean
terrane_build_run_several (const TerraneBuildSession *self, char **paths, GError **error)
{
  g_autoptr (OciJsonValue) rows = json_array ();
  g_autoptr (GError) failure = NULL;
  guint failed = 0;
  for (char **path = paths; *path != NULL; path++)
    {
      json_t *row = build_row (self, *path, &failure);
      oci_json_append (rows, row);
      failed += !json_is_true (json_object_get (row, "passed"));
      if (g_error_matches (failure, OCI_ERROR, OCI_ERROR_CANCELLED))
        break;
    }
  if (self->bench->global->output.json)
    {
      g_autoptr (OciJsonValue) report = json_object ();
      oci_json_set (report, "builds", json_incref (rows));
      terrane_print_json (report);
    }
  else
    terrane_build_report_print_summary (rows);
  if (failure == NULL)
    return TRUE;
  g_set_error (error, failure->domain, failure->code, "%u of %zu profiles failed", failed,
               json_array_size (rows));
  return FALSE;
}
