/* Applies entries of layers to a file system, according to image-spec v1.1 layer.md and as other
 * tools write them. */
#pragma once

#include "builder/check/layers.h"
#include "builder/store/ingest.h"

G_BEGIN_DECLS

typedef struct _TerraneApplier TerraneApplier;

/**
 * terrane_applier_new:
 * @ingest: receives the files; its tree is the file system
 * @audit: informed about every entry
 *
 * The layer number of a node is that of its entry, from 1; 0 for directories without an entry.
 *
 * Returns: (transfer full)
 */
TerraneApplier *terrane_applier_new (TerraneIngest *ingest, TerraneLayerAudit *audit);
void terrane_applier_free (TerraneApplier *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (TerraneApplier, terrane_applier_free)

/** Begins the layer @index, from 0. */
void terrane_applier_begin_layer (TerraneApplier *self, guint index);

/**
 * terrane_applier_add:
 * @read: reads the content of a file
 *
 * Applies the next entry of the layer:
 * - A whiteout hides the content of lower layers, regardless of the order of entries. Content of
 *   this layer below a hidden directory is kept, in a directory as if it had not existed before.
 * - A parent that is a symbolic link is followed inside of the image; if it is dangling,
 *   directories are made. A parent that is a file is replaced by a directory.
 * - An entry replaces what exists, except a directory another directory, whose content is kept.
 * - Devices, fifos and sockets are not kept; they, too, replace what exists.
 *
 * Errors: %OCI_ERROR_FORMAT, %OCI_ERROR_UNSUPPORTED, %OCI_ERROR_LIMIT, %OCI_ERROR_IO; those of
 *   @read.
 */
gboolean terrane_applier_add (TerraneApplier *self, const OciEntry *entry, TerraneReadFunc read,
                              gpointer data, GError **error);

G_END_DECLS
