/* Output to the user: progress and messages on stderr, results on stdout. */
#pragma once

#include "builder/cli/style.h"
#include "builder/progress.h"

#include <jansson.h>

G_BEGIN_DECLS

typedef struct
{
  gboolean quiet;
  gboolean verbose;
  gboolean json;
} TerraneOutput;

typedef struct _TerraneTerminal TerraneTerminal;

/** Makes a display for stderr: live on a terminal, with a line for each concurrent activity; plain
 * lines every few seconds otherwise and for TERM=dumb. Output of jobs is dimmed if there are
 * colours. Returns: (transfer full) */
TerraneTerminal *terrane_terminal_new (const TerraneOutput *output);
/** Ends the live line. */
void terrane_terminal_free (TerraneTerminal *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (TerraneTerminal, terrane_terminal_free)

/** Returns: (transfer none): callbacks that draw on @self; valid as long as it */
const TerraneProgress *terrane_terminal_progress (TerraneTerminal *self);

/** Ends the current phase, so that other output can be written. */
void terrane_terminal_finish_phase (TerraneTerminal *self);

/** Prints "terrane: MESSAGE" on stderr, each line of it; "warning:" at its start is yellow. */
void terrane_print_error (const char *message);

/** Prints the message that ends the command likewise, its first line in red. */
void terrane_print_failure (const char *message);

/** Prints text on stdout, in a colour if there are colours. */
void terrane_print_colored (TerraneColor color, const char *text);

/** Returns: (transfer full): text without anything that would mislead a reader (oci/base/text.h),
 * except line breaks and tabs */
char *terrane_harmless_text (const char *text);

/** Returns: (transfer full): likewise, without line breaks and tabs: for a name or a cell */
char *terrane_harmless_line (const char *text);

/** Prints text of the result on stdout. */
void terrane_print (const char *format, ...) G_GNUC_PRINTF (1, 2);

/** Sets the one JSON document of the command, which terrane_print_result() prints. @value:
 * (transfer full) */
void terrane_print_json (json_t *value);

/** Returns: (transfer full): {"code", "exit_code", "message"} */
json_t *terrane_error_to_json (const GError *error);

/**
 * terrane_print_result:
 * @failure: (nullable): from terrane_error_to_json(): becomes the member "error" of the command's
 *   document, or a document of its own if the command has none
 *
 * Prints the document on stdout, if there is one and none was printed before.
 */
void terrane_print_result (json_t *failure);

/** Whether all output on stdout was written: a full disk must not look like success. Errors:
 * %OCI_ERROR_IO. */
gboolean terrane_print_flush (GError **error);

G_END_DECLS
