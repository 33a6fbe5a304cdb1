/* What a message of a failed import or operation means in this image: messages that name the wrong
 * cause, translated, with what the image's files say. */
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
 * @output: (nullable): what it printed; the message counts before its last traceback, and that
 * before all of it
 * @facts: (nullable): what the process said about itself, such as "module" and "package_path"
 *
 * Looks only at names and first bytes of files inside the image.
 *
 * Returns: (transfer full) (nullable): NULL when nothing is known about it
 */
char *terrane_explain (const TerraneExplainContext *context, const char *message,
                       const char *output, const json_t *facts);

G_END_DECLS
