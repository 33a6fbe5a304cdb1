/* The endpoint of AWS's Runtime Interface Emulator, so that programs written for it work here:
 * https://github.com/aws/aws-lambda-runtime-interface-emulator
 *
 * Where Lambda's Invoke is documented to differ from it, this follows Invoke. */
#pragma once

#include "builder/lambda/lambda.h"

G_BEGIN_DECLS

#define TERRANE_RIE_PATH "/2015-03-31/functions/function/invocations"

typedef struct _TerraneRie TerraneRie;

/**
 * terrane_rie_start:
 * @lambda: must outlive it
 * @port: (inout): of 127.0.0.1; 0 chooses a free one
 *
 * Handles one event at a time: others are answered with 429 meanwhile, and asynchronous ones
 * (X-Amz-Invocation-Type: Event) wait. Returns: (transfer full)
 *
 * Errors: %OCI_ERROR_IO.
 */
TerraneRie *terrane_rie_start (TerraneLambda *lambda, unsigned *port, GError **error);
/** Waits for the invocation in progress, which terrane_lambda_cancel() ends. */
void terrane_rie_free (TerraneRie *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (TerraneRie, terrane_rie_free)

G_END_DECLS
