/* How much archives and layers may unpack to: a few hundred bytes of one can name terabytes. */
#pragma once

#include <glib.h>
#include <stdint.h>

G_BEGIN_DECLS

typedef struct
{
  uint64_t bytes;   /* of content, and of the decompressed archive, */
  uint64_t entries; /* and members in it */
  uint64_t ratio;   /* so many times the packed bytes, once over OCI_UNPACK_RATIO_FREE */
} OciUnpackLimits;

#define OCI_UNPACK_LIMITS_DEFAULT                                                                  \
  ((OciUnpackLimits){ .bytes = G_GUINT64_CONSTANT (32) << 30, .entries = 2000000, .ratio = 200 })
#define OCI_UNPACK_RATIO_FREE (G_GUINT64_CONSTANT (64) << 20)

/* What was unpacked: of one archive, of all archives of a tree, or of all layers of an image. */
typedef struct
{
  OciUnpackLimits limits;
  uint64_t packed; /* bytes of the files that are unpacked; 0 where that is not known */
  uint64_t bytes;  /* of content: announced, which is what is delivered */
  uint64_t stream; /* of the decompressed archive */
  uint64_t entries;
} OciUnpackBudget;

/** Counts a member of @size bytes in, before its content is read. */
gboolean oci_unpack_budget_entry (OciUnpackBudget *self, uint64_t size, GError **error);

/** Counts decompressed bytes in. */
gboolean oci_unpack_budget_stream (OciUnpackBudget *self, uint64_t bytes, GError **error);

G_END_DECLS
