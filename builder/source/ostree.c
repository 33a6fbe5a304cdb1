#include "builder/source/ostree.h"

#include "builder/source/source.h"
#include "builder/store/metadata.h"
#include "builder/store/object.h"
#include "builder/store/pulled.h"

#include "oci/base/path.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

enum
{
  MAX_DEPTH = 256,
};

gboolean
terrane_ostree_is_remote (const TerraneSourceSpec *spec)
{
  return g_str_has_prefix (spec->ostree_repository, "https://")
         || g_str_has_prefix (spec->ostree_repository, "http://");
}

gboolean
terrane_ostree_names_commit (const TerraneSourceSpec *spec, OciDigest *out_commit)
{
  return oci_digest_parse_hex (spec->ostree_ref, out_commit, NULL);
}

/* Errors have plain words instead of libostree's. Returns: (transfer full) (nullable) */
static OstreeRepo *
open_local (const char *path, GError **error)
{
  g_autoptr (GError) local = NULL;
  OstreeRepo *repo = ostree_repo_open_at (AT_FDCWD, path, NULL, &local);
  if (repo != NULL)
    return repo;
  if (!g_error_matches (local, G_IO_ERROR, G_IO_ERROR_NOT_FOUND))
    g_propagate_error (error, g_steal_pointer (&local));
  else if (g_file_test (path, G_FILE_TEST_EXISTS))
    oci_throw (error, OCI_ERROR_FORMAT, "this is not an ostree repository: it has no objects");
  else
    oci_throw (error, OCI_ERROR_NOT_FOUND, "there is no such directory");
  return NULL;
}

static gboolean
resolve_ref (OstreeRepo *repo, const char *ref, char **out_checksum, GError **error)
{
  g_autofree char *quoted = oci_quote (ref);
  if (!ostree_repo_resolve_rev (repo, ref, TRUE, out_checksum, error))
    {
      if (ostree_parse_refspec (ref, NULL, NULL, NULL))
        return FALSE;
      g_clear_error (error);
      return oci_throw (error, OCI_ERROR_USAGE,
                        "invalid ref %s: use letters, digits, ‘.’, ‘_’ and ‘-’, joined by ‘/’",
                        quoted);
    }
  return *out_checksum != NULL || oci_throw (error, OCI_ERROR_NOT_FOUND, "has no ref %s", quoted);
}

/* Returns: (transfer full) (nullable): the repository that has the commit */
static OstreeRepo *
open_repository (TerraneStore *store, const TerraneSourceSpec *spec, GError **error)
{
  return terrane_ostree_is_remote (spec) ? g_object_ref (terrane_store_repo (store))
                                         : open_local (spec->ostree_repository, error);
}

gboolean
terrane_ostree_resolve_local (const TerraneSourceSpec *spec, OciDigest *out_commit, GError **error)
{
  g_autofree char *checksum = NULL;
  OCI_PREFIX (error, "%s", spec->ostree_repository);
  g_autoptr (OstreeRepo) repo = open_local (spec->ostree_repository, error);
  return repo != NULL && resolve_ref (repo, spec->ostree_ref, &checksum, error)
         && oci_digest_parse_hex (checksum, out_commit, error);
}

static gboolean
identify (G_GNUC_UNUSED TerraneStore *store, const TerranePin *pin, OciDigest *out_identity,
          GError **error)
{
  if (!pin->has_digest)
    return oci_throw (error, OCI_ERROR_NOT_FOUND, "%s.ostree: it has no commit yet",
                      pin->spec->where);
  *out_identity = pin->digest;
  return TRUE;
}

typedef struct
{
  OstreeRepo *repo;
  TerraneSourceFilter *filter;
  OciUnpackBudget *budget; /* one directory may be in several others: a few make billions */
  const char *advice;      /* for messages about damaged objects */
} Reader;

/* Returns: (transfer full) (nullable): the attributes that archives keep, too; labels of the
 * machine that made the commit are not content */
static GVariant *
choose_xattrs (GVariant *xattrs)
{
  g_auto (GVariantBuilder) builder = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE ("a(ayay)"));
  guint kept = 0;
  for (gsize i = 0; xattrs != NULL && i < g_variant_n_children (xattrs); i++)
    {
      g_autoptr (GVariant) pair = g_variant_get_child_value (xattrs, i);
      const char *name = NULL;
      g_variant_get_child (pair, 0, "^&ay", &name);
      if (strcmp (name, "security.capability") != 0 && !g_str_has_prefix (name, "user."))
        continue;
      g_variant_builder_add_value (&builder, pair);
      kept++;
    }
  return kept > 0 ? g_variant_ref_sink (g_variant_builder_end (&builder)) : NULL;
}

/* A file's content, digested while the filter reads it. */
typedef struct
{
  GInputStream *stream; /* (nullable): of a symbolic link */
  TerraneObjectHasher *hasher;
  gboolean wanted; /* the filter wants it */
  uint64_t size;   /* as announced, */
  uint64_t read;   /* and so far */
} Content;

static gboolean
read_content (gpointer data, void *buffer, size_t len, size_t *out_read, GError **error)
{
  Content *self = data;
  self->wanted = TRUE;
  if (!g_input_stream_read_all (self->stream, buffer, len, out_read, NULL, error))
    return FALSE;
  if (*out_read > self->size - self->read)
    return oci_throw (error, OCI_ERROR_CORRUPT,
                      "the object is damaged: it has more than the %" G_GUINT64_FORMAT
                      " bytes that it announces",
                      self->size);
  self->read += *out_read;
  terrane_object_hasher_update (self->hasher, buffer, *out_read);
  return TRUE;
}

/* libostree does not verify that the content under a checksum has that checksum. A file that the
 * filter does not want is not read for that. */
static gboolean
verify_content (const Reader *self, Content *content, const OciEntry *entry, GVariant *checksum,
                GError **error)
{
  enum
  {
    PIECE_BYTES = 64 * 1024
  };
  OciDigest expected;
  if (content->stream != NULL && !content->wanted)
    return TRUE;
  if (content->stream != NULL)
    {
      g_autofree char *piece = g_malloc (PIECE_BYTES);
      for (size_t got = PIECE_BYTES; got == PIECE_BYTES;)
        if (!read_content (content, piece, PIECE_BYTES, &got, error))
          return FALSE;
    }
  const OciDigest actual = terrane_object_hasher_finish (content->hasher);
  g_autofree char *hex = ostree_checksum_from_bytes_v (checksum);
  if (!oci_digest_parse_hex (hex, &expected, error))
    return FALSE;
  if (oci_digest_equal (&actual, &expected))
    return TRUE;
  g_autofree char *quoted = oci_quote (entry->path);
  return oci_throw (error, OCI_ERROR_CORRUPT, "the object %.12s…, the file %s, is damaged; %s", hex,
                    quoted, self->advice);
}

static gboolean
take_file (const Reader *self, const char *path, GVariant *checksum, GError **error)
{
  g_autoptr (GInputStream) stream = NULL;
  g_autoptr (GFileInfo) info = NULL;
  g_autoptr (GVariant) xattrs = NULL;
  g_autofree char *hex = ostree_checksum_from_bytes_v (checksum);
  if (!ostree_repo_load_file (self->repo, hex, &stream, &info, &xattrs, NULL, error))
    return FALSE;
  gboolean is_link = g_file_info_get_file_type (info) == G_FILE_TYPE_SYMBOLIC_LINK;
  const char *target = is_link ? g_file_info_get_symlink_target (info) : NULL;
  if (is_link && (target == NULL || !g_utf8_validate (target, -1, NULL)))
    return oci_throw (error, OCI_ERROR_FORMAT, "/%s: the link's target is not UTF-8", path);
  g_autoptr (GVariant) chosen = choose_xattrs (xattrs);
  OciEntry entry = {
    .path = path,
    .type = is_link ? OCI_ENTRY_SYMLINK : OCI_ENTRY_FILE,
    .target = target,
    .mode = g_file_info_get_attribute_uint32 (info, "unix::mode") & 07777,
    .uid = g_file_info_get_attribute_uint32 (info, "unix::uid"),
    .gid = g_file_info_get_attribute_uint32 (info, "unix::gid"),
    .size = is_link ? 0 : (uint64_t) g_file_info_get_size (info),
    .xattrs = chosen,
  };
  g_autoptr (TerraneObjectHasher) hasher = terrane_object_hasher_new_for (info, xattrs);
  Content content = { .stream = is_link ? NULL : stream, .hasher = hasher, .size = entry.size };
  return oci_unpack_budget_entry (self->budget, entry.size, error)
         && terrane_source_take (self->filter, &entry, is_link ? NULL : read_content, &content,
                                 error)
         && verify_content (self, &content, &entry, checksum, error);
}

/* OSTREE_DIRMETA_GVARIANT_FORMAT, (uuua(ayay)): uid, gid, mode (big-endian), xattrs. */
static gboolean
take_directory (const Reader *self, const char *path, GVariant *checksum, GError **error)
{
  guint32 uid, gid, mode;
  g_autoptr (GVariant) dirmeta = NULL, xattrs = NULL;
  g_autofree char *hex = ostree_checksum_from_bytes_v (checksum);
  dirmeta = terrane_metadata_load_from (self->repo, OSTREE_OBJECT_TYPE_DIR_META, hex, self->advice,
                                        error);
  if (dirmeta == NULL || !ostree_validate_structureof_dirmeta (dirmeta, error))
    return FALSE;
  g_variant_get (dirmeta, "(uuu@a(ayay))", &uid, &gid, &mode, &xattrs);
  g_autoptr (GVariant) chosen = choose_xattrs (xattrs);
  OciEntry entry = {
    .path = path,
    .type = OCI_ENTRY_DIRECTORY,
    .mode = GUINT32_FROM_BE (mode) & 07777,
    .uid = GUINT32_FROM_BE (uid),
    .gid = GUINT32_FROM_BE (gid),
    .xattrs = chosen,
  };
  return oci_unpack_budget_entry (self->budget, 0, error)
         && terrane_source_take (self->filter, &entry, NULL, NULL, error);
}

static gboolean walk_tree (const Reader *self, const char *path, GVariant *checksum, unsigned depth,
                           GError **error);

/* Returns: (transfer full) (nullable): the path of an entry of the directory @path */
static char *
child_path (const char *path, const char *name, GError **error)
{
  char *child = NULL;
  g_autofree char *joined = oci_path_join (path, name);
  return oci_path_normalise (joined, &child, error) ? child : NULL;
}

static gboolean
walk_subdirectories (const Reader *self, const char *path, GVariant *directories, unsigned depth,
                     GError **error)
{
  for (gsize i = 0; i < g_variant_n_children (directories); i++)
    {
      const char *name = NULL;
      g_autoptr (GVariant) tree = NULL, meta = NULL;
      g_variant_get_child (directories, i, "(&s@ay@ay)", &name, &tree, &meta);
      g_autofree char *child = child_path (path, name, error);
      if (child == NULL || !take_directory (self, child, meta, error)
          || !walk_tree (self, child, tree, depth + 1, error))
        return FALSE;
    }
  return TRUE;
}

/* OSTREE_TREE_GVARIANT_FORMAT, (a(say)a(sayay)): files and directories; the validation makes sure
 * that names are valid and checksums have their length. */
static gboolean
walk_tree (const Reader *self, const char *path, GVariant *checksum, unsigned depth, GError **error)
{
  g_autoptr (GVariant) dirtree = NULL;
  g_autofree char *hex = ostree_checksum_from_bytes_v (checksum);
  if (depth > MAX_DEPTH)
    return oci_throw (error, OCI_ERROR_LIMIT, "%s: directories nested more than %d deep", path,
                      MAX_DEPTH);
  dirtree = terrane_metadata_load_from (self->repo, OSTREE_OBJECT_TYPE_DIR_TREE, hex, self->advice,
                                        error);
  if (dirtree == NULL || !ostree_validate_structureof_dirtree (dirtree, error))
    return FALSE;
  g_autoptr (GVariant) files = g_variant_get_child_value (dirtree, 0);
  g_autoptr (GVariant) directories = g_variant_get_child_value (dirtree, 1);
  for (gsize i = 0; i < g_variant_n_children (files); i++)
    {
      const char *name = NULL;
      g_autoptr (GVariant) file = NULL;
      g_variant_get_child (files, i, "(&s@ay)", &name, &file);
      g_autofree char *child = child_path (path, name, error);
      if (child == NULL || !take_file (self, child, file, error))
        return FALSE;
    }
  return walk_subdirectories (self, path, directories, depth, error);
}

static gboolean
read_all (TerraneStore *store, const TerranePin *pin, TerraneSourceFilter *filter, GError **error)
{
  const TerraneSourceSpec *spec = pin->spec;
  OciDigestHex hex;
  OCI_PREFIX (error, "ostree");
  g_autoptr (GVariant) commit = NULL, tree = NULL;
  g_autofree char *quoted = oci_quote (spec->ostree_repository);
  g_autofree char *advice =
      terrane_ostree_is_remote (spec)
          ? g_strdup (TERRANE_OBJECT_ADVICE)
          : g_strdup_printf ("'ostree fsck' shows what else is in the repository %s", quoted);
  g_autoptr (OstreeRepo) repo = open_repository (store, spec, error);
  if (repo == NULL)
    return FALSE;
  commit = terrane_metadata_load_from (repo, OSTREE_OBJECT_TYPE_COMMIT,
                                       oci_digest_hex (&pin->digest, hex), advice, error);
  if (commit == NULL || !ostree_validate_structureof_commit (commit, error))
    return FALSE;
  OciUnpackBudget budget = oci_layout_unpack_budget (terrane_store_layout (store));
  const Reader reader = { .repo = repo, .filter = filter, .budget = &budget, .advice = advice };
  g_variant_get_child (commit, 6, "@ay", &tree);
  return walk_tree (&reader, "", tree, 0, error);
}

const TerraneSourceType terrane_source_ostree = {
  .name = "ostree",
  .identify = identify,
  .read = read_all,
};
