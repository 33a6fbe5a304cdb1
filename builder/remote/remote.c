#include "builder/annotations.h"
#include "builder/remote/registries-conf.h"
#include "builder/remote/remote-private.h"
#include "builder/store/locations.h"
#include "builder/version.h"

#include "oci/image.h"
#include "oci/layer-stream.h"

#include "oci/base/fd.h"
#include "oci/base/text-hash.h"

#include <errno.h>
#include <string.h>
#include <sys/prctl.h>

enum
{
  MAX_SOURCES = 4, /* repositories that one push mounts from: each makes the token longer */
};

TerraneOperation
terrane_operation_begin (TerraneRemote *remote)
{
  oci_http_client_resume (remote->client);
  return (TerraneOperation){ .client = remote->client, .interrupt = terrane_interrupt_new () };
}

GCancellable *
terrane_operation_cancellable (const TerraneOperation *self)
{
  return terrane_interrupt_cancellable (self->interrupt);
}

void
terrane_operation_end (TerraneOperation *self)
{
  terrane_interrupt_free (self->interrupt);
  oci_http_client_pause (self->client);
}

static void
on_notice (gpointer data, const char *message)
{
  TerraneRemote *self = data;
  g_mutex_lock (&self->mutex);
  terrane_progress_warn (self->options.progress, "%s", message);
  g_mutex_unlock (&self->mutex);
}

void
terrane_remote_protect (void)
{
/* LeakSanitizer inspects its own process like a debugger. */
#ifndef TERRANE_SANITIZED
  if (prctl (PR_SET_DUMPABLE, 0) < 0)
    g_warning ("prctl: %s", g_strerror (errno));
#endif
}

TerraneRemote *
terrane_remote_new (TerraneStore *store, const TerraneRemoteOptions *options)
{
  TerraneRemote *self = g_new0 (TerraneRemote, 1);
  const OciHttpOptions http = {
    .user_agent = "terrane/" TERRANE_VERSION,
    .insecure = options->insecure,
    .timeout_ms = options->timeout_ms,
    .offline = options->offline,
    .notice = on_notice,
    .notice_data = self,
  };
  terrane_remote_protect ();
  self->store = store;
  self->mirror_fd = -1;
  self->options = *options;
  self->client = oci_http_client_new (&http);
  oci_http_client_pause (self->client);
  self->troubles = g_hash_table_new_full (oci_text_hash, g_str_equal, g_free, NULL);
  self->moved = g_hash_table_new_full (oci_text_hash, g_str_equal, g_free, g_free);
  self->registries = g_hash_table_new_full (oci_text_hash, g_str_equal, g_free,
                                            (GDestroyNotify) oci_registry_free);
  g_mutex_init (&self->mutex);
  if (options->insecure)
    terrane_progress_warn (options->progress,
                           "--tls-verify=false: the registry is not authenticated; anyone on "
                           "the way to it can read credentials and change images");
  return self;
}

void
terrane_remote_free (TerraneRemote *self)
{
  if (self == NULL)
    return;
  g_hash_table_unref (self->registries); /* before the client, which they use */
  oci_http_client_free (self->client);
  g_free (self->auth);
  g_hash_table_unref (self->moved);
  g_hash_table_unref (self->troubles);
  g_mutex_clear (&self->mutex);
  oci_fd_close (self->mirror_fd);
  g_free (self->mirror);
  g_free (self);
}

TerraneStore *
terrane_remote_store (const TerraneRemote *self)
{
  return self->store;
}

const TerraneProgress *
terrane_remote_progress (const TerraneRemote *self)
{
  return self->options.progress;
}

unsigned
terrane_remote_jobs (const TerraneRemote *self)
{
  return self->options.jobs;
}

gboolean
terrane_remote_is_new (TerraneRemote *self, const char *trouble)
{
  return g_hash_table_add (self->troubles, g_strdup (trouble));
}

gboolean
terrane_remote_run (TerraneRemote *self, TerraneRemoteFunc func, gpointer data, GError **error)
{
  g_auto (TerraneOperation) operation = terrane_operation_begin (self);
  return func (self->client, terrane_operation_cancellable (&operation), data, error);
}

/* Those of Amazon ECR are only found during a request. */
void
terrane_remote_report_auth (TerraneRemote *self, OciRegistry *registry)
{
  g_autofree char *auth = oci_registry_describe_auth (registry);
  char *text = g_strdup_printf ("%s: %s", oci_registry_reference (registry)->host, auth);
  if (g_strcmp0 (text, self->auth) != 0)
    terrane_progress_info (self->options.progress, "%s", text);
  g_free (self->auth);
  self->auth = text;
}

/* The tag is not part of the key: a push names it itself. */
OciRegistry *
terrane_remote_open_registry (TerraneRemote *self, const OciReference *reference,
                              OciRegistryAccess access, GCancellable *cancellable, GError **error)
{
  g_autofree char *text = oci_reference_text (reference);
  g_autofree char *key =
      access == OCI_REGISTRY_PUSH
          ? g_strdup_printf ("push %s/%s", reference->host, reference->repository)
          : g_strconcat ("pull ", text, NULL);
  OciRegistry *registry = g_hash_table_lookup (self->registries, key);
  if (registry != NULL)
    return registry;
  registry = oci_registry_new (self->client, reference, access, cancellable, error);
  if (registry == NULL)
    return NULL;
  g_hash_table_insert (self->registries, g_steal_pointer (&key), registry);
  terrane_remote_report_auth (self, registry);
  return registry;
}

void
terrane_remote_begin_phase (TerraneRemote *self, const OciManifest *manifest, const char *doing,
                            const OciReference *reference)
{
  g_hash_table_remove_all (self->moved);
  self->total = manifest->config->size;
  for (guint i = 0; i < manifest->layers->len; i++)
    self->total += ((const OciDescriptor *) manifest->layers->pdata[i])->size;
  terrane_progress_phase (self->options.progress, self->total, "%s %s/%s%s%s", doing,
                          reference->host, reference->repository, reference->tag != NULL ? ":" : "",
                          reference->tag != NULL ? reference->tag : "");
}

/* "gdal" or "sha256:0123456789ab" */
static char *
blob_name (const OciDescriptor *blob)
{
  OciDigestText text;
  char *title = terrane_layer_title (blob);
  return title != NULL ? title
                       : g_strndup (oci_digest_text (&blob->digest, text), strlen ("sha256:") + 12);
}

void
terrane_remote_on_transfer (gpointer data, const OciDescriptor *blob, OciTransferState state,
                            uint64_t done)
{
  TerraneRemote *self = data;
  const TerraneProgress *progress = self->options.progress;
  OciDigestHex hex;
  g_autofree char *name = blob_name (blob);
  g_mutex_lock (&self->mutex);
  uint64_t *before = g_hash_table_lookup (self->moved, oci_digest_hex (&blob->digest, hex));
  if (before == NULL)
    {
      before = g_new0 (uint64_t, 1);
      g_hash_table_insert (self->moved, g_strdup (hex), before);
      if (state == OCI_TRANSFER_RUNNING && done > 0) /* moved by an earlier process */
        {
          self->total -= MIN (self->total, done);
          *before = done;
          terrane_progress_expect (progress, self->total);
        }
    }
  if (state == OCI_TRANSFER_EXISTS || state == OCI_TRANSFER_MOUNTED)
    {
      self->total -= MIN (self->total, blob->size - MIN (*before, blob->size));
      terrane_progress_expect (progress, self->total);
    }
  else if (done > *before) /* bytes that are sent again do not count twice */
    {
      terrane_progress_advance (progress, done - *before);
      *before = done;
    }
  terrane_progress_item (progress, name, done, state == OCI_TRANSFER_RUNNING ? blob->size : done);
  g_mutex_unlock (&self->mutex);
}

static gboolean
remember_location (TerraneRemote *self, const OciManifest *manifest, const OciReference *reference,
                   GError **error)
{
  for (guint i = 0; i < manifest->layers->len; i++)
    if (!terrane_locations_add (self->store,
                                &((const OciDescriptor *) manifest->layers->pdata[i])->digest,
                                reference->host, reference->repository, error))
      return FALSE;
  return terrane_locations_add (self->store, &manifest->config->digest, reference->host,
                                reference->repository, error);
}

OciDescriptor *
terrane_remote_fetch_manifest (TerraneRemote *self, const OciReference *reference,
                               const OciPlatform *platform, GError **error)
{
  if (self->options.offline)
    return terrane_remote_find_stored (self, reference, platform, error);
  g_auto (TerraneOperation) operation = terrane_operation_begin (self);
  GCancellable *cancellable = terrane_operation_cancellable (&operation);
  OciRegistry *registry =
      terrane_remote_open_registry (self, reference, OCI_REGISTRY_PULL, cancellable, error);
  if (registry == NULL || !terrane_store_begin_write (self->store, error))
    return NULL;
  terrane_progress_phase (self->options.progress, 0, "asking %s for %s", reference->host,
                          reference->repository);
  OciLayout *layout = terrane_store_layout (self->store);
  g_autoptr (OciManifest) document = NULL;
  g_autoptr (OciDescriptor) manifest =
      oci_registry_fetch_manifest (registry, layout, platform, cancellable, error);
  terrane_remote_report_auth (self, registry);
  if (manifest == NULL)
    terrane_registries_conf_explain (error);
  if (manifest == NULL || !oci_image_read (layout, manifest, &document, NULL, error)
      || !remember_location (self, document, reference, error))
    return NULL;
  return g_steal_pointer (&manifest);
}

gboolean
terrane_remote_pull_layers (TerraneRemote *self, const OciReference *reference,
                            const OciDescriptor *manifest, OciPullReport *out_report,
                            GError **error)
{
  OciLayout *layout = terrane_store_layout (self->store);
  g_autofree char *name = oci_reference_text (reference);
  if (self->options.offline && !oci_image_check_blobs (layout, manifest, NULL))
    return terrane_remote_fail_offline (name, error);
  const OciPullOptions options = { .jobs = self->options.jobs,
                                   .progress = terrane_remote_on_transfer,
                                   .progress_data = self };
  g_autoptr (OciManifest) document = NULL;
  g_auto (TerraneOperation) operation = terrane_operation_begin (self);
  GCancellable *cancellable = terrane_operation_cancellable (&operation);
  OciRegistry *registry =
      terrane_remote_open_registry (self, reference, OCI_REGISTRY_PULL, cancellable, error);
  if (registry == NULL || !oci_image_read (layout, manifest, &document, NULL, error)
      || !terrane_store_begin_write (self->store, error))
    return FALSE;
  terrane_remote_begin_phase (self, document, "pulling", reference);
  return oci_registry_pull_layers (registry, layout, manifest, &options, cancellable, out_report,
                                   error);
}

static gboolean
fetch_from_location (TerraneRemote *self, const char *location, const OciDescriptor *blob,
                     GCancellable *cancellable, GError **error)
{
  OCI_PREFIX (error, OCI_REFERENCE_SCHEME "%s", location);
  g_autoptr (OciReference) reference = oci_reference_parse (location, error);
  g_autoptr (OciRegistry) registry =
      reference != NULL
          ? oci_registry_new (self->client, reference, OCI_REGISTRY_PULL, cancellable, error)
          : NULL;
  return registry != NULL
         && oci_registry_fetch_blob (registry, terrane_store_layout (self->store), blob,
                                     terrane_remote_on_transfer, self, cancellable, error);
}

/* Fetches one blob from the first of its known locations that has it. If none has it any more, they
 * are removed, so that the next build makes the layer. */
static gboolean
fetch_from (TerraneRemote *self, char **locations, const OciDescriptor *blob,
            GCancellable *cancellable, GError **error)
{
  gboolean gone = TRUE;
  g_autoptr (GError) local = NULL;
  for (char **location = locations; *location != NULL; location++)
    {
      g_clear_error (&local);
      if (fetch_from_location (self, *location, blob, cancellable, &local))
        return TRUE;
      gone = gone && g_error_matches (local, OCI_ERROR, OCI_ERROR_NOT_FOUND);
      if (g_error_matches (local, OCI_ERROR, OCI_ERROR_CANCELLED)
          || g_error_matches (local, OCI_ERROR, OCI_ERROR_LIMIT))
        break;
    }
  if (gone)
    {
      terrane_locations_forget (self->store, &blob->digest);
      g_atomic_int_set (&self->misled, 1);
      g_propagate_prefixed_error (error, g_steal_pointer (&local),
                                  "a layer that was left in a registry is not there any more; "
                                  "build the image again, which makes it: ");
    }
  else
    g_propagate_error (error, g_steal_pointer (&local));
  return FALSE;
}

gboolean
terrane_remote_was_misled (TerraneRemote *self)
{
  return g_atomic_int_exchange (&self->misled, 0) != 0;
}

/* The layers of an image by their diffIDs. */
typedef struct
{
  OciManifest *manifest;
  OciImageConfig *config; /* (nullable): of an image; others have no diffIDs */
} Contents;

static void
contents_clear (Contents *self)
{
  oci_manifest_free (self->manifest);
  oci_image_config_free (self->config);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Contents, contents_clear)

static gboolean
contents_read (Contents *self, OciLayout *layout, const OciDescriptor *manifest, GError **error)
{
  if (!oci_image_read (layout, manifest, &self->manifest, NULL, error))
    return FALSE;
  if (self->manifest->artifact_type != NULL)
    return TRUE;
  (void) oci_image_read (layout, manifest, NULL, &self->config, NULL);
  return TRUE;
}

static gboolean
find_diff_id (const Contents *self, const OciDescriptor *blob, OciDigest *out_diff_id)
{
  for (guint i = 0; self->config != NULL && i < self->manifest->layers->len; i++)
    if (oci_digest_equal (&((const OciDescriptor *) self->manifest->layers->pdata[i])->digest,
                          &blob->digest))
      return oci_image_config_diff_id (self->config, i, out_diff_id, NULL);
  return FALSE;
}

static gboolean
find_actual (TerraneRemote *self, const OciDescriptor *blob, OciDigest *out_diff_id, GError **error)
{
  g_auto (OciFd) fd = -1;
  g_autoptr (OciLayerStream) stream =
      oci_layout_open_blob (terrane_store_layout (self->store), blob, &fd, error)
          ? oci_layer_stream_new (fd, error)
          : NULL;
  return stream != NULL && oci_layer_stream_finish (stream, out_diff_id, error);
}

/* A layer that was left in a registry is unpacked once, when it comes. Another one is removed, so
 * that nothing uses it. */
static gboolean
check_content (TerraneRemote *self, const Contents *contents, const OciDescriptor *blob,
               GError **error)
{
  OciDigest said, actual;
  OciDigestText text;
  g_autoptr (GError) local = NULL;
  if (!find_diff_id (contents, blob, &said)
      || (find_actual (self, blob, &actual, &local) && oci_digest_equal (&said, &actual)))
    return TRUE;
  if (g_error_matches (local, OCI_ERROR, OCI_ERROR_IO))
    {
      g_propagate_error (error, g_steal_pointer (&local));
      return FALSE;
    }
  terrane_locations_forget (self->store, &blob->digest);
  g_atomic_int_set (&self->misled, 1);
  if (!oci_layout_remove_blob (terrane_store_layout (self->store), &blob->digest, error))
    return FALSE;
  return oci_throw (error, OCI_ERROR_CORRUPT,
                    "the layer %s that was left in a registry unpacks to another diffID than the "
                    "image says; build the image again without --cache-from",
                    oci_digest_text (&blob->digest, text));
}

static gboolean
provide (TerraneRemote *self, const Contents *contents, const OciDescriptor *blob,
         GCancellable *cancellable, GError **error)
{
  g_autofree char *name = blob_name (blob);
  if (self->options.offline) /* and its locations are kept */
    return terrane_remote_fail_offline (name, error);
  g_auto (GStrv) locations = terrane_locations_get (self->store, &blob->digest);
  return locations[0] == NULL /* then the store reports what is missing */
         || (fetch_from (self, locations, blob, cancellable, error)
             && check_content (self, contents, blob, error));
}

gboolean
terrane_remote_complete (TerraneRemote *self, const OciDescriptor *manifest, GError **error)
{
  OciLayout *layout = terrane_store_layout (self->store);
  g_auto (TerraneOperation) operation = terrane_operation_begin (self);
  g_auto (Contents) contents = { 0 };
  if (!contents_read (&contents, layout, manifest, error))
    return FALSE;
  for (guint i = 0; i < contents.manifest->layers->len; i++)
    {
      const OciDescriptor *layer = contents.manifest->layers->pdata[i];
      gboolean found = FALSE;
      if (!oci_layout_find_blob (layout, &layer->digest, &found, NULL, error))
        return FALSE;
      if (found)
        continue;
      g_autofree char *name = blob_name (layer);
      terrane_progress_phase (self->options.progress, layer->size, "fetching the layer %s", name);
      if (!terrane_store_begin_write (self->store, error)
          || !provide (self, &contents, layer, terrane_operation_cancellable (&operation), error))
        return FALSE;
    }
  return TRUE;
}

/* Repositories on the registry from which the blobs of a push may be mounted. */
typedef struct
{
  TerraneRemote *remote;
  GHashTable *repositories; /* hex digest -> repository */
  const char *destination;  /* "HOST/REPOSITORY" */
  const Contents *contents; /* of the image */
} MountSources;

static const char *
find_source (gpointer data, const OciDescriptor *blob)
{
  const MountSources *self = data;
  OciDigestHex hex;
  return g_hash_table_lookup (self->repositories, oci_digest_hex (&blob->digest, hex));
}

static gboolean
is_known (gpointer data, const OciDescriptor *blob)
{
  const MountSources *self = data;
  g_auto (GStrv) locations = terrane_locations_get (self->remote->store, &blob->digest);
  return g_strv_contains ((const char *const *) locations, self->destination);
}

static gboolean
provide_for_push (gpointer data, const OciDescriptor *blob, GCancellable *cancellable,
                  GError **error)
{
  const MountSources *self = data;
  return provide (self->remote, self->contents, blob, cancellable, error);
}

char *
terrane_remote_choose_source (TerraneRemote *self, const OciDigest *blob,
                              const OciReference *destination, const char *mount_from)
{
  if (mount_from != NULL)
    return g_strdup (mount_from);
  g_auto (GStrv) locations = terrane_locations_get (self->store, blob);
  g_autofree char *prefix = g_strconcat (destination->host, "/", NULL);
  for (char **location = locations; *location != NULL; location++)
    if (g_str_has_prefix (*location, prefix)
        && strcmp (*location + strlen (prefix), destination->repository) != 0)
      return g_strdup (*location + strlen (prefix));
  return NULL;
}

static void
choose_sources (MountSources *sources, OciRegistry *registry, const OciManifest *manifest,
                const OciReference *destination, const char *mount_from)
{
  g_autoptr (GHashTable) distinct =
      g_hash_table_new_full (oci_text_hash, g_str_equal, g_free, NULL);
  for (guint i = 0; i < manifest->layers->len; i++)
    {
      OciDigestHex hex;
      const OciDescriptor *layer = manifest->layers->pdata[i];
      g_autofree char *source =
          terrane_remote_choose_source (sources->remote, &layer->digest, destination, mount_from);
      if (source == NULL || strcmp (source, destination->repository) == 0
          || (!g_hash_table_contains (distinct, source)
              && g_hash_table_size (distinct) >= MAX_SOURCES))
        continue;
      if (g_hash_table_add (distinct, g_strdup (source)))
        oci_registry_add_source (registry, source);
      g_hash_table_insert (sources->repositories, g_strdup (oci_digest_hex (&layer->digest, hex)),
                           g_steal_pointer (&source));
    }
}

gboolean
terrane_remote_push (TerraneRemote *self, OciLayout *layout, const OciDescriptor *manifest,
                     const OciReference *destination, const char *mount_from,
                     gboolean create_repository, OciPushReport *out_report, GError **error)
{
  if (self->options.offline)
    return oci_throw (error, OCI_ERROR_USAGE, "--offline: nothing can be pushed to %s",
                      destination->host);
  g_auto (Contents) contents = { 0 };
  g_auto (TerraneOperation) operation = terrane_operation_begin (self);
  GCancellable *cancellable = terrane_operation_cancellable (&operation);
  OciRegistry *registry =
      terrane_remote_open_registry (self, destination, OCI_REGISTRY_PUSH, cancellable, error);
  if (registry == NULL || !contents_read (&contents, layout, manifest, error)
      || !terrane_store_begin_write (self->store, error))
    return FALSE;
  const OciManifest *document = contents.manifest;
  g_autoptr (GHashTable) repositories =
      g_hash_table_new_full (oci_text_hash, g_str_equal, g_free, g_free);
  g_autofree char *name = g_strconcat (destination->host, "/", destination->repository, NULL);
  MountSources sources = {
    .remote = self, .repositories = repositories, .destination = name, .contents = &contents
  };
  choose_sources (&sources, registry, document, destination, mount_from);
  const OciPushOptions options = {
    .tag = destination->tag,
    .jobs = self->options.jobs,
    .create_repository = create_repository,
    .whole = document->artifact_type != NULL, /* a result that lost a layer is given again */
    .progress = terrane_remote_on_transfer,
    .progress_data = self,
    .is_known = is_known,
    .find_source = find_source,
    .provide = layout == terrane_store_layout (self->store) ? provide_for_push : NULL,
    .source_data = &sources,
  };
  terrane_remote_begin_phase (self, document, "pushing to", destination);
  gboolean ok =
      oci_registry_push (registry, layout, manifest, &options, cancellable, out_report, error);
  terrane_remote_report_auth (self, registry);
  g_autoptr (GError) local = NULL;
  if (ok && !remember_location (self, document, destination, &local))
    terrane_progress_warn (self->options.progress, "the image was pushed; %s", local->message);
  return ok;
}

gboolean
terrane_remote_push_index (TerraneRemote *self, const OciImageIndex *index,
                           const OciReference *destination, OciPushReport *out_report,
                           GError **error)
{
  g_auto (TerraneOperation) operation = terrane_operation_begin (self);
  GCancellable *cancellable = terrane_operation_cancellable (&operation);
  OciRegistry *registry =
      terrane_remote_open_registry (self, destination, OCI_REGISTRY_PUSH, cancellable, error);
  const OciPushOptions options = { .tag = destination->tag, .jobs = 1 };
  return registry != NULL
         && oci_registry_push_index (registry, index->descriptor, index->raw, &options, cancellable,
                                     out_report, error);
}
