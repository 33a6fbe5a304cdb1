/* The Lambda Runtime API, version 2018-06-01, over a TerraneRuntime. */
#pragma once

#include "builder/lambda/http-server.h"
#include "builder/lambda/runtime.h"
#include "builder/sandbox/local-peer.h"

G_BEGIN_DECLS

enum
{
  TERRANE_RUNTIME_API_PORT = 9001,
  TERRANE_MAX_RESPONSE_BYTES = 6 * 1024 * 1024 + 100, /* as in Lambda's error message */
  TERRANE_MAX_STREAM_BYTES = 200 * 1024 * 1024,
};

typedef enum
{
  TERRANE_API_NONE,
  TERRANE_API_NEXT,
  TERRANE_API_RESPONSE,
  TERRANE_API_ERROR,
  TERRANE_API_INIT_ERROR,
  TERRANE_API_WRONG_METHOD,
} TerraneApiCall;

/**
 * terrane_runtime_api_parse:
 * @out_request_id: (out) (transfer full) (nullable): of a response or an error
 *
 * Finds which call @method and @path are.
 */
TerraneApiCall terrane_runtime_api_parse (const char *method, const char *path,
                                          char **out_request_id);

typedef struct _TerraneRuntimeApi TerraneRuntimeApi;

/**
 * terrane_runtime_api_start:
 * @listener: a listening socket, taken over
 * @runtime: must outlive the server, and must have ended before this is freed
 * @peer: (nullable) (transfer full): the only process that may call; %NULL allows every process
 *   that can connect
 * @function_arn: copied
 *
 * Returns: (transfer full)
 * Errors: %OCI_ERROR_IO.
 */
TerraneRuntimeApi *terrane_runtime_api_start (int listener, TerraneRuntime *runtime,
                                              TerraneLocalPeer *peer, const char *function_arn,
                                              GError **error);
void terrane_runtime_api_free (TerraneRuntimeApi *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (TerraneRuntimeApi, terrane_runtime_api_free)

G_END_DECLS
