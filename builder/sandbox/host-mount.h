/* A file or directory of the host that a program in the sandbox can see: --mount. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef struct
{
  char *host; /* as written; an absolute path without links after terrane_host_mounts_check() */
  char *path; /* in the image: absolute, without ".", ".." and a trailing slash */
  gboolean writable;
  gboolean directory; /* set by terrane_host_mounts_check() */
  gboolean own; /* terrane's own, which is omitted if it conflicts with --mount or has no place */
} TerraneHostMount;

/** Whether @path is @directory or below it; both are absolute. */
gboolean terrane_host_mount_is_within (const char *path, const char *directory);

/** Returns: (transfer none) (nullable): directory of the sandbox itself that contains @path, such
 * as "/proc" */
const char *terrane_host_mount_taken (const char *path);

void terrane_host_mount_free (gpointer data);

/**
 * terrane_host_mount_parse:
 * @text: "HOST:PATH", optionally followed by ":ro" or ":rw"
 *
 * Only parses the text. Further colons belong to HOST.
 *
 * Returns: (transfer full)
 * Errors: %OCI_ERROR_USAGE.
 */
TerraneHostMount *terrane_host_mount_parse (const char *text, GError **error);

/** Makes a read-only mount. @host, @path: see TerraneHostMount. Returns: (transfer full) */
TerraneHostMount *terrane_host_mount_new (const char *host, const char *path);

/**
 * terrane_host_mounts_check:
 * @mounts: (element-type TerraneHostMount): their hosts become absolute
 * @store: (nullable): directory of the store, which a program must not write to
 *
 * Checks on the host that all of them exist, and that none is a way out of the sandbox.
 *
 * Errors: %OCI_ERROR_USAGE, %OCI_ERROR_FORMAT, %OCI_ERROR_NOT_FOUND, %OCI_ERROR_IO.
 */
gboolean terrane_host_mounts_check (GPtrArray *mounts, const char *store, GError **error);

G_END_DECLS
