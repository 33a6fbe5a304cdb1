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

/**
 * terrane_inlet_connect:
 * @out_fd: (out): connected to whoever listens on @port in there, non-blocking
 *
 * Tries once. %OCI_ERROR_NOT_FOUND: nobody listens
 */
gboolean terrane_inlet_connect (pid_t pid, unsigned port, OciFd *out_fd, GError **error);

G_END_DECLS
