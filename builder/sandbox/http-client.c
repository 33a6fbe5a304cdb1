#include "builder/sandbox/http-client.h"

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

/* How many bytes of the body there are to come; FALSE when that is not said. */
static gboolean
body_length (char **lines, size_t *out_len, gboolean *out_known, GError **error)
{
  g_autofree char *encoding = find_header (lines, "Transfer-Encoding");
  g_autofree char *text = find_header (lines, "Content-Length");
  uint64_t value = 0;
  *out_known = text != NULL;
  if (encoding != NULL)
    return oci_throw (error, OCI_ERROR_FORMAT, "an answer in chunks to an HTTP/1.0 request");
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

gboolean
terrane_http_answer_parse (const char *bytes, size_t len, gboolean ended, gboolean *out_complete,
                           TerraneHttpAnswer *out_answer, GError **error)
{
  const char *end = memmem (bytes, len, "\r\n\r\n", 4);
  size_t head_len = end != NULL ? (size_t) (end - bytes) : len;
  size_t body_len = 0;
  gboolean known = FALSE;
  *out_complete = FALSE;
  if (head_len > MAX_HEAD_BYTES)
    return oci_throw (error, OCI_ERROR_LIMIT, "headers of more than %d bytes", MAX_HEAD_BYTES);
  if (end == NULL)
    return !ended || oci_throw (error, OCI_ERROR_FORMAT, "no answer in HTTP");
  g_autofree char *head = g_strndup (bytes, head_len);
  g_auto (GStrv) lines = g_strsplit (head, "\r\n", -1);
  if (!parse_status (head, &out_answer->status))
    return oci_throw (error, OCI_ERROR_FORMAT, "no answer in HTTP");
  if (!body_length (lines + 1, &body_len, &known, error))
    return FALSE;
  size_t there = len - head_len - 4;
  if (known && there < body_len)
    return !ended
           || oci_throw (error, OCI_ERROR_FORMAT, "the connection ended %zu bytes too early",
                         body_len - there);
  if (!known && !ended)
    return TRUE;
  out_answer->body = g_bytes_new (end + 4, known ? body_len : there);
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
  if (!ended && memmem (bytes, len, "\r\n\r\n", 4) == NULL)
    return TRUE;
  g_autofree char *line = g_strndup (bytes, len);
  *out_complete = parse_status (line, &out_answer->status);
  out_answer->body = g_bytes_new_static ("", 0);
  return *out_complete || oci_throw (error, OCI_ERROR_FORMAT, "no answer in HTTP");
}

gboolean
terrane_http_ask (int fd, const char *method, const char *path, const char *body, gint64 deadline,
                  TerraneHttpAnswer *out_answer, GError **error)
{
  g_autoptr (GString) request = g_string_new (NULL);
  g_autoptr (GByteArray) got = g_byte_array_new ();
  gboolean complete = FALSE;
  g_string_printf (request, "%s %s HTTP/1.0\r\nHost: localhost\r\nUser-Agent: terrane\r\n", method,
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
