/* terrane build */
#include "builder/build.h"
#include "builder/cli/remote-options.h"
#include "builder/cli/table.h"
#include "builder/cli/transfer.h"
#include "builder/error.h"

#include "oci/base/number.h"
#include "oci/base/temp-file.h"
#include "oci/digest.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

static void
print_layers (const TerraneImage *image)
{
  static const char *const headings[] = { "LAYER", "DIGEST", ">SIZE", "", NULL };
  g_autoptr (TerraneTable) table = terrane_table_new (headings);
  uint64_t total = 0;
  for (guint i = 0; i < image->layers->len; i++)
    {
      const TerraneImageLayer *layer = image->layers->pdata[i];
      OciDigestText text;
      g_autofree char *digest = g_strndup (oci_digest_text (&layer->digest, text), 7 + 12);
      g_autofree char *size = oci_format_size (layer->size);
      const char *const cells[] = { layer->name, digest, size, layer->reused ? "reused" : "new" };
      terrane_table_add (table, cells);
      total += layer->size;
    }
  g_autofree char *total_text = oci_format_size (total);
  const char *const last[] = { "total", "", total_text, "" };
  terrane_table_add (table, last);
  terrane_table_print (table);
}

static void
print_validation (const TerraneBuild *build)
{
  static const char *const headings[] = { "VALIDATION", "", ">TIME", ">PEAK MEMORY", NULL };
  g_autoptr (TerraneTable) table = terrane_table_new (headings);
  size_t i;
  json_t *result;
  json_array_foreach (build->validation, i, result)
  {
    json_int_t usecs = json_integer_value (json_object_get (result, "wall_usecs"));
    g_autofree char *name =
        g_strdup_printf ("%s %s", json_string_value (json_object_get (result, "kind")),
                         json_string_value (json_object_get (result, "name")));
    g_autofree char *time = g_strdup_printf ("%" JSON_INTEGER_FORMAT " ms", usecs / 1000);
    g_autofree char *memory = oci_format_size (
        (uint64_t) json_integer_value (json_object_get (result, "peak_rss_bytes")));
    gboolean passed = json_is_true (json_object_get (result, "passed"));
    const char *const cells[] = { name, passed ? "passed" : "FAILED", time, memory };
    terrane_table_add (table, cells);
  }
  terrane_table_print (table);
  if (build->validation_cached)
    terrane_print ("(run before on exactly this file system)\n");
}

static void
print_build (const TerraneBuild *build)
{
  OciDigestText text;
  print_layers (build->image);
  terrane_print ("\n");
  if (build->validation != NULL)
    {
      print_validation (build);
      terrane_print ("\n");
    }
  terrane_print ("%s  %s%s\n", build->name, oci_digest_text (&build->image->manifest->digest, text),
                 build->image->unchanged ? "  (unchanged)" : "");
}

static gboolean
write_record (const char *path, const json_t *record, GError **error)
{
  g_auto (OciFd) directory = -1;
  g_autofree char *parent = g_path_get_dirname (path);
  g_autofree char *name = g_path_get_basename (path);
  g_autofree char *text = oci_json_dump_pretty (record);
  OCI_PREFIX (error, "the record %s", path);
  return oci_open_dir (AT_FDCWD, parent, &directory, error)
         && oci_replace_file (directory, name, 0644, text, strlen (text), error);
}

static unsigned
default_jobs (void)
{
  return MAX (g_get_num_processors (), 1U);
}

typedef struct
{
  char *push;
  char *record;
  char **outputs;
  char **cache_from;
  int jobs;
  gboolean no_validate;
  TerraneRemoteArguments remote;
  TerranePushArguments push_options;

  /* From the texts above. */
  TerraneRemoteOptions remote_options;
  OciReference *destination;   /* (nullable) */
  GPtrArray *cache_references; /* (nullable): of OciReference */
} BuildArguments;

static void
build_arguments_clear (BuildArguments *self)
{
  g_free (self->push);
  g_free (self->record);
  g_strfreev (self->outputs);
  g_strfreev (self->cache_from);
  terrane_remote_arguments_clear (&self->remote);
  terrane_push_arguments_clear (&self->push_options);
  oci_reference_free (self->destination);
  g_clear_pointer (&self->cache_references, g_ptr_array_unref);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (BuildArguments, build_arguments_clear)

static gboolean
check_registries (BuildArguments *arguments, GError **error)
{
  if (!terrane_remote_arguments_parse (&arguments->remote, "build", &arguments->remote_options,
                                       error))
    return FALSE;
  if (arguments->push == NULL
      && (arguments->push_options.mount_from != NULL || arguments->push_options.create_repository))
    return oci_throw (error, OCI_ERROR_USAGE,
                      "build: --mount-from and --create-repository go with --push");
  if (arguments->push != NULL
      && (arguments->destination =
              terrane_remote_check_push (arguments->push, &arguments->push_options, error))
             == NULL)
    return FALSE;
  arguments->cache_references =
      g_ptr_array_new_with_free_func ((GDestroyNotify) oci_reference_free);
  for (char **image = arguments->cache_from; image != NULL && *image != NULL; image++)
    {
      OciReference *reference = terrane_transfer_parse_pull ("--cache-from", *image, error);
      if (reference == NULL)
        return FALSE;
      g_ptr_array_add (arguments->cache_references, reference);
    }
  return TRUE;
}

/* Destinations are parsed before anything is built: a typing error must not cost minutes. */
static gboolean
check_arguments (BuildArguments *arguments, GError **error)
{
  if (arguments->jobs < 0 || arguments->jobs > 1024)
    return oci_throw (error, OCI_ERROR_USAGE, "build: --jobs must be between 1 and 1024");
  g_autofree char *record_directory =
      arguments->record != NULL ? g_path_get_dirname (arguments->record) : NULL;
  if (record_directory != NULL && access (record_directory, W_OK | X_OK) < 0)
    return oci_throw_errno (error, "build: --record %s", arguments->record);
  for (char **output = arguments->outputs; output != NULL && *output != NULL; output++)
    if (!terrane_transfer_check_output (*output, error))
      return FALSE;
  return check_registries (arguments, error);
}

/* Layers that --cache-from found stay in their registry when the image goes there anyway. */
static gboolean
deliver (TerraneRemote *remote, const TerraneBuild *build, const BuildArguments *arguments,
         json_t *record, GError **error)
{
  OciLayout *layout = terrane_store_layout (terrane_remote_store (remote));
  const OciDescriptor *manifest = build->image->manifest;
  gboolean local = arguments->destination == NULL || arguments->outputs != NULL;
  if (local && !terrane_remote_complete (remote, manifest, error))
    return FALSE;
  for (char **output = arguments->outputs; output != NULL && *output != NULL; output++)
    if (!terrane_transfer_output (layout, manifest, build->name, *output, error))
      return FALSE;
  if (arguments->destination == NULL)
    return TRUE;
  g_autoptr (OciJsonValue) report = NULL;
  if (!terrane_transfer_push (remote, layout, manifest, arguments->destination,
                              &arguments->push_options, &report, error))
    return FALSE;
  oci_json_set (record, "push", json_incref (report));
  return TRUE;
}

static gboolean
run_build (TerraneGlobal *global, const char *path, BuildArguments *arguments, GError **error)
{
  g_autoptr (TerraneProfile) profile = terrane_profile_load (path, error);
  g_autoptr (TerraneStore) store =
      profile != NULL ? terrane_command_open_store (global, TERRANE_STORE_SHARED, error) : NULL;
  if (store == NULL)
    return FALSE;
  g_autoptr (TerraneTerminal) terminal = terrane_terminal_new (&global->output);
  arguments->remote_options.jobs =
      arguments->jobs > 0 ? (unsigned) MIN (arguments->jobs, 64) : TERRANE_REMOTE_JOBS;
  arguments->remote_options.progress = terrane_terminal_progress (terminal);
  g_autoptr (TerraneRemote) remote = terrane_remote_new (store, &arguments->remote_options);
  const TerraneBuildOptions options = {
    .jobs = arguments->jobs > 0 ? (unsigned) arguments->jobs : default_jobs (),
    .validate = !arguments->no_validate,
    .remote = remote,
    .cache_from = arguments->cache_references,
    .progress = terrane_terminal_progress (terminal),
  };
  g_autoptr (TerraneBuild) build = NULL;
  g_autoptr (OciJsonValue) record = NULL;
  gboolean ok = terrane_build (store, profile, &options, &build, error);
  if (build == NULL)
    return FALSE;
  record = terrane_build_record (build, profile);
  if (ok)
    ok = deliver (remote, build, arguments, record, error);
  terrane_terminal_finish_phase (terminal);
  /* A failed validation has a record too: it says what failed. */
  oci_json_set (record, "passed", json_boolean (ok));
  if (arguments->record != NULL && !write_record (arguments->record, record, ok ? error : NULL))
    return FALSE;
  if (global->output.json)
    terrane_print_json (record);
  else if (ok)
    {
      print_build (build);
      terrane_transfer_print_push (json_object_get (record, "push"));
    }
  return ok;
}

gboolean
terrane_command_build (TerraneGlobal *global, int argc, char **argv, GError **error)
{
  g_auto (BuildArguments) options = { 0 };
  g_auto (GStrv) arguments = NULL;
  gboolean help = FALSE;
  const GOptionEntry entries[] = {
    { "output", 'o', 0, G_OPTION_ARG_FILENAME_ARRAY, &options.outputs,
      "Also write the image there, repeatable", "TRANSPORT:…" },
    { "push", 0, 0, G_OPTION_ARG_STRING, &options.push,
      "Push when, and only when, checks and validation pass", "docker://HOST/REPO[:TAG]" },
    TERRANE_PUSH_ENTRIES (options.push_options),
    { "cache-from", 0, 0, G_OPTION_ARG_STRING_ARRAY, &options.cache_from,
      "Do not make layers again that this image has, repeatable", "docker://HOST/REPO[:TAG]" },
    TERRANE_REMOTE_ENTRIES (options.remote),
    { "no-validate", 0, 0, G_OPTION_ARG_NONE, &options.no_validate,
      "Do not run the profile's imports and scripts", NULL },
    { "record", 0, 0, G_OPTION_ARG_FILENAME, &options.record,
      "Write what was built, checked and pushed as JSON", "FILE" },
    { "jobs", 'j', 0, G_OPTION_ARG_INT, &options.jobs, "Threads (default: one a processor)", "N" },
    G_OPTION_ENTRY_NULL,
  };
  const TerraneCommandLine line = {
    .name = "build",
    .entries = entries,
    .description =
        "The image lands in the store as NAME:latest, NAME being the profile's. TRANSPORT is\n"
        "oci:DIR[:TAG], oci-archive:FILE[:TAG] or docker-archive:FILE[:NAME:TAG].\n"
        "The image is the same for any number of threads.",
    .min = 1,
    .max = 1,
  };
  if (!terrane_command_parse (global, &line, argc, argv, &arguments, &help, error) || help)
    return help;
  return check_arguments (&options, error) && run_build (global, arguments[0], &options, error);
}
