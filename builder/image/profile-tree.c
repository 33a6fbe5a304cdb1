#include "builder/image/profile-tree.h"

#include "builder/image/compiled-tree.h"
#include "builder/store/object.h"

#include "oci/base/path.h"

/* An image as the source of a tree. */
typedef struct
{
  const TerraneSourceContext *context;
  const TerraneSourceSpec *spec;
  TerraneTree *tree; /* the whole image */
  TerraneSourceFilter *filter;
} ImageSource;

OciDigest
terrane_image_tree_identity (const TerraneSourceContext *context, const TerraneSourceSpec *spec,
                             const OciDigest *digest)
{
  OciDigestText text;
  g_autoptr (GString) all = g_string_new (oci_digest_text (digest, text));
  g_autofree char *platform = oci_platform_text (&context->profile->platform);
  g_string_append_printf (all, "\n%s", platform);
  for (char **path = spec->image_paths; *path != NULL; path++)
    g_string_append_printf (all, "\n%s", *path);
  return oci_digest_of (all->str, all->len);
}

static gboolean
check_path (const ImageSource *self, const char *path, GError **error)
{
  if (terrane_tree_lookup (self->tree, path) != NULL)
    return TRUE;
  const TerraneNode *elsewhere = terrane_tree_follow (self->tree, path);
  if (elsewhere == NULL)
    return oci_throw (error, OCI_ERROR_NOT_FOUND, "the image has no /%s", path);
  g_autofree char *real = terrane_node_path (elsewhere);
  return oci_throw (error, OCI_ERROR_NOT_FOUND,
                    "/%s is reached through a symbolic link in the image: its path is /%s", path,
                    real);
}

static gboolean
is_wanted (const ImageSource *self, const char *path)
{
  for (char **wanted = self->spec->image_paths; *wanted != NULL; wanted++)
    if (oci_path_is_below (path, *wanted))
      return TRUE;
  return FALSE;
}

static gboolean
read_fd (gpointer data, void *buffer, size_t len, size_t *out_read, GError **error)
{
  return oci_read_full (*(int *) data, buffer, len, out_read, error);
}

static gboolean
take_node (TerraneNode *node, const char *path, gpointer data, GError **error)
{
  const ImageSource *self = data;
  if (!is_wanted (self, path))
    return TRUE;
  g_auto (OciFd) fd = -1;
  OciEntry entry = terrane_node_entry (node, path);
  gboolean is_file = node->type == OCI_ENTRY_FILE;
  if (is_file && !terrane_object_open_verified (self->context->store, node, &fd, error))
    return FALSE;
  return terrane_source_take (self->filter, &entry, is_file ? read_fd : NULL, &fd, error);
}

static gboolean
feed (gpointer data, TerraneSourceFilter *filter, GError **error)
{
  ImageSource *self = data;
  OCI_PREFIX (error, "image %s", self->spec->image);
  for (char **path = self->spec->image_paths; *path != NULL; path++)
    if (!check_path (self, *path, error))
      return FALSE;
  self->filter = filter;
  return terrane_tree_foreach (self->tree, take_node, self, error);
}

/* Whether the tree of an image with the manifest @digest is in the store. */
static gboolean
find_tree (const TerraneSourceContext *context, const TerranePin *pin, const OciDigest *digest,
           OciDigest *out_identity, TerraneSourceTree *out_tree, gboolean *out_found,
           GError **error)
{
  *out_identity = terrane_image_tree_identity (context, pin->spec, digest);
  OciDigest key = terrane_source_tree_key (out_identity, pin->spec, pin->modes);
  return terrane_source_tree_find (context->store, &key, out_tree, out_found, error);
}

static gboolean
resolve_image (const TerraneSourceContext *context, const TerranePin *pin,
               const TerraneSourceTreeOptions *options, TerraneSourceTree *out_tree, GError **error)
{
  OciDigest identity;
  g_auto (TerraneImageFiles) files = { 0 };
  gboolean found = FALSE;
  if (pin->has_digest
      && !find_tree (context, pin, &pin->digest, &identity, out_tree, &found, error))
    return FALSE;
  if (found)
    return TRUE;
  g_autoptr (TerraneOpenImage) image = terrane_source_image_open (context, pin, error);
  if (image == NULL
      || !find_tree (context, pin, &image->descriptor->digest, &identity, out_tree, &found, error))
    return FALSE;
  if (found)
    return TRUE;
  if (!terrane_source_image_files (context, pin, image, TRUE, &files, error))
    return FALSE;
  ImageSource source = { .context = context, .spec = pin->spec, .tree = files.tree };
  return terrane_source_tree_make_from (context->store, pin, &identity, feed, &source, options,
                                        out_tree, error);
}

gboolean
terrane_profile_tree_make (const TerraneSourceContext *context, TerranePin *pin,
                           TerraneSourceTree *out_tree, GError **error)
{
  const TerraneSourceTreeOptions options = { .jobs = context->jobs, .progress = context->progress };
  if (pin->spec->kind == TERRANE_SOURCE_COMPILE)
    return terrane_compiled_tree_make (context, pin, &options, out_tree, error);
  return pin->spec->kind == TERRANE_SOURCE_IMAGE
             ? resolve_image (context, pin, &options, out_tree, error)
             : terrane_source_tree_make (context->store, pin, &options, out_tree, error);
}
