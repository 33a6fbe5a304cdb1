/* A sandbox that goes on while this process does something else: its output arrives in a callback,
 * its memory is watched, and a port of its loopback can be served from here. */
#pragma once

#include "builder/sandbox/session-end.h"
#include "builder/sandbox/spec.h"

#include "oci/base/fd.h"

G_BEGIN_DECLS

enum
{
  TERRANE_SESSION_MAX_PROCESSES = 1024, /* Lambda's, threads included */
};

/* For messages about TerraneSessionEnd.unwatched. */
#define TERRANE_SESSION_UNWATCHED                                                                  \
  "its memory could not be watched for lack of descriptors or memory (see 'ulimit -n')"

/* All are called by the thread of the session that watches time and memory: none may wait for
 * anything. */
typedef void (*TerraneSessionOutputFunc) (const char *bytes, size_t len, gpointer data);
/** Whether the program should wait before it writes more. */
typedef gboolean (*TerraneSessionFullFunc) (gpointer data);
typedef void (*TerraneSessionEndFunc) (const TerraneSessionEnd *end, gpointer data);

typedef struct
{
  uint64_t memory_bytes;     /* everything inside is killed above it; 0 for no limit */
  gboolean limit_only;       /* how much of it is used is not asked for */
  unsigned port;             /* to listen on inside; 0 for none */
  const char *port_variable; /* (nullable): of the program: is set to where the port really is when
                                that is elsewhere, which without namespaces it is */
  pid_t *out_init; /* (nullable) (out): process 1 of bubblewrap's sandbox, seen from here */
  const TerraneSandboxFile *files; /* (nullable): ended by one without a name */
  const int *stdio;  /* (nullable): the program's 0, 1 and 2 instead of callbacks; no directories */
  gboolean terminal; /* stdio is a terminal made for it, which becomes its controlling one */
  TerraneSessionOutputFunc output;    /* (nullable): stdout and stderr as they come */
  TerraneSessionFullFunc output_full; /* (nullable): while it says so nothing is read */
  gpointer output_data;
  TerraneSessionEndFunc ended; /* (nullable): the program ended or was killed; called once */
  gpointer ended_data;
} TerraneSessionOptions;

typedef struct _TerraneSession TerraneSession;

/**
 * terrane_session_start:
 * @sandbox, @argv, @options: needed only until this returns
 * @out_listener: (out) (nullable): the listening socket, if a port was asked for
 *
 * Makes the sandbox, with Lambda's limits of processes and files, and its program wait for
 * terrane_session_release(): somebody should serve the socket first. All dies with this process,
 * but for a container of podman when this process is killed by SIGKILL.
 *
 * Returns: (transfer full) (nullable): fails as terrane_sandbox_run() does
 */
TerraneSession *terrane_session_start (const TerraneSandbox *sandbox, const char *const *argv,
                                       const TerraneSessionOptions *options, OciFd *out_listener,
                                       GError **error);

/** Lets the program start. */
void terrane_session_release (TerraneSession *self);

/** Kills everything inside, and waits for the end. */
void terrane_session_free (TerraneSession *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (TerraneSession, terrane_session_free)

/** Kills everything inside; the callback says when that has happened. */
void terrane_session_kill (TerraneSession *self);

/** Kills the program alone, so that what it used is known; its end kills the rest. */
void terrane_session_stop (TerraneSession *self);

/** What the program has written until now has been given to the callback when this returns. */
void terrane_session_flush (TerraneSession *self);

/** Waits for the end. */
void terrane_session_wait (TerraneSession *self, TerraneSessionEnd *out_end);

/** As terrane_inlet_socket(): a way to what listens inside. */
gboolean terrane_session_socket (TerraneSession *self, OciFd *out_fd, GError **error);

/** @deadline: monotonic. Returns: FALSE when it has not ended until then */
gboolean terrane_session_wait_until (TerraneSession *self, gint64 deadline);

/** Bytes in memory at the highest point that was seen so far. */
uint64_t terrane_session_peak_bytes (TerraneSession *self);

/** What limits its memory: "cgroup"; "sampled": it is looked at every 10 ms; "podman"; "none". With
 * a cgroup it has its share of the processors, too. */
const char *terrane_session_memory_method (const TerraneSession *self);

G_END_DECLS
