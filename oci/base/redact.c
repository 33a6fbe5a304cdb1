#include "oci/base/redact.h"

#include <string.h>

static GMutex mutex;       /* guards the variables below */
static GPtrArray *secrets; /* (nullable): of char *, oldest first */
static gint count;         /* of @secrets; read without the lock for speed */

static void
wipe (gpointer secret)
{
  explicit_bzero (secret, strlen (secret));
  g_free (secret);
}

/* @secret: (transfer full) */
static void
add_form (char *secret)
{
  if (strlen (secret) < OCI_REDACT_MIN_BYTES
      || g_ptr_array_find_with_equal_func (secrets, secret, g_str_equal, NULL))
    {
      wipe (secret);
      return;
    }
  if (secrets->len >= OCI_REDACT_MAX_SECRETS)
    g_ptr_array_remove_index (secrets, 0);
  g_ptr_array_add (secrets, secret);
}

/* Without the padding, which peers may omit. */
static char *
base64_of (const char *secret, gboolean for_urls)
{
  char *text = g_base64_encode ((const guchar *) secret, strlen (secret));
  text[strcspn (text, "=")] = '\0';
  return for_urls ? g_strdelimit (g_strdelimit (text, "+", '-'), "/", '_') : text;
}

static char *
percent_encoded (const char *secret, gboolean lower)
{
  char *text = g_uri_escape_string (secret, NULL, FALSE);
  for (char *p = text; lower && *p != '\0'; p++)
    if (*p == '%' && p[1] != '\0' && p[2] != '\0')
      {
        p[1] = g_ascii_tolower (p[1]);
        p[2] = g_ascii_tolower (p[2]);
      }
  return text;
}

void
oci_redact_add (const char *secret)
{
  if (secret == NULL || strlen (secret) < OCI_REDACT_MIN_BYTES)
    return;
  g_mutex_lock (&mutex);
  if (secrets == NULL)
    secrets = g_ptr_array_new_with_free_func (wipe);
  if (!g_ptr_array_find_with_equal_func (secrets, secret, g_str_equal, NULL))
    {
      add_form (g_strdup (secret));
      add_form (base64_of (secret, FALSE));
      add_form (base64_of (secret, TRUE));
      add_form (percent_encoded (secret, FALSE));
      add_form (percent_encoded (secret, TRUE));
    }
  g_atomic_int_set (&count, (gint) secrets->len);
  g_mutex_unlock (&mutex);
}

/* Marks in @hidden the bytes of @text that are part of @secret. */
static gboolean
mark (const char *text, const char *secret, char *hidden)
{
  gboolean any = FALSE;
  size_t len = strlen (secret);
  for (const char *at = strstr (text, secret); at != NULL; at = strstr (at + 1, secret))
    {
      memset (hidden + (at - text), 1, len);
      any = TRUE;
    }
  return any;
}

char *
oci_redact (const char *text)
{
  if (g_atomic_int_get (&count) == 0)
    return g_strdup (text);
  size_t len = strlen (text);
  g_autofree char *hidden = g_malloc0 (len + 1);
  gboolean any = FALSE;
  g_mutex_lock (&mutex);
  for (guint i = 0; i < secrets->len; i++)
    any = mark (text, secrets->pdata[i], hidden) || any;
  g_mutex_unlock (&mutex);
  if (!any)
    return g_strdup (text);
  GString *shown = g_string_new (NULL);
  for (size_t i = 0; i < len; i++)
    if (!hidden[i])
      g_string_append_c (shown, text[i]);
    else if (i == 0 || !hidden[i - 1])
      g_string_append (shown, "…");
  return g_string_free (shown, FALSE);
}

/* Whether this has the form of a digest rather than of a host. */
static gboolean
is_like_digest (const char *text)
{
  size_t name = strspn (text, "abcdefghijklmnopqrstuvwxyz");
  size_t bits = strspn (text + name, "0123456789");
  return name > 0 && bits > 0 && text[name + bits] == ':';
}

char *
oci_redact_user (const char *text)
{
  const char *scheme = strstr (text, "://");
  const char *start = scheme != NULL ? scheme + strlen ("://") : text;
  const char *at = strrchr (start, '@');
  while (at != NULL && is_like_digest (at + 1))
    at = g_strrstr_len (start, (gssize) (at - start), "@");
  const char *colon = at != NULL ? memchr (start, ':', (size_t) (at - start)) : NULL;
  if (at == NULL || (colon == NULL && scheme == NULL)
      || (colon == NULL && memchr (start, '/', (size_t) (at - start)) != NULL))
    return NULL;
  for (const char *p = start; p < at; p++)
    if (g_ascii_isspace (*p) || *p == '"' || *p == '{') /* a text that only looks similar */
      return NULL;
  g_autofree char *secret = g_strndup (colon != NULL ? colon + 1 : start,
                                       (gsize) (at - (colon != NULL ? colon + 1 : start)));
  g_autofree char *decoded = g_uri_unescape_string (secret, NULL);
  oci_redact_add (secret);
  oci_redact_add (decoded);
  return g_strdup_printf ("%.*s…%s", (int) (start - text), text, at);
}
