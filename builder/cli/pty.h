/* A separate terminal for a program in the sandbox, shown on the user's: with access to the user's,
 * it could push characters into its input (TIOCSTI), which the user's shell would then execute. */
#pragma once

#include "oci/base/fd.h"

#include <termios.h>

G_BEGIN_DECLS

typedef struct
{
  OciFd master;
  OciFd slave;
  OciFd stop;     /* one end of a pipe, whose closing ends the relay */
  GThread *relay; /* (nullable) */
  struct termios saved;
} TerranePty;

#define TERRANE_PTY_INIT                                                                           \
  {                                                                                                \
    .master = -1, .slave = -1, .stop = -1                                                          \
  }

/** Makes a terminal with the size of the user's, which is @like. Errors: %OCI_ERROR_IO. */
gboolean terrane_pty_open (TerranePty *self, int like, GError **error);

/** Sets the user's terminal to raw mode and starts a thread that relays bytes and sizes. Errors:
 * %OCI_ERROR_IO. */
gboolean terrane_pty_relay (TerranePty *self, GError **error);

/** Shows the remaining output, and restores the mode of the user's terminal. */
void terrane_pty_clear (TerranePty *self);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (TerranePty, terrane_pty_clear)

G_END_DECLS
