#include "oci/base/text.h"

#include <string.h>

typedef struct
{
  gunichar first, last;
} Range;

/* Default_Ignorable_Code_Point of DerivedCoreProperties.txt, except category Cf; and U+2800, a
 * letter without ink. */
static const Range invisible[] = {
  { 0x034F, 0x034F }, { 0x115F, 0x1160 }, { 0x17B4, 0x17B5 },   { 0x180B, 0x180F },
  { 0x2060, 0x206F }, { 0x2800, 0x2800 }, { 0x3164, 0x3164 },   { 0xFE00, 0xFE0F },
  { 0xFFA0, 0xFFA0 }, { 0xFFF0, 0xFFF8 }, { 0xE0000, 0xE0FFF },
};

gboolean
oci_unichar_misleads (gunichar character)
{
  if (character < 0x7F)
    return character < ' ';
  switch (g_unichar_type (character))
    {
    case G_UNICODE_CONTROL:
    case G_UNICODE_FORMAT:
    case G_UNICODE_LINE_SEPARATOR:
    case G_UNICODE_PARAGRAPH_SEPARATOR:
    case G_UNICODE_SURROGATE:
      return TRUE;
    default:
      break;
    }
  for (size_t i = 0; i < G_N_ELEMENTS (invisible); i++)
    if (character >= invisible[i].first && character <= invisible[i].last)
      return TRUE;
  return FALSE;
}

char *
oci_next_line (char **at)
{
  char *line = *at, *end = line;
  if (line == NULL)
    return NULL;
  /* Not with strchr(): if sanitizers check strings strictly, it reads the whole rest each time. */
  while (*end != '\0' && *end != '\n')
    end++;
  *at = *end != '\0' ? end + 1 : NULL;
  *end = '\0';
  return line;
}
