/* Sends and receives bytes through a socket until a deadline, which a peer cannot extend by sending
 * one byte at a time. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef enum
{
  TERRANE_IO_DONE,
  TERRANE_IO_ENDED,   /* the peer closed the connection */
  TERRANE_IO_TOO_LATE /* not all bytes were transferred before the deadline */
} TerraneIoResult;

/** Sends all @len bytes. @fd: a socket. @deadline: monotonic */
TerraneIoResult terrane_deadline_send (int fd, const void *data, size_t len, gint64 deadline);
/** Receives exactly @len bytes. @fd: a socket. @deadline: monotonic */
TerraneIoResult terrane_deadline_receive (int fd, void *data, size_t len, gint64 deadline);

G_END_DECLS
