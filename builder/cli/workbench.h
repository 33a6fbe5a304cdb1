/* Resources of a command: the store, the display, and the network.
 *
 * Errors: %OCI_ERROR_USAGE, %OCI_ERROR_FORMAT, %OCI_ERROR_CORRUPT, %OCI_ERROR_UNSUPPORTED,
 * %OCI_ERROR_LIMIT, %OCI_ERROR_NOT_FOUND, %OCI_ERROR_UNREACHABLE, %OCI_ERROR_NETWORK,
 * %OCI_ERROR_TIMEOUT, %OCI_ERROR_DENIED, %OCI_ERROR_IO, %OCI_ERROR_CANCELLED, codes of %G_IO_ERROR
 * (from libostree). */
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
  unsigned jobs;                   /* number of threads for local work: one for each processor */
} TerraneWorkbench;

#define TERRANE_WORKBENCH_INIT                                                                     \
  {                                                                                                \
    .global = NULL                                                                                 \
  }

/**
 * terrane_workbench_open:
 * @arguments: (nullable): values of the options about registries
 * @transfers: concurrent blobs; 0 for the default
 * @out: (out): to be cleared by the caller, also after a failure
 *
 * Opens the store and prepares the display and the remote.
 *
 * Errors: see the head.
 */
gboolean terrane_workbench_open (const TerraneGlobal *global,
                                 const TerraneRemoteArguments *arguments, unsigned transfers,
                                 TerraneWorkbench *out, GError **error);

/** Sets the number of threads. @jobs: value of --jobs, 0 for one for each processor */
void terrane_workbench_set_jobs (TerraneWorkbench *self, unsigned jobs);

/** Sets the mirror. @directory: (nullable): value of --source-mirror. Errors: %OCI_ERROR_IO. */
gboolean terrane_workbench_use_mirror (const TerraneWorkbench *self, const char *directory,
                                       GError **error);
/** Ends the progress and closes everything. */
void terrane_workbench_close (TerraneWorkbench *self);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (TerraneWorkbench, terrane_workbench_close)

/** Makes another remote with the same options for another store. Returns: (transfer full) */
TerraneRemote *terrane_workbench_new_remote (const TerraneWorkbench *self,
                                             const TerraneRemoteArguments *arguments,
                                             unsigned transfers, TerraneStore *store);

/** Opens only the store, for commands that manage it. Returns: (transfer full).
 * Errors: see the head. */
TerraneStore *terrane_workbench_open_store (const TerraneGlobal *global, TerraneStoreAccess access,
                                            GError **error);

/**
 * terrane_workbench_open_image:
 * @image: IMAGE as the user wrote it
 * @platform: (nullable): value of --platform
 *
 * Opens an image: see terrane_image_open().
 *
 * Returns: (transfer full)
 * Errors: see the head.
 */
TerraneOpenImage *terrane_workbench_open_image (const TerraneWorkbench *self, const char *image,
                                                const char *platform, TerraneImageWant want,
                                                GError **error);

/** Ends the progress, and outputs the command's one result: @document with --json, otherwise what
 * @print prints. */
void terrane_workbench_show (const TerraneWorkbench *self, json_t *document,
                             void (*print) (const json_t *document));

G_END_DECLS
