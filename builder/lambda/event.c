#include "builder/lambda/event.h"

#include "oci/base/error.h"
#include "oci/base/json-fault.h"

#include <string.h>

/* Checks only the grammar: numbers of any size and halves of surrogate pairs are up to the
 * function; a parser that converts them to values would refuse them. */
typedef struct
{
  const char *p;
  const char *end;
  GString *open; /* the enclosing brackets */
} Scan;

static char
peek (const Scan *self)
{
  if (self->p < self->end)
    return *self->p;
  return '\0'; /* which g_utf8_validate_len() does not accept as UTF-8 */
}

static void
skip_space (Scan *self)
{
  while (self->p < self->end && strchr (" \t\r\n", *self->p) != NULL)
    self->p++;
}

static gboolean
take (Scan *self, char c)
{
  if (peek (self) != c)
    return FALSE;
  self->p++;
  return TRUE;
}

static gboolean
take_word (Scan *self, const char *word)
{
  for (; *word != '\0'; word++)
    if (!take (self, *word))
      return FALSE;
  return TRUE;
}

static gboolean
take_digits (Scan *self)
{
  const char *start = self->p;
  while (g_ascii_isdigit (peek (self)))
    self->p++;
  return self->p > start;
}

static gboolean
take_number (Scan *self)
{
  (void) take (self, '-');
  if (!take (self, '0') && !take_digits (self))
    return FALSE;
  if (take (self, '.') && !take_digits (self))
    return FALSE;
  if (!take (self, 'e') && !take (self, 'E'))
    return TRUE;
  if (!take (self, '+'))
    (void) take (self, '-');
  return take_digits (self);
}

static gboolean
take_escape (Scan *self)
{
  char c = peek (self);
  if (c == '\0' || strchr ("\"\\/bfnrtu", c) == NULL)
    return FALSE;
  self->p++;
  for (int i = 0; c == 'u' && i < 4; i++)
    {
      if (!g_ascii_isxdigit (peek (self)))
        return FALSE;
      self->p++;
    }
  return TRUE;
}

static gboolean
take_string (Scan *self)
{
  if (!take (self, '"'))
    return FALSE;
  for (;;)
    {
      char c = peek (self);
      if ((unsigned char) c < ' ') /* or the end */
        return FALSE;
      self->p++;
      if (c == '"')
        return TRUE;
      if (c == '\\' && !take_escape (self))
        return FALSE;
    }
}

static gboolean
take_scalar (Scan *self)
{
  switch (peek (self))
    {
    case '"':
      return take_string (self);
    case 't':
      return take_word (self, "true");
    case 'f':
      return take_word (self, "false");
    case 'n':
      return take_word (self, "null");
    default:
      return take_number (self);
    }
}

/* "name": */
static gboolean
take_name (Scan *self)
{
  skip_space (self);
  if (!take_string (self))
    return FALSE;
  skip_space (self);
  return take (self, ':');
}

/* Takes a scalar or an empty container; otherwise the brackets before the first value, so that a
 * value follows again. */
static gboolean
take_value (Scan *self, gboolean *out_whole)
{
  char bracket = peek (self);
  *out_whole = TRUE;
  if (bracket != '{' && bracket != '[')
    return take_scalar (self);
  self->p++;
  skip_space (self);
  if (take (self, bracket == '{' ? '}' : ']'))
    return TRUE;
  g_string_append_c (self->open, bracket);
  *out_whole = FALSE;
  return bracket == '[' || take_name (self);
}

/* Closes containers that end after a value. Returns: FALSE on an error; *@out_more: whether a value
 * follows */
static gboolean
take_end (Scan *self, gboolean *out_more)
{
  *out_more = FALSE;
  for (skip_space (self); self->open->len > 0; skip_space (self))
    {
      char bracket = self->open->str[self->open->len - 1];
      if (take (self, ','))
        {
          *out_more = TRUE;
          return bracket == '[' || take_name (self);
        }
      if (!take (self, bracket == '{' ? '}' : ']'))
        return FALSE;
      g_string_truncate (self->open, self->open->len - 1);
    }
  return self->p == self->end;
}

static gboolean
is_json (Scan *self)
{
  gboolean more = TRUE, whole = FALSE;
  while (more)
    {
      skip_space (self);
      if (!take_value (self, &whole) || (whole && !take_end (self, &more)))
        return FALSE;
    }
  return TRUE;
}

GBytes *
terrane_event_take (GBytes *payload, GError **error)
{
  static const char bom[] = "\xef\xbb\xbf";
  gsize len = 0;
  const char *text = g_bytes_get_data (payload, &len), *bad = NULL;
  if (len == 0)
    return g_bytes_new_static ("{}", 2);
  g_autoptr (GString) open = g_string_new (NULL);
  Scan scan = { .p = text, .end = text + len, .open = open };
  if (len >= sizeof bom - 1 && memcmp (text, bom, sizeof bom - 1) == 0)
    scan.p += sizeof bom - 1;
  if (!g_utf8_validate_len (text, len, &bad))
    (void) oci_throw (error, OCI_ERROR_FORMAT,
                      "Could not parse request body into json: not UTF-8 at byte %zu",
                      (size_t) (bad - text));
  else if (!is_json (&scan))
    (void) oci_throw (
        error, OCI_ERROR_FORMAT, "Could not parse request body into json: %s at byte %zu",
        scan.p == scan.end ? "it ends" : "unexpected character", (size_t) (scan.p - text));
  else
    return g_bytes_ref (payload);
  return NULL;
}

GBytes *
terrane_event_read (GBytes *payload, GError **error)
{
  gsize len = 0;
  const char *text = g_bytes_get_data (payload, &len);
  GBytes *event = terrane_event_take (payload, error);
  g_autofree char *fault = event == NULL ? oci_json_describe_fault (text, len, NULL, TRUE) : NULL;
  if (fault != NULL)
    oci_error_append (error, "; at %s", fault);
  return event;
}
