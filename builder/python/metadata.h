/* METADATA of a distribution: https://packaging.python.org/en/latest/specifications/core-metadata/.
 * WHEEL has the same form, header fields in the style of RFC 822. */
#pragma once

#include "oci/base/error.h"

G_BEGIN_DECLS

/**
 * @name: as written; to be compared case-insensitively
 * @value: unfolded, without surrounding spaces; valid UTF-8
 *
 * Processes one field.
 */
typedef gboolean (*TerraneHeaderFunc) (gpointer data, const char *name, const char *value,
                                       GError **error);

/**
 * terrane_headers_parse:
 * @bytes: header fields, optionally followed by an empty line and a body
 *
 * Calls @func for each field in order. Like Python's email parser, it takes the first line that is
 * neither a field nor a continuation as the start of the body, which is ignored.
 *
 * Errors: %OCI_ERROR_FORMAT if @bytes are not UTF-8; those of @func.
 */
gboolean terrane_headers_parse (GBytes *bytes, TerraneHeaderFunc func, gpointer data,
                                GError **error);

/* The fields that an installer needs. */
typedef struct
{
  char *name;               /* a name according to PEP 508, as written */
  char *version;            /* as written, not empty */
  char *requires_python;    /* (nullable): a specifier set; not validated */
  GPtrArray *requires_dist; /* (element-type utf8): requirements in order; not validated */
} TerraneMetadata;

/**
 * terrane_metadata_parse:
 * @bytes: content of METADATA
 *
 * Returns: (transfer full)
 * Errors: %OCI_ERROR_FORMAT if Name or Version is missing, a single field occurs twice, or Name is
 *   not a valid name; %OCI_ERROR_LIMIT for over 10000 requirements.
 */
TerraneMetadata *terrane_metadata_parse (GBytes *bytes, GError **error);

void terrane_metadata_free (TerraneMetadata *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (TerraneMetadata, terrane_metadata_free)

G_END_DECLS
