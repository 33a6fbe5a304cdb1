/* What the user sees: progress and messages on stderr, results on stdout. */
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

/** A display for stderr: live on a terminal, with a line for each thing that goes on at the same
 * time; plain lines every few seconds elsewhere and for TERM=dumb. What jobs print is dimmed where
 * there are colours. */
TerraneTerminal *terrane_terminal_new (const TerraneOutput *output);
/** Ends the live line. */
void terrane_terminal_free (TerraneTerminal *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (TerraneTerminal, terrane_terminal_free)

/** Callbacks that draw on @self; valid as long as it. Returns: (transfer none) */
const TerraneProgress *terrane_terminal_progress (TerraneTerminal *self);

/** Ends the current phase, so that something else can be written. */
void terrane_terminal_finish_phase (TerraneTerminal *self);

/** Prints "terrane: MESSAGE" on stderr, each line of it; "warning:" at its start is yellow. */
void terrane_print_error (const char *message);

/** The same for what ends the command: its first line is red. */
void terrane_print_failure (const char *message);

/** Prints text on stdout, in a colour where there are colours. */
void terrane_print_colored (TerraneColor color, const char *text);

/** Text in which nothing misleads a reader (oci/base/text.h) but line breaks and tabs. Returns:
 * (transfer full) */
char *terrane_harmless_text (const char *text);

/** The same without those: a name, a cell. Returns: (transfer full) */
char *terrane_harmless_line (const char *text);

/** Prints text on stdout, the result. */
void terrane_print (const char *format, ...) G_GNUC_PRINTF (1, 2);

/** Takes the one JSON document of the command, which terrane_print_result() prints. */
void terrane_print_json (json_t *value);

/** {"code", "exit_code", "message"}. Returns: (transfer full) */
json_t *terrane_error_to_json (const GError *error);

/**
 * terrane_print_result:
 * @failure: (nullable): of terrane_error_to_json(): becomes the member "error" of the
 * document that was taken, or is a document of its own where the command had none
 *
 * Prints the document on stdout, when there is one and none was printed before.
 */
void terrane_print_result (json_t *failure);

/** Whether everything printed on stdout has arrived: a full disk must not look like success. */
gboolean terrane_print_flush (GError **error);

G_END_DECLS
