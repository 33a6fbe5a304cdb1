/* An image that is looked into: what check and why share. */
#pragma once

#include "builder/cli/transfer.h"
#include "builder/cli/workbench.h"
#include "builder/image/unpack.h"

G_BEGIN_DECLS

typedef struct
{
  char *platform; /* (nullable) */
  TerraneRemoteArguments remote;
} TerraneInspectionArguments;

/* --platform and those about registries; the struct is a TerraneInspectionArguments. */
#define TERRANE_INSPECTION_GROUPS(start)                                                           \
  { .rows = terrane_platform_options,                                                              \
    .offset = (start) + offsetof (TerraneInspectionArguments, platform) },                         \
  {                                                                                                \
    .rows = terrane_remote_options,                                                                \
    .offset = (start) + offsetof (TerraneInspectionArguments, remote)                              \
  }

typedef struct
{
  TerraneWorkbench bench;
  TerraneOpenImage *image;
  TerraneUnpacked *unpacked;
} TerraneInspection;

/**
 * terrane_inspection_new:
 * @name: IMAGE as the user wrote it
 *
 * Brings the image into the store, and reads its file system.
 *
 * Returns: (transfer full) (nullable)
 */
TerraneInspection *terrane_inspection_new (const TerraneGlobal *global, const char *name,
                                           const TerraneInspectionArguments *arguments,
                                           GError **error);
void terrane_inspection_free (TerraneInspection *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (TerraneInspection, terrane_inspection_free)

G_END_DECLS
