/* Objects whose content is elsewhere, and facts about it: a tree may be assembled without its files
 * if a TerraneElsewhere provides them. On a machine that has the files, the questions about them
 * are recorded. */
#pragma once

#include "builder/store/store.h"

#include "oci/base/json.h"

G_BEGIN_DECLS

/* Called from any thread, one call at a time. */
typedef struct _TerraneElsewhere TerraneElsewhere;
struct _TerraneElsewhere
{
  gpointer data;

  /* Fetches an object that the store lacks. @out_brought: (out): whether it exists now */
  gboolean (*bring) (gpointer data, const OciDigest *object, gboolean *out_brought, GError **error);

  /* Notes of another machine, see terrane_reads_begin(), about the tree that has @object.
   * Returns: (transfer none) (nullable) */
  const json_t *(*notes) (gpointer data, const OciDigest *object);
};

/** Sets the provider. @elsewhere: (nullable): borrowed */
void terrane_store_set_elsewhere (TerraneStore *self, const TerraneElsewhere *elsewhere);

/** Requests a missing object. Errors: those of the provider's bring(). */
gboolean terrane_elsewhere_bring (TerraneStore *store, const OciDigest *object,
                                  gboolean *out_brought, GError **error);

/**
 * terrane_elsewhere_facts:
 * @cache, @version: of a kind of facts
 * @out_facts: (out) (transfer full) (nullable): %NULL if there are no facts about the object
 *
 * Returns: whether this is known about an object whose content is elsewhere
 */
gboolean terrane_elsewhere_facts (TerraneStore *store, const char *cache, const char *version,
                                  const OciDigest *object, json_t **out_facts);

/**
 * terrane_elsewhere_doubt:
 *
 * Stops using notes until terrane_store_set_elsewhere() is called again: objects are brought and
 * read instead.
 *
 * Returns: whether any were used before
 */
gboolean terrane_elsewhere_doubt (TerraneStore *store);

/** Finds the first bytes of an object. @out_size: (out): their number, at most @len. Returns:
 * whether they are known */
gboolean terrane_elsewhere_start (TerraneStore *store, const OciDigest *object, void *buffer,
                                  size_t len, size_t *out_size);

/* Notes about reads of objects: {"facts": {CACHE: {"version", "objects": {OBJECT: facts or null}}},
 * "starts": {OBJECT: hexadecimal}, "files": {OBJECT: true}}. */

/** Begins to record reads of objects. Returns: (transfer full): the notes; recording is stopped by
 * terrane_reads_end() */
json_t *terrane_reads_begin (TerraneStore *store);
/** Stops recording. */
void terrane_reads_end (TerraneStore *store);

/** Records that the content of an object was read, if recording. */
void terrane_reads_note_file (TerraneStore *store, const OciDigest *object);
/** Records that its first @len bytes were read, if recording. */
void terrane_reads_note_start (TerraneStore *store, const OciDigest *object, const void *bytes,
                               size_t len);
/** Records facts about its content, if recording. */
void terrane_reads_note_facts (TerraneStore *store, const char *cache, const char *version,
                               const OciDigest *object, const json_t *facts);

/** Returns: (transfer full): the part of @reads about @objects, which are sorted digests */
json_t *terrane_reads_select (const json_t *reads, const GArray *objects);

G_END_DECLS
