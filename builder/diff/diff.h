/* What differs between two images, as one document: 'terrane diff', and builds that are verified.
 */
#pragma once

#include "builder/diff/side.h"

G_BEGIN_DECLS

typedef struct
{
  gboolean symbols;  /* of libraries that differ */
  const char *today; /* (nullable): "YYYY-MM-DD": check both, and compare the findings */
} TerraneDiffOptions;

/** Returns: (transfer full) (nullable): the document "diff" of docs/record.md */
json_t *terrane_diff (TerraneDiffSide *a, TerraneDiffSide *b, const TerraneDiffOptions *options,
                      GError **error);

/** Whether the document says that both are the same image. */
gboolean terrane_diff_is_equal (const json_t *document);

G_END_DECLS
