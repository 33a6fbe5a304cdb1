#include "oci/tar-reader.h"

#include "oci/base/error.h"
#include "oci/tar-header.h"
#include "oci/tar-pax.h"

#include <string.h>

enum
{
  MAX_HEADER_BYTES = 8 * 1024 * 1024, /* of an extended header */
  MAX_LONG_NAME = 64 * 1024,
  MAX_SEGMENTS = 4 * 1024 * 1024, /* of a sparse file */
};

/* A block of segments of a sparse file in GNU tar's old format; one in the header has four. */
typedef struct
{
  char offset[12];
  char length[12];
} OldSegment;

enum
{
  OLD_SPARSE_AT = 386,
  OLD_SPARSE_COUNT = 4,
  OLD_EXTENDED_AT = 482,
  OLD_REAL_SIZE_AT = 483,
  EXTENSION_COUNT = 21,
  EXTENSION_EXTENDED_AT = 504,
};

typedef struct
{
  uint64_t offset;
  uint64_t length;
} Segment;

struct _OciTarReader
{
  OciByteReader *input;
  gboolean lenient;
  gboolean ended;
  gboolean any; /* a header was read */
  OciTarPax global;

  char *name;       /* of the current member, for messages */
  uint64_t start;   /* position of its first header */
  uint64_t left;    /* bytes of it in the archive */
  uint64_t padding; /* bytes after them */
  uint64_t at;      /* bytes of content returned so far */
  uint64_t size;    /* size of the content */
  GArray *segments; /* (nullable): of a sparse file: of Segment */
  guint segment;    /* index of the current or next one */
};

/* Information from the headers before a member's own. */
typedef struct
{
  OciTarPax pax;
  gboolean has_pax;
  char *long_name;
  char *long_link;
} Before;

static void
before_clear (Before *self)
{
  oci_tar_pax_clear (&self->pax);
  g_clear_pointer (&self->long_name, g_free);
  g_clear_pointer (&self->long_link, g_free);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Before, before_clear)

OciTarReader *
oci_tar_reader_new (OciByteReader *input, gboolean lenient)
{
  OciTarReader *self = g_new0 (OciTarReader, 1);
  self->input = input;
  self->lenient = lenient;
  return self;
}

void
oci_tar_reader_free (OciTarReader *self)
{
  if (self == NULL)
    return;
  oci_tar_pax_clear (&self->global);
  g_clear_pointer (&self->segments, g_array_unref);
  g_free (self->name);
  g_free (self);
}

static gboolean
is_zero (const uint8_t *bytes, size_t len)
{
  for (size_t i = 0; i < len; i++)
    if (bytes[i] != 0)
      return FALSE;
  return TRUE;
}

gboolean
oci_tar_reader_knows (const uint8_t *block, size_t len)
{
  OciTarHeader header;
  if (len < OCI_TAR_BLOCK)
    return FALSE;
  memcpy (&header, block, OCI_TAR_BLOCK);
  return is_zero (block, OCI_TAR_BLOCK) || oci_tar_header_is_right (&header);
}

/* Reads a block; @out_len is OCI_TAR_BLOCK, or 0 at the end of the input. */
static gboolean
read_block (OciTarReader *self, void *block, size_t *out_len, GError **error)
{
  if (!oci_byte_reader_copy (self->input, block, OCI_TAR_BLOCK, out_len, error))
    return FALSE;
  if (*out_len == 0 || *out_len == OCI_TAR_BLOCK)
    return TRUE;
  return oci_throw (error, OCI_ERROR_FORMAT, "truncated tar archive: it ends inside a block");
}

static gboolean
throw_truncated (OciTarReader *self, uint64_t missing, GError **error)
{
  return oci_throw (error, OCI_ERROR_FORMAT,
                    "truncated tar archive: %" G_GUINT64_FORMAT " bytes of %s are missing", missing,
                    self->name);
}

/* The end: two blocks of zeros, and after them zeros up to a full record. */
static gboolean
finish (OciTarReader *self, GError **error)
{
  gboolean clean = TRUE;
  const uint8_t *bytes = NULL;
  size_t len = 1;
  self->ended = TRUE;
  while (len > 0)
    {
      if (!oci_byte_reader_peek (self->input, 1, &bytes, &len, error))
        return FALSE;
      clean = clean && is_zero (bytes, len);
      oci_byte_reader_consume (self->input, len);
    }
  if (clean || self->lenient)
    return TRUE;
  return oci_throw (error, OCI_ERROR_FORMAT,
                    "other bytes follow the end of the tar archive: perhaps another one, of which "
                    "tar programs would read nothing");
}

/* After a block of zeros. */
static gboolean
read_end (OciTarReader *self, GError **error)
{
  char block[OCI_TAR_BLOCK];
  size_t len = 0;
  if (!read_block (self, block, &len, error))
    return FALSE;
  if (len > 0 && !is_zero ((const uint8_t *) block, OCI_TAR_BLOCK))
    return oci_throw (error, OCI_ERROR_FORMAT,
                      "a single block of zeros between two members: readers disagree about it");
  return finish (self, error);
}

/* Reads the content of an extension header. Returns: (transfer full) */
static char *
read_extension (OciTarReader *self, uint64_t size, uint64_t max, GError **error)
{
  size_t got = 0;
  uint64_t missing = 0;
  if (size > max)
    {
      oci_throw (error, OCI_ERROR_LIMIT,
                 "a tar header of %" G_GUINT64_FORMAT " bytes, at most %" G_GUINT64_FORMAT, size,
                 max);
      return NULL;
    }
  g_autofree char *content = g_malloc (size + 1);
  if (!oci_byte_reader_copy (self->input, content, size, &got, error)
      || !oci_byte_reader_skip (self->input, (OCI_TAR_BLOCK - size % OCI_TAR_BLOCK) % OCI_TAR_BLOCK,
                                &missing, error))
    return NULL;
  if (got < size || missing > 0)
    {
      oci_throw (error, OCI_ERROR_FORMAT, "truncated tar archive: it ends inside a header");
      return NULL;
    }
  content[size] = '\0';
  return g_steal_pointer (&content);
}

static gboolean
read_long_name (OciTarReader *self, uint64_t size, char **to, GError **error)
{
  g_autofree char *name = read_extension (self, size, MAX_LONG_NAME, error);
  if (name == NULL)
    return FALSE;
  if (*to != NULL)
    return oci_throw (error, OCI_ERROR_FORMAT, "two long names for one member");
  *to = g_steal_pointer (&name);
  return TRUE;
}

static gboolean
read_pax (OciTarReader *self, uint64_t size, gboolean global, Before *before, GError **error)
{
  g_autofree char *records = read_extension (self, size, MAX_HEADER_BYTES, error);
  if (records == NULL)
    return FALSE;
  if (!global && before->has_pax)
    return oci_throw (error, OCI_ERROR_FORMAT, "two extended headers for one member");
  before->has_pax = before->has_pax || !global;
  return oci_tar_pax_read (global ? &self->global : &before->pax, records, size, global, error);
}

static gboolean
skip_content (OciTarReader *self, uint64_t size, GError **error)
{
  uint64_t missing = 0;
  return oci_byte_reader_skip (self->input, size, &missing, error)
         && oci_byte_reader_skip (
             self->input, (OCI_TAR_BLOCK - size % OCI_TAR_BLOCK) % OCI_TAR_BLOCK, &missing, error);
}

/* Reads headers until one is that of a member. */
static gboolean
read_headers (OciTarReader *self, OciTarHeader *header, Before *before, GError **error)
{
  for (;;)
    {
      size_t len = 0;
      uint64_t size = 0;
      if (!read_block (self, header, &len, error))
        return FALSE;
      gboolean zero = len > 0 && is_zero ((const uint8_t *) header, OCI_TAR_BLOCK);
      if ((len == 0 || zero) && (before->has_pax || before->long_name || before->long_link))
        return oci_throw (error, OCI_ERROR_FORMAT,
                          "truncated tar archive: a header without a member");
      if (len == 0 && !self->lenient)
        return oci_throw (error, OCI_ERROR_FORMAT,
                          "truncated tar archive: it does not have the blocks that mark its end");
      if (len == 0 || zero)
        return zero ? read_end (self, error) : finish (self, error);
      if (!oci_tar_header_is_right (header))
        return oci_throw (error, OCI_ERROR_FORMAT,
                          self->any ? "damaged tar header: its checksum is wrong"
                                    : "unrecognized archive format");
      self->any = TRUE;
      if (strchr ("xXgLKVA", header->type) == NULL || header->type == '\0')
        return TRUE;
      if (!oci_tar_size (header->size, sizeof header->size, &size, error))
        return FALSE;
      gboolean ok = header->type == 'L'   ? read_long_name (self, size, &before->long_name, error)
                    : header->type == 'K' ? read_long_name (self, size, &before->long_link, error)
                    : header->type == 'V' || header->type == 'A'
                        ? skip_content (self, size, error)
                        : read_pax (self, size, header->type == 'g', before, error);
      if (!ok)
        return FALSE;
    }
}

static gboolean
add_segment (OciTarReader *self, uint64_t offset, uint64_t length, GError **error)
{
  const Segment segment = { offset, length };
  if (self->segments->len >= MAX_SEGMENTS)
    return oci_throw (error, OCI_ERROR_LIMIT, "a sparse file of over %d parts", MAX_SEGMENTS);
  g_array_append_val (self->segments, segment);
  return TRUE;
}

static gboolean
add_old_segments (OciTarReader *self, const char *at, size_t count, GError **error)
{
  for (size_t i = 0; i < count; i++)
    {
      OldSegment old;
      uint64_t offset = 0, length = 0;
      memcpy (&old, at + i * sizeof old, sizeof old);
      if (old.length[0] == '\0' && old.offset[0] == '\0')
        return TRUE;
      if (!oci_tar_size (old.offset, sizeof old.offset, &offset, error)
          || !oci_tar_size (old.length, sizeof old.length, &length, error)
          || !add_segment (self, offset, length, error))
        return FALSE;
    }
  return TRUE;
}

/* GNU tar's old format: four segments in the header, more in blocks after it. */
static gboolean
read_old_sparse (OciTarReader *self, const OciTarHeader *header, GError **error)
{
  char block[OCI_TAR_BLOCK];
  memcpy (block, header, OCI_TAR_BLOCK);
  gboolean extended = block[OLD_EXTENDED_AT] != 0;
  if (!oci_tar_size (block + OLD_REAL_SIZE_AT, 12, &self->size, error)
      || !add_old_segments (self, block + OLD_SPARSE_AT, OLD_SPARSE_COUNT, error))
    return FALSE;
  while (extended)
    {
      size_t len = 0;
      if (!read_block (self, block, &len, error))
        return FALSE;
      if (len == 0)
        return throw_truncated (self, self->left, error);
      extended = block[EXTENSION_EXTENDED_AT] != 0;
      if (!add_old_segments (self, block, EXTENSION_COUNT, error))
        return FALSE;
    }
  return TRUE;
}

/* Reads a line of the map before the content in GNU tar's format 1.0. */
static gboolean
read_map_line (OciTarReader *self, uint64_t *used, uint64_t *out, GError **error)
{
  char line[24];
  for (size_t i = 0; i < sizeof line; i++)
    {
      size_t got = 0;
      if (*used >= self->left)
        break;
      if (!oci_byte_reader_copy (self->input, line + i, 1, &got, error))
        return FALSE;
      if (got == 0)
        return throw_truncated (self, self->left - *used, error);
      ++*used;
      if (line[i] != '\n')
        continue;
      line[i] = '\0';
      return oci_tar_pax_number (line, out, error);
    }
  return oci_throw (error, OCI_ERROR_FORMAT, "the map of the sparse file is damaged");
}

static gboolean
read_map (OciTarReader *self, GError **error)
{
  uint64_t used = 0, count = 0, missing = 0;
  if (!read_map_line (self, &used, &count, error))
    return FALSE;
  for (uint64_t i = 0; i < count; i++)
    {
      uint64_t offset = 0, length = 0;
      if (!read_map_line (self, &used, &offset, error)
          || !read_map_line (self, &used, &length, error)
          || !add_segment (self, offset, length, error))
        return FALSE;
    }
  uint64_t rest = (OCI_TAR_BLOCK - used % OCI_TAR_BLOCK) % OCI_TAR_BLOCK;
  if (used + rest > self->left)
    return oci_throw (error, OCI_ERROR_FORMAT, "the map of the sparse file is damaged");
  if (!oci_byte_reader_skip (self->input, rest, &missing, error))
    return FALSE;
  self->left -= used + rest;
  return missing == 0 || throw_truncated (self, missing, error);
}

static gboolean
read_pax_sparse (OciTarReader *self, const OciTarPax *pax, GError **error)
{
  if (!pax->has_real_size)
    return oci_throw (error, OCI_ERROR_FORMAT, "a sparse file without its size");
  self->size = pax->real_size;
  if (pax->sparse_major == 1 && pax->sparse_minor == 0)
    return read_map (self, error);
  if (pax->sparse_major != 0)
    return oci_throw (error, OCI_ERROR_UNSUPPORTED, "a sparse file in the unknown format %u.%u",
                      pax->sparse_major, pax->sparse_minor);
  guint count = pax->sparse_map != NULL ? pax->sparse_map->len : 0;
  if (count % 2 != 0)
    return oci_throw (error, OCI_ERROR_FORMAT, "the map of the sparse file is damaged");
  for (guint i = 0; i < count; i += 2)
    if (!add_segment (self, g_array_index (pax->sparse_map, uint64_t, i),
                      g_array_index (pax->sparse_map, uint64_t, i + 1), error))
      return FALSE;
  return TRUE;
}

/* Segments must be sorted, must not overlap, must be inside of the file, and must be all that is in
 * the archive. */
static gboolean
check_segments (const OciTarReader *self, GError **error)
{
  uint64_t end = 0, sum = 0;
  for (guint i = 0; i < self->segments->len; i++)
    {
      const Segment *segment = &g_array_index (self->segments, Segment, i);
      if (segment->offset < end || segment->offset > self->size
          || segment->length > self->size - segment->offset)
        return oci_throw (error, OCI_ERROR_FORMAT, "the map of the sparse file is damaged");
      end = segment->offset + segment->length;
      sum += segment->length; /* at most the size */
    }
  if (sum != self->left)
    return oci_throw (error, OCI_ERROR_FORMAT,
                      "the map of the sparse file has %" G_GUINT64_FORMAT
                      " bytes of data, the archive %" G_GUINT64_FORMAT,
                      sum, self->left);
  return TRUE;
}

static gboolean
open_content (OciTarReader *self, const OciTarHeader *header, const OciTarPax *pax, GError **error)
{
  self->padding = (OCI_TAR_BLOCK - self->left % OCI_TAR_BLOCK) % OCI_TAR_BLOCK;
  self->size = self->left;
  if (pax->star_real_size && !pax->sparse)
    return oci_throw (error, OCI_ERROR_UNSUPPORTED, "a sparse file in star's format");
  if (header->type != 'S' && !pax->sparse)
    return TRUE;
  self->segments = g_array_new (FALSE, FALSE, sizeof (Segment));
  return (header->type == 'S' ? read_old_sparse (self, header, error)
                              : read_pax_sparse (self, pax, error))
         && check_segments (self, error);
}

static gboolean
read_names (const OciTarHeader *header, Before *before, OciRawMember *out, GError **error)
{
  OciTarPax *pax = &before->pax;
  if ((pax->path != NULL && before->long_name != NULL)
      || (pax->link_path != NULL && before->long_link != NULL))
    return oci_throw (error, OCI_ERROR_FORMAT,
                      "a member with two long names, of GNU tar and of pax");
  if (pax->sparse_name != NULL)
    out->path = g_steal_pointer (&pax->sparse_name);
  else if (pax->path != NULL)
    out->path = g_steal_pointer (&pax->path);
  else if (before->long_name != NULL)
    out->path = g_steal_pointer (&before->long_name);
  else
    out->path = oci_tar_header_name (header);
  if (pax->link_path != NULL)
    out->target = g_steal_pointer (&pax->link_path);
  else if (before->long_link != NULL)
    out->target = g_steal_pointer (&before->long_link);
  else
    out->target = oci_tar_text (header->link_name, sizeof header->link_name);
  return TRUE;
}

static gboolean
read_owner (const OciTarReader *self, const OciTarHeader *header, const OciTarPax *pax,
            OciRawMember *out, GError **error)
{
  int64_t mode = 0;
  if (!oci_tar_number (header->mode, sizeof header->mode, &mode, error)
      || !oci_tar_number (header->uid, sizeof header->uid, &out->uid, error)
      || !oci_tar_number (header->gid, sizeof header->gid, &out->gid, error)
      || !oci_tar_number (header->mtime, sizeof header->mtime, &out->mtime, error))
    return FALSE;
  out->mode = (uint32_t) mode & 07777;
  const OciTarPax *const all[] = { &self->global, pax };
  for (size_t i = 0; i < G_N_ELEMENTS (all); i++)
    {
      out->uid = all[i]->has_uid ? all[i]->uid : out->uid;
      out->gid = all[i]->has_gid ? all[i]->gid : out->gid;
      out->mtime = all[i]->has_mtime ? all[i]->mtime : out->mtime;
    }
  return TRUE;
}

static gboolean
read_member (OciTarReader *self, const OciTarHeader *header, Before *before, OciRawMember *out,
             GError **error)
{
  uint64_t size = 0;
  if (!oci_tar_size (header->size, sizeof header->size, &size, error)
      || !read_names (header, before, out, error))
    return FALSE;
  if (before->pax.has_size)
    size = before->pax.size;
  g_free (self->name);
  self->name = oci_quote (out->path);
  OCI_PREFIX (error, "%s", self->name);
  if (!oci_tar_header_type (header, out->path, &out->type, error)
      || !read_owner (self, header, &before->pax, out, error))
    return FALSE;
  if (size > 0 && out->type == OCI_ENTRY_DIRECTORY && strchr ("5D", header->type) == NULL)
    return oci_throw (error, OCI_ERROR_FORMAT,
                      "a directory with content: readers disagree what it is");
  /* As in POSIX, whatever their size: no content follows a link, device or directory. Dump
   * directories ("D") have a list of names. */
  if (out->type != OCI_ENTRY_FILE && header->type != 'D')
    size = 0;
  self->left = size;
  if (!open_content (self, header, &before->pax, error))
    return FALSE;
  if (out->type != OCI_ENTRY_FILE)
    self->size = 0;
  out->size = self->size;
  out->xattrs = g_steal_pointer (&before->pax.xattrs);
  return TRUE;
}

gboolean
oci_tar_reader_next (OciTarReader *self, OciRawMember *out, gboolean *out_end, GError **error)
{
  OciTarHeader header;
  g_auto (Before) before = { 0 };
  uint64_t missing = 0, no_padding = 0;
  if (!oci_byte_reader_skip (self->input, self->left, &missing, error)
      || !oci_byte_reader_skip (self->input, self->padding, &no_padding, error))
    return FALSE;
  if (missing > 0 || no_padding > 0)
    return throw_truncated (self, missing + no_padding, error);
  g_clear_pointer (&self->segments, g_array_unref);
  self->left = self->padding = self->at = self->size = 0;
  self->segment = 0;
  self->start = oci_byte_reader_position (self->input);
  if (!self->ended && !read_headers (self, &header, &before, error))
    return FALSE;
  *out_end = self->ended;
  return self->ended || read_member (self, &header, &before, out, error);
}

uint64_t
oci_tar_reader_header_position (const OciTarReader *self)
{
  return self->start;
}

/* Returns the length of the hole or data that follows. @out_hole: (out): which of the two */
static uint64_t
run_length (OciTarReader *self, gboolean *out_hole)
{
  *out_hole = FALSE;
  if (self->segments == NULL)
    return self->size - self->at;
  while (self->segment < self->segments->len)
    {
      const Segment *segment = &g_array_index (self->segments, Segment, self->segment);
      if (self->at < segment->offset)
        {
          *out_hole = TRUE;
          return segment->offset - self->at;
        }
      if (self->at < segment->offset + segment->length)
        return segment->offset + segment->length - self->at;
      self->segment++;
    }
  *out_hole = TRUE;
  return self->size - self->at;
}

gboolean
oci_tar_reader_read (OciTarReader *self, void *buffer, size_t len, size_t *out_read, GError **error)
{
  gboolean hole = FALSE;
  uint64_t run = run_length (self, &hole);
  size_t want = (size_t) MIN (run, (uint64_t) len);
  *out_read = want;
  if (hole)
    memset (buffer, 0, want);
  else
    {
      if (!oci_byte_reader_copy (self->input, buffer, want, out_read, error))
        return FALSE;
      self->left -= *out_read;
      if (*out_read < want)
        return throw_truncated (self, self->left, error);
    }
  self->at += *out_read;
  return TRUE;
}
