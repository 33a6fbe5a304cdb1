#include "oci/registry/push.h"

#include "oci/base/parallel.h"
#include "oci/registry/failure.h"
#include "oci/registry/upload.h"

#include <string.h>

#define ACCEPT_MANIFEST                                                                            \
  "Accept: " OCI_MEDIA_TYPE_MANIFEST ", " OCI_MEDIA_TYPE_DOCKER_MANIFEST ", " OCI_MEDIA_TYPE_INDEX \
  ", " OCI_MEDIA_TYPE_DOCKER_LIST

enum
{
  /* For smaller blobs an upload is opened before they are known to be missing: this is about the
   * amount transferred in a round trip of 50 ms. If the blob exists after all, an upload without
   * content remains, which registries remove themselves; for large blobs the gain does not
   * matter. */
  OPEN_AHEAD_MAX_BYTES = 1024 * 1024,
  QUESTIONS_AT_ONCE = 12, /* each uses its own connection */
};

/* State of one blob. */
typedef struct
{
  const OciDescriptor *descriptor; /* borrowed */
  gboolean known;                  /* it probably exists */
  gboolean there;
  OciTransferState state; /* if it exists */
  char *location;         /* (nullable): of an upload that an attempt to mount it opened */
  char *opened;           /* (nullable): of an upload that was opened ahead */
  GError *failure;        /* (nullable): of the attempt to find it */
} Blob;

/* One push in progress. */
typedef struct
{
  OciRegistry *registry;
  OciLayout *layout;
  const OciPushOptions *options;
  char *name;       /* of the manifest: tag or digest */
  char *path;       /* of the manifest */
  gboolean missing; /* the name does not refer to a manifest yet */
  GPtrArray *blobs; /* of Blob, each digest once */
  GMutex mutex;     /* guards @report while blobs are in progress */
  OciPushReport report;
} Push;

static void
blob_free (gpointer data)
{
  Blob *self = data;
  g_free (self->location);
  g_free (self->opened);
  g_clear_error (&self->failure);
  g_free (self);
}

static void
tell (const OciPushOptions *options, const OciDescriptor *blob, OciTransferState state,
      uint64_t done)
{
  if (options->progress != NULL)
    options->progress (options->progress_data, blob, state, done);
}

static void
count (Push *push, const OciDescriptor *blob, OciTransferState state)
{
  OciPushCount *counted = state == OCI_TRANSFER_EXISTS    ? &push->report.existing
                          : state == OCI_TRANSFER_MOUNTED ? &push->report.mounted
                                                          : &push->report.uploaded;
  g_mutex_lock (&push->mutex);
  counted->blobs++;
  counted->bytes += blob->size;
  g_mutex_unlock (&push->mutex);
}

/* Fetches a layer whose bytes are in another registry, only called if this one lacks it. */
static gboolean
provide (const Push *push, const OciDescriptor *blob, GCancellable *stop, GError **error)
{
  const OciPushOptions *options = push->options;
  gboolean found = options->provide == NULL;
  if (!found && !oci_layout_find_blob (push->layout, &blob->digest, &found, NULL, error))
    return FALSE;
  return found || options->provide (options->source_data, blob, stop, error);
}

static OciUpload
describe_upload (const Push *push, const Blob *blob)
{
  const OciPushOptions *options = push->options;
  return (OciUpload){
    .registry = push->registry,
    .layout = push->layout,
    .blob = blob->descriptor,
    .source = options->find_source != NULL
                  ? options->find_source (options->source_data, blob->descriptor)
                  : NULL,
    .progress = options->progress,
    .progress_data = options->progress_data,
  };
}

static gboolean
send_blob (gpointer data, gpointer item, GCancellable *stop, GError **error)
{
  Push *push = data;
  Blob *blob = item;
  const OciUpload upload = describe_upload (push, blob);
  const char *location = blob->location != NULL ? blob->location : blob->opened;
  if (!provide (push, blob->descriptor, stop, error)
      || !oci_upload_send (&upload, location, stop, &blob->state, error))
    return FALSE;
  count (push, blob->descriptor, blob->state);
  tell (push->options, blob->descriptor, blob->state, blob->descriptor->size);
  return TRUE;
}

/* Whether the registry's manifest has this digest, by its header or else by its bytes. */
static gboolean
names_digest (const OciHttpResponse *response, const OciDigest *digest)
{
  OciDigest received;
  if (!oci_registry_response_digest (response, &received))
    received = oci_digest_of_bytes (response->body);
  return oci_digest_equal (&received, digest);
}

/* Whether the name already refers to this manifest, as far as the registry tells. */
static gboolean
find_manifest (Push *push, GCancellable *cancellable, gboolean *out_same, gboolean *out_missing,
               GError **error)
{
  g_autofree char *what = g_strdup_printf ("looking for the manifest %s", push->name);
  OciDigest named;
  OciRegistryAnswer answer = OCI_REGISTRY_UNKNOWN;
  g_autoptr (OciHttpResponse) existing = NULL;
  const OciRegistryQuestion question = {
    .path = push->path, .accept = ACCEPT_MANIFEST, .what = what, .notice = error != NULL
  };
  if (!oci_registry_ask (push->registry, &question, cancellable, &answer, &existing, error))
    return FALSE;
  *out_missing = answer != OCI_REGISTRY_EXISTS;
  if (existing != NULL && !oci_registry_response_digest (existing, &named)
      && g_bytes_get_size (existing->body) == 0)
    {
      static const char *const headers[] = { ACCEPT_MANIFEST, NULL };
      OciHttpRequest request = OCI_HTTP_REQUEST_INIT ("GET", push->path);
      request.headers = headers;
      oci_http_response_free (existing);
      existing = oci_registry_send (push->registry, &request, cancellable, error);
      if (existing == NULL)
        return FALSE;
    }
  *out_same = existing != NULL && names_digest (existing, &push->report.digest);
  return TRUE;
}

/* There is no such manifest, and possibly no such repository, which only the body of a GET
 * tells. */
static gboolean
create_repository (Push *push, GCancellable *cancellable, GError **error)
{
  static const char *const headers[] = { ACCEPT_MANIFEST, NULL };
  OciHttpRequest request = OCI_HTTP_REQUEST_INIT ("GET", push->path);
  request.headers = headers;
  g_autoptr (OciHttpResponse) response =
      oci_registry_send (push->registry, &request, cancellable, error);
  if (response == NULL)
    return FALSE;
  return !oci_registry_failure_has_code (response, "NAME_UNKNOWN")
         || oci_registry_create_repository (push->registry, cancellable, &push->report.created,
                                            error);
}

static gboolean
put_manifest (Push *push, const char *media_type, GBytes *raw, GCancellable *cancellable,
              GError **error)
{
  g_autofree char *what = g_strdup_printf ("storing the manifest %s", push->name);
  g_autofree char *type = g_strconcat ("Content-Type: ", media_type, NULL);
  const char *const headers[] = { type, NULL };
  OciHttpRequest request = OCI_HTTP_REQUEST_INIT ("PUT", push->path);
  request.headers = headers;
  request.body = raw;
  g_autoptr (OciHttpResponse) response =
      oci_registry_send (push->registry, &request, cancellable, error);
  if (response == NULL)
    {
      g_prefix_error (error, "%s: ", what);
      return FALSE;
    }
  if (response->status / 100 == 2) /* 201 by the specification; some answer 200 or 202 */
    return oci_upload_check_digest (response, &push->report.digest, what, error);
  /* An immutable tag refuses even the manifest that it already has: another client may have been
   * faster, or the answer to an earlier attempt was lost. */
  gboolean same = FALSE, missing = FALSE;
  if (response->status >= 400 && response->status < 500
      && find_manifest (push, cancellable, &same, &missing, NULL) && same)
    return TRUE;
  return oci_registry_fail (push->registry, response, what, error);
}

/* A question to ask before anything is sent. */
typedef struct
{
  gboolean (*ask) (Push *push, Blob *blob, GCancellable *stop, GError **error);
  Blob *blob; /* (nullable) */
} Question;

static gboolean
ask_connection (Push *push, G_GNUC_UNUSED Blob *blob, GCancellable *stop, GError **error)
{
  return oci_registry_connect (push->registry, stop, error);
}

static gboolean
ask_manifest (Push *push, G_GNUC_UNUSED Blob *blob, GCancellable *stop, GError **error)
{
  return find_manifest (push, stop, &push->report.unchanged, &push->missing, error);
}

/* Failures are reported after all questions, so that the manifest's comes first. */
static gboolean
ask_blob (Push *push, Blob *blob, GCancellable *stop, G_GNUC_UNUSED GError **error)
{
  const OciUpload upload = describe_upload (push, blob);
  (void) oci_upload_find (&upload, stop, &blob->there, &blob->state, &blob->location,
                          &blob->failure);
  return TRUE;
}

static gboolean
ask_for_upload (Push *push, Blob *blob, GCancellable *stop, G_GNUC_UNUSED GError **error)
{
  const OciUpload upload = describe_upload (push, blob);
  blob->opened = oci_upload_open_ahead (&upload, stop);
  return TRUE;
}

static gboolean
ask_one (gpointer data, gpointer item, GCancellable *stop, GError **error)
{
  const Question *question = item;
  return question->ask (data, question->blob, stop, error);
}

static void
add_question (GPtrArray *questions,
              gboolean (*ask) (Push *push, Blob *blob, GCancellable *stop, GError **error),
              Blob *blob)
{
  Question *question = g_new0 (Question, 1);
  question->ask = ask;
  question->blob = blob;
  g_ptr_array_add (questions, question);
}

static gboolean
wants_upload (const Push *push, const Blob *blob)
{
  const OciUpload upload = describe_upload (push, blob);
  return push->options->is_known != NULL && !blob->known && upload.source == NULL
         && blob->descriptor->size <= OPEN_AHEAD_MAX_BYTES;
}

/* Begins with questions whose answers take longest. */
static void
add_blob_questions (const Push *push, GPtrArray *questions)
{
  for (guint i = 0; i < push->blobs->len; i++)
    if (wants_upload (push, push->blobs->pdata[i]))
      add_question (questions, ask_for_upload, push->blobs->pdata[i]);
  for (guint i = 0; i < push->blobs->len; i++)
    if (!((const Blob *) push->blobs->pdata[i])->known)
      add_question (questions, ask_blob, push->blobs->pdata[i]);
  for (guint i = 0; i < push->blobs->len; i++)
    if (((const Blob *) push->blobs->pdata[i])->known)
      add_question (questions, ask_blob, push->blobs->pdata[i]);
}

static gboolean
ask_all (Push *push, const GPtrArray *questions, GCancellable *cancellable, GError **error)
{
  unsigned jobs = push->options->jobs > 1 ? MAX (push->options->jobs, QUESTIONS_AT_ONCE) : 1;
  if (jobs > 1 && !oci_registry_expect (push->registry, cancellable, error))
    return FALSE;
  return oci_parallel_each (questions, jobs, ask_one, push, cancellable, error);
}

static gboolean
ask_first (Push *push, gboolean blobs_too, GCancellable *cancellable, GError **error)
{
  g_autoptr (GPtrArray) questions = g_ptr_array_new_with_free_func (g_free);
  if (oci_registry_url (push->registry) == NULL)
    add_question (questions, ask_connection, NULL);
  add_question (questions, ask_manifest, NULL);
  if (blobs_too)
    add_blob_questions (push, questions);
  return ask_all (push, questions, cancellable, error);
}

static gboolean
ask_blobs (Push *push, GCancellable *cancellable, GError **error)
{
  g_autoptr (GPtrArray) questions = g_ptr_array_new_with_free_func (g_free);
  add_blob_questions (push, questions);
  return ask_all (push, questions, cancellable, error);
}

static int
compare_size (gconstpointer a, gconstpointer b)
{
  const OciDescriptor *x = (*(const Blob *const *) a)->descriptor;
  const OciDescriptor *y = (*(const Blob *const *) b)->descriptor;
  return (x->size < y->size) - (x->size > y->size);
}

/* Sends blobs that the registry lacks, the largest first. */
static gboolean
send_blobs (Push *push, GCancellable *cancellable, GError **error)
{
  g_autoptr (GPtrArray) missing = g_ptr_array_new (); /* borrowed */
  for (guint i = 0; i < push->blobs->len; i++)
    {
      Blob *blob = push->blobs->pdata[i];
      if (blob->failure != NULL)
        {
          g_propagate_error (error, g_steal_pointer (&blob->failure));
          return FALSE;
        }
      if (!blob->there)
        {
          g_ptr_array_add (missing, blob);
          continue;
        }
      count (push, blob->descriptor, blob->state);
      tell (push->options, blob->descriptor, blob->state, blob->descriptor->size);
    }
  return oci_parallel_each (missing, push->options->jobs, send_blob, push, cancellable, error);
}

static void
take_blob (Push *push, const OciDescriptor *descriptor)
{
  const OciPushOptions *options = push->options;
  for (guint i = 0; i < push->blobs->len; i++)
    if (oci_digest_equal (&((const Blob *) push->blobs->pdata[i])->descriptor->digest,
                          &descriptor->digest))
      return;
  Blob *blob = g_new0 (Blob, 1);
  blob->descriptor = descriptor;
  blob->known = options->is_known != NULL && options->is_known (options->source_data, descriptor);
  g_ptr_array_add (push->blobs, blob);
}

/* Returns: whether the image is probably new, so that asking for its blobs makes sense */
static gboolean
take_blobs (Push *push, const OciManifest *manifest)
{
  gboolean fresh = FALSE;
  for (guint i = 0; i < manifest->layers->len; i++)
    take_blob (push, manifest->layers->pdata[i]);
  take_blob (push, manifest->config);
  g_ptr_array_sort (push->blobs, compare_size);
  for (guint i = 0; i < push->blobs->len; i++)
    fresh = fresh || !((const Blob *) push->blobs->pdata[i])->known;
  return fresh && push->options->is_known != NULL;
}

static gboolean
push_all (Push *push, const OciDescriptor *descriptor, GCancellable *cancellable, GError **error)
{
  g_autoptr (GBytes) raw =
      oci_layout_read_blob (push->layout, descriptor, OCI_MANIFEST_MAX_BYTES, error);
  g_autoptr (OciManifest) manifest =
      raw != NULL ? oci_manifest_parse ("manifest", raw, error) : NULL;
  if (manifest == NULL)
    return FALSE;
  gboolean at_once = take_blobs (push, manifest) && !push->options->create_repository;
  if (!ask_first (push, at_once, cancellable, error))
    return FALSE;
  if (push->report.unchanged && !push->options->whole)
    return TRUE;
  if (push->missing && push->options->create_repository
      && !create_repository (push, cancellable, error))
    return FALSE;
  if ((!at_once && !ask_blobs (push, cancellable, error)) || !send_blobs (push, cancellable, error))
    return FALSE;
  push->report.unchanged = push->report.unchanged && push->report.uploaded.blobs == 0;
  return push->report.unchanged
         || put_manifest (push, manifest->media_type, raw, cancellable, error);
}

gboolean
oci_registry_push (OciRegistry *self, OciLayout *layout, const OciDescriptor *manifest,
                   const OciPushOptions *options, GCancellable *cancellable,
                   OciPushReport *out_report, GError **error)
{
  const OciReference *reference = oci_registry_reference (self);
  OCI_PREFIX (error, OCI_REFERENCE_SCHEME "%s/%s", reference->host, reference->repository);
  OciDigestText text;
  oci_digest_text (&manifest->digest, text);
  g_autofree char *name = g_strdup (options->tag != NULL ? options->tag : text);
  g_autofree char *below = g_strconcat ("manifests/", name, NULL);
  g_autofree char *path = oci_registry_path (self, below);
  Push push = {
    .registry = self, .layout = layout, .options = options, .name = name, .path = path
  };
  push.report.digest = manifest->digest;
  push.blobs = g_ptr_array_new_with_free_func (blob_free);
  g_mutex_init (&push.mutex);
  gboolean ok = push_all (&push, manifest, cancellable, error);
  g_mutex_clear (&push.mutex);
  g_ptr_array_unref (push.blobs);
  if (ok)
    *out_report = push.report;
  return ok;
}

gboolean
oci_registry_push_index (OciRegistry *self, const OciDescriptor *descriptor, GBytes *raw,
                         const OciPushOptions *options, GCancellable *cancellable,
                         OciPushReport *out_report, GError **error)
{
  const OciReference *reference = oci_registry_reference (self);
  OCI_PREFIX (error, OCI_REFERENCE_SCHEME "%s/%s", reference->host, reference->repository);
  OciDigestText text;
  gboolean missing = FALSE;
  oci_digest_text (&descriptor->digest, text);
  g_autofree char *name = g_strdup (options->tag != NULL ? options->tag : text);
  g_autofree char *below = g_strconcat ("manifests/", name, NULL);
  g_autofree char *path = oci_registry_path (self, below);
  Push push = { .registry = self, .options = options, .name = name, .path = path };
  push.report.digest = descriptor->digest;
  if (!find_manifest (&push, cancellable, &push.report.unchanged, &missing, error)
      || (!push.report.unchanged
          && !put_manifest (&push, descriptor->media_type, raw, cancellable, error)))
    return FALSE;
  *out_report = push.report;
  return TRUE;
}
