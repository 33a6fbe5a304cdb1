/* A member of an archive as the reader of its format returns it: names are bytes, nothing is
 * checked. */
#pragma once

#include "oci/entry.h"

G_BEGIN_DECLS

typedef struct
{
  char *path;
  char *target; /* (nullable): of links */
  OciEntryType type;
  uint32_t mode;
  int64_t uid, gid, mtime;
  uint64_t size;      /* of the content as read; 0 if it has none */
  GHashTable *xattrs; /* (nullable): name -> GVariant of bytes */
} OciRawMember;

static inline void
oci_raw_member_clear (OciRawMember *self)
{
  g_clear_pointer (&self->path, g_free);
  g_clear_pointer (&self->target, g_free);
  g_clear_pointer (&self->xattrs, g_hash_table_unref);
  *self = (OciRawMember){ 0 };
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (OciRawMember, oci_raw_member_clear)

G_END_DECLS
