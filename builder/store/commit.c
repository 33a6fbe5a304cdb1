#include "builder/store/commit.h"

#include "builder/store/metadata.h"
#include "builder/store/object.h"

#include "oci/base/parallel.h"
#include "oci/base/raw-name.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum
{
  PREPARE_ATTEMPTS = 20,
};

/* libostree looks for reusable staging directories, and fails if another process removes one
 * between listing and opening it. */
static gboolean
prepare (OstreeRepo *repo, GError **error)
{
  for (unsigned attempt = 1;; attempt++)
    {
      g_autoptr (GError) local = NULL;
      if (ostree_repo_prepare_transaction (repo, NULL, NULL, &local))
        return TRUE;
      if (attempt < PREPARE_ATTEMPTS && g_error_matches (local, G_IO_ERROR, G_IO_ERROR_NOT_FOUND))
        continue;
      g_propagate_error (error, g_steal_pointer (&local));
      return FALSE;
    }
}

gboolean
terrane_transaction_begin (TerraneTransaction *self, TerraneStore *store, GError **error)
{
  if (!terrane_store_open_repo (store, error))
    return FALSE;
  OstreeRepo *repo = terrane_store_repo (store);
  if (!terrane_store_begin_write (store, error) || !prepare (repo, error))
    return FALSE;
  self->repo = repo;
  return TRUE;
}

gboolean
terrane_transaction_commit (TerraneTransaction *self, GError **error)
{
  OstreeRepo *repo = g_steal_pointer (&self->repo);
  if (ostree_repo_commit_transaction (repo, NULL, NULL, error))
    return TRUE;
  (void) ostree_repo_abort_transaction (repo, NULL,
                                        NULL); /* the first error is the one to report */
  return FALSE;
}

void
terrane_transaction_clear (TerraneTransaction *self)
{
  if (self->repo != NULL)
    (void) ostree_repo_abort_transaction (self->repo, NULL, NULL);
  self->repo = NULL;
}

static GVariant *
digest_variant (const OciDigest *digest)
{
  return g_variant_new_fixed_array (G_VARIANT_TYPE_BYTE, digest->bytes, OCI_DIGEST_BYTES, 1);
}

typedef struct
{
  TerraneStore *store; /* (nullable): without it, objects are only digested */
  gboolean encoded;    /* some name or target differs from that in the image */
  OciWorkers *workers; /* write the objects, while this thread makes the next ones */
  GMutex mutex;        /* guards @failure */
  GError *failure;     /* (nullable): the first of any worker */
} Writer;

/* An object of a directory, or of its attributes, to write. */
typedef struct
{
  OstreeObjectType type;
  GVariant *variant;
  OciDigest digest;
} Metadata;

static void
write_in_thread (gpointer item, gpointer data)
{
  Metadata *metadata = item;
  Writer *self = data;
  g_autoptr (GError) local = NULL;
  g_mutex_lock (&self->mutex);
  gboolean wanted = self->failure == NULL;
  g_mutex_unlock (&self->mutex);
  if (wanted)
    (void) terrane_object_write_metadata (self->store, metadata->type, metadata->variant,
                                          &metadata->digest, &local); /* kept in self->failure */
  g_variant_unref (metadata->variant);
  g_free (metadata);
  g_mutex_lock (&self->mutex);
  if (self->failure == NULL)
    self->failure = g_steal_pointer (&local);
  g_mutex_unlock (&self->mutex);
}

static OciDigest
write_metadata (const Writer *self, OstreeObjectType type, GVariant *variant)
{
  OciDigest digest = oci_digest_of (g_variant_get_data (variant), g_variant_get_size (variant));
  if (self->store == NULL)
    return digest;
  Metadata *metadata = g_new (Metadata, 1);
  *metadata = (Metadata){ .type = type, .variant = g_variant_ref (variant), .digest = digest };
  oci_workers_push (self->workers, metadata);
  return digest;
}

/* OSTREE_DIRMETA_GVARIANT_FORMAT, (uuua(ayay)): uid, gid, mode (big-endian), xattrs. */
static OciDigest
write_dirmeta (const Writer *self, const TerraneNode *node)
{
  g_autoptr (GVariant) xattrs =
      node->xattrs != NULL
          ? g_variant_ref (node->xattrs)
          : g_variant_ref_sink (g_variant_new_array (G_VARIANT_TYPE ("(ayay)"), NULL, 0));
  g_autoptr (GVariant) variant = g_variant_ref_sink (
      g_variant_new ("(uuu@a(ayay))", GUINT32_TO_BE (node->uid), GUINT32_TO_BE (node->gid),
                     GUINT32_TO_BE ((guint32) S_IFDIR | node->mode), xattrs));
  return write_metadata (self, OSTREE_OBJECT_TYPE_DIR_META, variant);
}

/* A child with its name in the object of its directory. */
typedef struct
{
  char *name;
  const TerraneNode *node;
} Named;

static void
named_clear (gpointer data)
{
  g_free (((Named *) data)->name);
}

static int
compare_named (gconstpointer a, gconstpointer b)
{
  return strcmp (((const Named *) a)->name, ((const Named *) b)->name);
}

static gboolean
differs_encoded (const char *bytes)
{
  g_autofree char *text = oci_raw_name_to_text (bytes);
  return !g_str_equal (text, bytes);
}

/* Sorts the children by encoded name, which is not the order of the bytes. */
static GArray *
name_children (Writer *self, const TerraneNode *directory)
{
  GArray *children = g_array_sized_new (FALSE, FALSE, sizeof (Named), directory->children->len);
  gboolean encoded = FALSE;
  g_array_set_clear_func (children, named_clear);
  for (guint i = 0; i < directory->children->len; i++)
    {
      const TerraneNode *node = directory->children->pdata[i];
      Named child = { .name = oci_raw_name_to_text (node->name), .node = node };
      encoded = encoded || !g_str_equal (child.name, node->name);
      if (node->type == OCI_ENTRY_SYMLINK)
        self->encoded = self->encoded || differs_encoded (node->target);
      g_array_append_val (children, child);
    }
  if (encoded)
    g_array_sort (children, compare_named);
  self->encoded = self->encoded || encoded;
  return children;
}

/* OSTREE_TREE_GVARIANT_FORMAT, (a(say)a(sayay)): files and directories, each sorted by name. */
static void
write_dirtree (Writer *self, const TerraneNode *directory, OciDigest *out_tree, OciDigest *out_meta)
{
  g_auto (GVariantBuilder) files = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE ("a(say)"));
  g_auto (GVariantBuilder) directories = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE ("a(sayay)"));
  g_autoptr (GArray) children = name_children (self, directory);
  for (guint i = 0; i < children->len; i++)
    {
      const Named *child = &g_array_index (children, Named, i);
      if (child->node->type != OCI_ENTRY_DIRECTORY)
        {
          g_variant_builder_add (&files, "(s@ay)", child->name,
                                 digest_variant (&child->node->object));
          continue;
        }
      OciDigest tree, meta;
      write_dirtree (self, child->node, &tree, &meta);
      g_variant_builder_add (&directories, "(s@ay@ay)", child->name, digest_variant (&tree),
                             digest_variant (&meta));
    }
  g_autoptr (GVariant) variant = g_variant_ref_sink (g_variant_new (
      "(@a(say)@a(sayay))", g_variant_builder_end (&files), g_variant_builder_end (&directories)));
  *out_tree = write_metadata (self, OSTREE_OBJECT_TYPE_DIR_TREE, variant);
  *out_meta = write_dirmeta (self, directory);
}

/* Writes all directories of a tree. @out_contents, @out_meta: (out): the objects of its root.
 * @out_encoded: (out): see Writer */
static gboolean
write_directories (TerraneStore *store, TerraneTree *tree, OciDigest *out_contents,
                   OciDigest *out_meta, gboolean *out_encoded, GError **error)
{
  Writer writer = { .store = store };
  g_mutex_init (&writer.mutex);
  writer.workers = oci_workers_new (terrane_store_jobs (store), write_in_thread, &writer);
  write_dirtree (&writer, terrane_tree_root (tree), out_contents, out_meta);
  oci_workers_free (writer.workers);
  g_mutex_clear (&writer.mutex);
  *out_encoded = writer.encoded;
  if (writer.failure == NULL)
    return TRUE;
  g_propagate_error (error, writer.failure);
  return FALSE;
}

/* In a commit: its names and targets are encoded. */
#define RAW_NAMES "terrane.raw-names"

static GVariant *
commit_metadata (gboolean encoded)
{
  g_autoptr (GVariantDict) metadata = g_variant_dict_new (NULL);
  if (encoded)
    g_variant_dict_insert (metadata, RAW_NAMES, "b", TRUE);
  return g_variant_ref_sink (g_variant_dict_end (metadata));
}

/* OSTREE_COMMIT_GVARIANT_FORMAT, (a{sv}aya(say)sstayay), with the values of
 * terrane_commit_write(). */
OciDigest
terrane_commit_digest (TerraneTree *tree)
{
  Writer writer = { .store = NULL };
  OciDigest contents, meta;
  write_dirtree (&writer, terrane_tree_root (tree), &contents, &meta);
  g_autoptr (GVariant) metadata = commit_metadata (writer.encoded);
  g_autoptr (GVariant) commit = g_variant_ref_sink (g_variant_new (
      "(@a{sv}@ay@a(say)sst@ay@ay)", metadata, g_variant_new_array (G_VARIANT_TYPE_BYTE, NULL, 0),
      g_variant_new_array (G_VARIANT_TYPE ("(say)"), NULL, 0), "", "", (guint64) 0,
      digest_variant (&contents), digest_variant (&meta)));
  return oci_digest_of (g_variant_get_data (commit), g_variant_get_size (commit));
}

gboolean
terrane_commit_write (TerraneStore *store, TerraneTree *tree, OciDigest *out_commit, GError **error)
{
  OstreeRepo *repo = terrane_store_repo (store);
  gboolean encoded = FALSE;
  OciDigest contents, meta;
  OciDigestHex contents_hex, meta_hex;
  if (!write_directories (store, tree, &contents, &meta, &encoded, error))
    return FALSE;
  g_autoptr (OstreeMutableTree) mutable_tree = ostree_mutable_tree_new_from_checksum (
      repo, oci_digest_hex (&contents, contents_hex), oci_digest_hex (&meta, meta_hex));
  g_autoptr (GFile) root = NULL;
  g_autofree char *checksum = NULL;
  g_autoptr (GVariant) marked = commit_metadata (encoded);
  if (!ostree_repo_write_mtree (repo, mutable_tree, &root, NULL, error)
      || !ostree_repo_write_commit_with_time (repo, NULL, NULL, NULL, encoded ? marked : NULL,
                                              OSTREE_REPO_FILE (root), 0, &checksum, NULL, error))
    return FALSE;
  return oci_digest_parse_hex (checksum, out_commit, error);
}

gboolean
terrane_commit_has_raw_names (TerraneStore *store, const OciDigest *commit, gboolean *out_raw,
                              GError **error)
{
  OciDigestHex hex;
  g_autoptr (GVariant) variant = NULL, metadata = NULL;
  variant = terrane_metadata_load (terrane_store_repo (store), OSTREE_OBJECT_TYPE_COMMIT,
                                   oci_digest_hex (commit, hex), error);
  if (variant == NULL)
    return FALSE;
  metadata = g_variant_get_child_value (variant, 0);
  if (!g_variant_lookup (metadata, RAW_NAMES, "b", out_raw))
    *out_raw = FALSE;
  return TRUE;
}

static gboolean
load_attributes (TerraneNode *node, GVariant *dirmeta, GError **error)
{
  guint32 uid, gid, mode;
  g_autoptr (GVariant) xattrs = NULL;
  g_variant_get (dirmeta, "(uuu@a(ayay))", &uid, &gid, &mode, &xattrs);
  if (!S_ISDIR (GUINT32_FROM_BE (mode)))
    return oci_throw (error, OCI_ERROR_CORRUPT, "a directory's metadata is not of a directory");
  node->uid = GUINT32_FROM_BE (uid);
  node->gid = GUINT32_FROM_BE (gid);
  node->mode = GUINT32_FROM_BE (mode) & 07777;
  if (g_variant_n_children (xattrs) > 0)
    node->xattrs = g_steal_pointer (&xattrs);
  return TRUE;
}

typedef struct
{
  OstreeRepo *repo;
  TerraneTree *tree;
  GString *path;
} Loader;

gboolean
terrane_commit_load_file (OstreeRepo *repo, TerraneTree *tree, const char *path, GVariant *checksum,
                          TerraneNode **out_node, GError **error)
{
  g_autoptr (GFileInfo) info = NULL;
  g_autoptr (GVariant) xattrs = NULL;
  g_autofree char *hex = ostree_checksum_from_bytes_v (checksum);
  if (!ostree_repo_load_file (repo, hex, NULL, &info, &xattrs, NULL, error))
    return FALSE;

  gboolean is_link = g_file_info_get_file_type (info) == G_FILE_TYPE_SYMBOLIC_LINK;
  g_autofree char *target =
      is_link ? oci_raw_name_from_text (g_file_info_get_symlink_target (info)) : NULL;
  OciEntry entry = {
    .path = path,
    .type = is_link ? OCI_ENTRY_SYMLINK : OCI_ENTRY_FILE,
    .target = target,
    .mode = g_file_info_get_attribute_uint32 (info, "unix::mode") & 07777,
    .uid = g_file_info_get_attribute_uint32 (info, "unix::uid"),
    .gid = g_file_info_get_attribute_uint32 (info, "unix::gid"),
    .size = is_link ? 0 : (uint64_t) g_file_info_get_size (info),
    .xattrs = xattrs != NULL && g_variant_n_children (xattrs) > 0 ? xattrs : NULL,
  };
  return terrane_tree_add (tree, &entry, out_node, error)
         && oci_digest_parse_hex (hex, &(*out_node)->object, error);
}

gboolean
terrane_commit_load_directory (OstreeRepo *repo, TerraneTree *tree, const char *path,
                               GVariant *meta_checksum, TerraneNode **out_node, GError **error)
{
  g_autofree char *hex = ostree_checksum_from_bytes_v (meta_checksum);
  g_autoptr (GVariant) dirmeta =
      terrane_metadata_load (repo, OSTREE_OBJECT_TYPE_DIR_META, hex, error);
  OciEntry entry = { .path = path, .type = OCI_ENTRY_DIRECTORY };
  return dirmeta != NULL && terrane_tree_add (tree, &entry, out_node, error)
         && load_attributes (*out_node, dirmeta, error);
}

static gboolean load_directory (Loader *loader, GVariant *tree_checksum, GVariant *meta_checksum,
                                GError **error);

static gboolean
load_children (Loader *loader, GVariant *dirtree, GError **error)
{
  g_autoptr (GVariant) files = g_variant_get_child_value (dirtree, 0);
  g_autoptr (GVariant) directories = g_variant_get_child_value (dirtree, 1);
  gsize len = loader->path->len;
  for (gsize i = 0; i < g_variant_n_children (files); i++)
    {
      const char *text = NULL;
      TerraneNode *node = NULL;
      g_autoptr (GVariant) checksum = NULL;
      g_variant_get_child (files, i, "(&s@ay)", &text, &checksum);
      g_autofree char *name = oci_raw_name_from_text (text);
      g_string_append_printf (loader->path, "%s%s", len > 0 ? "/" : "", name);
      gboolean ok = terrane_commit_load_file (loader->repo, loader->tree, loader->path->str,
                                              checksum, &node, error);
      g_string_truncate (loader->path, len);
      if (!ok)
        return FALSE;
    }
  for (gsize i = 0; i < g_variant_n_children (directories); i++)
    {
      const char *text = NULL;
      g_autoptr (GVariant) tree = NULL, meta = NULL;
      g_variant_get_child (directories, i, "(&s@ay@ay)", &text, &tree, &meta);
      g_autofree char *name = oci_raw_name_from_text (text);
      g_string_append_printf (loader->path, "%s%s", len > 0 ? "/" : "", name);
      gboolean ok = load_directory (loader, tree, meta, error);
      g_string_truncate (loader->path, len);
      if (!ok)
        return FALSE;
    }
  return TRUE;
}

static gboolean
load_directory (Loader *loader, GVariant *tree_checksum, GVariant *meta_checksum, GError **error)
{
  TerraneNode *node = NULL;
  g_autofree char *tree_hex = ostree_checksum_from_bytes_v (tree_checksum);
  g_autoptr (GVariant) dirtree =
      terrane_metadata_load (loader->repo, OSTREE_OBJECT_TYPE_DIR_TREE, tree_hex, error);
  return dirtree != NULL
         && terrane_commit_load_directory (loader->repo, loader->tree, loader->path->str,
                                           meta_checksum, &node, error)
         && load_children (loader, dirtree, error);
}

TerraneTree *
terrane_commit_load (TerraneStore *store, const OciDigest *commit, GError **error)
{
  OciDigestHex hex;
  OCI_PREFIX (error, "the commit %.12s… of %s", oci_digest_hex (commit, hex),
              terrane_store_path (store));
  if (!terrane_store_open_repo (store, error))
    return NULL;
  OstreeRepo *repo = terrane_store_repo (store);
  g_autoptr (GVariant) variant = NULL, tree_checksum = NULL, meta_checksum = NULL;
  variant = terrane_metadata_load (repo, OSTREE_OBJECT_TYPE_COMMIT, hex, error);
  if (variant == NULL)
    return NULL;
  g_variant_get_child (variant, 6, "@ay", &tree_checksum);
  g_variant_get_child (variant, 7, "@ay", &meta_checksum);

  g_autoptr (TerraneTree) tree = terrane_tree_new ();
  g_autoptr (GString) path = g_string_new (NULL);
  Loader loader = { .repo = repo, .tree = tree, .path = path };
  if (!load_directory (&loader, tree_checksum, meta_checksum, error))
    return NULL;
  return g_steal_pointer (&tree);
}

gboolean
terrane_commit_find (TerraneStore *store, const OciDigest *commit, gboolean *out_found,
                     GError **error)
{
  OciDigestHex hex;
  OCI_PREFIX (error, "the commit %.12s… of %s", oci_digest_hex (commit, hex),
              terrane_store_path (store));
  g_autofree char *path = g_strdup_printf ("repo/objects/%.2s/%s.commit", hex, hex + 2);
  struct stat st;
  *out_found = fstatat (terrane_store_dfd (store), path, &st, AT_SYMLINK_NOFOLLOW) == 0;
  return *out_found
         || (terrane_store_open_repo (store, error)
             && ostree_repo_has_object (terrane_store_repo (store), OSTREE_OBJECT_TYPE_COMMIT, hex,
                                        out_found, NULL, error));
}
