/* One invocation in a thread of its own, so that a streamed response can be read while it comes. */
#pragma once

#include "builder/lambda/lambda.h"

G_BEGIN_DECLS

typedef struct _TerraneExchange TerraneExchange;

/**
 * terrane_exchange_start:
 * @event: copied; its stream function is the exchange's
 * @to_end: waits for the end of the invocation with all of its log, and for the whole of a stream
 * @waiting: outlives the exchange; how much of streamed responses waits in memory for who reads it,
 *   in all exchanges that share this number. Above 64 MiB the function has to wait
 *
 * Returns: (nullable): %NULL when no thread can be started
 */
TerraneExchange *terrane_exchange_start (TerraneLambda *lambda, const TerraneLambdaEvent *event,
                                         gboolean to_end, gsize *waiting, GError **error);

/** Waits for the end of the invocation, and throws away what was not read. */
void terrane_exchange_free (TerraneExchange *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (TerraneExchange, terrane_exchange_free)

/**
 * terrane_exchange_wait:
 *
 * Waits until there is something to say.
 *
 * Returns: TRUE when it is a streamed response, of which there is a part to read, whatever becomes
 *   of it; FALSE when there is an answer, or never will be
 */
gboolean terrane_exchange_wait (TerraneExchange *self);

/** Waits for parts of the streamed response: a TerraneHttpReadFunc. */
gssize terrane_exchange_read (char *buffer, size_t max, gpointer data);

/** What was answered, the request's id, the log if it was waited for, and nothing else of the
 * result. Returns: (transfer none) (nullable): NULL with the error */
const TerraneLambdaResult *terrane_exchange_result (TerraneExchange *self, GError **error);

G_END_DECLS
