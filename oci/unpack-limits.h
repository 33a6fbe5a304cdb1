/* Limits for unpacking archives and layers: a few hundred bytes can expand to terabytes. */
#pragma once

#include <glib.h>
#include <stdint.h>

G_BEGIN_DECLS

typedef struct
{
  uint64_t bytes;   /* of content, and also of the decompressed archive */
  uint64_t entries; /* number of members */
  uint64_t ratio;   /* maximal ratio to the packed bytes, beyond OCI_UNPACK_RATIO_FREE */
} OciUnpackLimits;

#define OCI_UNPACK_LIMITS_DEFAULT                                                                  \
  ((OciUnpackLimits){ .bytes = G_GUINT64_CONSTANT (32) << 30, .entries = 2000000, .ratio = 200 })
#define OCI_UNPACK_RATIO_FREE (G_GUINT64_CONSTANT (64) << 20)

/* Amount unpacked so far: from one archive, from all archives of a tree, or from all layers of an
 * image. */
typedef struct
{
  OciUnpackLimits limits;
  uint64_t packed; /* bytes of the files that are unpacked; 0 if unknown */
  uint64_t bytes;  /* of content, as announced, which is also what is delivered */
  uint64_t stream; /* of the decompressed archive */
  uint64_t entries;
} OciUnpackBudget;

/** Counts a member of @size bytes, before its content is read. Errors: %OCI_ERROR_LIMIT. */
gboolean oci_unpack_budget_entry (OciUnpackBudget *self, uint64_t size, GError **error);

/** Counts decompressed bytes. Errors: %OCI_ERROR_LIMIT. */
gboolean oci_unpack_budget_stream (OciUnpackBudget *self, uint64_t bytes, GError **error);

G_END_DECLS
