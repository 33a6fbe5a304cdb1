#include "builder/image/open.h"

#include "builder/source/file-digest.h"
#include "builder/store/cache.h"

#include "oci/docker-archive.h"
#include "oci/gzip-writer.h"
#include "oci/oci-archive.h"

#include <fcntl.h>

void
terrane_open_image_free (TerraneOpenImage *self)
{
  if (self == NULL)
    return;
  oci_transport_free (self->transport);
  oci_reference_free (self->reference);
  oci_layout_free (self->owned);
  oci_descriptor_free (self->descriptor);
  oci_manifest_free (self->manifest);
  oci_image_config_free (self->config);
  g_free (self);
}

/* An image that is being opened. */
typedef struct
{
  TerraneRemote *remote;
  TerraneStore *store;
  const TerraneOpenOptions *options;
  const OciPlatform *platform; /* chooses between the images of an index */
} Opening;

static OciDescriptor *
find_in_layout (const Opening *self, OciLayout *layout, const char *name, GError **error)
{
  g_autoptr (OciDescriptor) named = oci_layout_resolve (layout, name, self->platform, error);
  return named != NULL ? oci_image_find_manifest (layout, named, self->platform, NULL, NULL, error)
                       : NULL;
}

/* Covers everything that determines which manifest an archive gives. Layers of docker-archive that
 * are not gzip are compressed here, and such an archive has no index. */
static OciDigest
archive_key (const Opening *self, const OciTransport *transport, const OciDigest *file)
{
  OciDigestText text;
  gboolean is_docker = transport->kind == OCI_TRANSPORT_DOCKER_ARCHIVE;
  g_autofree char *decides =
      is_docker ? oci_gzip_writer_identity () : oci_platform_text (self->platform);
  g_autofree char *all = g_strdup_printf (
      "%s %s %s %s", is_docker ? "docker-archive" : "oci-archive", oci_digest_text (file, text),
      decides, transport->name != NULL ? transport->name : "");
  return oci_digest_of (all, strlen (all));
}

/* @out_known: (out) (transfer full) (nullable): what the archive gave before, if all of it is in
 * the store */
static gboolean
find_archived (const Opening *self, const OciDigest *key, OciDescriptor **out_known, GError **error)
{
  gboolean found = FALSE;
  OciDigest digest;
  uint64_t size = 0;
  OciLayout *layout = terrane_store_layout (self->store);
  g_autoptr (OciJsonValue) entry = terrane_cache_get (self->store, TERRANE_CACHE_ARCHIVES, key);
  const char *known = terrane_cache_text (entry, "manifest");
  if (known == NULL || !oci_digest_parse (known, &digest, NULL))
    return TRUE;
  if (!oci_layout_find_blob (layout, &digest, &found, &size, error))
    return FALSE;
  g_autoptr (OciDescriptor) manifest = oci_descriptor_new (OCI_MEDIA_TYPE_MANIFEST, &digest, size);
  g_autoptr (OciImageConfig) config = NULL;
  manifest->of_index = json_is_true (json_object_get (entry, "of_index"));
  if (found && oci_image_read (layout, manifest, NULL, &config, NULL)
      && oci_image_check_blobs (layout, manifest, NULL))
    *out_known = g_steal_pointer (&manifest);
  return TRUE;
}

static OciDescriptor *
read_archive (const Opening *self, const OciTransport *transport, const OciDigest *file,
              GError **error)
{
  OciLayout *layout = terrane_store_layout (self->store);
  terrane_progress_phase (terrane_remote_progress (self->remote), 0, "reading the image %s",
                          transport->path);
  return transport->kind == OCI_TRANSPORT_OCI_ARCHIVE
             ? oci_archive_import (transport->path, file, transport->name, self->platform, layout,
                                   error)
             : docker_archive_import (transport->path, file, transport->name, layout,
                                      MAX (self->options->jobs, 1U), error);
}

static OciDescriptor *
find_in_archive (const Opening *self, const OciTransport *transport, GError **error)
{
  OciDigest file;
  OciDigestText text;
  if ((!self->options->look && !terrane_store_begin_write (self->store, error))
      || !terrane_file_digest (self->store, transport->path, &file, error))
    return NULL;
  OciDigest key = archive_key (self, transport, &file);
  g_autoptr (OciDescriptor) known = NULL;
  if (!find_archived (self, &key, &known, error))
    return NULL;
  if (known != NULL)
    return g_steal_pointer (&known);
  if (self->options->look)
    {
      oci_throw (error, OCI_ERROR_NOT_FOUND, "what is in it is not in the store");
      return NULL;
    }
  g_autoptr (OciDescriptor) found = read_archive (self, transport, &file, error);
  if (found == NULL)
    return NULL;
  g_autoptr (OciJsonValue) entry = json_object ();
  oci_json_set (entry, "manifest", oci_json_text (oci_digest_text (&found->digest, text)));
  oci_json_set (entry, "of_index", json_boolean (found->of_index));
  if (!terrane_cache_put (self->store, TERRANE_CACHE_ARCHIVES, &key, entry, error))
    return NULL;
  return g_steal_pointer (&found);
}

static OciDescriptor *
find_in_registry (const Opening *self, TerraneOpenImage *image, GError **error)
{
  image->reference = oci_reference_copy (image->transport->reference);
  if (self->options->pinned != NULL)
    {
      image->reference->has_digest = TRUE;
      image->reference->digest = *self->options->pinned;
    }
  return terrane_remote_fetch_manifest (self->remote, image->reference, self->platform, error);
}

static OciDescriptor *
find (const Opening *self, TerraneOpenImage *image, GError **error)
{
  const OciTransport *transport = image->transport;
  image->layout = terrane_store_layout (self->store);
  switch (transport->kind)
    {
    case OCI_TRANSPORT_STORE:
      return find_in_layout (self, image->layout, transport->name, error);
    case OCI_TRANSPORT_OCI:
      image->layout = image->owned = oci_layout_open (AT_FDCWD, transport->path, FALSE, error);
      return image->owned != NULL ? find_in_layout (self, image->owned, transport->name, error)
                                  : NULL;
    case OCI_TRANSPORT_OCI_ARCHIVE:
    case OCI_TRANSPORT_DOCKER_ARCHIVE:
      return find_in_archive (self, transport, error);
    case OCI_TRANSPORT_REGISTRY:
    default:
      return find_in_registry (self, image, error);
    }
}

static gboolean
check_pinned (const Opening *self, const TerraneOpenImage *image, GError **error)
{
  OciDigestText now, locked;
  const OciDigest *pinned = self->options->pinned;
  if (pinned == NULL || image->transport->kind == OCI_TRANSPORT_REGISTRY
      || oci_digest_equal (pinned, &image->descriptor->digest))
    return TRUE;
  return oci_throw (error, OCI_ERROR_CORRUPT, "the image is %s now, the lock says %s",
                    oci_digest_text (&image->descriptor->digest, now),
                    oci_digest_text (pinned, locked));
}

static gboolean
check_platform (const Opening *self, const TerraneOpenImage *image, const char *text,
                GError **error)
{
  OCI_PREFIX (error, "%s", text);
  return self->options->platform == NULL || self->options->any_platform
         || oci_image_check_platform (image->config, self->options->platform, error);
}

TerraneOpenImage *
terrane_image_open (TerraneRemote *remote, const char *text, const TerraneOpenOptions *options,
                    GError **error)
{
  const OciPlatform host = oci_platform_host ();
  const Opening opening = {
    .remote = remote,
    .store = terrane_remote_store (remote),
    .options = options,
    .platform = options->platform != NULL ? options->platform : &host,
  };
  gboolean reads_config = options->want != TERRANE_IMAGE_MANIFEST || options->platform != NULL;
  g_autoptr (TerraneOpenImage) self = g_new0 (TerraneOpenImage, 1);
  self->transport = oci_transport_parse (text, error);
  if (self->transport == NULL)
    return NULL;
  self->descriptor = find (&opening, self, error);
  if (self->descriptor == NULL || !check_pinned (&opening, self, error)
      || !oci_image_read (self->layout, self->descriptor, &self->manifest,
                          reads_config ? &self->config : NULL, error)
      || !check_platform (&opening, self, text, error)
      || (options->want == TERRANE_IMAGE_LAYERS
          && !terrane_open_image_complete (self, remote, error)))
    return NULL;
  return g_steal_pointer (&self);
}

gboolean
terrane_open_image_complete (TerraneOpenImage *self, TerraneRemote *remote, GError **error)
{
  TerraneStore *store = terrane_remote_store (remote);
  OciLayout *layout = terrane_store_layout (store);
  gboolean is_stored = oci_image_check_blobs (layout, self->descriptor, NULL);
  if (self->owned != NULL)
    {
      if (!is_stored
          && (!terrane_store_begin_write (store, error)
              || !oci_image_copy (self->owned, self->descriptor, layout, error)))
        return FALSE;
      g_clear_pointer (&self->owned, oci_layout_free);
      self->layout = layout;
      return TRUE;
    }
  if (is_stored)
    return TRUE;
  return self->reference != NULL
             ? terrane_remote_pull_layers (remote, self->reference, self->descriptor, NULL, error)
             : terrane_remote_complete (remote, self->descriptor, error);
}
