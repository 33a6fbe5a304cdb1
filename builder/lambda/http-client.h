/* One HTTP request over a socket that is connected already, to a server nobody has reason to trust.
 * Answers may have a length, chunks, or the end of their connection. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

enum
{
  TERRANE_HTTP_MAX_ANSWER_BYTES = 16 * 1024 * 1024,
};

typedef struct
{
  unsigned status;
  GBytes *body;
} TerraneHttpAnswer;

void terrane_http_answer_clear (TerraneHttpAnswer *self);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (TerraneHttpAnswer, terrane_http_answer_clear)

/**
 * terrane_http_answer_parse:
 * @ended: nothing comes behind these bytes
 * @out_complete: (out): FALSE when there must be more; then there is no answer yet
 *
 * Fails with %OCI_ERROR_FORMAT.
 */
gboolean terrane_http_answer_parse (const char *bytes, size_t len, gboolean ended,
                                    gboolean *out_complete, TerraneHttpAnswer *out_answer,
                                    GError **error);

/**
 * terrane_http_ask:
 * @fd: connected, non-blocking
 * @body: (nullable): sent as application/json when it is JSON, else as text
 * @deadline: in monotonic time
 *
 * Fails with %OCI_ERROR_FORMAT, with %OCI_ERROR_LIMIT when the answer is too large, and with
 * %OCI_ERROR_IO when the connection breaks or the deadline is over.
 */
gboolean terrane_http_ask (int fd, const char *method, const char *path, const char *body,
                           gint64 deadline, TerraneHttpAnswer *out_answer, GError **error);

G_END_DECLS
