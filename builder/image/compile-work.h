/* The directory in which the steps of a recipe work. */
#pragma once

#include "builder/store/store.h"

#include "oci/base/fd.h"

G_BEGIN_DECLS

/* In STORE/roots, locked (flock): those of killed processes are removed by the next build that
 * compiles, and by gc. */
typedef struct
{
  char *path; /* (nullable): absolute; NULL if ownership was transferred */
  OciFd fd;
} TerraneCompileWork;

#define TERRANE_COMPILE_WORK_INIT                                                                  \
  {                                                                                                \
    .path = NULL, .fd = -1                                                                         \
  }

/** Makes the directory. Errors: %OCI_ERROR_IO. */
gboolean terrane_compile_work_make (TerraneCompileWork *self, TerraneStore *store, GError **error);

/** Removes it, unless ownership was transferred. */
void terrane_compile_work_clear (TerraneCompileWork *self);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (TerraneCompileWork, terrane_compile_work_clear)

/** Removes directories that killed processes left. What cannot be removed is left to gc, which
 * reports why. */
void terrane_compile_work_sweep (TerraneStore *store);

/**
 * terrane_compile_work_check:
 * @prefix: normalised
 *
 * Whether something was installed, and all of it below the prefix.
 *
 * Errors: %OCI_ERROR_FORMAT, %OCI_ERROR_IO.
 */
gboolean terrane_compile_work_check (const TerraneCompileWork *self, const char *prefix,
                                     GError **error);

G_END_DECLS
