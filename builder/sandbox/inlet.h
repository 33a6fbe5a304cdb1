/* Access to a sandbox without a network: sockets on its loopback, held by this process. */
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
 *
 * Errors: %OCI_ERROR_IO.
 */
gboolean terrane_inlet_open (pid_t pid, unsigned port, OciFd *out_fd, GError **error);

/**
 * terrane_inlet_socket:
 * Makes a TCP socket in a namespace. @pid: 0 for a namespace that belongs to this process.
 * @out_fd: (out): not connected: connecting it reaches servers on the loopback of the namespace
 *
 * Errors: %OCI_ERROR_IO.
 */
gboolean terrane_inlet_socket (pid_t pid, OciFd *out_fd, GError **error);

/** Makes a socket that listens on a free port of this machine's loopback, for a sandbox with this
 * network. Errors: %OCI_ERROR_IO. */
gboolean terrane_inlet_open_here (OciFd *out_fd, unsigned *out_port, GError **error);

G_END_DECLS
