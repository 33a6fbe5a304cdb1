/* Objects whose content is elsewhere, and what is known of it: whoever put a tree together without
 * its files answers for them. What is asked is noted on a machine that has the files. */
#pragma once

#include "builder/store/store.h"

#include "oci/base/json.h"

G_BEGIN_DECLS

/* Called from whatever thread, one at a time. */
typedef struct _TerraneElsewhere TerraneElsewhere;
struct _TerraneElsewhere
{
  gpointer data;

  /* Brings an object that the store lacks. @out_brought: (out): whether it is there now */
  gboolean (*bring) (gpointer data, const OciDigest *object, gboolean *out_brought, GError **error);

  /* What another machine noted, see terrane_reads_new(), in the tree that has @object.
   * Returns: (transfer none) (nullable) */
  const json_t *(*notes) (gpointer data, const OciDigest *object);
};

/** @elsewhere: (nullable): borrowed */
void terrane_store_set_elsewhere (TerraneStore *self, const TerraneElsewhere *elsewhere);

/** Asks for an object that is not there. */
gboolean terrane_elsewhere_bring (TerraneStore *store, const OciDigest *object,
                                  gboolean *out_brought, GError **error);

/**
 * terrane_elsewhere_facts:
 * @cache, @version: of a kind of facts
 * @out_facts: (out) (transfer full) (nullable): %NULL when there is nothing to say of the object
 *
 * Returns: whether that is known of an object whose content is elsewhere
 */
gboolean terrane_elsewhere_facts (TerraneStore *store, const char *cache, const char *version,
                                  const OciDigest *object, json_t **out_facts);

/**
 * terrane_elsewhere_doubt:
 *
 * Believes no notes from now on, until terrane_store_set_elsewhere() is called again: objects are
 * brought and read instead.
 *
 * Returns: whether any were believed before
 */
gboolean terrane_elsewhere_doubt (TerraneStore *store);

/** Whether the first bytes of an object are known. @out_size: (out): how many, at most @len */
gboolean terrane_elsewhere_start (TerraneStore *store, const OciDigest *object, void *buffer,
                                  size_t len, size_t *out_size);

/* What was read of objects: {"facts": {CACHE: {"version", "objects": {OBJECT: facts or null}}},
 * "starts": {OBJECT: hexadecimal}, "files": {OBJECT: true}}. */

/** Notes from now on what is read of objects. Returns: (transfer full): the notes, to be ended */
json_t *terrane_reads_begin (TerraneStore *store);
void terrane_reads_end (TerraneStore *store);

void terrane_reads_note_file (TerraneStore *store, const OciDigest *object);
void terrane_reads_note_start (TerraneStore *store, const OciDigest *object, const void *bytes,
                               size_t len);
void terrane_reads_note_facts (TerraneStore *store, const char *cache, const char *version,
                               const OciDigest *object, const json_t *facts);

/** The part of @reads that is about objects of @objects, sorted digests. Returns: (transfer full)
 */
json_t *terrane_reads_select (const json_t *reads, const GArray *objects);

G_END_DECLS
