#include "oci/unpack-limits.h"

#include "oci/base/error.h"

static gboolean
check_bytes (const OciUnpackBudget *self, uint64_t used, uint64_t more, GError **error)
{
  if (used <= self->limits.bytes && more <= self->limits.bytes - used)
    return TRUE;
  return oci_throw (error, OCI_ERROR_LIMIT,
                    "unpacked it would have over %" G_GUINT64_FORMAT
                    " bytes; ‘limits.unpacked_size’ of the profile sets the limit",
                    self->limits.bytes);
}

gboolean
oci_unpack_budget_entry (OciUnpackBudget *self, uint64_t size, GError **error)
{
  if (self->entries >= self->limits.entries)
    return oci_throw (error, OCI_ERROR_LIMIT,
                      "it has over %" G_GUINT64_FORMAT
                      " members; ‘limits.unpacked_files’ of the profile sets the limit",
                      self->limits.entries);
  self->entries++;
  if (!check_bytes (self, self->bytes, size, error))
    return FALSE;
  self->bytes += size;
  if (self->packed > 0 && self->bytes > OCI_UNPACK_RATIO_FREE
      && self->bytes / self->limits.ratio > self->packed)
    return oci_throw (error, OCI_ERROR_LIMIT,
                      "%" G_GUINT64_FORMAT " bytes would unpack to over %" G_GUINT64_FORMAT
                      " times as much; ‘limits.unpacked_ratio’ of the profile sets the limit",
                      self->packed, self->limits.ratio);
  return TRUE;
}

gboolean
oci_unpack_budget_stream (OciUnpackBudget *self, uint64_t bytes, GError **error)
{
  if (!check_bytes (self, self->stream, bytes, error))
    return FALSE;
  self->stream += bytes;
  return TRUE;
}
