#include "builder/diff/layer-bytes.h"

#include "builder/diff/change.h"
#include "builder/store/xattrs.h"

#include "oci/archive-reader.h"
#include "oci/layer-stream.h"

#include <string.h>

enum
{
  SIDES = 2,
};

typedef struct
{
  OciFd fd;
  OciLayerStream *stream;
  OciUnpackBudget budget;
  OciArchiveReader *reader; /* (nullable) */
  const void *piece;        /* of the stream, if it is read without a reader */
  size_t left;              /* bytes of it */
} Layer;

static void
layer_clear (Layer *self)
{
  g_clear_pointer (&self->reader, oci_archive_reader_free);
  g_clear_pointer (&self->stream, oci_layer_stream_free);
  oci_fd_close (self->fd);
  self->fd = -1;
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Layer, layer_clear)

static gboolean
stream_open (Layer *self, const TerraneDiffLayer *from, GError **error)
{
  if (!oci_layout_open_blob (from->layout, from->blob, &self->fd, error))
    return FALSE;
  self->stream = oci_layer_stream_new (self->fd, error);
  return self->stream != NULL;
}

static gboolean
layer_open (Layer *self, const TerraneDiffLayer *from, GError **error)
{
  OciDigestText text;
  if (!stream_open (self, from, error))
    return FALSE;
  self->budget = oci_layout_unpack_budget (from->layout);
  self->reader =
      oci_archive_reader_new_layer (oci_digest_text (&from->blob->digest, text),
                                    oci_layer_stream_read, self->stream, &self->budget, error);
  return self->reader != NULL;
}

static void
set_numbers (json_t *cause, const char *attribute, json_int_t a, json_int_t b)
{
  oci_json_set (cause, "attribute", oci_json_text (attribute));
  oci_json_set (cause, "a", json_integer (a));
  oci_json_set (cause, "b", json_integer (b));
}

static gboolean
find_number (const OciEntry *a, const OciEntry *b, json_t *cause)
{
  const struct
  {
    const char *name;
    json_int_t a, b;
  } rows[] = {
    { "type", a->type, b->type }, { "size", (json_int_t) a->size, (json_int_t) b->size },
    { "mode", a->mode, b->mode }, { "uid", a->uid, b->uid },
    { "gid", a->gid, b->gid },    { "mtime", a->mtime, b->mtime },
  };
  for (size_t i = 0; i < G_N_ELEMENTS (rows); i++)
    if (rows[i].a != rows[i].b)
      {
        set_numbers (cause, rows[i].name, rows[i].a, rows[i].b);
        return TRUE;
      }
  return FALSE;
}

static gboolean
find_attribute (const OciEntry *a, const OciEntry *b, json_t *cause)
{
  if (find_number (a, b, cause))
    return TRUE;
  if (g_strcmp0 (a->target, b->target) != 0)
    {
      oci_json_set (cause, "attribute", oci_json_text ("target"));
      oci_json_set_text (cause, "a", a->target);
      oci_json_set_text (cause, "b", b->target);
      return TRUE;
    }
  if (a->xattrs == b->xattrs
      || (a->xattrs != NULL && b->xattrs != NULL && g_variant_equal (a->xattrs, b->xattrs)))
    return FALSE;
  oci_json_set (cause, "attribute", oci_json_text ("xattrs"));
  oci_json_set (cause, "a", terrane_xattrs_only_in (a->xattrs, b->xattrs));
  oci_json_set (cause, "b", terrane_xattrs_only_in (b->xattrs, a->xattrs));
  return TRUE;
}

static void
set_byte (json_t *cause, const char *attribute, const TerraneDiffByte *byte)
{
  oci_json_set (cause, "attribute", oci_json_text (attribute));
  oci_json_set (cause, "offset", json_integer ((json_int_t) byte->offset));
  if (byte->a >= 0)
    oci_json_set (cause, "a", json_integer (byte->a));
  if (byte->b >= 0)
    oci_json_set (cause, "b", json_integer (byte->b));
}

static gboolean
read_member (gpointer data, void *buffer, size_t len, size_t *out_read, GError **error)
{
  Layer *self = data;
  return oci_archive_reader_read (self->reader, buffer, len, out_read, error);
}

static gboolean
read_tar (gpointer data, void *buffer, size_t len, size_t *out_read, GError **error)
{
  Layer *self = data;
  if (self->left == 0 && !oci_layer_stream_read (self->stream, &self->piece, &self->left, error))
    return FALSE;
  *out_read = MIN (len, self->left);
  if (*out_read > 0)
    memcpy (buffer, self->piece, *out_read);
  self->piece = (const uint8_t *) self->piece + *out_read;
  self->left -= *out_read;
  return TRUE;
}

static void
set_path (json_t *cause, const char *path)
{
  g_autofree char *absolute = g_strconcat ("/", path, NULL);
  oci_json_set (cause, "path", oci_json_text (absolute));
}

/* *@out_found: the next entries differ; *@out_end: there are no more */
static gboolean
find_entry (Layer *const *layers, json_t *cause, gboolean *out_found, gboolean *out_end,
            GError **error)
{
  OciEntry entries[SIDES];
  gboolean ends[SIDES] = { FALSE };
  TerraneDiffByte byte = { .found = FALSE };
  for (unsigned i = 0; i < SIDES; i++)
    if (!oci_archive_reader_next (layers[i]->reader, &entries[i], &ends[i], error))
      return FALSE;
  *out_end = ends[0] && ends[1];
  *out_found = FALSE;
  if (*out_end)
    return TRUE;
  set_path (cause, entries[ends[0] ? 1 : 0].path);
  if (ends[0] || ends[1] || strcmp (entries[0].path, entries[1].path) != 0)
    {
      oci_json_set (cause, "attribute", oci_json_text ("entry"));
      if (!ends[0])
        oci_json_set_text (cause, "a", entries[0].path);
      if (!ends[1])
        oci_json_set_text (cause, "b", entries[1].path);
      *out_found = TRUE;
      return TRUE;
    }
  *out_found = find_attribute (&entries[0], &entries[1], cause);
  if (*out_found || entries[0].type != OCI_ENTRY_FILE)
    return TRUE;
  if (!terrane_diff_streams (read_member, layers[0], layers[1], &byte, error))
    return FALSE;
  *out_found = byte.found;
  if (byte.found)
    set_byte (cause, "content", &byte);
  return TRUE;
}

static gboolean
find_in_entries (const TerraneDiffLayer *a, const TerraneDiffLayer *b, json_t *cause,
                 gboolean *out_found, GError **error)
{
  g_auto (Layer) left = { .fd = -1 }, right = { .fd = -1 };
  gboolean end = FALSE;
  *out_found = FALSE;
  if (!layer_open (&left, a, error) || !layer_open (&right, b, error))
    return FALSE;
  Layer *const layers[SIDES] = { &left, &right };
  while (!*out_found && !end)
    if (!find_entry (layers, cause, out_found, &end, error))
      return FALSE;
  if (!*out_found)
    (void) json_object_del (cause, "path");
  return TRUE;
}

/* Sets the path of the entry with this byte of the tar, in its headers or its content. */
static gboolean
find_owner (const TerraneDiffLayer *from, uint64_t offset, json_t *cause, GError **error)
{
  g_auto (Layer) layer = { .fd = -1 };
  g_autofree char *path = NULL;
  if (!layer_open (&layer, from, error))
    return FALSE;
  for (gboolean end = FALSE; !end;)
    {
      OciEntry entry;
      if (!oci_archive_reader_next (layer.reader, &entry, &end, error))
        return FALSE;
      if (oci_archive_reader_header_position (layer.reader) > offset)
        break;
      g_clear_pointer (&path, g_free); /* past the last entry there is none */
      path = end ? NULL : g_strdup (entry.path);
    }
  if (path != NULL)
    set_path (cause, path);
  return TRUE;
}

static gboolean
compare_tars (const TerraneDiffLayer *a, const TerraneDiffLayer *b, TerraneDiffByte *out_byte,
              GError **error)
{
  g_auto (Layer) left = { .fd = -1 }, right = { .fd = -1 };
  return stream_open (&left, a, error) && stream_open (&right, b, error)
         && terrane_diff_streams (read_tar, &left, &right, out_byte, error);
}

static gboolean
find_in_tar (const TerraneDiffLayer *a, const TerraneDiffLayer *b, json_t *cause, GError **error)
{
  TerraneDiffByte byte = { .found = FALSE };
  if (!compare_tars (a, b, &byte, error))
    return FALSE;
  set_byte (cause, "tar", &byte);
  return find_owner (a, byte.offset, cause, error);
}

static gboolean
find_in_blob (const TerraneDiffLayer *a, const TerraneDiffLayer *b, json_t *cause, GError **error)
{
  g_auto (OciFd) left = -1, right = -1;
  TerraneDiffByte byte;
  if (!oci_layout_open_blob (a->layout, a->blob, &left, error)
      || !oci_layout_open_blob (b->layout, b->blob, &right, error)
      || !terrane_diff_bytes (left, right, &byte, error))
    return FALSE;
  set_byte (cause, "compression", &byte);
  return TRUE;
}

gboolean
terrane_diff_layer_bytes (const TerraneDiffLayer *a, const TerraneDiffLayer *b, gboolean same_tar,
                          json_t *cause, GError **error)
{
  gboolean found = FALSE;
  TerraneDiffByte byte = { .found = FALSE };
  if (same_tar && !compare_tars (a, b, &byte, error))
    return FALSE;
  if (same_tar && !byte.found)
    return find_in_blob (a, b, cause, error);
  return find_in_entries (a, b, cause, &found, error)
         && (found || find_in_tar (a, b, cause, error));
}
