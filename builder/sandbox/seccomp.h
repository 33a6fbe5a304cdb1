/* What a program in the sandbox may not ask of the kernel, besides what it lacks the rights for. */
#pragma once

#include "oci/base/fd.h"

G_BEGIN_DECLS

/**
 * terrane_seccomp_make:
 * @host_files: the program can write to files of the host, which must not get the bits of
 *   set-user-ID or set-group-ID: whoever executes such a file becomes the user of terrane
 * @neutral: how many processors there are cannot be asked, either
 * @out_fd: (out): of a file in memory that holds the filter, as bubblewrap's --seccomp wants it
 *
 * docs/sandbox.md has the list, and why.
 */
gboolean terrane_seccomp_make (gboolean host_files, gboolean neutral, OciFd *out_fd,
                               GError **error);

/** The same for a program of the host that needs neither sockets nor other processes nor attributes
 * of files. @out_filter: (out) (transfer full): instructions for seccomp(2) */
gboolean terrane_seccomp_make_confined (GBytes **out_filter, GError **error);

G_END_DECLS
