/* Maps names to images: in images/index.json, and again in cache/names, so that a damaged index
 * loses no image. */
#pragma once

#include "builder/store/store.h"

G_BEGIN_DECLS

/** Makes @name refer to @manifest. Errors: %OCI_ERROR_FORMAT, %OCI_ERROR_LIMIT, %OCI_ERROR_IO. */
gboolean terrane_name_set (TerraneStore *store, const char *name, const OciDescriptor *manifest,
                           GError **error);

/** Removes @name. %OCI_ERROR_NOT_FOUND if it does not exist. Errors: %OCI_ERROR_FORMAT,
 * %OCI_ERROR_LIMIT, %OCI_ERROR_NOT_FOUND, %OCI_ERROR_IO. */
gboolean terrane_name_remove (TerraneStore *store, const char *name, GError **error);

typedef void (*TerraneNamesFunc) (gpointer data, const char *problem);

/**
 * terrane_names_repair:
 * @report: called with what was damaged, restored and lost
 * @out_problems: (inout): is increased
 *
 * Restores the names of a store whose index cannot be read: from the index as far as it can be
 * understood, and from cache/names as far as the manifests exist. Requires the exclusive lock.
 *
 * Errors: %OCI_ERROR_FORMAT, %OCI_ERROR_LIMIT, %OCI_ERROR_IO.
 */
gboolean terrane_names_repair (TerraneStore *store, TerraneNamesFunc report, gpointer data,
                               guint *out_problems, GError **error);

G_END_DECLS
