/* The directory that the steps of a recipe work in, and what becomes of it. */
#pragma once

#include "builder/store/store.h"

#include "oci/base/fd.h"

G_BEGIN_DECLS

/* Below STORE/roots, locked (flock): the next build that compiles removes what a killed process
 * left, and so does gc. */
typedef struct
{
  char *path; /* (nullable): absolute; NULL when it was given away */
  OciFd fd;
} TerraneCompileWork;

#define TERRANE_COMPILE_WORK_INIT                                                                  \
  {                                                                                                \
    .path = NULL, .fd = -1                                                                         \
  }

gboolean terrane_compile_work_make (TerraneCompileWork *self, TerraneStore *store, GError **error);

/** Removes it, unless it was given away. */
void terrane_compile_work_clear (TerraneCompileWork *self);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (TerraneCompileWork, terrane_compile_work_clear)

/** Removes what killed processes left. What cannot be removed stays for gc, which says why. */
void terrane_compile_work_sweep (TerraneStore *store);

/**
 * terrane_compile_work_check:
 * @prefix: normalised
 *
 * Whether something was installed, and all of it below the prefix.
 */
gboolean terrane_compile_work_check (const TerraneCompileWork *self, const char *prefix,
                                     GError **error);

G_END_DECLS
