/* A way into a sandbox that has no network: sockets on its loopback that this process has. */
#pragma once

#include "oci/base/fd.h"

G_BEGIN_DECLS

/**
 * terrane_inlet_open:
 * @pid: a process in the network namespace, which belongs to this user
 * @port: of 127.0.0.1 in there
 * @out_fd: (out): a listening socket
 *
 * Waits up to some seconds for the namespace's loopback to come up.
 */
gboolean terrane_inlet_open (pid_t pid, unsigned port, OciFd *out_fd, GError **error);

/** @pid: 0 for a namespace that is this process's own. @out_fd: (out): a TCP socket in there, not
 * connected: connecting it reaches what listens on the loopback of the namespace */
gboolean terrane_inlet_socket (pid_t pid, OciFd *out_fd, GError **error);

/** A socket that listens on a free port of this machine's loopback: for a sandbox with this
 * network.
 */
gboolean terrane_inlet_open_here (OciFd *out_fd, unsigned *out_port, GError **error);

G_END_DECLS
