#include "builder/check/layers.h"

#include <string.h>

typedef struct
{
  json_int_t entries;
  json_int_t orphans; /* entries without their parent directory before them */
  json_int_t links;   /* hard links */
  char *orphan;       /* (nullable): the first one */
  char *link;
} Layer;

struct _TerraneLayerAudit
{
  GArray *layers;          /* of Layer */
  GHashTable *directories; /* set of paths: what the layer at hand has had so far */
};

static void
layer_clear (gpointer data)
{
  Layer *layer = data;
  g_free (layer->orphan);
  g_free (layer->link);
}

TerraneLayerAudit *
terrane_layer_audit_new (void)
{
  TerraneLayerAudit *self = g_new0 (TerraneLayerAudit, 1);
  self->layers = g_array_new (FALSE, TRUE, sizeof (Layer));
  g_array_set_clear_func (self->layers, layer_clear);
  self->directories = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  return self;
}

void
terrane_layer_audit_free (TerraneLayerAudit *self)
{
  if (self == NULL)
    return;
  g_array_unref (self->layers);
  g_hash_table_unref (self->directories);
  g_free (self);
}

void
terrane_layer_audit_entry (TerraneLayerAudit *self, guint index, const OciEntry *entry)
{
  if (index >= self->layers->len)
    {
      g_array_set_size (self->layers, index + 1);
      g_hash_table_remove_all (self->directories);
    }
  Layer *layer = &g_array_index (self->layers, Layer, index);
  const char *slash = strrchr (entry->path, '/');
  g_autofree char *parent =
      slash != NULL ? g_strndup (entry->path, (gsize) (slash - entry->path)) : NULL;
  layer->entries++;
  if (parent != NULL && !g_hash_table_contains (self->directories, parent) && layer->orphans++ == 0)
    layer->orphan = g_strdup (entry->path);
  if (entry->type == OCI_ENTRY_HARDLINK && layer->links++ == 0)
    layer->link = g_strdup (entry->path);
  if (entry->type == OCI_ENTRY_DIRECTORY)
    g_hash_table_add (self->directories, g_strdup (entry->path));
}

json_t *
terrane_layer_audit_to_json (const TerraneLayerAudit *self)
{
  json_t *array = json_array ();
  for (guint i = 0; i < self->layers->len; i++)
    {
      const Layer *layer = &g_array_index (self->layers, Layer, i);
      json_t *object = json_object ();
      oci_json_set (object, "entries", json_integer (layer->entries));
      oci_json_set (object, "orphans", json_integer (layer->orphans));
      oci_json_set (object, "links", json_integer (layer->links));
      if (layer->orphan != NULL)
        oci_json_set (object, "orphan", oci_json_text (layer->orphan));
      if (layer->link != NULL)
        oci_json_set (object, "link", oci_json_text (layer->link));
      oci_json_append (array, object);
    }
  return array;
}

TerraneLayerAudit *
terrane_layer_audit_from_json (const json_t *value)
{
  if (!json_is_array (value))
    return NULL;
  TerraneLayerAudit *self = terrane_layer_audit_new ();
  size_t i;
  json_t *object;
  json_array_foreach (value, i, object)
  {
    const Layer layer = {
      .entries = json_integer_value (json_object_get (object, "entries")),
      .orphans = json_integer_value (json_object_get (object, "orphans")),
      .links = json_integer_value (json_object_get (object, "links")),
      .orphan = g_strdup (json_string_value (json_object_get (object, "orphan"))),
      .link = g_strdup (json_string_value (json_object_get (object, "link"))),
    };
    g_array_append_val (self->layers, layer);
  }
  return self;
}

static void G_GNUC_PRINTF (7, 8)
    add (TerraneFindings *findings, const char *id, TerraneSeverity severity, const char *path,
         const char *layer, const char *fix, const char *format, ...)
{
  va_list args;
  va_start (args, format);
  g_autofree char *message = g_strdup_vprintf (format, args);
  va_end (args);
  const TerraneFinding finding = {
    .id = id, .severity = severity, .path = path, .tree = layer, .message = message, .fix = fix
  };
  terrane_findings_add (findings, &finding);
}

static gboolean
is_docker (const char *media_type)
{
  return g_str_has_prefix (media_type, "application/vnd.docker.");
}

static void
check_media_types (const OciManifest *manifest, TerraneFindings *findings)
{
  const char *type = manifest->media_type != NULL ? manifest->media_type : OCI_MEDIA_TYPE_MANIFEST;
  gboolean mixed = is_docker (manifest->config->media_type) != is_docker (type);
  for (guint i = 0; i < manifest->layers->len; i++)
    mixed = mixed
            || is_docker (((OciDescriptor *) manifest->layers->pdata[i])->media_type)
                   != is_docker (type);
  if (mixed)
    add (findings, "lambda.media-types", TERRANE_SEVERITY_ERROR, NULL, NULL,
         "make it again with one tool, or take it as the base of a profile",
         "manifest, configuration and layers have media types of Docker and of OCI");
}

static void
check_compression (const OciDescriptor *layer, const char *name, TerraneFindings *findings)
{
  const OciMediaType *type = oci_media_type_lookup (layer->media_type);
  g_autofree char *quoted = oci_quote (layer->media_type);
  if (type == NULL || type->kind != OCI_MEDIA_LAYER)
    add (findings, "lambda.media-types", TERRANE_SEVERITY_ERROR, NULL, name, NULL,
         "%s is not a layer that Lambda knows", quoted);
  else if (type->compression == OCI_COMPRESSION_ZSTD)
    add (findings, "lambda.layer-compression", TERRANE_SEVERITY_ERROR, NULL, name,
         "compress it with gzip", "it is compressed with zstd; Lambda is known to take gzip only");
  else if (type->compression == OCI_COMPRESSION_NONE)
    add (findings, "lambda.layer-compression",
         is_docker (layer->media_type) ? TERRANE_SEVERITY_ERROR : TERRANE_SEVERITY_WARNING, NULL,
         name, "compress it with gzip",
         "it is not compressed, for which Lambda reports UnsupportedImageLayerDetected");
}

static void
check_layer (const OciDescriptor *descriptor, const Layer *layer, const char *name,
             TerraneFindings *findings)
{
  check_compression (descriptor, name, findings);
  if (descriptor->size == 0)
    add (findings, "lambda.empty-layer", TERRANE_SEVERITY_ERROR, NULL, name, "leave it out",
         "it has no bytes at all");
  else if (layer == NULL || layer->entries == 0)
    add (findings, "lambda.empty-layer", TERRANE_SEVERITY_NOTE, NULL, name, "leave it out",
         "it has no entries");
  if (layer != NULL && layer->orphans > 0)
    add (findings, "lambda.parent-directory", TERRANE_SEVERITY_ERROR, layer->orphan, name,
         "write every directory before what is in it, in the same layer",
         "%" JSON_INTEGER_FORMAT " entries come without their parent directory before them; Lambda "
         "reports InvalidImage, MissingParentDirectory",
         layer->orphans);
  if (layer != NULL && layer->links > 0)
    add (findings, "lambda.hard-link", TERRANE_SEVERITY_WARNING, layer->link, name,
         "write copies or symbolic links instead",
         "%" JSON_INTEGER_FORMAT " hard links; there are reports that Lambda refuses such layers "
         "(UnsupportedImageLayerDetected)",
         layer->links);
}

void
terrane_check_layers (const OciManifest *manifest, const TerraneLayerAudit *audit,
                      const char *const *names, gboolean from_index, TerraneFindings *findings)
{
  if (from_index)
    add (findings, "lambda.image-index", TERRANE_SEVERITY_ERROR, NULL, NULL,
         "push the image itself; with buildx: --provenance=false --sbom=false and one platform",
         "the name leads to an index of images, and Lambda takes an image only");
  check_media_types (manifest, findings);
  for (guint i = 0; i < manifest->layers->len; i++)
    {
      const Layer *layer = i < audit->layers->len ? &g_array_index (audit->layers, Layer, i) : NULL;
      check_layer (manifest->layers->pdata[i], layer, names[i], findings);
    }
}
