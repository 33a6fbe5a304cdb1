/* Resolves one kind of source: a question that the profile asks, and its answer. Both together are
 * the lock's entry. */
#pragma once

#include "builder/resolve/resolution.h"

G_BEGIN_DECLS

typedef struct
{
  /* The question, as JSON with the names of docs/lock.md. Makes no requests. */
  json_t *(*ask) (TerraneResolution *self, const TerraneSourceSpec *spec, GError **error);

  /* Adds the answer to the question in @entry and sets the pin of the source. @locked: (nullable):
   * the lock's entry for the same question, whose answers are used. */
  gboolean (*answer) (TerraneResolution *self, TerranePin *pin, const json_t *locked, json_t *entry,
                      GError **error);
} TerraneSourceResolver;

#define TERRANE_SOURCE_RESOLVER(constant, name, number)                                            \
  extern const TerraneSourceResolver terrane_resolver_##name;
TERRANE_SOURCE_KINDS (TERRANE_SOURCE_RESOLVER)
#undef TERRANE_SOURCE_RESOLVER

/** Returns: (transfer none): the resolver of @kind */
const TerraneSourceResolver *terrane_source_resolver_of (TerraneSourceKind kind);

G_END_DECLS
