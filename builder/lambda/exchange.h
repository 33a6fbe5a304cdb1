/* One invocation in its own thread, so that a streamed response can be read while it arrives. */
#pragma once

#include "builder/lambda/lambda.h"

G_BEGIN_DECLS

typedef struct _TerraneExchange TerraneExchange;

/**
 * terrane_exchange_start:
 * @event: copied; its stream function is replaced
 * @to_end: wait for the end of the invocation with its whole log, and for a whole stream
 * @waiting: outlives the exchange; number of bytes of streamed responses that wait in memory to be
 *   read, in all exchanges that share it. Above 64 MiB the function has to wait
 *
 * Returns: (transfer full)
 * Errors: %OCI_ERROR_IO if no thread can be started.
 */
TerraneExchange *terrane_exchange_start (TerraneLambda *lambda, const TerraneLambdaEvent *event,
                                         gboolean to_end, gsize *waiting, GError **error);

/** Waits for the end of the invocation, and discards what was not read. */
void terrane_exchange_free (TerraneExchange *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (TerraneExchange, terrane_exchange_free)

/**
 * terrane_exchange_wait:
 * Waits for the answer, or for the first part of a streamed response.
 *
 * Returns: %TRUE for a streamed response with a part to read, whatever happens to it later; %FALSE
 *   if there is an answer, or never will be
 */
gboolean terrane_exchange_wait (TerraneExchange *self);

/** A TerraneHttpReadFunc that waits for parts of the streamed response. */
gssize terrane_exchange_read (char *buffer, size_t max, gpointer data);

/** Returns: (transfer none) (nullable): the answer, the request's id, the log if it was waited for,
 * and no other member of the result. Errors: those of terrane_lambda_invoke(): %OCI_ERROR_USAGE,
 * %OCI_ERROR_UNSUPPORTED, %OCI_ERROR_LIMIT, %OCI_ERROR_NOT_FOUND, %OCI_ERROR_EXISTS,
 * %OCI_ERROR_IO, %OCI_ERROR_CANCELLED. */
const TerraneLambdaResult *terrane_exchange_result (TerraneExchange *self, GError **error);

G_END_DECLS
