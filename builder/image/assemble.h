/* Puts trees over each other: what the image's file system will be, and what each layer must carry
 * for that. */
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
 * @out_paths: (out) (transfer full): what the tree's layer carries: paths in @assembled that are
 * new or changed and all their parents, sorted as bytes
 *
 * Where the file system has a symbolic link to a directory and the tree has a directory (lib and
 * usr/lib), the tree's entries go where the link leads, as dpkg and tar do it. Directories that
 * exist keep their attributes. Files that exist alike are left out. A file of the base may be
 * replaced; a file of another tree only when the profile says so, and all such conflicts are in one
 * error.
 */
gboolean terrane_assemble (TerraneTree *assembled, TerraneTree *tree, int tree_number,
                           const char *const *names, const TerraneSourceSpec *spec,
                           GPtrArray **out_paths, GError **error);

/** All paths of @tree, for the layer of a rootfs base. Returns: (transfer full): sorted as bytes */
GPtrArray *terrane_assemble_all_paths (TerraneTree *tree);

G_END_DECLS
