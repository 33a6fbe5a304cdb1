#include "builder/store/fsck.h"

#include "builder/store/commit.h"
#include "builder/store/locations.h"
#include "builder/store/metadata.h"
#include "builder/store/names.h"

#include "oci/base/text-hash.h"
#include "oci/image.h"
#include "oci/layer-stream.h"

#include <fcntl.h>
#include <string.h>

typedef struct
{
  TerraneStore *store;
  gboolean repair;
  TerraneFsckFunc report;
  gpointer data;
  guint problems;
  guint unread;            /* of them: unreadable ones */
  OciLayout *layout;       /* the layout that is being read */
  const char *noun;        /* the noun for one of them */
  GPtrArray *broken_blobs; /* of OciDigest */
  GHashTable *diff_ids;    /* char *, a layer's digest -> char *, its diffID: images share layers */
} Checker;

static void note (Checker *self, const char *format, ...) G_GNUC_PRINTF (2, 3);

static void
note (Checker *self, const char *format, ...)
{
  va_list args;
  va_start (args, format);
  g_autofree char *problem = g_strdup_vprintf (format, args);
  va_end (args);
  self->problems++;
  self->report (self->data, problem);
}

/* An object that cannot be read at the moment (EACCES, EIO, too many files) may be sound: @why is
 * not a reason to remove it. */
static gboolean
is_unread (Checker *self, const GError *why)
{
  gboolean unread = g_error_matches (why, OCI_ERROR, OCI_ERROR_IO);
  self->unread += unread ? 1 : 0;
  return unread;
}

static void
check_blob (const OciDigest *digest, uint64_t size, gpointer data)
{
  Checker *self = data;
  OciDigestHex hex;
  OciDigest actual;
  g_autoptr (GError) local = NULL;
  g_auto (OciFd) fd = -1;
  g_autoptr (OciDescriptor) descriptor = oci_descriptor_new ("", digest, size);
  if (oci_layout_open_blob (self->layout, descriptor, &fd, &local)
      && oci_digest_of_fd (fd, &actual, NULL, &local) && oci_digest_equal (digest, &actual))
    return;
  note (self, "%s sha256:%s: %s", self->noun, oci_digest_hex (digest, hex),
        local != NULL ? local->message : "its content has another digest");
  if (is_unread (self, local))
    return;
  g_ptr_array_add (self->broken_blobs, g_memdup2 (digest, sizeof *digest));
}

static gboolean
check_blobs (Checker *self, OciLayout *layout, const char *noun, GError **error)
{
  g_autoptr (GPtrArray) broken = g_ptr_array_new_with_free_func (g_free);
  self->layout = layout;
  self->noun = noun;
  self->broken_blobs = broken;
  if (!oci_layout_foreach_blob (layout, check_blob, self, error))
    return FALSE;
  for (guint i = 0; self->repair && i < broken->len; i++)
    if (!oci_layout_remove_blob (layout, broken->pdata[i], error))
      return FALSE;
  return TRUE;
}

/* Unpacks a layer, each only once. @out_diff_id: (out) (transfer none) (nullable): %NULL if the
 * layer is elsewhere, or damaged, which was reported as such */
static gboolean
find_diff_id (Checker *self, const OciDescriptor *layer, const char **out_diff_id, GError **error)
{
  OciLayout *layout = terrane_store_layout (self->store);
  OciDigest actual;
  OciDigestText text;
  g_auto (OciFd) fd = -1;
  gboolean found = FALSE;
  const char *key = oci_digest_text (&layer->digest, text);
  *out_diff_id = g_hash_table_lookup (self->diff_ids, key);
  if (*out_diff_id != NULL)
    return TRUE;
  if (!oci_layout_find_blob (layout, &layer->digest, &found, NULL, error))
    return FALSE;
  if (!found || !oci_layout_open_verified (layout, layer, &fd, NULL))
    return TRUE;
  OCI_PREFIX (error, "the layer %s", key);
  g_autoptr (OciLayerStream) stream = oci_layer_stream_new (fd, error);
  if (stream == NULL || !oci_layer_stream_finish (stream, &actual, error))
    return FALSE;
  g_autofree char *name = g_strdup (key);
  char *diff_id = g_strdup (oci_digest_text (&actual, text));
  g_hash_table_insert (self->diff_ids, g_steal_pointer (&name), diff_id);
  *out_diff_id = diff_id;
  return TRUE;
}

/* Layers that are elsewhere, and those of images without a usable configuration, are not
 * compared. */
static gboolean
check_diff_ids (Checker *self, const OciDescriptor *image, GError **error)
{
  g_autoptr (OciManifest) manifest = NULL;
  g_autoptr (OciImageConfig) config = NULL;
  if (!oci_image_read (terrane_store_layout (self->store), image, &manifest, &config, NULL))
    return TRUE;
  for (guint i = 0; i < manifest->layers->len; i++)
    {
      const OciDescriptor *layer = manifest->layers->pdata[i];
      const char *actual = NULL;
      OciDigest said;
      OciDigestText text;
      if (!oci_image_config_diff_id (config, i, &said, NULL))
        continue;
      if (!find_diff_id (self, layer, &actual, error))
        return FALSE;
      if (actual != NULL && strcmp (actual, oci_digest_text (&said, text)) != 0)
        return oci_throw (error, OCI_ERROR_CORRUPT,
                          "the layer %s: it unpacks to another diffID than the image's "
                          "configuration says",
                          oci_digest_text (&layer->digest, text));
    }
  return TRUE;
}

static gboolean
check_images (Checker *self, GError **error)
{
  OciLayout *layout = terrane_store_layout (self->store);
  g_autoptr (OciIndex) index = oci_layout_read_index (layout, error);
  if (index == NULL)
    return FALSE;
  for (guint i = 0; i < index->manifests->len; i++)
    {
      const OciDescriptor *descriptor = index->manifests->pdata[i];
      const char *name = oci_descriptor_annotation (descriptor, OCI_ANNOTATION_REF_NAME);
      g_autoptr (GError) local = NULL;
      if (terrane_locations_check_image (self->store, descriptor, &local)
          && check_diff_ids (self, descriptor, &local))
        continue;
      note (self, "image %s: %s", name != NULL ? name : "(unnamed)", local->message);
      /* A sound entry of an unsupported kind, such as an index of images, keeps its name. */
      gboolean damaged = !is_unread (self, local) && oci_layout_index_is_damaged (local);
      if (damaged && self->repair && name != NULL
          && !terrane_name_remove (self->store, name, error))
        return FALSE;
    }
  return TRUE;
}

/* libostree has one error for damage and for most errors of the system.
 *
 * Returns: FALSE with an error if the object's file cannot be read */
static gboolean
read_object (OstreeRepo *repo, const char *checksum, OstreeObjectType type, GError **error)
{
  OciDigest ignored;
  g_auto (OciFd) fd = -1;
  g_autofree char *path = g_strdup_printf ("objects/%.2s/%s.%s", checksum, checksum + 2,
                                           ostree_object_type_to_string (type));
  return oci_open_file (ostree_repo_get_dfd (repo), path, FALSE, &fd, NULL, error)
         && oci_digest_of_fd (fd, &ignored, NULL, error);
}

static gboolean
check_object (Checker *self, const char *checksum, OstreeObjectType type, GError **error)
{
  OstreeRepo *repo = terrane_store_repo (self->store);
  g_autoptr (GError) local = NULL;
  g_autoptr (GError) reading = NULL;
  if (ostree_repo_fsck_object (repo, type, checksum, NULL, &local))
    return TRUE;
  note (self, "%s", local->message);
  return (!read_object (repo, checksum, type, &reading) && is_unread (self, reading))
         || !self->repair || ostree_repo_delete_object (repo, type, checksum, NULL, error);
}

static gboolean
check_objects (Checker *self, GError **error)
{
  g_autoptr (GHashTable) objects = NULL;
  if (!ostree_repo_list_objects (terrane_store_repo (self->store), OSTREE_REPO_LIST_OBJECTS_LOOSE,
                                 &objects, NULL, error))
    return FALSE;
  GHashTableIter iter;
  gpointer key;
  g_hash_table_iter_init (&iter, objects);
  while (g_hash_table_iter_next (&iter, &key, NULL))
    {
      const char *checksum = NULL;
      OstreeObjectType type;
      ostree_object_name_deserialize (key, &checksum, &type);
      if (!check_object (self, checksum, type, error))
        return FALSE;
    }
  return TRUE;
}

/* Whether it belongs to a pull that was killed while its objects were put into place; the next pull
 * continues it. */
static gboolean
is_arriving (OstreeRepo *repo, const char *checksum)
{
  OstreeRepoCommitState state = 0;
  return ostree_repo_load_commit (repo, checksum, NULL, &state, NULL)
         && (state & OSTREE_REPO_COMMIT_STATE_PARTIAL) != 0;
}

/* A commit counts as stored if its object exists; after a deletion, that is not enough. */
static gboolean
check_commit (const char *checksum, gpointer data, GError **error)
{
  Checker *self = data;
  OstreeRepo *repo = terrane_store_repo (self->store);
  g_autoptr (GHashTable) reachable = ostree_repo_traverse_new_reachable ();
  g_autoptr (GError) local = NULL;
  gboolean all = FALSE;
  if (is_arriving (repo, checksum))
    return TRUE;
  if (terrane_commit_traverse (repo, checksum, reachable, &local)
      && !terrane_metadata_has_all (repo, reachable, &all, error))
    return FALSE;
  if (all)
    return TRUE;
  note (self, "commit %s: %s", checksum, local != NULL ? local->message : "lacks an object");
  gboolean unread = local != NULL && self->unread > 0; /* perhaps for that reason */
  return !self->repair || unread
         || ostree_repo_delete_object (repo, OSTREE_OBJECT_TYPE_COMMIT, checksum, NULL, error);
}

gboolean
terrane_fsck (TerraneStore *store, gboolean repair, TerraneFsckFunc report, gpointer data,
              guint *out_problems, guint *out_unread, GError **error)
{
  OCI_PREFIX (error, "the store %s", terrane_store_path (store));
  g_autoptr (GHashTable) diff_ids =
      g_hash_table_new_full (oci_text_hash, g_str_equal, g_free, g_free);
  Checker self = {
    .store = store, .repair = repair, .report = report, .data = data, .diff_ids = diff_ids
  };
  /* The store's index was read when the store was opened; if it is damaged here, that happened
   * since. */
  if (repair && !terrane_names_repair (store, report, data, &self.problems, error))
    return FALSE;
  if (!check_blobs (&self, terrane_store_layout (store), "blob", error)
      || !check_blobs (&self, terrane_store_downloads (store), "download", error)
      || !check_images (&self, error) || !check_objects (&self, error)
      || !terrane_commit_foreach (terrane_store_repo (store), check_commit, &self, error))
    return FALSE;
  *out_problems = self.problems;
  *out_unread = self.unread;
  /* Checkouts are not verified, and they may have links to the files of removed objects. */
  guint removed = 0;
  return !repair || terrane_checkouts_sweep (store, NULL, NULL, &removed, error);
}
