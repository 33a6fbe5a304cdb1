/* Compares two images, in one document, for 'terrane diff' and the verification of builds. */
#pragma once

#include "builder/diff/side.h"

G_BEGIN_DECLS

typedef struct
{
  gboolean symbols;  /* also of libraries that differ */
  const char *today; /* (nullable): "YYYY-MM-DD": also check both images and compare the findings */
} TerraneDiffOptions;

/** Returns: (transfer full): the document "diff" of docs/record.md. Errors: %OCI_ERROR_FORMAT,
 * %OCI_ERROR_CORRUPT, %OCI_ERROR_UNSUPPORTED, %OCI_ERROR_LIMIT, %OCI_ERROR_IO, codes of
 * %G_IO_ERROR (from libostree). */
json_t *terrane_diff (TerraneDiffSide *a, TerraneDiffSide *b, const TerraneDiffOptions *options,
                      GError **error);

/** Whether the document says that both are the same image. */
gboolean terrane_diff_is_equal (const json_t *document);

G_END_DECLS
