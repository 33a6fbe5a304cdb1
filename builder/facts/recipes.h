/* Finds what was compiled by which recipe in an image, from the documents in compiled trees
 * (builder/source/compiled-document.h). */
#pragma once

#include "builder/facts/image-view.h"

#include "oci/base/json.h"

G_BEGIN_DECLS

typedef struct
{
  const TerraneNode *node; /* the document */
  char *prefix;            /* prefix it was compiled for, normalised */
  json_t *document;        /* object; owns the texts below */
  const char *name;
  const char *version;
  const char *commit; /* hexadecimal: digest of the output */
} TerraneCompiled;

/**
 * terrane_compiled_find:
 * @out_compiled: (out) (transfer full): of TerraneCompiled, sorted by path
 *
 * Ignores files that are not such documents, since the image is untrusted.
 *
 * Errors: %OCI_ERROR_FORMAT, %OCI_ERROR_IO.
 */
gboolean terrane_compiled_find (const TerraneImageView *view, GPtrArray **out_compiled,
                                GError **error);

/** Whether the recipe made @node, according to its list of files. */
gboolean terrane_compiled_has (const TerraneCompiled *self, const TerraneNode *node);

G_END_DECLS
