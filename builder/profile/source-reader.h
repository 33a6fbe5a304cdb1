/* Reads the sources of a profile: keys of all kinds, and those of their own kind. */
#pragma once

#include "builder/profile/source-kind.h"

G_BEGIN_DECLS

/** For all kinds of sources: what to take from the source, and where to put it. */
extern const TerraneField terrane_source_content_fields[];
extern const TerraneField terrane_source_tree_fields[];

/**
 * terrane_source_spec_read:
 * @at: the object of a base or a tree; problems are noted there
 *
 * Returns: (transfer full) (nullable): %NULL after a problem
 */
TerraneSourceSpec *terrane_source_spec_read (const TerraneProfileReader *reader, const OciJson *at,
                                             gboolean is_base);
void terrane_source_spec_free (TerraneSourceSpec *self);

/** Adds everything to the key of a tree that affects what is read of the source, except its
 * transforms. */
void terrane_source_spec_add_to_key (const TerraneSourceSpec *self, json_t *key);

G_END_DECLS
