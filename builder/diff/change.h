/* Finds how a file differs between two images. */
#pragma once

#include "builder/diff/tree-diff.h"

G_BEGIN_DECLS

/* Position where two streams of bytes differ first; -1 for a stream that ends there. */
typedef struct
{
  gboolean found;
  uint64_t offset;
  int a, b;
} TerraneDiffByte;

/* Reads at most @len bytes; *@out_read is 0 at the end. */
typedef gboolean (*TerraneDiffRead) (gpointer data, void *buffer, size_t len, size_t *out_read,
                                     GError **error);

/** Compares two streams that @read returns. Errors: those of @read. */
gboolean terrane_diff_streams (TerraneDiffRead read, gpointer a, gpointer b, TerraneDiffByte *out,
                               GError **error);

/** Like terrane_diff_streams(), for two descriptors from their current offsets. Errors:
 * %OCI_ERROR_IO. */
gboolean terrane_diff_bytes (int a, int b, TerraneDiffByte *out, GError **error);

/** Like terrane_diff_streams(), for the contents of two files. Errors: %OCI_ERROR_FORMAT,
 * %OCI_ERROR_IO. */
gboolean terrane_diff_content (TerraneStore *store_a, const TerraneNode *a, TerraneStore *store_b,
                               const TerraneNode *b, TerraneDiffByte *out, GError **error);

/**
 * terrane_diff_attributes:
 * @out_words: (out) (transfer container): static words, the most important first: "type",
 *   "content", "target", "mode", "uid", "gid", "xattrs"; empty if only one side has the path
 *
 * Finds the attributes that differ.
 *
 * Errors: %OCI_ERROR_FORMAT, %OCI_ERROR_IO.
 */
gboolean terrane_diff_attributes (const TerraneDiffChange *change, TerraneStore *store_a,
                                  TerraneStore *store_b, GPtrArray **out_words, GError **error);

G_END_DECLS
