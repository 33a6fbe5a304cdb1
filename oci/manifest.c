#include "oci/manifest.h"

#include "oci/base/suggest.h"

#include <string.h>

enum
{
  MAX_NAMES = 10, /* in messages */
};

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
  g_free (self->artifact_type);
  oci_descriptor_free (self->config);
  g_ptr_array_unref (self->layers);
  json_decref (self->annotations);
  g_free (self);
}

/* Members that distinguish the kinds of documents. */
static const struct
{
  const char *key;
  gboolean in_index;
  gboolean in_manifest;
} telling[] = {
  { "mediaType", TRUE, TRUE },  { "schemaVersion", TRUE, TRUE },
  { "manifests", TRUE, FALSE }, { "config", FALSE, TRUE },
  { "layers", FALSE, TRUE },    { "fsLayers", FALSE, FALSE }, /* Docker's schema 1 */
  { "history", FALSE, FALSE },                                /* likewise */
};

static const char *
describe_kind (OciMediaKind kind)
{
  return kind == OCI_MEDIA_INDEX ? "an image index" : "an image manifest";
}

/* Tools differ in which members they examine first, and those written in Go accept members in any
 * case: a member of another kind, or in another spelling, is a second meaning. */
static void
check_members (const OciJson *root, OciMediaKind kind)
{
  const char *key;
  json_t *value;
  json_object_foreach ((json_t *) root->value, key, value)
  {
    for (size_t i = 0; i < G_N_ELEMENTS (telling); i++)
      {
        if (g_ascii_strcasecmp (key, telling[i].key) != 0 || json_is_null (value))
          continue;
        g_autofree char *quoted = oci_quote (key);
        if (strcmp (key, telling[i].key) != 0)
          oci_json_problem (root, "is ambiguous: has a member %s, which some tools take for ‘%s’",
                            quoted, telling[i].key);
        else if (kind == OCI_MEDIA_INDEX ? !telling[i].in_index : !telling[i].in_manifest)
          oci_json_problem (root,
                            "is ambiguous: %s that has ‘%s’, so that tools would take "
                            "different images from it",
                            describe_kind (kind), key);
      }
  }
}

/* mediaType is optional in OCI manifests; otherwise the shape of the document decides. */
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
  check_members (root, type->kind);
  return g_strdup (text);
}

/* distribution-spec v1.1 "Pulling manifests": a mediaType must be that of the Content-Type. */
static void
check_announced (const OciJson *root, const char *announced, const char *type, OciMediaKind kind)
{
  OciJson member;
  g_autofree char *bare = g_strndup (announced, strcspn (announced, "; \t"));
  const OciMediaType *known = oci_media_type_lookup (bare);
  gboolean says = oci_json_member (root, "mediaType", &member);
  if (known == NULL || (known->kind != OCI_MEDIA_MANIFEST && known->kind != OCI_MEDIA_INDEX)
      || (says ? g_str_equal (type, bare) : known->kind == kind))
    return;
  oci_json_problem (root, "is %s%s%s, but was announced as %s", describe_kind (kind),
                    says ? " of type " : "", says ? type : "", bare);
}

static void
read_schema_version (const OciJson *root)
{
  OciJson member;
  int64_t version;
  if (oci_json_require (root, "schemaVersion", &member))
    (void) oci_json_int (&member, 2, 2, &version); /* a wrong type is noted */
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
oci_manifest_document_type (const char *name, GBytes *raw, const char *announced, GError **error)
{
  OciJson root;
  OciMediaKind kind = OCI_MEDIA_MANIFEST;
  g_autofree char *type = NULL;
  g_autoptr (OciJsonDocument) document = oci_json_parse (name, raw, OCI_ERROR_FORMAT, &root, error);
  if (document == NULL)
    return NULL;
  if (oci_json_object (&root, NULL))
    type = document_media_type (&root, &kind);
  if (type != NULL && announced != NULL)
    check_announced (&root, announced, type, kind);
  return oci_json_document_finish (document, error) ? g_steal_pointer (&type) : NULL;
}

OciManifest *
oci_manifest_parse (const char *name, GBytes *raw, GError **error)
{
  OciJson root, member;
  OciMediaKind kind = OCI_MEDIA_MANIFEST;
  const char *artifact_type = NULL;
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
  if (oci_json_member (&root, "artifactType", &member) && oci_json_string (&member, &artifact_type))
    self->artifact_type = g_strdup (artifact_type);
  if (oci_json_member (&root, "annotations", &member) && oci_json_object (&member, NULL))
    self->annotations = json_deep_copy (member.value);
  if (!oci_json_document_finish (document, error))
    return NULL;
  return g_steal_pointer (&self);
}

void
oci_descriptor_to_oci_family (OciDescriptor *self)
{
  const OciMediaType *type = oci_media_type_lookup (self->media_type);
  if (type == NULL)
    return;
  g_free (self->media_type);
  self->media_type = g_strdup (type->oci_name);
}

static json_t *
descriptor_in_oci_family (const OciDescriptor *descriptor)
{
  g_autoptr (OciDescriptor) copy = oci_descriptor_copy (descriptor);
  oci_descriptor_to_oci_family (copy);
  return oci_descriptor_to_json (copy);
}

GBytes *
oci_manifest_dump (const OciManifest *self)
{
  g_autoptr (OciJsonValue) root = json_object ();
  oci_json_set (root, "schemaVersion", json_integer (2));
  oci_json_set (root, "mediaType", oci_json_text (OCI_MEDIA_TYPE_MANIFEST));
  oci_json_set_text (root, "artifactType", self->artifact_type);
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
    read_descriptors (&member, OCI_INDEX_MAX_MANIFESTS, self->manifests);
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

/* buildx adds provenance next to the images that it describes. */
static gboolean
is_attestation (const OciDescriptor *descriptor)
{
  return oci_descriptor_annotation (descriptor, "vnd.docker.reference.type") != NULL;
}

static gboolean
is_image (const OciDescriptor *descriptor)
{
  const OciMediaType *type = oci_media_type_lookup (descriptor->media_type);
  return type != NULL && (type->kind == OCI_MEDIA_MANIFEST || type->kind == OCI_MEDIA_INDEX)
         && !is_attestation (descriptor);
}

static void
add_offer (GPtrArray *offered, const OciPlatform *platform)
{
  g_autofree char *text = oci_platform_text (platform);
  if (!g_ptr_array_find_with_equal_func (offered, text, g_str_equal, NULL))
    g_ptr_array_add (offered, g_steal_pointer (&text));
}

GPtrArray *
oci_index_candidates (const OciIndex *self, const OciPlatform *wanted, GPtrArray *offered)
{
  enum
  {
    MAX_RANK = 16
  };
  GPtrArray *candidates = g_ptr_array_new ();
  g_autoptr (GPtrArray) silent = g_ptr_array_new ();
  for (int rank = 0; rank < MAX_RANK; rank++)
    for (guint i = 0; i < self->manifests->len; i++)
      {
        OciPlatform platform;
        OciDescriptor *descriptor = self->manifests->pdata[i];
        if (!is_image (descriptor))
          continue;
        gboolean says = oci_platform_read (descriptor->platform, &platform);
        if (says && oci_platform_rank (wanted, &platform) == rank)
          g_ptr_array_add (candidates, descriptor);
        if (rank > 0)
          continue;
        if (says)
          add_offer (offered, &platform);
        else if (json_object_size (descriptor->platform) == 0)
          g_ptr_array_add (silent, descriptor);
      }
  for (guint i = 0; i < silent->len; i++)
    g_ptr_array_add (candidates, silent->pdata[i]);
  return candidates;
}

gboolean
oci_index_fail_platform (const char *what, const OciPlatform *wanted, const GPtrArray *offered,
                         GError **error)
{
  g_autofree char *platform = oci_platform_text (wanted);
  g_autoptr (GPtrArray) words = g_ptr_array_new ();
  for (guint i = 0; i < offered->len; i++)
    g_ptr_array_add (words, offered->pdata[i]);
  g_ptr_array_add (words, NULL);
  g_autofree char *list = g_strjoinv (", ", (char **) words->pdata);
  g_autofree char *quoted = oci_quote (list);
  return oci_throw (error, OCI_ERROR_NOT_FOUND, "no image for %s; %s offers %s", platform, what,
                    offered->len > 0 ? quoted : "none for a known platform");
}

/* Returns borrowed names, ended by NULL. */
static GPtrArray *
list_names (const OciIndex *self)
{
  GPtrArray *names = g_ptr_array_new ();
  for (guint i = 0; i < self->manifests->len; i++)
    {
      const char *name =
          oci_descriptor_annotation (self->manifests->pdata[i], OCI_ANNOTATION_REF_NAME);
      if (name != NULL && !g_ptr_array_find_with_equal_func (names, name, g_str_equal, NULL))
        g_ptr_array_add (names, (char *) name);
    }
  g_ptr_array_add (names, NULL);
  return names;
}

/* "a, b and 70 more" @names: of list_names(). Returns: (transfer full) */
static char *
join_names (const GPtrArray *names)
{
  const guint n = names->len - 1;
  const guint shown = n > MAX_NAMES ? MAX_NAMES : n;
  g_autoptr (GString) text = g_string_new (NULL);
  for (guint i = 0; i < shown; i++)
    g_string_append_printf (text, "%s%s", i > 0 ? ", " : "", (const char *) names->pdata[i]);
  if (shown < n)
    g_string_append_printf (text, " and %u more", n - shown);
  return g_string_free (g_steal_pointer (&text), FALSE);
}

void
oci_index_fail_unknown (const OciIndex *self, const char *name, GError **error)
{
  g_autoptr (GPtrArray) names = list_names (self);
  g_autofree char *list = join_names (names);
  g_autofree char *quoted = oci_quote (name);
  if (name == NULL)
    {
      oci_throw (error, OCI_ERROR_USAGE, "holds %u images, name one of: %s", self->manifests->len,
                 list);
      return;
    }
  g_autofree char *hint = oci_did_you_mean (name, (const char *const *) names->pdata);
  gboolean listed = strchr (list, ',') != NULL || (list[0] != '\0' && hint[0] == '\0');
  const char *start = listed ? "; there is: " : names->len > 1 ? "" : "; there are no names in it";
  oci_throw (error, OCI_ERROR_NOT_FOUND, "no image %s%s%s%s", quoted, start, listed ? list : "",
             hint);
}

/* Returns the entries with this name, or all. */
static OciIndex *
entries_named (const OciIndex *self, const char *name)
{
  OciIndex *entries = g_new0 (OciIndex, 1);
  entries->manifests = g_ptr_array_new (); /* borrowed */
  for (guint i = 0; i < self->manifests->len; i++)
    if (name == NULL
        || g_strcmp0 (
               oci_descriptor_annotation (self->manifests->pdata[i], OCI_ANNOTATION_REF_NAME), name)
               == 0)
      g_ptr_array_add (entries->manifests, self->manifests->pdata[i]);
  return entries;
}

/* Whether the entries are one image for several platforms: each names a platform, and all
 * differ. */
static gboolean
is_one_image (const OciIndex *entries, const GPtrArray *offered)
{
  OciPlatform platform;
  guint images = 0;
  for (guint i = 0; i < entries->manifests->len; i++)
    {
      const OciDescriptor *descriptor = entries->manifests->pdata[i];
      gboolean says = oci_platform_read (descriptor->platform, &platform);
      if (is_image (descriptor) && !says && json_object_size (descriptor->platform) == 0)
        return FALSE;
      images += is_image (descriptor) && says;
    }
  return images == offered->len;
}

const OciDescriptor *
oci_index_find (const OciIndex *self, const char *name, const OciPlatform *platform, GError **error)
{
  g_autoptr (OciIndex) entries = entries_named (self, name);
  if (entries->manifests->len == 1)
    return entries->manifests->pdata[0];
  if (entries->manifests->len > 1 && platform != NULL)
    {
      g_autoptr (GPtrArray) offered = g_ptr_array_new_with_free_func (g_free);
      g_autoptr (GPtrArray) candidates = oci_index_candidates (entries, platform, offered);
      gboolean decides = name != NULL || is_one_image (entries, offered);
      if (decides && candidates->len > 0)
        return candidates->pdata[0];
      if (decides)
        {
          oci_index_fail_platform ("the index", platform, offered, error);
          return NULL;
        }
    }
  else if (entries->manifests->len > 1 && name != NULL)
    return entries->manifests->pdata[0];
  oci_index_fail_unknown (self, name, error);
  return NULL;
}
