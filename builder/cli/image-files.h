/* Opens the IMAGE argument of check and why with its files. */
#pragma once

#include "builder/cli/workbench.h"
#include "builder/image/files.h"

G_BEGIN_DECLS

typedef struct
{
  char *platform; /* (nullable) */
  TerraneRemoteArguments remote;
} TerraneInspectionArguments;

/* --platform and the options about registries; the struct is a TerraneInspectionArguments. */
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
  TerraneImageFiles files; /* with their tree */
  char **names;            /* of the layers by number */
} TerraneInspection;

/**
 * terrane_inspection_new:
 * @name: IMAGE as the user wrote it
 *
 * Fetches the image into the store, and reads its file system.
 *
 * Returns: (transfer full)
 * Errors: %OCI_ERROR_USAGE, %OCI_ERROR_FORMAT, %OCI_ERROR_CORRUPT, %OCI_ERROR_UNSUPPORTED,
 *   %OCI_ERROR_LIMIT, %OCI_ERROR_NOT_FOUND, %OCI_ERROR_UNREACHABLE, %OCI_ERROR_NETWORK,
 *   %OCI_ERROR_TIMEOUT, %OCI_ERROR_DENIED, %OCI_ERROR_IO, %OCI_ERROR_CANCELLED, codes of
 *   %G_IO_ERROR (from libostree).
 */
TerraneInspection *terrane_inspection_new (const TerraneGlobal *global, const char *name,
                                           const TerraneInspectionArguments *arguments,
                                           GError **error);
void terrane_inspection_free (TerraneInspection *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (TerraneInspection, terrane_inspection_free)

/** Returns the input of checks; valid as long as @self. */
TerraneImageView terrane_inspection_view (const TerraneInspection *self);

G_END_DECLS
