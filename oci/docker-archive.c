#include "oci/docker-archive.h"

#include "oci/archive-file.h"
#include "oci/archive-member.h"
#include "oci/base/number.h"
#include "oci/base/path.h"
#include "oci/base/text-hash.h"
#include "oci/image.h"
#include "oci/layer-stream.h"
#include "oci/layer-writer.h"
#include "oci/reference.h"

#include <string.h>

#define MANIFEST_NAME "manifest.json"

enum
{
  MAX_IMAGES = 10000,
  MAX_LINKS = 40, /* the kernel's limit */
};

/* Content of a docker archive; several images may share members, and repeated layers are links. */
typedef struct
{
  OciLayout *layout;
  GHashTable *members; /* path -> OciDescriptor, media type unset */
  GHashTable *links;   /* path -> normalised target */
  GBytes *manifest;
} DockerImport;

/* A name that occurs twice would be another image for tools that use the other member. */
static gboolean
add_member (DockerImport *self, const char *path, const OciDigest *digest, uint64_t size,
            GError **error)
{
  const OciDescriptor *before = g_hash_table_lookup (self->members, path);
  if (before != NULL && !oci_digest_equal (&before->digest, digest))
    return oci_throw (error, OCI_ERROR_FORMAT, "is there twice, with different content");
  g_hash_table_replace (self->members, g_strdup (path), oci_descriptor_new ("", digest, size));
  return TRUE;
}

static gboolean
take_docker_member (OciArchiveReader *reader, const OciEntry *entry, gpointer data, GError **error)
{
  OCI_PREFIX (error, "%s", entry->path);
  DockerImport *self = data;
  OciDigest digest;
  uint64_t size = 0;
  if (entry->type == OCI_ENTRY_HARDLINK)
    g_hash_table_replace (self->links, g_strdup (entry->path), g_strdup (entry->target));
  if (entry->type == OCI_ENTRY_SYMLINK)
    {
      char *target = oci_path_resolve_link (entry->path, entry->target);
      if (target != NULL)
        g_hash_table_replace (self->links, g_strdup (entry->path), target);
    }
  if (entry->type != OCI_ENTRY_FILE)
    return TRUE;
  if (strcmp (entry->path, MANIFEST_NAME) == 0)
    {
      g_autoptr (GBytes) raw = oci_archive_read_member (reader, entry->size, error);
      if (raw == NULL)
        return FALSE;
      digest = oci_digest_of_bytes (raw);
      size = g_bytes_get_size (raw);
      g_clear_pointer (&self->manifest, g_bytes_unref);
      self->manifest = g_steal_pointer (&raw);
    }
  else if (!oci_archive_import_member (reader, self->layout, NULL, &digest, &size, error))
    return FALSE;
  return add_member (self, entry->path, &digest, size, error);
}

/* @name: as in manifest.json, with or without leading "./" or "/" */
static const OciDescriptor *
find_member (const DockerImport *self, const char *name, GError **error)
{
  g_autofree char *normal = NULL;
  if (!oci_path_normalise (name + strspn (name, "/"), &normal, error))
    return NULL;
  const char *path = normal;
  const OciDescriptor *found = g_hash_table_lookup (self->members, path);
  for (unsigned hops = 0; found == NULL && path != NULL && hops < MAX_LINKS; hops++)
    {
      path = g_hash_table_lookup (self->links, path);
      found = path != NULL ? g_hash_table_lookup (self->members, path) : NULL;
    }
  if (found == NULL)
    {
      g_autofree char *quoted = oci_quote (name);
      oci_throw (error, OCI_ERROR_CORRUPT,
                 MANIFEST_NAME
                 " names %s, which is not in the archive, or is a link to what is not",
                 quoted);
    }
  return found;
}

/* Compresses the tar from @stream. */
static OciDescriptor *
compress_layer (OciLayout *layout, OciLayerStream *stream, unsigned jobs, OciDigest *out_diff_id,
                GError **error)
{
  g_autoptr (OciLayerWriter) writer = oci_layer_writer_new (layout, jobs, error);
  if (writer == NULL)
    return NULL;
  for (;;)
    {
      const void *bytes = NULL;
      size_t len = 0;
      if (!oci_layer_stream_read (stream, &bytes, &len, error)
          || (len > 0 && !oci_layer_writer_raw (writer, bytes, len, error)))
        return NULL;
      if (len == 0)
        return oci_layer_writer_finish (writer, out_diff_id, error);
    }
}

static OciDescriptor *
import_layer (const DockerImport *self, const char *path, const OciDigest *diff_id, unsigned jobs,
              GError **error)
{
  OCI_PREFIX (error, "%s", path);
  OciDigest actual;
  OciDigestText is, should;
  g_auto (OciFd) fd = -1;
  const OciDescriptor *member = find_member (self, path, error);
  if (member == NULL || !oci_layout_open_blob (self->layout, member, &fd, error))
    return NULL;
  g_autoptr (OciLayerStream) stream = oci_layer_stream_new (fd, error);
  if (stream == NULL)
    return NULL;
  if (strcmp (oci_layer_stream_compression (stream), "gzip") == 0)
    return oci_descriptor_new (OCI_MEDIA_TYPE_LAYER_GZIP, &member->digest, member->size);
  g_autoptr (OciDescriptor) layer = compress_layer (self->layout, stream, jobs, &actual, error);
  if (layer == NULL)
    return NULL;
  if (oci_digest_equal (&actual, diff_id))
    return g_steal_pointer (&layer);
  oci_throw (error, OCI_ERROR_CORRUPT,
             "the layer does not match its diff_id: its tar is %s, the configuration says %s",
             oci_digest_text (&actual, is), oci_digest_text (diff_id, should));
  return NULL;
}

/* One image of manifest.json: [{"Config": PATH, "RepoTags": […], "Layers": [PATH, …]}]. */
typedef struct
{
  char *config;
  char **layers; /* (nullable): none */
  char **tags;   /* (nullable): none */
} DockerImage;

static void
docker_image_free (gpointer data)
{
  DockerImage *self = data;
  g_free (self->config);
  g_strfreev (self->layers);
  g_strfreev (self->tags);
  g_free (self);
}

static DockerImage *
read_docker_image (const OciJson *at)
{
  OciJson member;
  const char *config;
  DockerImage *self = g_new0 (DockerImage, 1);
  if (!oci_json_object (at, NULL))
    return self;
  if (oci_json_require (at, "Config", &member) && oci_json_string (&member, &config))
    self->config = g_strdup (config);
  if (oci_json_member (at, "Layers", &member)) /* null if an image has none */
    (void) oci_json_strv (&member, OCI_MANIFEST_MAX_LAYERS, &self->layers);
  if (oci_json_member (at, "RepoTags", &member))
    (void) oci_json_strv (&member, 10000, &self->tags);
  return self;
}

/* Elements are DockerImage. */
static GPtrArray *
read_docker_images (GBytes *raw, GError **error)
{
  OciJson root;
  size_t length = 0;
  g_autoptr (GPtrArray) images = g_ptr_array_new_with_free_func (docker_image_free);
  g_autoptr (OciJsonDocument) document =
      oci_json_parse (MANIFEST_NAME, raw, OCI_ERROR_FORMAT, &root, error);
  if (document == NULL)
    return NULL;
  (void) oci_json_array (&root, MAX_IMAGES, &length); /* another type is noted */
  for (size_t i = 0; i < length; i++)
    {
      OciJson element;
      oci_json_element (&root, i, &element);
      g_ptr_array_add (images, read_docker_image (&element));
    }
  return oci_json_document_finish (document, error) ? g_steal_pointer (&images) : NULL;
}

/* docker omits docker.io/library/, skopeo writes it, podman puts localhost/ before the names of
 * local images: users call all of these NAME:TAG. */
static gboolean
has_tag (const DockerImage *image, const char *name)
{
  g_autofree char *full = oci_reference_full_name (name);
  g_autofree char *here = g_strconcat ("localhost/", name, NULL);
  for (char **tag = image->tags; tag != NULL && *tag != NULL; tag++)
    {
      g_autofree char *other = oci_reference_full_name (*tag);
      if (g_str_equal (other, full) || g_str_equal (*tag, here))
        return TRUE;
    }
  return FALSE;
}

static char *
list_tags (const GPtrArray *images)
{
  g_autoptr (GPtrArray) tags = g_ptr_array_new ();
  for (guint i = 0; i < images->len; i++)
    for (char **tag = ((DockerImage *) images->pdata[i])->tags; tag != NULL && *tag != NULL; tag++)
      g_ptr_array_add (tags, *tag);
  g_ptr_array_add (tags, NULL);
  g_autofree char *list = g_strjoinv (", ", (char **) tags->pdata);
  return list[0] != '\0' ? oci_quote (list) : g_strdup ("none with a name");
}

/* @name: (nullable): or "@N", the image at a position, for images without names */
static const DockerImage *
choose_docker_image (const GPtrArray *images, const char *name, GError **error)
{
  uint64_t index = 0;
  if (name == NULL && images->len == 1)
    return images->pdata[0];
  if (name != NULL && name[0] == '@' && oci_parse_u64 (name + 1, MAX_IMAGES, &index, NULL)
      && index < images->len)
    return images->pdata[index];
  for (guint i = 0; name != NULL && i < images->len; i++)
    if (has_tag (images->pdata[i], name))
      return images->pdata[i];
  g_autofree char *list = list_tags (images);
  g_autofree char *quoted = oci_quote (name);
  if (name == NULL)
    oci_throw (error, OCI_ERROR_USAGE,
               "holds %u images, name one: %s; @0 to @%u name them by position", images->len, list,
               images->len > 0 ? images->len - 1 : 0);
  else
    oci_throw (error, OCI_ERROR_NOT_FOUND, "has no image %s; there is: %s", quoted, list);
  return NULL;
}

static gboolean
add_layers (const DockerImport *self, const DockerImage *image, const OciImageConfig *config,
            unsigned jobs, OciManifest *manifest, GError **error)
{
  guint layers = image->layers != NULL ? g_strv_length (image->layers) : 0;
  if (layers != oci_image_config_n_layers (config))
    return oci_throw (error, OCI_ERROR_CORRUPT,
                      MANIFEST_NAME " has %u layers, and the configuration %s %u diff_ids", layers,
                      image->config, oci_image_config_n_layers (config));
  for (guint i = 0; i < layers; i++)
    {
      OciDigest diff_id;
      if (!oci_image_config_diff_id (config, i, &diff_id, error))
        return FALSE;
      OciDescriptor *layer = import_layer (self, image->layers[i], &diff_id, jobs, error);
      if (layer == NULL)
        return FALSE;
      g_ptr_array_add (manifest->layers, layer);
    }
  return TRUE;
}

static OciDescriptor *
build_docker_manifest (const DockerImport *self, const DockerImage *image, unsigned jobs,
                       GError **error)
{
  const OciDescriptor *config_member = find_member (self, image->config, error);
  if (config_member == NULL)
    return NULL;
  g_autoptr (OciManifest) manifest = oci_manifest_new ();
  manifest->config =
      oci_descriptor_new (OCI_MEDIA_TYPE_CONFIG, &config_member->digest, config_member->size);
  g_autoptr (GBytes) raw =
      oci_layout_read_blob (self->layout, manifest->config, OCI_IMAGE_CONFIG_MAX_BYTES, error);
  g_autoptr (OciImageConfig) config =
      raw != NULL ? oci_image_config_parse (image->config, raw, error) : NULL;
  if (config == NULL || !add_layers (self, image, config, jobs, manifest, error))
    return NULL;
  OciDigest digest;
  g_autoptr (GBytes) dump = oci_manifest_dump (manifest);
  if (!oci_layout_put_blob (self->layout, dump, &digest, error))
    return NULL;
  return oci_descriptor_new (OCI_MEDIA_TYPE_MANIFEST, &digest, g_bytes_get_size (dump));
}

static gboolean
fail_without_manifest (const DockerImport *self, GError **error)
{
  if (g_hash_table_contains (self->members, "index.json"))
    return oci_throw (error, OCI_ERROR_FORMAT,
                      "is not a docker archive, which has a " MANIFEST_NAME
                      ", but an OCI archive: write oci-archive:FILE");
  if (g_hash_table_contains (self->members, "repositories"))
    return oci_throw (
        error, OCI_ERROR_UNSUPPORTED,
        "was written by docker before 1.10: it has ‘repositories’, but no " MANIFEST_NAME
        "; load it into a newer docker and save it again");
  return oci_throw (error, OCI_ERROR_FORMAT, "is not a docker archive: it has no " MANIFEST_NAME);
}

OciDescriptor *
docker_archive_import (const char *path, const OciDigest *file, const char *name, OciLayout *layout,
                       unsigned jobs, GError **error)
{
  g_autoptr (GHashTable) members = g_hash_table_new_full (oci_text_hash, g_str_equal, g_free,
                                                          (GDestroyNotify) oci_descriptor_free);
  g_autoptr (GHashTable) links = g_hash_table_new_full (oci_text_hash, g_str_equal, g_free, g_free);
  DockerImport import = { .layout = layout, .members = members, .links = links };
  gboolean ok = oci_archive_foreach (path, file, layout, take_docker_member, &import, error);
  g_autoptr (GBytes) raw = import.manifest;
  if (!ok)
    return NULL;
  OCI_PREFIX (error, "%s", path);
  if (raw == NULL && !fail_without_manifest (&import, error))
    return NULL;
  g_autoptr (GPtrArray) images = read_docker_images (raw, error);
  const DockerImage *image = images != NULL ? choose_docker_image (images, name, error) : NULL;
  return image != NULL ? build_docker_manifest (&import, image, jobs, error) : NULL;
}

/* Adds a blob as HEX.SUFFIX, and appends that path to @paths unless it is NULL. */
static gboolean
add_blob (OciArchiveFile *file, OciLayout *layout, const OciDescriptor *blob, const char *suffix,
          json_t *paths, GError **error)
{
  OciDigestHex hex;
  g_autofree char *path = g_strconcat (oci_digest_hex (&blob->digest, hex), suffix, NULL);
  if (paths != NULL)
    oci_json_append (paths, oci_json_text (path));
  return oci_archive_file_add_blob (file, path, layout, blob, error);
}

static GBytes *
make_manifest (const OciManifest *manifest, const char *name, json_t *layers)
{
  OciDigestHex hex;
  g_autofree char *config =
      g_strconcat (oci_digest_hex (&manifest->config->digest, hex), ".json", NULL);
  g_autoptr (OciJsonValue) root = json_array ();
  json_t *image = json_object ();
  json_t *tags = json_array ();
  oci_json_append (tags, oci_json_text (name));
  oci_json_set (image, "Config", oci_json_text (config));
  oci_json_set (image, "RepoTags", tags);
  oci_json_set (image, "Layers", json_incref (layers));
  oci_json_append (root, image);
  return oci_json_dump (root);
}

gboolean
docker_archive_export (OciLayout *layout, const OciDescriptor *descriptor, const char *name,
                       const char *path, GError **error)
{
  OCI_PREFIX (error, "docker-archive:%s", path);
  g_autoptr (OciManifest) manifest = NULL;
  g_autoptr (OciJsonValue) layers = json_array ();
  if (!oci_image_read_checked (layout, descriptor, &manifest, error))
    return FALSE;
  g_autoptr (OciArchiveFile) file = oci_archive_file_new (path, error);
  if (file == NULL || !add_blob (file, layout, manifest->config, ".json", NULL, error))
    return FALSE;
  for (guint i = 0; i < manifest->layers->len; i++)
    if (!add_blob (file, layout, manifest->layers->pdata[i], ".tar.gz", layers, error))
      return FALSE;
  g_autoptr (GBytes) document = make_manifest (manifest, name, layers);
  return oci_archive_file_add (file, MANIFEST_NAME, document, error)
         && oci_archive_file_finish (file, error);
}
