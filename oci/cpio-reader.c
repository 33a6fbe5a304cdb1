#include "oci/cpio-reader.h"

#include "oci/base/error.h"
#include "oci/base/path.h"
#include "oci/base/text-hash.h"

#include <string.h>
#include <sys/stat.h>

enum
{
  NEWC_BYTES = 110,
  NEWC_FIELDS = 13,
  ODC_BYTES = 76,
  BIN_BYTES = 26,
  MAX_NAME = 64 * 1024,
  MAX_WAITING = 1000000,
};

typedef enum
{
  FORMAT_NEWC,
  FORMAT_CRC,
  FORMAT_ODC,
  FORMAT_BIN_LITTLE,
  FORMAT_BIN_BIG,
  FORMAT_UNKNOWN,
} Format;

typedef struct
{
  uint64_t device, inode, mode, uid, gid, links, mtime, size, name_size, checksum;
} Header;

/* Names of one file that has had no content yet. */
typedef struct
{
  GPtrArray *names; /* of char * */
  OciRawMember first;
  char *path; /* (nullable): the name with the content, once it was found */
} Linked;

struct _OciCpioReader
{
  OciByteReader *input;
  gboolean ended;
  char *name;    /* of the current member, for messages */
  uint64_t left; /* bytes of its content */
  uint64_t padding;
  gboolean has_checksum;
  uint32_t checksum, want;
  GHashTable *linked; /* "DEVICE INODE" -> Linked */
  GPtrArray *order;   /* of Linked, borrowed: in the order of the archive */
  guint waiting;
  Linked *giving; /* (nullable): its names are returned before reading continues */
  guint flushed;  /* number of @order handled at the end */
};

static void
linked_free (gpointer data)
{
  Linked *self = data;
  g_ptr_array_unref (self->names);
  oci_raw_member_clear (&self->first);
  g_free (self->path);
  g_free (self);
}

OciCpioReader *
oci_cpio_reader_new (OciByteReader *input)
{
  OciCpioReader *self = g_new0 (OciCpioReader, 1);
  self->input = input;
  self->linked = g_hash_table_new_full (oci_text_hash, g_str_equal, g_free, linked_free);
  self->order = g_ptr_array_new ();
  return self;
}

void
oci_cpio_reader_free (OciCpioReader *self)
{
  if (self == NULL)
    return;
  g_ptr_array_unref (self->order);
  g_hash_table_unref (self->linked);
  g_free (self->name);
  g_free (self);
}

static Format
format_of (const uint8_t *start, size_t len)
{
  static const char *const magics[] = { "070701", "070702", "070707" };
  for (Format i = FORMAT_NEWC; i <= FORMAT_ODC; i++)
    if (len >= 6 && memcmp (start, magics[i], 6) == 0)
      return i;
  if (len >= 2 && start[0] == 0xc7 && start[1] == 0x71) /* octal 070707 */
    return FORMAT_BIN_LITTLE;
  return len >= 2 && start[0] == 0x71 && start[1] == 0xc7 ? FORMAT_BIN_BIG : FORMAT_UNKNOWN;
}

gboolean
oci_cpio_reader_knows (const uint8_t *start, size_t len)
{
  return format_of (start, len) != FORMAT_UNKNOWN;
}

static gboolean
throw_truncated (GError **error)
{
  return oci_throw (error, OCI_ERROR_FORMAT, "truncated cpio archive");
}

static gboolean
read_bytes (OciCpioReader *self, void *buffer, size_t len, GError **error)
{
  size_t got = 0;
  return oci_byte_reader_copy (self->input, buffer, len, &got, error)
         && (got == len || throw_truncated (error));
}

static gboolean
read_digits (const char *field, size_t len, int base, uint64_t *out, GError **error)
{
  uint64_t value = 0;
  for (size_t i = 0; i < len; i++)
    {
      int digit = g_ascii_xdigit_value (field[i]);
      if (digit < 0 || digit >= base)
        return oci_throw (error, OCI_ERROR_FORMAT, "damaged cpio header: a number is none");
      value = value * (uint64_t) base + (uint64_t) digit; /* 11 octal digits at most */
    }
  *out = value;
  return TRUE;
}

static gboolean
read_newc (const char *raw, Header *out, GError **error)
{
  uint64_t major = 0, minor = 0, ignored = 0;
  uint64_t *const fields[NEWC_FIELDS] = { &out->inode,   &out->mode,  &out->uid,  &out->gid,
                                          &out->links,   &out->mtime, &out->size, &major,
                                          &minor,        &ignored,    &ignored,   &out->name_size,
                                          &out->checksum };
  for (size_t i = 0; i < NEWC_FIELDS; i++)
    if (!read_digits (raw + 6 + 8 * i, 8, 16, fields[i], error))
      return FALSE;
  out->device = major << 32 | minor;
  return TRUE;
}

static gboolean
read_odc (const char *raw, Header *out, GError **error)
{
  uint64_t ignored = 0;
  const struct
  {
    uint64_t *to;
    size_t len;
  } fields[] = { { &out->device, 6 },    { &out->inode, 6 }, { &out->mode, 6 }, { &out->uid, 6 },
                 { &out->gid, 6 },       { &out->links, 6 }, { &ignored, 6 },   { &out->mtime, 11 },
                 { &out->name_size, 6 }, { &out->size, 11 } };
  const char *at = raw + 6;
  for (size_t i = 0; i < G_N_ELEMENTS (fields); at += fields[i].len, i++)
    if (!read_digits (at, fields[i].len, 8, fields[i].to, error))
      return FALSE;
  return TRUE;
}

/* 16-bit words; long numbers have the upper word first, in both byte orders. */
static void
read_bin (const uint8_t *raw, gboolean big, Header *out)
{
  uint64_t words[BIN_BYTES / 2] = { 0 };
  for (size_t i = 0; i < G_N_ELEMENTS (words); i++)
    words[i] = (uint64_t) raw[2 * i + (big ? 0 : 1)] << 8 | raw[2 * i + (big ? 1 : 0)];
  *out = (Header){ .device = words[1],
                   .inode = words[2],
                   .mode = words[3],
                   .uid = words[4],
                   .gid = words[5],
                   .links = words[6],
                   .mtime = words[8] << 16 | words[9],
                   .name_size = words[10],
                   .size = words[11] << 16 | words[12] };
}

static gboolean
read_header (OciCpioReader *self, Header *out, uint64_t *out_align, GError **error)
{
  char raw[NEWC_BYTES];
  const uint8_t *start = NULL;
  size_t len = 0;
  *out = (Header){ 0 };
  if (!oci_byte_reader_peek (self->input, NEWC_BYTES, &start, &len, error))
    return FALSE;
  Format format = format_of (start, len);
  if (len == 0)
    return throw_truncated (error);
  if (format == FORMAT_UNKNOWN)
    return oci_throw (error, OCI_ERROR_FORMAT, "damaged cpio archive: no header follows a member");
  size_t size = format <= FORMAT_CRC ? NEWC_BYTES : format == FORMAT_ODC ? ODC_BYTES : BIN_BYTES;
  *out_align = format <= FORMAT_CRC ? 4 : format == FORMAT_ODC ? 1 : 2;
  self->has_checksum = format == FORMAT_CRC;
  if (!read_bytes (self, raw, size, error))
    return FALSE;
  if (format == FORMAT_ODC)
    return read_odc (raw, out, error);
  if (format <= FORMAT_CRC)
    return read_newc (raw, out, error);
  read_bin ((const uint8_t *) raw, format == FORMAT_BIN_BIG, out);
  return TRUE;
}

static gboolean
skip (OciCpioReader *self, uint64_t len, GError **error)
{
  uint64_t missing = 0;
  return oci_byte_reader_skip (self->input, len, &missing, error)
         && (missing == 0 || throw_truncated (error));
}

/* (transfer full) */
static char *
read_name (OciCpioReader *self, const Header *header, uint64_t align, GError **error)
{
  size_t header_size = align == 4 ? NEWC_BYTES : align == 1 ? ODC_BYTES : BIN_BYTES;
  if (header->name_size == 0 || header->name_size > MAX_NAME)
    {
      oci_throw (error, OCI_ERROR_FORMAT,
                 "damaged cpio header: a name of %" G_GUINT64_FORMAT " bytes", header->name_size);
      return NULL;
    }
  g_autofree char *name = g_malloc (header->name_size);
  if (!read_bytes (self, name, header->name_size, error)
      || !skip (self, (align - (header_size + header->name_size) % align) % align, error))
    return NULL;
  if (memchr (name, '\0', header->name_size) != name + header->name_size - 1)
    {
      oci_throw (error, OCI_ERROR_FORMAT,
                 "damaged cpio header: a name does not end where it should");
      return NULL;
    }
  return g_steal_pointer (&name);
}

/* The target of a symbolic link is its content. */
static gboolean
read_target (OciCpioReader *self, OciRawMember *out, GError **error)
{
  if (self->left > OCI_PATH_MAX)
    return oci_throw (error, OCI_ERROR_LIMIT, "%s: a symbolic link of %" G_GUINT64_FORMAT " bytes",
                      self->name, self->left);
  out->target = g_malloc0 (self->left + 1);
  if (!read_bytes (self, out->target, self->left, error))
    return FALSE;
  if (strlen (out->target) != self->left)
    return oci_throw (error, OCI_ERROR_FORMAT, "%s: a symbolic link with a NUL", self->name);
  self->left = 0;
  return TRUE;
}

static OciEntryType
type_of (uint64_t mode)
{
  switch (mode & S_IFMT)
    {
    case S_IFREG:
      return OCI_ENTRY_FILE;
    case S_IFDIR:
      return OCI_ENTRY_DIRECTORY;
    case S_IFLNK:
      return OCI_ENTRY_SYMLINK;
    default:
      return OCI_ENTRY_SPECIAL;
    }
}

static Linked *
linked_of (OciCpioReader *self, const Header *header)
{
  g_autofree char *key =
      g_strdup_printf ("%" G_GUINT64_FORMAT " %" G_GUINT64_FORMAT, header->device, header->inode);
  Linked *linked = g_hash_table_lookup (self->linked, key);
  if (linked != NULL)
    return linked;
  linked = g_new0 (Linked, 1);
  linked->names = g_ptr_array_new_with_free_func (g_free);
  g_hash_table_insert (self->linked, g_steal_pointer (&key), linked);
  g_ptr_array_add (self->order, linked);
  return linked;
}

static void
make_hard_link (char *path, const char *target, const OciRawMember *like, OciRawMember *out)
{
  *out = (OciRawMember){ .path = path,
                         .target = g_strdup (target),
                         .type = OCI_ENTRY_HARDLINK,
                         .mode = like->mode,
                         .uid = like->uid,
                         .gid = like->gid,
                         .mtime = like->mtime };
}

/* Decides about a file with several names. @out_wait: it is held back, and the next member is
 * needed */
static gboolean
take_linked (OciCpioReader *self, const Header *header, OciRawMember *out, gboolean *out_wait,
             GError **error)
{
  Linked *linked = linked_of (self, header);
  if (header->size > 0) /* in odc, every name may have the content */
    {
      g_free (linked->path);
      linked->path = g_strdup (out->path);
      linked->first = (OciRawMember){
        .mode = out->mode, .uid = out->uid, .gid = out->gid, .mtime = out->mtime
      };
      self->giving = linked->names->len > 0 ? linked : NULL;
      return TRUE;
    }
  char *path = g_steal_pointer (&out->path);
  if (linked->path != NULL)
    {
      make_hard_link (path, linked->path, &linked->first, out);
      return TRUE;
    }
  *out_wait = TRUE;
  linked->first = *out;
  g_ptr_array_add (linked->names, path);
  if (++self->waiting > MAX_WAITING)
    return oci_throw (error, OCI_ERROR_LIMIT, "over %d hard links without content", MAX_WAITING);
  return TRUE;
}

static void
give_name (OciCpioReader *self, OciRawMember *out)
{
  Linked *linked = self->giving;
  make_hard_link (g_ptr_array_steal_index (linked->names, 0), linked->path, &linked->first, out);
  self->waiting--;
  if (linked->names->len == 0)
    self->giving = NULL;
}

/* After the last member: returns empty files with several names. */
static void
give_empty (OciCpioReader *self, OciRawMember *out, gboolean *out_end)
{
  for (; self->flushed < self->order->len; self->flushed++)
    {
      Linked *linked = self->order->pdata[self->flushed];
      if (linked->names->len == 0)
        continue;
      *out = linked->first;
      out->path = g_ptr_array_steal_index (linked->names, 0);
      linked->path = g_strdup (out->path);
      self->giving = linked->names->len > 0 ? linked : NULL;
      return;
    }
  *out_end = TRUE;
}

/* Zeros up to a full block follow the trailer. */
static gboolean
finish (OciCpioReader *self, GError **error)
{
  const uint8_t *bytes = NULL;
  size_t len = 1;
  self->ended = TRUE;
  while (len > 0)
    {
      if (!oci_byte_reader_peek (self->input, 1, &bytes, &len, error))
        return FALSE;
      for (size_t i = 0; i < len; i++)
        if (bytes[i] != 0)
          return oci_throw (error, OCI_ERROR_FORMAT,
                            "other bytes follow the end of the cpio archive: perhaps another one");
      oci_byte_reader_consume (self->input, len);
    }
  return TRUE;
}

/* Skips the rest of the current member. */
static gboolean
leave (OciCpioReader *self, GError **error)
{
  uint64_t left = self->left + self->padding;
  self->left = self->padding = 0;
  return skip (self, left, error);
}

static gboolean
read_member (OciCpioReader *self, OciRawMember *out, gboolean *out_wait, GError **error)
{
  Header header;
  uint64_t align = 1;
  if (!read_header (self, &header, &align, error))
    return FALSE;
  g_autofree char *name = read_name (self, &header, align, error);
  if (name == NULL)
    return FALSE;
  if (strcmp (name, "TRAILER!!!") == 0 && header.size == 0)
    return finish (self, error);
  g_free (self->name);
  self->name = oci_quote (name);
  self->left = header.size;
  self->padding = (align - header.size % align) % align;
  self->checksum = 0;
  self->want = (uint32_t) header.checksum;
  *out = (OciRawMember){ .path = g_steal_pointer (&name),
                         .type = type_of (header.mode),
                         .mode = (uint32_t) header.mode & 07777,
                         .uid = (int64_t) header.uid,
                         .gid = (int64_t) header.gid,
                         .mtime = (int64_t) header.mtime };
  if (out->type == OCI_ENTRY_SYMLINK)
    return read_target (self, out, error);
  if (out->type != OCI_ENTRY_FILE)
    return TRUE;
  out->size = header.size;
  return header.links <= 1 || take_linked (self, &header, out, out_wait, error);
}

gboolean
oci_cpio_reader_next (OciCpioReader *self, OciRawMember *out, gboolean *out_end, GError **error)
{
  *out_end = FALSE;
  if (!leave (self, error))
    return FALSE;
  for (gboolean wait = TRUE; wait && !self->ended && self->giving == NULL;)
    {
      wait = FALSE;
      if (!leave (self, error) || !read_member (self, out, &wait, error))
        return FALSE;
      if (!wait && !self->ended)
        return TRUE;
    }
  if (self->giving != NULL)
    give_name (self, out);
  else
    give_empty (self, out, out_end);
  return TRUE;
}

gboolean
oci_cpio_reader_read (OciCpioReader *self, void *buffer, size_t len, size_t *out_read,
                      GError **error)
{
  size_t want = (size_t) MIN (self->left, (uint64_t) len);
  if (!oci_byte_reader_copy (self->input, buffer, want, out_read, error))
    return FALSE;
  if (*out_read < want)
    return oci_throw (error, OCI_ERROR_FORMAT,
                      "truncated cpio archive: %" G_GUINT64_FORMAT " bytes of %s are missing",
                      self->left - *out_read, self->name);
  self->left -= want;
  for (size_t i = 0; self->has_checksum && i < want; i++)
    self->checksum += ((const uint8_t *) buffer)[i];
  if (self->has_checksum && self->left == 0 && self->checksum != self->want)
    return oci_throw (error, OCI_ERROR_CORRUPT, "%s: its checksum is wrong", self->name);
  return TRUE;
}
