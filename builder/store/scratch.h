/* A directory of its own in the store's file system, for what is not to stay. */
#pragma once

#include "builder/store/store.h"

G_BEGIN_DECLS

/* gc removes what killed processes leave, by the lock that this holds. */
typedef struct
{
  char *path; /* (nullable) */
  OciFd fd;
} TerraneScratch;

#define TERRANE_SCRATCH_INIT                                                                       \
  {                                                                                                \
    .fd = -1                                                                                       \
  }

/** @self: initialised; @purpose: a word for its name */
gboolean terrane_scratch_make (TerraneScratch *self, TerraneStore *store, const char *purpose,
                               GError **error);

/** Removes the directory with all that is in it. */
void terrane_scratch_clear (TerraneScratch *self);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (TerraneScratch, terrane_scratch_clear)

G_END_DECLS
