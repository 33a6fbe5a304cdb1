#include "oci/base/json-fault.h"
#include "oci/base/json-scan.h"
#include "oci/base/redact.h"
#include "oci/base/text.h"

#include <string.h>

enum
{
  SHOWN_BEFORE = 50, /* characters of the line, before the fault and after it */
  SHOWN_AFTER = 26,
};

/* The line of a fault. */
typedef struct
{
  const char *start, *at, *end;
  size_t number;
} Line;

static Line
find_line (const char *text, size_t size, size_t offset)
{
  Line line = { .start = text, .at = text + offset, .number = 1 };
  for (const char *p = text; p < line.at; p++)
    if (*p == '\n')
      {
        line.start = p + 1;
        line.number++;
      }
  const char *end = memchr (line.at, '\n', size - offset);
  line.end = end != NULL ? end : text + size;
  return line;
}

/* A byte that does not start a character counts as one. */
static const char *
next_character (const char *p, const char *end, gunichar *out_character)
{
  *out_character = g_utf8_get_char_validated (p, end - p);
  if (*out_character == (gunichar) -1 || *out_character == (gunichar) -2)
    {
      *out_character = (gunichar) -1;
      return p + 1;
    }
  return p + g_unichar_to_utf8 (*out_character, NULL);
}

static size_t
count_characters (const char *start, const char *end)
{
  size_t count = 0;
  for (gunichar c; start < end; count++)
    start = next_character (start, end, &c);
  return count;
}

/* Returns: the columns that it takes */
static size_t
append_character (GString *text, const char *bytes, gunichar c)
{
  size_t before = text->len;
  if (c == '\t')
    g_string_append_c (text, ' ');
  else if (c == (gunichar) -1)
    g_string_append_printf (text, "\\x%02x", (unsigned char) *bytes);
  else if (oci_unichar_misleads (c))
    g_string_append_printf (text, c < 0x80 ? "\\x%02x" : "\\u%04x", c);
  else
    {
      g_string_append_unichar (text, c);
      return g_unichar_iszerowidth (c) ? 0 : g_unichar_iswide (c) ? 2 : 1;
    }
  return text->len - before;
}

static size_t
append_characters (GString *text, const char *start, const char *end, size_t skip, size_t max)
{
  size_t columns = 0, count = 0;
  for (gunichar c; start < end && count < skip + max; count++)
    {
      const char *next = next_character (start, end, &c);
      if (count >= skip)
        columns += append_character (text, start, c);
      start = next;
    }
  return columns;
}

/* The line below the message, and a mark below the fault. */
static void
append_line (GString *message, const Line *line)
{
  g_autofree char *whole = g_strndup (line->start, (size_t) (line->end - line->start));
  g_autofree char *harmless = oci_redact (whole);
  if (whole[0] == '\0' || strcmp (harmless, whole) != 0) /* it contains a secret of this process */
    return;
  size_t before = count_characters (line->start, line->at);
  size_t skip = before > SHOWN_BEFORE ? before - SHOWN_BEFORE : 0;
  const char *end = line->end;
  while (end > line->at && (end[-1] == '\r' || end[-1] == ' '))
    end--;
  g_string_append_printf (message, "\n    %s", skip > 0 ? "…" : "");
  size_t columns = append_characters (message, line->start, line->at, skip, SHOWN_BEFORE);
  (void) append_characters (message, line->at, end, 0, SHOWN_AFTER);
  if (count_characters (line->at, end) > SHOWN_AFTER)
    g_string_append (message, "…");
  g_string_append_printf (message, "\n    %*s^", (int) (columns + (skip > 0 ? 1 : 0)), "");
}

/* Describes faults that only jansson finds. Returns: "FAULT; ADVICE" */
static const char *
translate (const json_error_t *refusal, gboolean quote)
{
  switch (json_error_code (refusal))
    {
    case json_error_duplicate_key:
      return "this key is there twice in the same object; remove one of them";
    case json_error_numeric_overflow:
      return "this number is too large: integers have up to 63 bits, other numbers are below "
             "1.8e308";
    case json_error_stack_overflow:
      return "the depth of nested objects and arrays is above the limit";
    default:
      return quote ? refusal->text : "this is not JSON"; /* its text repeats words */
    }
}

char *
oci_json_describe_fault (const char *text, size_t size, const json_error_t *refusal, gboolean quote)
{
  g_auto (OciJsonFault) fault = { .offset = 0 };
  oci_json_scan (text, size, quote, &fault);
  if (fault.message == NULL && refusal == NULL)
    return NULL;
  if (fault.message == NULL)
    {
      /* jansson's position is after the token that it refuses. */
      size_t end = refusal->position > 0 ? MIN ((size_t) refusal->position, size) : 0;
      oci_json_scan (text, end, FALSE, &fault);
      oci_json_fault_clear (&fault);
      fault.offset = fault.token;
      fault.message = g_strdup (translate (refusal, quote));
    }
  Line line = find_line (text, size, fault.offset);
  GString *message = g_string_new (NULL);
  g_string_append_printf (message, "%zu:%zu: %s", line.number,
                          count_characters (line.start, line.at) + 1, fault.message);
  if (quote)
    append_line (message, &line);
  return g_string_free (message, FALSE);
}
