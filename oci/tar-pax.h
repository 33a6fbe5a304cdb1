/* Extended headers of pax: POSIX.1-2017, pax, "pax Extended Header"; and the keywords of GNU tar
 * for sparse files. */
#pragma once

#include <glib.h>
#include <stdint.h>

G_BEGIN_DECLS

/* What the extended headers say of one member; strings are %NULL, numbers not in @has when they say
 * nothing. */
typedef struct
{
  char *path;
  char *link_path;
  gboolean has_size, has_uid, has_gid, has_mtime, has_real_size;
  uint64_t size;
  int64_t uid, gid, mtime;
  GHashTable *xattrs; /* (nullable): name -> GVariant of bytes */

  char *sparse_name;
  unsigned sparse_major, sparse_minor;
  gboolean sparse;    /* any of GNU.sparse.* was there */
  GArray *sparse_map; /* (nullable): of uint64_t: offset, length, offset, … */
  uint64_t real_size; /* GNU.sparse.size or GNU.sparse.realsize */
  gboolean star_real_size;
} OciTarPax;

void oci_tar_pax_clear (OciTarPax *self);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (OciTarPax, oci_tar_pax_clear)

/** Reads the records of an extended header; of a @global one only what may be for all members. */
gboolean oci_tar_pax_read (OciTarPax *self, const char *records, size_t len, gboolean global,
                           GError **error);

/** A decimal number without a sign, whole. */
gboolean oci_tar_pax_number (const char *text, uint64_t *out_value, GError **error);

G_END_DECLS
