/* The block of 512 bytes at the start of a tar member, field by field. */
#pragma once

#include "oci/entry.h"

G_BEGIN_DECLS

enum
{
  OCI_TAR_BLOCK = 512,
};

/* A header: POSIX.1-2017, pax, "ustar Interchange Format", and GNU tar's tar.h. */
typedef struct
{
  char name[100];
  char mode[8];
  char uid[8];
  char gid[8];
  char size[12];
  char mtime[12];
  char checksum[8];
  char type;
  char link_name[100];
  char magic[8]; /* and version */
  char owner[32];
  char group[32];
  char major[8];
  char minor[8];
  char prefix[155];
  char padding[12];
} OciTarHeader;
G_STATIC_ASSERT (sizeof (OciTarHeader) == OCI_TAR_BLOCK);

/** Whether the header's checksum is correct. */
gboolean oci_tar_header_is_right (const OciTarHeader *header);

/** Reads a numeric field: octal, or base 256 if the first bit is set. Errors: %OCI_ERROR_FORMAT. */
gboolean oci_tar_number (const char *field, size_t len, int64_t *out, GError **error);

/** Like oci_tar_number(), but refuses negative numbers. Errors: %OCI_ERROR_FORMAT. */
gboolean oci_tar_size (const char *field, size_t len, uint64_t *out, GError **error);

/** Returns: (transfer full): text of a field, which may fill it without a NUL */
char *oci_tar_text (const char *field, size_t len);

/** Returns: (transfer full): the name with its prefix */
char *oci_tar_header_name (const OciTarHeader *header);

/** Reads the type of a member. @path: the member's path, which decides whether a file of v7 is a
 * directory. Errors: %OCI_ERROR_UNSUPPORTED. */
gboolean oci_tar_header_type (const OciTarHeader *header, const char *path, OciEntryType *out,
                              GError **error);

G_END_DECLS
