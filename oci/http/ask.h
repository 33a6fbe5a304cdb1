/* One HTTP request to an untrusted server on loopback, over a socket that was made elsewhere: in
 * the network namespace of a sandbox. No redirects, proxies or compression. */
#pragma once

#include "oci/base/fd.h"

G_BEGIN_DECLS

enum
{
  OCI_HTTP_ASK_MAX_BYTES = 16 * 1024 * 1024, /* of the body */
};

typedef struct
{
  OciFd socket; /* IPv4, not connected; taken over, also after a failure */
  unsigned port;
  const char *method;
  const char *path; /* sent unchanged */
  const char *body; /* (nullable): sent as application/json if it is JSON, else as text */
  gint64 deadline;  /* monotonic, in microseconds */
} OciHttpQuestion;

typedef struct
{
  unsigned status;
  GBytes *body;
} OciHttpAnswer;

void oci_http_answer_clear (OciHttpAnswer *self);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (OciHttpAnswer, oci_http_answer_clear)

/**
 * oci_http_ask:
 * @out_answer: (out caller-allocates): to be cleared by the caller, set on success only
 *
 * Sends the request and reads the answer. curl_global_init() must have been called before threads
 * start.
 *
 * Errors: %OCI_ERROR_UNREACHABLE if nothing listens there; %OCI_ERROR_FORMAT if the answer is not
 *   HTTP or ends too early; %OCI_ERROR_LIMIT if it is too large; %OCI_ERROR_TIMEOUT after the
 *   deadline; %OCI_ERROR_NETWORK if the connection breaks or violates HTTP; %OCI_ERROR_IO.
 */
gboolean oci_http_ask (const OciHttpQuestion *question, OciHttpAnswer *out_answer, GError **error);

G_END_DECLS
