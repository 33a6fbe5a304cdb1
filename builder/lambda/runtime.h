/* State machine of one Lambda execution environment: which calls its runtime may make in which
 * state, and its answers. One side is the Runtime API, which an untrusted program calls from any
 * number of connections; the other is the sender of events. Knows neither HTTP nor processes. */
#pragma once

#include <glib.h>
#include <stdint.h>

G_BEGIN_DECLS

/* Result of a call of the Runtime API. */
typedef enum
{
  TERRANE_RUNTIME_OK,
  TERRANE_RUNTIME_WRONG_STATE,      /* 403 InvalidStateTransition */
  TERRANE_RUNTIME_WRONG_REQUEST_ID, /* 400 InvalidRequestID */
  TERRANE_RUNTIME_CLOSED,           /* the environment is ending */
} TerraneRuntimeStatus;

/** Receives a part of a streamed response; called by another thread, never concurrently. Returns:
 * FALSE if there is no room for it: it is offered again until there is, and the runtime waits */
typedef gboolean (*TerraneStreamFunc) (const char *bytes, size_t len, gpointer data);

/* One event for the function. */
typedef struct
{
  char *request_id;
  GBytes *payload;
  int64_t deadline_ms; /* since 1970 */
  char *trace_id;
  char *client_context;     /* (nullable) */
  TerraneStreamFunc stream; /* (nullable): receives a streamed response in parts */
  gpointer stream_data;
} TerraneInvocation;

void terrane_invocation_clear (TerraneInvocation *self);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (TerraneInvocation, terrane_invocation_clear)

/* The function's answer. */
typedef struct
{
  char *error_type;  /* (nullable): NULL if it succeeded */
  GBytes *body;      /* (nullable): the response, or the error as JSON */
  gboolean streamed; /* the existing part of a response was passed to the stream function */
} TerraneAnswer;

void terrane_answer_clear (TerraneAnswer *self);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (TerraneAnswer, terrane_answer_clear)

typedef struct _TerraneRuntime TerraneRuntime;

/** Returns: (transfer full): a runtime that is starting. Thread-safe */
TerraneRuntime *terrane_runtime_new (void);
void terrane_runtime_free (TerraneRuntime *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (TerraneRuntime, terrane_runtime_free)

/* Functions for the Runtime API. */

/** Waits for an event. @out_invocation: (out) (transfer full): set with TERRANE_RUNTIME_OK */
TerraneRuntimeStatus terrane_runtime_next (TerraneRuntime *self, TerraneInvocation *out_invocation);

/** Whether an answer to @request_id would be accepted now. */
TerraneRuntimeStatus terrane_runtime_check (TerraneRuntime *self, const char *request_id);

/** Gives the answer to an event. @answer: taken over if the result is TERRANE_RUNTIME_OK */
TerraneRuntimeStatus terrane_runtime_answer (TerraneRuntime *self, const char *request_id,
                                             TerraneAnswer *answer);

/**
 * terrane_runtime_begin_stream:
 * Begins a streamed response.
 *
 * Returns: whether the sender receives this response in parts; then terrane_runtime_stream() passes
 *   them on, terrane_runtime_end_stream() ends the response, and no other answer is accepted
 */
gboolean terrane_runtime_begin_stream (TerraneRuntime *self, const char *request_id);
/** Passes on a part. Only for the thread that began the stream. */
void terrane_runtime_stream (TerraneRuntime *self, const char *bytes, size_t len);
/** Like terrane_runtime_answer(), for a response that was begun as a stream. */
TerraneRuntimeStatus terrane_runtime_end_stream (TerraneRuntime *self, TerraneAnswer *answer);

/** Reports an error during the initialisation. @answer: as for terrane_runtime_answer() */
TerraneRuntimeStatus terrane_runtime_init_error (TerraneRuntime *self, TerraneAnswer *answer);

/** Returns: (transfer none): "Started", "Ready", "Running" and so on, for messages */
const char *terrane_runtime_state_name (TerraneRuntime *self);

/* Functions for the sender of events. */

typedef enum
{
  TERRANE_RUNTIME_DONE,    /* the awaited event has happened */
  TERRANE_RUNTIME_FAILED,  /* the initialisation reported an error */
  TERRANE_RUNTIME_ENDED,   /* terrane_runtime_end() was called meanwhile */
  TERRANE_RUNTIME_TIMEOUT, /* not before the deadline */
} TerraneRuntimeWait;

/** Waits until the runtime asks for its first or next event. @deadline: monotonic */
TerraneRuntimeWait terrane_runtime_wait_ready (TerraneRuntime *self, gint64 deadline);

/** Gives an event, which is copied, to a runtime that is ready. */
void terrane_runtime_submit (TerraneRuntime *self, const TerraneInvocation *invocation);

/** Waits for the answer. @deadline: monotonic */
TerraneRuntimeWait terrane_runtime_wait_answer (TerraneRuntime *self, gint64 deadline);

/** Moves the answer to @out_answer. Returns: whether there was one */
gboolean terrane_runtime_take_answer (TerraneRuntime *self, TerraneAnswer *out_answer);

/** Reports that the environment has ended or will end: all waiting calls return. */
void terrane_runtime_end (TerraneRuntime *self);

G_END_DECLS
