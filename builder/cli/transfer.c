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
find_image (TerraneOpenImage *self, TerraneRemote *remote, const OciTransport *transport,
            const char *platform, GError **error)
{
  OciLayout *layout = terrane_store_layout (terrane_remote_store (remote));
  g_autoptr (OciDescriptor) named = NULL;
  self->layout = layout;
  switch (transport->kind)
    {
    case OCI_TRANSPORT_STORE:
      self->manifest = oci_layout_resolve (layout, transport->name, platform, error);
      break;
    case OCI_TRANSPORT_OCI:
      self->owned = oci_layout_open (AT_FDCWD, transport->path, FALSE, error);
      self->layout = self->owned;
      named = self->owned != NULL
                  ? oci_layout_resolve (self->owned, transport->name, platform, error)
                  : NULL;
      if (named != NULL)
        self->manifest = oci_image_find_manifest (self->owned, named, platform, NULL, NULL, error);
      break;
    case OCI_TRANSPORT_OCI_ARCHIVE:
      self->manifest =
          oci_archive_import (transport->path, NULL, transport->name, platform, layout, error);
      break;
    case OCI_TRANSPORT_DOCKER_ARCHIVE:
      self->manifest =
          docker_archive_import (transport->path, NULL, transport->name, layout, 1, error);
      break;
    case OCI_TRANSPORT_REGISTRY:
    default:
      self->manifest =
          terrane_remote_fetch_manifest (remote, transport->reference, platform, error);
      break;
    }
  return self->manifest != NULL;
}

static gboolean
check_platform (const TerraneOpenImage *self, const char *image, const char *platform,
                GError **error)
{
  OCI_PREFIX (error, "%s", image);
  g_autoptr (OciImageConfig) config = NULL;
  return oci_image_read (self->layout, self->manifest, NULL, &config, error)
         && oci_image_check_platform (config, platform, error);
}

TerraneOpenImage *
terrane_transfer_open_image (TerraneRemote *remote, const char *image, const char *platform,
                             GError **error)
{
  OciPlatform wanted;
  if (platform != NULL && !oci_platform_parse (platform, &wanted, error))
    {
      g_prefix_error (error, "--platform: ");
      return NULL;
    }
  g_autoptr (OciTransport) transport = oci_transport_parse (image, error);
  g_autoptr (TerraneOpenImage) self = g_new0 (TerraneOpenImage, 1);
  gboolean is_archive = transport != NULL
                        && (transport->kind == OCI_TRANSPORT_OCI_ARCHIVE
                            || transport->kind == OCI_TRANSPORT_DOCKER_ARCHIVE);
  if (transport == NULL
      || (is_archive && !terrane_store_begin_write (terrane_remote_store (remote), error))
      || !find_image (self, remote, transport,
                      platform != NULL ? platform : terrane_host_platform (), error)
      || (platform != NULL && !check_platform (self, image, platform, error)))
    return NULL;
  self->name = g_strdup (transport->name);
  return g_steal_pointer (&self);
}

gboolean
terrane_transfer_import (TerraneRemote *remote, TerraneOpenImage *image, GError **error)
{
  OciLayout *layout = terrane_store_layout (terrane_remote_store (remote));
  if (image->owned == NULL)
    return terrane_remote_complete (remote, image->manifest, error);
  return terrane_store_begin_write (terrane_remote_store (remote), error)
         && oci_image_copy (image->owned, image->manifest, layout, error);
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
             "%s: expected oci:DIR[:TAG], oci-archive:FILE[:TAG] or "
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
  if (to != NULL)
    oci_layout_set_synced (to, TRUE);
  return to != NULL && oci_image_copy (layout, manifest, to, error)
         && oci_layout_tag (to, name, manifest, error);
}

static void
set_count (json_t *object, const char *kind, const OciPushCount *count)
{
  g_autofree char *blobs = g_strconcat ("blobs_", kind, NULL);
  g_autofree char *bytes = g_strconcat ("bytes_", kind, NULL);
  oci_json_set (object, blobs, json_integer (count->blobs));
  oci_json_set (object, bytes, json_integer ((json_int_t) count->bytes));
}

static json_t *
push_report_to_json (const OciReference *reference, const OciPushReport *report)
{
  OciDigestText digest;
  json_t *object = json_object ();
  oci_digest_text (&report->digest, digest);
  g_autofree char *pushed =
      g_strdup_printf ("%s/%s:%s", reference->host, reference->repository, reference->tag);
  g_autofree char *by_digest =
      g_strdup_printf ("%s/%s@%s", reference->host, reference->repository, digest);
  oci_json_set (object, "tag", oci_json_text (pushed));
  oci_json_set (object, "reference", oci_json_text (by_digest));
  oci_json_set (object, "digest", oci_json_text (digest));
  oci_json_set (object, "unchanged", json_boolean (report->unchanged));
  oci_json_set (object, "repository_created", json_boolean (report->created));
  set_count (object, "uploaded", &report->uploaded);
  set_count (object, "mounted", &report->mounted);
  set_count (object, "existing", &report->existing);
  return object;
}

gboolean
terrane_transfer_push (TerraneRemote *remote, OciLayout *layout, const OciDescriptor *manifest,
                       const OciReference *destination, const TerranePushArguments *arguments,
                       json_t **out_report, GError **error)
{
  OciPushReport report = { 0 };
  if (!terrane_remote_push (remote, layout, manifest, destination, arguments->mount_from,
                            arguments->create_repository, &report, error))
    return FALSE;
  *out_report = push_report_to_json (destination, &report);
  return TRUE;
}

static char *
report_bytes (const json_t *report, const char *member)
{
  return oci_format_size ((uint64_t) json_integer_value (json_object_get (report, member)));
}

void
terrane_transfer_print_push (const json_t *report)
{
  if (report == NULL)
    return;
  g_autofree char *sent = report_bytes (report, "bytes_uploaded");
  g_autofree char *mounted = report_bytes (report, "bytes_mounted");
  g_autofree char *there = report_bytes (report, "bytes_existing");
  const char *tag = json_string_value (json_object_get (report, "tag"));
  gboolean any_mounted = json_integer_value (json_object_get (report, "blobs_mounted")) > 0;
  if (json_is_true (json_object_get (report, "repository_created")))
    terrane_print ("created the repository\n");
  if (json_is_true (json_object_get (report, "unchanged")))
    terrane_print ("pushed %s: nothing to send, the tag has this image already\n", tag);
  else
    terrane_print ("pushed %s: %s sent, %s%s%s already there\n", tag, sent,
                   any_mounted ? mounted : "", any_mounted ? " mounted, " : "", there);
  terrane_print ("%s\n", json_string_value (json_object_get (report, "reference")));
}
