/* Maps files of a tree to their place in a zip, which Lambda unpacks at /opt or at /var/task.
 *
 *     in the image                              in a layer                            in a function
 *     /opt/…                                    …
 *     /var/task/…                               python/…                              …
 *     /usr/lib/python3.N/site-packages/…,       python/lib/python3.N/site-packages/…
 *     also in /usr/local, /var/lang, and dist-packages
 *
 * Other files cannot be in a zip: the rest of the file system is Lambda's own. */
#pragma once

#include "builder/store/tree.h"
#include "builder/zip/request.h"

G_BEGIN_DECLS

/** Returns: (transfer none): "opt", "var/task": the directory where a zip is unpacked */
const char *terrane_zip_root (TerraneZipKind kind);

/** Returns: (transfer full) (nullable): place of the image's @path in a zip; "" for its root; %NULL
 * if it has none */
char *terrane_zip_place (TerraneZipKind kind, const char *path);

/**
 * terrane_zip_lay_out:
 * @name: of the tree
 *
 * Makes the tree of the zip. Links from one of the places to another are adjusted.
 *
 * Returns: (transfer full): the error lists the files that have no place
 * Errors: %OCI_ERROR_USAGE, %OCI_ERROR_FORMAT.
 */
TerraneTree *terrane_zip_lay_out (TerraneZipKind kind, TerraneTree *tree, const char *name,
                                  GError **error);

G_END_DECLS
