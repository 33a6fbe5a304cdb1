/* Decides whether a request is worth another attempt and how long to wait before it: exponential
 * backoff with jitter, or the time in Retry-After (RFC 9110 section 10.2.3). */
#pragma once

#include "oci/http/http.h"

G_BEGIN_DECLS

enum
{
  OCI_RETRY_ATTEMPTS = 5,         /* if the connection breaks or the server is busy */
  OCI_RETRY_CONNECT_ATTEMPTS = 3, /* if no connection can be made */
  OCI_RETRY_SILENT_ATTEMPTS = 2,  /* if the server does not answer, since each attempt takes long */
  OCI_RETRY_MAX_WAIT_SECONDS = 5 * 60, /* a longer Retry-After is an error at once */
};

typedef struct
{
  OciHttpClient *client; /* for its time limit and its notices */
  const char *what;      /* for notices, such as "docker://HOST" */
  unsigned failures;     /* so far; to be set to 0 after progress */
  gboolean once; /* never repeats what the server may have done: only what it refused, or what did
                    not reach it */
  gboolean optional; /* any answer of the server is good enough, but not a broken connection */
  gboolean (*is_busy) (
      const OciHttpResponse *response); /* (nullable): recognises other answers that mean "busy" */
} OciRetry;

/**
 * oci_retry_again:
 * @response: (nullable): of the attempt
 * @failure: (inout): of the attempt, if it has no @response
 *
 * Waits if another attempt may help: after 408, 425, 429, 500, 502, 503, 504, answers that @is_busy
 * recognises, and broken or silent connections, as often as the limits above allow.
 *
 * Returns: whether to try again, with @failure cleared
 * Errors: @failure is %OCI_ERROR_CANCELLED if the wait was interrupted, and says so if there is no
 *   time for it.
 */
gboolean oci_retry_again (OciRetry *self, const OciHttpResponse *response,
                          GCancellable *cancellable, GError **failure);

/** Marks a failure that was already retried, so that the caller does not retry it again. */
void oci_retry_spend (GError *failure);

/** Sends a request once. Returns: (transfer full) (nullable) */
typedef OciHttpResponse *(*OciRetryAttempt) (gpointer data, GCancellable *cancellable,
                                             GError **error);

/** Repeats @attempt until one has an answer, or another would not help. Returns: (transfer full):
 * the last answer. Errors: those of @attempt, and %OCI_ERROR_CANCELLED. */
OciHttpResponse *oci_retry_send (OciRetry *self, OciRetryAttempt attempt, gpointer data,
                                 GCancellable *cancellable, GError **error);

/**
 * oci_retry_after:
 * @value: a Retry-After field: seconds or an HTTP date
 * @now: seconds since 1970
 *
 * Returns: seconds to wait, at least 0; -1 for an invalid field
 */
gint64 oci_retry_after (const char *value, gint64 now);

G_END_DECLS
