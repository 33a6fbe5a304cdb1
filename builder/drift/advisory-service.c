#include "builder/drift/advisory-service.h"

#include "builder/drift/osv-versions.h"

#include "oci/base/parallel.h"
#include "oci/base/text-hash.h"
#include "oci/http/retry.h"

#include <string.h>

enum
{
  BATCH = 500,    /* packages in a request; the server accepts 1000 */
  MAX_PAGES = 50, /* of answers about the same packages */
  MAX_IDS = 50000,
  MAX_BATCH_BYTES = 32 * 1024 * 1024,
};

typedef struct
{
  TerraneRemote *remote;
  const char *url;
  TerraneAdvisories *advisories;
  TerraneAdvisoryLosses *losses;
  OciHttpClient *client;
  GHashTable *ids; /* a set */
  GMutex mutex;    /* guards @losses */
} Asking;

void
terrane_advisory_losses_clear (TerraneAdvisoryLosses *self)
{
  g_clear_pointer (&self->first, g_free);
}

/* One request with its answer. */
typedef struct
{
  OciHttpClient *client;
  OciHttpRequest request;
  GByteArray *body;
  guint max_bytes;
} Exchange;

static gboolean
begin_body (gpointer data, G_GNUC_UNUSED const OciHttpResponse *response,
            G_GNUC_UNUSED GError **error)
{
  g_byte_array_set_size (((Exchange *) data)->body, 0); /* of a failed attempt */
  return TRUE;
}

static gboolean
take_body (gpointer data, const void *bytes, size_t len, GError **error)
{
  Exchange *self = data;
  if (len > self->max_bytes - self->body->len)
    return oci_throw (error, OCI_ERROR_LIMIT, "the answer has more than %u bytes", self->max_bytes);
  g_byte_array_append (self->body, bytes, (guint) len);
  return TRUE;
}

static OciHttpResponse *
attempt (gpointer data, GCancellable *cancellable, GError **error)
{
  const Exchange *self = data;
  return oci_http_client_send (self->client, &self->request, cancellable, error);
}

/* @post: (nullable): NULL for a GET. Returns: (transfer full) (nullable) */
static GBytes *
exchange (const Asking *self, const char *path, GBytes *post, guint max_bytes,
          GCancellable *cancellable, GError **error)
{
  static const char *const headers[] = { "Content-Type: application/json",
                                         "Accept: application/json", NULL };
  OciRetry retry = { .client = self->client, .what = self->url };
  g_autofree char *url = g_strconcat (self->url, path, NULL);
  g_autoptr (GByteArray) body = g_byte_array_new ();
  Exchange one = { .client = self->client,
                   .request = OCI_HTTP_REQUEST_INIT (post != NULL ? "POST" : "GET", url),
                   .body = body,
                   .max_bytes = max_bytes };
  const OciHttpReceiver receiver = { .begin = begin_body, .write = take_body, .data = &one };
  one.request.headers = headers;
  one.request.body = post;
  one.request.receiver = &receiver;
  g_autoptr (OciHttpResponse) response = oci_retry_send (&retry, attempt, &one, cancellable, error);
  if (response == NULL)
    return NULL;
  if (response->status != 200)
    {
      oci_throw (error, response->status >= 500 ? OCI_ERROR_NETWORK : OCI_ERROR_DENIED,
                 "the server answers HTTP %u for %s", response->status, path);
      return NULL;
    }
  return g_byte_array_free_to_bytes (g_steal_pointer (&body));
}

/* A package of a batch whose answer has a further page. */
typedef struct
{
  const TerraneOsvPackage *package;
  char *page; /* (nullable) */
} Query;

static void
query_clear (gpointer data)
{
  g_free (((Query *) data)->page);
}

static GBytes *
write_queries (const GArray *queries)
{
  g_autoptr (OciJsonValue) document = json_object ();
  json_t *list = json_array ();
  oci_json_set (document, "queries", list);
  for (guint i = 0; i < queries->len; i++)
    {
      const Query *query = &g_array_index (queries, Query, i);
      json_t *object = json_object (), *package = json_object ();
      g_autofree char *version =
          terrane_osv_public (query->package->order, query->package->version);
      oci_json_set (package, "ecosystem", oci_json_text (query->package->ecosystem));
      oci_json_set (package, "name", oci_json_text (query->package->name));
      oci_json_set (object, "package", package);
      oci_json_set (object, "version", oci_json_text (version));
      oci_json_set_text (object, "page_token", query->page);
      oci_json_append (list, object);
    }
  return oci_json_dump (document);
}

static void
lose (Asking *self, const char *reason)
{
  if (self->losses->n++ == 0)
    self->losses->first = g_strdup (reason);
}

static void
take_id (Asking *self, const char *id)
{
  g_autofree char *quoted = oci_quote (id);
  g_autofree char *reason = !terrane_osv_is_id (id)
                                ? g_strdup_printf ("%s cannot be the id of an advisory", quoted)
                            : g_hash_table_size (self->ids) >= MAX_IDS
                                ? g_strdup_printf ("there are more than %d advisories", MAX_IDS)
                                : NULL;
  if (reason == NULL)
    g_hash_table_add (self->ids, g_strdup (id));
  else
    lose (self, reason);
}

static void
read_result (Asking *self, const OciJson *at, const TerraneOsvPackage *package, GArray *more)
{
  OciJson vulns, vuln, id, token;
  size_t length = 0;
  const char *text = NULL;
  if (!oci_json_object (at, NULL))
    return;
  if (oci_json_member (at, "vulns", &vulns) && oci_json_array (&vulns, MAX_IDS, &length))
    for (size_t i = 0; i < length; i++)
      {
        oci_json_element (&vulns, i, &vuln);
        if (oci_json_object (&vuln, NULL) && oci_json_require (&vuln, "id", &id)
            && oci_json_string (&id, &text))
          take_id (self, text);
      }
  if (oci_json_member (at, "next_page_token", &token) && oci_json_string (&token, &text)
      && text[0] != '\0')
    {
      const Query query = { .package = package, .page = g_strdup (text) };
      g_array_append_val (more, query);
    }
}

/* @out_more: receives the queries with further pages. */
static gboolean
read_batch (Asking *self, GBytes *answer, const GArray *queries, GArray *out_more, GError **error)
{
  OciJson root, results, result;
  size_t length = 0;
  g_autoptr (OciJsonDocument) document =
      oci_json_parse ("the server's answer", answer, OCI_ERROR_FORMAT, &root, error);
  if (document == NULL)
    return FALSE;
  if (oci_json_object (&root, NULL) && oci_json_require (&root, "results", &results)
      && oci_json_array (&results, BATCH, &length) && length != queries->len)
    oci_json_problem (&results, "%zu answers to %u questions", length, queries->len);
  for (size_t i = 0; i < MIN (length, queries->len); i++)
    {
      oci_json_element (&results, i, &result);
      read_result (self, &result, g_array_index (queries, Query, i).package, out_more);
    }
  return oci_json_document_finish (document, error);
}

static GArray *
new_queries (void)
{
  GArray *queries = g_array_new (FALSE, FALSE, sizeof (Query));
  g_array_set_clear_func (queries, query_clear);
  return queries;
}

/* Fetches all pages for up to BATCH packages. */
static gboolean
ask_batch (Asking *self, GArray *first, GCancellable *cancellable, GError **error)
{
  g_autoptr (GArray) queries = g_array_ref (first);
  for (guint page = 0; queries->len > 0; page++)
    {
      if (page == MAX_PAGES)
        return oci_throw (error, OCI_ERROR_LIMIT, "the server's answer has more than %d pages",
                          MAX_PAGES);
      g_autoptr (GArray) more = new_queries ();
      g_autoptr (GBytes) post = write_queries (queries);
      g_autoptr (GBytes) answer =
          exchange (self, "/v1/querybatch", post, MAX_BATCH_BYTES, cancellable, error);
      if (answer == NULL || !read_batch (self, answer, queries, more, error))
        return FALSE;
      g_array_unref (queries);
      queries = g_steal_pointer (&more);
    }
  return TRUE;
}

static gboolean
ask_ids (Asking *self, GCancellable *cancellable, GError **error)
{
  const GPtrArray *packages = terrane_advisories_packages (self->advisories);
  for (guint i = 0; i < packages->len; i += BATCH)
    {
      g_autoptr (GArray) queries = new_queries ();
      for (guint j = i; j < MIN (i + BATCH, packages->len); j++)
        {
          const Query query = { .package = packages->pdata[j] };
          g_array_append_val (queries, query);
        }
      if (!ask_batch (self, queries, cancellable, error))
        return FALSE;
    }
  return TRUE;
}

/* Called on several threads. A failure does not stop the others. */
static gboolean
fetch_record (gpointer data, gpointer item, G_GNUC_UNUSED GCancellable *stop, GError **error)
{
  Asking *self = data;
  const char *id = item;
  g_autoptr (GError) local = NULL;
  g_autofree char *path = g_strconcat ("/v1/vulns/", id, NULL);
  g_autoptr (GBytes) answer = exchange (self, path, NULL, TERRANE_OSV_MAX_BYTES, stop, &local);
  g_autoptr (TerraneOsvRecord) record =
      answer != NULL ? terrane_osv_record_parse (id, answer, &local) : NULL;
  if (record != NULL)
    {
      terrane_advisories_take (self->advisories, record);
      return TRUE;
    }
  if (g_error_matches (local, OCI_ERROR, OCI_ERROR_CANCELLED)
      || g_error_matches (local, OCI_ERROR, OCI_ERROR_UNREACHABLE)
      || oci_http_client_time_left (self->client) == 0)
    {
      g_propagate_error (error, g_steal_pointer (&local));
      return FALSE;
    }
  g_mutex_lock (&self->mutex);
  lose (self, local->message);
  g_mutex_unlock (&self->mutex);
  return TRUE;
}

static gboolean
ask (OciHttpClient *client, GCancellable *cancellable, gpointer data, GError **error)
{
  Asking *self = data;
  GHashTableIter iter;
  gpointer id = NULL;
  g_autoptr (GPtrArray) ids = g_ptr_array_new ();
  self->client = client;
  if (!ask_ids (self, cancellable, error))
    return FALSE;
  g_hash_table_iter_init (&iter, self->ids);
  while (g_hash_table_iter_next (&iter, &id, NULL))
    g_ptr_array_add (ids, id);
  terrane_progress_phase (terrane_remote_progress (self->remote), 0, "reading %u advisories",
                          ids->len);
  return oci_parallel_each (ids, terrane_remote_jobs (self->remote), fetch_record, self,
                            cancellable, error);
}

gboolean
terrane_advisory_service_ask (TerraneRemote *remote, const char *url, TerraneAdvisories *advisories,
                              TerraneAdvisoryLosses *out_losses, GError **error)
{
  g_autoptr (GHashTable) ids = g_hash_table_new_full (oci_text_hash, g_str_equal, g_free, NULL);
  g_autofree char *bare = g_strdup (url);
  Asking self = {
    .remote = remote, .url = bare, .advisories = advisories, .losses = out_losses, .ids = ids
  };
  for (size_t length = strlen (bare); length > 0 && bare[length - 1] == '/'; length--)
    bare[length - 1] = '\0';
  OCI_PREFIX (error, "%s", bare);
  g_mutex_init (&self.mutex);
  terrane_progress_phase (terrane_remote_progress (remote), 0, "asking for advisories");
  gboolean ok = terrane_remote_run (remote, ask, &self, error);
  g_mutex_clear (&self.mutex);
  return ok;
}
