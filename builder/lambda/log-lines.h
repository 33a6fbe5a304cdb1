/* AWS's runtime client for Python writes an error with its traceback as one line: carriage returns
 * stand between its parts, and no-break spaces indent them. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* All zero at the start. */
typedef struct
{
  guint prefix;      /* how much of "[ERROR] " the line begins with; G_MAXUINT: another line */
  gboolean error;    /* since such a line, until the end of one with parts */
  gboolean parts;    /* there was one */
  gboolean returned; /* the last byte was a carriage return that became the end of a line */
  gboolean indent;   /* at the beginning of a part */
  gboolean held;     /* the first byte of what may be a no-break space */
} TerraneLogLines;

/** Appends to @out what the bytes are as lines; everything else stays as it is. */
void terrane_log_lines_take (TerraneLogLines *self, const char *bytes, size_t len, GString *out);

G_END_DECLS
