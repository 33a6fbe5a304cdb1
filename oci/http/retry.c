#include "oci/http/retry.h"

#include "oci/base/number.h"

#include <string.h>

static unsigned
attempts_after (const GError *failure)
{
  if (g_error_matches (failure, OCI_ERROR, OCI_ERROR_UNREACHABLE))
    return OCI_RETRY_CONNECT_ATTEMPTS;
  return g_error_matches (failure, OCI_ERROR, OCI_ERROR_TIMEOUT) ? OCI_RETRY_SILENT_ATTEMPTS
                                                                 : OCI_RETRY_ATTEMPTS;
}

/* Whether the server has certainly done nothing. */
static gboolean
is_undone (const OciRetry *self, const OciHttpResponse *response, const GError *failure)
{
  if (response == NULL)
    return g_error_matches (failure, OCI_ERROR, OCI_ERROR_UNREACHABLE);
  return response->status == 429 || response->status == 503
         || (response->status < 500 && self->is_busy != NULL && self->is_busy (response));
}

/* Whether the failure may not occur next time. */
static gboolean
is_passing (const GError *failure)
{
  return g_error_matches (failure, OCI_ERROR, OCI_ERROR_UNREACHABLE)
         || g_error_matches (failure, OCI_ERROR, OCI_ERROR_TIMEOUT)
         || g_error_matches (failure, OCI_ERROR, OCI_ERROR_NETWORK);
}

static gboolean
is_worth_it (const OciRetry *self, const OciHttpResponse *response, const GError *failure)
{
  static const unsigned statuses[] = { 408, 425, 429, 500, 502, 503, 504 };
  unsigned attempts = attempts_after (failure);
  gboolean ok = is_passing (failure);
  if ((response != NULL && self->optional) || (self->once && !is_undone (self, response, failure)))
    return FALSE;
  if (response != NULL && self->is_busy != NULL)
    ok = self->is_busy (response);
  for (size_t i = 0; response != NULL && i < G_N_ELEMENTS (statuses); i++)
    ok = ok || response->status == statuses[i];
  return ok && self->failures + 1 < attempts;
}

void
oci_retry_spend (GError *failure)
{
  if (is_passing (failure))
    failure->code = OCI_ERROR_LIMIT;
}

gint64
oci_retry_after (const char *value, gint64 now)
{
  uint64_t seconds = 0;
  if (oci_parse_u64 (value, G_MAXINT32, &seconds, NULL))
    return (gint64) seconds;
  gint64 when = oci_http_parse_date (value);
  return when < 0 ? -1 : MAX (when - now, 0);
}

/* Returns: milliseconds to wait, or -1 if the server asks for more than is reasonable */
static gint64
choose_wait (const OciRetry *self, const OciHttpResponse *response)
{
  const char *field = response != NULL ? oci_http_response_header (response, "retry-after") : NULL;
  gint64 asked = field != NULL ? oci_retry_after (field, g_get_real_time () / G_USEC_PER_SEC) : -1;
  /* Half of it is random, so that clients which failed together do not retry together. */
  gint64 step = (gint64) 1000 << MIN (self->failures, 10);
  gint64 backoff = (gint64) ((double) step * g_random_double_range (0.5, 1.0));
  if (asked > OCI_RETRY_MAX_WAIT_SECONDS)
    return -1;
  return asked >= 0 ? asked * 1000 + backoff / 4 : backoff;
}

static void
describe (const OciRetry *self, const OciHttpResponse *response, const GError *failure, gint64 wait)
{
  unsigned attempts = attempts_after (failure);
  g_autofree char *status =
      response != NULL ? g_strdup_printf ("%s: HTTP %u", self->what, response->status) : NULL;
  oci_http_client_notice (self->client, "%s; trying again in %.1f s (%u of %u)",
                          status != NULL ? status : failure->message, (double) wait / 1000,
                          self->failures + 1, attempts - 1);
}

/* Says that the client's time limit leaves no time for another attempt. */
static void
give_up (const OciRetry *self, const OciHttpResponse *response, GError **failure)
{
  g_autoptr (GError) late = NULL;
  (void) oci_http_client_fail_late (self->client, &late);
  if (response != NULL)
    oci_http_client_notice (self->client, "%s: HTTP %u; %s", self->what, response->status,
                            late->message);
  else
    oci_error_append (failure, "; %s", late->message);
}

/* Returns: FALSE if it was interrupted */
static gboolean
wait_for (gint64 milliseconds, GCancellable *cancellable)
{
  gint64 end = g_get_monotonic_time () + milliseconds * 1000;
  GPollFD poll = { .fd = -1 };
  if (cancellable == NULL || !g_cancellable_make_pollfd (cancellable, &poll))
    {
      g_usleep ((gulong) milliseconds * 1000);
      return TRUE;
    }
  for (gint64 left = milliseconds; left > 0 && !g_cancellable_is_cancelled (cancellable);
       left = (end - g_get_monotonic_time ()) / 1000)
    (void) g_poll (&poll, 1, (gint) MIN (left + 1, G_MAXINT)); /* a signal only shortens the wait */
  g_cancellable_release_fd (cancellable);
  return !g_cancellable_is_cancelled (cancellable);
}

gboolean
oci_retry_again (OciRetry *self, const OciHttpResponse *response, GCancellable *cancellable,
                 GError **failure)
{
  gint64 wait = 0, left = oci_http_client_time_left (self->client);
  if (!is_worth_it (self, response, *failure) || (wait = choose_wait (self, response)) < 0)
    return FALSE;
  if (left >= 0 && wait >= left)
    {
      give_up (self, response, failure);
      return FALSE;
    }
  describe (self, response, *failure, wait);
  self->failures++;
  gboolean waited = wait_for (wait, cancellable);
  g_clear_error (failure);
  return waited || oci_throw (failure, OCI_ERROR_CANCELLED, "interrupted");
}

OciHttpResponse *
oci_retry_send (OciRetry *self, OciRetryAttempt attempt, gpointer data, GCancellable *cancellable,
                GError **error)
{
  for (;;)
    {
      g_autoptr (GError) local = NULL;
      g_autoptr (OciHttpResponse) response = attempt (data, cancellable, &local);
      if (oci_retry_again (self, response, cancellable, &local))
        continue;
      if (local == NULL)
        return g_steal_pointer (&response);
      g_propagate_error (error, g_steal_pointer (&local));
      return NULL;
    }
}
