/* TOML 1.0 (https://toml.io), read by toml++ into the types of JSON, so that oci/base/json.h can
 * read it. */
#pragma once

#include "oci/base/json.h"

G_BEGIN_DECLS

typedef struct
{
  json_t *root;      /* an object. Dates, times, infinities and NaN are empty objects */
  GHashTable *lines; /* json_t * of a table in it -> the line in which it starts */
} TerraneToml;

/**
 * terrane_toml_parse:
 * @name: name of the file in messages
 * @out: (out): set on success only
 *
 * Errors: %OCI_ERROR_USAGE, "NAME line N: …"; %OCI_ERROR_LIMIT for more than 8 MiB, 500000 values,
 *   more than 64 levels of values, or a key of more than 64 parts.
 */
gboolean terrane_toml_parse (const char *name, GBytes *data, TerraneToml *out, GError **error);

/** Returns the line of @value or of the nearest table that contains it; 0 if there is none. */
unsigned terrane_toml_line (const TerraneToml *self, const OciJson *at);

void terrane_toml_clear (TerraneToml *self);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (TerraneToml, terrane_toml_clear)

G_END_DECLS
