#include "oci/http/http-headers.h"

#include "oci/base/redact.h"
#include "oci/http/credentials.h"

#include <curl/curl.h>
#include <string.h>

uint64_t
oci_http_request_body_size (const OciHttpRequest *request)
{
  return request->body != NULL ? g_bytes_get_size (request->body) : request->body_size;
}

/* Hides what a server could repeat in its answer: the token of "Bearer", the password of
 * "Basic". */
static void
hide_authorization (const char *value)
{
  const char *space = strchr (value, ' ');
  const char *text = space != NULL ? space + 1 : value;
  gsize len = 0;
  if (g_str_has_prefix (value, "AWS4-")) /* a signature, which is only valid for this request */
    return;
  oci_redact_add (text);
  if (g_ascii_strncasecmp (value, "Basic ", strlen ("Basic ")) != 0)
    return;
  g_autofree guchar *decoded = g_base64_decode (text, &len);
  g_autoptr (OciSecret) pair = g_strndup ((const char *) decoded, len);
  explicit_bzero (decoded, len);
  const char *colon = pair != NULL ? strchr (pair, ':') : NULL;
  oci_redact_add (pair); /* its base64 form is in the header */
  oci_redact_add (colon != NULL ? colon + 1 : NULL);
}

static void
hide_header (const char *line)
{
  static const char *const secret[] = { "X-Amz-Security-Token: ", "X-aws-ec2-metadata-token: ",
                                        "x-amz-sso_bearer_token: " };
  for (size_t i = 0; i < G_N_ELEMENTS (secret); i++)
    if (g_ascii_strncasecmp (line, secret[i], strlen (secret[i])) == 0)
      oci_redact_add (line + strlen (secret[i]));
}

void
oci_http_headers_store (GHashTable *headers, const char *line, size_t len)
{
  const char *colon = memchr (line, ':', len);
  if (colon == NULL)
    return;
  g_autofree char *name = g_ascii_strdown (line, (gssize) (colon - line));
  g_autofree char *value = g_strndup (colon + 1, len - (size_t) (colon + 1 - line));
  g_strstrip (value);
  const char *before = g_hash_table_lookup (headers, name);
  char *joined =
      before != NULL ? g_strconcat (before, ", ", value, NULL) : g_steal_pointer (&value);
  g_hash_table_insert (headers, g_steal_pointer (&name), joined);
}

/* A line break in an untrusted value would start another header. */
static gboolean
append_header (struct curl_slist **list, const char *line, GError **error)
{
  for (const char *p = line; *p != '\0'; p++)
    if (g_ascii_iscntrl (*p))
      {
        g_autofree char *name = g_strndup (line, strcspn (line, ":"));
        return oci_throw (error, OCI_ERROR_FORMAT,
                          "the value of the header %s has a control "
                          "character in it",
                          name);
      }
  struct curl_slist *longer = curl_slist_append (*list, line);
  if (longer == NULL)
    g_error ("out of memory while building a request");
  *list = longer;
  return TRUE;
}

gboolean
oci_http_headers_build (const OciHttpRequest *request, gboolean authorize,
                        struct curl_slist **out_list, GError **error)
{
  /* libcurl waits before every upload whether the server accepts it; small ones are sent at
   * once. */
  uint64_t size = oci_http_request_body_size (request);
  if (size > 0 && size <= OCI_HTTP_EXPECT_BYTES && !append_header (out_list, "Expect:", error))
    return FALSE;
  /* libcurl decodes compressed answers nevertheless; see set_up_callbacks(). */
  if (!append_header (out_list, "Accept-Encoding: identity", error))
    return FALSE;
  for (const char *const *line = request->headers; line != NULL && *line != NULL; line++)
    {
      if (!append_header (out_list, *line, error))
        return FALSE;
      hide_header (*line);
    }
  if (!authorize || request->authorization == NULL)
    return TRUE;
  hide_authorization (request->authorization);
  char *line = g_strconcat ("Authorization: ", request->authorization, NULL);
  gboolean ok = append_header (out_list, line, error);
  explicit_bzero (line, strlen (line));
  g_free (line);
  return ok;
}

void
oci_http_headers_free (struct curl_slist *list)
{
  for (struct curl_slist *item = list; item != NULL; item = item->next)
    explicit_bzero (item->data, strlen (item->data));
  curl_slist_free_all (list);
}
