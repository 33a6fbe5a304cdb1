#include "oci/base/json-scan.h"

#include "oci/base/error.h"
#include "oci/base/json-format.h"
#include "oci/base/text.h"

#include <string.h>

enum
{
  MAX_DEPTH = 2048, /* jansson's */
  MAX_WORD = 40,
  BYTE_ORDER_MARK = 0xFEFF,
};

typedef enum
{
  EXPECT_ROOT,
  EXPECT_VALUE,
  EXPECT_FIRST_ELEMENT, /* or the end of the array */
  EXPECT_FIRST_KEY,     /* or the end of the object */
  EXPECT_KEY,
  EXPECT_COLON,
  EXPECT_COMMA, /* or the end of the object or array */
  EXPECT_END,
} Expected;

typedef struct
{
  const char *text;
  size_t size;
  size_t at;
  gboolean quote;
  Expected expected;
  size_t token, end; /* of the last token */
  GArray *open;      /* of size_t: offsets of brackets that are not closed */
  OciJsonFault *fault;
} Scan;

static gboolean fail (Scan *self, size_t offset, const char *format, ...) G_GNUC_PRINTF (3, 4);

/* Only the first fault is kept. */
static gboolean
fail (Scan *self, size_t offset, const char *format, ...)
{
  va_list args;
  va_start (args, format);
  self->fault->offset = offset;
  self->fault->message = g_strdup_vprintf (format, args);
  va_end (args);
  return FALSE;
}

static int
byte_at (const Scan *self, size_t offset)
{
  return offset < self->size ? (unsigned char) self->text[offset] : -1;
}

static gboolean
has (const Scan *self, size_t offset, const char *start)
{
  size_t len = strlen (start);
  return offset <= self->size && self->size - offset >= len
         && memcmp (self->text + offset, start, len) == 0;
}

static size_t
skip_space (const Scan *self, size_t offset)
{
  for (int c = byte_at (self, offset); c == ' ' || c == '\t' || c == '\n' || c == '\r';)
    c = byte_at (self, ++offset);
  return offset;
}

static size_t
line_of (const Scan *self, size_t offset)
{
  size_t line = 1;
  for (size_t i = 0; i < offset; i++)
    line += self->text[i] == '\n' ? 1 : 0;
  return line;
}

static gboolean
is_word (int c)
{
  return c > 0 && c < 0x80 && (g_ascii_isalnum ((char) c) || strchr ("_.$-+/", c) != NULL);
}

static size_t
word_length (const Scan *self, size_t offset)
{
  size_t len = 0;
  while (is_word (byte_at (self, offset + len)))
    len++;
  return len;
}

/* Returns: (transfer full) (nullable): a word in quotes, if it may be shown */
static char *
show_word (const Scan *self, size_t offset)
{
  size_t len = word_length (self, offset);
  g_autofree char *word = g_strndup (self->text + offset, MIN (len, (size_t) MAX_WORD));
  return self->quote && len > 0 && len <= MAX_WORD ? oci_quote (word) : NULL;
}

/* Skips a character, also an invalid one. */
static gunichar
char_at (const Scan *self, size_t offset)
{
  return g_utf8_get_char_validated (self->text + offset, (gssize) (self->size - offset));
}

static gboolean
fail_encoding (Scan *self, size_t offset)
{
  return fail (self, offset, "the byte 0x%02x is not UTF-8; save the file as UTF-8",
               (unsigned) byte_at (self, offset));
}

static gboolean
is_conflict (const Scan *self, size_t offset)
{
  gboolean starts = offset == 0 || self->text[offset - 1] == '\n';
  return starts
         && (has (self, offset, "<<<<<<<") || has (self, offset, "=======")
             || has (self, offset, "|||||||") || has (self, offset, ">>>>>>>"));
}

/* Faults that do not depend on their place. */
static gboolean
fail_anywhere (Scan *self)
{
  gunichar c = char_at (self, self->at);
  int byte = byte_at (self, self->at);
  if (byte == '\0')
    c = 0;
  if (c == (gunichar) -1 || c == (gunichar) -2)
    return fail_encoding (self, self->at);
  if (is_conflict (self, self->at))
    return fail (
        self, self->at,
        "a merge conflict is left here; keep one side and remove the lines that start with "
        "<<<<<<<, ======= and >>>>>>>");
  if (byte == '#' || has (self, self->at, "//") || has (self, self->at, "/*")
      || has (self, self->at, "<!--"))
    return fail (self, self->at, "JSON has no comments; remove this one");
  if (byte == '\'' || byte == '`' || c == 0x2018 || c == 0x2019 || c == 0x201A || c == 0x201C
      || c == 0x201D || c == 0x201E || c == 0xAB || c == 0xBB)
    return fail (self, self->at, "texts and keys are in straight double quotes (\"), not in %s",
                 byte == '\''  ? "single ones (')"
                 : byte == '`' ? "backquotes"
                               : "typographic ones");
  if (c == BYTE_ORDER_MARK)
    return fail (self, self->at,
                 "there is a byte order mark (U+FEFF); save the file as UTF-8 without one");
  if (c == 0xA0 || c == 0x3000 || oci_unichar_misleads (c) || c == 0x7F)
    return fail (self, self->at, "the character U+%04X, which %s, is not allowed here; remove it",
                 (unsigned) c, c < ' ' || c == 0x7F ? "is a control character" : "cannot be seen");
  return TRUE;
}

static size_t
innermost (const Scan *self)
{
  return g_array_index (self->open, size_t, self->open->len - 1);
}

static gboolean
in_object (const Scan *self)
{
  return self->open->len > 0 && self->text[innermost (self)] == '{';
}

static gboolean
fail_end (Scan *self)
{
  if (self->open->len == 0)
    return fail (self, 0, "%s; a JSON document starts with ‘{’ or ‘[’",
                 self->size == 0 ? "it is empty" : "there is only white space");
  return fail (
      self, self->end,
      "the text ends here, and the ‘%c’ of line %zu is not closed; either it is cut off, or a "
      "closing bracket is missing",
      self->text[innermost (self)], line_of (self, innermost (self)));
}

static gboolean
scan_unicode (const Scan *self, size_t offset, unsigned *out_unit)
{
  *out_unit = 0;
  if (!has (self, offset, "\\u"))
    return FALSE;
  for (size_t i = 2; i < 6; i++)
    {
      int c = byte_at (self, offset + i);
      int digit = c > 0 ? g_ascii_xdigit_value ((char) c) : -1;
      if (digit < 0)
        return FALSE;
      *out_unit = *out_unit * 16 + (unsigned) digit;
    }
  return TRUE;
}

/* RFC 8259, 7. */
static gboolean
scan_escape (Scan *self)
{
  int c = byte_at (self, self->at + 1);
  unsigned unit, low;
  if (c > 0 && strchr ("\"\\/bfnrt", c) != NULL)
    {
      self->at += 2;
      return TRUE;
    }
  if (c != 'u')
    return fail (self, self->at,
                 "a backslash starts an escape, and there is not one like this; write \\\\ for a "
                 "backslash");
  if (!scan_unicode (self, self->at, &unit))
    return fail (self, self->at, "\\u needs four hexadecimal digits, as in \\u00e9");
  gboolean pair = unit >= 0xD800 && unit < 0xDC00 && scan_unicode (self, self->at + 6, &low)
                  && low >= 0xDC00 && low < 0xE000;
  if (unit == 0)
    return fail (self, self->at, "\\u0000 is not allowed in a text");
  if (unit >= 0xD800 && unit < 0xE000 && !pair)
    return fail (
        self, self->at,
        "\\ud800 to \\udfff are halves of characters and come in pairs, as in \\ud83d\\ude00");
  self->at += pair ? 12 : 6;
  return TRUE;
}

static gboolean
scan_string (Scan *self)
{
  for (self->at++; self->at < self->size;)
    {
      int c = byte_at (self, self->at);
      if (c == '"')
        {
          self->at++;
          return TRUE;
        }
      if (c == '\n' || c == '\r')
        return fail (
            self, self->token,
            "this text does not end on its line; close its quotes, or write a line break as "
            "\\n");
      if (c < ' ')
        return fail (self, self->at, "the control character U+%04X%s is inside a text; write \\%s",
                     (unsigned) c, c == '\t' ? " (a tab)" : "",
                     c == '\t' ? "t" : "u and its number");
      if (c == '\\')
        {
          if (!scan_escape (self))
            return FALSE;
          continue;
        }
      gunichar character = char_at (self, self->at);
      if (character == (gunichar) -1 || character == (gunichar) -2)
        return fail_encoding (self, self->at);
      self->at += (size_t) g_unichar_to_utf8 (character, NULL);
    }
  return fail (self, self->token, "the document ends inside this text; is it cut off?");
}

static size_t
skip_digits (const Scan *self, size_t offset)
{
  for (int c = byte_at (self, offset); c >= '0' && c <= '9';)
    c = byte_at (self, ++offset);
  return offset;
}

/* RFC 8259, 6. Returns: the end of the number, @offset if there is none */
static size_t
skip_number (const Scan *self, size_t offset)
{
  size_t whole = offset + (byte_at (self, offset) == '-' ? 1 : 0);
  size_t end = byte_at (self, whole) == '0' ? whole + 1 : skip_digits (self, whole);
  if (end == whole)
    return offset;
  if (byte_at (self, end) == '.')
    {
      size_t fraction = skip_digits (self, end + 1);
      if (fraction == end + 1)
        return offset;
      end = fraction;
    }
  if (byte_at (self, end) == 'e' || byte_at (self, end) == 'E')
    {
      int sign = byte_at (self, end + 1);
      size_t digits = end + (sign == '+' || sign == '-' ? 2 : 1);
      end = skip_digits (self, digits);
      if (end == digits)
        return offset;
    }
  return end;
}

static gboolean
scan_number (Scan *self)
{
  size_t end = skip_number (self, self->at);
  if (end > self->at && !is_word (byte_at (self, end)))
    {
      self->at = end;
      return TRUE;
    }
  g_autofree char *word = show_word (self, self->at);
  size_t sign = self->at + (byte_at (self, self->at) == '-' ? 1 : 0);
  const char *rule =
      "a number has an optional -, digits, and optionally a fraction and an exponent, as in "
      "-1.5e3; put anything else in double quotes";
  if (sign > self->at && strchr ("IiNn", MAX (byte_at (self, sign), ' ')) != NULL)
    rule = "JSON has neither NaN nor infinity; leave it out, or write null";
  else if (has (self, sign, "0x") || has (self, sign, "0X"))
    rule = "JSON has no hexadecimal numbers; write it in decimal";
  else if (byte_at (self, sign) == '0'
           && g_ascii_isdigit ((char) MAX (byte_at (self, sign + 1), 0)))
    rule = "a number does not start with 0; remove the zero, or put it in double quotes";
  return fail (self, self->at, "%s%snot a number: %s", word != NULL ? word : "this", " is ", rule);
}

static const char *
advise_word (const char *word, size_t len)
{
  static const struct
  {
    const char *words;
    const char *advice;
  } rows[] = {
    { " true yes on ", "write true, without quotes and in lower case" },
    { " false no off ", "write false, without quotes and in lower case" },
    { " null none nil undefined ", "leave it out, or write null" },
    { " nan infinity inf ", "JSON has neither NaN nor infinity; leave it out, or write null" },
  };
  g_autofree char *copy = g_strndup (word, len);
  g_autofree char *lower = g_ascii_strdown (copy, -1);
  g_autofree char *spaced = g_strconcat (" ", lower, " ", NULL);
  for (size_t i = 0; i < G_N_ELEMENTS (rows); i++)
    if (strstr (rows[i].words, spaced) != NULL)
      return rows[i].advice;
  return "put texts in double quotes";
}

static gboolean
fail_value (Scan *self)
{
  if (!fail_anywhere (self))
    return FALSE;
  int c = byte_at (self, self->at);
  size_t len = word_length (self, self->at);
  g_autofree char *word = show_word (self, self->at);
  if (c == '+' || c == '.')
    return scan_number (self);
  if (len > 0)
    return fail (self, self->at, "%s is not a value of JSON: %s", word != NULL ? word : "this word",
                 advise_word (self->text + self->at, len));
  if ((c == ']' || c == '}') && self->text[self->token] == ',')
    return fail (self, self->token, "there is a comma before the closing ‘%c’; remove the comma",
                 c);
  if (c == ',' || c == ']' || c == '}')
    return fail (self, self->at, "a value is missing before this ‘%c’", c);
  return fail (self, self->at,
               "expected a value: a text in double quotes, a number, true, false, "
               "null, ‘{’ or ‘[’");
}

static gboolean
scan_literal (Scan *self)
{
  static const char *const words[] = { "true", "false", "null" };
  size_t len = word_length (self, self->at);
  for (size_t i = 0; i < G_N_ELEMENTS (words); i++)
    if (len == strlen (words[i]) && has (self, self->at, words[i]))
      {
        self->at += len;
        return TRUE;
      }
  return fail_value (self);
}

static void
close_bracket (Scan *self)
{
  g_array_set_size (self->open, self->open->len - 1);
  self->at++;
  self->expected = self->open->len > 0 ? EXPECT_COMMA : EXPECT_END;
}

static gboolean
scan_open (Scan *self, char bracket)
{
  if (self->open->len >= MAX_DEPTH)
    return fail (self, self->at, "the depth of nested objects and arrays is above the limit of %d",
                 MAX_DEPTH);
  g_array_append_val (self->open, self->at);
  self->at++;
  self->expected = bracket == '{' ? EXPECT_FIRST_KEY : EXPECT_FIRST_ELEMENT;
  return TRUE;
}

static gboolean
scan_value (Scan *self)
{
  int c = byte_at (self, self->at);
  if (c == ']' && self->expected == EXPECT_FIRST_ELEMENT)
    {
      close_bracket (self);
      return TRUE;
    }
  if (c == '{' || c == '[')
    {
      self->token = self->at;
      return scan_open (self, (char) c);
    }
  gboolean number = c == '-' || (c >= '0' && c <= '9');
  if (c == '"' || number || g_ascii_isalpha ((char) c))
    {
      size_t before = self->token;
      self->token = self->at;
      gboolean ok = c == '"' ? scan_string (self)
                    : number ? scan_number (self)
                             : scan_literal (self);
      self->token = ok ? self->token : before;
      self->expected = EXPECT_COMMA;
      return ok;
    }
  return fail_value (self);
}

static gboolean
scan_key (Scan *self)
{
  int c = byte_at (self, self->at);
  g_autofree char *word = show_word (self, self->at);
  if (c == '}' && self->expected == EXPECT_FIRST_KEY)
    {
      close_bracket (self);
      return TRUE;
    }
  if (c == '"')
    {
      self->token = self->at;
      self->expected = EXPECT_COLON;
      return scan_string (self);
    }
  if (!fail_anywhere (self))
    return FALSE;
  if (c == '}')
    return fail (self, self->token, "there is a comma before the closing ‘}’; remove the comma");
  if (c == ',')
    return fail (self, self->at, "there is a comma too many; remove it");
  if (word_length (self, self->at) > 0)
    return fail (self, self->at, "the key %s is without quotes; put keys in double quotes",
                 word != NULL ? word : "here");
  return fail (self, self->at, "expected a key in double quotes, or ‘}’");
}

static gboolean
scan_colon (Scan *self)
{
  if (byte_at (self, self->at) == ':')
    {
      self->token = self->at++;
      self->expected = EXPECT_VALUE;
      return TRUE;
    }
  if (!fail_anywhere (self))
    return FALSE;
  return fail (self, self->end, "after a key comes ‘:’ and its value%s",
               byte_at (self, self->at) == '=' ? "; write ‘:’ and not ‘=’" : "");
}

static gboolean
scan_comma (Scan *self)
{
  int c = byte_at (self, self->at);
  gboolean object = in_object (self);
  if (c == (object ? '}' : ']'))
    {
      self->token = self->at;
      close_bracket (self);
      return TRUE;
    }
  if (c == ',')
    {
      self->token = self->at++;
      self->expected = object ? EXPECT_KEY : EXPECT_VALUE;
      return TRUE;
    }
  if (!fail_anywhere (self))
    return FALSE;
  if (c == ']' || c == '}')
    return fail (self, self->at, "‘%c’ cannot close the ‘%c’ of line %zu; expected ‘,’ or ‘%c’", c,
                 object ? '{' : '[', line_of (self, innermost (self)), object ? '}' : ']');
  if (c == ':' && !object)
    return fail (self, self->at, "an array has no keys; put keys and values in ‘{’ and ‘}’");
  if (self->at == self->end && self->text[self->end - 1] == '"')
    return fail (self, self->at, "the text ends before this; write a quote inside a text as \\\"");
  return fail (self, self->end, "a comma is missing after this value");
}

static gboolean
scan_token (Scan *self)
{
  switch (self->expected)
    {
    case EXPECT_FIRST_KEY:
    case EXPECT_KEY:
      return scan_key (self);
    case EXPECT_COLON:
      return scan_colon (self);
    case EXPECT_COMMA:
      return scan_comma (self);
    case EXPECT_END:
      return fail_anywhere (self)
             && fail (self, self->at,
                      "there is more after the end of the document; remove it, or "
                      "look for a bracket that closes too early");
    case EXPECT_ROOT:
    case EXPECT_VALUE:
    case EXPECT_FIRST_ELEMENT:
    default:
      return scan_value (self);
    }
}

static gboolean
scan_root (Scan *self)
{
  int c = byte_at (self, self->at);
  if (c == '{' || c == '[')
    return scan_token (self);
  return fail_anywhere (self)
         && fail (self, self->at, "a document starts with ‘{’ or ‘[’, and not with this");
}

void
oci_json_scan (const char *text, size_t size, gboolean quote, OciJsonFault *out_fault)
{
  g_autoptr (GArray) open = g_array_new (FALSE, FALSE, sizeof (size_t));
  Scan self = { .text = text, .size = size, .quote = quote, .open = open, .fault = out_fault };
  *out_fault = (OciJsonFault){ .offset = 0 };
  const char *format = oci_json_other_format (text, size, &out_fault->offset);
  gboolean ok = format == NULL || fail (&self, out_fault->offset, "%s", format);
  while (ok)
    {
      self.at = skip_space (&self, self.at);
      if (self.at >= size)
        {
          if (self.expected != EXPECT_END)
            (void) fail_end (&self);
          break;
        }
      ok = self.expected == EXPECT_ROOT ? scan_root (&self) : scan_token (&self);
      self.end = self.at;
    }
  out_fault->token = self.token;
}

void
oci_json_fault_clear (OciJsonFault *self)
{
  g_clear_pointer (&self->message, g_free);
}
