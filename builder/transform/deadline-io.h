/* Bytes through a socket until a moment: a peer that sends one at a time gains nothing. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef enum
{
  TERRANE_IO_DONE,
  TERRANE_IO_ENDED,   /* the peer has gone */
  TERRANE_IO_TOO_LATE /* not all went through until the deadline */
} TerraneIoResult;

/** @fd: a socket. @deadline: monotonic */
TerraneIoResult terrane_deadline_send (int fd, const void *data, size_t len, gint64 deadline);
TerraneIoResult terrane_deadline_receive (int fd, void *data, size_t len, gint64 deadline);

G_END_DECLS
