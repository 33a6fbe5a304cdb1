#include "oci/manifest.h"

#include <string.h>

OciManifest *
oci_manifest_new (void)
{
  OciManifest *self = g_new0 (OciManifest, 1);
  self->media_type = g_strdup (OCI_MEDIA_TYPE_MANIFEST);
  self->layers = g_ptr_array_new_with_free_func ((GDestroyNotify) oci_descriptor_free);
  return self;
}

void
oci_manifest_free (OciManifest *self)
{
  if (self == NULL)
    return;
  g_free (self->media_type);
  oci_descriptor_free (self->config);
  g_ptr_array_unref (self->layers);
  json_decref (self->annotations);
  g_free (self);
}

/* mediaType is optional in OCI manifests; the shape of the document then has to tell. */
static char *
document_media_type (const OciJson *root, OciMediaKind *out_kind)
{
  OciJson member;
  const char *text = NULL;
  if (oci_json_member (root, "mediaType", &member) && !oci_json_string (&member, &text))
    return NULL;
  if (text == NULL)
    text = oci_json_member (root, "manifests", &member) ? OCI_MEDIA_TYPE_INDEX
                                                        : OCI_MEDIA_TYPE_MANIFEST;
  const OciMediaType *type = oci_media_type_lookup (text);
  if (type == NULL || (type->kind != OCI_MEDIA_MANIFEST && type->kind != OCI_MEDIA_INDEX))
    {
      g_autofree char *quoted = oci_quote (text);
      oci_json_problem (root, "unknown kind of manifest %s", quoted);
      return NULL;
    }
  *out_kind = type->kind;
  return g_strdup (text);
}

static void
read_schema_version (const OciJson *root)
{
  OciJson member;
  int64_t version;
  if (oci_json_require (root, "schemaVersion", &member))
    (void) oci_json_int (&member, 2, 2, &version); /* a wrong one is noted */
}

static void
read_descriptors (const OciJson *array, size_t max, GPtrArray *out)
{
  size_t length = 0;
  if (!oci_json_array (array, max, &length))
    return;
  for (size_t i = 0; i < length; i++)
    {
      OciJson element;
      oci_json_element (array, i, &element);
      OciDescriptor *descriptor = oci_descriptor_read (&element);
      if (descriptor != NULL)
        g_ptr_array_add (out, descriptor);
    }
}

static void
check_layer_types (const OciJson *layers, const GPtrArray *descriptors)
{
  for (guint i = 0; i < descriptors->len; i++)
    {
      const OciDescriptor *descriptor = descriptors->pdata[i];
      const OciMediaType *type = oci_media_type_lookup (descriptor->media_type);
      if (type != NULL && type->kind == OCI_MEDIA_LAYER)
        continue;
      g_autofree char *quoted = oci_quote (descriptor->media_type);
      oci_json_problem (layers, "layer %u has the unknown media type %s", i, quoted);
    }
}

char *
oci_manifest_document_type (const char *name, GBytes *raw, GError **error)
{
  OciJson root;
  OciMediaKind kind = OCI_MEDIA_MANIFEST;
  g_autofree char *type = NULL;
  g_autoptr (OciJsonDocument) document = oci_json_parse (name, raw, OCI_ERROR_FORMAT, &root, error);
  if (document == NULL)
    return NULL;
  if (oci_json_object (&root, NULL))
    type = document_media_type (&root, &kind);
  return oci_json_document_finish (document, error) ? g_steal_pointer (&type) : NULL;
}

OciManifest *
oci_manifest_parse (const char *name, GBytes *raw, GError **error)
{
  OciJson root, member;
  OciMediaKind kind = OCI_MEDIA_MANIFEST;
  g_autoptr (OciJsonDocument) document = oci_json_parse (name, raw, OCI_ERROR_FORMAT, &root, error);
  if (document == NULL)
    return NULL;
  g_autoptr (OciManifest) self = oci_manifest_new ();
  if (oci_json_object (&root, NULL))
    {
      g_free (self->media_type);
      self->media_type = document_media_type (&root, &kind);
    }
  if (kind == OCI_MEDIA_INDEX)
    {
      oci_throw (error, OCI_ERROR_UNSUPPORTED, "%s is an image index, not an image manifest", name);
      return NULL;
    }
  read_schema_version (&root);
  if (oci_json_require (&root, "config", &member))
    self->config = oci_descriptor_read (&member);
  if (oci_json_require (&root, "layers", &member))
    {
      read_descriptors (&member, OCI_MANIFEST_MAX_LAYERS, self->layers);
      check_layer_types (&member, self->layers);
    }
  if (oci_json_member (&root, "annotations", &member) && oci_json_object (&member, NULL))
    self->annotations = json_deep_copy (member.value);
  if (!oci_json_document_finish (document, error))
    return NULL;
  return g_steal_pointer (&self);
}

static json_t *
descriptor_in_oci_family (const OciDescriptor *descriptor)
{
  json_t *object = oci_descriptor_to_json (descriptor);
  const OciMediaType *type = oci_media_type_lookup (descriptor->media_type);
  if (type != NULL)
    oci_json_set (object, "mediaType", oci_json_text (type->oci_name));
  return object;
}

GBytes *
oci_manifest_dump (const OciManifest *self)
{
  g_autoptr (OciJsonValue) root = json_object ();
  oci_json_set (root, "schemaVersion", json_integer (2));
  oci_json_set (root, "mediaType", oci_json_text (OCI_MEDIA_TYPE_MANIFEST));
  oci_json_set (root, "config", descriptor_in_oci_family (self->config));
  json_t *layers = json_array ();
  for (guint i = 0; i < self->layers->len; i++)
    oci_json_append (layers, descriptor_in_oci_family (self->layers->pdata[i]));
  oci_json_set (root, "layers", layers);
  if (self->annotations != NULL && json_object_size (self->annotations) > 0)
    oci_json_set (root, "annotations", json_deep_copy (self->annotations));
  return oci_json_dump (root);
}

OciIndex *
oci_index_parse (const char *name, GBytes *raw, GError **error)
{
  OciJson root, member;
  OciMediaKind kind = OCI_MEDIA_INDEX;
  g_autoptr (OciJsonDocument) document = oci_json_parse (name, raw, OCI_ERROR_FORMAT, &root, error);
  if (document == NULL)
    return NULL;
  g_autoptr (OciIndex) self = g_new0 (OciIndex, 1);
  self->manifests = g_ptr_array_new_with_free_func ((GDestroyNotify) oci_descriptor_free);
  if (oci_json_object (&root, NULL))
    {
      g_autofree char *media_type = document_media_type (&root, &kind);
      if (media_type != NULL && kind != OCI_MEDIA_INDEX)
        oci_json_problem (&root, "expected an image index, got an image manifest");
    }
  read_schema_version (&root);
  if (oci_json_require (&root, "manifests", &member))
    read_descriptors (&member, OCI_MANIFEST_MAX_LAYERS, self->manifests);
  if (!oci_json_document_finish (document, error))
    return NULL;
  return g_steal_pointer (&self);
}

void
oci_index_free (OciIndex *self)
{
  if (self == NULL)
    return;
  g_ptr_array_unref (self->manifests);
  g_free (self);
}

static char *
platform_text (const OciDescriptor *descriptor)
{
  const char *os = json_string_value (json_object_get (descriptor->platform, "os"));
  const char *architecture =
      json_string_value (json_object_get (descriptor->platform, "architecture"));
  const char *variant = json_string_value (json_object_get (descriptor->platform, "variant"));
  if (os == NULL || architecture == NULL)
    return g_strdup ("unknown");
  return g_strconcat (os, "/", architecture, variant != NULL ? "/" : "",
                      variant != NULL ? variant : "", NULL);
}

/* "linux/arm64" also means "linux/arm64/v8": the variant is the default one of its architecture. */
static gboolean
platform_matches (const char *wanted, const char *offered)
{
  if (strcmp (wanted, offered) == 0)
    return TRUE;
  g_autofree char *default_variant = g_strconcat (wanted, "/v8", NULL);
  return g_str_has_suffix (wanted, "/arm64") && strcmp (default_variant, offered) == 0;
}

const OciDescriptor *
oci_index_select (const OciIndex *self, const char *platform, GError **error)
{
  GString *offered = g_string_new (NULL);
  for (guint i = 0; i < self->manifests->len; i++)
    {
      const OciDescriptor *descriptor = self->manifests->pdata[i];
      g_autofree char *text = platform_text (descriptor);
      if (platform_matches (platform, text))
        {
          g_string_free (offered, TRUE);
          return descriptor;
        }
      g_string_append_printf (offered, "%s%s", offered->len > 0 ? ", " : "", text);
    }
  g_autofree char *list = g_string_free (offered, FALSE);
  g_autofree char *quoted = oci_quote (list);
  oci_throw (error, OCI_ERROR_NOT_FOUND, "no image for %s; the index offers %s", platform, quoted);
  return NULL;
}

static char *
list_names (const OciIndex *self)
{
  GString *names = g_string_new (NULL);
  for (guint i = 0; i < self->manifests->len; i++)
    {
      const char *name =
          oci_descriptor_annotation (self->manifests->pdata[i], OCI_ANNOTATION_REF_NAME);
      if (name != NULL)
        g_string_append_printf (names, "%s%s", names->len > 0 ? ", " : "", name);
    }
  return g_string_free (names, FALSE);
}

const OciDescriptor *
oci_index_find (const OciIndex *self, const char *name, GError **error)
{
  if (name == NULL && self->manifests->len == 1)
    return self->manifests->pdata[0];
  for (guint i = 0; name != NULL && i < self->manifests->len; i++)
    if (g_strcmp0 (oci_descriptor_annotation (self->manifests->pdata[i], OCI_ANNOTATION_REF_NAME),
                   name)
        == 0)
      return self->manifests->pdata[i];

  g_autofree char *names = list_names (self);
  g_autofree char *quoted = oci_quote (name);
  if (name == NULL)
    oci_throw (error, OCI_ERROR_USAGE, "holds %u images, name one of: %s", self->manifests->len,
               names);
  else
    oci_throw (error, OCI_ERROR_NOT_FOUND, "no image %s%s%s", quoted,
               names[0] != '\0' ? "; there is: " : "", names);
  return NULL;
}
