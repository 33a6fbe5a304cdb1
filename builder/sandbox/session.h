/* A sandbox that runs while this process does something else: a callback receives its output, its
 * memory is watched, and this process can serve a port of its loopback. */
#pragma once

#include "builder/sandbox/session-end.h"
#include "builder/sandbox/spec.h"

#include "oci/base/fd.h"

G_BEGIN_DECLS

enum
{
  TERRANE_SESSION_MAX_PROCESSES = 1024, /* Lambda's limit, including threads */
};

/* For messages about TerraneSessionEnd.unwatched. */
#define TERRANE_SESSION_UNWATCHED                                                                  \
  "its memory could not be watched for lack of descriptors or memory (see 'ulimit -n')"

/* Callbacks run on the session's thread that watches time and memory: none may block. */
typedef void (*TerraneSessionOutputFunc) (const char *bytes, size_t len, gpointer data);
/** Whether the program should wait before it writes more. */
typedef gboolean (*TerraneSessionFullFunc) (gpointer data);
typedef void (*TerraneSessionEndFunc) (const TerraneSessionEnd *end, gpointer data);

typedef struct
{
  uint64_t memory_bytes;     /* everything inside is killed above it; 0 for no limit */
  gboolean limit_only;       /* the usage is not needed */
  unsigned port;             /* to listen on inside; 0 for none */
  const char *port_variable; /* (nullable): variable of the program that is set to the actual port
                                if that differs, which is the case without namespaces */
  pid_t *out_init; /* (nullable) (out): process 1 of bubblewrap's sandbox, as seen from here */
  const TerraneSandboxFile *files; /* (nullable): ended by one without a name */
  const int *stdio;  /* (nullable): the program's 0, 1 and 2, replacing callbacks; must not be
                        directories */
  gboolean terminal; /* stdio is a terminal made for it, which becomes its controlling terminal */
  TerraneSessionOutputFunc output;    /* (nullable): receives stdout and stderr */
  TerraneSessionFullFunc output_full; /* (nullable): nothing is read while it returns TRUE */
  gpointer output_data;
  TerraneSessionEndFunc
      ended; /* (nullable): called once when the program has ended or was killed */
  gpointer ended_data;
} TerraneSessionOptions;

typedef struct _TerraneSession TerraneSession;

/**
 * terrane_session_start:
 * @sandbox, @argv, @options: needed only until this returns
 * @out_listener: (out) (nullable): the listening socket, if a port was requested
 *
 * Makes the sandbox, with Lambda's limits of processes and files, and its program, which waits for
 * terrane_session_release(), so that the socket can be served first. Everything dies with this
 * process, except a container of podman if this process is killed by SIGKILL.
 *
 * Returns: (transfer full)
 * Errors: those of terrane_sandbox_run(): %OCI_ERROR_NOT_FOUND, %OCI_ERROR_UNSUPPORTED,
 *   %OCI_ERROR_LIMIT, %OCI_ERROR_USAGE, %OCI_ERROR_IO, %OCI_ERROR_CANCELLED, codes of
 *   %G_FILE_ERROR.
 */
TerraneSession *terrane_session_start (const TerraneSandbox *sandbox, const char *const *argv,
                                       const TerraneSessionOptions *options, OciFd *out_listener,
                                       GError **error);

/** Lets the program start. */
void terrane_session_release (TerraneSession *self);

/** Kills everything inside, and waits for the end. */
void terrane_session_free (TerraneSession *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (TerraneSession, terrane_session_free)

/** Kills everything inside; the callback reports when it has ended. */
void terrane_session_kill (TerraneSession *self);

/** Kills only the program, so that its resource usage is known; its end kills the rest. */
void terrane_session_stop (TerraneSession *self);

/** Waits until everything that the program has written so far was passed to the callback. */
void terrane_session_flush (TerraneSession *self);

/** Waits for the end. */
void terrane_session_wait (TerraneSession *self, TerraneSessionEnd *out_end);

/** Makes a socket in the sandbox with terrane_inlet_socket(). Errors: %OCI_ERROR_IO. */
gboolean terrane_session_socket (TerraneSession *self, OciFd *out_fd, GError **error);

/** Waits for the end. @deadline: monotonic. Returns: %FALSE if it has not ended by then */
gboolean terrane_session_wait_until (TerraneSession *self, gint64 deadline);

/** Returns the largest sample of memory so far, in bytes. */
uint64_t terrane_session_peak_bytes (TerraneSession *self);

/** Returns: (transfer none): what limits its memory: "cgroup"; "sampled": every 10 ms; "podman";
 * "none". With a cgroup its share of the processors is limited, too */
const char *terrane_session_memory_method (const TerraneSession *self);

G_END_DECLS
