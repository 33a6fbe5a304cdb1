/* terrane inspect */
#include "builder/annotations.h"
#include "builder/cli/destination.h"
#include "builder/cli/table.h"
#include "builder/cli/workbench.h"

#include "oci/base/number.h"
#include "oci/image.h"

static json_t *
describe (const OciDescriptor *descriptor, const OciManifest *manifest,
          const OciImageConfig *config, GError **error)
{
  OciDigestText text;
  g_autoptr (OciJsonValue) object = json_object ();
  json_t *layers = json_array ();
  uint64_t size = 0;
  oci_json_set (object, "digest", oci_json_text (oci_digest_text (&descriptor->digest, text)));
  oci_json_set (object, "layers", layers);
  for (guint i = 0; i < manifest->layers->len; i++)
    {
      const OciDescriptor *blob = manifest->layers->pdata[i];
      OciDigest diff_id;
      if (!oci_image_config_diff_id (config, i, &diff_id, error))
        return NULL;
      json_t *layer = oci_descriptor_to_json (blob);
      oci_json_set (layer, "diffID", oci_json_text (oci_digest_text (&diff_id, text)));
      oci_json_append (layers, layer);
      size += blob->size;
    }
  oci_json_set (object, "size", json_integer ((json_int_t) size));
  if (manifest->annotations != NULL)
    oci_json_set (object, "annotations", json_deep_copy (manifest->annotations));
  g_autoptr (GBytes) dump = oci_image_config_dump (config);
  gsize length = 0;
  const char *bytes = g_bytes_get_data (dump, &length);
  oci_json_set (object, "config", json_loadb (bytes, length, 0, NULL));
  return g_steal_pointer (&object);
}

static void
print_strings (const char *label, char **strings)
{
  if (strings[0] == NULL)
    return;
  g_autofree char *joined = g_strjoinv (" ", strings);
  terrane_print ("%-12s %s\n", label, joined);
}

static void
print_annotations (const json_t *annotations)
{
  const char *key;
  json_t *value;
  json_object_foreach ((json_t *) annotations, key, value)
      terrane_print ("%-12s %s = %s\n", "annotation", key, json_string_value (value));
}

static void
print_image (const OciDescriptor *descriptor, const OciManifest *manifest,
             const OciImageConfig *config)
{
  static const char *const headings[] = { "LAYER", "DIGEST", ">SIZE", NULL };
  OciDigestText text;
  g_auto (GStrv) entrypoint = oci_image_config_entrypoint (config);
  g_auto (GStrv) cmd = oci_image_config_cmd (config);
  g_auto (GStrv) env = oci_image_config_env (config);
  const char *working_dir = oci_image_config_working_dir (config);
  g_autofree char *platform = oci_image_config_platform_text (config);
  terrane_print ("%-12s %s\n", "digest", oci_digest_text (&descriptor->digest, text));
  terrane_print ("%-12s %s\n", "platform", platform);
  if (oci_image_config_created (config) != NULL)
    terrane_print ("%-12s %s\n", "created", oci_image_config_created (config));
  print_strings ("entrypoint", entrypoint);
  print_strings ("cmd", cmd);
  if (working_dir != NULL)
    terrane_print ("%-12s %s\n", "working dir", working_dir);
  for (char **variable = env; *variable != NULL; variable++)
    terrane_print ("%-12s %s\n", "env", *variable);
  print_annotations (manifest->annotations);

  g_autoptr (TerraneTable) table = terrane_table_new (headings);
  for (guint i = 0; i < manifest->layers->len; i++)
    {
      const OciDescriptor *layer = manifest->layers->pdata[i];
      g_autofree char *title = terrane_layer_title (layer);
      g_autofree char *size = oci_format_size (layer->size);
      const char *const cells[] = { title != NULL ? title : "base",
                                    oci_digest_text (&layer->digest, text), size };
      terrane_table_add (table, cells);
    }
  terrane_print ("\n");
  terrane_table_print (table);
}

typedef struct
{
  char *platform; /* (nullable) */
  TerraneRemoteArguments remote;
} InspectOptions;

static gboolean
run_inspect (TerraneGlobal *global, const void *data, char **arguments, GError **error)
{
  const InspectOptions *options = data;
  g_auto (TerraneWorkbench) bench = TERRANE_WORKBENCH_INIT;
  if (!terrane_workbench_open (global, &options->remote, 0, &bench, error))
    return FALSE;
  g_autoptr (TerraneOpenImage) image = terrane_workbench_open_image (
      &bench, arguments[0], options->platform, TERRANE_IMAGE_DOCUMENTS, error);
  if (image == NULL)
    return FALSE;
  g_autoptr (OciJsonValue) object =
      describe (image->descriptor, image->manifest, image->config, error);
  if (object == NULL)
    return FALSE;
  terrane_terminal_finish_phase (bench.terminal);
  if (global->output.json)
    terrane_print_json (object);
  else
    print_image (image->descriptor, image->manifest, image->config);
  return TRUE;
}

const TerraneCommand terrane_command_inspect = {
  .name = "inspect",
  .arguments = "IMAGE",
  .summary = "Show configuration, layers and sizes of an image",
  .description = "Of an image in a registry only manifest and configuration are fetched.",
  .examples = "inspect tiles\n"
              "inspect docker://public.ecr.aws/lambda/python:3.13",
  .min = 1,
  .max = 1,
  .scopes = TERRANE_SCOPE_IMAGES,
  .operands = { TERRANE_OPERAND_IMAGE },
  .options =
      (const TerraneOptionGroup[]){
          { .rows = terrane_platform_options, .offset = offsetof (InspectOptions, platform) },
          { .rows = terrane_remote_options, .offset = offsetof (InspectOptions, remote) },
          { .rows = NULL } },
  .size = sizeof (InspectOptions),
  .run = run_inspect,
};
