/* A file or directory of the host that a program in the sandbox has as well: --mount. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef struct
{
  char *host; /* as written; from terrane_host_mounts_check() on an absolute path without links */
  char *path; /* in the image: absolute, without ".", ".." and a slash at its end */
  gboolean writable;
  gboolean directory; /* from terrane_host_mounts_check() on */
  gboolean own;       /* terrane's own, which gives way: to --mount, and where there is no place */
} TerraneHostMount;

/** Whether @path is @directory or below it; both are absolute. */
gboolean terrane_host_mount_is_within (const char *path, const char *directory);

/** What of the sandbox itself @path is in, such as "/proc". Returns: (nullable) */
const char *terrane_host_mount_taken (const char *path);

void terrane_host_mount_free (gpointer data);

/**
 * terrane_host_mount_parse:
 * @text: "HOST:PATH", with ":ro" or ":rw" after it
 *
 * Only looks at the words. Colons belong to HOST.
 *
 * Returns: (transfer full) (nullable): %OCI_ERROR_USAGE
 */
TerraneHostMount *terrane_host_mount_parse (const char *text, GError **error);

/** @host, @path: see TerraneHostMount. Returns: (transfer full) */
TerraneHostMount *terrane_host_mount_new (const char *host, const char *path);

/**
 * terrane_host_mounts_check:
 * @mounts: (element-type TerraneHostMount): their hosts become absolute
 * @store: (nullable): directory of the store, in which a program must not write
 *
 * Looks at the host: whether all of them are there, and that none is a way out of the sandbox.
 */
gboolean terrane_host_mounts_check (GPtrArray *mounts, const char *store, GError **error);

G_END_DECLS
