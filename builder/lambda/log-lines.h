/* Splits errors of AWS's runtime client for Python, which writes an error with its traceback as one
 * line: carriage returns separate its parts, and no-break spaces indent them. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Initialised with zeros. */
typedef struct
{
  guint prefix;   /* how much of "[ERROR] " the line begins with; G_MAXUINT: it is another line */
  gboolean error; /* from such a line until the end of one with parts */
  gboolean parts; /* there was one part */
  gboolean
      returned;    /* the last byte was a carriage return that was converted to the end of a line */
  gboolean indent; /* at the beginning of a part */
  gboolean held;   /* the first byte of a possible no-break space */
} TerraneLogLines;

/** Appends the bytes to @out as lines; everything else is unchanged. */
void terrane_log_lines_take (TerraneLogLines *self, const char *bytes, size_t len, GString *out);

G_END_DECLS
