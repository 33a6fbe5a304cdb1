#include "builder/cli/transfer.h"

#include "builder/cli/command.h"
#include "builder/cli/terminal.h"

#include "oci/base/number.h"
#include "oci/docker-archive.h"
#include "oci/gzip-writer.h"
#include "oci/image.h"
#include "oci/oci-archive.h"
#include "oci/transport.h"

#include <fcntl.h>
#include <string.h>

void
terrane_open_image_free (TerraneOpenImage *self)
{
  if (self == NULL)
    return;
  oci_layout_free (self->owned);
  oci_descriptor_free (self->manifest);
  g_free (self->name);
  g_free (self);
}

static gboolean
find_image (TerraneOpenImage *self, TerraneStore *store, const OciTransport *transport,
            GError **error)
{
  OciLayout *layout = terrane_store_layout (store);
  g_autoptr (OciDescriptor) named = NULL;
  self->layout = layout;
  switch (transport->kind)
    {
    case OCI_TRANSPORT_STORE:
      self->manifest = oci_layout_resolve (layout, transport->name, error);
      return self->manifest != NULL;
    case OCI_TRANSPORT_OCI:
      self->owned = oci_layout_open (AT_FDCWD, transport->path, FALSE, error);
      self->layout = self->owned;
      named = self->owned != NULL ? oci_layout_resolve (self->owned, transport->name, error) : NULL;
      if (named != NULL)
        self->manifest =
            oci_image_find_manifest (self->owned, named, terrane_host_platform (), error);
      return self->manifest != NULL;
    case OCI_TRANSPORT_OCI_ARCHIVE:
      self->manifest = oci_archive_import (transport->path, transport->name,
                                           terrane_host_platform (), layout, error);
      return self->manifest != NULL;
    case OCI_TRANSPORT_DOCKER_ARCHIVE:
      self->manifest = docker_archive_import (transport->path, transport->name, layout,
                                              OCI_GZIP_DEFAULT_LEVEL, 1, error);
      return self->manifest != NULL;
    case OCI_TRANSPORT_REGISTRY:
    default:
      return oci_throw (error, OCI_ERROR_UNSUPPORTED,
                        "docker://%s: images in a registry cannot be read by this version, only "
                        "pushed to; 'skopeo copy' brings one into an oci: layout",
                        transport->path);
    }
}

TerraneOpenImage *
terrane_transfer_open_image (TerraneStore *store, const char *image, GError **error)
{
  g_autoptr (OciTransport) transport = oci_transport_parse (image, error);
  g_autoptr (TerraneOpenImage) self = g_new0 (TerraneOpenImage, 1);
  if (transport == NULL || !find_image (self, store, transport, error))
    return NULL;
  self->name = g_strdup (transport->name);
  return g_steal_pointer (&self);
}

static OciTransport *
parse_output (const char *destination, GError **error)
{
  g_autoptr (OciTransport) transport = oci_transport_parse (destination, error);
  if (transport == NULL)
    return NULL;
  if (transport->kind == OCI_TRANSPORT_OCI || transport->kind == OCI_TRANSPORT_OCI_ARCHIVE
      || transport->kind == OCI_TRANSPORT_DOCKER_ARCHIVE)
    return g_steal_pointer (&transport);
  oci_throw (error, OCI_ERROR_USAGE,
             "--output %s: expected oci:DIR[:TAG], oci-archive:FILE[:TAG] or "
             "docker-archive:FILE[:NAME:TAG]; use --push for a registry",
             destination);
  return NULL;
}

gboolean
terrane_transfer_check_output (const char *destination, GError **error)
{
  g_autoptr (OciTransport) transport = parse_output (destination, error);
  return transport != NULL;
}

gboolean
terrane_transfer_output (OciLayout *layout, const OciDescriptor *manifest, const char *name,
                         const char *destination, GError **error)
{
  g_autoptr (OciTransport) transport = parse_output (destination, error);
  if (transport == NULL)
    return FALSE;
  if (transport->name != NULL)
    name = transport->name;
  if (transport->kind == OCI_TRANSPORT_OCI_ARCHIVE)
    return oci_archive_export (layout, manifest, name, transport->path, error);
  if (transport->kind == OCI_TRANSPORT_DOCKER_ARCHIVE)
    return docker_archive_export (layout, manifest, name, transport->path, error);
  g_autoptr (OciLayout) to = oci_layout_open (AT_FDCWD, transport->path, TRUE, error);
  return to != NULL && oci_image_copy (layout, manifest, to, error)
         && oci_layout_tag (to, name, manifest, error);
}
gboolean
terrane_transfer_check_push (const char *d, GError **e)
{
  (void) d;
  (void) e;
  return TRUE;
}
gboolean
terrane_transfer_push (OciLayout *l, const OciDescriptor *m, const char *d, unsigned j,
                       const TerraneProgress *p, json_t **o, GError **e)
{
  (void) l;
  (void) m;
  (void) d;
  (void) j;
  (void) p;
  (void) o;
  (void) e;
  return FALSE;
}
void
terrane_transfer_print_push (const json_t *report)
{
  (void) report;
}
