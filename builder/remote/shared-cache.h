/* Results that machines share through registries: what one of them made is an artifact under the
 * key that it has in every store, and the others take it from there.
 *
 * docs/registries.md describes the artifacts, docs/trust.md what is believed of them. */
#pragma once

#include "builder/remote/remote.h"

G_BEGIN_DECLS

/* What a key is of, and what an artifact under it holds. */
typedef enum
{
  TERRANE_SHARED_COMPILED,  /* compiled key -> what a recipe made */
  TERRANE_SHARED_TREE,      /* source and transforms of a tree -> its listing and its layers */
  TERRANE_SHARED_CHECKED,   /* image key -> findings */
  TERRANE_SHARED_VALIDATED, /* results key -> results that passed */
} TerraneSharedKind;

typedef struct
{
  TerraneRemote *remote;
  const GPtrArray *from; /* (nullable) (element-type OciReference): repositories to take from */
  const GPtrArray *to;   /* (nullable) (element-type OciReference): and to give to */
  const char *platform;  /* "linux/amd64" */
  const char *secret;    /* (nullable): signs, and what is not signed with it is not taken */
  gboolean create_repository;
  gboolean compare; /* nothing is taken: what was made here is held against what @from has */
} TerraneSharedCacheOptions;

/* For one build of one platform; for one thread at a time. */
typedef struct _TerraneSharedCache TerraneSharedCache;

/** @options: what it points to must outlive the cache */
TerraneSharedCache *terrane_shared_cache_new (const TerraneSharedCacheOptions *options);
void terrane_shared_cache_free (TerraneSharedCache *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (TerraneSharedCache, terrane_shared_cache_free)

/* One artifact that was found. */
typedef struct
{
  const OciReference *repository;
  char *name;          /* for messages */
  json_t *content;     /* object: what the kind says */
  GPtrArray *layers;   /* of OciDescriptor; none of them is here yet */
  OciDigest *diff_ids; /* of each layer */
} TerraneSharedEntry;

void terrane_shared_entry_free (TerraneSharedEntry *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (TerraneSharedEntry, terrane_shared_entry_free)

/** Whether there is a repository to take from. */
gboolean terrane_shared_cache_reads (const TerraneSharedCache *self);
/** Whether nothing is taken, and nothing that was taken before counts. */
gboolean terrane_shared_cache_compares (const TerraneSharedCache *self);
/** Whether there is a repository to give to, or to compare with. */
gboolean terrane_shared_cache_writes (const TerraneSharedCache *self);

/** A repository that could not be asked for @why is not asked again, if that is about its registry.
 */
void terrane_shared_cache_note_failure (TerraneSharedCache *self, const OciReference *repository,
                                        const GError *why);

/**
 * terrane_shared_cache_find:
 * @label: what it is of, for messages
 * @out_entry: (out) (transfer full) (nullable): %NULL when no repository has it
 *
 * What does not suit (of another key, kind, platform or assembler version, not signed) is warned
 * of and counts as none, and so does a registry that does not answer. Fails only when the user
 * interrupts.
 */
gboolean terrane_shared_cache_find (TerraneSharedCache *self, TerraneSharedKind kind,
                                    const OciDigest *key, const char *label,
                                    TerraneSharedEntry **out_entry, GError **error);

/** Brings a layer of @entry into the store's layout. */
gboolean terrane_shared_cache_fetch_layer (TerraneSharedCache *self,
                                           const TerraneSharedEntry *entry, guint index,
                                           GError **error);

/** Notes that @entry was used. */
void terrane_shared_cache_note_used (TerraneSharedCache *self, const TerraneSharedEntry *entry);

/**
 * terrane_shared_cache_refuse:
 * @why: (transfer full): what is wrong with the entry
 *
 * Warns that the build goes on without it. Returns: %FALSE when the user has interrupted
 */
gboolean terrane_shared_cache_refuse (TerraneSharedCache *self, const TerraneSharedEntry *entry,
                                      GError *why, GError **error);

/* One artifact to be made. */
typedef struct
{
  TerraneSharedKind kind;
  OciDigest key;
  const char *label;
  json_t *content;           /* object */
  const GPtrArray *layers;   /* of OciDescriptor, in the store's layout or known to be elsewhere */
  const OciDigest *diff_ids; /* of each layer */
} TerraneSharedResult;

/** Whether something under this key has still to be given to a repository, or compared. */
gboolean terrane_shared_cache_lacks (const TerraneSharedCache *self, TerraneSharedKind kind,
                                     const OciDigest *key);

/**
 * terrane_shared_cache_put:
 *
 * Gives a result to every repository; equal results are equal bytes. What is compared fails with
 * %TERRANE_ERROR_REFUSED when a repository has another result under the key. A registry that does
 * not take it is warned of and noted, and is not a failure: a cache costs time, never correctness.
 * Fails only when the user interrupts, or the store does.
 */
gboolean terrane_shared_cache_put (TerraneSharedCache *self, const TerraneSharedResult *result,
                                   GError **error);

/** What was taken, given and refused: "cache" of a record. Returns: (transfer full) (nullable):
 * %NULL when no repository was named */
json_t *terrane_shared_cache_report (const TerraneSharedCache *self);

G_END_DECLS
