#include "oci/http/proxy.h"

#include "oci/base/number.h"
#include "oci/base/redact.h"

#include <arpa/inet.h>
#include <string.h>

typedef struct
{
  guint8 bytes[sizeof (struct in6_addr)];
  size_t len; /* 4 or 16 */
} Address;

static gboolean
parse_address (const char *text, Address *out)
{
  if (inet_pton (AF_INET, text, out->bytes) == 1)
    out->len = sizeof (struct in_addr);
  else if (inet_pton (AF_INET6, text, out->bytes) == 1)
    out->len = sizeof (struct in6_addr);
  else
    return FALSE;
  return TRUE;
}

static gboolean
same_prefix (const Address *a, const Address *b, size_t bits)
{
  if (a->len != b->len || memcmp (a->bytes, b->bytes, bits / 8) != 0)
    return FALSE;
  unsigned rest = bits % 8;
  return rest == 0 || (a->bytes[bits / 8] ^ b->bytes[bits / 8]) >> (8 - rest) == 0;
}

/* "10.0.0.0/8" */
static gboolean
is_in_range (const char *range, const char *slash, const Address *address)
{
  Address start;
  uint64_t bits = 0;
  g_autofree char *text = g_strndup (range, (gsize) (slash - range));
  return parse_address (text, &start) && oci_parse_u64 (slash + 1, start.len * 8, &bits, NULL)
         && same_prefix (&start, address, (size_t) bits);
}

/* Removes ":PORT"; an IPv6 address contains ":" and may be in brackets. */
static const char *
split_port (char *element)
{
  char *bracket = element[0] == '[' ? strchr (element, ']') : NULL;
  char *colon = strchr (bracket != NULL ? bracket : element, ':');
  const char *port = colon != NULL && strchr (colon + 1, ':') == NULL ? colon + 1 : NULL;
  if (port != NULL)
    *colon = '\0';
  if (bracket != NULL)
    {
      *bracket = '\0';
      memmove (element, element + 1, strlen (element));
    }
  return port;
}

static gboolean
matches (char *element, const char *host, const Address *address, const char *host_port)
{
  Address listed;
  const char *slash = strchr (element, '/');
  if (strcmp (element, "*") == 0)
    return TRUE;
  if (slash != NULL)
    return address != NULL && is_in_range (element, slash, address);
  const char *port = split_port (element);
  if (port != NULL && strcmp (port, host_port) != 0)
    return FALSE;
  if (parse_address (element, &listed) || address != NULL) /* numbers have no subdomains */
    return address != NULL && parse_address (element, &listed)
           && same_prefix (&listed, address, listed.len * 8);
  const char *name = g_str_has_prefix (element, "*.") ? element + 2
                     : element[0] == '.'              ? element + 1
                                                      : element;
  g_autofree char *below = g_strconcat (".", name, NULL);
  return name[0] != '\0' && (strcmp (host, name) == 0 || g_str_has_suffix (host, below));
}

/* Returns: a name without its trailing dot, an address without brackets */
static char *
bare_host (const char *host)
{
  size_t len = strlen (host);
  if (len > 2 && host[0] == '[')
    return g_strndup (host + 1, len - 2);
  return len > 1 && host[len - 1] == '.' ? g_strndup (host, len - 1) : g_strdup (host);
}

gboolean
oci_proxy_is_excepted (const char *list, const OciUrlOrigin *origin)
{
  Address address;
  gboolean excepted = FALSE;
  g_autofree char *host = bare_host (origin->host);
  g_autofree char *lower = g_ascii_strdown (list, -1);
  g_auto (GStrv) elements = g_strsplit_set (lower, ", \t\r\n", -1);
  gboolean numeric = parse_address (host, &address);
  for (char **element = elements; *element != NULL && !excepted; element++)
    excepted =
        **element != '\0' && matches (*element, host, numeric ? &address : NULL, origin->port);
  return excepted;
}

static const char *
environment (const char *const *names, const char **out_name)
{
  for (const char *const *name = names; *name != NULL; name++)
    {
      const char *value = g_getenv (*name);
      if (value == NULL || value[0] == '\0')
        continue;
      *out_name = *name;
      return value;
    }
  return NULL;
}

/* Hides what a proxy could repeat from its own URL. */
static void
hide_password (const char *url)
{
  g_autofree char *full = strstr (url, "://") != NULL ? NULL : g_strconcat ("http://", url, NULL);
  const char *absolute = full != NULL ? full : url;
  const char *host = strstr (absolute, "://") + strlen ("://");
  const char *at = g_strrstr_len (host, (gssize) strcspn (host, "/?#"), "@");
  const char *colon = at != NULL ? memchr (host, ':', (size_t) (at - host)) : NULL;
  if (colon == NULL)
    return;
  g_autofree char *password = g_strndup (colon + 1, (gsize) (at - colon - 1));
  g_autofree char *decoded = g_uri_unescape_string (password, NULL);
  oci_redact_add (password);
  oci_redact_add (decoded);
}

void
oci_proxy_find (const OciUrlOrigin *origin, OciProxy *out_proxy)
{
  static const char *const secure[] = { "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY",
                                        NULL };
  static const char *const plain[] = { "http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY", NULL };
  static const char *const plain_cgi[] = { "http_proxy", "all_proxy", "ALL_PROXY", NULL };
  static const char *const exceptions[] = { "no_proxy", "NO_PROXY", NULL };
  const char *name = NULL;
  gboolean cgi = g_getenv ("REQUEST_METHOD") != NULL;
  const char *const *names = strcmp (origin->scheme, "https") == 0 ? secure
                             : cgi                                 ? plain_cgi
                                                                   : plain;
  *out_proxy = (OciProxy){ 0 };
  const char *list = environment (exceptions, &name);
  const char *url = environment (names, &out_proxy->variable);
  if (url == NULL || oci_url_is_loopback (origin)
      || (list != NULL && oci_proxy_is_excepted (list, origin)))
    return;
  hide_password (url);
  out_proxy->url = g_strdup (url);
}

void
oci_proxy_clear (OciProxy *self)
{
  if (self->url != NULL)
    explicit_bzero (self->url, strlen (self->url));
  g_clear_pointer (&self->url, g_free);
}

char *
oci_proxy_describe (const OciProxy *self)
{
  g_autofree char *bare = strstr (self->url, "://") != NULL
                              ? g_strdup (self->url)
                              : g_strconcat ("http://", self->url, NULL);
  char *host = strstr (bare, "://") + strlen ("://");
  host[strcspn (host, "/?#")] = '\0';
  char *at = strrchr (host, '@');
  if (at != NULL)
    memmove (host, at + 1, strlen (at + 1) + 1);
  g_autofree char *quoted = oci_quote (bare);
  return g_strdup_printf ("the proxy %s of $%s", quoted, self->variable);
}
