/* Entries of layers, applied to a file system as image-spec v1.1 layer.md says and as other tools
 * write them. */
#pragma once

#include "builder/check/layers.h"
#include "builder/store/ingest.h"

G_BEGIN_DECLS

typedef struct _TerraneApplier TerraneApplier;

/**
 * terrane_applier_new:
 * @ingest: takes the files; its tree is the file system
 * @audit: told about every entry
 *
 * The layer of a node is the one that its entry is from, from 1; 0 is that of directories
 * without an entry.
 */
TerraneApplier *terrane_applier_new (TerraneIngest *ingest, TerraneLayerAudit *audit);
void terrane_applier_free (TerraneApplier *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (TerraneApplier, terrane_applier_free)

/** What follows is of the layer @index, from 0. */
void terrane_applier_begin_layer (TerraneApplier *self, guint index);

/**
 * terrane_applier_add:
 * @read: reads the content of a file
 *
 * Applies the next entry of the layer:
 *
 * - A whiteout hides what lower layers have, whatever the order of entries. What this layer has
 *   below a hidden directory stays, in a directory as if nothing had been there before.
 * - A parent that is a symbolic link is followed, inside of the image; where it leads to nothing,
 *   directories are made. A parent that is a file is replaced by a directory.
 * - An entry replaces what was there, except a directory a directory: that keeps what is in it.
 * - Of devices, fifos and sockets nothing is kept; they too replace what was there.
 */
gboolean terrane_applier_add (TerraneApplier *self, const OciEntry *entry, TerraneReadFunc read,
                              gpointer data, GError **error);

G_END_DECLS
