/* Runs a Lambda function from an image: its own entrypoint in the sandbox, with the Runtime API and
 * the environment, limits, messages and errors of AWS Lambda. */
#pragma once

#include "builder/lambda/lambda-result.h"
#include "builder/lambda/runtime.h"
#include "builder/sandbox/session.h"

#include <jansson.h>

G_BEGIN_DECLS

enum
{
  TERRANE_LAMBDA_LOG_BYTES = 4 * 1024, /* of the end of an event's log, as with Lambda */
};

typedef struct
{
  const char *name;        /* of the function */
  const char *root;        /* directory with the file system */
  const char *const *argv; /* entrypoint and command */
  const char *const *env;  /* complete, see terrane_lambda_env() */
  const char *working_dir; /* (nullable) */
  uint64_t tmp_bytes;      /* of /tmp; 0 for Lambda's 512 MiB */
  unsigned memory_mib;
  TerraneSandboxKind sandbox;      /* podman is not possible: it has no access to the Runtime API */
  const TerraneEmulator *emulator; /* (nullable): allows more time for the initialisation */
  const GPtrArray *mounts;         /* (nullable): see TerraneSandbox */
  TerraneNetwork network;
  unsigned timeout_ms;                /* of one invocation */
  TerraneSessionOutputFunc output;    /* receives logs: the function's, and Lambda's START, END and
                                         REPORT; called by several threads; must not block */
  TerraneSessionFullFunc output_full; /* (nullable) */
  gpointer data;
} TerraneLambdaOptions;

typedef struct
{
  GBytes *payload;
  const char *client_context; /* (nullable): JSON */
  const char *trace_id;       /* (nullable): in X-Ray's form; generated if NULL */
  TerraneStreamFunc stream; /* (nullable): receives a streamed response in parts; without it such a
                               response is a body like others */
  gpointer stream_data;
  gboolean patient; /* waits for the end of other events instead of failing */
  void (*answered) (const TerraneLambdaResult *result,
                    gpointer data); /* (nullable): called when the answer arrives, with a result in
                                       which only the answer is set; the invocation continues until
                                       the function asks for the next event, within its timeout */
  gpointer answered_data;
} TerraneLambdaEvent;

typedef struct _TerraneLambda TerraneLambda;

/**
 * terrane_lambda_new:
 * @options: what it points to must outlive @self. Starts nothing yet. Returns: (transfer full)
 */
TerraneLambda *terrane_lambda_new (const TerraneLambdaOptions *options);
/** Ends the environment and everything in it. */
void terrane_lambda_free (TerraneLambda *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (TerraneLambda, terrane_lambda_free)

/**
 * terrane_lambda_invoke:
 * @out_result: (out caller-allocates): to be cleared by the caller
 *
 * Gives the function an event and waits for its answer. The environment is made for the first event
 * and after one that ended it; otherwise it is warm. What a function does wrong is in the result
 * and not an error.
 *
 * Errors: %OCI_ERROR_EXISTS if another event is in progress in another thread, and this one is not
 *   patient; %OCI_ERROR_CANCELLED; those of making an environment: %OCI_ERROR_USAGE,
 *   %OCI_ERROR_UNSUPPORTED, %OCI_ERROR_LIMIT, %OCI_ERROR_NOT_FOUND, %OCI_ERROR_IO, and codes of
 *   %G_FILE_ERROR.
 */
gboolean terrane_lambda_invoke (TerraneLambda *self, const TerraneLambdaEvent *event,
                                TerraneLambdaResult *out_result, GError **error);

/** Called from another thread: makes the invocation in progress and every later one fail with
 * %OCI_ERROR_CANCELLED. */
void terrane_lambda_cancel (TerraneLambda *self);

/**
 * terrane_lambda_env:
 * @image_env: the image's
 * @handler: (nullable): the first word of the image's command
 * @extra: (nullable): overrides everything else
 *
 * Returns: (transfer full): the image's variables and those that Lambda sets, without credentials
 */
char **terrane_lambda_env (const char *name, const char *const *image_env, const char *handler,
                           unsigned memory_mib, const char *const *extra);

G_END_DECLS
