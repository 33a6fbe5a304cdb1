/* Explains messages of failed imports or operations: messages that name the wrong cause are
 * interpreted with the help of the image's files. */
#pragma once

#include <jansson.h>
#include <stdint.h>

#include <glib.h>

G_BEGIN_DECLS

typedef struct
{
  int root;                 /* directory descriptor of the image's file system */
  const char *const *env;   /* (nullable): the image's */
  const char *architecture; /* "amd64" or "arm64" */
  uint64_t tmp_bytes;       /* size of /tmp; 0: Lambda's default */
} TerraneExplainContext;

/**
 * terrane_explain:
 * @message: of what failed
 * @output: (nullable): its output; the message has precedence over its last traceback, and that
 *   over the whole output
 * @facts: (nullable): what the process reported about itself, such as "module" and "package_path"
 *
 * Examines only names and first bytes of files inside the image.
 *
 * Returns: (transfer full) (nullable): %NULL if there is no explanation
 */
char *terrane_explain (const TerraneExplainContext *context, const char *message,
                       const char *output, const json_t *facts);

G_END_DECLS
