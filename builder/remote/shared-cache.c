#include "builder/remote/shared-cache.h"

#include "builder/error.h"
#include "builder/remote/artifact.h"
#include "builder/remote/remote-private.h"
#include "builder/remote/shared-document.h"
#include "builder/store/cache-signature.h"

#include "oci/base/text-hash.h"
#include "oci/image-config.h"

#include <string.h>

#define ARTIFACT_TYPE "application/vnd.terrane.cache.v1"
#define CONFIG_TYPE "application/vnd.terrane.cache.v1+json"
#define SIGNATURE "io.terrane.cache.hmac-sha256"
#define TAG_PREFIX                                                                                 \
  "terrane-" /* allows rules of registries to distinguish artifacts from images                    \
              */

struct _TerraneSharedCache
{
  TerraneSharedCacheOptions options;
  char *platform;
  GHashTable *silent; /* set of repositories that are not asked any more */
  GHashTable *closed; /* set of repositories that nothing is given to any more */
  GHashTable *had;    /* "REPOSITORY:TAG" that need not be given any more: a set */
  json_t *used;       /* arrays of the report */
  json_t *given;
  json_t *failed;
  json_t *compared;
};

TerraneSharedCache *
terrane_shared_cache_new (const TerraneSharedCacheOptions *options)
{
  TerraneSharedCache *self = g_new0 (TerraneSharedCache, 1);
  self->options = *options;
  self->platform = g_strdup (options->platform);
  self->options.platform = self->platform;
  self->silent = g_hash_table_new_full (oci_text_hash, g_str_equal, g_free, NULL);
  self->closed = g_hash_table_new_full (oci_text_hash, g_str_equal, g_free, NULL);
  self->had = g_hash_table_new_full (oci_text_hash, g_str_equal, g_free, NULL);
  self->used = json_array ();
  self->given = json_array ();
  self->failed = json_array ();
  self->compared = json_array ();
  return self;
}

void
terrane_shared_cache_free (TerraneSharedCache *self)
{
  if (self == NULL)
    return;
  g_free (self->platform);
  g_hash_table_unref (self->silent);
  g_hash_table_unref (self->closed);
  g_hash_table_unref (self->had);
  json_decref (self->used);
  json_decref (self->given);
  json_decref (self->failed);
  json_decref (self->compared);
  g_free (self);
}

gboolean
terrane_shared_cache_reads (const TerraneSharedCache *self)
{
  return self->options.from != NULL && self->options.from->len > 0 && !self->options.compare
         && !self->options.remote->options.offline;
}

gboolean
terrane_shared_cache_writes (const TerraneSharedCache *self)
{
  return ((self->options.to != NULL && self->options.to->len > 0) || self->options.compare)
         && !self->options.remote->options.offline;
}

gboolean
terrane_shared_cache_compares (const TerraneSharedCache *self)
{
  return self->options.compare;
}

static const TerraneProgress *
progress_of (const TerraneSharedCache *self)
{
  return terrane_remote_progress (self->options.remote);
}

static char *
repository_name (const OciReference *repository)
{
  return g_strconcat (OCI_REFERENCE_SCHEME, repository->host, "/", repository->repository, NULL);
}

/* It contains the platform, since the key of a tree that does not depend on the platform is the
 * same for all. */
static char *
make_tag (const TerraneSharedCache *self, TerraneSharedKind kind, const OciDigest *key)
{
  OciDigestHex hex;
  g_autofree char *platform = g_strdelimit (g_strdup (self->platform), "/", '-');
  return g_strdup_printf (TAG_PREFIX "%s-%s-%s", platform, terrane_shared_kind_name (kind),
                          oci_digest_hex (key, hex));
}

static gboolean
has_repository (GHashTable *set, const OciReference *repository)
{
  g_autofree char *name = repository_name (repository);
  return g_hash_table_contains (set, name);
}

/* Whether the failure is about the registry rather than one artifact. */
static gboolean
is_about_registry (const GError *error)
{
  return error->domain == OCI_ERROR
         && (error->code == OCI_ERROR_UNREACHABLE || error->code == OCI_ERROR_NETWORK
             || error->code == OCI_ERROR_TIMEOUT || error->code == OCI_ERROR_DENIED
             || error->code == OCI_ERROR_LIMIT || error->code == OCI_ERROR_USAGE);
}

/* Checked before anything in the document is used. */
static gboolean
check_signature (const TerraneSharedCache *self, GBytes *raw, const OciManifest *manifest,
                 GError **error)
{
  const char *signature = json_string_value (json_object_get (manifest->annotations, SIGNATURE));
  if (self->options.secret == NULL)
    return TRUE;
  if (signature == NULL)
    return oci_throw (error, OCI_ERROR_CORRUPT,
                      "it is not signed, and TERRANE_CACHE_KEY asks for it");
  return terrane_cache_is_signed (raw, self->options.secret, signature, strlen (signature))
         || oci_throw (error, OCI_ERROR_CORRUPT, "it is signed with another TERRANE_CACHE_KEY");
}

/* Taking */

static TerraneSharedEntry *
open_entry (TerraneSharedCache *self, const OciReference *repository, TerraneSharedKind kind,
            const OciDigest *key, GError **error)
{
  g_autofree char *tag = make_tag (self, kind, key);
  OciLayout *layout = terrane_store_layout (terrane_remote_store (self->options.remote));
  g_autoptr (OciManifest) manifest = terrane_remote_fetch_artifact (
      self->options.remote, repository, tag, ARTIFACT_TYPE, CONFIG_TYPE, error);
  g_autoptr (GBytes) raw =
      manifest != NULL
          ? oci_layout_read_blob (layout, manifest->config, OCI_IMAGE_CONFIG_MAX_BYTES, error)
          : NULL;
  if (raw == NULL)
    return NULL;
  g_autoptr (TerraneSharedEntry) entry = g_new0 (TerraneSharedEntry, 1);
  entry->repository = repository;
  entry->layers = g_ptr_array_new_with_free_func ((GDestroyNotify) oci_descriptor_free);
  entry->name = g_strconcat (repository->host, "/", repository->repository, ":", tag, NULL);
  if (!check_signature (self, raw, manifest, error)
      || !terrane_shared_document_read (raw, manifest, kind, key, self->options.platform, entry,
                                        error))
    return NULL;
  return g_steal_pointer (&entry);
}

static gboolean
pass_interrupt (GError **why, GError **error)
{
  if (!g_error_matches (*why, OCI_ERROR, OCI_ERROR_CANCELLED))
    return FALSE;
  g_propagate_error (error, g_steal_pointer (why));
  return TRUE;
}

void
terrane_shared_cache_note_failure (TerraneSharedCache *self, const OciReference *repository,
                                   const GError *why)
{
  if (is_about_registry (why))
    g_hash_table_add (self->silent, repository_name (repository));
}

gboolean
terrane_shared_cache_find (TerraneSharedCache *self, TerraneSharedKind kind, const OciDigest *key,
                           const char *label, TerraneSharedEntry **out_entry, GError **error)
{
  const GPtrArray *from = terrane_shared_cache_reads (self) ? self->options.from : NULL;
  *out_entry = NULL;
  for (guint i = 0; from != NULL && i < from->len && *out_entry == NULL; i++)
    {
      const OciReference *repository = from->pdata[i];
      g_autoptr (GError) local = NULL;
      if (has_repository (self->silent, repository))
        continue;
      terrane_progress_phase (progress_of (self), 0, "asking %s for %s", repository->host, label);
      *out_entry = open_entry (self, repository, kind, key, &local);
      if (*out_entry != NULL || g_error_matches (local, OCI_ERROR, OCI_ERROR_NOT_FOUND))
        continue;
      if (pass_interrupt (&local, error))
        return FALSE;
      terrane_progress_warn (progress_of (self), "going on without the cache for %s: %s", label,
                             local->message);
      terrane_shared_cache_note_failure (self, repository, local);
    }
  return TRUE;
}

gboolean
terrane_shared_cache_fetch_layer (TerraneSharedCache *self, const TerraneSharedEntry *entry,
                                  guint index, GError **error)
{
  const OciDescriptor *layer = entry->layers->pdata[index];
  TerraneStore *store = terrane_remote_store (self->options.remote);
  const uint64_t max = oci_layout_unpack_budget (terrane_store_layout (store)).limits.bytes;
  if (layer->size > max)
    return oci_throw (error, OCI_ERROR_CORRUPT,
                      "its layer is announced with %" G_GUINT64_FORMAT
                      " bytes; ‘limits.unpacked_size’ of the profile allows %" G_GUINT64_FORMAT,
                      layer->size, max);
  terrane_progress_phase (progress_of (self), layer->size, "fetching %s", entry->name);
  return terrane_remote_fetch_artifact_layer (self->options.remote, entry->repository, layer,
                                              error);
}

void
terrane_shared_cache_note_used (TerraneSharedCache *self, const TerraneSharedEntry *entry)
{
  g_hash_table_add (self->had, g_strdup (entry->name));
  oci_json_append (self->used, oci_json_text (entry->name));
  terrane_progress_info (progress_of (self), "taken from the cache: %s", entry->name);
}

gboolean
terrane_shared_cache_refuse (TerraneSharedCache *self, const TerraneSharedEntry *entry, GError *why,
                             GError **error)
{
  g_autoptr (GError) owned = why;
  if (pass_interrupt (&owned, error))
    return FALSE;
  terrane_progress_warn (progress_of (self), "going on without the cache %s: %s", entry->name,
                         owned->message);
  return TRUE;
}

/* Giving */

gboolean
terrane_shared_cache_lacks (const TerraneSharedCache *self, TerraneSharedKind kind,
                            const OciDigest *key)
{
  const GPtrArray *to = self->options.to;
  g_autofree char *tag = make_tag (self, kind, key);
  for (guint i = 0; to != NULL && i < to->len; i++)
    {
      const OciReference *repository = to->pdata[i];
      g_autofree char *name =
          g_strconcat (repository->host, "/", repository->repository, ":", tag, NULL);
      if (!g_hash_table_contains (self->had, name) && !has_repository (self->closed, repository))
        return TRUE;
    }
  return self->options.compare;
}

/* @out_manifest: (out): in the store's layout */
static gboolean
write_documents (const TerraneSharedCache *self, const TerraneSharedResult *result,
                 OciDescriptor **out_manifest, GError **error)
{
  OciLayout *layout = terrane_store_layout (terrane_remote_store (self->options.remote));
  OciDigest digest;
  g_autoptr (OciManifest) manifest = oci_manifest_new ();
  g_autoptr (GBytes) config = terrane_shared_document_write (result, self->options.platform);
  if (!oci_layout_put_blob (layout, config, &digest, error))
    return FALSE;
  manifest->artifact_type = g_strdup (ARTIFACT_TYPE);
  manifest->config = oci_descriptor_new (CONFIG_TYPE, &digest, g_bytes_get_size (config));
  for (guint i = 0; i < result->layers->len; i++)
    g_ptr_array_add (manifest->layers, oci_descriptor_copy (result->layers->pdata[i]));
  if (self->options.secret != NULL)
    {
      manifest->annotations = json_object ();
      g_autofree char *signature = terrane_cache_sign (config, self->options.secret);
      oci_json_set (manifest->annotations, SIGNATURE, oci_json_text (signature));
    }
  g_autoptr (GBytes) raw = oci_manifest_dump (manifest);
  if (!oci_layout_put_blob (layout, raw, &digest, error))
    return FALSE;
  *out_manifest = oci_descriptor_new (OCI_MEDIA_TYPE_MANIFEST, &digest, g_bytes_get_size (raw));
  return TRUE;
}

static void
note_given (TerraneSharedCache *self, const OciReference *destination, const OciPushReport *report)
{
  json_t *object = json_object ();
  g_autofree char *name =
      g_strdup_printf ("%s/%s:%s", destination->host, destination->repository, destination->tag);
  g_hash_table_add (self->had, g_strdup (name));
  oci_json_set (object, "name", oci_json_text (name));
  oci_json_set (object, "bytes_uploaded", json_integer ((json_int_t) report->uploaded.bytes));
  oci_json_append (self->given, object);
}

static void
note_failed (TerraneSharedCache *self, const OciReference *destination, const GError *why)
{
  json_t *object = json_object ();
  g_autofree char *name =
      g_strdup_printf ("%s/%s:%s", destination->host, destination->repository, destination->tag);
  oci_json_set (object, "name", oci_json_text (name));
  oci_json_set (object, "error", oci_json_text (why->message));
  oci_json_append (self->failed, object);
  g_hash_table_add (self->had, g_strdup (name)); /* once is enough */
  /* When giving, NOT_FOUND means that the repository does not exist. */
  if (is_about_registry (why) || g_error_matches (why, OCI_ERROR, OCI_ERROR_NOT_FOUND))
    g_hash_table_add (self->closed, repository_name (destination));
}

/* Where tags are immutable, notes of one machine are not replaced by those of another, which is
 * not a failure: the result is the same. */
static gboolean
give (TerraneSharedCache *self, const OciReference *repository, const OciDescriptor *manifest,
      const TerraneSharedResult *result, GError **error)
{
  g_autoptr (GError) local = NULL;
  OciPushReport report = { 0 };
  g_autofree char *tag = make_tag (self, result->kind, &result->key);
  const OciReference destination = { .host = repository->host,
                                     .repository = repository->repository,
                                     .tag = tag };
  TerraneStore *store = terrane_remote_store (self->options.remote);
  if (terrane_remote_push (self->options.remote, terrane_store_layout (store), manifest,
                           &destination, NULL, self->options.create_repository, &report, &local))
    {
      note_given (self, &destination, &report);
      return TRUE;
    }
  if (pass_interrupt (&local, error))
    return FALSE;
  g_autoptr (TerraneSharedEntry) there =
      is_about_registry (local) ? NULL
                                : open_entry (self, repository, result->kind, &result->key, NULL);
  if (there != NULL && terrane_shared_result_is (result, there))
    {
      g_hash_table_add (self->had, g_strdup (there->name));
      terrane_progress_info (progress_of (self), "not replaced in the cache: %s", there->name);
      return TRUE;
    }
  if (there != NULL)
    terrane_progress_warn (progress_of (self),
                           "the cache keeps another result of %s, which it does not replace: %s",
                           result->label, there->name);
  else
    terrane_progress_warn (progress_of (self), "the cache did not take %s: %s", result->label,
                           local->message);
  note_failed (self, &destination, local);
  return TRUE;
}

static gboolean
compare (TerraneSharedCache *self, const TerraneSharedResult *result, GError **error)
{
  const GPtrArray *from = self->options.from;
  for (guint i = 0; from != NULL && i < from->len; i++)
    {
      g_autoptr (GError) local = NULL;
      g_autoptr (TerraneSharedEntry) entry =
          open_entry (self, from->pdata[i], result->kind, &result->key, &local);
      if (entry == NULL && g_error_matches (local, OCI_ERROR, OCI_ERROR_NOT_FOUND))
        continue;
      if (entry != NULL && terrane_shared_result_is (result, entry)
          && (result->verify == NULL || result->verify (result->data, entry, &local)))
        {
          oci_json_append (self->compared, oci_json_text (entry->name));
          continue;
        }
      if (pass_interrupt (&local, error))
        return FALSE;
      if (local != NULL && is_about_registry (local))
        g_propagate_prefixed_error (error, g_steal_pointer (&local),
                                    "--no-trust-cache: %s cannot be compared: ", result->label);
      else
        g_set_error (error, TERRANE_ERROR, TERRANE_ERROR_REFUSED,
                     "--no-trust-cache: %s is another one in the cache than was made here: %s",
                     result->label, local != NULL ? local->message : entry->name);
      return FALSE;
    }
  return TRUE;
}

gboolean
terrane_shared_cache_put (TerraneSharedCache *self, const TerraneSharedResult *result,
                          GError **error)
{
  const GPtrArray *to = self->options.to;
  g_autoptr (OciDescriptor) manifest = NULL;
  if ((self->options.compare && !compare (self, result, error))
      || !write_documents (self, result, &manifest, error))
    return FALSE;
  for (guint i = 0; to != NULL && i < to->len; i++)
    {
      const OciReference *repository = to->pdata[i];
      g_autofree char *tag = make_tag (self, result->kind, &result->key);
      g_autofree char *name =
          g_strconcat (repository->host, "/", repository->repository, ":", tag, NULL);
      if (!g_hash_table_contains (self->had, name) && !has_repository (self->closed, repository)
          && !give (self, repository, manifest, result, error))
        return FALSE;
    }
  return TRUE;
}

void
terrane_shared_cache_note_compared (TerraneSharedCache *self, const char *name)
{
  oci_json_append (self->compared, oci_json_text (name));
}

void
terrane_shared_cache_warn_compared (const TerraneSharedCache *self)
{
  if (self->options.compare && json_array_size (self->compared) == 0)
    terrane_progress_warn (progress_of (self),
                           "--no-trust-cache: nothing was compared: --cache-from has neither "
                           "results nor layers under the keys of this build");
}

json_t *
terrane_shared_cache_report (const TerraneSharedCache *self)
{
  if (self->options.from == NULL && self->options.to == NULL)
    return NULL;
  json_t *report = json_object ();
  oci_json_set (report, "taken", json_incref (self->used));
  oci_json_set (report, "given", json_incref (self->given));
  if (self->options.compare)
    oci_json_set (report, "compared", json_incref (self->compared));
  if (json_array_size (self->failed) > 0)
    oci_json_set (report, "failed", json_incref (self->failed));
  return report;
}
