/* A small HTTP/1.1 server over libmicrohttpd: a thread for each connection, so that an answer may
 * take as long as it likes. Bodies are whole in memory, up to a limit, unless they are taken, or
 * given, while they come. */
#pragma once

#include <glib.h>
#include <sys/socket.h>

G_BEGIN_DECLS

typedef struct _TerraneHttpRequest TerraneHttpRequest;

enum
{
  TERRANE_HTTP_STREAM_END = -1,    /* the body is complete */
  TERRANE_HTTP_STREAM_BROKEN = -2, /* it never will be: the connection is closed in its middle */
};

/** Waits for the next bytes of a body, of which there may be up to @max.
 * Returns: how many, or one of the above */
typedef gssize (*TerraneHttpReadFunc) (char *buffer, size_t max, gpointer data);

typedef struct
{
  unsigned status;
  GBytes *body;             /* (nullable) */
  TerraneHttpReadFunc read; /* (nullable): gives the body, which goes out while it comes */
  gpointer read_data;       /* given to read_free when the reply has gone out, or never will */
  GDestroyNotify read_free; /* (nullable) */
  const char *content_type; /* (nullable) */
  GPtrArray *headers;       /* names and values in turn; freed with it */
} TerraneHttpReply;

/* What happens to the body of a request. */
typedef struct
{
  size_t max_bytes;
  gboolean streamed; /* goes to the part function instead of into memory */
} TerraneHttpBody;

/* Each is called by many threads at once. */
typedef struct
{
  /** (nullable) Whether who connects may. By one thread at a time. */
  gboolean (*admit) (const struct sockaddr *peer, gpointer data);
  /** When method, path and headers have arrived. */
  void (*begin) (const TerraneHttpRequest *request, TerraneHttpBody *out_body, gpointer data);
  /** (nullable) With each part of a streamed body. */
  void (*part) (const TerraneHttpRequest *request, const char *bytes, size_t len, gpointer data);
  /** (nullable) When the connection ended in the middle of a streamed body. */
  void (*broken) (const TerraneHttpRequest *request, gpointer data);
  /** When all of the request is there; fills in @reply. */
  void (*reply) (const TerraneHttpRequest *request, TerraneHttpReply *reply, gpointer data);
} TerraneHttpHandler;

const char *terrane_http_request_method (const TerraneHttpRequest *self);
/** Without the query. */
const char *terrane_http_request_path (const TerraneHttpRequest *self);
/** A header, or a trailer after a chunked body. Returns: (transfer none) (nullable) */
const char *terrane_http_request_header (const TerraneHttpRequest *self, const char *name);
const char *terrane_http_request_trailer (const TerraneHttpRequest *self, const char *name);
/** Returns: (transfer none) (nullable): NULL when it was over the limit; empty when streamed */
GBytes *terrane_http_request_body (const TerraneHttpRequest *self);
/** Whether it went to the part function. */
gboolean terrane_http_request_streamed (const TerraneHttpRequest *self);

/** Adds a header; values with control bytes are left out. */
void terrane_http_reply_add (TerraneHttpReply *self, const char *name, const char *value);

typedef struct _TerraneHttpServer TerraneHttpServer;

typedef struct
{
  unsigned max_connections; /* those above are closed at once */
  unsigned idle_seconds;    /* for a client to go on with its request; 0: for ever */
  unsigned stuck_seconds;   /* for a client to go on taking its answer; 0: for ever */
} TerraneHttpLimits;

/**
 * terrane_http_server_start:
 * @listener: a listening socket, taken
 * @handler: copied
 * @limits: copied
 */
TerraneHttpServer *terrane_http_server_start (int listener, const TerraneHttpHandler *handler,
                                              const TerraneHttpLimits *limits, gpointer data,
                                              GError **error);

/** Waits for the calls of the handler that are under way. */
void terrane_http_server_free (TerraneHttpServer *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (TerraneHttpServer, terrane_http_server_free)

G_END_DECLS
