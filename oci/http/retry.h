/* When a request is worth another attempt, and how long to wait before it: exponential backoff with
 * jitter, or what Retry-After asks for (RFC 9110 section 10.2.3). */
#pragma once

#include "oci/http/http.h"

G_BEGIN_DECLS

enum
{
  OCI_RETRY_ATTEMPTS = 5,         /* of a request that meets a broken connection or a busy server */
  OCI_RETRY_CONNECT_ATTEMPTS = 3, /* where no connection can be made */
  OCI_RETRY_SILENT_ATTEMPTS = 2,  /* where the server says nothing: each lasts long */
  OCI_RETRY_MAX_WAIT_SECONDS = 5 * 60, /* a longer Retry-After is an error now */
};

typedef struct
{
  OciHttpClient *client; /* for its time limit and its notices */
  const char *what;      /* for notices, such as "docker://HOST" */
  unsigned failures;     /* so far; set to 0 after progress */
  gboolean once; /* what the server may have done is not asked for again: only what it refused, or
                  * what did not reach it */
  gboolean optional; /* whatever the server answers is good enough; broken connections are not */
  gboolean (*is_busy) (const OciHttpResponse *response); /* (nullable): another way to say so */
} OciRetry;

/**
 * oci_retry_again:
 * @response: (nullable): of the attempt
 * @failure: (inout): of the attempt, when it has no @response
 *
 * Waits when another attempt may help: after 408, 425, 429, 500, 502, 503, 504, what @is_busy
 * says, and broken or silent connections, as often as the limits above say.
 *
 * Returns: whether to try again, @failure being cleared then. When the wait was interrupted or
 *   there is no time left for it, @failure says so
 */
gboolean oci_retry_again (OciRetry *self, const OciHttpResponse *response,
                          GCancellable *cancellable, GError **failure);

/** Marks a failure that was retried, so that who called does not retry it once more. */
void oci_retry_spend (GError *failure);

/** Sends a request once. Returns: (transfer full) (nullable) */
typedef OciHttpResponse *(*OciRetryAttempt) (gpointer data, GCancellable *cancellable,
                                             GError **error);

/** Makes attempts until one has an answer, or another would not help. Returns: (transfer full)
 * (nullable): the last attempt's */
OciHttpResponse *oci_retry_send (OciRetry *self, OciRetryAttempt attempt, gpointer data,
                                 GCancellable *cancellable, GError **error);

/**
 * oci_retry_after:
 * @value: a Retry-After field: seconds or an HTTP date
 * @now: seconds since 1970
 *
 * Returns: seconds to wait, at least 0; -1 when the field makes no sense
 */
gint64 oci_retry_after (const char *value, gint64 now);

G_END_DECLS
