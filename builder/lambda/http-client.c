#include "builder/lambda/http-client.h"

#include "oci/base/error.h"
#include "oci/base/json.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum
{
  MAX_HEAD_BYTES = 64 * 1024,
  CHUNK_BYTES = 16 * 1024,
  USECS_PER_MS = 1000,
};

void
terrane_http_answer_clear (TerraneHttpAnswer *self)
{
  g_clear_pointer (&self->body, g_bytes_unref);
}

/* "HTTP/1.1 200 OK" */
static gboolean
parse_status (const char *head, unsigned *out_status)
{
  if (strncmp (head, "HTTP/1.", 7) != 0 || !g_ascii_isdigit (head[7]) || head[8] != ' ')
    return FALSE;
  const char *digits = head + 9;
  for (int i = 0; i < 3; i++)
    if (!g_ascii_isdigit (digits[i]))
      return FALSE;
  *out_status = (unsigned) ((digits[0] - '0') * 100 + (digits[1] - '0') * 10 + (digits[2] - '0'));
  return *out_status >= 100 && !g_ascii_isdigit (digits[3]);
}

/* Returns: (transfer full) (nullable): the value of the first header of that name */
static char *
find_header (char **lines, const char *name)
{
  size_t len = strlen (name);
  for (char **line = lines; *line != NULL; line++)
    if (g_ascii_strncasecmp (*line, name, len) == 0 && (*line)[len] == ':')
      return g_strstrip (g_strdup (*line + len + 1));
  return NULL;
}

/* The size in front of a chunk, and what may follow it: "1f;name=value". */
static gboolean
parse_chunk_size (const char *line, size_t len, size_t *out_size)
{
  size_t digits = 0, size = 0;
  for (; digits < len && g_ascii_isxdigit (line[digits]); digits++)
    {
      size = size * 16 + (size_t) g_ascii_xdigit_value (line[digits]);
      if (size > TERRANE_HTTP_MAX_ANSWER_BYTES)
        return FALSE;
    }
  *out_size = size;
  return digits > 0
         && (digits == len || line[digits] == ' ' || line[digits] == '\t' || line[digits] == ';');
}

/* Joins the chunks of a body. *out_complete is FALSE when there must be more. */
static gboolean
join_chunks (const char *bytes, size_t len, gboolean *out_complete, GByteArray *body,
             GError **error)
{
  const char *end = bytes + len;
  gboolean last = FALSE;
  for (;;)
    {
      const char *line_end = memmem (bytes, (size_t) (end - bytes), "\r\n", 2);
      size_t line_len = (size_t) ((line_end != NULL ? line_end : end) - bytes), size = 0;
      if (line_len > MAX_HEAD_BYTES)
        return oci_throw (error, OCI_ERROR_FORMAT, "a chunk without an end of its size");
      if (line_end == NULL)
        return TRUE;
      *out_complete = last && line_len == 0; /* behind what there may be of trailers */
      if (*out_complete)
        return TRUE;
      if (!last && !parse_chunk_size (bytes, line_len, &size))
        return oci_throw (error, OCI_ERROR_FORMAT, "a chunk without a size");
      bytes = line_end + 2;
      if (last)
        continue;
      last = size == 0;
      if (last)
        continue;
      if ((size_t) (end - bytes) < size + 2)
        return TRUE;
      if (memcmp (bytes + size, "\r\n", 2) != 0)
        return oci_throw (error, OCI_ERROR_FORMAT, "a chunk that is longer than its size");
      g_byte_array_append (body, (const guint8 *) bytes, (guint) size);
      bytes += size + 2;
    }
}

/* How the end of a body is known. */
typedef enum
{
  BODY_UNTIL_END,
  BODY_LENGTH,
  BODY_CHUNKS,
} BodyKind;

static gboolean
body_kind (unsigned status, char **lines, BodyKind *out_kind, size_t *out_len, GError **error)
{
  g_autofree char *encoding = find_header (lines, "Transfer-Encoding");
  g_autofree char *text = find_header (lines, "Content-Length");
  uint64_t value = 0;
  gboolean none = status == 204 || status == 304; /* whatever their headers say */
  *out_len = 0;
  *out_kind = none || text != NULL ? BODY_LENGTH : BODY_UNTIL_END;
  if (none)
    return TRUE;
  if (encoding != NULL)
    {
      g_autofree char *quoted = oci_quote (encoding);
      *out_kind = BODY_CHUNKS;
      return g_ascii_strcasecmp (encoding, "chunked") == 0
             || oci_throw (error, OCI_ERROR_FORMAT, "Transfer-Encoding: %s is not chunked", quoted);
    }
  if (text == NULL)
    return TRUE;
  if (!g_ascii_string_to_unsigned (text, 10, 0, TERRANE_HTTP_MAX_ANSWER_BYTES, &value, NULL))
    {
      g_autofree char *quoted = oci_quote (text);
      return oci_throw (error, OCI_ERROR_FORMAT, "Content-Length: %s is no size below %d bytes",
                        quoted, TERRANE_HTTP_MAX_ANSWER_BYTES);
    }
  *out_len = (size_t) value;
  return TRUE;
}

/* The head of the answer itself: what is said before it, such as 100 and 103, is skipped.
 * *out_lines is NULL when there must be more. */
static gboolean
parse_head (const char **bytes, size_t *len, unsigned *out_status, char ***out_lines,
            GError **error)
{
  *out_lines = NULL;
  for (;;)
    {
      const char *end = memmem (*bytes, *len, "\r\n\r\n", 4);
      size_t head_len = end != NULL ? (size_t) (end - *bytes) : *len;
      if (head_len > MAX_HEAD_BYTES)
        return oci_throw (error, OCI_ERROR_LIMIT, "headers of more than %d bytes", MAX_HEAD_BYTES);
      if (end == NULL)
        return TRUE;
      g_autofree char *head = g_strndup (*bytes, head_len);
      if (!parse_status (head, out_status))
        return oci_throw (error, OCI_ERROR_FORMAT, "no answer in HTTP");
      *bytes = end + 4;
      *len -= head_len + 4;
      if (*out_status < 200)
        continue;
      *out_lines = g_strsplit (head, "\r\n", -1);
      return TRUE;
    }
}

static gboolean
parse_chunks (const char *bytes, size_t len, gboolean ended, gboolean *out_complete,
              TerraneHttpAnswer *out_answer, GError **error)
{
  g_autoptr (GByteArray) body = g_byte_array_new ();
  /* Once at its end, and not once more with each part that comes. */
  if (!ended && (len < 2 || memcmp (bytes + len - 2, "\r\n", 2) != 0))
    return TRUE;
  if (!join_chunks (bytes, len, out_complete, body, error))
    return FALSE;
  if (*out_complete)
    out_answer->body = g_byte_array_free_to_bytes (g_steal_pointer (&body));
  return *out_complete || !ended
         || oci_throw (error, OCI_ERROR_FORMAT, "the connection ended before the last chunk");
}

gboolean
terrane_http_answer_parse (const char *bytes, size_t len, gboolean ended, gboolean *out_complete,
                           TerraneHttpAnswer *out_answer, GError **error)
{
  g_auto (GStrv) lines = NULL;
  size_t body_len = 0;
  BodyKind kind;
  *out_complete = FALSE;
  if (!parse_head (&bytes, &len, &out_answer->status, &lines, error))
    return FALSE;
  if (lines == NULL)
    return !ended || oci_throw (error, OCI_ERROR_FORMAT, "no answer in HTTP");
  if (!body_kind (out_answer->status, lines + 1, &kind, &body_len, error))
    return FALSE;
  if (kind == BODY_CHUNKS)
    return parse_chunks (bytes, len, ended, out_complete, out_answer, error);
  if (kind == BODY_LENGTH && len < body_len)
    return !ended
           || oci_throw (error, OCI_ERROR_FORMAT, "the connection ended %zu bytes too early",
                         body_len - len);
  if (kind == BODY_UNTIL_END && !ended)
    return TRUE;
  out_answer->body = g_bytes_new (bytes, kind == BODY_LENGTH ? body_len : len);
  *out_complete = TRUE;
  return TRUE;
}

static gboolean
wait_for (int fd, short events, gint64 deadline, GError **error)
{
  struct pollfd wait = { .fd = fd, .events = events };
  for (;;)
    {
      gint64 left = deadline - g_get_monotonic_time ();
      int n = left > 0 ? poll (&wait, 1, (int) MIN (left / USECS_PER_MS + 1, G_MAXINT)) : 0;
      if (n > 0)
        return TRUE;
      if (n == 0)
        return oci_throw (error, OCI_ERROR_IO, "no answer in time");
      if (errno != EINTR)
        return oci_throw_errno (error, "waiting for the server");
    }
}

static gboolean
send_all (int fd, const GString *text, gint64 deadline, GError **error)
{
  for (size_t sent = 0; sent < text->len;)
    {
      ssize_t n = send (fd, text->str + sent, text->len - sent, MSG_NOSIGNAL);
      if (n >= 0)
        sent += (size_t) n;
      else if (errno != EAGAIN && errno != EINTR)
        return oci_throw_errno (error, "sending the request");
      else if (!wait_for (fd, POLLOUT, deadline, error))
        return FALSE;
    }
  return TRUE;
}

static gboolean
is_json (const char *text)
{
  g_autoptr (OciJsonValue) value = json_loads (text, JSON_DECODE_ANY, NULL);
  return value != NULL;
}

/* A HEAD has the headers of a body that does not come. */
static gboolean
parse (const GByteArray *got, gboolean head, gboolean ended, gboolean *out_complete,
       TerraneHttpAnswer *out_answer, GError **error)
{
  const char *bytes = (const char *) got->data;
  gsize len = got->len;
  *out_complete = FALSE;
  if (!head)
    return terrane_http_answer_parse (bytes, len, ended, out_complete, out_answer, error);
  g_auto (GStrv) lines = NULL;
  if (!parse_head (&bytes, &len, &out_answer->status, &lines, error))
    return FALSE;
  *out_complete = lines != NULL;
  out_answer->body = *out_complete ? g_bytes_new_static ("", 0) : NULL;
  return *out_complete || !ended || oci_throw (error, OCI_ERROR_FORMAT, "no answer in HTTP");
}

gboolean
terrane_http_ask (int fd, const char *method, const char *path, const char *body, gint64 deadline,
                  TerraneHttpAnswer *out_answer, GError **error)
{
  g_autoptr (GString) request = g_string_new (NULL);
  g_autoptr (GByteArray) got = g_byte_array_new ();
  gboolean complete = FALSE;
  g_string_printf (request, "%s %s HTTP/1.1\r\nHost: localhost\r\nUser-Agent: terrane\r\n", method,
                   path);
  if (body != NULL)
    g_string_append_printf (request, "Content-Type: %s\r\nContent-Length: %zu\r\n",
                            is_json (body) ? "application/json" : "text/plain; charset=utf-8",
                            strlen (body));
  g_string_append_printf (request, "Connection: close\r\n\r\n%s", body != NULL ? body : "");
  if (!send_all (fd, request, deadline, error))
    return FALSE;
  while (!complete)
    {
      guint8 buffer[CHUNK_BYTES];
      if (!wait_for (fd, POLLIN, deadline, error))
        return FALSE;
      ssize_t n = read (fd, buffer, sizeof buffer);
      if (n < 0 && (errno == EAGAIN || errno == EINTR))
        continue;
      if (n < 0)
        return oci_throw_errno (error, "reading the answer");
      g_byte_array_append (got, buffer, (guint) n);
      if (got->len > TERRANE_HTTP_MAX_ANSWER_BYTES + MAX_HEAD_BYTES)
        return oci_throw (error, OCI_ERROR_LIMIT, "an answer of more than %d bytes",
                          TERRANE_HTTP_MAX_ANSWER_BYTES);
      if (!parse (got, strcmp (method, "HEAD") == 0, n == 0, &complete, out_answer, error))
        return FALSE;
    }
  return TRUE;
}
