/* An image that is looked into: what check and why share. */
#pragma once

#include "builder/cli/remote-options.h"
#include "builder/image/files.h"

G_BEGIN_DECLS

typedef struct
{
  char *platform; /* (nullable) */
  TerraneRemoteArguments remote;
} TerraneInspectionArguments;

void terrane_inspection_arguments_clear (TerraneInspectionArguments *self);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (TerraneInspectionArguments, terrane_inspection_arguments_clear)

typedef struct
{
  TerraneStore *store;
  TerraneTerminal *terminal;
  TerraneRemote *remote;
  TerraneOpenImage *image;
  TerraneImageFiles files; /* with their tree */
  char **names;            /* of the layers by their number */
} TerraneInspection;

/**
 * terrane_inspection_new:
 * @command: for messages
 * @name: IMAGE as the user wrote it
 *
 * Brings the image into the store, and reads its file system.
 *
 * Returns: (transfer full) (nullable)
 */
TerraneInspection *terrane_inspection_new (TerraneGlobal *global, const char *command,
                                           const char *name,
                                           const TerraneInspectionArguments *arguments,
                                           GError **error);
void terrane_inspection_free (TerraneInspection *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (TerraneInspection, terrane_inspection_free)

/** What checks look at; valid as long as @self. */
TerraneImageView terrane_inspection_view (const TerraneInspection *self);

G_END_DECLS
