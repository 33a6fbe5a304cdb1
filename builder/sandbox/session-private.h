/* A session is started with everything that the kernel may allow, and again without overlays if
 * these could not be prepared. */
#pragma once

#include "builder/sandbox/session.h"

G_BEGIN_DECLS

/**
 * terrane_session_start_once:
 * @out_assumed: (out) (optional): whether overlays were assumed to be allowed, and the session
 *   started or could not be prepared: terrane_mounts_init()
 *
 * Like terrane_session_start(). Returns: (transfer full)
 *
 * Errors: %OCI_ERROR_USAGE, %OCI_ERROR_UNSUPPORTED, %OCI_ERROR_LIMIT, %OCI_ERROR_NOT_FOUND,
 *   %OCI_ERROR_IO, %OCI_ERROR_CANCELLED, codes of %G_FILE_ERROR.
 */
TerraneSession *terrane_session_start_once (const TerraneSandbox *sandbox, const char *const *argv,
                                            const TerraneSessionOptions *options,
                                            gboolean *out_assumed, OciFd *out_listener,
                                            GError **error);

G_END_DECLS
