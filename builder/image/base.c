#include "builder/image/base.h"

#include "builder/image/flatten.h"
#include "builder/source/file-digest.h"
#include "builder/store/cache.h"

#include "oci/docker-archive.h"
#include "oci/gzip-writer.h"
#include "oci/oci-archive.h"
#include "oci/transport.h"

#include <fcntl.h>

void
terrane_base_free (TerraneBase *self)
{
  if (self == NULL)
    return;
  oci_manifest_free (self->manifest);
  oci_image_config_free (self->config);
  terrane_stored_tree_clear (&self->root);
  g_free (self->name);
  g_free (self);
}

static OciDescriptor *
import_layout (TerraneStore *store, const OciTransport *transport, const char *platform,
               GError **error)
{
  g_autoptr (OciLayout) from = oci_layout_open (AT_FDCWD, transport->path, FALSE, error);
  g_autoptr (OciDescriptor) named =
      from != NULL ? oci_layout_resolve (from, transport->name, error) : NULL;
  g_autoptr (OciDescriptor) manifest =
      named != NULL ? oci_image_find_manifest (from, named, platform, error) : NULL;
  if (manifest == NULL || !oci_image_copy (from, manifest, terrane_store_layout (store), error))
    return NULL;
  return g_steal_pointer (&manifest);
}

static OciDescriptor *
import_archive (TerraneStore *store, const OciTransport *transport, const char *platform,
                unsigned jobs, GError **error)
{
  OciLayout *layout = terrane_store_layout (store);
  return transport->kind == OCI_TRANSPORT_OCI_ARCHIVE
             ? oci_archive_import (transport->path, transport->name, platform, layout, error)
             : docker_archive_import (transport->path, transport->name, layout, jobs, error);
}

/* An archive is read again only when its file changed: "file and name" -> manifest. */
static OciDescriptor *
import_archive_cached (TerraneStore *store, const OciTransport *transport, const char *platform,
                       unsigned jobs, const TerraneProgress *progress, GError **error)
{
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
  if (known != NULL && oci_digest_parse (known, &digest, NULL)
      && oci_layout_has_blob (terrane_store_layout (store), &digest, &size))
    {
      g_autoptr (OciDescriptor) manifest =
          oci_descriptor_new (OCI_MEDIA_TYPE_MANIFEST, &digest, size);
      if (oci_image_check_blobs (terrane_store_layout (store), manifest, NULL))
        return g_steal_pointer (&manifest);
    }

  terrane_progress_phase (progress, 0, "reading the base image %s", transport->path);
  g_autoptr (OciDescriptor) manifest = import_archive (store, transport, platform, jobs, error);
  if (manifest == NULL)
    return NULL;
  g_autoptr (OciJsonValue) value = json_object ();
  oci_json_set (value, "manifest", oci_json_text (oci_digest_text (&manifest->digest, text)));
  if (!terrane_cache_put (store, TERRANE_CACHE_IMPORTS, &key, value, error))
    return NULL;
  return g_steal_pointer (&manifest);
}

static gboolean
check_image (const TerraneBase *base, const TerraneProfile *profile, GError **error)
{
  const char *architecture = oci_image_config_architecture (base->config);
  const char *os = oci_image_config_os (base->config);
  if (!g_str_equal (os, profile->os) || !g_str_equal (architecture, profile->architecture))
    return oci_throw (error, OCI_ERROR_USAGE,
                      "the image is for %s/%s, the profile's platform is %s/%s", os, architecture,
                      profile->os, profile->architecture);
  guint layers = base->manifest->layers->len, diff_ids = oci_image_config_n_layers (base->config);
  if (layers != diff_ids)
    return oci_throw (error, OCI_ERROR_CORRUPT, "the image has %u layers and %u diff_ids", layers,
                      diff_ids);
  return TRUE;
}

static OciDescriptor *
import_registry (TerraneStore *store, TerraneRemote *remote, const OciTransport *transport,
                 const char *platform, GError **error)
{
  g_autoptr (OciDescriptor) manifest =
      terrane_remote_fetch_manifest (remote, transport->reference, platform, error);
  if (manifest == NULL
      || (!oci_image_check_blobs (terrane_store_layout (store), manifest, NULL)
          && !terrane_remote_pull_layers (remote, transport->reference, manifest, NULL, error)))
    return NULL;
  return g_steal_pointer (&manifest);
}

/* image-spec annotations.md, base.name: the reference, without a transport and a digest. */
static char *
base_name (const OciTransport *transport)
{
  const OciReference *reference = transport->reference;
  if (reference == NULL)
    return g_strdup (transport->name);
  return g_strconcat (reference->host, "/", reference->repository,
                      reference->tag != NULL ? ":" : NULL, reference->tag, NULL);
}

static OciDescriptor *
import_image (TerraneStore *store, TerraneRemote *remote, const OciTransport *transport,
              const char *platform, unsigned jobs, const TerraneProgress *progress, GError **error)
{
  switch (transport->kind)
    {
    case OCI_TRANSPORT_REGISTRY:
      return import_registry (store, remote, transport, platform, error);
    case OCI_TRANSPORT_OCI:
      return import_layout (store, transport, platform, error);
    case OCI_TRANSPORT_OCI_ARCHIVE:
    case OCI_TRANSPORT_DOCKER_ARCHIVE:
    case OCI_TRANSPORT_STORE: /* no profile has one */
    default:
      return import_archive_cached (store, transport, platform, jobs, progress, error);
    }
}

static gboolean
resolve_image (TerraneBase *base, TerraneStore *store, const TerraneProfile *profile,
               TerraneRemote *remote, unsigned jobs, const TerraneProgress *progress,
               GError **error)
{
  const TerraneSourceSpec *spec = profile->base;
  g_autofree char *platform = g_strconcat (profile->os, "/", profile->architecture, NULL);
  /* Errors of registries name the image themselves. */
  gboolean named = g_str_has_prefix (spec->image, OCI_REFERENCE_SCHEME);
  OCI_PREFIX (error, "%s.image%s%s", spec->where, named ? "" : ": ", named ? "" : spec->image);
  g_autoptr (OciTransport) transport = oci_transport_parse (spec->image, error);
  if (transport == NULL || !terrane_store_begin_write (store, error))
    return FALSE;
  g_autoptr (OciDescriptor) descriptor =
      import_image (store, remote, transport, platform, jobs, progress, error);
  if (descriptor == NULL
      || !oci_image_read (terrane_store_layout (store), descriptor, &base->manifest, &base->config,
                          error)
      || !check_image (base, profile, error))
    return FALSE;
  base->manifest_digest = descriptor->digest;
  base->name = base_name (transport);

  OciDigest key = terrane_tree_key (&descriptor->digest, spec, TERRANE_MODES_KEEP);
  return terrane_tree_cache_get (store, &key, &base->root.commit)
         || (terrane_flatten (store, base->manifest, spec->skip_special, jobs, progress,
                              &base->root, error)
             && terrane_tree_cache_put (store, &key, &base->root.commit, error));
}

TerraneBase *
terrane_base_resolve (TerraneStore *store, const TerraneProfile *profile, TerraneRemote *remote,
                      unsigned jobs, const TerraneProgress *progress, GError **error)
{
  g_autoptr (TerraneBase) self = g_new0 (TerraneBase, 1);
  gboolean ok = profile->base->kind == TERRANE_SOURCE_IMAGE
                    ? resolve_image (self, store, profile, remote, jobs, progress, error)
                    : terrane_tree_resolve_source (store, profile->base, TERRANE_MODES_KEEP, jobs,
                                                   progress, &self->root, error);
  return ok ? g_steal_pointer (&self) : NULL;
}
