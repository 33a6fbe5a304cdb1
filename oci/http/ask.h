/* One HTTP request to a server on loopback that nobody has reason to trust, over a socket that was
 * made elsewhere: in the network namespace of a sandbox. No redirects, proxies or compression. */
#pragma once

#include "oci/base/fd.h"

G_BEGIN_DECLS

enum
{
  OCI_HTTP_ASK_MAX_BYTES = 16 * 1024 * 1024, /* of the body */
};

typedef struct
{
  OciFd socket; /* of IPv4, not connected; taken, also after a failure */
  unsigned port;
  const char *method;
  const char *path; /* sent as it is */
  const char *body; /* (nullable): sent as application/json when it is JSON, else as text */
  gint64 deadline;  /* monotonic */
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
 * @out_answer: (out caller-allocates): cleared by the caller, set on success only
 *
 * curl_global_init() must have been called before threads start.
 *
 * Fails with %OCI_ERROR_UNREACHABLE when nothing listens there, with %OCI_ERROR_FORMAT when the
 * answer is not one of HTTP or ends too early, with %OCI_ERROR_LIMIT when it is too large, with
 * %OCI_ERROR_TIMEOUT when the deadline is over, and with %OCI_ERROR_NETWORK when the connection
 * breaks, or has what HTTP does not allow there.
 */
gboolean oci_http_ask (const OciHttpQuestion *question, OciHttpAnswer *out_answer, GError **error);

G_END_DECLS
