/* What is checked: a file system with its configuration, and who put what into it. */
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
  gboolean trust_base;      /* what is wrong with programs of tree number 0 is a warning at most */
} TerraneImageView;

/** Returns: (transfer none) (nullable): the tree that @node is from */
const char *terrane_image_view_tree (const TerraneImageView *self, const TerraneNode *node);

/**
 * terrane_image_view_read:
 * @max: bytes; of larger files and of what is not a file *@out_bytes is %NULL
 *
 * Reads the content of @node. @out_bytes: (out) (transfer full) (nullable)
 */
gboolean terrane_image_view_read (const TerraneImageView *self, const TerraneNode *node,
                                  uint64_t max, GBytes **out_bytes, GError **error);

/** The value of a variable of the image's environment. Returns: (transfer full) (nullable) */
char *terrane_image_view_env (const TerraneImageView *self, const char *name);

/** "‘/usr/lib/x’ in ‘base’". Returns: (transfer full) */
char *terrane_image_view_quote (const TerraneImageView *self, const TerraneNode *node);

/**
 * terrane_image_view_program:
 * @name: as execvp() takes it: with a slash a path from @directory, else searched in PATH
 *
 * Returns: (transfer none) (nullable): what would be executed, links followed, whatever its mode
 */
TerraneNode *terrane_image_view_program (const TerraneImageView *self, const char *directory,
                                         const char *name);

/** Whether the image's Python, or whatever else, looks for modules there: below a directory of
 * packages, the working directory, LAMBDA_TASK_ROOT, PYTHONPATH, or /opt/python. */
gboolean terrane_image_view_is_module_path (const TerraneImageView *self, const char *path);

G_END_DECLS
