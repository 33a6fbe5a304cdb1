/* When another attempt is worth it, and how long it waits. */
#include "testing.h"

#include "oci/http/retry.h"

static void
test_retry_after (void)
{
  static const struct
  {
    const char *value;
    gint64 seconds;
  } rows[] = {
    { "0", 0 },
    { "120", 120 },
    { "Sun, 06 Nov 1994 08:49:47 GMT", 10 }, /* RFC 9110's date, ten seconds from "now" */
    { "Sun, 06 Nov 1994 08:49:07 GMT", 0 },  /* the past */
    { "-1", -1 },
    { "soon", -1 },
    { "", -1 },
    { "99999999999999999999", -1 },
  };
  for (size_t i = 0; i < G_N_ELEMENTS (rows); i++)
    g_assert_cmpint (oci_retry_after (rows[i].value, 784111777), ==, rows[i].seconds);
}

typedef struct
{
  GPtrArray *notices;
  OciHttpClient *client;
} Fixture;

static void
on_notice (gpointer data, const char *message)
{
  g_ptr_array_add (data, g_strdup (message));
}

static void
set_up (Fixture *self, gconstpointer data)
{
  self->notices = g_ptr_array_new_with_free_func (g_free);
  const OciHttpOptions options = { .user_agent = "test",
                                   .timeout_ms = GPOINTER_TO_UINT (data) * UINT64_C (1000),
                                   .notice = on_notice,
                                   .notice_data = self->notices };
  self->client = oci_http_client_new (&options);
}

static void
tear_down (Fixture *self, G_GNUC_UNUSED gconstpointer data)
{
  oci_http_client_free (self->client);
  g_ptr_array_unref (self->notices);
}

static OciHttpResponse *
make_response (unsigned status, const char *retry_after)
{
  OciHttpResponse *response = g_new0 (OciHttpResponse, 1);
  response->status = status;
  response->headers = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  if (retry_after != NULL)
    g_hash_table_insert (response->headers, g_strdup ("retry-after"), g_strdup (retry_after));
  return response;
}

static gboolean
try_status (Fixture *self, unsigned failures, unsigned status, const char *retry_after)
{
  g_autoptr (GError) failure = NULL;
  g_autoptr (OciHttpResponse) response = make_response (status, retry_after);
  OciRetry retry = { .client = self->client, .what = "docker://h.io", .failures = failures };
  gboolean again = oci_retry_again (&retry, response, NULL, &failure);
  g_assert_no_error (failure);
  g_assert_cmpuint (retry.failures, ==, failures + (again ? 1 : 0));
  return again;
}

static void
test_statuses (Fixture *self, G_GNUC_UNUSED gconstpointer data)
{
  static const unsigned worth[] = { 408, 425, 429, 500, 502, 503, 504 };
  static const unsigned hopeless[] = { 200, 206, 301, 400, 401, 403, 404, 405, 416, 501, 505 };
  for (size_t i = 0; i < G_N_ELEMENTS (worth); i++)
    g_assert_true (try_status (self, 0, worth[i], "0"));
  g_assert_cmpuint (self->notices->len, ==, G_N_ELEMENTS (worth));
  g_assert_true (g_pattern_match_simple ("docker://h.io: HTTP 408; trying again in 0.? s (1 of 4)",
                                         self->notices->pdata[0]));
  for (size_t i = 0; i < G_N_ELEMENTS (hopeless); i++)
    g_assert_false (try_status (self, 0, hopeless[i], "0"));
}

static void
test_attempts_end (Fixture *self, G_GNUC_UNUSED gconstpointer data)
{
  g_assert_true (try_status (self, OCI_RETRY_ATTEMPTS - 2, 503, "0"));
  g_assert_false (try_status (self, OCI_RETRY_ATTEMPTS - 1, 503, "0"));
}

static void
test_long_wait_is_an_error (Fixture *self, G_GNUC_UNUSED gconstpointer data)
{
  g_assert_false (try_status (self, 0, 429, "301"));
}

/* The fixture's time limit is one second. */
static void
test_no_time_left (Fixture *self, G_GNUC_UNUSED gconstpointer data)
{
  g_autoptr (GError) failure = NULL;
  OciRetry retry = { .client = self->client, .what = "docker://h.io" };
  g_assert_false (try_status (self, 0, 429, "2"));
  g_assert_cmpuint (self->notices->len, ==, 1);
  g_assert_cmpstr (self->notices->pdata[0], ==,
                   "docker://h.io: HTTP 429; not finished within the 1 s of --registry-timeout");
  retry.failures = 2; /* at least 2 s */
  g_set_error_literal (&failure, OCI_ERROR, OCI_ERROR_NETWORK, "h.io: cut");
  g_assert_false (oci_retry_again (&retry, NULL, NULL, &failure));
  g_assert_error (failure, OCI_ERROR, OCI_ERROR_NETWORK);
  g_assert_cmpstr (failure->message, ==,
                   "h.io: cut; not finished within the 1 s of --registry-timeout");
}

static void
test_failures (Fixture *self, G_GNUC_UNUSED gconstpointer data)
{
  static const struct
  {
    OciError code;
    unsigned failures;
    gboolean again;
  } rows[] = {
    { OCI_ERROR_NETWORK, 0, TRUE },
    { OCI_ERROR_NETWORK, OCI_RETRY_ATTEMPTS - 1, FALSE },
    { OCI_ERROR_TIMEOUT, 0, TRUE },
    { OCI_ERROR_TIMEOUT, OCI_RETRY_SILENT_ATTEMPTS - 1, FALSE },
    { OCI_ERROR_UNREACHABLE, 0, TRUE },
    { OCI_ERROR_UNREACHABLE, OCI_RETRY_CONNECT_ATTEMPTS - 1, FALSE },
    { OCI_ERROR_DENIED, 0, FALSE },
    { OCI_ERROR_CORRUPT, 0, FALSE },
    { OCI_ERROR_CANCELLED, 0, FALSE },
    { OCI_ERROR_LIMIT, 0, FALSE },
  };
  for (size_t i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autoptr (GError) failure = NULL;
      OciRetry retry = { .client = self->client, .what = "h", .failures = rows[i].failures };
      oci_throw (&failure, rows[i].code, "it broke");
      g_assert_cmpint (oci_retry_again (&retry, NULL, NULL, &failure), ==, rows[i].again);
      g_assert_cmpint (failure == NULL, ==, rows[i].again);
    }
}

/* A request that may have succeeded is not repeated. */
static void
test_once (Fixture *self, G_GNUC_UNUSED gconstpointer data)
{
  static const unsigned refused[] = { 429, 503 };
  static const unsigned unknown[] = { 408, 500, 502, 504 };
  static const OciError broken[] = { OCI_ERROR_NETWORK, OCI_ERROR_TIMEOUT };
  for (size_t i = 0; i < G_N_ELEMENTS (refused) + G_N_ELEMENTS (unknown); i++)
    {
      g_autoptr (GError) failure = NULL;
      gboolean again = i < G_N_ELEMENTS (refused);
      g_autoptr (OciHttpResponse) response =
          make_response (again ? refused[i] : unknown[i - G_N_ELEMENTS (refused)], "0");
      OciRetry retry = { .client = self->client, .what = "h", .once = TRUE };
      g_assert_cmpint (oci_retry_again (&retry, response, NULL, &failure), ==, again);
    }
  for (size_t i = 0; i < G_N_ELEMENTS (broken); i++)
    {
      g_autoptr (GError) failure = NULL;
      OciRetry retry = { .client = self->client, .what = "h", .once = TRUE };
      oci_throw (&failure, broken[i], "it broke");
      g_assert_false (oci_retry_again (&retry, NULL, NULL, &failure));
      g_assert_nonnull (failure);
    }
  g_autoptr (GError) unreachable = NULL;
  OciRetry retry = { .client = self->client, .what = "h", .once = TRUE };
  oci_throw (&unreachable, OCI_ERROR_UNREACHABLE, "no connection");
  g_assert_true (oci_retry_again (&retry, NULL, NULL, &unreachable));
}

static gpointer
cancel_soon (gpointer cancellable)
{
  g_usleep (100 * 1000);
  g_cancellable_cancel (cancellable);
  return NULL;
}

static void
test_interrupted_wait (Fixture *self, G_GNUC_UNUSED gconstpointer data)
{
  g_autoptr (GError) failure = NULL;
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (OciHttpResponse) response = make_response (503, "200");
  OciRetry retry = { .client = self->client, .what = "h" };
  GThread *thread = g_thread_new ("cancel", cancel_soon, cancellable);
  g_assert_false (oci_retry_again (&retry, response, cancellable, &failure));
  assert_error (failure, OCI_ERROR, OCI_ERROR_CANCELLED, "interrupted");
  g_thread_join (thread);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/retry/retry-after", test_retry_after);
#define ADD(name, seconds, function)                                                               \
  g_test_add (name, Fixture, GUINT_TO_POINTER (seconds), set_up, function, tear_down)
  ADD ("/retry/statuses", 0, test_statuses);
  ADD ("/retry/attempts-end", 0, test_attempts_end);
  ADD ("/retry/long-wait-is-an-error", 0, test_long_wait_is_an_error);
  ADD ("/retry/no-time-left", 1, test_no_time_left);
  ADD ("/retry/failures", 0, test_failures);
  ADD ("/retry/once", 0, test_once);
  ADD ("/retry/interrupted-wait", 0, test_interrupted_wait);
  return g_test_run ();
}
