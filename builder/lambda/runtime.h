/* The state of one Lambda execution environment: what its runtime may call when, and what it
 * answered. One side is the Runtime API, which a program from outside calls from any number of
 * connections; the other is whoever has events. Knows neither HTTP nor processes. */
#pragma once

#include <glib.h>
#include <stdint.h>

G_BEGIN_DECLS

/* What a call of the Runtime API gives. */
typedef enum
{
  TERRANE_RUNTIME_OK,
  TERRANE_RUNTIME_WRONG_STATE,      /* 403 InvalidStateTransition */
  TERRANE_RUNTIME_WRONG_REQUEST_ID, /* 400 InvalidRequestID */
  TERRANE_RUNTIME_CLOSED,           /* the environment ends */
} TerraneRuntimeStatus;

/** A part of a streamed response; called by another thread, never two at a time. Returns: FALSE
 * when there is no room for it now: it is offered again until there is, and the runtime waits */
typedef gboolean (*TerraneStreamFunc) (const char *bytes, size_t len, gpointer data);

/* One event on its way to the function. */
typedef struct
{
  char *request_id;
  GBytes *payload;
  int64_t deadline_ms; /* since 1970 */
  char *trace_id;
  char *client_context;     /* (nullable) */
  TerraneStreamFunc stream; /* (nullable): takes a streamed response while it comes */
  gpointer stream_data;
} TerraneInvocation;

void terrane_invocation_clear (TerraneInvocation *self);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (TerraneInvocation, terrane_invocation_clear)

/* How the function answered. */
typedef struct
{
  char *error_type;  /* (nullable): NULL when it succeeded */
  GBytes *body;      /* the response, or the error as JSON; (nullable) when there is none */
  gboolean streamed; /* what there was of a response went to the stream function */
} TerraneAnswer;

void terrane_answer_clear (TerraneAnswer *self);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (TerraneAnswer, terrane_answer_clear)

typedef struct _TerraneRuntime TerraneRuntime;

/** A runtime that starts. Thread-safe. */
TerraneRuntime *terrane_runtime_new (void);
void terrane_runtime_free (TerraneRuntime *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (TerraneRuntime, terrane_runtime_free)

/* The Runtime API's side. */

/** Waits for an event. @out_invocation: (out) (transfer full): set with TERRANE_RUNTIME_OK */
TerraneRuntimeStatus terrane_runtime_next (TerraneRuntime *self, TerraneInvocation *out_invocation);

/** Whether an answer to @request_id would be taken now. */
TerraneRuntimeStatus terrane_runtime_check (TerraneRuntime *self, const char *request_id);

/** @answer: taken when the result is TERRANE_RUNTIME_OK */
TerraneRuntimeStatus terrane_runtime_answer (TerraneRuntime *self, const char *request_id,
                                             TerraneAnswer *answer);

/**
 * terrane_runtime_begin_stream:
 *
 * Returns: whether somebody takes the parts of this response while they come; then
 *   terrane_runtime_stream() takes them, terrane_runtime_end_stream() says how it ended, and there
 *   is no other answer any more
 */
gboolean terrane_runtime_begin_stream (TerraneRuntime *self, const char *request_id);
/** By the thread alone that began it. */
void terrane_runtime_stream (TerraneRuntime *self, const char *bytes, size_t len);
/** As terrane_runtime_answer(), of a response that was begun as a stream. */
TerraneRuntimeStatus terrane_runtime_end_stream (TerraneRuntime *self, TerraneAnswer *answer);

/** An error during the initialisation; @answer as above. */
TerraneRuntimeStatus terrane_runtime_init_error (TerraneRuntime *self, TerraneAnswer *answer);

/** "Started", "Ready", "Running" and so on, for messages. */
const char *terrane_runtime_state_name (TerraneRuntime *self);

/* The side of who has events. */

typedef enum
{
  TERRANE_RUNTIME_DONE,    /* what was waited for has happened */
  TERRANE_RUNTIME_FAILED,  /* the initialisation reported an error */
  TERRANE_RUNTIME_ENDED,   /* terrane_runtime_end() was called meanwhile */
  TERRANE_RUNTIME_TIMEOUT, /* not until the deadline */
} TerraneRuntimeWait;

/** Waits until the runtime asks for its first or next event; @deadline in monotonic time. */
TerraneRuntimeWait terrane_runtime_wait_ready (TerraneRuntime *self, gint64 deadline);

/** Gives the event, which is copied, to a runtime that is ready. */
void terrane_runtime_submit (TerraneRuntime *self, const TerraneInvocation *invocation);

/** Waits for the answer. */
TerraneRuntimeWait terrane_runtime_wait_answer (TerraneRuntime *self, gint64 deadline);

/** Takes what was answered, if anything was. */
gboolean terrane_runtime_take_answer (TerraneRuntime *self, TerraneAnswer *out_answer);

/** The environment has ended or is going to: whoever waits stops waiting. */
void terrane_runtime_end (TerraneRuntime *self);

G_END_DECLS
