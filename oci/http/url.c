#include "oci/http/url.h"

#include "oci/http/credentials.h"

#include <arpa/inet.h>
#include <curl/curl.h>
#include <netinet/in.h>
#include <string.h>

G_DEFINE_AUTOPTR_CLEANUP_FUNC (CURLU, curl_url_cleanup)

char *
oci_url_quote (const char *url)
{
  g_autofree char *bare = g_strndup (url, strcspn (url, "?#"));
  const char *scheme = strstr (bare, "://");
  const char *host = scheme != NULL ? scheme + strlen ("://") : bare;
  const char *at = g_strrstr_len (host, (gssize) strcspn (host, "/"), "@");
  g_autofree char *shown = at != NULL ? g_strdup_printf ("%.*s…%s", (int) (host - bare), bare, at)
                                      : g_steal_pointer (&bare);
  return oci_quote (shown);
}

char *
oci_url_hide_password (const char *text)
{
  const char *scheme = strstr (text, "://");
  const char *user = scheme != NULL ? scheme + strlen ("://") : text;
  const char *at = g_strrstr_len (user, (gssize) strcspn (user, "/?#"), "@");
  const char *colon = at != NULL ? memchr (user, ':', (size_t) (at - user)) : NULL;
  if (scheme == NULL || colon == NULL)
    return g_strdup (text);
  return g_strdup_printf ("%.*s…%s", (int) (colon + 1 - text), text, at);
}

static gboolean
check (CURLUcode code, const char *url, GError **error)
{
  if (code == CURLUE_OK)
    return TRUE;
  if (code == CURLUE_OUT_OF_MEMORY)
    g_error ("out of memory while reading a URL");
  g_autofree char *quoted = oci_url_quote (url);
  return oci_throw (error, OCI_ERROR_FORMAT, "invalid URL %s: %s", quoted,
                    curl_url_strerror (code));
}

static CURLU *
parse (const char *url, GError **error)
{
  g_autoptr (CURLU) handle = curl_url ();
  if (handle == NULL)
    g_error ("out of memory while reading a URL");
  return check (curl_url_set (handle, CURLUPART_URL, url, CURLU_DISALLOW_USER), url, error)
             ? g_steal_pointer (&handle)
             : NULL;
}

static char *
get_part (CURLU *handle, CURLUPart part, unsigned flags, const char *url, GError **error)
{
  char *text = NULL;
  if (!check (curl_url_get (handle, part, &text, flags), url, error))
    return NULL;
  char *copy = g_strdup (text);
  curl_free (text);
  return copy;
}

gboolean
oci_url_origin (const char *url, OciUrlOrigin *out_origin, GError **error)
{
  g_auto (OciUrlOrigin) origin = { 0 };
  g_autoptr (CURLU) handle = parse (url, error);
  if (handle == NULL)
    return FALSE;
  g_autofree char *host = NULL;
  if ((origin.scheme = get_part (handle, CURLUPART_SCHEME, 0, url, error)) == NULL
      || (host = get_part (handle, CURLUPART_HOST, 0, url, error)) == NULL
      || (origin.port = get_part (handle, CURLUPART_PORT, CURLU_DEFAULT_PORT, url, error)) == NULL)
    return FALSE;
  if (strcmp (origin.scheme, "http") != 0 && strcmp (origin.scheme, "https") != 0)
    return check (CURLUE_UNSUPPORTED_SCHEME, url, error);
  origin.host = g_ascii_strdown (host, -1);
  *out_origin = (OciUrlOrigin){ .scheme = g_steal_pointer (&origin.scheme),
                                .host = g_steal_pointer (&origin.host),
                                .port = g_steal_pointer (&origin.port) };
  return TRUE;
}

void
oci_url_origin_clear (OciUrlOrigin *self)
{
  g_clear_pointer (&self->scheme, g_free);
  g_clear_pointer (&self->host, g_free);
  g_clear_pointer (&self->port, g_free);
}

gboolean
oci_url_same_origin (const OciUrlOrigin *a, const OciUrlOrigin *b)
{
  return strcmp (a->scheme, b->scheme) == 0 && strcmp (a->host, b->host) == 0
         && strcmp (a->port, b->port) == 0;
}

gboolean
oci_url_is_loopback (const OciUrlOrigin *origin)
{
  struct in_addr v4;
  struct in6_addr v6;
  size_t len = strlen (origin->host);
  if (len > 2 && origin->host[0] == '[')
    {
      g_autofree char *address = g_strndup (origin->host + 1, len - 2);
      return inet_pton (AF_INET6, address, &v6) == 1 && IN6_IS_ADDR_LOOPBACK (&v6);
    }
  return strcmp (origin->host, "localhost") == 0
         || (inet_pton (AF_INET, origin->host, &v4) == 1 && ntohl (v4.s_addr) >> 24 == 127);
}

char *
oci_url_basic_authorization (const char *user, const char *password)
{
  g_autoptr (OciSecret) pair = g_strconcat (user, ":", password, NULL);
  g_autoptr (OciSecret) encoded = g_base64_encode ((const guchar *) pair, strlen (pair));
  return g_strconcat ("Basic ", encoded, NULL);
}

gboolean
oci_url_take_user (const char *url, char **out_url, char **out_authorization, GError **error)
{
  char *user = NULL, *password = NULL;
  g_autoptr (CURLU) handle = curl_url ();
  if (handle == NULL)
    g_error ("out of memory while reading a URL");
  if (!check (curl_url_set (handle, CURLUPART_URL, url, 0), url, error))
    return FALSE;
  /* Either may be missing, which is not an error here. */
  (void) curl_url_get (handle, CURLUPART_USER, &user, CURLU_URLDECODE);
  (void) curl_url_get (handle, CURLUPART_PASSWORD, &password, CURLU_URLDECODE);
  g_autoptr (OciSecret) authorization =
      user != NULL || password != NULL
          ? oci_url_basic_authorization (user != NULL ? user : "", password != NULL ? password : "")
          : NULL;
  if (password != NULL)
    explicit_bzero (password, strlen (password));
  curl_free (user);
  curl_free (password);
  char *rest = NULL;
  if (check (curl_url_set (handle, CURLUPART_USER, NULL, 0), url, error)
      && check (curl_url_set (handle, CURLUPART_PASSWORD, NULL, 0), url, error))
    rest = get_part (handle, CURLUPART_URL, 0, url, error);
  if (rest == NULL)
    return FALSE;
  *out_url = rest;
  *out_authorization = g_steal_pointer (&authorization);
  return TRUE;
}

char *
oci_url_resolve (const char *base, const char *reference, GError **error)
{
  g_autoptr (CURLU) handle = parse (base, error);
  if (handle == NULL
      || !check (curl_url_set (handle, CURLUPART_URL, reference, CURLU_DISALLOW_USER), reference,
                 error))
    return NULL;
  return get_part (handle, CURLUPART_URL, 0, reference, error);
}

char *
oci_url_resolve_base (const char *base, const char *reference, GError **error)
{
  g_autoptr (CURLU) handle = curl_url ();
  if (handle == NULL)
    g_error ("out of memory while reading a URL");
  if (!check (curl_url_set (handle, CURLUPART_URL, base, 0), base, error)
      || !check (curl_url_set (handle, CURLUPART_URL, reference, 0), reference, error))
    return NULL;
  return get_part (handle, CURLUPART_URL, 0, reference, error);
}

gboolean
oci_url_resolve_user (const char *base, const char *reference, char **out_url,
                      char **out_authorization, GError **error)
{
  g_autoptr (OciSecret) resolved = oci_url_resolve_base (base, reference, error);
  return resolved != NULL && oci_url_take_user (resolved, out_url, out_authorization, error);
}

char *
oci_url_add_query (const char *url, const char *name, const char *value, GError **error)
{
  g_autoptr (CURLU) handle = parse (url, error);
  g_autofree char *pair = g_strconcat (name, "=", value, NULL);
  if (handle == NULL
      || !check (curl_url_set (handle, CURLUPART_QUERY, pair, CURLU_APPENDQUERY | CURLU_URLENCODE),
                 url, error))
    return NULL;
  return get_part (handle, CURLUPART_URL, 0, url, error);
}
