/* Identifies the process at the other end of a connection over this machine's loopback: a program
 * of a sandbox with this network, or any other. */
#pragma once

#include <glib.h>
#include <sys/socket.h>
#include <sys/types.h>

G_BEGIN_DECLS

typedef struct _TerraneLocalPeer TerraneLocalPeer;

/**
 * terrane_local_peer_new:
 * @init: process 1 of the sandbox. @tree: there is no sandbox, only descendants of @init. @port:
 *   that the connections were made to. Returns: (transfer full)
 */
TerraneLocalPeer *terrane_local_peer_new (pid_t init, gboolean tree, unsigned port);
void terrane_local_peer_free (TerraneLocalPeer *self);

/** Whether a program in the sandbox has the other end of a connection from @peer. For one thread at
 * a time. */
gboolean terrane_local_peer_is_inside (TerraneLocalPeer *self, const struct sockaddr *peer);

/** Finds the inode of the socket with these ends in the text of /proc/net/tcp or tcp6; 0 if there
 * is none. Ends are IPv4, in network order. */
guint64 terrane_local_peer_find_inode (const char *table, guint32 address, guint16 port,
                                       guint32 other_address, guint16 other_port);

G_END_DECLS
