#include "builder/profile/spdx.h"

#include "oci/base/error.h"

#include <string.h>

#define REFERENCE "LicenseRef-"
#define DOCUMENT "DocumentRef-"

/* The kind of word that may come next. */
typedef enum
{
  WANT_LICENSE,   /* or an opening parenthesis */
  WANT_EXCEPTION, /* after WITH */
  AFTER_LICENSE,  /* an operator or a closing parenthesis; WITH, too */
  AFTER_COMPOUND, /* likewise, without WITH, which belongs to one licence */
} State;

static gboolean
is_id (const char *text, gsize len)
{
  for (gsize i = 0; i < len; i++)
    if (!g_ascii_isalnum (text[i]) && text[i] != '-' && text[i] != '.')
      return FALSE;
  return len > 0;
}

static gboolean
is_word (const char *text, gsize len, const char *word)
{
  return len == strlen (word) && memcmp (text, word, len) == 0;
}

static gboolean
is_operator (const char *text, gsize len)
{
  return is_word (text, len, "AND") || is_word (text, len, "OR") || is_word (text, len, "WITH");
}

/* "MIT", "GPL-2.0+", "LicenseRef-x", "DocumentRef-y:LicenseRef-x" */
static gboolean
is_license (const char *text, gsize len)
{
  const char *colon = memchr (text, ':', len);
  if (colon != NULL)
    {
      gsize before = (gsize) (colon - text), after = len - before - 1;
      return before > strlen (DOCUMENT) && memcmp (text, DOCUMENT, strlen (DOCUMENT)) == 0
             && is_id (text, before) && after > strlen (REFERENCE)
             && memcmp (colon + 1, REFERENCE, strlen (REFERENCE)) == 0 && is_id (colon + 1, after);
    }
  if (len > 1 && text[len - 1] == '+')
    len--;
  return is_id (text, len);
}

static gboolean
take_word (State *state, const char *text, gsize len, GError **error)
{
  g_autofree char *word = g_strndup (text, len);
  g_autofree char *quoted = oci_quote (word);
  gboolean is_name = *state == WANT_LICENSE || *state == WANT_EXCEPTION;
  if (is_name && is_operator (text, len))
    return oci_throw (error, OCI_ERROR_FORMAT, "a licence is missing before %s", word);
  if (is_name)
    {
      if (*state == WANT_LICENSE ? !is_license (text, len) : !is_id (text, len))
        return oci_throw (error, OCI_ERROR_FORMAT, "%s is not an identifier of SPDX", quoted);
      *state = *state == WANT_LICENSE ? AFTER_LICENSE : AFTER_COMPOUND;
      return TRUE;
    }
  if (!is_operator (text, len))
    return oci_throw (error, OCI_ERROR_FORMAT, "expected AND, OR or WITH instead of %s", quoted);
  if (text[0] == 'W' && *state != AFTER_LICENSE)
    return oci_throw (error, OCI_ERROR_FORMAT, "WITH belongs directly after one licence");
  *state = text[0] == 'W' ? WANT_EXCEPTION : WANT_LICENSE;
  return TRUE;
}

static gboolean
take_parenthesis (State *state, char which, unsigned *depth, GError **error)
{
  gboolean opens = which == '(';
  if (opens ? *state != WANT_LICENSE : *depth == 0 || *state < AFTER_LICENSE)
    return oci_throw (error, OCI_ERROR_FORMAT, "‘%c’ is at the wrong place", which);
  *depth += opens ? 1 : -1U;
  *state = opens ? WANT_LICENSE : AFTER_COMPOUND;
  return TRUE;
}

gboolean
terrane_spdx_check (const char *expression, GError **error)
{
  State state = WANT_LICENSE;
  unsigned depth = 0;
  const char *at = expression + strspn (expression, " ");
  if (*at == '\0')
    return oci_throw (error, OCI_ERROR_FORMAT, "it is empty");
  while (*at != '\0')
    {
      gsize len = *at == '(' || *at == ')' ? 1 : strcspn (at, " ()");
      if (*at == '(' || *at == ')' ? !take_parenthesis (&state, *at, &depth, error)
                                   : !take_word (&state, at, len, error))
        return FALSE;
      at += len;
      at += strspn (at, " ");
    }
  if (state < AFTER_LICENSE)
    return oci_throw (error, OCI_ERROR_FORMAT, "a licence is missing at the end");
  return depth == 0 || oci_throw (error, OCI_ERROR_FORMAT, "‘)’ is missing");
}
