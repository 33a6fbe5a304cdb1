/* Filters of system calls that a program in the sandbox may not make although it has the rights for
 * them. */
#pragma once

#include "oci/base/fd.h"

G_BEGIN_DECLS

/**
 * terrane_seccomp_make:
 * @host_files: the program can write to files of the host, which must not get the bits of
 *   set-user-ID or set-group-ID: executing such a file would give the rights of terrane's user
 * @neutral: also hides the number of processors
 * @out_fd: (out): a file in memory with the filter, for bubblewrap's --seccomp
 *
 * docs/sandbox.md has the list, and the reasons.
 *
 * Errors: %OCI_ERROR_UNSUPPORTED, %OCI_ERROR_IO.
 */
gboolean terrane_seccomp_make (gboolean host_files, gboolean neutral, OciFd *out_fd,
                               GError **error);

/** Likewise, for a program of the host that needs neither sockets nor other processes nor
 * attributes of files. @out_filter: (out) (transfer full): instructions for seccomp(2). Errors:
 * %OCI_ERROR_UNSUPPORTED, %OCI_ERROR_IO. */
gboolean terrane_seccomp_make_confined (GBytes **out_filter, GError **error);

G_END_DECLS
