#include "oci/zip-directory.h"

#include "oci/base/error.h"
#include "oci/base/text-hash.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#define MAX32 G_GUINT64_CONSTANT (0xffffffff)
#define MAX16 G_GUINT64_CONSTANT (0xffff)

enum
{
  END_BYTES = 22,
  MAX_COMMENT = 65535,
  LOCATOR_BYTES = 20,
  END64_BYTES = 56,
  CENTRAL_BYTES = 46,
  LOCAL_BYTES = 30,
  MAX_DESCRIPTOR = 24,
  MAX_DIRECTORY = 256 * 1024 * 1024,
};

enum
{
  FLAG_ENCRYPTED = 0x0001,
  FLAG_DESCRIPTOR = 0x0008,
  FLAG_PATCHED = 0x0020,
  FLAG_STRONG = 0x0040,
  FLAG_UTF8 = 0x0800,
  FLAG_MASKED = 0x2000,
  HOST_FAT = 0,
};

enum
{
  EXTRA_ZIP64 = 0x0001,
  EXTRA_UNICODE_PATH = 0x7075,
  EXTRA_TIME = 0x5455,
  EXTRA_OWNER = 0x7875,
  OWNER_BYTES = 11,         /* version, length, 4 bytes of uid, length, 4 bytes of gid */
  UNICODE_PATH_NAME_AT = 5, /* after a version and a checksum */
};

typedef struct
{
  int fd;
  uint64_t file_size;
  uint64_t end_at;    /* of the end record */
  uint64_t directory; /* offset of the directory */
  uint64_t directory_size;
  uint64_t count; /* number of its members */
} Zip;

static void
member_free (gpointer data)
{
  OciZipMember *self = data;
  g_free (self->name);
  g_free (self);
}

static uint16_t
u16 (const uint8_t *at)
{
  return (uint16_t) (at[0] | at[1] << 8);
}

static uint32_t
u32 (const uint8_t *at)
{
  return (uint32_t) u16 (at) | (uint32_t) u16 (at + 2) << 16;
}

static uint64_t
u64 (const uint8_t *at)
{
  return (uint64_t) u32 (at) | (uint64_t) u32 (at + 4) << 32;
}

/* "PK" and two more bytes. */
static gboolean
is_signature (const uint8_t *at, uint8_t third, uint8_t fourth)
{
  return at[0] == 'P' && at[1] == 'K' && at[2] == third && at[3] == fourth;
}

static gboolean
refuse (GError **error, const char *why)
{
  return oci_throw (error, OCI_ERROR_FORMAT, "%s: zip readers would disagree about the content",
                    why);
}

static gboolean
read_at (const Zip *self, uint64_t at, void *buffer, size_t len, GError **error)
{
  uint8_t *to = buffer;
  if (at > self->file_size || len > self->file_size - at)
    return oci_throw (error, OCI_ERROR_FORMAT, "truncated or damaged zip file");
  while (len > 0)
    {
      ssize_t n = pread (self->fd, to, len, (off_t) at);
      if (n < 0 && errno == EINTR)
        continue;
      if (n < 0)
        return oci_throw_errno (error, "reading");
      if (n == 0)
        return oci_throw (error, OCI_ERROR_FORMAT, "truncated zip file");
      to += n;
      at += (uint64_t) n;
      len -= (size_t) n;
    }
  return TRUE;
}

gboolean
oci_zip_directory_knows (int fd)
{
  uint8_t start[4] = { 0 };
  return pread (fd, start, sizeof start, 0) == (ssize_t) sizeof start
         && (is_signature (start, 3, 4) || is_signature (start, 5, 6));
}

/* Whether any of zip's signatures is in @bytes. */
static gboolean
has_signature (const uint8_t *bytes, size_t len)
{
  for (size_t i = 0; i + 4 <= len; i++)
    if (is_signature (bytes + i, 1, 2) || is_signature (bytes + i, 3, 4)
        || is_signature (bytes + i, 5, 6) || is_signature (bytes + i, 6, 6)
        || is_signature (bytes + i, 6, 7))
      return TRUE;
  return FALSE;
}

/* The end record is the last thing in the file that looks like one, and ends where the file
 * does. */
static gboolean
find_end (Zip *self, uint8_t *end, GError **error)
{
  size_t len = (size_t) MIN (self->file_size, (uint64_t) END_BYTES + MAX_COMMENT), at = len;
  g_autofree uint8_t *tail = g_malloc0 (len + 1);
  if (!read_at (self, self->file_size - len, tail, len, error))
    return FALSE;
  for (size_t i = len; i-- > 0 && at == len;)
    if (i + END_BYTES <= len && is_signature (tail + i, 5, 6))
      at = i;
  if (at == len)
    return oci_throw (error, OCI_ERROR_FORMAT,
                      "truncated zip file: the end of its directory is not there");
  memcpy (end, tail + at, END_BYTES);
  size_t comment = u16 (end + 20), rest = len - at - END_BYTES;
  if (comment > rest)
    return oci_throw (error, OCI_ERROR_FORMAT, "truncated zip file: it ends inside its comment");
  if (comment < rest)
    return refuse (error, "bytes follow the end of the zip file");
  if (has_signature (tail + at + END_BYTES, rest))
    return refuse (error, "the comment contains zip records");
  self->end_at = self->file_size - len + at;
  return TRUE;
}

/* If a number is present in both forms, they must be equal, or the short one must be at its
 * maximum. */
static gboolean
same_or_full (uint64_t small, uint64_t full, uint64_t large)
{
  return small == large || small == full;
}

/* The ZIP64 end record is directly before its locator, which is directly before the end record. */
static gboolean
read_end64 (Zip *self, const uint8_t *end, uint64_t locator_at, GError **error)
{
  uint8_t locator[LOCATOR_BYTES] = { 0 }, end64[END64_BYTES] = { 0 };
  if (!read_at (self, locator_at, locator, sizeof locator, error))
    return FALSE;
  uint64_t at = u64 (locator + 8);
  if (u32 (locator + 4) != 0 || u32 (locator + 16) > 1 || locator_at < END64_BYTES
      || at != locator_at - END64_BYTES)
    return refuse (error, "the ZIP64 end record is not where it should be");
  if (!read_at (self, at, end64, sizeof end64, error))
    return FALSE;
  if (!is_signature (end64, 6, 6) || u64 (end64 + 4) != END64_BYTES - 12 || u32 (end64 + 16) != 0
      || u32 (end64 + 20) != 0 || u64 (end64 + 24) != u64 (end64 + 32))
    return refuse (error, "the ZIP64 end record is damaged or of several disks");
  self->count = u64 (end64 + 32);
  self->directory_size = u64 (end64 + 40);
  self->directory = u64 (end64 + 48);
  if (!same_or_full (u16 (end + 10), MAX16, self->count)
      || !same_or_full (u32 (end + 12), MAX32, self->directory_size)
      || !same_or_full (u32 (end + 16), MAX32, self->directory))
    return refuse (error, "the ZIP64 end record and the end record say different things");
  self->end_at = at;
  return TRUE;
}

static gboolean
read_end (Zip *self, GError **error)
{
  uint8_t end[END_BYTES] = { 0 }, before[4] = { 0 };
  if (!find_end (self, end, error))
    return FALSE;
  if ((u16 (end + 4) != 0 && u16 (end + 4) != MAX16)
      || (u16 (end + 6) != 0 && u16 (end + 6) != MAX16) || u16 (end + 8) != u16 (end + 10))
    return oci_throw (error, OCI_ERROR_UNSUPPORTED, "a zip file on several disks");
  self->count = u16 (end + 10);
  self->directory_size = u32 (end + 12);
  self->directory = u32 (end + 16);
  uint64_t end_at = self->end_at;
  if (end_at >= LOCATOR_BYTES
      && !read_at (self, end_at - LOCATOR_BYTES, before, sizeof before, error))
    return FALSE;
  if (is_signature (before, 6, 7))
    {
      if (!read_end64 (self, end, end_at - LOCATOR_BYTES, error))
        return FALSE;
    }
  else if (self->count == MAX16 || self->directory_size == MAX32 || self->directory == MAX32)
    return refuse (error, "a ZIP64 end record is announced and not there");
  if (self->directory > self->end_at || self->directory_size != self->end_at - self->directory)
    return refuse (error, "the directory does not end where the end record says");
  if (self->directory_size > MAX_DIRECTORY || self->count > self->directory_size / CENTRAL_BYTES)
    return oci_throw (error, OCI_ERROR_LIMIT,
                      "a zip directory of %" G_GUINT64_FORMAT " bytes for %" G_GUINT64_FORMAT
                      " members",
                      self->directory_size, self->count);
  return TRUE;
}

/* Finds a field in the extra fields; @out_at is NULL if it is missing. */
static gboolean
find_extra (const uint8_t *extra, size_t len, uint16_t id, const uint8_t **out_at, size_t *out_len,
            GError **error)
{
  *out_at = NULL;
  *out_len = 0;
  while (len >= 4)
    {
      size_t size = u16 (extra + 2);
      if (size > len - 4)
        return refuse (error, "the extra fields are damaged");
      if (u16 (extra) == id && *out_at != NULL)
        return refuse (error, "an extra field is there twice");
      if (u16 (extra) == id)
        {
          *out_at = extra + 4;
          *out_len = size;
        }
      extra += 4 + size;
      len -= 4 + size;
    }
  for (size_t i = 0; i < len; i++) /* up to three zeros for alignment */
    if (extra[i] != 0)
      return refuse (error, "the extra fields are damaged");
  return TRUE;
}

/* Replaces each number that is at its maximum by that of the ZIP64 field, which has these in this
 * order and no others. */
static gboolean
apply_zip64 (const uint8_t *extra, size_t len, uint64_t *const *numbers, size_t n, GError **error)
{
  const uint8_t *at = NULL;
  size_t have = 0, used = 0;
  if (!find_extra (extra, len, EXTRA_ZIP64, &at, &have, error))
    return FALSE;
  for (size_t i = 0; i < n; i++)
    {
      if (*numbers[i] != MAX32)
        continue;
      if (at == NULL || have - used < 8)
        return refuse (error, "a ZIP64 size is announced and not there");
      *numbers[i] = u64 (at + used);
      used += 8;
    }
  if (used == have)
    return TRUE;
  /* Some writers always add all of them: then they must be equal. */
  for (size_t i = 0; i < n && used == 0; i++)
    if (have < 8 * (i + 1) ? have != 8 * i : u64 (at + 8 * i) != *numbers[i])
      return refuse (error, "the ZIP64 field says something else than the header");
  return used == 0 || refuse (error, "the ZIP64 field has more than the header announces");
}

/* Info-ZIP's other name: used by unzip, ignored by Python. */
static gboolean
check_unicode_path (const uint8_t *extra, size_t len, const char *name, GError **error)
{
  const uint8_t *at = NULL;
  size_t have = 0;
  if (!find_extra (extra, len, EXTRA_UNICODE_PATH, &at, &have, error))
    return FALSE;
  if (at == NULL)
    return TRUE;
  if (have != UNICODE_PATH_NAME_AT + strlen (name)
      || memcmp (at + UNICODE_PATH_NAME_AT, name, strlen (name)) != 0)
    return refuse (error, "an extra field gives another name");
  return TRUE;
}

static gboolean
check_name (const OciZipMember *member, size_t len, GError **error)
{
  if (len == 0 || strlen (member->name) != len)
    return refuse (error, "a name is empty or contains a NUL");
  if (member->host == HOST_FAT && strchr (member->name, '\\') != NULL)
    return refuse (error, "a name of DOS contains ‘\\’");
  if (member->utf8 && !g_utf8_validate (member->name, -1, NULL))
    return refuse (error, "a name is said to be UTF-8 and is not");
  return TRUE;
}

static gboolean
check_features (const OciZipMember *member, GError **error)
{
  if ((member->flags & (FLAG_ENCRYPTED | FLAG_STRONG | FLAG_MASKED)) != 0)
    return oci_throw (error, OCI_ERROR_UNSUPPORTED, "it is encrypted");
  if ((member->flags & FLAG_PATCHED) != 0)
    return oci_throw (error, OCI_ERROR_UNSUPPORTED, "it is patch data");
  switch (member->method)
    {
    case OCI_ZIP_STORED:
      return member->packed_size == member->size
             || refuse (error, "it is not compressed and has two sizes");
    case OCI_ZIP_DEFLATED:
    case OCI_ZIP_BZIP2:
    case OCI_ZIP_ZSTD:
    case OCI_ZIP_XZ:
      return TRUE;
    default:
      return oci_throw (error, OCI_ERROR_UNSUPPORTED, "the compression method %u is not read",
                        member->method);
    }
}

/* Reads an entry of the directory. @len: (inout): number of bytes left */
static OciZipMember *
read_central (const uint8_t *at, size_t len, size_t *out_used, GError **error)
{
  if (len < CENTRAL_BYTES || !is_signature (at, 1, 2))
    {
      refuse (error, "the directory does not have the entries that the end record counts");
      return NULL;
    }
  size_t name_len = u16 (at + 28), extra_len = u16 (at + 30), comment_len = u16 (at + 32);
  if (name_len + extra_len + comment_len > len - CENTRAL_BYTES)
    {
      refuse (error, "the directory ends inside an entry");
      return NULL;
    }
  const uint8_t *extra = at + CENTRAL_BYTES + name_len;
  OciZipMember *member = g_new0 (OciZipMember, 1);
  *member = (OciZipMember){
    .name = g_strndup ((const char *) at + CENTRAL_BYTES, name_len),
    .host = at[5],
    .flags = u16 (at + 8),
    .utf8 = (u16 (at + 8) & FLAG_UTF8) != 0,
    .method = u16 (at + 10),
    .crc = u32 (at + 16),
    .packed_size = u32 (at + 20),
    .size = u32 (at + 24),
    .attributes = u32 (at + 38),
    .header_at = u32 (at + 42),
  };
  *out_used = CENTRAL_BYTES + name_len + extra_len + comment_len;
  uint64_t *const numbers[] = { &member->size, &member->packed_size, &member->header_at };
  g_autofree char *quoted = oci_quote (member->name);
  OCI_PREFIX (error, "%s", quoted);
  if ((u16 (at + 34) == 0 || oci_throw (error, OCI_ERROR_UNSUPPORTED, "it is on another disk"))
      && check_name (member, name_len, error)
      && apply_zip64 (extra, extra_len, numbers, G_N_ELEMENTS (numbers), error)
      && check_unicode_path (extra, extra_len, member->name, error)
      && check_features (member, error))
    return member;
  member_free (member);
  return NULL;
}

static int
compare_places (gconstpointer a, gconstpointer b)
{
  const OciZipMember *const *x = a, *const *y = b;
  return (*x)->header_at < (*y)->header_at ? -1 : (*x)->header_at > (*y)->header_at;
}

/* (transfer full) (nullable) */
static GPtrArray *
read_directory (const Zip *self, GError **error)
{
  g_autofree uint8_t *bytes = g_malloc0 (self->directory_size + 1);
  g_autoptr (GPtrArray) members = g_ptr_array_new_with_free_func (member_free);
  g_autoptr (GHashTable) names = g_hash_table_new_full (oci_text_hash, g_str_equal, g_free, NULL);
  uint64_t at = 0;
  if (!read_at (self, self->directory, bytes, self->directory_size, error))
    return NULL;
  for (uint64_t i = 0; i < self->count; i++)
    {
      size_t used = 0;
      OciZipMember *member =
          read_central (bytes + at, (size_t) (self->directory_size - at), &used, error);
      if (member == NULL)
        return NULL;
      g_ptr_array_add (members, member);
      at += used;
      size_t len = strlen (member->name);
      char *key = g_strndup (member->name, g_str_has_suffix (member->name, "/") ? len - 1 : len);
      if (g_hash_table_add (names, key))
        continue;
      g_autofree char *quoted = oci_quote (member->name);
      g_autofree char *why = g_strdup_printf ("two members have the name %s", quoted);
      refuse (error, why);
      return NULL;
    }
  if (at != self->directory_size)
    {
      refuse (error, "the directory has more entries than the end record counts");
      return NULL;
    }
  g_ptr_array_sort (members, compare_places);
  return g_steal_pointer (&members);
}

/* Values of a member's header if a descriptor follows: zero, or the same. */
static gboolean
same_or_later (const OciZipMember *member, uint64_t here, uint64_t directory)
{
  return here == directory || (here == 0 && (member->flags & FLAG_DESCRIPTOR) != 0);
}

static gboolean
compare_local (OciZipMember *member, const uint8_t *head, const uint8_t *rest, GError **error)
{
  const uint16_t flags = FLAG_ENCRYPTED | FLAG_DESCRIPTOR | FLAG_UTF8 | FLAG_MASKED | FLAG_PATCHED;
  size_t name_len = u16 (head + 26), extra_len = u16 (head + 28);
  uint64_t packed = u32 (head + 18), size = u32 (head + 22);
  uint64_t *const numbers[] = { &size, &packed };
  if (name_len != strlen (member->name) || memcmp (rest, member->name, name_len) != 0)
    return refuse (error, "its own header has another name");
  if ((u16 (head + 6) & flags) != (member->flags & flags) || u16 (head + 8) != member->method)
    return refuse (error, "its own header has other flags or another compression");
  if (!apply_zip64 (rest + name_len, extra_len, numbers, G_N_ELEMENTS (numbers), error)
      || !check_unicode_path (rest + name_len, extra_len, member->name, error))
    return FALSE;
  if (!same_or_later (member, u32 (head + 14), member->crc)
      || !same_or_later (member, packed, member->packed_size)
      || !same_or_later (member, size, member->size))
    return refuse (error, "its own header has another size or checksum");
  member->data_at = member->header_at + LOCAL_BYTES + name_len + extra_len;
  return TRUE;
}

/* Checks what is between the content and the next member: nothing, or a descriptor with the same
 * values as the directory, with or without signature, with short or long numbers. */
static gboolean
check_descriptor (const Zip *self, const OciZipMember *member, uint64_t len, GError **error)
{
  uint8_t bytes[MAX_DESCRIPTOR] = { 0 };
  gboolean expected = (member->flags & FLAG_DESCRIPTOR) != 0;
  if (!expected)
    return len == 0 || refuse (error, "bytes follow it that belong to no member");
  if (len != 12 && len != 16 && len != 20 && len != 24)
    return refuse (error, "no data descriptor follows it, or more than that");
  if (!read_at (self, member->data_at + member->packed_size, bytes, (size_t) len, error))
    return FALSE;
  gboolean sign = len == 16 || len == 24, large = len >= 20;
  const uint8_t *at = bytes + (sign ? 4 : 0);
  uint64_t packed = large ? u64 (at + 4) : u32 (at + 4);
  uint64_t size = large ? u64 (at + 12) : u32 (at + 8);
  if ((sign && !is_signature (bytes, 7, 8)) || u32 (at) != member->crc
      || packed != member->packed_size || size != member->size)
    return refuse (error, "its data descriptor has another size or checksum");
  return TRUE;
}

/* Reads Info-ZIP's time and owner; other forms are ignored. */
static gboolean
read_unix (OciZipMember *member, const uint8_t *extra, size_t len, GError **error)
{
  const uint8_t *at = NULL;
  size_t have = 0;
  if (!find_extra (extra, len, EXTRA_OWNER, &at, &have, error))
    return FALSE;
  if (have == OWNER_BYTES && at[0] == 1 && at[1] == 4 && at[6] == 4)
    {
      member->uid = u32 (at + 2);
      member->gid = u32 (at + 7);
    }
  if (!find_extra (extra, len, EXTRA_TIME, &at, &have, error))
    return FALSE;
  if (have >= 5 && (at[0] & 1) != 0)
    member->mtime = (int32_t) u32 (at + 1);
  return TRUE;
}

static gboolean
read_local (const Zip *self, OciZipMember *member, uint64_t next_at, GError **error)
{
  uint8_t head[LOCAL_BYTES] = { 0 };
  g_assert (member != NULL);
  g_autofree char *quoted = oci_quote (member->name);
  OCI_PREFIX (error, "%s", quoted);
  if (!read_at (self, member->header_at, head, sizeof head, error))
    return FALSE;
  if (!is_signature (head, 3, 4))
    return refuse (error, "there is no header where the directory says");
  size_t rest_len = (size_t) u16 (head + 26) + u16 (head + 28);
  g_autofree uint8_t *rest = g_malloc0 (rest_len + 1);
  if (!read_at (self, member->header_at + LOCAL_BYTES, rest, rest_len, error)
      || !compare_local (member, head, rest, error)
      || !read_unix (member, rest + u16 (head + 26), u16 (head + 28), error))
    return FALSE;
  if (member->data_at > next_at || member->packed_size > next_at - member->data_at)
    return refuse (error, "it overlaps what follows it");
  return check_descriptor (self, member, next_at - member->data_at - member->packed_size, error);
}

static gboolean
read_locals (const Zip *self, GPtrArray *members, GError **error)
{
  const OciZipMember *first = members->len > 0 ? members->pdata[0] : NULL;
  if ((first != NULL ? first->header_at : self->directory) != 0)
    return refuse (error, "bytes precede the first member");
  for (guint i = 0; i < members->len; i++)
    {
      const OciZipMember *next = i + 1 < members->len ? members->pdata[i + 1] : NULL;
      if (!read_local (self, members->pdata[i], next != NULL ? next->header_at : self->directory,
                       error))
        return FALSE;
    }
  return TRUE;
}

GPtrArray *
oci_zip_directory_read (int fd, GError **error)
{
  struct stat status;
  Zip self = { .fd = fd };
  if (fstat (fd, &status) != 0)
    {
      oci_throw_errno (error, "cannot stat");
      return NULL;
    }
  self.file_size = (uint64_t) status.st_size;
  if (!read_end (&self, error))
    return NULL;
  g_autoptr (GPtrArray) members = read_directory (&self, error);
  return members != NULL && read_locals (&self, members, error) ? g_steal_pointer (&members) : NULL;
}
