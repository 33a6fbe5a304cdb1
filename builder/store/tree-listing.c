#include "builder/store/tree-listing.h"

#include "oci/base/path.h"
#include "oci/base/raw-name.h"

#include <string.h>

enum
{
  MAX_ENTRIES = 4000000,
  MAX_XATTRS_BYTES = 64 * 1024,
};

#define XATTRS_FORMAT "a(ayay)"

/* The elements of an entry by position. */
enum
{
  PATH,
  TYPE, /* "d", "f", "l" */
  MODE,
  UID,
  GID,
  SIZE,
  OBJECT, /* "" for a directory */
  TARGET, /* "" but for a link */
  XATTRS, /* "", or base64 */
  MEMBERS,
};

static const struct
{
  OciEntryType type;
  const char *text;
} types[] = {
  { OCI_ENTRY_DIRECTORY, "d" },
  { OCI_ENTRY_FILE, "f" },
  { OCI_ENTRY_SYMLINK, "l" },
};

static json_t *
raw_text (const char *bytes)
{
  g_autofree char *text = oci_raw_name_to_text (bytes != NULL ? bytes : "");
  return oci_json_text (text);
}

static const char *
type_text (OciEntryType type)
{
  for (size_t i = 0; i < G_N_ELEMENTS (types); i++)
    if (types[i].type == type)
      return types[i].text;
  return "";
}

static json_t *
xattrs_text (GVariant *xattrs)
{
  if (xattrs == NULL)
    return oci_json_text ("");
  g_autofree char *text =
      g_base64_encode (g_variant_get_data (xattrs), g_variant_get_size (xattrs));
  return oci_json_text (text);
}

static gboolean
write_node (TerraneNode *node, const char *path, gpointer data, G_GNUC_UNUSED GError **error)
{
  OciDigestHex hex = "";
  json_t *entry = json_array ();
  if (node->type != OCI_ENTRY_DIRECTORY)
    oci_digest_hex (&node->object, hex);
  oci_json_append (entry, raw_text (path));
  oci_json_append (entry, oci_json_text (type_text (node->type)));
  oci_json_append (entry, json_integer (node->mode));
  oci_json_append (entry, json_integer (node->uid));
  oci_json_append (entry, json_integer (node->gid));
  oci_json_append (entry, json_integer ((json_int_t) node->size));
  oci_json_append (entry, oci_json_text (hex));
  oci_json_append (entry, raw_text (node->type == OCI_ENTRY_SYMLINK ? node->target : NULL));
  oci_json_append (entry, xattrs_text (node->xattrs));
  oci_json_append (data, entry);
  return TRUE;
}

GBytes *
terrane_tree_listing_write (TerraneTree *tree)
{
  g_autoptr (OciJsonValue) list = json_array ();
  (void) write_node (terrane_tree_root (tree), "", list, NULL); /* cannot fail */
  (void) terrane_tree_foreach (tree, write_node, list, NULL);
  return oci_json_dump (list);
}

static gboolean
read_text (const OciJson *entry, size_t place, const char **out_text)
{
  OciJson member;
  oci_json_element (entry, place, &member);
  return oci_json_string (&member, out_text);
}

static gboolean
read_number (const OciJson *entry, size_t place, int64_t max, int64_t *out_number)
{
  OciJson member;
  oci_json_element (entry, place, &member);
  return oci_json_int (&member, 0, max, out_number);
}

/* Returns: (transfer full) (nullable): NULL for none */
static GVariant *
read_xattrs (const OciJson *entry, const char *text)
{
  gsize size = 0;
  if (text[0] == '\0')
    return NULL;
  guchar *data = g_base64_decode (text, &size);
  GVariant *xattrs = g_variant_ref_sink (
      g_variant_new_from_data (G_VARIANT_TYPE (XATTRS_FORMAT), data, size, FALSE, g_free, data));
  if (size <= MAX_XATTRS_BYTES && g_variant_is_normal_form (xattrs))
    return xattrs;
  oci_json_problem (entry, "has attributes that cannot be");
  g_variant_unref (xattrs);
  return NULL;
}

static gboolean
read_type (const OciJson *entry, OciEntryType *out_type)
{
  const char *text = NULL;
  if (!read_text (entry, TYPE, &text))
    return FALSE;
  for (size_t i = 0; i < G_N_ELEMENTS (types); i++)
    if (strcmp (types[i].text, text) == 0)
      {
        *out_type = types[i].type;
        return TRUE;
      }
  oci_json_problem (entry, "is neither a file, a directory nor a link");
  return FALSE;
}

/* Like paths in archives: a path that leads elsewhere is refused. */
static char *
read_path (const OciJson *entry)
{
  const char *text = NULL;
  if (!read_text (entry, PATH, &text))
    return NULL;
  g_autofree char *bytes = oci_raw_name_from_text (text);
  g_autofree char *path = NULL;
  if (oci_path_normalise_bytes (bytes, &path, NULL) && strcmp (path, bytes) == 0)
    return g_steal_pointer (&path);
  oci_json_problem (entry, "has a path that is not below the root");
  return NULL;
}

static void
read_entry (const OciJson *at, TerraneTree *tree)
{
  size_t length = 0;
  int64_t mode = 0, uid = 0, gid = 0, size = 0;
  const char *object = NULL, *target = NULL, *xattrs_base64 = NULL;
  OciEntry entry = { 0 };
  OciDigest digest = { 0 };
  TerraneNode *node = NULL;
  g_autoptr (GError) local = NULL;
  if (!oci_json_array (at, MEMBERS, &length))
    return;
  g_autofree char *path = length == MEMBERS ? read_path (at) : NULL;
  if (path == NULL || !read_type (at, &entry.type) || !read_number (at, MODE, 07777, &mode)
      || !read_number (at, UID, G_MAXUINT32, &uid) || !read_number (at, GID, G_MAXUINT32, &gid)
      || !read_number (at, SIZE, G_MAXINT64, &size) || !read_text (at, OBJECT, &object)
      || !read_text (at, TARGET, &target) || !read_text (at, XATTRS, &xattrs_base64))
    {
      oci_json_problem (at, "is not an entry");
      return;
    }
  g_autofree char *raw_target = oci_raw_name_from_text (target);
  g_autoptr (GVariant) xattrs = read_xattrs (at, xattrs_base64);
  entry.path = path;
  entry.mode = (uint32_t) mode;
  entry.uid = (uint32_t) uid;
  entry.gid = (uint32_t) gid;
  entry.size = (uint64_t) size;
  entry.xattrs = xattrs;
  entry.target = entry.type == OCI_ENTRY_SYMLINK ? raw_target : NULL;
  if ((entry.type == OCI_ENTRY_DIRECTORY) != (object[0] == '\0')
      || (object[0] != '\0' && !oci_digest_parse_hex (object, &digest, NULL))
      || (entry.type == OCI_ENTRY_SYMLINK && target[0] == '\0'))
    oci_json_problem (at, "names no object or target");
  else if (!terrane_tree_add (tree, &entry, &node, &local))
    oci_json_problem (at, "%s", local->message);
  else
    {
      node->object = digest;
      node->size = (uint64_t) size;
    }
}

TerraneTree *
terrane_tree_listing_read (const char *name, GBytes *listing, GError **error)
{
  OciJson root;
  size_t length = 0;
  g_autoptr (OciJsonDocument) document =
      oci_json_parse (name, listing, OCI_ERROR_CORRUPT, &root, error);
  if (document == NULL)
    return NULL;
  g_autoptr (TerraneTree) tree = terrane_tree_new ();
  if (oci_json_array (&root, MAX_ENTRIES, &length))
    for (size_t i = 0; i < length; i++)
      {
        OciJson element;
        oci_json_element (&root, i, &element);
        read_entry (&element, tree);
      }
  return oci_json_document_finish (document, error) ? g_steal_pointer (&tree) : NULL;
}
