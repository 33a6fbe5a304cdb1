/* The names of a layout: index.json. */
#include "oci/layout.h"

#include "oci/base/temp-file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/file.h>
#include <unistd.h>

#define INDEX_FILE "index.json"

OciIndex *
oci_layout_read_index (OciLayout *self, GError **error)
{
  OCI_PREFIX (error, "%s", oci_layout_label (self));
  g_autoptr (GBytes) raw = NULL;
  if (!oci_read_file (oci_layout_dfd (self), INDEX_FILE, OCI_INDEX_MAX_BYTES, &raw, error))
    return NULL;
  return oci_index_parse (INDEX_FILE, raw, error);
}

OciDescriptor *
oci_layout_resolve (OciLayout *self, const char *name, const OciPlatform *platform, GError **error)
{
  g_autoptr (OciIndex) index = oci_layout_read_index (self, error);
  if (index == NULL)
    return NULL;
  OCI_PREFIX (error, "%s", oci_layout_label (self));
  const OciDescriptor *found = oci_index_find (index, name, platform, error);
  return found != NULL ? oci_descriptor_copy (found) : NULL;
}

static const char *
entry_name (const json_t *entry)
{
  return json_string_value (
      json_object_get (json_object_get (entry, "annotations"), OCI_ANNOTATION_REF_NAME));
}

/* Whether the only entry @name already is @manifest. */
static gboolean
has_entry (const json_t *manifests, const char *name, const OciDescriptor *manifest)
{
  g_autoptr (OciDescriptor) named = oci_descriptor_copy (manifest);
  oci_descriptor_annotate (named, OCI_ANNOTATION_REF_NAME, name);
  g_autoptr (OciJsonValue) wanted = oci_descriptor_to_json (named);
  size_t i;
  const json_t *entry;
  guint same = 0, all = 0;
  json_array_foreach (manifests, i, entry)
  {
    all += g_strcmp0 (entry_name (entry), name) == 0 ? 1 : 0;
    same += json_equal (entry, wanted) != 0 ? 1 : 0;
  }
  return same == 1 && all == 1;
}

/* Replaces index.json after removing the entry @name and adding @manifest unless it is NULL.
 * Entries of other programs are unchanged, including unknown members. */
static gboolean
rewrite_index (OciLayout *self, const char *name, const OciDescriptor *manifest,
               gboolean *out_dropped, GError **error)
{
  g_autoptr (OciIndex) checked = oci_layout_read_index (self, error);
  g_autoptr (GBytes) raw = NULL;
  if (checked == NULL
      || !oci_read_file (oci_layout_dfd (self), INDEX_FILE, OCI_INDEX_MAX_BYTES, &raw, error))
    return FALSE;
  OciJson root;
  g_autoptr (OciJsonDocument) document =
      oci_json_parse (INDEX_FILE, raw, OCI_ERROR_FORMAT, &root, error);
  if (document == NULL)
    return FALSE;

  g_autoptr (OciJsonValue) copy = json_deep_copy (root.value);
  json_t *manifests = json_object_get (copy, "manifests");
  *out_dropped = FALSE;
  if (manifest != NULL && has_entry (manifests, name, manifest))
    return TRUE;
  for (size_t i = json_array_size (manifests); i-- > 0;)
    {
      if (g_strcmp0 (entry_name (json_array_get (manifests, i)), name) == 0)
        *out_dropped = json_array_remove (manifests, i) == 0;
    }
  if (manifest != NULL)
    {
      g_autoptr (OciDescriptor) named = oci_descriptor_copy (manifest);
      oci_descriptor_annotate (named, OCI_ANNOTATION_REF_NAME, name);
      oci_json_append (manifests, oci_descriptor_to_json (named));
    }
  g_autoptr (GBytes) data = oci_json_dump (copy);
  return oci_replace_file_synced (oci_layout_dfd (self), INDEX_FILE, 0644,
                                  g_bytes_get_data (data, NULL), g_bytes_get_size (data), error);
}

/* Uses a descriptor of its own, since flock() locks belong to the open file description. */
static gboolean
lock_layout (OciLayout *self, OciFd *out_lock, GError **error)
{
  if (!oci_open_dir (oci_layout_dfd (self), ".", out_lock, error))
    return FALSE;
  while (flock (*out_lock, LOCK_EX) < 0)
    if (errno != EINTR)
      return oci_throw_errno (error, "locking %s", oci_layout_label (self));
  return TRUE;
}

static gboolean
rewrite_index_locked (OciLayout *self, const char *name, const OciDescriptor *manifest,
                      gboolean *out_dropped, GError **error)
{
  g_auto (OciFd) lock = -1;
  return lock_layout (self, &lock, error)
         && rewrite_index (self, name, manifest, out_dropped, error);
}

gboolean
oci_layout_tag (OciLayout *self, const char *name, const OciDescriptor *manifest, GError **error)
{
  gboolean dropped;
  return rewrite_index_locked (self, name, manifest, &dropped, error);
}

gboolean
oci_layout_untag (OciLayout *self, const char *name, GError **error)
{
  gboolean dropped = FALSE;
  if (!rewrite_index_locked (self, name, NULL, &dropped, error))
    return FALSE;
  if (dropped)
    return TRUE;
  g_autoptr (OciIndex) index = oci_layout_read_index (self, error);
  if (index == NULL)
    return FALSE;
  OCI_PREFIX (error, "%s", oci_layout_label (self));
  oci_index_fail_unknown (index, name, error);
  return FALSE;
}

gboolean
oci_layout_remove_unnamed (OciLayout *self, GError **error)
{
  g_auto (OciFd) lock = -1;
  if (!lock_layout (self, &lock, error))
    return FALSE;
  g_autoptr (OciIndex) index = oci_layout_read_index (self, error);
  return index != NULL
         && (index->manifests->len > 0
             || oci_remove_tree (AT_FDCWD, oci_layout_path (self), error));
}

gboolean
oci_layout_index_is_damaged (const GError *error)
{
  return g_error_matches (error, OCI_ERROR, OCI_ERROR_FORMAT)
         || g_error_matches (error, OCI_ERROR, OCI_ERROR_CORRUPT)
         || g_error_matches (error, OCI_ERROR, OCI_ERROR_NOT_FOUND);
}

static json_t *
empty_index (void)
{
  return json_loads (OCI_LAYOUT_EMPTY_INDEX, 0, NULL);
}

static gboolean
is_readable_entry (json_t *entry)
{
  g_autoptr (OciJsonValue) alone = empty_index ();
  oci_json_append (json_object_get (alone, "manifests"), json_incref (entry));
  g_autoptr (GBytes) raw = oci_json_dump (alone);
  g_autoptr (OciIndex) index = oci_index_parse (INDEX_FILE, raw, NULL);
  return index != NULL;
}

/* Returns the entries that can be understood. */
static json_t *
salvage (OciLayout *self, guint *out_dropped)
{
  g_autoptr (GBytes) raw = NULL;
  g_autoptr (OciJsonValue) old = NULL;
  json_t *kept = empty_index (), *entry;
  size_t i, size = 0;
  *out_dropped = 0;
  if (!oci_read_file (oci_layout_dfd (self), INDEX_FILE, OCI_INDEX_MAX_BYTES, &raw, NULL))
    return kept;
  const char *text = g_bytes_get_data (raw, &size);
  old = json_loadb (text, size, 0, NULL);
  json_array_foreach (json_object_get (old, "manifests"), i, entry)
  {
    if (is_readable_entry (entry))
      oci_json_append (json_object_get (kept, "manifests"), json_incref (entry));
    else
      ++*out_dropped;
  }
  return kept;
}

gboolean
oci_layout_salvage_index (OciLayout *self, guint *out_dropped, GError **error)
{
  static const char damaged[] = INDEX_FILE ".damaged";
  int dfd = oci_layout_dfd (self);
  g_auto (OciFd) lock = -1;
  if (!lock_layout (self, &lock, error))
    return FALSE;
  g_autoptr (OciJsonValue) kept = salvage (self, out_dropped);
  g_autoptr (GBytes) data = oci_json_dump (kept);
  if (!oci_remove_tree (dfd, damaged, error))
    return FALSE;
  /* Adds a second name first: the file is kept if the new one cannot be written. */
  if (linkat (dfd, INDEX_FILE, dfd, damaged, 0) < 0 && renameat (dfd, INDEX_FILE, dfd, damaged) < 0
      && errno != ENOENT)
    return oci_throw_errno (error, "renaming the damaged " INDEX_FILE);
  return oci_replace_file_synced (dfd, INDEX_FILE, 0644, g_bytes_get_data (data, NULL),
                                  g_bytes_get_size (data), error);
}
