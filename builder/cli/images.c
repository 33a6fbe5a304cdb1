/* terrane images, rm, gc, fsck: the store. */
#include "builder/cli/table.h"
#include "builder/cli/workbench.h"
#include "builder/error.h"
#include "builder/store/fsck.h"
#include "builder/store/gc.h"
#include "builder/store/names.h"

#include "oci/base/number.h"
#include "oci/image.h"
#include "oci/transport.h"

static uint64_t
image_size (const OciManifest *manifest)
{
  uint64_t total = manifest->config->size;
  for (guint i = 0; i < manifest->layers->len; i++)
    total += ((OciDescriptor *) manifest->layers->pdata[i])->size;
  return total;
}

/* Adds an image that is damaged, or unreadable at the moment: the others are still listed. */
static void
add_unknown (const OciDescriptor *descriptor, const char *name, const GError *damage,
             TerraneTable *table, json_t *list)
{
  OciDigestText text;
  const char *shown = name != NULL ? name : "(unnamed)";
  oci_digest_text (&descriptor->digest, text);
  g_autofree char *short_digest = g_strndup (text, 7 + 12);
  gboolean damaged = oci_layout_index_is_damaged (damage);
  const char *const cells[] = {
    shown, short_digest, damaged ? "damaged" : "unreadable", "", "", ""
  };
  json_t *image = json_object ();
  if (name != NULL)
    oci_json_set (image, "name", oci_json_text (name));
  oci_json_set (image, "digest", oci_json_text (text));
  oci_json_set (image, "damage", oci_json_text (damage->message));
  oci_json_append (list, image);
  terrane_table_add (table, cells);
  g_message ("%s: %s%s", shown, damage->message,
             damaged ? "; build or pull it again, or remove it with 'terrane rm'" : "");
}

static void
add_image (OciLayout *layout, const OciDescriptor *descriptor, TerraneTable *table, json_t *list)
{
  OciDigestText text;
  g_autoptr (OciManifest) manifest = NULL;
  g_autoptr (OciImageConfig) config = NULL;
  const char *name = oci_descriptor_annotation (descriptor, OCI_ANNOTATION_REF_NAME);
  g_autoptr (GError) local = NULL;
  if (!oci_image_read (layout, descriptor, &manifest, &config, &local))
    {
      add_unknown (descriptor, name, local, table, list);
      return;
    }
  uint64_t size = image_size (manifest);
  const char *created = oci_image_config_created (config);
  g_autofree char *platform = oci_image_config_platform_text (config);
  oci_digest_text (&descriptor->digest, text);
  json_t *image = json_object ();
  if (name != NULL)
    oci_json_set (image, "name", oci_json_text (name));
  oci_json_set (image, "digest", oci_json_text (text));
  oci_json_set (image, "platform", oci_json_text (platform));
  oci_json_set (image, "layers", json_integer (manifest->layers->len));
  oci_json_set (image, "size", json_integer ((json_int_t) size));
  if (created != NULL)
    oci_json_set (image, "created", oci_json_text (created));
  oci_json_append (list, image);

  g_autofree char *short_digest = g_strndup (text, 7 + 12);
  g_autofree char *layers = g_strdup_printf ("%u", manifest->layers->len);
  g_autofree char *size_text = oci_format_size (size);
  const char *const cells[] = {
    name != NULL ? name : "(unnamed)", short_digest, platform, layers, size_text,
    created != NULL ? created : ""
  };
  terrane_table_add (table, cells);
}

static gboolean
run_images (TerraneGlobal *global, G_GNUC_UNUSED const void *options,
            G_GNUC_UNUSED char **arguments, GError **error)
{
  static const char *const headings[] = { "NAME",  "DIGEST",  "PLATFORM", ">LAYERS",
                                          ">SIZE", "CREATED", NULL };
  g_autoptr (TerraneStore) store =
      terrane_workbench_open_store (global, TERRANE_STORE_SHARED, error);
  if (store == NULL)
    return FALSE;
  OciLayout *layout = terrane_store_layout (store);
  g_autoptr (OciIndex) index = oci_layout_read_index (layout, error);
  if (index == NULL)
    return FALSE;
  g_autoptr (OciJsonValue) list = json_array ();
  g_autoptr (TerraneTable) table = terrane_table_new (headings);
  for (guint i = 0; i < index->manifests->len; i++)
    add_image (layout, index->manifests->pdata[i], table, list);
  if (global->output.json)
    terrane_print_json (list);
  else
    terrane_table_print (table);
  return TRUE;
}

const TerraneCommand terrane_command_images = {
  .name = "images",
  .arguments = "",
  .summary = "List the images in the store",
  .scopes = TERRANE_SCOPE_STORE,
  .run = run_images,
};

static gboolean
remove_name (TerraneStore *store, const char *argument, json_t *removed, GError **error)
{
  g_autoptr (OciTransport) transport = oci_transport_parse (argument, error);
  if (transport == NULL)
    return FALSE;
  if (transport->kind != OCI_TRANSPORT_STORE)
    return oci_throw (error, OCI_ERROR_USAGE,
                      "rm: %s is not the name of an image in the store; rm removes only these",
                      argument);
  if (!terrane_name_remove (store, transport->name, error))
    return FALSE;
  oci_json_append (removed, oci_json_text (transport->name));
  return TRUE;
}

static gboolean
run_rm (TerraneGlobal *global, G_GNUC_UNUSED const void *options, char **arguments, GError **error)
{
  g_autoptr (TerraneStore) store =
      terrane_workbench_open_store (global, TERRANE_STORE_SHARED, error);
  if (store == NULL)
    return FALSE;
  g_autoptr (OciJsonValue) removed = json_array ();
  for (char **argument = arguments; *argument != NULL; argument++)
    {
      if (!remove_name (store, *argument, removed, error))
        return FALSE;
      size_t n = json_array_size (removed);
      if (!global->output.json)
        terrane_print ("%s\n", json_string_value (json_array_get (removed, n - 1)));
    }
  if (global->output.json)
    terrane_print_json (removed);
  return TRUE;
}

const TerraneCommand terrane_command_rm = {
  .name = "rm",
  .arguments = "NAME[:TAG]…",
  .summary = "Remove names from the store; gc frees the space",
  .min = 1,
  .max = G_MAXUINT,
  .scopes = TERRANE_SCOPE_STORE,
  .operands = { TERRANE_OPERAND_IMAGE },
  .run = run_rm,
};

static gboolean
run_gc (TerraneGlobal *global, G_GNUC_UNUSED const void *options, G_GNUC_UNUSED char **arguments,
        GError **error)
{
  TerraneGcReport report = { 0 };
  g_autoptr (TerraneStore) store =
      terrane_workbench_open_store (global, TERRANE_STORE_EXCLUSIVE, error);
  if (store == NULL || !terrane_gc (store, &report, error))
    return FALSE;
  if (global->output.json)
    {
      g_autoptr (OciJsonValue) object = json_object ();
      oci_json_set (object, "blobs", json_integer (report.blobs));
      oci_json_set (object, "downloads", json_integer (report.downloads));
      oci_json_set (object, "objects", json_integer (report.objects));
      oci_json_set (object, "cache_entries", json_integer (report.cache_entries));
      oci_json_set (object, "checkouts", json_integer (report.roots));
      oci_json_set (object, "bytes", json_integer ((json_int_t) report.bytes));
      terrane_print_json (object);
      return TRUE;
    }
  g_autofree char *bytes = oci_format_size (report.bytes);
  terrane_print ("freed %s: %u blobs, %u downloads, %u objects, %u checkouts, %u cache entries\n",
                 bytes, report.blobs, report.downloads, report.objects, report.roots,
                 report.cache_entries);
  return TRUE;
}

const TerraneCommand terrane_command_gc = {
  .name = "gc",
  .arguments = "",
  .summary = "Delete what no named image needs",
  .description =
      "Waits until no other terrane uses the store. Named images and the trees they were "
      "made from stay.",
  .scopes = TERRANE_SCOPE_STORE,
  .run = run_gc,
};

static void
print_problem (gpointer data, const char *problem)
{
  json_t *list = data;
  oci_json_append (list, oci_json_text (problem));
  terrane_print_error (problem);
}

typedef struct
{
  gboolean repair;
} FsckOptions;

static gboolean
run_fsck (TerraneGlobal *global, const void *data, G_GNUC_UNUSED char **arguments, GError **error)
{
  const FsckOptions *options = data;
  gboolean repair = options->repair;
  guint problems = 0, unread = 0;
  g_autoptr (TerraneStore) store = terrane_workbench_open_store (
      global, repair ? TERRANE_STORE_EXCLUSIVE : TERRANE_STORE_SHARED, error);
  g_autoptr (OciJsonValue) list = json_array ();
  if (store == NULL
      || !terrane_fsck (store, repair, print_problem, list, &problems, &unread, error))
    return FALSE;
  if (global->output.json)
    {
      g_autoptr (OciJsonValue) object = json_object ();
      oci_json_set (object, "problems", json_incref (list));
      oci_json_set (object, "repaired", json_boolean (repair));
      terrane_print_json (object);
    }
  else if (problems == 0)
    terrane_print ("%s: no problems\n", terrane_store_path (store));
  if (unread > 0)
    return oci_throw (error, OCI_ERROR_IO,
                      "%u problem%s in the store, of which %u could not be read and stay: see why, "
                      "or remove those files by hand",
                      problems, problems == 1 ? "" : "s", unread);
  if (problems == 0 || repair)
    return TRUE;
  return oci_throw (error, OCI_ERROR_CORRUPT,
                    "%u problem%s in the store; 'terrane fsck --repair' deletes what is broken",
                    problems, problems == 1 ? "" : "s");
}

static const TerraneOption fsck_options[] = {
  { .name = "repair",
    .kind = TERRANE_OPTION_FLAG,
    .target = offsetof (FsckOptions, repair),
    .help = "Delete what is broken; the next build makes it again" },
  TERRANE_OPTION_END,
};

const TerraneCommand terrane_command_fsck = {
  .name = "fsck",
  .arguments = "",
  .summary = "Verify every object and blob in the store",
  .scopes = TERRANE_SCOPE_STORE,
  .options = (const TerraneOptionGroup[]){ { .rows = fsck_options }, { .rows = NULL } },
  .size = sizeof (FsckOptions),
  .run = run_fsck,
};
