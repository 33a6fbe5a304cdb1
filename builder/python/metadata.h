/* METADATA of a distribution: packaging.python.org "Core metadata specifications". Its form, header
 * fields in the manner of RFC 822, is that of WHEEL too. */
#pragma once

#include "oci/base/error.h"

G_BEGIN_DECLS

/**
 * TerraneHeaderFunc:
 * @name: as written; compare without case
 * @value: unfolded, without spaces around it; valid UTF-8
 */
typedef gboolean (*TerraneHeaderFunc) (gpointer data, const char *name, const char *value,
                                       GError **error);

/**
 * terrane_headers_parse:
 * @bytes: header fields, and perhaps a body after an empty line
 *
 * Calls @func for each field in order. As Python's email parser does, it takes the first line that
 * is neither a field nor the continuation of one for the body, which is not looked at.
 *
 * Errors: %OCI_ERROR_FORMAT when @bytes are not UTF-8; those of @func
 */
gboolean terrane_headers_parse (GBytes *bytes, TerraneHeaderFunc func, gpointer data,
                                GError **error);

/* The fields that an installer needs. */
typedef struct
{
  char *name;               /* a name by PEP 508, as written */
  char *version;            /* as written, not empty */
  char *requires_python;    /* (nullable): a specifier set; not validated */
  GPtrArray *requires_dist; /* (element-type utf8): requirements in order; not validated */
} TerraneMetadata;

/**
 * terrane_metadata_parse:
 * @bytes: content of METADATA
 *
 * Returns: (transfer full): %OCI_ERROR_FORMAT when Name or Version is missing, any of the single
 *   fields is there twice, or Name is not a name; %OCI_ERROR_LIMIT for over 10000 requirements
 */
TerraneMetadata *terrane_metadata_parse (GBytes *bytes, GError **error);

void terrane_metadata_free (TerraneMetadata *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (TerraneMetadata, terrane_metadata_free)

G_END_DECLS
