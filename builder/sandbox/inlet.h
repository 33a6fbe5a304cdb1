/* A way into a sandbox that has no network: a socket on its loopback that this process serves. */
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

G_END_DECLS
