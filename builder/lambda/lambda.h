/* A Lambda function from an image: its own entrypoint in the sandbox, with the Runtime API and the
 * environment, limits, messages and errors of AWS Lambda. */
#pragma once

#include "builder/lambda/lambda-result.h"
#include "builder/lambda/runtime.h"
#include "builder/sandbox/session.h"

#include <jansson.h>

G_BEGIN_DECLS

enum
{
  TERRANE_LAMBDA_LOG_BYTES = 4 * 1024, /* of the end of an event's log: Lambda's */
};

typedef struct
{
  const char *name;        /* of the function */
  const char *root;        /* directory with the file system */
  const char *const *argv; /* entrypoint and command */
  const char *const *env;  /* all of it, see terrane_lambda_env() */
  const char *working_dir; /* (nullable) */
  uint64_t tmp_bytes;      /* of /tmp; 0 for Lambda's 512 MiB */
  unsigned memory_mib;
  TerraneSandboxKind sandbox;      /* podman has no way in for the Runtime API */
  const TerraneEmulator *emulator; /* (nullable): gets more time for the initialisation */
  const GPtrArray *mounts;         /* (nullable): see TerraneSandbox */
  TerraneNetwork network;
  unsigned timeout_ms;                /* of one invocation */
  TerraneSessionOutputFunc output;    /* logs: the function's, and Lambda's START, END and REPORT;
                                         called by several threads; nothing may wait in it */
  TerraneSessionFullFunc output_full; /* (nullable) */
  gpointer data;
} TerraneLambdaOptions;

typedef struct
{
  GBytes *payload;
  const char *client_context; /* (nullable): JSON */
  const char *trace_id;       /* (nullable): in X-Ray's form; one is made without */
  TerraneStreamFunc stream;   /* (nullable): takes a streamed response while it comes; without it
                                 such a response is a body like others */
  gpointer stream_data;
  gboolean patient; /* waits for the end of other events instead of failing */
  void (*answered) (const TerraneLambdaResult *result,
                    gpointer data); /* (nullable): when the answer
is there, in whose result only the answer is set; the invocation goes on
until the function asks for the next event, as long as its timeout lets it */
  gpointer answered_data;
} TerraneLambdaEvent;

typedef struct _TerraneLambda TerraneLambda;

/** @options: what it points to must outlive @self. Nothing is started yet. */
TerraneLambda *terrane_lambda_new (const TerraneLambdaOptions *options);
/** Ends the environment; nothing of it is left. */
void terrane_lambda_free (TerraneLambda *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (TerraneLambda, terrane_lambda_free)

/**
 * terrane_lambda_invoke:
 * @out_result: (out caller-allocates): cleared by the caller
 *
 * Gives the function an event and waits for its answer. The environment is made for the first event
 * and after one that ended it; else it is warm.
 *
 * Returns: FALSE when there can be no environment, or on %OCI_ERROR_CANCELLED; what a function does
 *   wrong is in the result. %OCI_ERROR_EXISTS: another event is under way in another thread, and
 * this one is not patient
 */
gboolean terrane_lambda_invoke (TerraneLambda *self, const TerraneLambdaEvent *event,
                                TerraneLambdaResult *out_result, GError **error);

/** Ends what goes on, from another thread: an invocation fails with %OCI_ERROR_CANCELLED, as does
 * every later one. */
void terrane_lambda_cancel (TerraneLambda *self);

/**
 * terrane_lambda_env:
 * @image_env: the image's
 * @handler: (nullable): the first word of the image's command
 * @extra: (nullable): wins over everything else
 *
 * Returns: (transfer full): the variables that Lambda sets on top of the image's. There are no
 *   credentials among them.
 */
char **terrane_lambda_env (const char *name, const char *const *image_env, const char *handler,
                           unsigned memory_mib, const char *const *extra);

G_END_DECLS
