/* What a command works with: the store, the display, and the network. */
#pragma once

#include "builder/cli/command.h"
#include "builder/cli/option-tables.h"
#include "builder/image/open.h"
#include "builder/store/open.h"

G_BEGIN_DECLS

typedef struct
{
  const TerraneGlobal *global;
  TerraneStore *store; /* locked */
  TerraneTerminal *terminal;
  const TerraneProgress *progress; /* the terminal's */
  TerraneRemote *remote;           /* for the store */
  unsigned jobs;                   /* threads for what is computed here: one for each processor */
} TerraneWorkbench;

#define TERRANE_WORKBENCH_INIT                                                                     \
  {                                                                                                \
    .global = NULL                                                                                 \
  }

/**
 * terrane_workbench_open:
 * @arguments: (nullable): what the options about registries said
 * @transfers: blobs under way at a time; 0 for the default
 * @out: (out): cleared by the caller, also after a failure
 */
gboolean terrane_workbench_open (const TerraneGlobal *global,
                                 const TerraneRemoteArguments *arguments, unsigned transfers,
                                 TerraneWorkbench *out, GError **error);

/** @directory: (nullable): what --source-mirror says */
gboolean terrane_workbench_use_mirror (const TerraneWorkbench *self, const char *directory,
                                       GError **error);
void terrane_workbench_close (TerraneWorkbench *self);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (TerraneWorkbench, terrane_workbench_close)

/** Another remote, with the same options, for another store. Returns: (transfer full) */
TerraneRemote *terrane_workbench_new_remote (const TerraneWorkbench *self,
                                             const TerraneRemoteArguments *arguments,
                                             unsigned transfers, TerraneStore *store);

/** Opens the store alone, for commands that only manage it. */
TerraneStore *terrane_workbench_open_store (const TerraneGlobal *global, TerraneStoreAccess access,
                                            GError **error);

/**
 * terrane_workbench_open_image:
 * @image: IMAGE as the user wrote it
 * @platform: (nullable): what --platform says
 *
 * Opens an image: see terrane_image_open().
 *
 * Returns: (transfer full) (nullable)
 */
TerraneOpenImage *terrane_workbench_open_image (const TerraneWorkbench *self, const char *image,
                                                const char *platform, TerraneImageWant want,
                                                GError **error);

/** Ends the progress, and gives the command's one result: @document with --json, else what @print
 * prints of it. */
void terrane_workbench_show (const TerraneWorkbench *self, json_t *document,
                             void (*print) (const json_t *document));

G_END_DECLS
