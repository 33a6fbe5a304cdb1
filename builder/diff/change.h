/* What differs of one file. */
#pragma once

#include "builder/diff/tree-diff.h"

G_BEGIN_DECLS

/* Where two streams of bytes part; a stream that ends there has -1. */
typedef struct
{
  gboolean found;
  uint64_t offset;
  int a, b;
} TerraneDiffByte;

/* Reads at most @len bytes; *@out_read is 0 at the end. */
typedef gboolean (*TerraneDiffRead) (gpointer data, void *buffer, size_t len, size_t *out_read,
                                     GError **error);

/** Compares what @read gives of both. */
gboolean terrane_diff_streams (TerraneDiffRead read, gpointer a, gpointer b, TerraneDiffByte *out,
                               GError **error);

/** The same of two descriptors, from where they are. */
gboolean terrane_diff_bytes (int a, int b, TerraneDiffByte *out, GError **error);

/** The same of the contents of two files. */
gboolean terrane_diff_content (TerraneStore *store_a, const TerraneNode *a, TerraneStore *store_b,
                               const TerraneNode *b, TerraneDiffByte *out, GError **error);

/**
 * terrane_diff_attributes:
 * @out_words: (out) (transfer container): static words, the most telling first: "type", "content",
 *   "target", "mode", "uid", "gid", "xattrs"; empty when only one side has the path
 */
gboolean terrane_diff_attributes (const TerraneDiffChange *change, TerraneStore *store_a,
                                  TerraneStore *store_b, GPtrArray **out_words, GError **error);

G_END_DECLS
