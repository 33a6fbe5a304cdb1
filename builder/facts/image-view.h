/* A file system with its configuration and the layer that each file came from: the input of
 * checks. */
#pragma once

#include "builder/store/store.h"
#include "builder/store/tree.h"

#include "oci/image-config.h"

G_BEGIN_DECLS

typedef struct
{
  TerraneStore *store;
  TerraneTree *tree;
  const OciImageConfig *config;
  const char *const *names; /* (nullable): of trees or layers by the tree number of nodes */
  gboolean trust_base;      /* problems of programs in tree number 0 are warnings at most */
} TerraneImageView;

/** Returns: (transfer none) (nullable): name of the tree that @node is from */
const char *terrane_image_view_tree (const TerraneImageView *self, const TerraneNode *node);

/**
 * terrane_image_view_read:
 * @max: in bytes; for larger files and for anything but a file *@out_bytes is %NULL
 * @out_bytes: (out) (transfer full) (nullable)
 *
 * Reads the content of @node.
 *
 * Errors: %OCI_ERROR_FORMAT, %OCI_ERROR_IO.
 */
gboolean terrane_image_view_read (const TerraneImageView *self, const TerraneNode *node,
                                  uint64_t max, GBytes **out_bytes, GError **error);

/** Returns: (transfer full) (nullable): value of a variable of the image's environment */
char *terrane_image_view_env (const TerraneImageView *self, const char *name);

/** Returns: (transfer full): "‘/usr/lib/x’ in ‘base’" */
char *terrane_image_view_quote (const TerraneImageView *self, const TerraneNode *node);

/**
 * terrane_image_view_program:
 * @name: as for execvp(): with a slash a path relative to @directory, else searched in PATH
 *
 * Returns: (transfer none) (nullable): the file that would be executed, links followed, whatever
 *   its mode
 */
TerraneNode *terrane_image_view_program (const TerraneImageView *self, const char *directory,
                                         const char *name);

/** Whether the image's Python, or another language, looks for modules at @path: below a directory
 * of packages, the working directory, LAMBDA_TASK_ROOT, PYTHONPATH, or /opt/python. */
gboolean terrane_image_view_is_module_path (const TerraneImageView *self, const char *path);

G_END_DECLS
