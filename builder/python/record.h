/* RECORD: the files of a wheel or installed project with their digests
 * (https://packaging.python.org/en/latest/specifications/recording-installed-packages/). */
#pragma once

#include "oci/base/error.h"

#include <stdint.h>

G_BEGIN_DECLS

typedef enum
{
  TERRANE_RECORD_NONE, /* no digest, or only of weak algorithms */
  TERRANE_RECORD_SHA256,
  TERRANE_RECORD_SHA384,
  TERRANE_RECORD_SHA512,
} TerraneRecordAlgorithm;

enum
{
  TERRANE_RECORD_DIGEST_MAX = 64, /* bytes of SHA-512 */
};

typedef struct
{
  char *path; /* normalised (oci_path_normalise()) */
  TerraneRecordAlgorithm algorithm;
  uint8_t digest[TERRANE_RECORD_DIGEST_MAX]; /* as many bytes as the algorithm produces */
  gboolean has_size;
  uint64_t size;
} TerraneRecordRow;

/** Length of a digest in bytes; 0 for none. */
size_t terrane_record_digest_size (TerraneRecordAlgorithm algorithm);

/** Returns: (transfer full): the form in RECORD: "sha256=" and URL-safe base64 without padding; ""
 * for none */
char *terrane_record_digest_text (TerraneRecordAlgorithm algorithm, const uint8_t *digest);

/** Makes a row for @path, without digest and size. Returns: (transfer full) */
TerraneRecordRow *terrane_record_row_new (const char *path);
void terrane_record_row_free (TerraneRecordRow *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (TerraneRecordRow, terrane_record_row_free)

/**
 * terrane_record_parse:
 * @bytes: CSV in the dialect of Python's csv module
 * @problems: (element-type utf8): receives what the specification forbids and installers tolerate:
 *   a leading slash of a path, a path that occurs twice, of which the first row is used, an invalid
 *   size. Invalid digests and those of algorithms weaker than SHA-256 are ignored
 *
 * Skips rows of directories (a path that ends with "/").
 *
 * Returns: (transfer full) (element-type utf8 TerraneRecordRow): the rows by path
 * Errors: %OCI_ERROR_FORMAT for invalid CSV, a row without three columns, or a path that leads
 *   outside; %OCI_ERROR_UNSUPPORTED for a path that is not UTF-8; %OCI_ERROR_LIMIT for more than
 *   200000 rows.
 */
GHashTable *terrane_record_parse (GBytes *bytes, GPtrArray *problems, GError **error);

/**
 * terrane_record_write:
 * @rows: (element-type TerraneRecordRow): in the order to be written
 *
 * Writes the format of terrane_record_parse(): fields are quoted only if necessary, lines end with
 * "\n".
 *
 * Returns: (transfer full)
 */
GBytes *terrane_record_write (GPtrArray *rows);

G_END_DECLS
