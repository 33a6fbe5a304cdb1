#include "builder/cli/transfer.h"

#include "builder/cli/command.h"
#include "builder/cli/terminal.h"

#include "oci/base/number.h"
#include "oci/docker-archive.h"
#include "oci/gzip-writer.h"
#include "oci/image.h"
#include "oci/oci-archive.h"
#include "oci/registry/push.h"
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
      self->manifest = docker_archive_import (transport->path, transport->name, layout, 1, error);
      return self->manifest != NULL;
    case OCI_TRANSPORT_REGISTRY:
    default:
      return oci_throw (error, OCI_ERROR_UNSUPPORTED,
                        "docker://%s/%s: this version reads no images from registries, it only "
                        "pushes; 'skopeo copy' brings one into an oci: layout",
                        transport->reference->host, transport->reference->repository);
    }
}

TerraneOpenImage *
terrane_transfer_open_image (TerraneStore *store, const char *image, GError **error)
{
  g_autoptr (OciTransport) transport = oci_transport_parse (image, error);
  g_autoptr (TerraneOpenImage) self = g_new0 (TerraneOpenImage, 1);
  gboolean is_archive = transport != NULL
                        && (transport->kind == OCI_TRANSPORT_OCI_ARCHIVE
                            || transport->kind == OCI_TRANSPORT_DOCKER_ARCHIVE);
  if (transport == NULL || (is_archive && !terrane_store_begin_write (store, error))
      || !find_image (self, store, transport, error))
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

static OciReference *
parse_push (const char *destination, GError **error)
{
  g_autoptr (OciTransport) transport = oci_transport_parse (destination, error);
  if (transport == NULL)
    return NULL;
  if (transport->kind == OCI_TRANSPORT_REGISTRY && !transport->reference->has_digest)
    return g_steal_pointer (&transport->reference);
  oci_throw (error, OCI_ERROR_USAGE,
             "%s: a push needs docker://HOST/REPOSITORY[:TAG], without a digest", destination);
  return NULL;
}

gboolean
terrane_transfer_check_push (const char *destination, GError **error)
{
  g_autoptr (OciReference) reference = parse_push (destination, error);
  return reference != NULL;
}

/* Progress of several blobs at a time, from several threads, as one phase. */
typedef struct
{
  GMutex mutex;
  const TerraneProgress *progress;
  GHashTable *seen; /* digest -> bytes reported so far */
} PushProgress;

static void
on_transfer (gpointer data, const OciDigest *blob, G_GNUC_UNUSED OciTransferState state,
             uint64_t done, G_GNUC_UNUSED uint64_t total)
{
  PushProgress *self = data;
  OciDigestHex hex;
  g_mutex_lock (&self->mutex);
  uint64_t *before = g_hash_table_lookup (self->seen, oci_digest_hex (blob, hex));
  if (before == NULL)
    {
      before = g_new0 (uint64_t, 1);
      g_hash_table_insert (self->seen, g_strdup (hex), before);
    }
  if (done > *before) /* bytes that are sent again do not count twice */
    {
      terrane_progress_advance (self->progress, done - *before);
      *before = done;
    }
  g_mutex_unlock (&self->mutex);
}

static uint64_t
image_bytes (OciLayout *layout, const OciDescriptor *descriptor)
{
  g_autoptr (OciManifest) manifest = NULL;
  if (!oci_image_read (layout, descriptor, &manifest, NULL, NULL))
    return 0;
  uint64_t total = manifest->config->size;
  for (guint i = 0; i < manifest->layers->len; i++)
    total += ((OciDescriptor *) manifest->layers->pdata[i])->size;
  return total;
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
  oci_json_set (object, "blobs_uploaded", json_integer (report->blobs_uploaded));
  oci_json_set (object, "blobs_existing", json_integer (report->blobs_existing));
  oci_json_set (object, "bytes_uploaded", json_integer ((json_int_t) report->bytes_uploaded));
  oci_json_set (object, "bytes_existing", json_integer ((json_int_t) report->bytes_existing));
  return object;
}

gboolean
terrane_transfer_push (OciLayout *layout, const OciDescriptor *manifest, const char *destination,
                       unsigned jobs, const TerraneProgress *progress, json_t **out_report,
                       GError **error)
{
  g_autoptr (OciReference) reference = parse_push (destination, error);
  if (reference == NULL)
    return FALSE;
  if (reference->tag == NULL)
    reference->tag = g_strdup ("latest");
  const OciHttpOptions http = { .user_agent = "terrane/" TERRANE_VERSION };
  g_autoptr (OciHttpClient) client = oci_http_client_new (&http);
  g_autoptr (OciRegistry) registry = oci_registry_new (client, reference, OCI_REGISTRY_PUSH, error);
  if (registry == NULL)
    return FALSE;
  const OciAuthLookup *lookup = oci_registry_lookup (registry);
  terrane_progress_info (progress, "%s: %s%s", reference->host,
                         lookup->credentials != NULL ? "credentials from " : "no credentials found",
                         lookup->credentials != NULL ? lookup->credentials->source : "");
  terrane_progress_phase (progress, image_bytes (layout, manifest), "pushing to %s/%s:%s",
                          reference->host, reference->repository, reference->tag);

  g_autoptr (GHashTable) seen = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  PushProgress push_progress = { .progress = progress, .seen = seen };
  const OciPushOptions options = {
    .tag = reference->tag, .jobs = jobs, .progress = on_transfer, .progress_data = &push_progress
  };
  OciPushReport report = { 0 };
  g_mutex_init (&push_progress.mutex);
  gboolean ok = oci_registry_push (registry, layout, manifest, &options, NULL, &report, error);
  g_mutex_clear (&push_progress.mutex);
  if (ok)
    *out_report = push_report_to_json (reference, &report);
  return ok;
}

void
terrane_transfer_print_push (const json_t *report)
{
  if (report == NULL)
    return;
  g_autofree char *sent =
      oci_format_size ((uint64_t) json_integer_value (json_object_get (report, "bytes_uploaded")));
  g_autofree char *there =
      oci_format_size ((uint64_t) json_integer_value (json_object_get (report, "bytes_existing")));
  const char *tag = json_string_value (json_object_get (report, "tag"));
  if (json_is_true (json_object_get (report, "unchanged")))
    terrane_print ("pushed %s: nothing to send, the tag has this image already\n", tag);
  else
    terrane_print ("pushed %s: %s sent, %s already there\n", tag, sent, there);
  terrane_print ("%s\n", json_string_value (json_object_get (report, "reference")));
}
