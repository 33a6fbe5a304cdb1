#include "builder/remote/ostree.h"

#include "builder/remote/remote-private.h"
#include "builder/store/pulled.h"

#include "oci/base/parallel.h"
#include "oci/http/url.h"

#include <string.h>

/* libostree pulls from remotes in the repository's configuration. There is one; its URL and its
 * certificates are set for each pull. */
#define REMOTE_NAME "terrane"
#define REMOTE_URL "https://override.invalid/"

/* Sends GET, with retries if they may help. */
static OciHttpResponse *
get (TerraneRemote *self, const char *url, const char *shown, GCancellable *cancellable,
     GError **error)
{
  OciRetry retry = { .client = self->client, .what = shown };
  OciHttpRequest request = OCI_HTTP_REQUEST_INIT ("GET", url);
  for (;;)
    {
      g_autoptr (GError) local = NULL;
      g_autoptr (OciHttpResponse) response =
          oci_http_client_send (self->client, &request, cancellable, &local);
      if (oci_retry_again (&retry, response, cancellable, &local))
        continue;
      if (local == NULL)
        return g_steal_pointer (&response);
      g_propagate_error (error, g_steal_pointer (&local));
      return NULL;
    }
}

/* ostree(1) "Repository layout": refs/heads/REF contains the checksum of the commit. */
static gboolean
parse_ref (const OciHttpResponse *response, const char *shown, OciDigest *out_commit,
           GError **error)
{
  gsize size = 0;
  const char *data = g_bytes_get_data (response->body, &size);
  g_autofree char *text = g_strndup (data, MIN (size, 128));
  if (response->status == 404)
    return oci_throw (error, OCI_ERROR_NOT_FOUND, "%s has no such ref (HTTP 404)", shown);
  if (response->status != 200)
    return oci_throw (error, response->status >= 500 ? OCI_ERROR_NETWORK : OCI_ERROR_DENIED,
                      "%s: unexpected answer (HTTP %u)", shown, response->status);
  return oci_digest_parse_hex (g_strstrip (text), out_commit, NULL)
         || oci_throw (
             error, OCI_ERROR_FORMAT,
             "%s: the answer is not the checksum of a commit; is this an ostree repository?",
             shown);
}

gboolean
terrane_remote_resolve_ostree (TerraneRemote *self, const char *url, const char *ref,
                               OciDigest *out_commit, GError **error)
{
  g_autofree char *shown = oci_url_quote (url);
  g_autofree char *quoted_ref = oci_quote (ref);
  OCI_PREFIX (error, "the ref %s", quoted_ref);
  if (self->options.offline)
    return oci_throw (error, OCI_ERROR_NOT_FOUND,
                      "--offline: only %s knows which commit it is now; a lock, or a commit "
                      "instead of the ref, says it without",
                      shown);
  g_auto (TerraneOperation) operation = terrane_operation_begin (self);
  g_autofree char *escaped = g_uri_escape_string (ref, "/", FALSE);
  g_autofree char *address =
      g_strconcat (url, g_str_has_suffix (url, "/") ? "" : "/", "refs/heads/", escaped, NULL);
  terrane_progress_phase (self->options.progress, 0, "asking for the ref %s", quoted_ref);
  g_autoptr (OciHttpResponse) response =
      get (self, address, shown, terrane_operation_cancellable (&operation), error);
  return response != NULL && terrane_store_begin_write (self->store, error)
         && parse_ref (response, shown, out_commit, error)
         && terrane_pulled_note (self->store, url, ref, out_commit, error);
}

/* libostree takes certificate files from the remote's section of the configuration. What another
 * process writes there does not matter: this one has its own configuration in memory. */
static gboolean
set_remote (TerraneRemote *self, const char *url, GCancellable *cancellable, GError **error)
{
  g_auto (OciUrlOrigin) origin = { 0 };
  OciHttpCertificates certificates;
  if (!oci_url_origin (url, &origin, error)
      || !oci_http_client_certificates (self->client, &origin, &certificates, error))
    return FALSE;
  g_auto (GVariantDict) options = G_VARIANT_DICT_INIT (NULL);
  g_variant_dict_insert (&options, "gpg-verify", "b", FALSE);
  g_variant_dict_insert (&options, "gpg-verify-summary", "b", FALSE);
  if (certificates.ca_file != NULL)
    g_variant_dict_insert (&options, "tls-ca-path", "s", certificates.ca_file);
  if (certificates.certificate != NULL)
    {
      g_variant_dict_insert (&options, "tls-client-cert-path", "s", certificates.certificate);
      g_variant_dict_insert (&options, "tls-client-key-path", "s", certificates.key);
    }
  if (self->options.insecure)
    g_variant_dict_insert (&options, "tls-permissive", "b", TRUE);
  g_autoptr (GVariant) variant = g_variant_ref_sink (g_variant_dict_end (&options));
  return ostree_repo_remote_change (terrane_store_repo (self->store), NULL,
                                    OSTREE_REPO_REMOTE_CHANGE_REPLACE, REMOTE_NAME, REMOTE_URL,
                                    variant, cancellable, error);
}

static void
on_progress (OstreeAsyncProgress *async, gpointer data)
{
  TerraneRemote *self = data;
  guint64 bytes = ostree_async_progress_get_uint64 (async, "bytes-transferred");
  if (bytes <= self->total)
    return;
  terrane_progress_advance (self->options.progress, bytes - self->total);
  self->total = bytes;
}

/* Returns the options for libostree: one commit, without its history. */
static GVariant *
pull_options (const char *url, const char *commit)
{
  const char *const refs[] = { commit, NULL };
  g_auto (GVariantDict) options = G_VARIANT_DICT_INIT (NULL);
  g_variant_dict_insert (&options, "refs", "^as", refs);
  g_variant_dict_insert (&options, "override-url", "s", url);
  g_variant_dict_insert (&options, "depth", "i", 0);
  return g_variant_ref_sink (g_variant_dict_end (&options));
}

static void
do_nothing (G_GNUC_UNUSED gpointer item, G_GNUC_UNUSED gpointer data)
{
}

/* libostree writes objects in GLib's threads, and waits forever if none can be started. One that
 * was started is kept, and suffices. */
static gboolean
keep_thread (GError **error)
{
  g_autoptr (GError) local = NULL;
  g_thread_pool_set_max_idle_time (0);
  GThreadPool *pool = g_thread_pool_new (do_nothing, NULL, 1, FALSE, &local);
  gboolean ok = pool != NULL && g_thread_pool_push (pool, GINT_TO_POINTER (1), &local);
  if (pool != NULL)
    g_thread_pool_free (pool, !ok, TRUE);
  if (!ok)
    return oci_throw (error, OCI_ERROR_IO, OCI_NO_THREAD, local->message);
  while (g_thread_pool_get_num_unused_threads () == 0)
    g_usleep (G_USEC_PER_SEC / 1000);
  return TRUE;
}

static gboolean
pull (TerraneRemote *self, const char *url, const char *commit, GError **error)
{
  g_autoptr (GError) local = NULL;
  if (!keep_thread (error))
    return FALSE;
  g_auto (TerraneOperation) operation = terrane_operation_begin (self);
  GCancellable *cancellable = terrane_operation_cancellable (&operation);
  OstreeRepo *repo = terrane_store_repo (self->store);
  g_autoptr (GVariant) options = pull_options (url, commit);
  g_autoptr (OstreeAsyncProgress) async = ostree_async_progress_new_and_connect (on_progress, self);
  self->total = 0;
  terrane_progress_phase (self->options.progress, 0, "pulling the commit %.12s", commit);
  gboolean ok =
      set_remote (self, url, cancellable, &local)
      && ostree_repo_pull_with_options (repo, REMOTE_NAME, options, async, cancellable, &local);
  ostree_async_progress_finish (async);
  if (ok)
    return TRUE;
  if (g_cancellable_is_cancelled (cancellable))
    return oci_throw (error, OCI_ERROR_CANCELLED, "interrupted");
  g_propagate_error (error, g_steal_pointer (&local));
  return FALSE;
}

/* libostree makes its own connections, so the client's rules are checked here. */
static gboolean
check_url (const TerraneRemote *self, const char *url, GError **error)
{
  g_auto (OciUrlOrigin) origin = { 0 };
  if (!oci_url_origin (url, &origin, error))
    return FALSE;
  if (strcmp (origin.scheme, "https") == 0 || self->options.insecure
      || oci_url_is_loopback (&origin))
    return TRUE;
  return oci_throw (error, OCI_ERROR_DENIED,
                    "plain HTTP is only used with this machine itself, not with http://%s:%s, "
                    "unless --tls-verify=false allows it",
                    origin.host, origin.port);
}

gboolean
terrane_remote_pull_ostree (TerraneRemote *self, const char *url, const OciDigest *commit,
                            GError **error)
{
  OciDigestHex hex;
  g_autofree char *shown = oci_url_quote (url);
  oci_digest_hex (commit, hex);
  gboolean whole = FALSE;
  if (!terrane_pulled_find_commit (self->store, commit, &whole, error))
    return FALSE;
  if (whole)
    return TRUE;
  g_autofree char *what = g_strdup_printf ("the commit %.12s… of %s", hex, shown);
  if (self->options.offline)
    return terrane_remote_fail_offline (what, error);
  OCI_PREFIX (error, "%s", what);
  return check_url (self, url, error) && terrane_store_begin_write (self->store, error)
         && pull (self, url, hex, error);
}
