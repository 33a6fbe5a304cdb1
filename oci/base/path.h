/* Untrusted paths: archive members, link targets, prefixes. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

enum
{
  OCI_PATH_MAX = 4095,     /* PATH_MAX without the NUL */
  OCI_NAME_MAX_BYTES = 255 /* NAME_MAX */
};

/**
 * oci_path_normalise:
 * @raw: a path as written in an archive or a profile
 * @out_path: (out) (transfer full): relative path without ".", empty components or a slash at
 *   either end; "" for the root itself
 *
 * Refuses what could lead outside: absolute paths, "..", names over NAME_MAX, paths over PATH_MAX,
 * and bytes that are not UTF-8 (neither ostree nor pax can hold those).
 *
 * Errors: %OCI_ERROR_FORMAT, %OCI_ERROR_UNSUPPORTED, %OCI_ERROR_LIMIT.
 */
gboolean oci_path_normalise (const char *raw, char **out_path, GError **error);

/** Like oci_path_normalise(), for entries of layers: a leading slash means the root of the layer,
 * and names may be any bytes, as in the file system that they come from. Errors:
 * %OCI_ERROR_FORMAT, %OCI_ERROR_LIMIT. */
gboolean oci_path_normalise_bytes (const char *raw, char **out_path, GError **error);

/**
 * oci_path_resolve_link:
 * @link_path: normalised path of a symbolic link
 * @target: its target
 *
 * Resolves the target textually, as seen from the root of the tree.
 *
 * Returns: (transfer full) (nullable): the normalised path it names, or %NULL when ".." climbs
 *   above the root
 */
char *oci_path_resolve_link (const char *link_path, const char *target);

/** Whether normalised @path is @prefix or is below it; every path is below "". */
gboolean oci_path_is_below (const char *path, const char *prefix);

/** Joins two normalised paths; either may be "". Returns: (transfer full) */
char *oci_path_join (const char *a, const char *b);

G_END_DECLS
