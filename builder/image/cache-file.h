/* A cache in one file: what the next build of some images needs, without anything that file systems
 * and archives would lose. docs/ci.md describes the file and which of its content is trusted.
 *
 * It is a tar: a document with the digests of everything else, then blobs. Objects that are files
 * of an image come from its layers; other objects, directories and the entries of the cache are in
 * a further layer, the rest.
 *
 * Errors: %OCI_ERROR_USAGE, %OCI_ERROR_FORMAT, %OCI_ERROR_CORRUPT, %OCI_ERROR_UNSUPPORTED,
 * %OCI_ERROR_LIMIT, %OCI_ERROR_NOT_FOUND (an image), %OCI_ERROR_DENIED (the signature),
 * %OCI_ERROR_IO, codes of %G_IO_ERROR (from libostree). */
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
  const char *key; /* (nullable): secret to sign the file with, or that it must be signed with */
  unsigned jobs;   /* number of threads */
  const TerraneProgress *progress;
} TerraneCacheOptions;

/**
 * terrane_cache_export:
 * @path: the file to write; it appears when it is complete
 * @names: of images in the store, NULL-terminated
 * @downloads: (nullable): of OciDigest: those that the store has are included
 *
 * Equal content gives equal bytes. Errors: see the head.
 */
gboolean terrane_cache_export (TerraneStore *store, const char *path, const char *const *names,
                               const GPtrArray *downloads, const TerraneCacheOptions *options,
                               TerraneCacheReport *out_report, GError **error);

/** Verifies the digests of blobs and objects. The meaning of an entry's key is trusted, like that
 * of the store itself; existing entries and names of the store are kept. Errors: see the head. */
gboolean terrane_cache_import (TerraneStore *store, const char *path,
                               const TerraneCacheOptions *options, TerraneCacheReport *out_report,
                               GError **error);

G_END_DECLS
