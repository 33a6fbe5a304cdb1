/* A cache in one file: what the next build of some images needs, without anything that file systems
 * and archives lose. docs/ci.md describes the file and what is believed of it.
 *
 * It is a tar: a document that names everything else by digest, then blobs. Objects that are files
 * of an image come out of its layers; the others, the directories and the entries of the cache are
 * in one more layer, the rest. */
#pragma once

#include "builder/progress.h"
#include "builder/store/store.h"

G_BEGIN_DECLS

typedef struct
{
  GPtrArray *images; /* names: of char * */
  guint blobs;
  guint downloads;
  guint objects; /* in the rest */
  guint entries; /* of the cache */
} TerraneCacheReport;

void terrane_cache_report_clear (TerraneCacheReport *self);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (TerraneCacheReport, terrane_cache_report_clear)

typedef struct
{
  const char *key; /* (nullable): a secret that the file is signed with, or must be signed with */
  unsigned jobs;   /* threads */
  const TerraneProgress *progress;
} TerraneCacheOptions;

/**
 * terrane_cache_export:
 * @path: the file to write; it appears when it is complete
 * @names: of images in the store, NULL-terminated
 * @downloads: (nullable): of OciDigest: those of them that the store has are packed too
 *
 * Equal content gives equal bytes.
 */
gboolean terrane_cache_export (TerraneStore *store, const char *path, const char *const *names,
                               const GPtrArray *downloads, const TerraneCacheOptions *options,
                               TerraneCacheReport *out_report, GError **error);

/**
 * terrane_cache_import:
 *
 * Blobs and objects are what they digest to. That an entry's key leads to what it says is believed,
 * as of the store itself; entries and names that the store has stay.
 */
gboolean terrane_cache_import (TerraneStore *store, const char *path,
                               const TerraneCacheOptions *options, TerraneCacheReport *out_report,
                               GError **error);

G_END_DECLS
