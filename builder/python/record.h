/* RECORD: the files of a wheel or installed project with their digests.
 * packaging.python.org "Recording installed projects", "The RECORD file". */
#pragma once

#include "oci/base/error.h"

#include <stdint.h>

G_BEGIN_DECLS

typedef enum
{
  TERRANE_RECORD_NONE, /* no digest, or none that counts */
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
  uint8_t digest[TERRANE_RECORD_DIGEST_MAX]; /* as many bytes as the algorithm has */
  gboolean has_size;
  uint64_t size;
} TerraneRecordRow;

/** Bytes of a digest; 0 for none. */
size_t terrane_record_digest_size (TerraneRecordAlgorithm algorithm);

/** As RECORD has it: "sha256=" and URL-safe base64 without padding; "" for none.
 * Returns: (transfer full) */
char *terrane_record_digest_text (TerraneRecordAlgorithm algorithm, const uint8_t *digest);

/** A row of @path, without digest and size. Returns: (transfer full) */
TerraneRecordRow *terrane_record_row_new (const char *path);
void terrane_record_row_free (TerraneRecordRow *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (TerraneRecordRow, terrane_record_row_free)

/**
 * terrane_record_parse:
 * @bytes: CSV as Python's csv module writes it
 *
 * @problems: (element-type utf8): gets what the specification forbids and installers bear: a slash
 *   in front of a path, a path that is there twice, of which the first row counts, a broken size.
 *   Broken digests and those of algorithms weaker than SHA-256 are as none
 *
 * Rows of directories (a path that ends with "/") are left out.
 *
 * Returns: (transfer full) (element-type utf8 TerraneRecordRow): the rows by their paths.
 *   %OCI_ERROR_FORMAT for broken CSV, a row without three columns, or a path that leads elsewhere;
 *   %OCI_ERROR_LIMIT for more than 200000 rows
 */
GHashTable *terrane_record_parse (GBytes *bytes, GPtrArray *problems, GError **error);

/**
 * terrane_record_write:
 * @rows: (element-type TerraneRecordRow): in the order they are to be written
 *
 * Writes what terrane_record_parse() reads: fields quoted only where they must be, lines ended by
 * "\n".
 *
 * Returns: (transfer full)
 */
GBytes *terrane_record_write (GPtrArray *rows);

G_END_DECLS
