/* A profile and the files that it extends, merged into one document that knows where each value
 * was written. */
#pragma once

#include "builder/profile/provenance.h"
#include "builder/profile/variables.h"

G_BEGIN_DECLS

typedef struct
{
  OciJsonDocument *document;
  OciJson root;
  TerraneProvenance *provenance;
} TerraneProfileDocument;

/**
 * terrane_profile_document_read:
 * @path: the profile
 * @data: (nullable): its content; read from @path when NULL
 *
 * All problems of all files are in one error, %OCI_ERROR_USAGE. Only the variables in "extends" are
 * expanded.
 *
 * Returns: (transfer full) (nullable)
 */
TerraneProfileDocument *terrane_profile_document_read (const char *path, GBytes *data,
                                                       TerraneExpander *expander, GError **error);
void terrane_profile_document_free (TerraneProfileDocument *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (TerraneProfileDocument, terrane_profile_document_free)

G_END_DECLS
