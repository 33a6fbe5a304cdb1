/* A small HTTP/1.1 server over libmicrohttpd: a thread for each connection, so that an answer may
 * take as long as it likes; bodies whole in memory, up to a limit. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef struct _TerraneHttpRequest TerraneHttpRequest;

typedef struct
{
  unsigned status;
  GBytes *body;             /* (nullable) */
  const char *content_type; /* (nullable) */
  GPtrArray *headers;       /* names and values in turn; freed with it */
} TerraneHttpReply;

/** @reply: filled in; called by many threads at once */
typedef void (*TerraneHttpFunc) (const TerraneHttpRequest *request, TerraneHttpReply *reply,
                                 gpointer data);

/** How large a body may be, by its method, path and headers; called when those have arrived. */
typedef size_t (*TerraneHttpLimitFunc) (const TerraneHttpRequest *request, gpointer data);

const char *terrane_http_request_method (const TerraneHttpRequest *self);
/** Without the query. */
const char *terrane_http_request_path (const TerraneHttpRequest *self);
/** A header, or a trailer behind a chunked body. Returns: (transfer none) (nullable) */
const char *terrane_http_request_header (const TerraneHttpRequest *self, const char *name);
const char *terrane_http_request_trailer (const TerraneHttpRequest *self, const char *name);
/** Returns: (transfer none) (nullable): NULL when it was over the limit */
GBytes *terrane_http_request_body (const TerraneHttpRequest *self);

/** Adds a header; values with control bytes are left out. */
void terrane_http_reply_add (TerraneHttpReply *self, const char *name, const char *value);

typedef struct _TerraneHttpServer TerraneHttpServer;

/**
 * terrane_http_server_start:
 * @listener: a listening socket, taken
 */
TerraneHttpServer *terrane_http_server_start (int listener, TerraneHttpLimitFunc limit,
                                              TerraneHttpFunc func, gpointer data, GError **error);

/** Waits for the calls of the function that are under way. */
void terrane_http_server_free (TerraneHttpServer *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (TerraneHttpServer, terrane_http_server_free)

G_END_DECLS
