#include "oci/descriptor.h"

OciDescriptor *
oci_descriptor_new (const char *media_type, const OciDigest *digest, uint64_t size)
{
  OciDescriptor *self = g_new0 (OciDescriptor, 1);
  self->media_type = g_strdup (media_type);
  self->digest = *digest;
  self->size = size;
  return self;
}

OciDescriptor *
oci_descriptor_copy (const OciDescriptor *self)
{
  OciDescriptor *copy = oci_descriptor_new (self->media_type, &self->digest, self->size);
  copy->annotations = json_deep_copy (self->annotations);
  copy->platform = json_deep_copy (self->platform);
  copy->of_index = self->of_index;
  return copy;
}

void
oci_descriptor_free (OciDescriptor *self)
{
  if (self == NULL)
    return;
  g_free (self->media_type);
  json_decref (self->annotations);
  json_decref (self->platform);
  g_free (self);
}

static gboolean
read_digest (const OciJson *at, OciDigest *out_digest)
{
  OciJson member;
  const char *text;
  if (!oci_json_require (at, "digest", &member) || !oci_json_string (&member, &text))
    return FALSE;
  g_autoptr (GError) local = NULL;
  if (oci_digest_parse (text, out_digest, &local))
    return TRUE;
  oci_json_problem (&member, "%s", local->message);
  return FALSE;
}

static json_t *
read_annotations (const OciJson *at)
{
  OciJson member;
  if (!oci_json_member (at, "annotations", &member) || !oci_json_object (&member, NULL))
    return NULL;
  const char *key;
  json_t *value;
  json_object_foreach ((json_t *) member.value, key, value)
  {
    OciJson annotation;
    const char *text;
    (void) value;
    if (!oci_json_member (&member, key, &annotation) || !oci_json_string (&annotation, &text))
      return NULL;
  }
  return json_deep_copy (member.value);
}

OciDescriptor *
oci_descriptor_read (const OciJson *at)
{
  OciJson media_type, size, platform;
  const char *media_type_text;
  OciDigest digest;
  int64_t bytes;
  if (!oci_json_object (at, NULL) || !oci_json_require (at, "mediaType", &media_type)
      || !oci_json_string (&media_type, &media_type_text) || !read_digest (at, &digest)
      || !oci_json_require (at, "size", &size) || !oci_json_int (&size, 0, INT64_MAX, &bytes))
    return NULL;

  OciDescriptor *self = oci_descriptor_new (media_type_text, &digest, (uint64_t) bytes);
  self->annotations = read_annotations (at);
  if (oci_json_member (at, "platform", &platform) && oci_json_object (&platform, NULL))
    self->platform = json_deep_copy (platform.value);
  return self;
}

json_t *
oci_descriptor_to_json (const OciDescriptor *self)
{
  OciDigestText text;
  json_t *object = json_object ();
  oci_json_set (object, "mediaType", oci_json_text (self->media_type));
  oci_json_set (object, "digest", oci_json_text (oci_digest_text (&self->digest, text)));
  oci_json_set (object, "size", json_integer ((json_int_t) self->size));
  if (self->annotations != NULL)
    oci_json_set (object, "annotations", json_deep_copy (self->annotations));
  if (self->platform != NULL)
    oci_json_set (object, "platform", json_deep_copy (self->platform));
  return object;
}

const char *
oci_descriptor_annotation (const OciDescriptor *self, const char *key)
{
  return json_string_value (json_object_get (self->annotations, key));
}

void
oci_descriptor_annotate (OciDescriptor *self, const char *key, const char *value)
{
  if (self->annotations == NULL)
    self->annotations = json_object ();
  oci_json_set (self->annotations, key, oci_json_text (value));
}
