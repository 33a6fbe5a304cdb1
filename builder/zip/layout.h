/* Where files of a tree are in a zip: what Lambda unpacks at /opt, or at /var/task.
 *
 *  in the image                              in a layer                            in a function
 *  /opt/…                                    …
 *  /var/task/…                               python/…                              …
 *  /usr/lib/python3.N/site-packages/…,       python/lib/python3.N/site-packages/…
 *  also in /usr/local, /var/lang, and dist-packages
 *
 * Nothing else can be there: the rest of the file system is Lambda's own. */
#pragma once

#include "builder/store/tree.h"
#include "builder/zip/request.h"

G_BEGIN_DECLS

/** "opt", "var/task": where a zip is unpacked. */
const char *terrane_zip_root (TerraneZipKind kind);

/** Where @path of the image is in a zip; "" for its root. Returns: (transfer full) (nullable):
 * %NULL when it has no place there */
char *terrane_zip_place (TerraneZipKind kind, const char *path);

/**
 * terrane_zip_lay_out:
 * @name: of the tree
 *
 * Links that lead from one of the places to another are changed so that they lead there.
 *
 * Returns: (transfer full) (nullable): the tree as the zip will have it; an error lists the files
 *   that have no place
 */
TerraneTree *terrane_zip_lay_out (TerraneZipKind kind, TerraneTree *tree, const char *name,
                                  GError **error);

G_END_DECLS
