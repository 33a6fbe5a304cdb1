/* Which name leads to which image: images/index.json says it, and cache/names says it again, so
 * that a damaged index costs no image. */
#pragma once

#include "builder/store/store.h"

G_BEGIN_DECLS

/** Points @name at @manifest. */
gboolean terrane_name_set (TerraneStore *store, const char *name, const OciDescriptor *manifest,
                           GError **error);

/** Removes @name. %OCI_ERROR_NOT_FOUND when there is none. */
gboolean terrane_name_remove (TerraneStore *store, const char *name, GError **error);

typedef void (*TerraneNamesFunc) (gpointer data, const char *problem);

/**
 * terrane_names_repair:
 * @report: is told what was damaged, what came back and what is lost
 * @out_problems: (inout): is increased
 *
 * Gives a store whose index cannot be read its names back: from the index as far as it can be
 * understood, and from cache/names as far as the manifests are there. Needs the exclusive lock.
 */
gboolean terrane_names_repair (TerraneStore *store, TerraneNamesFunc report, gpointer data,
                               guint *out_problems, GError **error);

G_END_DECLS
