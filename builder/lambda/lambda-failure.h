/* What AWS Lambda itself says about functions that gave no answer: its words and error types. */
#pragma once

#include "builder/lambda/lambda.h"

G_BEGIN_DECLS

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
