/* How a session starts where nobody has tried yet what the kernel allows: with everything, and once
 * more without overlays when that could not be prepared. */
#pragma once

#include "builder/sandbox/session.h"

G_BEGIN_DECLS

/**
 * terrane_session_start_once:
 * @out_assumed: (optional): whether it was taken for granted that a namespace may have overlays,
 *   and the session started or could not be prepared: terrane_mounts_init()
 *
 * Like terrane_session_start().
 */
TerraneSession *terrane_session_start_once (const TerraneSandbox *sandbox, const char *const *argv,
                                            const TerraneSessionOptions *options,
                                            gboolean *out_assumed, OciFd *out_listener,
                                            GError **error);

G_END_DECLS
