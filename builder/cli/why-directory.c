#include "builder/cli/why-directory.h"

#include "builder/cli/command.h"

#include "oci/base/number.h"
#include "oci/base/path.h"

/* The files of one tree or layer below the directory. */
typedef struct
{
  const char *tree; /* (nullable) */
  uint64_t files;
  uint64_t bytes;
} Share;

typedef struct
{
  const TerraneImageView *view;
  const char *path;
  GPtrArray *shares; /* of Share, in order of appearance */
} Walk;

static Share *
find_share (const Walk *self, const TerraneNode *node)
{
  const char *tree = terrane_image_view_tree (self->view, node);
  for (guint i = 0; i < self->shares->len; i++)
    if (((Share *) self->shares->pdata[i])->tree == tree)
      return self->shares->pdata[i];
  Share *share = g_new0 (Share, 1);
  share->tree = tree;
  g_ptr_array_add (self->shares, share);
  return share;
}

static gboolean
visit (TerraneNode *node, const char *path, gpointer data, G_GNUC_UNUSED GError **error)
{
  const Walk *self = data;
  if (node->type == OCI_ENTRY_DIRECTORY
      || (self->path[0] != '\0' && !oci_path_is_below (path, self->path)))
    return TRUE;
  Share *share = find_share (self, node);
  share->files++;
  share->bytes += node->type == OCI_ENTRY_FILE ? node->size : 0;
  return TRUE;
}

static int
compare_shares (const void *a, const void *b)
{
  const Share *left = *(const Share *const *) a, *right = *(const Share *const *) b;
  if (left->bytes != right->bytes)
    return left->bytes > right->bytes ? -1 : 1;
  return g_strcmp0 (left->tree, right->tree);
}

json_t *
terrane_why_directory (const TerraneImageView *view, const TerraneNode *node, const char *name)
{
  g_autofree char *path = terrane_node_path (node);
  g_autofree char *absolute = g_strconcat ("/", path, NULL);
  g_autoptr (GPtrArray) shares = g_ptr_array_new_with_free_func (g_free);
  Walk walk = { .view = view, .path = path, .shares = shares };
  json_t *document = json_object (), *trees = json_array ();
  uint64_t files = 0, bytes = 0;
  (void) terrane_tree_foreach (view->tree, visit, &walk, NULL); /* cannot fail */
  g_ptr_array_sort (shares, compare_shares);
  for (guint i = 0; i < shares->len; i++)
    {
      const Share *share = shares->pdata[i];
      json_t *object = json_object ();
      if (share->tree != NULL)
        oci_json_set (object, "tree", oci_json_text (share->tree));
      oci_json_set (object, "files", json_integer ((json_int_t) share->files));
      oci_json_set (object, "size", json_integer ((json_int_t) share->bytes));
      oci_json_append (trees, object);
      files += share->files;
      bytes += share->bytes;
    }
  oci_json_set (document, "name", oci_json_text (name));
  oci_json_set (document, "directory", oci_json_text (absolute));
  oci_json_set (document, "files", json_integer ((json_int_t) files));
  oci_json_set (document, "size", json_integer ((json_int_t) bytes));
  oci_json_set (document, "trees", trees);
  return document;
}

/* "12 files, 3.4 MB" */
static void
print_totals (const json_t *object)
{
  json_int_t files = json_integer_value (json_object_get (object, "files"));
  g_autofree char *size =
      oci_format_size ((uint64_t) json_integer_value (json_object_get (object, "size")));
  terrane_print ("%" JSON_INTEGER_FORMAT " file%s, %s\n", files, files == 1 ? "" : "s", size);
}

void
terrane_why_directory_print (const json_t *document)
{
  size_t i;
  json_t *item;
  g_autofree char *path = oci_show (json_string_value (json_object_get (document, "directory")));
  terrane_print ("%s is a directory: ", path);
  print_totals (document);
  json_array_foreach (json_object_get (document, "trees"), i, item)
  {
    const char *tree = json_string_value (json_object_get (item, "tree"));
    g_autofree char *quoted = oci_show (tree);
    terrane_print ("  %s: ", tree != NULL ? quoted : "no tree");
    print_totals (item);
  }
}
