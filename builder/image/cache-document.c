#include "builder/image/cache-document.h"

#include "oci/transport.h"

#include <string.h>

enum
{
  FORMAT = 1,
  MAX_IMAGES = 1024,
  MAX_BLOBS = 10000,
};

static void
image_free (gpointer data)
{
  TerraneCacheImage *image = data;
  g_free (image->name);
  oci_descriptor_free (image->manifest);
  g_free (image);
}

static GPtrArray *
new_descriptors (void)
{
  return g_ptr_array_new_with_free_func ((GDestroyNotify) oci_descriptor_free);
}

TerraneCacheDocument *
terrane_cache_document_new (void)
{
  TerraneCacheDocument *self = g_new0 (TerraneCacheDocument, 1);
  self->images = g_ptr_array_new_with_free_func (image_free);
  self->blobs = new_descriptors ();
  self->downloads = new_descriptors ();
  return self;
}

void
terrane_cache_document_free (TerraneCacheDocument *self)
{
  if (self == NULL)
    return;
  g_ptr_array_unref (self->images);
  g_ptr_array_unref (self->blobs);
  g_ptr_array_unref (self->downloads);
  oci_descriptor_free (self->rest);
  g_free (self);
}

void
terrane_cache_report_clear (TerraneCacheReport *self)
{
  g_clear_pointer (&self->images, g_ptr_array_unref);
}

void
terrane_cache_document_add_image (TerraneCacheDocument *self, const char *name,
                                  const OciDescriptor *manifest, gboolean unpack)
{
  TerraneCacheImage *image = g_new0 (TerraneCacheImage, 1);
  image->name = g_strdup (name);
  image->manifest = oci_descriptor_new (manifest->media_type, &manifest->digest, manifest->size);
  image->unpack = unpack;
  g_ptr_array_add (self->images, image);
}

static json_t *
dump_descriptors (const GPtrArray *list)
{
  json_t *array = json_array ();
  for (guint i = 0; i < list->len; i++)
    oci_json_append (array, oci_descriptor_to_json (list->pdata[i]));
  return array;
}

GBytes *
terrane_cache_document_dump (const TerraneCacheDocument *self)
{
  g_autoptr (OciJsonValue) root = json_object ();
  json_t *images = json_array ();
  for (guint i = 0; i < self->images->len; i++)
    {
      const TerraneCacheImage *image = self->images->pdata[i];
      json_t *object = json_object ();
      oci_json_set (object, "name", oci_json_text (image->name));
      oci_json_set (object, "manifest", oci_descriptor_to_json (image->manifest));
      oci_json_set (object, "unpack", json_boolean (image->unpack));
      oci_json_append (images, object);
    }
  oci_json_set (root, "terraneCache", json_integer (FORMAT));
  oci_json_set (root, "images", images);
  oci_json_set (root, "blobs", dump_descriptors (self->blobs));
  oci_json_set (root, "downloads", dump_descriptors (self->downloads));
  oci_json_set (root, "rest", oci_descriptor_to_json (self->rest));
  return oci_json_dump (root);
}

/* Only names that a build could have given are valid. */
static void
read_image (TerraneCacheDocument *self, const OciJson *at)
{
  OciJson name, manifest, unpack;
  const char *text = NULL;
  gboolean unpacked = FALSE;
  if (!oci_json_object (at, NULL) || !oci_json_require (at, "name", &name)
      || !oci_json_string (&name, &text) || !oci_json_require (at, "manifest", &manifest)
      || !oci_json_require (at, "unpack", &unpack) || !oci_json_bool (&unpack, &unpacked))
    return;
  g_autoptr (OciDescriptor) descriptor = oci_descriptor_read (&manifest);
  g_autoptr (OciTransport) transport = oci_transport_parse (text, NULL);
  if (transport == NULL || transport->kind != OCI_TRANSPORT_STORE
      || g_strcmp0 (transport->name, text) != 0)
    oci_json_problem (&name, "is not the name of an image in a store");
  else if (descriptor != NULL)
    terrane_cache_document_add_image (self, text, descriptor, unpacked);
}

static void
read_descriptors (const OciJson *root, const char *member, GPtrArray *list)
{
  OciJson array;
  size_t length = 0;
  if (!oci_json_require (root, member, &array) || !oci_json_array (&array, MAX_BLOBS, &length))
    return;
  for (size_t i = 0; i < length; i++)
    {
      OciJson element;
      oci_json_element (&array, i, &element);
      OciDescriptor *descriptor = oci_descriptor_read (&element);
      if (descriptor != NULL)
        g_ptr_array_add (list, descriptor);
    }
}

static void
read_document (TerraneCacheDocument *self, const OciJson *root)
{
  OciJson images, rest;
  size_t length = 0;
  if (oci_json_require (root, "images", &images) && oci_json_array (&images, MAX_IMAGES, &length))
    for (size_t i = 0; i < length; i++)
      {
        OciJson element;
        oci_json_element (&images, i, &element);
        read_image (self, &element);
      }
  read_descriptors (root, "blobs", self->blobs);
  read_descriptors (root, "downloads", self->downloads);
  if (oci_json_require (root, "rest", &rest))
    self->rest = oci_descriptor_read (&rest);
}

TerraneCacheDocument *
terrane_cache_document_parse (GBytes *raw, GError **error)
{
  OciJson root, format;
  int64_t version = 0;
  g_autoptr (TerraneCacheDocument) self = terrane_cache_document_new ();
  g_autoptr (OciJsonDocument) document =
      oci_json_parse (TERRANE_CACHE_DOCUMENT, raw, OCI_ERROR_FORMAT, &root, error);
  if (document == NULL)
    return NULL;
  if (oci_json_object (&root, NULL) && oci_json_require (&root, "terraneCache", &format)
      && oci_json_int (&format, 0, G_MAXINT32, &version) && version != FORMAT)
    {
      oci_throw (error, OCI_ERROR_UNSUPPORTED,
                 "is a cache of format %" G_GINT64_FORMAT ", this build knows 1; export it with "
                 "this terrane",
                 version);
      return NULL;
    }
  if (version == FORMAT)
    read_document (self, &root);
  if (!oci_json_document_finish (document, error))
    return NULL;
  return g_steal_pointer (&self);
}

const OciDescriptor *
terrane_cache_document_find (const GPtrArray *list, const OciDigest *digest)
{
  for (guint i = 0; i < list->len; i++)
    if (oci_digest_equal (&((const OciDescriptor *) list->pdata[i])->digest, digest))
      return list->pdata[i];
  return NULL;
}
