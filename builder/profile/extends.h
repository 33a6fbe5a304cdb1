/* Merges a profile and the files that it extends into one document that records where each value
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
 * @data: (nullable): its content; NULL to read @path
 *
 * Reports all problems of all files in one error, %OCI_ERROR_USAGE. Only expands the variables in
 * "extends".
 *
 * Returns: (transfer full): the merged document
 * Errors: %OCI_ERROR_USAGE, %OCI_ERROR_FORMAT, %OCI_ERROR_LIMIT, %OCI_ERROR_IO.
 */
TerraneProfileDocument *terrane_profile_document_read (const char *path, GBytes *data,
                                                       TerraneExpander *expander, GError **error);
void terrane_profile_document_free (TerraneProfileDocument *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (TerraneProfileDocument, terrane_profile_document_free)

G_END_DECLS
