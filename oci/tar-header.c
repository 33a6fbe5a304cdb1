#include "oci/tar-header.h"

#include "oci/base/error.h"

#include <string.h>

enum
{
  BITS_PER_BYTE = 8,
  STAR_MAGIC_AT = 8, /* in the padding */
  STAR_PREFIX_BYTES = 131,
};

/* Reads a number of at most @len bytes: octal, or base 256 if the first bit is set. */
gboolean
oci_tar_number (const char *field, size_t len, int64_t *out, GError **error)
{
  const uint8_t *bytes = (const uint8_t *) field;
  if ((bytes[0] & 0x80) != 0)
    {
      gboolean negative = (bytes[0] & 0x40) != 0;
      uint64_t value = negative ? UINT64_MAX : 0;
      for (size_t i = 0; i < len; i++)
        {
          uint8_t byte = i == 0 && !negative ? bytes[i] & 0x7f : bytes[i];
          if (value >> (64 - BITS_PER_BYTE) != (negative ? 0xff : 0))
            return oci_throw (error, OCI_ERROR_FORMAT, "a number in the header is too large");
          value = value << BITS_PER_BYTE | byte;
        }
      if ((value >> 63 != 0) != negative)
        return oci_throw (error, OCI_ERROR_FORMAT, "a number in the header is too large");
      *out = (int64_t) value;
      return TRUE;
    }
  size_t i = 0;
  uint64_t value = 0;
  while (i < len && field[i] == ' ')
    i++;
  for (; i < len && field[i] >= '0' && field[i] <= '7'; i++)
    value = value << 3 | (uint64_t) (field[i] - '0'); /* 12 digits at most: 36 bits */
  if (i < len && field[i] != ' ' && field[i] != '\0')
    return oci_throw (error, OCI_ERROR_FORMAT, "a number in the header is not octal");
  *out = (int64_t) value;
  return TRUE;
}

gboolean
oci_tar_size (const char *field, size_t len, uint64_t *out, GError **error)
{
  int64_t value = 0;
  if (!oci_tar_number (field, len, &value, error))
    return FALSE;
  if (value < 0)
    return oci_throw (error, OCI_ERROR_FORMAT, "a negative size");
  *out = (uint64_t) value;
  return TRUE;
}

/* Old writers summed signed characters. */
gboolean
oci_tar_header_is_right (const OciTarHeader *header)
{
  const uint8_t *bytes = (const uint8_t *) header;
  int64_t want = 0, sum = 0, signed_sum = 0;
  if (!oci_tar_number (header->checksum, sizeof header->checksum, &want, NULL))
    return FALSE;
  for (size_t i = 0; i < OCI_TAR_BLOCK; i++)
    {
      gboolean blank =
          i >= G_STRUCT_OFFSET (OciTarHeader, checksum) && i < G_STRUCT_OFFSET (OciTarHeader, type);
      sum += blank ? ' ' : bytes[i];
      signed_sum += blank ? ' ' : (int8_t) bytes[i];
    }
  return want == sum || want == signed_sum;
}

char *
oci_tar_text (const char *field, size_t len)
{
  return g_strndup (field, strnlen (field, len));
}

/* ustar has a prefix of the name; GNU tar has times in its place, and star's prefix is shorter. */
char *
oci_tar_header_name (const OciTarHeader *header)
{
  g_autofree char *name = oci_tar_text (header->name, sizeof header->name);
  gboolean star = memcmp (header->padding + STAR_MAGIC_AT, "tar", 4) == 0;
  size_t len = star ? STAR_PREFIX_BYTES : sizeof header->prefix;
  if (memcmp (header->magic, "ustar", 6) != 0 || header->prefix[0] == '\0')
    return g_steal_pointer (&name);
  g_autofree char *prefix = oci_tar_text (header->prefix, len);
  return g_strconcat (prefix, "/", name, NULL);
}

gboolean
oci_tar_header_type (const OciTarHeader *header, const char *path, OciEntryType *out,
                     GError **error)
{
  switch (header->type)
    {
    case '\0':
    case '0': /* v7 has no type for directories, but their names end with a slash */
      *out = g_str_has_suffix (path, "/") ? OCI_ENTRY_DIRECTORY : OCI_ENTRY_FILE;
      return TRUE;
    case '7':
    case 'S':
      *out = OCI_ENTRY_FILE;
      return TRUE;
    case '1':
      *out = OCI_ENTRY_HARDLINK;
      return TRUE;
    case '2':
      *out = OCI_ENTRY_SYMLINK;
      return TRUE;
    case '3':
    case '4':
    case '6':
      *out = OCI_ENTRY_SPECIAL;
      return TRUE;
    case '5':
    case 'D':
      *out = OCI_ENTRY_DIRECTORY;
      return TRUE;
    default:
      return oci_throw (
          error, OCI_ERROR_UNSUPPORTED,
          "a member of the unknown type 0x%02x (parts of files on several volumes and "
          "vendors' own types are not read)",
          (unsigned char) header->type);
    }
}
