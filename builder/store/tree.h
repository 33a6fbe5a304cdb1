/* A file system tree in memory: metadata and the digests of its objects, never content.
 *
 * Sources fill one, commits store one, images are merged from several, layers are written from one.
 * Paths are normalised ("usr/lib", "" for the root). Not thread-safe, except that different threads
 * may set the @object of different nodes. */
#pragma once

#include "oci/digest.h"
#include "oci/entry.h"

G_BEGIN_DECLS

typedef struct _TerraneTree TerraneTree;
typedef struct _TerraneNode TerraneNode;

struct _TerraneNode
{
  TerraneNode *parent; /* NULL at the root */
  char *name;
  OciEntryType type; /* FILE, DIRECTORY or SYMLINK */
  uint32_t mode;     /* permission bits, setuid, setgid, sticky */
  uint32_t uid;
  uint32_t gid;
  uint64_t size;       /* of a file's content, bytes */
  GVariant *xattrs;    /* (nullable) a(ayay) */
  char *target;        /* of a symlink */
  GPtrArray *children; /* of a directory, sorted by name as bytes */
  OciDigest object;    /* of a file or symlink: its ostree object, once written */
  gboolean fresh;      /* this process has written @object, so it need not be verified */
  int tree_number;     /* in a merged tree: the tree it came from; 0 is the base */
  int layer;           /* for files of an image: the layer it came from, from 1; 0 for none */
  int start;           /* of a fresh file: its first byte plus 1; 0 if unknown */
};

/** Returns: (transfer full): a tree with an empty root directory */
TerraneTree *terrane_tree_new (void);
void terrane_tree_free (TerraneTree *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (TerraneTree, terrane_tree_free)

/** Returns: (transfer none): the root directory, 0755 0:0 until it is set */
TerraneNode *terrane_tree_root (TerraneTree *self);

/** Returns: (transfer none) (nullable): the node at @path; symlinks are not followed */
TerraneNode *terrane_tree_lookup (TerraneTree *self, const char *path);

/** Returns: (transfer none) (nullable): the child of @directory named @name[0…len) */
TerraneNode *terrane_node_child (const TerraneNode *directory, const char *name, size_t len);

/**
 * terrane_tree_follow:
 * Like terrane_tree_lookup(), but follows symbolic links as the kernel would inside of the image,
 * at most 40.
 *
 * Returns: (transfer none) (nullable): the node, or %NULL if the path does not exist
 */
TerraneNode *terrane_tree_follow (TerraneTree *self, const char *path);

/** Like terrane_tree_follow(), for directories only. Returns: (transfer none) (nullable) */
TerraneNode *terrane_tree_follow_directory (TerraneTree *self, const char *path);

/**
 * terrane_tree_add:
 * @entry: a file, directory or symlink
 * @out_node: (out) (optional) (transfer none): the node; its @object is not set yet
 *
 * Adds the entry, and missing parents as 0755 0:0. As when unpacking an archive, a later file
 * replaces an earlier one, and a directory keeps its content and gets the new attributes. Fails if
 * a parent is a file or symlink, or if a file would replace a directory that is not empty.
 *
 * Errors: %OCI_ERROR_FORMAT.
 */
gboolean terrane_tree_add (TerraneTree *self, const OciEntry *entry, TerraneNode **out_node,
                           GError **error);

/** Removes the node at @path with everything below it; a missing one is not an error. */
void terrane_tree_remove (TerraneTree *self, const char *path);

/** Removes everything below @directory. */
void terrane_tree_clear_directory (TerraneTree *self, TerraneNode *directory);

/** Returns: (transfer full): the node's path from the root */
char *terrane_node_path (const TerraneNode *node);

/** Returns @node as an entry whose strings are borrowed from @node and @path. */
OciEntry terrane_node_entry (const TerraneNode *node, const char *path);

/** Whether both have the same type, attributes and content. */
gboolean terrane_node_equal (const TerraneNode *a, const TerraneNode *b);

typedef gboolean (*TerraneNodeFunc) (TerraneNode *node, const char *path, gpointer data,
                                     GError **error);

/** Visits every node but the root, parents first; stops when @func fails. Errors: those of @func.
 */
gboolean terrane_tree_foreach (TerraneTree *self, TerraneNodeFunc func, gpointer data,
                               GError **error);

/** Adds everything of @from to @to, with the root's attributes. Errors: %OCI_ERROR_FORMAT. */
gboolean terrane_tree_copy (TerraneTree *from, TerraneTree *to, GError **error);

typedef struct
{
  uint64_t files;
  uint64_t directories;
  uint64_t symlinks;
  uint64_t bytes; /* content of all files */
} TerraneTreeTotals;

/** Counts the nodes of a tree. */
TerraneTreeTotals terrane_tree_totals (TerraneTree *self);

G_END_DECLS
