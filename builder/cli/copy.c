/* terrane copy */
#include "builder/cli/destination.h"
#include "builder/cli/reference.h"
#include "builder/cli/workbench.h"
#include "builder/store/names.h"

#include "oci/image.h"
#include "oci/layer-check.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

typedef struct
{
  char *platform; /* (nullable): one, or TERRANE_PLATFORMS_ALL */
  unsigned jobs;
  TerranePushArguments push;
  TerraneRemoteArguments remote;
} CopyOptions;

typedef struct
{
  const TerraneWorkbench *bench;
  const CopyOptions *options;
  const char *from_text, *to_text;
  OciTransport *from, *to;
  OciReference *push_to; /* (nullable): in a registry */
  char *name;            /* name of the image at its destination */
} Copy;

static void
copy_clear (Copy *self)
{
  g_clear_pointer (&self->from, oci_transport_free);
  g_clear_pointer (&self->to, oci_transport_free);
  g_clear_pointer (&self->push_to, oci_reference_free);
  g_clear_pointer (&self->name, g_free);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Copy, copy_clear)

/* Returns: (transfer full) (nullable): the name in the destination, else that of the source */
static char *
choose_name (const Copy *self, GError **error)
{
  g_autofree char *known = NULL;
  if (self->to->name != NULL)
    return g_strdup (self->to->name);
  if (self->from->kind == OCI_TRANSPORT_REGISTRY)
    known = terrane_reference_local_name (self->from->reference);
  else if (self->from->name != NULL && self->from->name[0] != '@')
    known = g_strdup (self->from->name);
  if (self->to->kind != OCI_TRANSPORT_DOCKER_ARCHIVE)
    return known != NULL ? g_steal_pointer (&known) : g_strdup ("latest");
  g_autofree char *valid = known != NULL ? oci_reference_local_name (known, TRUE, NULL) : NULL;
  if (valid == NULL)
    (void) oci_throw (error, OCI_ERROR_USAGE,
                      "%s: the image has no name; write docker-archive:FILE:NAME:TAG",
                      self->to_text);
  return g_steal_pointer (&valid);
}

/* The image would get a second name in its layout, which was not asked for. */
static gboolean
check_other_place (const Copy *self, GError **error)
{
  struct stat from, to;
  return self->from->kind != OCI_TRANSPORT_OCI || self->to->kind != OCI_TRANSPORT_OCI
         || self->to->name != NULL || stat (self->from->path, &from) != 0
         || stat (self->to->path, &to) != 0 || from.st_dev != to.st_dev || from.st_ino != to.st_ino
         || oci_throw (error, OCI_ERROR_USAGE,
                       "%s is where the image is; write oci:%s:NAME to give it another name",
                       self->to_text, self->to->path);
}

/* Before anything is fetched. */
static gboolean
check_platform (const Copy *self, GError **error)
{
  const char *platform = self->options->platform;
  if (platform != NULL && strchr (platform, ',') != NULL)
    return oci_throw (error, OCI_ERROR_USAGE, "--platform %s: expected one platform, or ‘all’",
                      platform);
  if (g_strcmp0 (platform, TERRANE_PLATFORMS_ALL) != 0)
    return TRUE;
  if (self->to->kind == OCI_TRANSPORT_STORE)
    return oci_throw (error, OCI_ERROR_USAGE,
                      "--platform all: an image in the store, such as %s, is for one platform; say "
                      "which one",
                      self->to_text);
  if (self->to->kind == OCI_TRANSPORT_DOCKER_ARCHIVE)
    return oci_throw (error, OCI_ERROR_USAGE,
                      "--platform all: %s: a docker archive holds no image index; write to "
                      "oci-archive:FILE, or say which platform",
                      self->to_text);
  if (self->from->kind == OCI_TRANSPORT_STORE)
    return oci_throw (error, OCI_ERROR_USAGE,
                      "--platform all: %s is an image in the store, which is for one platform; "
                      "leave the option out",
                      self->from_text);
  return self->from->kind == OCI_TRANSPORT_OCI || self->from->kind == OCI_TRANSPORT_REGISTRY
         || oci_throw (error, OCI_ERROR_USAGE,
                       "--platform all: %s: of an archive one image is copied; leave the option "
                       "out, or unpack an OCI archive with tar and copy oci:DIR",
                       self->from_text);
}

static gboolean
parse (Copy *self, GError **error)
{
  OCI_PREFIX (error, "copy");
  self->from = oci_transport_parse (self->from_text, error);
  self->to = self->from != NULL ? oci_transport_parse (self->to_text, error) : NULL;
  if (self->to == NULL || !check_platform (self, error))
    return FALSE;
  if (self->to->kind == OCI_TRANSPORT_REGISTRY)
    {
      self->push_to = terrane_reference_parse_push (self->to_text,
                                                    self->options->push.create_repository, error);
      return self->push_to != NULL;
    }
  if (self->options->push.create_repository || self->options->push.mount_from != NULL)
    return oci_throw (error, OCI_ERROR_USAGE,
                      "--create-repository and --mount-from are for a registry, and %s is none",
                      self->to_text);
  if (self->to->kind == OCI_TRANSPORT_STORE && !terrane_reference_check_name (self->to_text, error))
    return FALSE;
  self->name = choose_name (self, error);
  return self->name != NULL && check_other_place (self, error);
}

/* @push: (transfer full) (nullable) */
static json_t *
make_report (const Copy *self, const OciDigest *digest, const OciDigest *image_id, guint images,
             json_t *push)
{
  OciDigestText text;
  json_t *report = json_object ();
  oci_json_set (report, "source", oci_json_text (self->from_text));
  oci_json_set (report, "destination", oci_json_text (self->to_text));
  oci_json_set_text (report, "name", self->name);
  oci_json_set (report, "digest", oci_json_text (oci_digest_text (digest, text)));
  if (self->to->kind == OCI_TRANSPORT_DOCKER_ARCHIVE)
    oci_json_set (report, "image_id", oci_json_text (oci_digest_text (image_id, text)));
  oci_json_set (report, "images", json_integer (images));
  if (push != NULL)
    oci_json_set (report, "push", push);
  return report;
}

static void
print_report (const json_t *report)
{
  const json_t *push = json_object_get (report, "push");
  if (push != NULL)
    {
      terrane_destination_print_push (push);
      return;
    }
  g_autofree char *source =
      terrane_harmless_line (json_string_value (json_object_get (report, "source")));
  g_autofree char *destination =
      terrane_harmless_line (json_string_value (json_object_get (report, "destination")));
  /* An archive without manifest cannot be asked for its digest. */
  const char *id = json_string_value (json_object_get (report, "image_id"));
  terrane_print ("copied %s to %s\n%s%s\n", source, destination, id != NULL ? "image ID " : "",
                 id != NULL ? id : json_string_value (json_object_get (report, "digest")));
}

/* Pushes one image to the destination's registry. @to: with or without a tag */
static gboolean
push (const Copy *self, OciLayout *layout, const OciDescriptor *manifest, const OciReference *to,
      OciPushReport *out, GError **error)
{
  const TerranePushArguments *arguments = &self->options->push;
  TerraneRemote *remote = self->bench->remote;
  if (self->from->kind == OCI_TRANSPORT_REGISTRY && arguments->mount_from == NULL)
    return terrane_remote_copy (remote, self->from->reference, manifest, to,
                                arguments->create_repository, out, error);
  return terrane_remote_push (remote, layout, manifest, to, arguments->mount_from,
                              arguments->create_repository, out, error);
}

/* Later commands take what the store names for whole and consistent. Images from registries are
 * checked when their layers are first unpacked, as after a pull. */
static gboolean
check_layers (const Copy *self, const TerraneOpenImage *image, GError **error)
{
  if (self->to->kind != OCI_TRANSPORT_STORE || self->from->kind == OCI_TRANSPORT_STORE
      || self->from->kind == OCI_TRANSPORT_REGISTRY)
    return TRUE;
  OCI_PREFIX (error, "%s", self->from_text);
  terrane_progress_phase (self->bench->progress, 0, "checking the layers of %s", self->from_text);
  return oci_image_check_layers (image->layout, image->descriptor, self->bench->jobs, error);
}

static json_t *
copy_image (const Copy *self, GError **error)
{
  /* A layout is read in place, unless the store is to have the image. */
  gboolean stays =
      self->push_to != NULL
      || (self->from->kind == OCI_TRANSPORT_OCI && self->to->kind != OCI_TRANSPORT_STORE);
  g_autoptr (TerraneOpenImage) image =
      terrane_workbench_open_image (self->bench, self->from_text, self->options->platform,
                                    stays ? TERRANE_IMAGE_MANIFEST : TERRANE_IMAGE_LAYERS, error);
  if (image == NULL || !oci_image_read_checked (image->layout, image->descriptor, NULL, error)
      || !check_layers (self, image, error))
    return NULL;
  json_t *pushed = NULL;
  if (self->push_to != NULL)
    {
      OciPushReport report = { 0 };
      if (!push (self, image->layout, image->descriptor, self->push_to, &report, error))
        return NULL;
      pushed = terrane_push_report_to_json (self->push_to, &report);
    }
  else if (!(self->to->kind == OCI_TRANSPORT_STORE
                 ? terrane_name_set (self->bench->store, self->name, image->descriptor, error)
                 : terrane_destination_output (image->layout, image->descriptor, self->name,
                                               self->to_text, error)))
    return NULL;
  return make_report (self, &image->descriptor->digest, &image->manifest->config->digest, 1,
                      pushed);
}

/* An index is in its layout, or its documents are in the store. @out_owned: (out) (transfer full)
 * (nullable). *@out_index is %NULL if the source is an image for one platform. */
static gboolean
open_index (const Copy *self, OciLayout **out_owned, OciImageIndex **out_index, GError **error)
{
  const OciTransport *from = self->from;
  if (from->kind == OCI_TRANSPORT_REGISTRY)
    return terrane_remote_fetch_index (self->bench->remote, from->reference, out_index, error);
  *out_owned = oci_layout_open (AT_FDCWD, from->path, FALSE, error);
  g_autoptr (OciDescriptor) named =
      *out_owned != NULL ? oci_layout_resolve (*out_owned, from->name, NULL, error) : NULL;
  if (named == NULL)
    return FALSE;
  const OciMediaType *type = oci_media_type_lookup (named->media_type);
  if (type == NULL || type->kind != OCI_MEDIA_INDEX)
    return TRUE;
  *out_index = oci_image_index_read (*out_owned, named, error);
  return *out_index != NULL;
}

/* Pushes the images by their digests, and then the index that names them. */
static gboolean
push_index (const Copy *self, OciLayout *layout, const OciImageIndex *index, json_t **out_report,
            GError **error)
{
  OciPushReport report = { 0 }, total = { 0 };
  g_autoptr (OciReference) by_digest = oci_reference_copy (self->push_to);
  g_clear_pointer (&by_digest->tag, g_free);
  for (guint i = 0; i < index->manifests->len; i++)
    {
      const OciDescriptor *image = index->manifests->pdata[i];
      if (!oci_image_read_checked (layout, image, NULL, error)
          || !push (self, layout, image, by_digest, &report, error))
        return FALSE;
      terrane_push_report_add (&total, &report);
    }
  if (!terrane_remote_push_index (self->bench->remote, index, self->push_to, &report, error))
    return FALSE;
  terrane_push_report_add (&report, &total);
  *out_report = terrane_push_report_to_json (self->push_to, &report);
  return TRUE;
}

static gboolean
pull_layers (const Copy *self, const OciImageIndex *index, GError **error)
{
  for (guint i = 0; i < index->manifests->len; i++)
    if (!terrane_remote_pull_layers (self->bench->remote, self->from->reference,
                                     index->manifests->pdata[i], NULL, error))
      return FALSE;
  return TRUE;
}

static json_t *
copy_index (const Copy *self, GError **error)
{
  g_autoptr (OciLayout) owned = NULL;
  g_autoptr (OciImageIndex) index = NULL;
  json_t *pushed = NULL;
  if (!open_index (self, &owned, &index, error))
    return NULL;
  if (index == NULL)
    {
      (void) oci_throw (error, OCI_ERROR_USAGE,
                        "copy: --platform all: %s is an image for one platform, and not an image "
                        "index; leave the option out",
                        self->from_text);
      return NULL;
    }
  OciLayout *layout = owned != NULL ? owned : terrane_store_layout (self->bench->store);
  if (self->push_to != NULL ? !push_index (self, layout, index, &pushed, error)
                            : ((owned == NULL && !pull_layers (self, index, error))
                               || !terrane_destination_output_index (layout, index, self->name,
                                                                     self->to_text, error)))
    return NULL;
  return make_report (self, &index->descriptor->digest, NULL, index->manifests->len, pushed);
}

static gboolean
run_copy (TerraneGlobal *global, const void *data, char **arguments, GError **error)
{
  const CopyOptions *options = data;
  g_auto (TerraneWorkbench) bench = TERRANE_WORKBENCH_INIT;
  g_auto (Copy) copy = {
    .bench = &bench, .options = options, .from_text = arguments[0], .to_text = arguments[1]
  };
  if (!parse (&copy, error)
      || !terrane_workbench_open (global, &options->remote, options->jobs, &bench, error))
    return FALSE;
  g_autoptr (OciJsonValue) report = g_strcmp0 (options->platform, TERRANE_PLATFORMS_ALL) == 0
                                        ? copy_index (&copy, error)
                                        : copy_image (&copy, error);
  if (report == NULL)
    return FALSE;
  terrane_workbench_show (&bench, report, print_report);
  return TRUE;
}

static const TerraneOption copy_options[] = {
  { .name = "platform",
    .kind = TERRANE_OPTION_PLATFORMS,
    .target = offsetof (CopyOptions, platform),
    .metavar = "OS/ARCH",
    .help = "Which image of an index (default: this machine's); ‘all’ copies the index" },
  TERRANE_OPTION_END,
};

const TerraneCommand terrane_command_copy = {
  .name = "copy",
  .arguments = "SOURCE DESTINATION",
  .summary = "Copy an image from anywhere to anywhere",
  .description =
      "Both are a NAME[:TAG] in the store, oci:DIR[:NAME], oci-archive:FILE[:NAME], "
      "docker-archive:FILE[:NAME:TAG] or docker://HOST/REPOSITORY[:TAG]. Every blob is verified. "
      "From "
      "registry to registry nothing is kept here, and what the destination has is not moved.",
  .min = 2,
  .max = 2,
  .scopes = TERRANE_SCOPE_IMAGES,
  .operands = { TERRANE_OPERAND_IMAGE, TERRANE_OPERAND_IMAGE },
  .options =
      (const TerraneOptionGroup[]){
          { .rows = copy_options },
          { .rows = terrane_push_options, .offset = offsetof (CopyOptions, push) },
          { .rows = terrane_transfer_jobs_options, .offset = offsetof (CopyOptions, jobs) },
          { .rows = terrane_remote_options, .offset = offsetof (CopyOptions, remote) },
          { .rows = NULL } },
  .size = sizeof (CopyOptions),
  .run = run_copy,
};
