/* What in an image was compiled by which recipe, by the documents that compiled trees have
 * (builder/source/compiled-document.h). */
#pragma once

#include "builder/facts/image-view.h"

#include "oci/base/json.h"

G_BEGIN_DECLS

typedef struct
{
  const TerraneNode *node; /* the document */
  char *prefix;            /* that it was compiled for, normalised */
  json_t *document;        /* object; what follows is of it */
  const char *name;
  const char *version;
  const char *commit; /* hexadecimal: digest of what was compiled */
} TerraneCompiled;

/**
 * terrane_compiled_find:
 * @out_compiled: (out) (transfer full): of TerraneCompiled, in the order of their paths
 *
 * Files that are not such documents are left out: anybody may have made the image.
 */
gboolean terrane_compiled_find (const TerraneImageView *view, GPtrArray **out_compiled,
                                GError **error);

/** Whether the recipe has made @node, by the list of its files. */
gboolean terrane_compiled_has (const TerraneCompiled *self, const TerraneNode *node);

G_END_DECLS
