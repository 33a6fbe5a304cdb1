#include "builder/image/cache-objects.h"

#include "builder/image/cache-document.h"
#include "builder/store/ingest.h"
#include "builder/store/metadata.h"
#include "builder/store/needs.h"
#include "builder/store/object.h"

#include "oci/archive-reader.h"
#include "oci/base/raw-name.h"
#include "oci/layer-stream.h"
#include "oci/layer-writer.h"

#include <string.h>
#include <sys/stat.h>

enum
{
  COPY_BYTES = 256 * 1024,
  MAX_ENTRY_BYTES = 4 * 1024 * 1024,     /* like the cache itself */
  MAX_METADATA_BYTES = 64 * 1024 * 1024, /* of one object */
  MAX_WAITING_BYTES = 512 * 1024 * 1024, /* of all entries and commits */
};

TerraneCacheEntry *
terrane_cache_entry_new (TerraneCacheKind kind, const OciDigest *key, GBytes *json)
{
  TerraneCacheEntry *self = g_new0 (TerraneCacheEntry, 1);
  *self = (TerraneCacheEntry){ .kind = kind, .key = *key, .json = json };
  return self;
}

void
terrane_cache_entry_free (gpointer entry)
{
  TerraneCacheEntry *self = entry;
  g_bytes_unref (self->json);
  g_free (self);
}

/* Writing */

static int
compare_entries (gconstpointer a, gconstpointer b)
{
  const TerraneCacheEntry *one = *(TerraneCacheEntry *const *) a;
  const TerraneCacheEntry *other = *(TerraneCacheEntry *const *) b;
  int order = strcmp (terrane_cache_kind_name (one->kind), terrane_cache_kind_name (other->kind));
  return order != 0 ? order : memcmp (one->key.bytes, other->key.bytes, sizeof one->key.bytes);
}

static gboolean
add_bytes (OciTarWriter *tar, const char *path, GBytes *content, GError **error)
{
  gsize size = 0;
  const void *data = g_bytes_get_data (content, &size);
  const OciEntry entry = { .path = path, .type = OCI_ENTRY_FILE, .mode = 0644, .size = size };
  return oci_tar_writer_add (tar, &entry, error) && oci_tar_writer_data (tar, data, size, error);
}

static gboolean
add_entry (OciTarWriter *tar, const TerraneCacheEntry *entry, GError **error)
{
  OciDigestHex hex;
  g_autofree char *path =
      g_strdup_printf (TERRANE_CACHE_ENTRIES "%s/%s", terrane_cache_kind_name (entry->kind),
                       oci_digest_hex (&entry->key, hex));
  return add_bytes (tar, path, entry->json, error);
}

/* Writes the content of an object, digesting it on the way. */
static gboolean
add_content (TerraneStore *store, OciTarWriter *tar, const OciEntry *entry, const OciDigest *digest,
             GError **error)
{
  g_autoptr (TerraneObjectHasher) hasher = terrane_object_hasher_new (entry);
  g_autofree char *buffer = g_malloc (COPY_BYTES);
  g_auto (OciFd) fd = -1;
  uint64_t left = entry->size;
  if (entry->type == OCI_ENTRY_FILE && !terrane_object_open (store, digest, &fd, error))
    return FALSE;
  while (left > 0)
    {
      size_t got = 0;
      if (!oci_read_full (fd, buffer, (size_t) MIN (left, (uint64_t) COPY_BYTES), &got, error))
        return FALSE;
      if (got == 0)
        break; /* then its digest is another one */
      terrane_object_hasher_update (hasher, buffer, got);
      if (!oci_tar_writer_data (tar, buffer, got, error))
        return FALSE;
      left -= got;
    }
  return terrane_object_check (hasher, digest, error);
}

static gboolean
add_file (TerraneStore *store, OciTarWriter *tar, const char *hex, const char *path, GError **error)
{
  OciDigest digest;
  g_autoptr (GFileInfo) info = NULL;
  g_autoptr (GVariant) xattrs = NULL;
  if (!oci_digest_parse_hex (hex, &digest, error)
      || !ostree_repo_load_file (terrane_store_repo (store), hex, NULL, &info, &xattrs, NULL,
                                 error))
    return FALSE;
  gboolean is_link = g_file_info_get_file_type (info) == G_FILE_TYPE_SYMBOLIC_LINK;
  g_autofree char *target =
      is_link ? oci_raw_name_from_text (g_file_info_get_symlink_target (info)) : NULL;
  const OciEntry entry = {
    .path = path,
    .type = is_link ? OCI_ENTRY_SYMLINK : OCI_ENTRY_FILE,
    .target = target,
    .mode = g_file_info_get_attribute_uint32 (info, "unix::mode") & 07777,
    .uid = g_file_info_get_attribute_uint32 (info, "unix::uid"),
    .gid = g_file_info_get_attribute_uint32 (info, "unix::gid"),
    .size = is_link ? 0 : (uint64_t) g_file_info_get_size (info),
    .xattrs = xattrs != NULL && g_variant_n_children (xattrs) > 0 ? xattrs : NULL,
  };
  return oci_tar_writer_add (tar, &entry, error)
         && add_content (store, tar, &entry, &digest, error);
}

static gboolean
add_object (TerraneStore *store, OciTarWriter *tar, GVariant *name, GError **error)
{
  const char *hex = NULL;
  OstreeObjectType type;
  ostree_object_name_deserialize (name, &hex, &type);
  g_autofree char *path =
      g_strdup_printf (TERRANE_CACHE_OBJECTS "%s.%s", hex, ostree_object_type_to_string (type));
  if (type == OSTREE_OBJECT_TYPE_FILE)
    return add_file (store, tar, hex, path, error);
  g_autoptr (GVariant) variant =
      terrane_metadata_load (terrane_store_repo (store), type, hex, error);
  if (variant == NULL)
    return FALSE;
  g_autoptr (GBytes) bytes = g_variant_get_data_as_bytes (variant);
  return add_bytes (tar, path, bytes, error);
}

static int
compare_objects (gconstpointer a, gconstpointer b)
{
  const char *one = NULL, *other = NULL;
  OstreeObjectType one_type, other_type;
  ostree_object_name_deserialize (*(GVariant *const *) a, &one, &one_type);
  ostree_object_name_deserialize (*(GVariant *const *) b, &other, &other_type);
  int order = strcmp (one, other);
  return order != 0 ? order : (int) one_type - (int) other_type;
}

OciDescriptor *
terrane_cache_rest_write (TerraneStore *store, GHashTable *objects, GPtrArray *entries,
                          unsigned jobs, GError **error)
{
  OciDigest diff_id;
  GHashTableIter iter;
  gpointer name;
  g_autoptr (GPtrArray) sorted = g_ptr_array_new (); /* borrowed */
  g_hash_table_iter_init (&iter, objects);
  while (g_hash_table_iter_next (&iter, &name, NULL))
    g_ptr_array_add (sorted, name);
  g_ptr_array_sort (sorted, compare_objects);
  g_ptr_array_sort (entries, compare_entries);
  g_autoptr (OciLayerWriter) writer =
      oci_layer_writer_new (terrane_store_layout (store), jobs, error);
  if (writer == NULL)
    return NULL;
  OciTarWriter *tar = oci_layer_writer_tar (writer);
  for (guint i = 0; i < entries->len; i++)
    if (!add_entry (tar, entries->pdata[i], error))
      return NULL;
  for (guint i = 0; i < sorted->len; i++)
    if (!add_object (store, tar, sorted->pdata[i], error))
      return NULL;
  return oci_layer_writer_finish (writer, &diff_id, error);
}

/* Reading */

typedef struct
{
  TerraneStore *store;
  TerraneIngest *ingest;
  GPtrArray *entries; /* of TerraneCacheEntry */
  GPtrArray *commits; /* of GVariant */
  uint64_t waiting;   /* bytes of both */
  guint objects;
} Rest;

static gboolean
count_waiting (Rest *self, GBytes *bytes, GError **error)
{
  self->waiting += g_bytes_get_size (bytes) + sizeof (TerraneCacheEntry);
  return self->waiting <= MAX_WAITING_BYTES
         || oci_throw (error, OCI_ERROR_LIMIT, "has more than 512 MiB of entries");
}

/* Returns: (transfer full) (nullable) */
static json_t *
parse_entry (GBytes *json, GError **error)
{
  gsize size = 0;
  const char *text = g_bytes_get_data (json, &size);
  g_autoptr (OciJsonValue) value = json_loadb (text, size, JSON_REJECT_DUPLICATES, NULL);
  if (json_is_object (value))
    return g_steal_pointer (&value);
  oci_throw (error, OCI_ERROR_FORMAT, "an entry of the cache is not a JSON object");
  return NULL;
}

/* All entries are checked before any is written. */
static gboolean
take_entry (Rest *self, OciArchiveReader *reader, const OciEntry *entry, GError **error)
{
  const char *name = entry->path + strlen (TERRANE_CACHE_ENTRIES);
  OciDigest key;
  for (TerraneCacheKind kind = 0; kind < TERRANE_CACHE_KINDS; kind++)
    {
      size_t length = strlen (terrane_cache_kind_name (kind));
      if (strncmp (name, terrane_cache_kind_name (kind), length) != 0 || name[length] != '/')
        continue;
      if (terrane_needs_is_local (kind))
        return oci_throw (error, OCI_ERROR_FORMAT,
                          "is an entry that holds on one machine alone; 'terrane cache export' "
                          "writes none of these");
      if (!oci_digest_parse_hex (name + length + 1, &key, error))
        return FALSE;
      GBytes *json = oci_archive_reader_read_all (reader, entry, MAX_ENTRY_BYTES, error);
      if (json == NULL)
        return FALSE;
      g_ptr_array_add (self->entries, terrane_cache_entry_new (kind, &key, json));
      g_autoptr (OciJsonValue) value = parse_entry (json, error);
      return value != NULL && count_waiting (self, json, error);
    }
  return oci_throw (error, OCI_ERROR_FORMAT,
                    "is an entry of a kind that this terrane does not know");
}

static const struct
{
  const char *suffix;
  OstreeObjectType type;
  const char *format;
  gboolean (*validate) (GVariant *variant, GError **error);
} metadata_types[] = {
  { ".commit", OSTREE_OBJECT_TYPE_COMMIT, "(a{sv}aya(say)sstayay)",
    ostree_validate_structureof_commit },
  { ".dirtree", OSTREE_OBJECT_TYPE_DIR_TREE, "(a(say)a(sayay))",
    ostree_validate_structureof_dirtree },
  { ".dirmeta", OSTREE_OBJECT_TYPE_DIR_META, "(uuua(ayay))", ostree_validate_structureof_dirmeta },
};

/* A commit waits until everything that it needs is in the store. */
static gboolean
take_metadata (Rest *self, OciArchiveReader *reader, const OciEntry *entry, const char *hex,
               size_t which, GError **error)
{
  g_autoptr (GBytes) bytes = oci_archive_reader_read_all (reader, entry, MAX_METADATA_BYTES, error);
  g_autofree guchar *checksum = NULL;
  if (bytes == NULL)
    return FALSE;
  g_autoptr (GVariant) variant = g_variant_ref_sink (
      g_variant_new_from_bytes (G_VARIANT_TYPE (metadata_types[which].format), bytes, FALSE));
  if (!metadata_types[which].validate (variant, error))
    return FALSE;
  if (metadata_types[which].type == OSTREE_OBJECT_TYPE_COMMIT)
    {
      g_ptr_array_add (self->commits, g_variant_ref (variant));
      return count_waiting (self, bytes, error);
    }
  return ostree_repo_write_metadata (terrane_store_repo (self->store), metadata_types[which].type,
                                     hex, variant, &checksum, NULL, error);
}

static gboolean
read_content (gpointer data, void *buffer, size_t len, size_t *out_read, GError **error)
{
  return oci_archive_reader_read (data, buffer, len, out_read, error);
}

static gboolean
take_object (Rest *self, OciArchiveReader *reader, const OciEntry *entry, GError **error)
{
  const char *name = entry->path + strlen (TERRANE_CACHE_OBJECTS);
  OciDigest digest;
  g_autofree char *hex = g_strndup (name, strcspn (name, "."));
  const char *suffix = name + strlen (hex);
  if (!oci_digest_parse_hex (hex, &digest, error))
    return FALSE;
  self->objects++;
  for (size_t i = 0; i < G_N_ELEMENTS (metadata_types); i++)
    if (strcmp (suffix, metadata_types[i].suffix) == 0)
      return take_metadata (self, reader, entry, hex, i, error);
  if (strcmp (suffix, ".file") != 0
      || (entry->type != OCI_ENTRY_FILE && entry->type != OCI_ENTRY_SYMLINK))
    return oci_throw (error, OCI_ERROR_FORMAT, "is not an object");
  /* Its name is the digest of its content and attributes, whatever the archive says. */
  return terrane_ingest_add (self->ingest, entry, read_content, reader, error);
}

static gboolean
take_member (OciArchiveReader *reader, const OciEntry *entry, gpointer data, GError **error)
{
  Rest *self = data;
  g_autofree char *quoted = oci_quote (entry->path);
  OCI_PREFIX (error, "%s", quoted);
  if (g_str_has_prefix (entry->path, TERRANE_CACHE_ENTRIES))
    return take_entry (self, reader, entry, error);
  if (g_str_has_prefix (entry->path, TERRANE_CACHE_OBJECTS))
    return take_object (self, reader, entry, error);
  return oci_throw (error, OCI_ERROR_FORMAT, "is not a part of a cache");
}

/* An incomplete commit is left out: entries that refer to it have no effect. */
static gboolean
write_commit (Rest *self, GVariant *commit, GError **error)
{
  OstreeRepo *repo = terrane_store_repo (self->store);
  g_autoptr (GHashTable) reachable = ostree_repo_traverse_new_reachable ();
  g_autoptr (GError) local = NULL;
  g_autofree guchar *checksum = NULL;
  gboolean all = FALSE;
  if (!terrane_commit_traverse_variant (repo, commit, reachable, &local))
    g_message ("a commit of the cache is left out: %s", local->message);
  else if (!terrane_metadata_has_all (repo, reachable, &all, error))
    return FALSE;
  return !all
         || ostree_repo_write_metadata (repo, OSTREE_OBJECT_TYPE_COMMIT, NULL, commit, &checksum,
                                        NULL, error);
}

static gboolean
write_commits (Rest *self, GError **error)
{
  g_auto (TerraneTransaction) transaction = { 0 };
  if (!terrane_transaction_begin (&transaction, self->store, error))
    return FALSE;
  for (guint i = 0; i < self->commits->len; i++)
    if (!write_commit (self, self->commits->pdata[i], error))
      return FALSE;
  return terrane_transaction_commit (&transaction, error);
}

static gboolean
write_entries (Rest *self, guint *out_entries, GError **error)
{
  for (guint i = 0; i < self->entries->len; i++)
    {
      const TerraneCacheEntry *entry = self->entries->pdata[i];
      g_autoptr (OciJsonValue) own = terrane_cache_get (self->store, entry->kind, &entry->key);
      if (own != NULL)
        continue;
      g_autoptr (OciJsonValue) value = parse_entry (entry->json, error);
      if (value == NULL || !terrane_cache_put (self->store, entry->kind, &entry->key, value, error))
        return FALSE;
      ++*out_entries;
    }
  return TRUE;
}

static gboolean
read_rest (Rest *self, const OciDescriptor *rest, GError **error)
{
  OciLayout *layout = terrane_store_layout (self->store);
  OciUnpackBudget budget = oci_layout_unpack_budget (layout);
  OciDigest diff_id;
  g_auto (OciFd) fd = -1;
  budget.packed = rest->size;
  g_autoptr (OciLayerStream) stream =
      oci_layout_open_verified (layout, rest, &fd, error) ? oci_layer_stream_new (fd, error) : NULL;
  if (stream == NULL)
    return FALSE;
  g_autoptr (OciArchiveReader) reader =
      oci_archive_reader_new_layer ("the rest", oci_layer_stream_read, stream, &budget, error);
  return reader != NULL && oci_archive_reader_foreach (reader, take_member, self, error)
         && oci_layer_stream_finish (stream, &diff_id, error)
         && terrane_ingest_finish_objects (self->ingest, error);
}

gboolean
terrane_cache_rest_read (TerraneStore *store, const OciDescriptor *rest,
                         const TerraneCacheOptions *options, TerraneCacheReport *out_report,
                         GError **error)
{
  g_autoptr (GPtrArray) entries = g_ptr_array_new_with_free_func (terrane_cache_entry_free);
  g_autoptr (GPtrArray) commits = g_ptr_array_new_with_free_func ((GDestroyNotify) g_variant_unref);
  g_autoptr (TerraneIngest) ingest = terrane_ingest_new (store, options->jobs, NULL, NULL, error);
  Rest self = { .store = store, .ingest = ingest, .entries = entries, .commits = commits };
  if (ingest == NULL || !read_rest (&self, rest, error) || !write_commits (&self, error)
      || !write_entries (&self, &out_report->entries, error))
    return FALSE;
  out_report->objects = self.objects;
  return TRUE;
}
