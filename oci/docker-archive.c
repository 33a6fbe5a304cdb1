#include "oci/docker-archive.h"

#include "oci/archive-file.h"
#include "oci/archive-member.h"
#include "oci/base/path.h"
#include "oci/image.h"
#include "oci/layer-writer.h"

#include <string.h>

enum
{
  COPY_BYTES = 256 * 1024,
  MAX_IMAGES = 10000,
};

/* What a docker archive holds; several images may share members, and links stand for repeated
 * layers. */
typedef struct
{
  OciLayout *layout;
  GHashTable *members; /* path -> OciDescriptor, media type unset */
  GHashTable *links;   /* path -> normalised target */
  GBytes *manifest;
} DockerImport;

static gboolean
take_docker_member (OciArchiveReader *reader, const OciEntry *entry, gpointer data, GError **error)
{
  OCI_PREFIX (error, "%s", entry->path);
  DockerImport *self = data;
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
  if (strcmp (entry->path, "manifest.json") == 0)
    {
      g_clear_pointer (&self->manifest, g_bytes_unref);
      self->manifest = oci_archive_read_member (reader, entry->size, error);
      return self->manifest != NULL;
    }
  OciDigest digest;
  uint64_t size = 0;
  if (!oci_archive_import_member (reader, self->layout, NULL, &digest, &size, error))
    return FALSE;
  g_hash_table_replace (self->members, g_strdup (entry->path),
                        oci_descriptor_new ("", &digest, size));
  return TRUE;
}

static const OciDescriptor *
find_member (const DockerImport *self, const char *path, GError **error)
{
  const char *link = g_hash_table_lookup (self->links, path);
  const OciDescriptor *found = g_hash_table_lookup (self->members, link != NULL ? link : path);
  if (found == NULL)
    {
      g_autofree char *quoted = oci_quote (path);
      oci_throw (error, OCI_ERROR_CORRUPT, "manifest.json names %s, which is not in the archive",
                 quoted);
    }
  return found;
}

/* Compresses a layer that is there as plain tar. */
static OciDescriptor *
compress_layer (OciLayout *layout, const OciDescriptor *plain, unsigned jobs,
                OciDigest *out_diff_id, GError **error)
{
  g_auto (OciFd) fd = -1;
  g_autofree char *buffer = g_malloc (COPY_BYTES);
  g_autoptr (OciLayerWriter) writer = oci_layer_writer_new (layout, jobs, error);
  if (writer == NULL || !oci_layout_open_blob (layout, plain, &fd, error))
    return NULL;
  for (size_t got = COPY_BYTES; got == COPY_BYTES;)
    if (!oci_read_full (fd, buffer, COPY_BYTES, &got, error)
        || !oci_layer_writer_raw (writer, buffer, got, error))
      return NULL;
  return oci_layer_writer_finish (writer, out_diff_id, error);
}

static gboolean
is_gzip (OciLayout *layout, const OciDescriptor *blob, gboolean *out_gzip, GError **error)
{
  g_auto (OciFd) fd = -1;
  unsigned char magic[2] = { 0 };
  size_t got = 0;
  if (!oci_layout_open_blob (layout, blob, &fd, error)
      || !oci_read_full (fd, magic, sizeof magic, &got, error))
    return FALSE;
  *out_gzip = got == sizeof magic && magic[0] == 0x1f && magic[1] == 0x8b;
  return TRUE;
}

static OciDescriptor *
import_layer (const DockerImport *self, const char *path, const OciDigest *diff_id, unsigned jobs,
              GError **error)
{
  OCI_PREFIX (error, "%s", path);
  gboolean gzip = FALSE;
  const OciDescriptor *member = find_member (self, path, error);
  if (member == NULL || !is_gzip (self->layout, member, &gzip, error))
    return NULL;
  if (gzip)
    return oci_descriptor_new (OCI_MEDIA_TYPE_LAYER_GZIP, &member->digest, member->size);

  OciDigest actual;
  g_autoptr (OciDescriptor) layer = compress_layer (self->layout, member, jobs, &actual, error);
  if (layer == NULL)
    return NULL;
  if (!oci_digest_equal (&actual, diff_id))
    {
      oci_throw (error, OCI_ERROR_CORRUPT, "the layer does not match its diff_id");
      return NULL;
    }
  return g_steal_pointer (&layer);
}

/* One image of manifest.json: [{"Config": PATH, "RepoTags": […], "Layers": [PATH, …]}]. */
typedef struct
{
  char *config;
  char **layers;
  char **tags;
} DockerImage;

static void
docker_image_clear (DockerImage *self)
{
  g_free (self->config);
  g_strfreev (self->layers);
  g_strfreev (self->tags);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (DockerImage, docker_image_clear)

static void
read_docker_image (const OciJson *at, DockerImage *out)
{
  OciJson member;
  const char *config;
  if (!oci_json_object (at, NULL))
    return;
  if (oci_json_require (at, "Config", &member) && oci_json_string (&member, &config))
    out->config = g_strdup (config);
  if (oci_json_require (at, "Layers", &member))
    (void) oci_json_strv (&member, OCI_MANIFEST_MAX_LAYERS, &out->layers);
  if (oci_json_member (at, "RepoTags", &member))
    (void) oci_json_strv (&member, 10000, &out->tags);
}

/* Tools write the names in full: docker.io/library/NAME:TAG for what the user called NAME:TAG. */
static gboolean
has_tag (const DockerImage *image, const char *name)
{
  static const char *const prefixes[] = { "", "docker.io/", "docker.io/library/" };
  for (size_t i = 0; image->tags != NULL && i < G_N_ELEMENTS (prefixes); i++)
    {
      g_autofree char *full = g_strconcat (prefixes[i], name, NULL);
      if (g_strv_contains ((const char *const *) image->tags, full))
        return TRUE;
    }
  return FALSE;
}

static gboolean
choose_docker_image (GBytes *raw, const char *name, DockerImage *out, GError **error)
{
  OciJson root;
  size_t length = 0;
  g_autoptr (OciJsonDocument) document =
      oci_json_parse ("manifest.json", raw, OCI_ERROR_FORMAT, &root, error);
  if (document == NULL)
    return FALSE;
  gboolean found = FALSE;
  if (oci_json_array (&root, MAX_IMAGES, &length) && name == NULL && length != 1)
    oci_json_problem (&root, "holds %zu images, name one", length);
  for (size_t i = 0; i < length && !found; i++)
    {
      OciJson element;
      oci_json_element (&root, i, &element);
      docker_image_clear (out);
      *out = (DockerImage){ 0 };
      read_docker_image (&element, out);
      found = name == NULL || has_tag (out, name);
    }
  if (!found && name != NULL)
    oci_json_problem (&root, "has no image ‘%s’", name);
  return oci_json_document_finish (document, error);
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
  if (config == NULL)
    return NULL;
  for (guint i = 0; image->layers[i] != NULL; i++)
    {
      OciDigest diff_id;
      if (!oci_image_config_diff_id (config, i, &diff_id, error))
        return NULL;
      OciDescriptor *layer = import_layer (self, image->layers[i], &diff_id, jobs, error);
      if (layer == NULL)
        return NULL;
      g_ptr_array_add (manifest->layers, layer);
    }
  OciDigest digest;
  g_autoptr (GBytes) dump = oci_manifest_dump (manifest);
  if (!oci_layout_put_blob (self->layout, dump, &digest, error))
    return NULL;
  return oci_descriptor_new (OCI_MEDIA_TYPE_MANIFEST, &digest, g_bytes_get_size (dump));
}

OciDescriptor *
docker_archive_import (const char *path, const OciDigest *file, const char *name, OciLayout *layout,
                       unsigned jobs, GError **error)
{
  g_autoptr (GHashTable) members =
      g_hash_table_new_full (g_str_hash, g_str_equal, g_free, (GDestroyNotify) oci_descriptor_free);
  g_autoptr (GHashTable) links = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  DockerImport import = { .layout = layout, .members = members, .links = links };
  gboolean ok = oci_archive_foreach (path, file, layout, take_docker_member, &import, error);
  g_autoptr (GBytes) raw = import.manifest;
  if (!ok)
    return NULL;
  OCI_PREFIX (error, "%s", path);
  if (raw == NULL)
    {
      oci_throw (error, OCI_ERROR_FORMAT, "no docker archive: it has no manifest.json");
      return NULL;
    }
  g_auto (DockerImage) image = { 0 };
  if (!choose_docker_image (raw, name, &image, error) || image.layers == NULL)
    return NULL;
  return build_docker_manifest (&import, &image, jobs, error);
}

/* Adds a blob as HEX.SUFFIX and names that path in @paths when given. */
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
  if (!oci_image_read (layout, descriptor, &manifest, NULL, error))
    return FALSE;
  g_autoptr (OciArchiveFile) file = oci_archive_file_new (path, error);
  if (file == NULL || !add_blob (file, layout, manifest->config, ".json", NULL, error))
    return FALSE;
  for (guint i = 0; i < manifest->layers->len; i++)
    if (!add_blob (file, layout, manifest->layers->pdata[i], ".tar.gz", layers, error))
      return FALSE;
  g_autoptr (GBytes) document = make_manifest (manifest, name, layers);
  return oci_archive_file_add (file, "manifest.json", document, error)
         && oci_archive_file_finish (file, error);
}
