/* One member of an archive or file system tree, the type that readers return and writers take. */
#pragma once

#include <glib.h>
#include <stdint.h>

G_BEGIN_DECLS

typedef enum
{
  OCI_ENTRY_FILE,
  OCI_ENTRY_DIRECTORY,
  OCI_ENTRY_SYMLINK,
  OCI_ENTRY_HARDLINK, /* target: normalised path of an earlier member */
  OCI_ENTRY_SPECIAL,  /* device, fifo or socket: never part of a layer that terrane writes */
} OciEntryType;

/* Strings and @xattrs are borrowed; each function that fills an entry says until when. */
typedef struct
{
  const char *path; /* normalised (oci_path_normalise()); "" is the root */
  OciEntryType type;
  const char *target; /* of links: a symlink's text, a hard link's normalised path */
  uint32_t mode;      /* permission bits with setuid, setgid and sticky: at most 07777 */
  uint32_t uid;
  uint32_t gid;
  uint64_t size;    /* bytes of content; 0 unless it is a file */
  GVariant *xattrs; /* (nullable): a(ayay), NUL-terminated name and value, sorted by name */
  int64_t mtime;    /* seconds since 1970, from the archive; never written */
} OciEntry;

G_END_DECLS
