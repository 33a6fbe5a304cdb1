/* A temporary directory in the store's file system. */
#pragma once

#include "builder/store/store.h"

G_BEGIN_DECLS

/* It is locked, so that gc can remove the directories of killed processes. */
typedef struct
{
  char *path; /* (nullable) */
  OciFd fd;
} TerraneScratch;

#define TERRANE_SCRATCH_INIT                                                                       \
  {                                                                                                \
    .fd = -1                                                                                       \
  }

/** Makes the directory. @self: initialised; @purpose: a word for its name. Errors: %OCI_ERROR_IO.
 */
gboolean terrane_scratch_make (TerraneScratch *self, TerraneStore *store, const char *purpose,
                               GError **error);

/** Removes the directory with everything in it. */
void terrane_scratch_clear (TerraneScratch *self);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (TerraneScratch, terrane_scratch_clear)

G_END_DECLS
