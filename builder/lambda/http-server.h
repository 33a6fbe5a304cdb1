/* A small HTTP/1.1 server over libmicrohttpd, with a thread for each connection, so that an answer
 * may take any time. Bodies are whole in memory, up to a limit, unless they are received or sent in
 * parts. */
#pragma once

#include <glib.h>
#include <sys/socket.h>

G_BEGIN_DECLS

typedef struct _TerraneHttpRequest TerraneHttpRequest;

enum
{
  TERRANE_HTTP_STREAM_END = -1,    /* the body is complete */
  TERRANE_HTTP_STREAM_BROKEN = -2, /* the body will never be complete: the connection is closed */
};

/** Waits for the next bytes of a body, at most @max. Returns: their number, or one of the values
 * above */
typedef gssize (*TerraneHttpReadFunc) (char *buffer, size_t max, gpointer data);

typedef struct
{
  unsigned status;
  GBytes *body;             /* (nullable) */
  TerraneHttpReadFunc read; /* (nullable): produces a body that is sent in parts */
  gpointer read_data;       /* passed to read_free when the reply was sent, or cannot be */
  GDestroyNotify read_free; /* (nullable) */
  const char *content_type; /* (nullable) */
  GPtrArray *headers;       /* names and values alternating; freed with it */
} TerraneHttpReply;

/* How to receive the body of a request. */
typedef struct
{
  size_t max_bytes;
  gboolean streamed; /* passed to the part function instead of kept in memory */
} TerraneHttpBody;

/* Each function is called by many threads concurrently. */
typedef struct
{
  /** (nullable) Whether to accept a connection from @peer. Called by one thread at a time. */
  gboolean (*admit) (const struct sockaddr *peer, gpointer data);
  /** Called when method, path and headers have arrived. */
  void (*begin) (const TerraneHttpRequest *request, TerraneHttpBody *out_body, gpointer data);
  /** (nullable) Called with each part of a streamed body. */
  void (*part) (const TerraneHttpRequest *request, const char *bytes, size_t len, gpointer data);
  /** (nullable) Called when the connection ended in the middle of a streamed body. */
  void (*broken) (const TerraneHttpRequest *request, gpointer data);
  /** Called when the request is complete; fills in @reply. */
  void (*reply) (const TerraneHttpRequest *request, TerraneHttpReply *reply, gpointer data);
} TerraneHttpHandler;

/** Returns: (transfer none): "GET" and the like */
const char *terrane_http_request_method (const TerraneHttpRequest *self);
/** Returns: (transfer none): the path without the query */
const char *terrane_http_request_path (const TerraneHttpRequest *self);
/** Returns: (transfer none) (nullable): value of a header */
const char *terrane_http_request_header (const TerraneHttpRequest *self, const char *name);
/** Returns: (transfer none) (nullable): value of a trailer after a chunked body */
const char *terrane_http_request_trailer (const TerraneHttpRequest *self, const char *name);
/** Returns: (transfer none) (nullable): %NULL if it exceeded the limit; empty if streamed */
GBytes *terrane_http_request_body (const TerraneHttpRequest *self);
/** Whether the body was passed to the part function. */
gboolean terrane_http_request_streamed (const TerraneHttpRequest *self);

/** Adds a header; values with control bytes are ignored. */
void terrane_http_reply_add (TerraneHttpReply *self, const char *name, const char *value);

typedef struct _TerraneHttpServer TerraneHttpServer;

typedef struct
{
  unsigned max_connections; /* further ones are closed at once */
  unsigned idle_seconds;    /* time for a client to send more of its request; 0: unlimited */
  unsigned stuck_seconds;   /* time for a client to receive more of its answer; 0: unlimited */
} TerraneHttpLimits;

/**
 * terrane_http_server_start:
 * @listener: a listening socket, taken over
 * @handler: copied
 * @limits: copied
 *
 * Returns: (transfer full): a running server
 * Errors: %OCI_ERROR_IO.
 */
TerraneHttpServer *terrane_http_server_start (int listener, const TerraneHttpHandler *handler,
                                              const TerraneHttpLimits *limits, gpointer data,
                                              GError **error);

/** Stops the server after waiting for calls of the handler in progress. */
void terrane_http_server_free (TerraneHttpServer *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (TerraneHttpServer, terrane_http_server_free)

G_END_DECLS
