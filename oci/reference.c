#include "oci/reference.h"

#include "oci/base/number.h"
#include "oci/base/redact.h"
#include "oci/base/suggest.h"

#include <string.h>

#define DEFAULT_TAG "latest"
#define DEFAULT_HOST "docker.io"
#define LOCAL_HOST "localhost" /* podman's prefix for names that are not in a registry */

enum
{
  HOST_MAX_BYTES = 255, /* DNS names have at most 253 */
};

/* Part of the text that is being parsed. */
typedef struct
{
  const char *start;
  size_t len;
} Span;

static char *
quote_span (Span span)
{
  g_autofree char *copy = g_strndup (span.start, span.len);
  return oci_quote (copy);
}

static gboolean
is_lower_alnum (char c)
{
  return g_ascii_isdigit (c) || g_ascii_islower (c);
}

static Span
span_until (const char *text, const char *end)
{
  return (Span){ .start = text, .len = end != NULL ? (size_t) (end - text) : strlen (text) };
}

/* The separators inside a path component: one ".", one or two "_", any number of "-". */
static size_t
separator_length (const char *at, size_t len)
{
  size_t n = 0;
  while (n < len && at[n] == at[0])
    n++;
  switch (at[0])
    {
    case '.':
      return n == 1 ? 1 : 0;
    case '_':
      return n <= 2 ? n : 0;
    case '-':
      return n;
    default:
      return 0;
    }
}

/* alphanumeric (separator alphanumeric)* */
static gboolean
is_path_component (Span span)
{
  size_t i = 0;
  for (;;)
    {
      size_t start = i;
      while (i < span.len && is_lower_alnum (span.start[i]))
        i++;
      if (i == start)
        return FALSE;
      if (i == span.len)
        return TRUE;
      size_t separator = separator_length (span.start + i, span.len - i);
      if (separator == 0)
        return FALSE;
      i += separator;
    }
}

static gboolean check_repository (Span span, GError **error);

/* Returns: (transfer full) (nullable): the name in lower case, if that makes it valid */
static char *
suggest_lower (Span span)
{
  g_autofree char *lower = g_ascii_strdown (span.start, (gssize) span.len);
  if (strncmp (lower, span.start, span.len) == 0
      || !check_repository (span_until (lower, NULL), NULL))
    return NULL;
  return g_steal_pointer (&lower);
}

static gboolean
check_repository (Span span, GError **error)
{
  if (span.len > OCI_REPOSITORY_MAX_BYTES)
    return oci_throw (error, OCI_ERROR_USAGE, "the name has %zu bytes, at most %d are allowed",
                      span.len, OCI_REPOSITORY_MAX_BYTES);
  for (const char *at = span.start, *end = span.start + span.len;; at++)
    {
      const char *slash = memchr (at, '/', (size_t) (end - at));
      Span component = { at, (size_t) ((slash != NULL ? slash : end) - at) };
      if (!is_path_component (component))
        {
          g_autofree char *whole = quote_span (span), *part = quote_span (component);
          g_autofree char *meant = suggest_lower (span);
          g_autofree char *hint = oci_suggest (meant);
          gboolean all = component.len == span.len;
          return oci_throw (error, OCI_ERROR_USAGE,
                            "invalid name %s%s%s: use lower-case letters and digits, joined by "
                            "one ‘.’, one or two ‘_’, or ‘-’; components separated by ‘/’%s",
                            whole, all ? "" : " at ", all ? "" : part, hint);
        }
      if (slash == NULL)
        return TRUE;
      at = slash;
    }
}

/* [A-Za-z0-9_][A-Za-z0-9_.-]{0,127} */
static gboolean
check_tag (Span span, GError **error)
{
  gboolean ok = span.len > 0 && span.len <= OCI_TAG_MAX_BYTES;
  for (size_t i = 0; ok && i < span.len; i++)
    {
      char c = span.start[i];
      ok = g_ascii_isalnum (c) || c == '_' || (i > 0 && (c == '.' || c == '-'));
    }
  if (ok)
    return TRUE;
  g_autofree char *quoted = quote_span (span);
  return oci_throw (
      error, OCI_ERROR_USAGE,
      "invalid tag %s: use 1 to %d letters, digits, ‘_’, ‘.’ and ‘-’, and neither ‘.’ nor "
      "‘-’ first",
      quoted, OCI_TAG_MAX_BYTES);
}

/* Labels of letters, digits and inner "-", joined by ".". */
static gboolean
is_domain (Span span)
{
  gboolean after_alnum = FALSE;
  for (size_t i = 0; i < span.len; i++)
    {
      char c = span.start[i];
      gboolean alnum = g_ascii_isalnum (c);
      gboolean dash = c == '-' && i > 0 && span.start[i - 1] != '.';
      if (!alnum && !dash && !(c == '.' && after_alnum))
        return FALSE;
      after_alnum = alnum;
    }
  return after_alnum;
}

static gboolean
is_ipv6 (Span span)
{
  if (span.len < 4 || span.start[0] != '[' || span.start[span.len - 1] != ']')
    return FALSE;
  for (size_t i = 1; i + 1 < span.len; i++)
    if (!g_ascii_isxdigit (span.start[i]) && span.start[i] != ':')
      return FALSE;
  return TRUE;
}

static gboolean
is_port (Span span)
{
  g_autofree char *text = g_strndup (span.start, span.len);
  uint64_t port = 0;
  return oci_parse_u64 (text, 65535, &port, NULL) && port > 0;
}

static gboolean
check_host (Span span, GError **error)
{
  const char *bracket = memrchr (span.start, ']', span.len);
  const char *after = bracket != NULL ? bracket : span.start;
  const char *colon = memchr (after, ':', span.len - (size_t) (after - span.start));
  Span name = { span.start, colon != NULL ? (size_t) (colon - span.start) : span.len };
  Span port = { colon != NULL ? colon + 1 : NULL, colon != NULL ? span.len - name.len - 1 : 0 };
  if (span.len <= HOST_MAX_BYTES && (is_domain (name) || is_ipv6 (name))
      && (colon == NULL || is_port (port)))
    return TRUE;
  g_autofree char *quoted = quote_span (span);
  return oci_throw (error, OCI_ERROR_USAGE, "invalid registry %s: expected HOST[:PORT]", quoted);
}

/* Docker's rule that distinguishes "HOST/NAME" from "DIRECTORY/NAME". */
static gboolean
looks_like_host (Span span)
{
  return memchr (span.start, '.', span.len) != NULL || memchr (span.start, ':', span.len) != NULL
         || (span.len == strlen (LOCAL_HOST) && memcmp (span.start, LOCAL_HOST, span.len) == 0);
}

/* Cuts ":TAG" from the end of *@name; a ":" before a "/" belongs to the port. */
static gboolean
split_tag (Span *name, char **out_tag, GError **error)
{
  const char *slash = memrchr (name->start, '/', name->len);
  const char *last = slash != NULL ? slash : name->start;
  const char *colon = memchr (last, ':', name->len - (size_t) (last - name->start));
  if (colon == NULL)
    return TRUE;
  Span tag = { colon + 1, name->len - (size_t) (colon + 1 - name->start) };
  if (!check_tag (tag, error))
    return FALSE;
  *out_tag = g_strndup (tag.start, tag.len);
  name->len = (size_t) (colon - name->start);
  return TRUE;
}

static gboolean
split_digest (const char *at, OciReference *self, GError **error)
{
  g_autoptr (GError) local = NULL;
  self->has_digest = oci_digest_parse (at + 1, &self->digest, &local);
  return self->has_digest || oci_throw (error, OCI_ERROR_USAGE, "%s", local->message);
}

OciReference *
oci_reference_parse (const char *text, GError **error)
{
  g_autofree char *hidden = oci_redact_user (text);
  g_autofree char *quoted = oci_quote (hidden != NULL ? hidden : text);
  OCI_PREFIX (error, "%s", quoted);
  if (hidden != NULL)
    {
      oci_throw (error, OCI_ERROR_USAGE,
                 "a user or password does not belong there; 'terrane login' stores them");
      return NULL;
    }
  if (g_str_has_prefix (text, OCI_REFERENCE_SCHEME))
    text += strlen (OCI_REFERENCE_SCHEME);

  g_autoptr (OciReference) self = g_new0 (OciReference, 1);
  const char *at = strchr (text, '@');
  Span name = span_until (text, at);
  if ((at != NULL && !split_digest (at, self, error)) || !split_tag (&name, &self->tag, error))
    return NULL;

  const char *slash = memchr (name.start, '/', name.len);
  Span host = { name.start, slash != NULL ? (size_t) (slash - name.start) : 0 };
  if (slash == NULL || !looks_like_host (host))
    {
      g_autofree char *meant = oci_reference_suggest (text);
      g_autofree char *hint = oci_suggest (meant);
      oci_throw (error, OCI_ERROR_USAGE,
                 "no registry host in it; write docker://HOST/REPOSITORY[:TAG]%s",
                 meant != NULL ? hint : ", such as docker://docker.io/library/debian:12");
      return NULL;
    }
  Span path = { slash + 1, name.len - host.len - 1 };
  self->host = g_strndup (host.start, host.len);
  gboolean official =
      strcmp (self->host, DEFAULT_HOST) == 0 && memchr (path.start, '/', path.len) == NULL;
  self->repository =
      g_strdup_printf ("%s%.*s", official ? "library/" : "", (int) path.len, path.start);
  if (!check_host (host, error) || !check_repository (span_until (self->repository, NULL), error))
    return NULL;
  return g_steal_pointer (&self);
}

OciReference *
oci_reference_copy (const OciReference *self)
{
  OciReference *copy = g_new0 (OciReference, 1);
  *copy = *self;
  copy->host = g_strdup (self->host);
  copy->repository = g_strdup (self->repository);
  copy->tag = g_strdup (self->tag);
  return copy;
}

void
oci_reference_free (OciReference *self)
{
  if (self == NULL)
    return;
  g_free (self->host);
  g_free (self->repository);
  g_free (self->tag);
  g_free (self);
}

char *
oci_reference_text (const OciReference *self)
{
  OciDigestText digest = "";
  if (self->has_digest)
    oci_digest_text (&self->digest, digest);
  return g_strconcat (OCI_REFERENCE_SCHEME, self->host, "/", self->repository,
                      self->tag != NULL ? ":" : "", self->tag != NULL ? self->tag : "",
                      self->has_digest ? "@" : "", digest, NULL);
}

char *
oci_reference_local_name (const char *text, gboolean allow_host, GError **error)
{
  g_autofree char *tag = NULL;
  if (!allow_host && g_str_has_prefix (text, LOCAL_HOST "/"))
    text += strlen (LOCAL_HOST "/");
  Span name = span_until (text, NULL);
  if (!split_tag (&name, &tag, error))
    return NULL;

  Span repository = name;
  const char *slash = memchr (name.start, '/', name.len);
  if (allow_host && slash != NULL)
    {
      Span host = { name.start, (size_t) (slash - name.start) };
      if (looks_like_host (host))
        {
          if (!check_host (host, error))
            return NULL;
          repository = (Span){ slash + 1, name.len - host.len - 1 };
        }
    }
  if (!check_repository (repository, error))
    return NULL;
  return g_strdup_printf ("%.*s:%s", (int) name.len, name.start, tag != NULL ? tag : DEFAULT_TAG);
}

char *
oci_reference_full_name (const char *text)
{
  static const char index_host[] = "index." DEFAULT_HOST;
  const char *slash = strchr (text, '/');
  Span host = { text, slash != NULL ? (size_t) (slash - text) : 0 };
  const char *path = slash != NULL && looks_like_host (host) ? slash + 1 : text;
  gboolean is_index =
      host.len == strlen (index_host) && path != text && memcmp (text, index_host, host.len) == 0;
  g_autofree char *name =
      path == text || is_index ? g_strdup (DEFAULT_HOST) : g_strndup (host.start, host.len);
  const char *last = strrchr (path, '/');
  gboolean has_tag = strchr (last != NULL ? last : path, ':') != NULL;
  gboolean official = strcmp (name, DEFAULT_HOST) == 0 && last == NULL;
  return g_strconcat (name, "/", official ? "library/" : "", path, has_tag ? "" : ":",
                      has_tag ? "" : DEFAULT_TAG, NULL);
}

char *
oci_reference_suggest (const char *text)
{
  if (strchr (text, ':') == NULL && strcmp (text, LOCAL_HOST) == 0)
    return NULL;
  g_autofree char *full = oci_reference_full_name (text);
  g_autofree char *whole = g_strconcat (OCI_REFERENCE_SCHEME, full, NULL);
  g_autoptr (OciReference) reference = oci_reference_parse (whole, NULL);
  return reference != NULL ? oci_reference_text (reference) : NULL;
}
