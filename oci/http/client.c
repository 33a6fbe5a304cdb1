#include "oci/http/client-private.h"

#include "oci/base/text-hash.h"

#include <curl/curl.h>
#include <string.h>

OciHttpClient *
oci_http_client_new (const OciHttpOptions *options)
{
  OciHttpClient *self = g_new0 (OciHttpClient, 1);
  self->options = *options;
  self->user_agent = g_strdup (options->user_agent);
  if (options->timeout_ms > 0)
    self->deadline = g_get_monotonic_time () + (gint64) options->timeout_ms * 1000;
  g_mutex_init (&self->mutex);
  g_queue_init (&self->idle);
  for (int i = 0; i < OCI_HTTP_SHARE_LOCKS; i++)
    g_mutex_init (&self->share_mutexes[i]);
  self->tls = g_hash_table_new_full (oci_text_hash, g_str_equal, g_free,
                                     (GDestroyNotify) oci_tls_config_free);
  return self;
}

void
oci_http_client_free (OciHttpClient *self)
{
  if (self == NULL)
    return;
  g_queue_clear_full (&self->idle, curl_easy_cleanup);
  if (self->share != NULL)
    (void) curl_share_cleanup (self->share); /* no handle uses it any more */
  for (int i = 0; i < OCI_HTTP_SHARE_LOCKS; i++)
    g_mutex_clear (&self->share_mutexes[i]);
  g_mutex_clear (&self->mutex);
  g_hash_table_unref (self->tls);
  oci_trust_free (self->trust);
  g_free (self->user_agent);
  g_free (self);
}

gboolean
oci_http_client_is_insecure (const OciHttpClient *self)
{
  return self->options.insecure;
}

void
oci_http_client_notice (const OciHttpClient *self, const char *format, ...)
{
  if (self->options.notice == NULL)
    return;
  va_list args;
  va_start (args, format);
  g_autofree char *message = g_strdup_vprintf (format, args);
  va_end (args);
  self->options.notice (self->options.notice_data, message);
}

void
oci_http_client_pause (OciHttpClient *self)
{
  self->paused = g_get_monotonic_time ();
}

void
oci_http_client_resume (OciHttpClient *self)
{
  if (self->paused > 0 && self->deadline > 0)
    self->deadline += g_get_monotonic_time () - self->paused;
  self->paused = 0;
}

gint64
oci_http_client_time_left (const OciHttpClient *self)
{
  if (self->deadline == 0)
    return -1;
  return MAX (self->deadline - g_get_monotonic_time (), 0) / 1000;
}

gboolean
oci_http_client_fail_late (const OciHttpClient *self, GError **error)
{
  return oci_throw (error, OCI_ERROR_LIMIT, "not finished within the %g s of --registry-timeout",
                    (double) self->options.timeout_ms / 1000);
}

static const OciTlsConfig *
find_registry_certificates (OciHttpClient *self, const OciUrlOrigin *origin, GError **error)
{
  gboolean usual = strcmp (origin->port, "443") == 0;
  g_autofree char *name =
      usual ? g_strdup (origin->host) : g_strconcat (origin->host, ":", origin->port, NULL);
  OciTlsConfig *config = g_hash_table_lookup (self->tls, name);
  if (config != NULL)
    return config;
  config = oci_tls_config_load (name, self->trust != NULL ? self->trust->file : NULL, error);
  if (config != NULL)
    g_hash_table_insert (self->tls, g_steal_pointer (&name), config);
  return config;
}

/* The authorities are read when the first connection needs them: plain HTTP on loopback does
 * not. */
static gboolean
find_certificates (OciHttpClient *self, const OciUrlOrigin *origin, OciHttpCertificates *out,
                   GError **error)
{
  if (self->trust == NULL && !self->options.insecure)
    self->trust = oci_trust_load (NULL, error);
  if (self->trust == NULL && !self->options.insecure)
    return FALSE;
  const OciTlsConfig *registry = find_registry_certificates (self, origin, error);
  if (registry == NULL)
    return FALSE;
  if (self->trust != NULL)
    *out = (OciHttpCertificates){
      .ca_file = registry->ca_file != NULL ? registry->ca_file : self->trust->file,
      .proxy_ca_file = self->trust->file,
      .ca_name = self->trust->name,
    };
  out->certificate = registry->certificate;
  out->key = registry->key;
  return TRUE;
}

gboolean
oci_http_client_certificates (OciHttpClient *self, const OciUrlOrigin *origin,
                              OciHttpCertificates *out, GError **error)
{
  *out = (OciHttpCertificates){ 0 };
  if (strcmp (origin->scheme, "https") != 0)
    return TRUE;
  g_mutex_lock (&self->mutex);
  gboolean ok = find_certificates (self, origin, out, error);
  g_mutex_unlock (&self->mutex);
  return ok;
}
