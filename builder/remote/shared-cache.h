/* Results that machines share through registries: a result of one machine is an artifact under the
 * key that it has in every store, from which others take it. docs/registries.md describes the
 * artifacts, docs/trust.md which of their content is trusted. */
#pragma once

#include "builder/remote/remote.h"
#include "builder/remote/shared-document.h"

G_BEGIN_DECLS

typedef struct
{
  TerraneRemote *remote;
  const GPtrArray *from; /* (nullable) (element-type OciReference): repositories to take from */
  const GPtrArray *to;   /* (nullable) (element-type OciReference): repositories to give to */
  const char *platform;  /* "linux/amd64" */
  const char *secret; /* (nullable): signs results; results without its signature are not taken */
  gboolean create_repository;
  gboolean compare; /* takes nothing, and compares results made here with those in @from */
} TerraneSharedCacheOptions;

/* For one build of one platform; for one thread at a time. */
typedef struct _TerraneSharedCache TerraneSharedCache;

/**
 * terrane_shared_cache_new:
 * @options: what it points to must outlive the cache. Returns: (transfer full)
 */
TerraneSharedCache *terrane_shared_cache_new (const TerraneSharedCacheOptions *options);
void terrane_shared_cache_free (TerraneSharedCache *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (TerraneSharedCache, terrane_shared_cache_free)

/** Whether there is a repository to take from. */
gboolean terrane_shared_cache_reads (const TerraneSharedCache *self);
/** Whether results are only compared: nothing is taken, and results taken earlier are not used. */
gboolean terrane_shared_cache_compares (const TerraneSharedCache *self);
/** Whether there is a repository to give to, or to compare with. */
gboolean terrane_shared_cache_writes (const TerraneSharedCache *self);

/** Records that asking @repository failed with @why: if its registry is the reason, it is not asked
 * again. */
void terrane_shared_cache_note_failure (TerraneSharedCache *self, const OciReference *repository,
                                        const GError *why);

/**
 * terrane_shared_cache_find:
 * @label: its name in messages
 * @out_entry: (out) (transfer full) (nullable): %NULL if no repository has it
 *
 * Looks for a result. Unsuitable ones (of another key, kind, platform or assembler version, or not
 * signed) give a warning and count as missing, and so does a registry that does not answer.
 *
 * Errors: %OCI_ERROR_CANCELLED if the user interrupts; %OCI_ERROR_IO of the store.
 */
gboolean terrane_shared_cache_find (TerraneSharedCache *self, TerraneSharedKind kind,
                                    const OciDigest *key, const char *label,
                                    TerraneSharedEntry **out_entry, GError **error);

/** Fetches a layer of @entry into the store's layout. Errors: %OCI_ERROR_USAGE, %OCI_ERROR_FORMAT,
 * %OCI_ERROR_CORRUPT, %OCI_ERROR_UNSUPPORTED, %OCI_ERROR_LIMIT, %OCI_ERROR_NOT_FOUND,
 * %OCI_ERROR_UNREACHABLE, %OCI_ERROR_NETWORK, %OCI_ERROR_TIMEOUT, %OCI_ERROR_DENIED,
 * %OCI_ERROR_IO, %OCI_ERROR_CANCELLED. */
gboolean terrane_shared_cache_fetch_layer (TerraneSharedCache *self,
                                           const TerraneSharedEntry *entry, guint index,
                                           GError **error);

/** Records that @entry was used. */
void terrane_shared_cache_note_used (TerraneSharedCache *self, const TerraneSharedEntry *entry);

/**
 * terrane_shared_cache_refuse:
 * @why: (transfer full): what is wrong with the entry
 *
 * Warns that the build continues without it. Errors: %OCI_ERROR_CANCELLED if the user has
 * interrupted.
 */
gboolean terrane_shared_cache_refuse (TerraneSharedCache *self, const TerraneSharedEntry *entry,
                                      GError *why, GError **error);

/** Whether a result for this key still has to be given to a repository, or compared. */
gboolean terrane_shared_cache_lacks (const TerraneSharedCache *self, TerraneSharedKind kind,
                                     const OciDigest *key);

/** Gives a result to every repository; equal results are equal bytes. When comparing, fails with
 * %TERRANE_ERROR_REFUSED if a repository has another result for the key. If a registry refuses it,
 * this gives a warning and is recorded, but is not an error: a cache only saves time. Errors:
 * %TERRANE_ERROR_REFUSED; %OCI_ERROR_CANCELLED if the user interrupts; %OCI_ERROR_CORRUPT,
 * %OCI_ERROR_IO of the store. */
gboolean terrane_shared_cache_put (TerraneSharedCache *self, const TerraneSharedResult *result,
                                   GError **error);

/** Adds what was compared outside of the cache. */
void terrane_shared_cache_note_compared (TerraneSharedCache *self, const char *name);

/** Warns if nothing was compared, since no repository had anything that this build has made. */
void terrane_shared_cache_warn_compared (const TerraneSharedCache *self);

/** Returns: (transfer full) (nullable): what was taken, given and refused: "cache" of a record;
 * %NULL if no repository was specified */
json_t *terrane_shared_cache_report (const TerraneSharedCache *self);

G_END_DECLS
