/* The outcome of an event, and the messages and error types of AWS Lambda itself for functions that
 * gave no answer. */
#pragma once

#include "builder/sandbox/session.h"

G_BEGIN_DECLS

typedef struct
{
  char *request_id;
  char *error_type; /* (nullable): NULL if the function succeeded */
  GBytes *body;     /* the response, or the error as JSON; empty if it was streamed */
  gboolean
      streamed; /* the response, or the existing part of it, was passed to the stream function */
  gboolean by_function;    /* the error is the function's own answer, not about its end */
  gboolean late_timeout;   /* it answered, and was killed because it continued until its timeout */
  gboolean cold;           /* the environment was made for this event */
  gboolean init_timed_out; /* initialisation exceeded Lambda's limit, and was restarted on the
                              event's time */
  gboolean init_failed; /* initialisation was restarted, also after an error, and did not succeed */
  GBytes *log;          /* (nullable): the end of the log of this event, as with X-Amz-Log-Type */
  double init_ms;       /* 0 unless cold */
  double duration_ms;
  uint64_t billed_ms;
  uint64_t max_memory_bytes;
  const char *memory_method; /* (nullable): terrane_session_memory_method() */
} TerraneLambdaResult;

void terrane_lambda_result_clear (TerraneLambdaResult *self);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (TerraneLambdaResult, terrane_lambda_result_clear)

/** No answer before the deadline. Sets error type and body. */
void terrane_lambda_fail_timeout (TerraneLambdaResult *result, unsigned timeout_ms);

/** The program ended without an answer. Sets error type and body. */
void terrane_lambda_fail_ended (TerraneLambdaResult *result, const TerraneSessionEnd *end);

/**
 * terrane_lambda_check_entrypoint:
 * @program: first word of the image's entrypoint
 *
 * Lambda requires an absolute path of an executable file that is not a symbolic link.
 *
 * Returns: %FALSE after filling in the result
 */
gboolean terrane_lambda_check_entrypoint (const char *root, const char *program,
                                          TerraneLambdaResult *result);

/** Lambda requires a directory; without one (@path: (nullable)) it is "/". Returns: %FALSE after
 * filling in the result */
gboolean terrane_lambda_check_working_dir (const char *root, const char *path,
                                           TerraneLambdaResult *result);

G_END_DECLS
