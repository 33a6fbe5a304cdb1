#include "oci/registry/challenge.h"

#include "oci/base/text-hash.h"

#include <string.h>

enum
{
  MAX_BYTES = 16 * 1024,
  MAX_CHALLENGES = 16,
  MAX_PARAMS = 32,
};

/* tchar of RFC 9110 section 5.6.2. */
static gboolean
is_tchar (char c)
{
  static const char others[] = "!#$%&'*+-.^_`|~";
  return g_ascii_isalnum (c) || (c != '\0' && memchr (others, c, sizeof (others) - 1) != NULL);
}

static gboolean
is_token68_char (char c)
{
  static const char others[] = "-._~+/";
  return g_ascii_isalnum (c) || (c != '\0' && memchr (others, c, sizeof (others) - 1) != NULL);
}

static const char *
skip_spaces (const char *p)
{
  while (*p == ' ' || *p == '\t')
    p++;
  return p;
}

static const char *
skip_token (const char *p)
{
  while (is_tchar (*p))
    p++;
  return p;
}

static gboolean
malformed (const char *at, const char *expected, GError **error)
{
  g_autofree char *quoted = oci_quote (at);
  return oci_throw (error, OCI_ERROR_FORMAT, "WWW-Authenticate: expected %s at %s", expected,
                    quoted);
}

void
oci_challenge_free (OciChallenge *self)
{
  if (self == NULL)
    return;
  g_free (self->scheme);
  g_free (self->token68);
  g_hash_table_unref (self->params);
  g_free (self);
}

static OciChallenge *
challenge_new (const char *scheme, const char *end)
{
  OciChallenge *self = g_new0 (OciChallenge, 1);
  self->scheme = g_strndup (scheme, (gsize) (end - scheme));
  self->params = g_hash_table_new_full (oci_text_hash, g_str_equal, g_free, g_free);
  return self;
}

/* quoted-string of RFC 9110 section 5.6.4; *@p is at the opening quote. */
static char *
read_quoted (const char **p, GError **error)
{
  g_autoptr (GString) text = g_string_new (NULL);
  const char *at = *p + 1;
  for (; *at != '"'; at++)
    {
      if (*at == '\\' && at[1] != '\0')
        at++;
      if (*at == '\0' || (g_ascii_iscntrl (*at) && *at != '\t'))
        {
          malformed (*p, "a quoted string without control characters", error);
          return NULL;
        }
      g_string_append_c (text, *at);
    }
  *p = at + 1;
  return g_string_free (g_steal_pointer (&text), FALSE);
}

static char *
read_value (const char **p, GError **error)
{
  if (**p == '"')
    return read_quoted (p, error);
  const char *end = skip_token (*p);
  if (end == *p)
    {
      malformed (*p, "a value", error);
      return NULL;
    }
  char *value = g_strndup (*p, (gsize) (end - *p));
  *p = end;
  return value;
}

/* Whether "name = …" starts here, so that a comma before it did not end the challenge. */
static gboolean
is_param (const char *p)
{
  const char *end = skip_token (p);
  return end > p && *skip_spaces (end) == '=';
}

static gboolean
read_param (OciChallenge *self, const char **p, GError **error)
{
  const char *start = *p, *end = skip_token (start);
  g_autofree char *name = g_ascii_strdown (start, (gssize) (end - start));
  *p = skip_spaces (skip_spaces (end) + 1);
  g_autofree char *value = read_value (p, error);
  if (value == NULL)
    return FALSE;
  if (g_hash_table_contains (self->params, name))
    return malformed (start, "each parameter once", error);
  if (g_hash_table_size (self->params) >= MAX_PARAMS)
    return oci_throw (error, OCI_ERROR_LIMIT,
                      "WWW-Authenticate: more than %d parameters in a challenge", MAX_PARAMS);
  g_hash_table_insert (self->params, g_steal_pointer (&name), g_steal_pointer (&value));
  return TRUE;
}

/* Returns the end of a token68 with its padding, if nothing but the end of the challenge follows;
 * else NULL. */
static const char *
token68_end (const char *p)
{
  const char *end = p;
  while (is_token68_char (*end))
    end++;
  if (end == p)
    return NULL;
  while (*end == '=')
    end++;
  const char *after = skip_spaces (end);
  return *after == '\0' || *after == ',' ? end : NULL;
}

/* Skips empty elements of a list. Returns: whether there was a comma */
static gboolean
skip_commas (const char **p)
{
  const char *start = *p = skip_spaces (*p);
  while (**p == ',')
    *p = skip_spaces (*p + 1);
  return *p > start;
}

static gboolean
read_challenge (OciChallenge *self, const char **p, GError **error)
{
  const char *token68 = token68_end (*p);
  if (token68 != NULL)
    {
      self->token68 = g_strndup (*p, (gsize) (token68 - *p));
      *p = token68;
      return TRUE;
    }
  if (!is_param (*p) && **p != ',' && **p != '\0')
    return malformed (*p, "a parameter", error);
  while (is_param (*p))
    {
      if (!read_param (self, p, error))
        return FALSE;
      const char *next = *p;
      if (!skip_commas (&next))
        return TRUE;
      if (!is_param (next))
        return TRUE; /* the caller reads the commas */
      *p = next;
    }
  return TRUE;
}

GPtrArray *
oci_challenges_parse (const char *header, GError **error)
{
  if (strlen (header) > MAX_BYTES)
    {
      oci_throw (error, OCI_ERROR_LIMIT, "WWW-Authenticate: more than %d bytes", MAX_BYTES);
      return NULL;
    }
  g_autoptr (GPtrArray) challenges =
      g_ptr_array_new_with_free_func ((GDestroyNotify) oci_challenge_free);
  const char *p = header;
  for (skip_commas (&p); *p != '\0';)
    {
      const char *end = skip_token (p);
      if (end == p)
        {
          malformed (p, "a scheme", error);
          return NULL;
        }
      if (challenges->len >= MAX_CHALLENGES)
        {
          oci_throw (error, OCI_ERROR_LIMIT, "WWW-Authenticate: more than %d challenges",
                     MAX_CHALLENGES);
          return NULL;
        }
      OciChallenge *challenge = challenge_new (p, end);
      g_ptr_array_add (challenges, challenge);
      p = skip_spaces (end);
      if (p > end && !read_challenge (challenge, &p, error))
        return NULL;
      if (!skip_commas (&p) && *p != '\0')
        {
          malformed (p, "a comma", error);
          return NULL;
        }
    }
  return g_steal_pointer (&challenges);
}

const OciChallenge *
oci_challenges_find (const GPtrArray *challenges, const char *scheme)
{
  for (guint i = 0; i < challenges->len; i++)
    {
      const OciChallenge *challenge = challenges->pdata[i];
      if (g_ascii_strcasecmp (challenge->scheme, scheme) == 0)
        return challenge;
    }
  return NULL;
}

const char *
oci_challenge_param (const OciChallenge *self, const char *name)
{
  return g_hash_table_lookup (self->params, name);
}
