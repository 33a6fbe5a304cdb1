/* Content descriptors: image-spec v1.1 descriptor.md. */
#pragma once

#include "oci/base/json.h"
#include "oci/digest.h"
#include "oci/media-type.h"

G_BEGIN_DECLS

typedef struct
{
  char *media_type;
  OciDigest digest;
  uint64_t size;       /* bytes of the blob */
  json_t *annotations; /* (nullable): object of strings */
  json_t *platform;    /* (nullable): object, only in an index */
  gboolean of_index;   /* an image that was chosen from an index; not written to any document */
} OciDescriptor;

/** Returns: (transfer full): a descriptor without annotations */
OciDescriptor *oci_descriptor_new (const char *media_type, const OciDigest *digest, uint64_t size);
/** Returns: (transfer full) */
OciDescriptor *oci_descriptor_copy (const OciDescriptor *self);
void oci_descriptor_free (OciDescriptor *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (OciDescriptor, oci_descriptor_free)

/** Reads a descriptor; problems are noted at @at. Returns: (transfer full) (nullable): %NULL after
 * a problem */
OciDescriptor *oci_descriptor_read (const OciJson *at);

/** Returns: (transfer full): the JSON form */
json_t *oci_descriptor_to_json (const OciDescriptor *self);

/** Returns: (transfer none) (nullable): the text of an annotation */
const char *oci_descriptor_annotation (const OciDescriptor *self, const char *key);

/** Sets an annotation. */
void oci_descriptor_annotate (OciDescriptor *self, const char *key, const char *value);

G_END_DECLS
