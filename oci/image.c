#include "oci/image.h"

enum
{
  COPY_BYTES = 256 * 1024,
  MAX_INDEX_DEPTH = 4,
  MAX_INDEX_DOCUMENTS = 100,
};

/* State of choosing an image from an index. */
typedef struct
{
  OciLayout *layout;
  const OciPlatform *wanted;
  OciImageProvide provide; /* (nullable) */
  gpointer data;
  GPtrArray *offered; /* texts of platforms */
  guint documents;    /* number of documents read so far */
} Choice;

static gboolean
provide (Choice *self, const OciDescriptor *document, gboolean is_config, GError **error)
{
  return self->provide == NULL || self->provide (self->data, document, is_config, error);
}

/* "the manifest sha256:…" */
static char *
document_name (const char *kind, const OciDescriptor *document)
{
  OciDigestText text;
  return g_strconcat ("the ", kind, " ", oci_digest_text (&document->digest, text), NULL);
}

/* Reads a manifest or index, which must match its descriptor. */
static GBytes *
read_document (OciLayout *layout, const OciDescriptor *descriptor, OciMediaKind *out_kind,
               GError **error)
{
  g_autoptr (GBytes) raw = oci_layout_read_blob (layout, descriptor, OCI_MANIFEST_MAX_BYTES, error);
  if (raw == NULL)
    return NULL;
  const OciMediaType *announced = oci_media_type_lookup (descriptor->media_type);
  g_autofree char *name = document_name ("manifest", descriptor);
  g_autofree char *type = oci_manifest_document_type (name, raw, NULL, error);
  if (type == NULL)
    return NULL;
  *out_kind = oci_media_type_lookup (type)->kind;
  if (announced == NULL || announced->kind == *out_kind)
    return g_steal_pointer (&raw);
  oci_throw (error, OCI_ERROR_CORRUPT, "%s is of type %s, but its descriptor says %s", name, type,
             descriptor->media_type);
  return NULL;
}

static OciDescriptor *choose (Choice *self, const OciDescriptor *descriptor, guint depth,
                              GError **error);

/* Returns: (transfer full) (nullable): NULL without an error if the image is for another
 * platform */
static OciDescriptor *
try_image (Choice *self, const OciDescriptor *descriptor, GError **error)
{
  OciPlatform platform;
  g_autoptr (OciManifest) manifest = NULL;
  g_autoptr (OciImageConfig) config = NULL;
  if (!oci_image_read (self->layout, descriptor, &manifest, NULL, error)
      || !provide (self, manifest->config, TRUE, error)
      || !oci_image_read (self->layout, descriptor, NULL, &config, error)
      || !oci_image_config_platform (config, &platform))
    return NULL;
  if (oci_platform_rank (self->wanted, &platform) >= 0)
    return oci_descriptor_copy (descriptor);
  g_ptr_array_add (self->offered, oci_platform_text (&platform));
  return NULL;
}

static OciDescriptor *
choose_of_index (Choice *self, const OciIndex *index, guint depth, GError **error)
{
  g_autoptr (GPtrArray) candidates = oci_index_candidates (index, self->wanted, self->offered);
  for (guint i = 0; i < candidates->len; i++)
    {
      OciPlatform platform;
      g_autoptr (GError) local = NULL;
      const OciDescriptor *candidate = candidates->pdata[i];
      OciDescriptor *found = choose (self, candidate, depth + 1, &local);
      gboolean is_index = found != NULL && found->of_index;
      if (found != NULL && !is_index && !oci_platform_read (candidate->platform, &platform))
        {
          g_autoptr (OciDescriptor) silent = found;
          found = try_image (self, silent, &local);
        }
      if (found != NULL)
        {
          found->of_index = TRUE;
          return found;
        }
      if (local != NULL)
        {
          g_propagate_error (error, g_steal_pointer (&local));
          return NULL;
        }
    }
  return NULL;
}

/* Returns: (transfer full) (nullable): NULL without an error if an index has no image for the
 * platform */
static OciDescriptor *
choose (Choice *self, const OciDescriptor *descriptor, guint depth, GError **error)
{
  OciMediaKind kind = OCI_MEDIA_MANIFEST;
  if (depth > MAX_INDEX_DEPTH || self->documents++ > MAX_INDEX_DOCUMENTS)
    {
      oci_throw (error, OCI_ERROR_LIMIT,
                 "image indexes in each other: more than %d deep, or more than %d documents to "
                 "find the image for a platform",
                 MAX_INDEX_DEPTH, MAX_INDEX_DOCUMENTS);
      return NULL;
    }
  if (!provide (self, descriptor, FALSE, error))
    return NULL;
  g_autoptr (GBytes) raw = read_document (self->layout, descriptor, &kind, error);
  if (raw == NULL)
    return NULL;
  if (kind == OCI_MEDIA_MANIFEST)
    {
      OciDescriptor *copy = oci_descriptor_copy (descriptor);
      copy->of_index = FALSE;
      return copy;
    }
  g_autofree char *name = document_name ("image index", descriptor);
  g_autoptr (OciIndex) index = oci_index_parse (name, raw, error);
  return index != NULL ? choose_of_index (self, index, depth, error) : NULL;
}

OciDescriptor *
oci_image_find_manifest (OciLayout *layout, const OciDescriptor *descriptor,
                         const OciPlatform *platform, OciImageProvide provide_document,
                         gpointer data, GError **error)
{
  g_autoptr (GError) local = NULL;
  g_autoptr (GPtrArray) offered = g_ptr_array_new_with_free_func (g_free);
  Choice choice = {
    .layout = layout,
    .wanted = platform,
    .provide = provide_document,
    .data = data,
    .offered = offered,
  };
  OciDescriptor *found = choose (&choice, descriptor, 0, &local);
  if (found != NULL)
    return found;
  if (local != NULL)
    {
      g_propagate_error (error, g_steal_pointer (&local));
      return NULL;
    }
  g_autofree char *name = document_name ("index", descriptor);
  oci_index_fail_platform (name, platform, offered, error);
  return NULL;
}

char *
oci_image_describe_platform (const OciImageConfig *config)
{
  OciPlatform actual, known;
  if (!oci_image_config_platform (config, &actual))
    return g_strdup ("no known platform");
  g_autofree char *text = oci_platform_text (&actual);
  return oci_platform_parse (text, &known, NULL) ? g_steal_pointer (&text) : oci_quote (text);
}

gboolean
oci_image_check_platform (const OciImageConfig *config, const OciPlatform *platform, GError **error)
{
  OciPlatform actual;
  if (oci_image_config_platform (config, &actual) && oci_platform_rank (platform, &actual) >= 0)
    return TRUE;
  g_autofree char *text = oci_image_describe_platform (config);
  g_autofree char *wanted = oci_platform_text (platform);
  return oci_throw (error, OCI_ERROR_NOT_FOUND, "the image is for %s, not for %s", text, wanted);
}

static gboolean
check_counts (const OciDescriptor *descriptor, const OciManifest *manifest,
              const OciImageConfig *config, GError **error)
{
  guint layers = manifest->layers->len, diff_ids = oci_image_config_n_layers (config);
  if (layers == diff_ids)
    return TRUE;
  g_autofree char *of_manifest = document_name ("manifest", descriptor);
  g_autofree char *of_config = document_name ("configuration", manifest->config);
  return oci_throw (error, OCI_ERROR_CORRUPT,
                    "the image has %u layers and %u diff_ids: %s and %s do not belong together",
                    layers, diff_ids, of_manifest, of_config);
}

gboolean
oci_image_read (OciLayout *layout, const OciDescriptor *descriptor, OciManifest **out_manifest,
                OciImageConfig **out_config, GError **error)
{
  g_autofree char *name = document_name ("manifest", descriptor);
  g_autoptr (GBytes) raw = oci_layout_read_blob (layout, descriptor, OCI_MANIFEST_MAX_BYTES, error);
  g_autoptr (OciManifest) manifest = raw != NULL ? oci_manifest_parse (name, raw, error) : NULL;
  if (manifest == NULL)
    return FALSE;
  if (out_config != NULL)
    {
      g_autofree char *config_name = document_name ("configuration", manifest->config);
      g_autoptr (GBytes) bytes =
          oci_layout_read_blob (layout, manifest->config, OCI_IMAGE_CONFIG_MAX_BYTES, error);
      g_autoptr (OciImageConfig) config =
          bytes != NULL ? oci_image_config_parse (config_name, bytes, error) : NULL;
      if (config == NULL || !check_counts (descriptor, manifest, config, error))
        return FALSE;
      *out_config = g_steal_pointer (&config);
    }
  if (out_manifest != NULL)
    *out_manifest = g_steal_pointer (&manifest);
  return TRUE;
}

gboolean
oci_image_is_image (const OciManifest *manifest)
{
  const OciMediaType *type = oci_media_type_lookup (manifest->config->media_type);
  return type != NULL && type->kind == OCI_MEDIA_CONFIG;
}

gboolean
oci_image_read_checked (OciLayout *layout, const OciDescriptor *descriptor,
                        OciManifest **out_manifest, GError **error)
{
  g_autoptr (OciManifest) manifest = NULL;
  g_autoptr (OciImageConfig) config = NULL;
  if (!oci_image_read (layout, descriptor, &manifest, NULL, error))
    return FALSE;
  if (oci_image_is_image (manifest) && !oci_image_read (layout, descriptor, NULL, &config, error))
    return FALSE;
  if (out_manifest != NULL)
    *out_manifest = g_steal_pointer (&manifest);
  return TRUE;
}

gboolean
oci_image_check_blobs (OciLayout *layout, const OciDescriptor *descriptor, GError **error)
{
  g_autoptr (OciManifest) manifest = NULL;
  g_auto (OciFd) config = -1;
  if (!oci_image_read (layout, descriptor, &manifest, NULL, error)
      || !oci_layout_open_blob (layout, manifest->config, &config, error))
    return FALSE;
  for (guint i = 0; i < manifest->layers->len; i++)
    {
      g_auto (OciFd) layer = -1;
      if (!oci_layout_open_blob (layout, manifest->layers->pdata[i], &layer, error))
        return FALSE;
    }
  return TRUE;
}

static gboolean
copy_blob (OciLayout *from, const OciDescriptor *blob, OciLayout *to, GError **error)
{
  OciDigestHex hex;
  g_auto (OciFd) fd = -1;
  gboolean found = FALSE;
  if (!oci_layout_find_blob (to, &blob->digest, &found, NULL, error))
    return FALSE;
  if (found && oci_layout_verify_blob (to, blob, NULL)) /* a damaged one is replaced */
    return TRUE;
  g_autoptr (OciBlobWriter) writer = oci_blob_writer_new (to, error);
  if (writer == NULL || !oci_layout_open_blob (from, blob, &fd, error))
    return FALSE;
  OCI_PREFIX (error, "the blob sha256:%.12s… of %s", oci_digest_hex (&blob->digest, hex),
              oci_layout_label (from));
  g_autofree char *buffer = g_malloc (COPY_BYTES);
  for (size_t got = COPY_BYTES; got == COPY_BYTES;)
    if (!oci_read_full (fd, buffer, COPY_BYTES, &got, error)
        || !oci_blob_writer_write (writer, buffer, got, error))
      return FALSE;
  return oci_blob_writer_finish (writer, &blob->digest, NULL, NULL, error);
}

gboolean
oci_image_copy (OciLayout *from, const OciDescriptor *descriptor, OciLayout *to, GError **error)
{
  g_autoptr (OciManifest) manifest = NULL;
  if (!oci_image_read_checked (from, descriptor, &manifest, error)
      || !copy_blob (from, manifest->config, to, error))
    return FALSE;
  for (guint i = 0; i < manifest->layers->len; i++)
    if (!copy_blob (from, manifest->layers->pdata[i], to, error))
      return FALSE;
  return copy_blob (from, descriptor, to, error);
}
