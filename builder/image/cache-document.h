/* The document of a cache file, its first member, and the signature after it. */
#pragma once

#include "builder/image/cache-file.h"

G_BEGIN_DECLS

#define TERRANE_CACHE_DOCUMENT "terrane-cache.json"
#define TERRANE_CACHE_SIGNATURE "terrane-cache.hmac-sha256"
#define TERRANE_CACHE_BLOBS "blobs/sha256/"
#define TERRANE_CACHE_DOWNLOADS "downloads/sha256/"
/* In the rest: STORE/cache, and objects by their checksum and type. */
#define TERRANE_CACHE_ENTRIES "cache/"
#define TERRANE_CACHE_OBJECTS "objects/"

typedef struct
{
  char *name;
  OciDescriptor *manifest;
  gboolean unpack; /* its layers are in the file, and give the objects of its files */
} TerraneCacheImage;

typedef struct
{
  GPtrArray *images;    /* of TerraneCacheImage */
  GPtrArray *blobs;     /* of OciDescriptor: manifests, configurations, layers, the rest */
  GPtrArray *downloads; /* the same */
  OciDescriptor *rest;
} TerraneCacheDocument;

TerraneCacheDocument *terrane_cache_document_new (void);
void terrane_cache_document_free (TerraneCacheDocument *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (TerraneCacheDocument, terrane_cache_document_free)

void terrane_cache_document_add_image (TerraneCacheDocument *self, const char *name,
                                       const OciDescriptor *manifest, gboolean unpack);

GBytes *terrane_cache_document_dump (const TerraneCacheDocument *self);

/** Returns: (transfer full) (nullable): %OCI_ERROR_UNSUPPORTED for a document of another version */
TerraneCacheDocument *terrane_cache_document_parse (GBytes *raw, GError **error);

/** The descriptor in @list that has @digest. Returns: (transfer none) (nullable) */
const OciDescriptor *terrane_cache_document_find (const GPtrArray *list, const OciDigest *digest);

G_END_DECLS
