/* Reads the sources of a profile: keys that all of them have, and those of their kind. */
#pragma once

#include "builder/profile/source-kind.h"

G_BEGIN_DECLS

/** Of sources of all kinds: what is taken of the source, and where that goes. */
extern const TerraneField terrane_source_content_fields[];
extern const TerraneField terrane_source_tree_fields[];

/**
 * terrane_source_spec_read:
 * @at: the object of a base or a tree; what is wrong is noted there
 *
 * Returns: (transfer full) (nullable)
 */
TerraneSourceSpec *terrane_source_spec_read (const TerraneProfileReader *reader, const OciJson *at,
                                             gboolean is_base);
void terrane_source_spec_free (TerraneSourceSpec *self);

/** Adds to the key of a tree everything that decides what is read of the source, its transforms
 * aside. */
void terrane_source_spec_add_to_key (const TerraneSourceSpec *self, json_t *key);

G_END_DECLS
