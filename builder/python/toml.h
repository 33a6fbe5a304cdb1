/* TOML 1.0 (toml.io), read by toml++ into the types of JSON, so that oci/base/json.h reads it. */
#pragma once

#include "oci/base/json.h"

G_BEGIN_DECLS

typedef struct
{
  json_t *root;      /* an object. Dates, times, infinities and NaN are empty objects */
  GHashTable *lines; /* json_t * of a table in it -> the line that it starts in */
} TerraneToml;

/**
 * terrane_toml_parse:
 * @name: what the file is called in messages
 * @out: (out): set on success only
 *
 * Returns: %FALSE with %OCI_ERROR_USAGE, "NAME line N: …", or %OCI_ERROR_LIMIT for more than 8 MiB,
 *   500000 values, values in more than 64 others, or a key of more than 64 parts
 */
gboolean terrane_toml_parse (const char *name, GBytes *data, TerraneToml *out, GError **error);

/** The line of @value or of the nearest table around it; 0 when there is none. */
unsigned terrane_toml_line (const TerraneToml *self, const OciJson *at);

void terrane_toml_clear (TerraneToml *self);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (TerraneToml, terrane_toml_clear)

G_END_DECLS
