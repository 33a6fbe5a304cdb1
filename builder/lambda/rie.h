/* The endpoint of AWS's Runtime Interface Emulator, so that what was written for that works here:
 * https://github.com/aws/aws-lambda-runtime-interface-emulator
 * What Lambda's Invoke is documented to do otherwise is done as there. */
#pragma once

#include "builder/lambda/lambda.h"

G_BEGIN_DECLS

#define TERRANE_RIE_PATH "/2015-03-31/functions/function/invocations"

typedef struct _TerraneRie TerraneRie;

/**
 * terrane_rie_start:
 * @lambda: must outlive it
 * @port: (inout): of 127.0.0.1; 0 takes a free one
 *
 * One event at a time: meanwhile others are answered with 429, and asynchronous ones
 * (X-Amz-Invocation-Type: Event) wait for their turn.
 */
TerraneRie *terrane_rie_start (TerraneLambda *lambda, unsigned *port, GError **error);
/** Waits for the invocation under way; terrane_lambda_cancel() ends it. */
void terrane_rie_free (TerraneRie *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (TerraneRie, terrane_rie_free)

G_END_DECLS
