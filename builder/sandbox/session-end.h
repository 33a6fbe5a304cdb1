/* How the program of a session ended, from what is known of it. */
#pragma once

#include "builder/sandbox/init/report.h"
#include "builder/sandbox/session.h"

G_BEGIN_DECLS

/**
 * terrane_session_end_judge:
 * @report: of process 1; what was killed with it has none
 * @status: of bubblewrap, as wait() has it
 * @killed: everything was, by this program
 */
void terrane_session_end_judge (TerraneSessionEnd *end, const TerraneInitReport *report, int status,
                                gboolean killed);

/** The same for the kinds without bubblewrap. @status: of podman, or of the program itself */
void terrane_session_end_judge_elsewhere (TerraneSessionEnd *end, TerraneSandboxKind kind,
                                          int status, gboolean killed);

G_END_DECLS
