#include "builder/check/layers.h"

#include "oci/base/raw-name.h"
#include "oci/base/text-hash.h"

#include <string.h>

typedef struct
{
  json_int_t entries;
  json_int_t orphans;        /* entries without their parent directory before them */
  json_int_t links;          /* hard links */
  json_int_t linked_parents; /* entries below a symbolic link of a lower layer */
  char *compression;         /* (nullable): of the blob */
  char *orphan;              /* (nullable): the first one; so are the next four */
  char *link;
  char *special; /* of devices, fifos and sockets */
  char *linked_entry;
  char *linked_parent; /* the link above it */
  GHashTable *linked;  /* (nullable): paths of hard links: a set */
  GHashTable *times;   /* (nullable): path of a Python source -> int64_t: seconds */
  int64_t *time;       /* (nullable): the same of all sources, instead */
} Layer;

struct _TerraneLayerAudit
{
  GArray *layers;          /* of Layer */
  GHashTable *directories; /* set of paths: directories of the current layer so far */
};

static void
layer_clear (gpointer data)
{
  Layer *layer = data;
  g_free (layer->compression);
  g_free (layer->orphan);
  g_free (layer->link);
  g_free (layer->special);
  g_free (layer->linked_entry);
  g_free (layer->linked_parent);
  g_free (layer->time);
  g_clear_pointer (&layer->times, g_hash_table_unref);
  g_clear_pointer (&layer->linked, g_hash_table_unref);
}

TerraneLayerAudit *
terrane_layer_audit_new (void)
{
  TerraneLayerAudit *self = g_new0 (TerraneLayerAudit, 1);
  self->layers = g_array_new (FALSE, TRUE, sizeof (Layer));
  g_array_set_clear_func (self->layers, layer_clear);
  self->directories = g_hash_table_new_full (oci_text_hash, g_str_equal, g_free, NULL);
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

static void
note_link (Layer *layer, const char *path)
{
  if (layer->linked == NULL)
    layer->linked = g_hash_table_new_full (oci_text_hash, g_str_equal, g_free, NULL);
  g_hash_table_add (layer->linked, g_strdup (path));
}

gboolean
terrane_layer_audit_is_link (const TerraneLayerAudit *self, guint index, const char *path)
{
  const Layer *layer =
      index < self->layers->len ? &g_array_index (self->layers, Layer, index) : NULL;
  return layer != NULL && layer->linked != NULL && g_hash_table_contains (layer->linked, path);
}

static void
note_time (Layer *layer, const char *path, int64_t seconds)
{
  if (layer->times == NULL)
    layer->times = g_hash_table_new_full (oci_text_hash, g_str_equal, g_free, g_free);
  g_hash_table_insert (layer->times, g_strdup (path), g_memdup2 (&seconds, sizeof seconds));
}

/* Layers of reproducible builds have one time for all files. */
static const int64_t *
common_time (const Layer *layer)
{
  const int64_t *common = layer->time;
  GHashTableIter iter;
  gpointer time;
  if (layer->times == NULL)
    return common;
  g_hash_table_iter_init (&iter, layer->times);
  while (g_hash_table_iter_next (&iter, NULL, &time))
    {
      if (common != NULL && *common != *(int64_t *) time)
        return NULL;
      common = time;
    }
  return common;
}

gboolean
terrane_layer_audit_source_time (const TerraneLayerAudit *self, guint index, const char *path,
                                 int64_t *out_seconds)
{
  if (index >= self->layers->len)
    return FALSE;
  const Layer *layer = &g_array_index (self->layers, Layer, index);
  const int64_t *time = layer->time;
  if (layer->times != NULL)
    time = g_hash_table_lookup (layer->times, path);
  if (time != NULL)
    *out_seconds = *time;
  return time != NULL;
}

/* Returns the layer, which becomes the current one. */
static Layer *
enter_layer (TerraneLayerAudit *self, guint index)
{
  if (index >= self->layers->len)
    {
      g_array_set_size (self->layers, index + 1);
      g_hash_table_remove_all (self->directories);
    }
  return &g_array_index (self->layers, Layer, index);
}

void
terrane_layer_audit_content (TerraneLayerAudit *self, guint index, const char *compression)
{
  Layer *layer = enter_layer (self, index);
  g_free (layer->compression);
  layer->compression = g_strdup (compression);
}

void
terrane_layer_audit_linked_parent (TerraneLayerAudit *self, guint index, const char *path,
                                   const char *link)
{
  Layer *layer = enter_layer (self, index);
  if (layer->linked_parents++ > 0)
    return;
  layer->linked_entry = g_strdup (path);
  layer->linked_parent = g_strdup (link);
}

const char *
terrane_layer_audit_special (const TerraneLayerAudit *self)
{
  for (guint i = 0; i < self->layers->len; i++)
    if (g_array_index (self->layers, Layer, i).special != NULL)
      return g_array_index (self->layers, Layer, i).special;
  return NULL;
}

void
terrane_layer_audit_entry (TerraneLayerAudit *self, guint index, const OciEntry *entry)
{
  Layer *layer = enter_layer (self, index);
  const char *slash = strrchr (entry->path, '/');
  g_autofree char *parent =
      slash != NULL ? g_strndup (entry->path, (gsize) (slash - entry->path)) : NULL;
  layer->entries++;
  if (parent != NULL && !g_hash_table_contains (self->directories, parent) && layer->orphans++ == 0)
    layer->orphan = g_strdup (entry->path);
  if (entry->type == OCI_ENTRY_SPECIAL && layer->special == NULL)
    layer->special = g_strdup (entry->path);
  if (entry->type == OCI_ENTRY_HARDLINK && layer->links++ == 0)
    layer->link = g_strdup (entry->path);
  if (entry->type == OCI_ENTRY_HARDLINK)
    note_link (layer, entry->path);
  if (entry->type == OCI_ENTRY_FILE && g_str_has_suffix (entry->path, ".py"))
    note_time (layer, entry->path, entry->mtime);
  if (entry->type == OCI_ENTRY_DIRECTORY)
    g_hash_table_add (self->directories, g_strdup (entry->path));
}

/* Names of any bytes are restored exactly. */
static void
set_name (json_t *object, const char *key, const char *name)
{
  g_autofree char *text = name != NULL ? oci_raw_name_to_text (name) : NULL;
  oci_json_set_text (object, key, text);
}

static char *
get_name (const json_t *object, const char *key)
{
  const char *text = json_string_value (json_object_get (object, key));
  return text != NULL ? oci_raw_name_from_text (text) : NULL;
}

static void
append_name (json_t *array, const char *name)
{
  g_autofree char *text = oci_raw_name_to_text (name);
  oci_json_append (array, oci_json_text (text));
}

static void
links_to_json (const Layer *layer, json_t *object)
{
  GHashTableIter iter;
  gpointer path;
  if (layer->linked == NULL)
    return;
  json_t *array = json_array ();
  g_hash_table_iter_init (&iter, layer->linked);
  while (g_hash_table_iter_next (&iter, &path, NULL))
    append_name (array, path);
  oci_json_set (object, "linked", array);
}

static void
links_from_json (const json_t *object, Layer *layer)
{
  size_t i;
  json_t *path;
  json_array_foreach (json_object_get (object, "linked"), i, path) if (json_is_string (path))
  {
    g_autofree char *name = oci_raw_name_from_text (json_string_value (path));
    note_link (layer, name);
  }
}

static void
times_to_json (const Layer *layer, json_t *object)
{
  const int64_t *common = common_time (layer);
  GHashTableIter iter;
  gpointer path, time;
  if (common != NULL)
    oci_json_set (object, "source_time", json_integer (*common));
  if (common != NULL || layer->times == NULL)
    return;
  json_t *times = json_object ();
  g_hash_table_iter_init (&iter, layer->times);
  while (g_hash_table_iter_next (&iter, &path, &time))
    {
      g_autofree char *text = oci_raw_name_to_text (path);
      oci_json_set (times, text, json_integer (*(int64_t *) time));
    }
  oci_json_set (object, "source_times", times);
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
      oci_json_set (object, "linked_parents", json_integer (layer->linked_parents));
      oci_json_set_text (object, "compression", layer->compression);
      set_name (object, "orphan", layer->orphan);
      set_name (object, "link", layer->link);
      set_name (object, "special", layer->special);
      set_name (object, "linked_entry", layer->linked_entry);
      set_name (object, "linked_parent", layer->linked_parent);
      links_to_json (layer, object);
      times_to_json (layer, object);
      oci_json_append (array, object);
    }
  return array;
}

static void
times_from_json (const json_t *object, Layer *layer)
{
  const json_t *time = json_object_get (object, "source_time");
  const char *path;
  json_t *value;
  int64_t seconds = json_integer_value (time);
  if (time != NULL)
    layer->time = g_memdup2 (&seconds, sizeof seconds);
  json_object_foreach (json_object_get (object, "source_times"), path, value)
  {
    g_autofree char *name = oci_raw_name_from_text (path);
    note_time (layer, name, json_integer_value (value));
  }
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
    Layer layer = {
      .entries = json_integer_value (json_object_get (object, "entries")),
      .orphans = json_integer_value (json_object_get (object, "orphans")),
      .links = json_integer_value (json_object_get (object, "links")),
      .linked_parents = json_integer_value (json_object_get (object, "linked_parents")),
      .compression = oci_json_dup_text (object, "compression"),
      .orphan = get_name (object, "orphan"),
      .link = get_name (object, "link"),
      .special = get_name (object, "special"),
      .linked_entry = get_name (object, "linked_entry"),
      .linked_parent = get_name (object, "linked_parent"),
    };
    links_from_json (object, &layer);
    times_from_json (object, &layer);
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
  gboolean mixed =
      manifest->config != NULL && is_docker (manifest->config->media_type) != is_docker (type);
  for (guint i = 0; i < manifest->layers->len; i++)
    mixed = mixed
            || is_docker (((OciDescriptor *) manifest->layers->pdata[i])->media_type)
                   != is_docker (type);
  if (mixed)
    add (findings, "lambda.media-types", TERRANE_SEVERITY_ERROR, NULL, NULL,
         "make it again with one tool, or take it as the base of a profile",
         "manifest, configuration and layers have media types of Docker and of OCI");
}

static const char *
compression_name (OciCompression compression)
{
  return compression == OCI_COMPRESSION_ZSTD   ? "zstd"
         : compression == OCI_COMPRESSION_GZIP ? "gzip"
                                               : "none";
}

/* Returns the compression of the layer: from its bytes, else from its media type. */
static const char *
actual_compression (const OciMediaType *type, const Layer *layer)
{
  if (layer != NULL && layer->compression != NULL)
    return layer->compression;
  return type != NULL ? compression_name (type->compression) : "none";
}

static void
check_compression (const OciDescriptor *descriptor, const Layer *layer, const char *name,
                   TerraneFindings *findings)
{
  const OciMediaType *type = oci_media_type_lookup (descriptor->media_type);
  const char *compression = actual_compression (type, layer);
  g_autofree char *quoted = oci_quote (descriptor->media_type);
  if (type == NULL || type->kind != OCI_MEDIA_LAYER)
    add (findings, "lambda.media-types", TERRANE_SEVERITY_ERROR, NULL, name, NULL,
         "%s is not a layer that Lambda knows", quoted);
  else if (strcmp (compression, "none") == 0)
    add (findings, "lambda.layer-compression",
         is_docker (descriptor->media_type) ? TERRANE_SEVERITY_ERROR : TERRANE_SEVERITY_WARNING,
         NULL, name, "compress it with gzip",
         "it is not compressed, for which Lambda reports UnsupportedImageLayerDetected");
  else if (strcmp (compression, "gzip") != 0)
    add (findings, "lambda.layer-compression", TERRANE_SEVERITY_ERROR, NULL, name,
         "compress it with gzip", "it is compressed with %s; Lambda is known to take gzip only",
         compression);
}

static void
check_layer_lambda (const OciDescriptor *descriptor, const Layer *layer, const char *name,
                    TerraneFindings *findings)
{
  check_compression (descriptor, layer, name, findings);
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

static const Layer *
layer_at (const TerraneLayerAudit *audit, guint index)
{
  return index < audit->layers->len ? &g_array_index (audit->layers, Layer, index) : NULL;
}

void
terrane_check_layers_lambda (const TerraneImageLayers *layers, TerraneFindings *findings)
{
  const GPtrArray *descriptors = layers->manifest->layers;
  if (layers->from_index)
    add (findings, "lambda.image-index", TERRANE_SEVERITY_ERROR, NULL, NULL,
         "push the image itself; with buildx: --provenance=false --sbom=false and one platform",
         "the name leads to an index of images, and Lambda takes an image only");
  check_media_types (layers->manifest, findings);
  for (guint i = 0; i < descriptors->len; i++)
    check_layer_lambda (descriptors->pdata[i], layer_at (layers->audit, i), layers->names[i],
                        findings);
}

/* containerd and umoci trust the media type; podman, docker and terrane examine the bytes. */
static void
check_content (const OciDescriptor *descriptor, const Layer *layer, const char *name,
               TerraneFindings *findings)
{
  const OciMediaType *type = oci_media_type_lookup (descriptor->media_type);
  if (type == NULL || type->kind != OCI_MEDIA_LAYER || layer->compression == NULL
      || descriptor->size == 0
      || strcmp (layer->compression, compression_name (type->compression)) == 0)
    return;
  g_autofree char *quoted = oci_quote (descriptor->media_type);
  gboolean none = strcmp (layer->compression, "none") == 0;
  add (findings, "layers.media-type", TERRANE_SEVERITY_WARNING, NULL, name,
       "push the image again with a tool that writes the media type of what it sends",
       "its media type is %s and its content is %s%s; engines that believe the media type cannot "
       "unpack it",
       quoted, none ? "not compressed" : "compressed with ", none ? "" : layer->compression);
}

/* podman, docker and containerd unpack each layer separately, and combine them with an overlay. */
static void
check_linked_parents (const Layer *layer, const char *name, TerraneFindings *findings)
{
  if (layer->linked_parents == 0)
    return;
  g_autofree char *path = g_strconcat ("/", layer->linked_parent, NULL);
  g_autofree char *link = oci_quote (path);
  add (findings, "layers.linked-parent", TERRANE_SEVERITY_WARNING, layer->linked_entry, name,
       "write the entries under the path that the link leads to",
       "%" JSON_INTEGER_FORMAT " entries lie below %s, which is a symbolic link in a layer below; "
       "podman, docker and containerd make it a directory, which hides what the link leads to, "
       "while umoci and the sandbox follow the link",
       layer->linked_parents, link);
}

void
terrane_check_layers (const TerraneImageLayers *layers, TerraneFindings *findings)
{
  const GPtrArray *descriptors = layers->manifest->layers;
  for (guint i = 0; i < descriptors->len; i++)
    {
      const Layer *layer = layer_at (layers->audit, i);
      if (layer == NULL)
        continue;
      check_content (descriptors->pdata[i], layer, layers->names[i], findings);
      check_linked_parents (layer, layers->names[i], findings);
    }
}
