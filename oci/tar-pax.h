/* Extended headers of pax: POSIX.1-2017, pax, "pax Extended Header"; and GNU tar's keywords for
 * sparse files. */
#pragma once

#include <glib.h>
#include <stdint.h>

G_BEGIN_DECLS

/* The extended headers of one member. Missing values are %NULL for strings and
 * %FALSE in has_* for numbers. */
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
  gboolean sparse;    /* any of GNU.sparse.* was present */
  GArray *sparse_map; /* (nullable): of uint64_t: offset, length, offset, … */
  uint64_t real_size; /* GNU.sparse.size or GNU.sparse.realsize */
  gboolean star_real_size;
} OciTarPax;

void oci_tar_pax_clear (OciTarPax *self);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (OciTarPax, oci_tar_pax_clear)

/** Reads the records of an extended header; from a @global one only those that may apply to all
 * members. Errors: %OCI_ERROR_FORMAT, %OCI_ERROR_UNSUPPORTED, %OCI_ERROR_LIMIT. */
gboolean oci_tar_pax_read (OciTarPax *self, const char *records, size_t len, gboolean global,
                           GError **error);

/** Reads a decimal number without a sign; the whole text must be a number. Errors:
 * %OCI_ERROR_FORMAT. */
gboolean oci_tar_pax_number (const char *text, uint64_t *out_value, GError **error);

G_END_DECLS
