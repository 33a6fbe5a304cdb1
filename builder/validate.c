#include "builder/validate.h"

#include "builder/error.h"
#include "builder/sandbox/validation.h"
#include "builder/store/cache.h"
#include "builder/store/commit.h"
#include "builder/validation/gates.h"

#include <fcntl.h>
#include <string.h>

enum
{
  MAX_SCRIPT_BYTES = 1024 * 1024,
};

#define TMP_BYTES (UINT64_C (512) * 1024 * 1024) /* Lambda's default /tmp */
#define DEFAULT_PATH "/usr/local/bin:/usr/bin:/bin"

gboolean
terrane_validate_wanted (const TerraneProfile *profile)
{
  const TerraneValidateSpec *validate = &profile->validate;
  return (validate->imports != NULL && validate->imports[0] != NULL) || validate->scripts->len > 0
         || terrane_gates_wanted (profile);
}

static GPtrArray *
load_scripts (const TerraneProfile *profile, GError **error)
{
  g_autoptr (GPtrArray) scripts = g_ptr_array_new_with_free_func (terrane_validation_script_free);
  for (guint i = 0; i < profile->validate.scripts->len; i++)
    {
      const char *path = profile->validate.scripts->pdata[i];
      g_autoptr (GBytes) content = NULL;
      if (!oci_read_file (AT_FDCWD, path, MAX_SCRIPT_BYTES, &content, error))
        {
          g_prefix_error (error, "%s: validate.scripts[%u]: ", profile->path, i);
          return NULL;
        }
      TerraneValidationScript *script = g_new0 (TerraneValidationScript, 1);
      script->name = g_path_get_basename (path);
      script->content = g_steal_pointer (&content);
      g_ptr_array_add (scripts, script);
    }
  return g_steal_pointer (&scripts);
}

/* Everything that the outcome depends on. */
static OciDigest
result_key (const TerraneProfile *profile, const TerraneImage *image, const GPtrArray *scripts,
            const GPtrArray *events, const TerraneEmulator *emulator)
{
  OciDigestHex hex;
  g_autoptr (OciJsonValue) key = json_object ();
  json_t *imports = json_array (), *digests = json_array ();
  for (char **name = profile->validate.imports; name != NULL && *name != NULL; name++)
    oci_json_append (imports, oci_json_text (*name));
  for (guint i = 0; i < scripts->len; i++)
    {
      const TerraneValidationScript *script = scripts->pdata[i];
      OciDigest digest = oci_digest_of_bytes (script->content);
      oci_json_append (digests, oci_json_text (script->name));
      oci_json_append (digests, oci_json_text (oci_digest_hex (&digest, hex)));
    }
  oci_json_set (key, "commit", oci_json_text (oci_digest_hex (&image->assembled, hex)));
  oci_json_set (key, "config", oci_json_text (oci_digest_hex (&image->config, hex)));
  oci_json_set (key, "imports", imports);
  oci_json_set (key, "scripts", digests);
  oci_json_set (key, "timeout", json_integer ((json_int_t) profile->validate.timeout_ms));
  terrane_gates_add_key (profile, events, key);
  if (emulator->name != NULL)
    oci_json_set (key, "emulator", oci_json_text (emulator->name));
  oci_json_set (key, "sandbox", json_integer (profile->validate.sandbox));
  g_autoptr (GBytes) bytes = oci_json_dump (key);
  return oci_digest_of_bytes (bytes);
}

/* The image's Python, looked for along its own PATH inside its own file system. */
static char *
find_python (TerraneTree *tree, const char *path)
{
  static const char *const names[] = { "python3", "python" };
  g_auto (GStrv) directories = g_strsplit (path, ":", -1);
  for (size_t i = 0; i < G_N_ELEMENTS (names); i++)
    for (char **directory = directories; *directory != NULL; directory++)
      {
        g_autofree char *candidate = g_strconcat (*directory, "/", names[i], NULL);
        const TerraneNode *node =
            candidate[0] == '/' ? terrane_tree_resolve (tree, candidate) : NULL;
        if (node != NULL && node->type == OCI_ENTRY_FILE && (node->mode & 0111) != 0)
          return g_steal_pointer (&candidate);
      }
  return NULL;
}

static const char *
lookup_env (char **env, const char *name)
{
  for (size_t len = strlen (name); *env != NULL; env++)
    if (strncmp (*env, name, len) == 0 && (*env)[len] == '=')
      return *env + len + 1;
  return NULL;
}

static gboolean
needs_python (const TerraneProfile *profile, const GPtrArray *scripts)
{
  for (guint i = 0; i < scripts->len; i++)
    if (g_str_has_suffix (((TerraneValidationScript *) scripts->pdata[i])->name, ".py"))
      return TRUE;
  return profile->validate.imports != NULL && profile->validate.imports[0] != NULL;
}

static void
on_started (gpointer data, const char *kind, const char *name)
{
  terrane_progress_phase (data, 0, "validating %s %s", kind, name);
}

/* What is run, and by what. */
typedef struct
{
  const GPtrArray *scripts;
  const GPtrArray *events;
  const TerraneEmulator *emulator;
} Runs;

static gboolean
run (TerraneStore *store, const TerraneProfile *profile, const TerraneImage *image,
     const Runs *runs, const TerraneProgress *progress, GPtrArray **out_results,
     TerraneGateReport *report, GError **error)
{
  OciDigestHex hex;
  g_autoptr (OciImageConfig) config = NULL;
  g_autoptr (TerraneTree) tree = NULL;
  if (!oci_image_read (terrane_store_layout (store), image->manifest, NULL, &config, error))
    return FALSE;
  tree = terrane_commit_load (store, &image->assembled, error);
  if (tree == NULL
      || !terrane_commit_checkout (store, &image->assembled,
                                   oci_digest_hex (&image->assembled, hex), error))
    return FALSE;

  g_auto (GStrv) env = oci_image_config_env (config);
  const char *path = lookup_env (env, "PATH");
  g_autofree char *python = find_python (tree, path != NULL ? path : DEFAULT_PATH);
  if (python == NULL && needs_python (profile, runs->scripts))
    return oci_throw (error, OCI_ERROR_NOT_FOUND,
                      "the image has no python3 in its PATH (%s), which validate.imports needs",
                      path != NULL ? path : DEFAULT_PATH);
  g_autofree char *root = g_build_filename (terrane_store_path (store), "roots", hex, NULL);
  const TerraneSandbox sandbox = {
    .root = root,
    .env = (const char *const *) env,
    .working_dir = oci_image_config_working_dir (config),
    .tmp_bytes = TMP_BYTES,
    .kind = (TerraneSandboxKind) profile->validate.sandbox,
    .emulator = runs->emulator,
  };
  const TerraneValidationSpec spec = {
    .imports = (const char *const *) profile->validate.imports,
    .scripts = runs->scripts,
    .timeout_secs = (unsigned) (profile->validate.timeout_ms / 1000)
                    * terrane_emulator_slowdown (runs->emulator),
  };
  const TerraneGates gates = {
    .root = root,
    .config = config,
    .profile = profile,
    .events = runs->events,
    .emulator = runs->emulator,
    .started = on_started,
    .data = (gpointer) progress,
  };
  return terrane_validation_run (&sandbox, python, &spec, on_started, (gpointer) progress,
                                 out_results, error)
         && terrane_gates_run (&gates, report, error);
}

static void
append_failure (GString *message, const TerraneValidationResult *result, unsigned timeout_secs)
{
  const TerraneProcessResult *process = &result->process;
  g_string_append_printf (message, "\n%s %s ", result->kind, result->name);
  if (process->timed_out)
    g_string_append_printf (message, "was killed after %u s (validate.timeout)", timeout_secs);
  else if (process->out_of_memory)
    g_string_append (message, "was killed for using more memory than it may");
  else if (process->signal != 0)
    g_string_append_printf (message, "was killed by signal %d (%s)", process->signal,
                            strsignal (process->signal));
  else
    g_string_append_printf (message, "failed with exit code %d", process->exit_code);
  g_auto (GStrv) lines = g_strsplit (process->output, "\n", -1);
  guint n = g_strv_length (lines);
  while (n > 0 && lines[n - 1][0] == '\0')
    n--;
  for (guint i = 0; i < n; i++)
    g_string_append_printf (message, "\n  %s", lines[i]);
}

/* Sets the gate's error when something failed. */
static gboolean
judge (const GPtrArray *results, const TerraneGateReport *report, unsigned timeout_secs,
       GError **error)
{
  g_autoptr (GString) message = g_string_new (NULL);
  guint failed = report->n_failed;
  for (guint i = 0; i < results->len; i++)
    {
      const TerraneValidationResult *result = results->pdata[i];
      if (result->passed)
        continue;
      failed++;
      append_failure (message, result, timeout_secs);
    }
  if (failed == 0)
    return TRUE;
  g_string_append (message, report->failures->str);
  g_set_error (error, TERRANE_ERROR, TERRANE_ERROR_GATE, "%u of %u validations failed:%s", failed,
               results->len + (guint) json_array_size (report->results), message->str);
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

gboolean
terrane_validate_image (TerraneStore *store, const TerraneProfile *profile,
                        const TerraneImage *image, const TerraneEmulator *emulator,
                        const TerraneProgress *progress, json_t **out_results, gboolean *out_cached,
                        GError **error)
{
  g_autoptr (GPtrArray) scripts = load_scripts (profile, error);
  g_autoptr (GPtrArray) events = scripts != NULL ? terrane_gates_load (profile, error) : NULL;
  if (events == NULL)
    return FALSE;
  OciDigest key = result_key (profile, image, scripts, events, emulator);
  g_autoptr (OciJsonValue) known = terrane_cache_get (store, TERRANE_CACHE_RESULTS, &key);
  json_t *known_results = json_object_get (known, "results");
  *out_cached = json_is_array (known_results);
  if (*out_cached)
    {
      *out_results = json_incref (known_results);
      return TRUE;
    }
  g_autoptr (GPtrArray) results = NULL;
  g_autoptr (OciJsonValue) gates = json_array ();
  g_autoptr (GString) failures = g_string_new (NULL);
  const Runs runs = { .scripts = scripts, .events = events, .emulator = emulator };
  TerraneGateReport report = { .results = gates, .failures = failures };
  if (!run (store, profile, image, &runs, progress, &results, &report, error))
    {
      g_prefix_error (error, "validation: ");
      return FALSE;
    }
  *out_results = terrane_validation_to_json (results);
  (void) json_array_extend (*out_results, gates); /* fails without memory alone */
  return judge (results, &report,
                (unsigned) (profile->validate.timeout_ms / 1000)
                    * terrane_emulator_slowdown (emulator),
                error)
         && remember (store, &key, image, *out_results, error);
}
