#include "oci/base/json-format.h"

#include <string.h>

#define INSTEAD                                                                                    \
  ", and JSON is expected: objects in { }, lists in [ ], keys and texts in double quotes"

typedef struct
{
  const char *text;
  size_t size;
} Text;

static char
byte_at (const Text *self, size_t offset)
{
  if (offset >= self->size)
    return '\0';
  return self->text[offset];
}

static gboolean
has (const Text *self, size_t offset, const char *start)
{
  size_t len = strlen (start);
  return offset <= self->size && self->size - offset >= len
         && memcmp (self->text + offset, start, len) == 0;
}

/* @set: characters, without NUL. Returns: the offset of the first that is not in it */
static size_t
skip (const Text *self, size_t offset, const char *set)
{
  while (offset < self->size && self->text[offset] != '\0'
         && strchr (set, self->text[offset]) != NULL)
    offset++;
  return offset;
}

/* The name of a YAML key or a TOML table. */
static size_t
skip_word (const Text *self, size_t offset)
{
  while (g_ascii_isalnum (byte_at (self, offset))
         || (byte_at (self, offset) != '\0' && strchr ("_.-", byte_at (self, offset)) != NULL))
    offset++;
  return offset;
}

/* Spaces, empty lines and comments that start with #. */
static size_t
skip_comments (const Text *self)
{
  size_t offset = skip (self, 0, " \t\r\n");
  while (byte_at (self, offset) == '#')
    {
      while (offset < self->size && self->text[offset] != '\n')
        offset++;
      offset = skip (self, offset, " \t\r\n");
    }
  return offset;
}

/* "name: x", "name = x". */
static gboolean
assigns (const Text *self, size_t offset, char sign)
{
  size_t end = skip_word (self, offset);
  return end > offset && byte_at (self, skip (self, end, " ")) == sign;
}

/* "[table]" alone on its line, and "name = value" on the next. */
static gboolean
is_table (const Text *self, size_t offset)
{
  size_t start = skip (self, offset, "[");
  size_t end = skip_word (self, start);
  size_t after = skip (self, end, "]");
  return start > offset && end > start && after > end && byte_at (self, after) == '\n'
         && assigns (self, skip (self, after, " \t\r\n"), '=');
}

/* RFC 4627, 3: every other byte of ASCII is zero. */
static gboolean
is_utf16 (const Text *self)
{
  const char *text = self->text;
  if (has (self, 0, "\xFF\xFE") || has (self, 0, "\xFE\xFF"))
    return TRUE;
  return self->size >= 4
         && ((text[0] == '\0' && text[1] != '\0' && text[2] == '\0' && text[3] != '\0')
             || (text[0] != '\0' && text[1] == '\0' && text[2] != '\0' && text[3] == '\0'));
}

const char *
oci_json_other_format (const char *text, size_t size, size_t *out_offset)
{
  const Text self = { .text = text, .size = size };
  *out_offset = 0;
  if (is_utf16 (&self))
    return "this is not UTF-8 but UTF-16; save the file as UTF-8";
  if (has (&self, 0, "\xEF\xBB\xBF"))
    return "there is a byte order mark (U+FEFF) at the start; save the file as UTF-8 without one";
  if (has (&self, 0, "PK\3\4") || has (&self, 0, "\x1F\x8B")
      || has (&self, 0,
              "\x7F"
              "ELF"))
    return "this is a program, an archive or a compressed file, not JSON";
  size_t start = skip_comments (&self);
  *out_offset = start;
  if (has (&self, start, "---") || has (&self, start, "%YAML") || has (&self, start, "- ")
      || assigns (&self, start, ':'))
    return "this looks like YAML" INSTEAD;
  if (is_table (&self, start) || assigns (&self, start, '='))
    return "this looks like TOML" INSTEAD;
  if (has (&self, start, "<") && !has (&self, start, "<<"))
    return "this is HTML or XML, not JSON";
  return NULL;
}
