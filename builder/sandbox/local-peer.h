/* Who is at the other end of a connection over this machine's loopback: a program of a sandbox that
 * has this network, or anybody else. */
#pragma once

#include <glib.h>
#include <sys/socket.h>
#include <sys/types.h>

G_BEGIN_DECLS

typedef struct _TerraneLocalPeer TerraneLocalPeer;

/** @init: process 1 of the sandbox. @tree: there is no sandbox, only what descends from @init.
 * @port: what the connections were made to */
TerraneLocalPeer *terrane_local_peer_new (pid_t init, gboolean tree, unsigned port);
void terrane_local_peer_free (TerraneLocalPeer *self);

/** Whether a program in the sandbox holds the other end of a connection that comes from @peer. By
 * one thread at a time. */
gboolean terrane_local_peer_is_inside (TerraneLocalPeer *self, const struct sockaddr *peer);

/** The inode of the socket with these ends in a text as of /proc/net/tcp or tcp6, 0 when it has
 * none. Ends are IPv4, in network order. */
guint64 terrane_local_peer_find_inode (const char *table, guint32 address, guint16 port,
                                       guint32 other_address, guint16 other_port);

G_END_DECLS
