/* The configuration of a result in a registry: the inputs of the result, and its layers. */
#pragma once

#include "oci/base/json.h"
#include "oci/manifest.h"
#include "oci/reference.h"

G_BEGIN_DECLS

/* Meaning of a key, and the content of an artifact under it. */
typedef enum
{
  TERRANE_SHARED_COMPILED,  /* compiled key -> output of a recipe */
  TERRANE_SHARED_TREE,      /* source and transforms of a tree -> its listing and its layers */
  TERRANE_SHARED_CHECKED,   /* image key -> findings */
  TERRANE_SHARED_VALIDATED, /* results key -> results that passed */
} TerraneSharedKind;

/* An artifact that was found. */
typedef struct
{
  const OciReference *repository;
  char *name;          /* for messages */
  json_t *content;     /* object; its form depends on the kind */
  GPtrArray *layers;   /* of OciDescriptor, not fetched yet */
  OciDigest *diff_ids; /* of each layer */
} TerraneSharedEntry;

void terrane_shared_entry_free (TerraneSharedEntry *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (TerraneSharedEntry, terrane_shared_entry_free)

/* An artifact to make. */
typedef struct
{
  TerraneSharedKind kind;
  OciDigest key;
  const char *label;
  json_t *content; /* object */
  const GPtrArray
      *layers; /* of OciDescriptor, in the store's layout or known to be in a registry */
  const OciDigest *diff_ids; /* of each layer */

  /* (nullable): whether the layers of an artifact, which claims to be this result, contain it */
  gboolean (*verify) (gconstpointer data, const TerraneSharedEntry *entry, GError **error);
  gconstpointer data; /* for @verify */
} TerraneSharedResult;

/** Whether @entry, which has the same key, is the same result, regardless of other notes in it. */
gboolean terrane_shared_result_is (const TerraneSharedResult *result,
                                   const TerraneSharedEntry *entry);

/** The word for @kind in tags and documents. Returns: (transfer none) */
const char *terrane_shared_kind_name (TerraneSharedKind kind);

/** Returns: (transfer full): the document of a result for @platform */
GBytes *terrane_shared_document_write (const TerraneSharedResult *result, const char *platform);

/**
 * terrane_shared_document_read:
 * @manifest: the manifest with @raw as its configuration: both must name the same layers
 * @entry: gets "content", "layers" and "diff_ids"
 *
 * Reads the document of a result.
 *
 * Errors: %OCI_ERROR_CORRUPT if it is not the document of such a result, but for instance of
 * another kind, key, platform or assembler version.
 */
gboolean terrane_shared_document_read (GBytes *raw, const OciManifest *manifest,
                                       TerraneSharedKind kind, const OciDigest *key,
                                       const char *platform, TerraneSharedEntry *entry,
                                       GError **error);

G_END_DECLS
