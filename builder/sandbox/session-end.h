/* How the program of a session ended, from what the kernel, process 1 or podman says. */
#pragma once

#include "builder/sandbox/init/report.h"
#include "builder/sandbox/session.h"

G_BEGIN_DECLS

/** @status: bubblewrap's, as wait() has it; what was @killed with process 1 has no report. */
void terrane_session_end_take_report (TerraneSessionEnd *self, const TerraneInitReport *report,
                                      int status, gboolean killed);

/** Without bubblewrap. podman has 128 + N for signals, and codes of its own when it could not run
 * the program. */
void terrane_session_end_take_status (TerraneSessionEnd *self, TerraneSandboxKind kind, int status,
                                      gboolean killed);

G_END_DECLS
