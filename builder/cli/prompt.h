/* Asks the user on the terminal itself, since standard input and output may be pipes. */
#pragma once

#include "oci/base/error.h"

G_BEGIN_DECLS

enum
{
  TERRANE_PROMPT_MAX_BYTES = 4095, /* the longest line that Linux terminals transfer */
};

/**
 * terrane_prompt:
 * @question: printed before the answer, such as "Password: "
 * @hidden: whether to hide the answer
 *
 * Reads a line from /dev/tty. The terminal's settings are restored before a signal ends or stops
 * the process; after a stop the question is asked again.
 *
 * Returns: (transfer full): the answer without its newline, to be freed with oci_secret_free()
 * Errors: %OCI_ERROR_USAGE if there is no terminal, or no answer; %OCI_ERROR_IO.
 */
char *terrane_prompt (const char *question, gboolean hidden, GError **error);

G_END_DECLS
