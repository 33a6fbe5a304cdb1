/* The document of a cache file, which is its first member, and the signature after it. */
#pragma once

#include "builder/image/cache-file.h"

G_BEGIN_DECLS

#define TERRANE_CACHE_DOCUMENT "terrane-cache.json"
#define TERRANE_CACHE_SIGNATURE "terrane-cache.hmac-sha256"
#define TERRANE_CACHE_BLOBS "blobs/sha256/"
#define TERRANE_CACHE_DOWNLOADS "downloads/sha256/"
/* In the rest: STORE/cache, and objects by checksum and type. */
#define TERRANE_CACHE_ENTRIES "cache/"
#define TERRANE_CACHE_OBJECTS "objects/"

typedef struct
{
  char *name;
  OciDescriptor *manifest;
  gboolean unpack; /* its layers are in the file, and contain the objects of its files */
} TerraneCacheImage;

typedef struct
{
  GPtrArray *images;    /* of TerraneCacheImage */
  GPtrArray *blobs;     /* of OciDescriptor: manifests, configurations, layers, the rest */
  GPtrArray *downloads; /* likewise */
  OciDescriptor *rest;
} TerraneCacheDocument;

/** Returns: (transfer full): an empty document */
TerraneCacheDocument *terrane_cache_document_new (void);
void terrane_cache_document_free (TerraneCacheDocument *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (TerraneCacheDocument, terrane_cache_document_free)

/** Adds an image. @unpack: see TerraneCacheImage */
void terrane_cache_document_add_image (TerraneCacheDocument *self, const char *name,
                                       const OciDescriptor *manifest, gboolean unpack);

/** Returns: (transfer full): the JSON text */
GBytes *terrane_cache_document_dump (const TerraneCacheDocument *self);

/** Reads a document. %OCI_ERROR_UNSUPPORTED if it has another version. Returns: (transfer full).
 * Errors: %OCI_ERROR_FORMAT, %OCI_ERROR_UNSUPPORTED. */
TerraneCacheDocument *terrane_cache_document_parse (GBytes *raw, GError **error);

/** Returns: (transfer none) (nullable): the descriptor in @list that has @digest */
const OciDescriptor *terrane_cache_document_find (const GPtrArray *list, const OciDigest *digest);

G_END_DECLS
