/* Merges trees into the image's file system, and computes what each layer must contain for it. */
#pragma once

#include "builder/profile/profile.h"
#include "builder/store/tree.h"

G_BEGIN_DECLS

/**
 * terrane_assemble:
 * @assembled: the file system so far; the tree is added to it
 * @tree: (transfer none): the tree to add
 * @tree_number: number of the tree, at least 1; 0 is the base
 * @names: tree names by tree number, for messages
 * @spec: the tree's part of the profile
 * @out_paths: (out) (transfer full): content of the tree's layer: paths in @assembled that are new
 *   or changed and all their parents, sorted bytewise
 *
 * If the file system has a symbolic link to a directory where the tree has a directory (lib and
 * usr/lib), the tree's entries go to the target of the link, as with dpkg and tar. Existing
 * directories keep their attributes. Identical files are omitted. A file of the base may be
 * replaced; a file of another tree only if the profile allows it, and all such conflicts are in one
 * error.
 *
 * Errors: %OCI_ERROR_USAGE, %OCI_ERROR_FORMAT.
 */
gboolean terrane_assemble (TerraneTree *assembled, TerraneTree *tree, int tree_number,
                           const char *const *names, const TerraneSourceSpec *spec,
                           GPtrArray **out_paths, GError **error);

/**
 * terrane_assemble_find:
 * @overwrite: whether files of other trees may be replaced
 * @conflicts: a line for each conflict is appended, after a newline
 *
 * Like terrane_assemble(), for a caller that has its own message: conflicts are not an error.
 *
 * Errors: %OCI_ERROR_FORMAT.
 */
gboolean terrane_assemble_find (TerraneTree *assembled, TerraneTree *tree, int tree_number,
                                const char *const *names, gboolean overwrite, GPtrArray **out_paths,
                                GString *conflicts, GError **error);

/** Returns: (transfer full): all paths of @tree, for the layer of a rootfs base, sorted bytewise */
GPtrArray *terrane_assemble_all_paths (TerraneTree *tree);

G_END_DECLS
