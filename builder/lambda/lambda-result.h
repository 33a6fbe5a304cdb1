/* The outcome of an event, and what AWS Lambda itself says about functions that gave no answer: its
 * words and error types. */
#pragma once

#include "builder/sandbox/session.h"

G_BEGIN_DECLS

typedef struct
{
  char *request_id;
  char *error_type;        /* (nullable): NULL when the function succeeded */
  GBytes *body;            /* the response, or the error as JSON; empty when it was streamed */
  gboolean streamed;       /* the response, or what there was of it, went to the stream function */
  gboolean by_function;    /* the error is the function's own answer, and not about its end */
  gboolean late_timeout;   /* it answered, and was killed since it went on until its timeout */
  gboolean cold;           /* the environment was made for this event */
  gboolean init_timed_out; /* it took longer than Lambda's limit, and was begun again on the event's
                              time */
  gboolean init_failed;    /* it was begun again after an error as well, and did not succeed */
  GBytes *log; /* (nullable): the end of what was logged for this event, as X-Amz-Log-Type has it */
  double init_ms; /* 0 unless cold */
  double duration_ms;
  uint64_t billed_ms;
  uint64_t max_memory_bytes;
  const char *memory_method; /* (nullable): terrane_session_memory_method() */
} TerraneLambdaResult;

void terrane_lambda_result_clear (TerraneLambdaResult *self);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (TerraneLambdaResult, terrane_lambda_result_clear)

/** Without an answer until the deadline. Fills in error type and body. */
void terrane_lambda_fail_timeout (TerraneLambdaResult *result, unsigned timeout_ms);

/** The program ended without an answer. */
void terrane_lambda_fail_ended (TerraneLambdaResult *result, const TerraneSessionEnd *end);

/**
 * terrane_lambda_check_entrypoint:
 * @program: first word of the image's entrypoint
 *
 * Lambda wants an absolute path of a file that is not a symbolic link, and executable.
 *
 * Returns: FALSE after filling in the result
 */
gboolean terrane_lambda_check_entrypoint (const char *root, const char *program,
                                          TerraneLambdaResult *result);

/** Lambda wants a directory; without one (@path: (nullable)) it is "/". Returns: as above */
gboolean terrane_lambda_check_working_dir (const char *root, const char *path,
                                           TerraneLambdaResult *result);

G_END_DECLS
