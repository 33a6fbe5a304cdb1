/* Flattens images for a comparison with other tools: layers-probe STORE LAYOUT NAME…
 * A line of JSON for each: [[path, type, mode, uid, gid, content], …], or the error as text. Paths
 * and targets are in hexadecimal, content is its SHA-256. */
#include "builder/image/files.h"
#include "builder/store/commit.h"
#include "builder/store/object.h"
#include "builder/store/open.h"

#include "oci/image.h"

#include <fcntl.h>
#include <locale.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

static json_t *
hex_of (const char *bytes)
{
  GString *text = g_string_new (NULL);
  for (const char *p = bytes; *p != '\0'; p++)
    g_string_append_printf (text, "%02x", (unsigned char) *p);
  json_t *value = json_string (text->str);
  g_string_free (text, TRUE);
  return value;
}

typedef struct
{
  TerraneStore *store;
  json_t *rows;
} Lister;

static gboolean
list_node (TerraneNode *node, const char *path, gpointer data, GError **error)
{
  static const char *const types[] = { "file", "dir", "link" };
  const Lister *self = data;
  json_t *row = json_array ();
  OciDigest digest;
  OciDigestHex hex;
  oci_json_append (row, hex_of (path));
  oci_json_append (row, json_string (types[node->type]));
  oci_json_append (row, json_integer (node->mode));
  oci_json_append (row, json_integer (node->uid));
  oci_json_append (row, json_integer (node->gid));
  if (node->type == OCI_ENTRY_SYMLINK)
    oci_json_append (row, hex_of (node->target));
  if (node->type == OCI_ENTRY_FILE)
    {
      g_auto (OciFd) fd = -1;
      if (!terrane_object_open (self->store, &node->object, &fd, error)
          || !oci_digest_of_fd (fd, &digest, NULL, error))
        return FALSE;
      oci_json_append (row, json_string (oci_digest_hex (&digest, hex)));
    }
  oci_json_append (self->rows, row);
  return TRUE;
}

/* A later reader of the commit has to find the same. */
static gboolean
is_stored_alike (TerraneStore *store, const TerraneImageFiles *stored, GError **error)
{
  g_autoptr (OciJsonValue) now = json_array (), later = json_array ();
  g_autoptr (TerraneTree) tree = terrane_commit_load (store, &stored->commit, error);
  Lister first = { .store = store, .rows = now }, second = { .store = store, .rows = later };
  return tree != NULL && terrane_tree_foreach (stored->tree, list_node, &first, error)
         && terrane_tree_foreach (tree, list_node, &second, error)
         && (json_equal (now, later)
             || oci_throw (error, OCI_ERROR_CORRUPT, "the commit is not the tree"));
}

static gboolean
flatten (TerraneStore *store, OciLayout *layout, const char *name, json_t *rows, GError **error)
{
  const TerraneProgress silent = { 0 };
  g_auto (TerraneImageFiles) stored = { 0 };
  TerraneOpenImage image = { .layout = layout };
  g_autoptr (OciDescriptor) descriptor = oci_layout_resolve (layout, name, NULL, error);
  if (descriptor == NULL || !terrane_store_begin_write (store, error)
      || !oci_image_copy (layout, descriptor, terrane_store_layout (store), error)
      || !oci_image_read (layout, descriptor, &image.manifest, &image.config, error))
    return FALSE;
  Lister lister = { .store = store, .rows = rows };
  image.descriptor = descriptor;
  gboolean ok = terrane_image_files (store, &image, FALSE, 1, &silent, &stored, error)
                && (stored.tree != NULL || oci_throw (error, OCI_ERROR_EXISTS, "known"))
                && is_stored_alike (store, &stored, error)
                && list_node (terrane_tree_root (stored.tree), "", &lister, error)
                && terrane_tree_foreach (stored.tree, list_node, &lister, error);
  oci_manifest_free (image.manifest);
  oci_image_config_free (image.config);
  return ok;
}

int
main (int argc, char **argv)
{
  g_autoptr (GError) error = NULL;
  (void) setlocale (LC_CTYPE, "C.UTF-8");
  (void) umask (022);
  g_autoptr (TerraneStore) store =
      argc > 3 ? terrane_store_open (argv[1], TERRANE_STORE_SHARED, &error) : NULL;
  g_autoptr (OciLayout) layout =
      store != NULL ? oci_layout_open (AT_FDCWD, argv[2], FALSE, &error) : NULL;
  if (layout == NULL)
    {
      (void) fprintf (stderr, "%s\n", error != NULL ? error->message : "usage");
      return 1;
    }
  for (int i = 3; i < argc; i++)
    {
      g_autoptr (GError) local = NULL;
      g_autoptr (OciJsonValue) rows = json_array ();
      gboolean ok = flatten (store, layout, argv[i], rows, &local);
      g_autoptr (OciJsonValue) failure = ok ? NULL : oci_json_text (local->message);
      char *line = json_dumps (ok ? rows : failure, JSON_COMPACT | JSON_ENCODE_ANY);
      (void) puts (line);
      free (line); /* jansson's */
    }
  return 0;
}
