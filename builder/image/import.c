#include "builder/image/import.h"

#include "builder/image/unpack.h"
#include "builder/source/file-digest.h"
#include "builder/store/cache.h"

#include "oci/docker-archive.h"
#include "oci/gzip-writer.h"
#include "oci/image.h"
#include "oci/oci-archive.h"
#include "oci/transport.h"

#include <fcntl.h>

void
terrane_imported_image_clear (TerraneImportedImage *self)
{
  g_clear_pointer (&self->manifest, oci_manifest_free);
  g_clear_pointer (&self->config, oci_image_config_free);
  g_clear_pointer (&self->name, g_free);
}

static OciDescriptor *
import_layout (const TerraneImport *self, const OciTransport *transport, const char *platform,
               GError **error)
{
  g_autoptr (OciLayout) from = oci_layout_open (AT_FDCWD, transport->path, FALSE, error);
  g_autoptr (OciDescriptor) named =
      from != NULL ? oci_layout_resolve (from, transport->name, platform, error) : NULL;
  g_autoptr (OciDescriptor) manifest =
      named != NULL ? oci_image_find_manifest (from, named, platform, NULL, NULL, error) : NULL;
  if (manifest == NULL
      || !oci_image_copy (from, manifest, terrane_store_layout (self->store), error))
    return NULL;
  return g_steal_pointer (&manifest);
}

static OciDescriptor *
import_archive (const TerraneImport *self, const OciTransport *transport, const OciDigest *file,
                const char *platform, GError **error)
{
  OciLayout *layout = terrane_store_layout (self->store);
  return transport->kind == OCI_TRANSPORT_OCI_ARCHIVE
             ? oci_archive_import (transport->path, file, transport->name, platform, layout, error)
             : docker_archive_import (transport->path, file, transport->name, layout, self->jobs,
                                      error);
}

/* An archive is read again only when its file changed: "file and name" -> manifest. */
static OciDescriptor *
import_archive_cached (const TerraneImport *self, const OciTransport *transport,
                       const char *platform, GError **error)
{
  TerraneStore *store = self->store;
  OciDigest file;
  OciDigestText text;
  if (!terrane_file_digest (store, transport->path, &file, error))
    return NULL;
  g_autofree char *identity =
      g_strdup_printf ("%d %s %s %s", (int) transport->kind, oci_digest_text (&file, text),
                       platform, transport->name != NULL ? transport->name : "");
  OciDigest key = oci_digest_of (identity, strlen (identity));
  g_autoptr (OciJsonValue) entry = terrane_cache_get (store, TERRANE_CACHE_IMPORTS, &key);
  const char *known = terrane_cache_text (entry, "manifest");
  OciDigest digest;
  uint64_t size = 0;
  gboolean found = FALSE;
  if (known != NULL && oci_digest_parse (known, &digest, NULL)
      && !oci_layout_find_blob (terrane_store_layout (store), &digest, &found, &size, error))
    return NULL;
  if (found)
    {
      g_autoptr (OciDescriptor) manifest =
          oci_descriptor_new (OCI_MEDIA_TYPE_MANIFEST, &digest, size);
      if (oci_image_check_blobs (terrane_store_layout (store), manifest, NULL))
        return g_steal_pointer (&manifest);
    }

  terrane_progress_phase (self->progress, 0, "reading the image %s", transport->path);
  g_autoptr (OciDescriptor) manifest = import_archive (self, transport, &file, platform, error);
  if (manifest == NULL)
    return NULL;
  g_autoptr (OciJsonValue) value = json_object ();
  oci_json_set (value, "manifest", oci_json_text (oci_digest_text (&manifest->digest, text)));
  if (!terrane_cache_put (store, TERRANE_CACHE_IMPORTS, &key, value, error))
    return NULL;
  return g_steal_pointer (&manifest);
}

/* What the lock says of an image in a registry wins over its tag. */
static OciDescriptor *
import_registry (const TerraneImport *self, const OciReference *reference, const TerranePin *pin,
                 const char *platform, GError **error)
{
  g_autoptr (OciReference) wanted = oci_reference_copy (reference);
  if (pin->has_digest)
    {
      wanted->has_digest = TRUE;
      wanted->digest = pin->digest;
    }
  g_autoptr (OciDescriptor) manifest =
      terrane_remote_fetch_manifest (self->remote, wanted, platform, error);
  if (manifest == NULL
      || (!oci_image_check_blobs (terrane_store_layout (self->store), manifest, NULL)
          && !terrane_remote_pull_layers (self->remote, wanted, manifest, NULL, error)))
    return NULL;
  return g_steal_pointer (&manifest);
}

static gboolean
check_lock (const TerranePin *pin, const OciDigest *digest, GError **error)
{
  OciDigestText now, locked;
  if (!pin->has_digest || oci_digest_equal (&pin->digest, digest))
    return TRUE;
  return oci_throw (error, OCI_ERROR_CORRUPT, "the image is %s now, the lock says %s",
                    oci_digest_text (digest, now), oci_digest_text (&pin->digest, locked));
}

static OciDescriptor *
import_any (const TerraneImport *self, const TerranePin *pin, const OciTransport *transport,
            GError **error)
{
  g_autofree char *platform =
      g_strconcat (self->profile->os, "/", self->profile->architecture, NULL);
  g_autoptr (OciDescriptor) manifest = NULL;
  switch (transport->kind)
    {
    case OCI_TRANSPORT_REGISTRY:
      return import_registry (self, transport->reference, pin, platform, error);
    case OCI_TRANSPORT_OCI:
      manifest = import_layout (self, transport, platform, error);
      break;
    case OCI_TRANSPORT_OCI_ARCHIVE:
    case OCI_TRANSPORT_DOCKER_ARCHIVE:
    case OCI_TRANSPORT_STORE: /* no profile has one */
    default:
      manifest = import_archive_cached (self, transport, platform, error);
    }
  return manifest != NULL && check_lock (pin, &manifest->digest, error)
             ? g_steal_pointer (&manifest)
             : NULL;
}

static gboolean
check_image (const TerraneImportedImage *image, const TerraneProfile *profile, GError **error)
{
  const char *architecture = oci_image_config_architecture (image->config);
  const char *os = oci_image_config_os (image->config);
  if (!g_str_equal (os, profile->os) || !g_str_equal (architecture, profile->architecture))
    return oci_throw (error, OCI_ERROR_USAGE,
                      "the image is for %s/%s, the profile's platform is %s/%s", os, architecture,
                      profile->os, profile->architecture);
  return TRUE;
}

/* image-spec annotations.md, base.name: the reference, without a transport and a digest. */
static char *
image_name (const OciTransport *transport)
{
  const OciReference *reference = transport->reference;
  if (reference == NULL) /* a position in an archive is no name */
    return transport->name != NULL && transport->name[0] == '@' ? NULL : g_strdup (transport->name);
  return g_strconcat (reference->host, "/", reference->repository,
                      reference->tag != NULL ? ":" : NULL, reference->tag, NULL);
}

gboolean
terrane_import_image (const TerraneImport *self, const TerranePin *pin,
                      TerraneImportedImage *out_image, GError **error)
{
  const TerraneSourceSpec *spec = pin->spec;
  /* Errors of registries name the image themselves. */
  gboolean named = g_str_has_prefix (spec->image, OCI_REFERENCE_SCHEME);
  OCI_PREFIX (error, "%s.image%s%s", spec->where, named ? "" : ": ", named ? "" : spec->image);
  g_auto (TerraneImportedImage) image = { 0 };
  g_autoptr (OciTransport) transport = oci_transport_parse (spec->image, error);
  if (transport == NULL || !terrane_store_begin_write (self->store, error))
    return FALSE;
  g_autoptr (OciDescriptor) descriptor = import_any (self, pin, transport, error);
  if (descriptor == NULL
      || !oci_image_read (terrane_store_layout (self->store), descriptor, &image.manifest,
                          &image.config, error)
      || !check_image (&image, self->profile, error))
    return FALSE;
  image.digest = descriptor->digest;
  image.name = image_name (transport);
  *out_image = image;
  image = (TerraneImportedImage){ 0 };
  return TRUE;
}

/* Which layer an entry is from matters only here; for what comes on top all are of the base. */
static gboolean
forget_layer (TerraneNode *node, G_GNUC_UNUSED const char *path, G_GNUC_UNUSED gpointer data,
              G_GNUC_UNUSED GError **error)
{
  node->origin = 0;
  return TRUE;
}

static gboolean
check_special (const TerraneImport *self, const TerraneImportedImage *image, GError **error)
{
  g_autoptr (TerraneLayerAudit) audit = NULL;
  if (!terrane_unpack_audit (self->store, &image->digest, &audit, error))
    return FALSE;
  const char *special = audit != NULL ? terrane_layer_audit_special (audit) : NULL;
  g_autofree char *path = g_strconcat ("/", special, NULL);
  g_autofree char *quoted = oci_quote (path);
  return special == NULL
         || oci_throw (error, OCI_ERROR_UNSUPPORTED,
                       "%s is a device, fifo or socket, which the store cannot hold; leave such "
                       "entries out with \"special\": \"skip\"",
                       quoted);
}

gboolean
terrane_import_flatten (const TerraneImport *self, const TerraneImportedImage *image,
                        gboolean skip_special, TerraneStoredTree *out_tree, GError **error)
{
  if (!terrane_unpack_files (self->store, &image->digest, image->manifest, image->config,
                             self->jobs, self->progress, out_tree, error))
    return FALSE;
  if (out_tree->tree != NULL)
    (void) terrane_tree_foreach (out_tree->tree, forget_layer, NULL, NULL); /* cannot fail */
  return skip_special || check_special (self, image, error);
}
