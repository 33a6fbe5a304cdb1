#include "builder/validate.h"

#include "builder/error.h"
#include "builder/image/shared-results.h"
#include "builder/remote/interrupt.h"
#include "builder/store/cache.h"
#include "builder/store/commit.h"
#include "builder/validation/probes.h"
#include "builder/validation/run.h"
#include "builder/validation/suite.h"

#include <fcntl.h>
#include <string.h>

enum
{
  MAX_SCRIPT_BYTES = 1024 * 1024,
  MAX_NAMES = 8, /* of operations that failed for one reason */
};

gboolean
terrane_validate_wanted (const TerraneProfile *profile)
{
  return terrane_validate_spec_has_runs (&profile->validate) || terrane_probes_wanted (profile);
}

GPtrArray *
terrane_validate_load_scripts (const TerraneValidateSpec *spec, GError **error)
{
  g_autoptr (GPtrArray) scripts = g_ptr_array_new_with_free_func (terrane_validation_script_free);
  for (guint i = 0; i < spec->scripts->len; i++)
    {
      const char *path = spec->scripts->pdata[i];
      g_autoptr (GBytes) content = NULL;
      if (!oci_read_file (AT_FDCWD, path, MAX_SCRIPT_BYTES, &content, error))
        {
          g_prefix_error (error, "validate.scripts[%u]: ", i);
          return NULL;
        }
      TerraneValidationScript *script = g_new0 (TerraneValidationScript, 1);
      script->name = g_path_get_basename (path);
      script->content = g_steal_pointer (&content);
      g_ptr_array_add (scripts, script);
    }
  return g_steal_pointer (&scripts);
}

/* Identifies the emulator, by its content if this process knows the file. */
static json_t *
emulator_key (const TerraneEmulator *emulator)
{
  OciDigest digest;
  OciDigestHex hex;
  g_auto (OciFd) fd = -1;
  json_t *key = json_object ();
  oci_json_set (key, "name", oci_json_text (emulator->name));
  oci_json_set (key, "kind", json_integer (emulator->kind));
  if (emulator->program != NULL
      && oci_open_file (AT_FDCWD, emulator->program, TRUE, &fd, NULL, NULL)
      && oci_digest_of_fd (fd, &digest, NULL, NULL)) /* running it reports the problem */
    oci_json_set (key, "program", oci_json_text (oci_digest_hex (&digest, hex)));
  return key;
}

/* Returns: (transfer full) (nullable): NULL if programs are contained */
static json_t *
unconfined_to_json (TerraneSandboxKind kind)
{
  const char *const *words = terrane_sandbox_unconfined (kind);
  json_t *list = words != NULL ? json_array () : NULL;
  for (; words != NULL && *words != NULL; words++)
    oci_json_append (list, oci_json_text (*words));
  return list;
}

json_t *
terrane_validate_inputs (const TerraneProfile *profile, const TerraneImage *image,
                         const GPtrArray *scripts, const GPtrArray *events,
                         const TerraneValidateOptions *options)
{
  const TerraneEmulator *emulator = options->emulator;
  static const char *const keys[] = { "validate", "limits" };
  OciDigestHex hex;
  /* It may fail with another version of terrane, or in a sandbox that allows less. */
  OciDigest version = terrane_suite_version ();
  json_t *key = json_object ();
  json_t *digests = json_array ();
  for (guint i = 0; i < scripts->len; i++)
    {
      const TerraneValidationScript *script = scripts->pdata[i];
      OciDigest digest = oci_digest_of_bytes (script->content);
      oci_json_append (digests, oci_json_text (script->name));
      oci_json_append (digests, oci_json_text (oci_digest_hex (&digest, hex)));
    }
  for (size_t i = 0; i < G_N_ELEMENTS (keys); i++)
    {
      /* As text, since digested documents have no fractions. */
      const json_t *value = json_object_get (profile->document->root.value, keys[i]);
      char *text = value != NULL ? json_dumps (value, JSON_SORT_KEYS | JSON_COMPACT) : NULL;
      oci_json_set (key, keys[i], oci_json_text (text != NULL ? text : ""));
      free (text);
    }
  oci_json_set (key, "commit", oci_json_text (oci_digest_hex (&image->assembled, hex)));
  oci_json_set (key, "config", oci_json_text (oci_digest_hex (&image->config, hex)));
  oci_json_set (key, "scripts", digests);
  oci_json_set (key, "version", oci_json_text (oci_digest_hex (&version, hex)));
  oci_json_set (key, "terrane", oci_json_text (TERRANE_VERSION));
  oci_json_set (key, "sandbox_version", json_integer (TERRANE_SANDBOX_VERSION));
  if (terrane_probes_wanted (profile)) /* AWS_LAMBDA_FUNCTION_NAME, K_SERVICE */
    oci_json_set (key, "name", oci_json_text (profile->name));
  oci_json_set (key, "target", json_integer (profile->target));
  oci_json_set (key, "events", terrane_probes_digests (events));
  oci_json_set (key, "sandbox", json_integer (options->sandbox));
  json_t *unconfined = unconfined_to_json (options->sandbox); /* depends on the user */
  if (unconfined != NULL)
    oci_json_set (key, "unconfined", unconfined);
  if (emulator->name != NULL)
    oci_json_set (key, "emulator", emulator_key (emulator));
  return key;
}

static OciDigest
digest_of (const json_t *inputs)
{
  g_autoptr (GBytes) bytes = oci_json_dump (inputs);
  return oci_digest_of_bytes (bytes);
}

OciDigest
terrane_validate_key (const TerraneProfile *profile, const TerraneImage *image,
                      const GPtrArray *scripts, const GPtrArray *events,
                      const TerraneValidateOptions *options)
{
  g_autoptr (OciJsonValue) inputs =
      terrane_validate_inputs (profile, image, scripts, events, options);
  return digest_of (inputs);
}

gboolean
terrane_validate_find (TerraneStore *store, const TerraneProfile *profile,
                       const TerraneImage *image, const TerraneValidateOptions *options,
                       json_t **out_inputs, gboolean *out_known, GError **error)
{
  g_autoptr (GPtrArray) scripts = terrane_validate_load_scripts (&profile->validate, error);
  g_autoptr (GPtrArray) events = scripts != NULL ? terrane_probes_load (profile, error) : NULL;
  if (events == NULL)
    return FALSE;
  *out_inputs = terrane_validate_inputs (profile, image, scripts, events, options);
  OciDigest key = digest_of (*out_inputs);
  g_autoptr (OciJsonValue) known = terrane_cache_get (store, TERRANE_CACHE_RESULTS, &key);
  *out_known = json_is_array (json_object_get (known, "results"));
  return TRUE;
}

static void
on_started (gpointer data, const char *kind, const char *name)
{
  terrane_progress_phase (data, 0, "validating %s %s", kind, name);
}

static gboolean
run_probes (const TerraneValidateRun *run, GCancellable *cancellable, json_t *results,
            GError **error)
{
  const TerraneProbes probes = { .root = run->root,
                                 .config = run->config,
                                 .profile = run->profile,
                                 .spec = run->spec,
                                 .limits = run->limits,
                                 .events = run->events,
                                 .sandbox = run->sandbox,
                                 .emulator = run->emulator,
                                 .mounts = run->mounts,
                                 .network = run->network,
                                 .started = on_started,
                                 .data = (gpointer) run->progress,
                                 .cancellable = cancellable };
  return run->profile == NULL || terrane_probes_run (&probes, results, error);
}

/* Records how weak the sandbox was, for later readers. */
static void
add_unconfined (TerraneSandboxKind kind, json_t *results)
{
  size_t i;
  json_t *result;
  json_array_foreach (results, i, result)
  {
    json_t *words = unconfined_to_json (kind);
    if (words != NULL)
      oci_json_set (result, "unconfined", words);
  }
}

gboolean
terrane_validate_root (const TerraneValidateRun *run, json_t **out_results, GError **error)
{
  g_autoptr (GPtrArray) results = NULL;
  g_auto (GStrv) env = oci_image_config_env (run->config);
  g_autoptr (TerraneInterrupt) interrupt = terrane_interrupt_new ();
  const TerraneSandbox sandbox = { .root = run->root,
                                   .env = (const char *const *) env,
                                   .working_dir = oci_image_config_working_dir (run->config),
                                   .kind = run->sandbox,
                                   .emulator = run->emulator,
                                   .mounts = run->mounts,
                                   .network = run->network };
  const TerraneValidation validation = { .sandbox = &sandbox,
                                         .architecture =
                                             oci_image_config_architecture (run->config),
                                         .spec = run->spec,
                                         .limits = run->limits,
                                         .scripts = run->scripts,
                                         .measure = run->measure,
                                         .started = on_started,
                                         .data = (gpointer) run->progress,
                                         .cancellable = terrane_interrupt_cancellable (interrupt) };
  if ((run->profile != NULL
       && !terrane_probes_check (run->profile, run->sandbox, run->network, error))
      || !terrane_validation_run (&validation, &results, error))
    return FALSE;
  g_autoptr (OciJsonValue) all = terrane_results_to_json (results);
  if (!run_probes (run, validation.cancellable, all, error))
    return FALSE;
  add_unconfined (run->sandbox, all);
  *out_results = g_steal_pointer (&all);
  return TRUE;
}

static gboolean
run_in_store (TerraneStore *store, const TerraneImage *image, TerraneValidateRun *run,
              json_t **out_results, GError **error)
{
  OciDigestHex hex;
  g_autoptr (OciImageConfig) config = NULL;
  if (!oci_image_read (terrane_store_layout (store), image->manifest, NULL, &config, error)
      || !terrane_commit_checkout (store, &image->assembled,
                                   oci_digest_hex (&image->assembled, hex), error))
    return FALSE;
  g_autofree char *root = terrane_store_root_path (store, hex);
  run->root = root;
  run->config = config;
  return terrane_validate_root (run, out_results, error);
}

static void
append_lines (GString *message, const char *separator, const char *text)
{
  g_auto (GStrv) lines = g_strsplit (text, "\n", -1);
  guint n = g_strv_length (lines);
  while (n > 0 && lines[n - 1][0] == '\0')
    n--;
  for (guint i = 0; i < n; i++)
    g_string_append_printf (message, "%s%s", i > 0 ? separator : "", lines[i]);
}

static const char *
text_of (const json_t *result, const char *key)
{
  const char *text = json_string_value (json_object_get (result, key));
  return text != NULL ? text : "";
}

static gboolean
has_failed (const json_t *result)
{
  return !json_is_true (json_object_get (result, "passed"));
}

/* Whether @other has failed for the reason of @result, like all operations that import the same
 * broken package: their exceptions are equal, but not their tracebacks. Without an exception, all
 * of their output must be equal. */
static gboolean
is_same_failure (const json_t *result, const json_t *other)
{
  static const char *const keys[] = { "kind", "message", "explanation" };
  for (size_t i = 0; i < G_N_ELEMENTS (keys); i++)
    if (strcmp (text_of (result, keys[i]), text_of (other, keys[i])) != 0)
      return FALSE;
  const char *kind = text_of (result, "kind"), *message = text_of (result, "message");
  gboolean exception = strstr (message, "Error: ") != NULL
                       && (strcmp (kind, "import") == 0 || strcmp (kind, "order") == 0);
  return has_failed (other) && message[0] != '\0'
         && (exception || strcmp (text_of (result, "output"), text_of (other, "output")) == 0);
}

/* Appends failures with one reason as one, with their names; the output is that of the first. */
static void
append_failure (GString *message, const json_t *results, size_t first)
{
  const json_t *result = json_array_get (results, first);
  size_t count = 0;
  for (size_t i = 0; i < first; i++)
    if (is_same_failure (result, json_array_get (results, i)))
      return;
  g_string_append_printf (message, "\n%s %s", text_of (result, "kind"), text_of (result, "name"));
  for (size_t i = first + 1; i < json_array_size (results); i++)
    {
      const json_t *other = json_array_get (results, i);
      if (is_same_failure (result, other) && ++count < MAX_NAMES)
        g_string_append_printf (message, ", %s", text_of (other, "name"));
    }
  if (count >= MAX_NAMES)
    g_string_append_printf (message, " and %zu more", count - MAX_NAMES + 1);
  g_string_append (message, ": ");
  append_lines (message, "\n  ", text_of (result, "message"));
  g_string_append (message, text_of (result, "output")[0] != '\0' ? "\n  | " : "");
  append_lines (message, "\n  | ", text_of (result, "output"));
  if (text_of (result, "explanation")[0] != '\0')
    g_string_append_printf (message, "\n  → %s", text_of (result, "explanation"));
}

gboolean
terrane_validate_judge (const json_t *results, GError **error)
{
  g_autoptr (GString) message = g_string_new (NULL);
  unsigned failed = 0;
  for (size_t i = 0; i < json_array_size (results); i++)
    if (has_failed (json_array_get (results, i)))
      {
        failed++;
        append_failure (message, results, i);
      }
  if (failed == 0)
    return TRUE;
  g_set_error (error, TERRANE_ERROR, TERRANE_ERROR_REFUSED, "%u of %zu validations failed:%s",
               failed, json_array_size (results), message->str);
  return FALSE;
}

static gboolean
remember (TerraneStore *store, const OciDigest *key, const TerraneImage *image,
          const json_t *results, GError **error)
{
  OciDigestHex hex;
  g_autoptr (OciJsonValue) entry = json_object ();
  oci_json_set (entry, "commit", oci_json_text (oci_digest_hex (&image->assembled, hex)));
  oci_json_set (entry, "results", json_deep_copy (results));
  return terrane_cache_put (store, TERRANE_CACHE_RESULTS, key, entry, error);
}

/* @out_results: (out) (transfer full) (nullable): passed here or on another machine */
static gboolean
find_known (TerraneStore *store, const TerraneValidateOptions *options, const OciDigest *key,
            json_t **out_results, GError **error)
{
  g_autoptr (OciJsonValue) known = terrane_cache_get (store, TERRANE_CACHE_RESULTS, key);
  g_autoptr (OciJsonValue) shared = NULL;
  json_t *results = json_object_get (known, "results");
  if (json_is_array (results))
    {
      *out_results = json_incref (results);
      return TRUE;
    }
  if (!terrane_shared_result_take (options->cache, TERRANE_SHARED_VALIDATED, key, &shared, error))
    return FALSE;
  if (shared != NULL && terrane_validate_judge (shared, NULL))
    *out_results = g_steal_pointer (&shared);
  return TRUE;
}

static gboolean
give (TerraneStore *store, const TerraneValidateOptions *options, const OciDigest *key,
      json_t *results, GError **error)
{
  return terrane_shared_result_give (options->cache, store, TERRANE_SHARED_VALIDATED, key, results,
                                     error);
}

/* Fetches the files of an image whose layers are elsewhere. They must be those that it was
 * assembled from. */
static gboolean
bring_files (TerraneStore *store, const TerraneImage *image, const TerraneValidateOptions *options,
             GError **error)
{
  OciLayout *layout = terrane_store_layout (store);
  g_auto (TerraneImageFiles) files = { 0 };
  gboolean found = FALSE;
  if (!terrane_commit_find (store, &image->assembled, &found, error))
    return FALSE;
  if (found)
    return TRUE;
  g_autoptr (OciManifest) manifest = NULL;
  g_autoptr (OciImageConfig) config = NULL;
  if (!terrane_remote_complete (options->remote, image->manifest, error)
      || !oci_image_read (layout, image->manifest, &manifest, &config, error))
    return FALSE;
  const TerraneOpenImage open = {
    .layout = layout, .descriptor = image->manifest, .manifest = manifest, .config = config
  };
  return terrane_image_files (store, &open, FALSE, options->jobs, options->progress, &files, error)
         && (oci_digest_equal (&files.commit, &image->assembled)
             || oci_throw (error, OCI_ERROR_CORRUPT,
                           "the layers that a registry has of the image hold other files than its "
                           "cache says"));
}

gboolean
terrane_validate_image (TerraneStore *store, const TerraneProfile *profile,
                        const TerraneImage *image, const TerraneValidateOptions *options,
                        json_t **out_results, gboolean *out_cached, GError **error)
{
  g_autoptr (GPtrArray) scripts = terrane_validate_load_scripts (&profile->validate, error);
  g_autoptr (GPtrArray) events = scripts != NULL ? terrane_probes_load (profile, error) : NULL;
  if (events == NULL)
    return FALSE;
  OciDigest key = terrane_validate_key (profile, image, scripts, events, options);
  if (!find_known (store, options, &key, out_results, error))
    return FALSE;
  *out_cached = *out_results != NULL;
  if (*out_cached)
    return give (store, options, &key, *out_results, error);
  TerraneValidateRun run = { .spec = &profile->validate,
                             .limits = &profile->limits,
                             .measure = profile->limits.import_time_ms > 0,
                             .sandbox = options->sandbox,
                             .profile = profile,
                             .scripts = scripts,
                             .events = events,
                             .emulator = options->emulator,
                             .progress = options->progress };
  if (!bring_files (store, image, options, error)
      || !run_in_store (store, image, &run, out_results, error))
    {
      g_prefix_error (error, "validation: ");
      return FALSE;
    }
  return terrane_validate_judge (*out_results, error)
         && remember (store, &key, image, *out_results, error)
         && give (store, options, &key, *out_results, error);
}
