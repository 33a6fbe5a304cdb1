/* HTTP requests and answers, and the limits of each. */
#pragma once

#include "oci/base/error.h"
#include "oci/sink.h"

#include <gio/gio.h>
#include <stdint.h>

G_BEGIN_DECLS

enum
{
  OCI_HTTP_CONNECT_SECONDS = 30,
  OCI_HTTP_STALL_SECONDS = 60,       /* without a byte in either direction */
  OCI_HTTP_BULK_STALL_SECONDS = 180, /* for blobs: registries digest them before they reply */
  OCI_HTTP_DRIP_SECONDS = 60,        /* a body must deliver OCI_HTTP_DRIP_BYTES in this time */
  OCI_HTTP_DRIP_BYTES = 16 * 1024,
  OCI_HTTP_MAX_HEADER_BYTES = 64 * 1024,
  OCI_HTTP_MAX_BODY_BYTES = 4 * 1024 * 1024, /* the largest manifest */
  OCI_HTTP_MAX_REDIRECTS = 5,
};

/** Reports progress on the requesting thread; @sent restarts from 0 when a request must be
 * repeated. */
typedef void (*OciHttpProgress) (gpointer data, uint64_t sent);

typedef struct _OciHttpResponse OciHttpResponse;

/* Receives a body that is too large for memory, on the requesting thread. */
typedef struct
{
  /* Called with the headers of a 2xx answer; returning FALSE ends the request with @error. */
  gboolean (*begin) (gpointer data, const OciHttpResponse *response, GError **error);
  OciSink write; /* the body, in pieces */
  gpointer data;
} OciHttpReceiver;

typedef struct
{
  const char *method; /* "GET", "HEAD", "POST" or "PUT" */
  const char *url;
  const char *const *headers; /* (nullable): "Name: value", NULL-terminated */
  const char *authorization;  /* (nullable): value of the Authorization header */
  GBytes *body;               /* (nullable): of POST and PUT, or: */
  int body_fd;        /* -1, or a file that is sent from its start without moving its offset */
  uint64_t body_size; /* bytes to send from @body_fd */
  OciHttpProgress progress; /* (nullable) */
  gpointer progress_data;
  const OciHttpReceiver *receiver; /* (nullable): takes the body of a 2xx answer */
  unsigned timeout_seconds;        /* for this request; 0: only the client's limits */
  unsigned stall_seconds;          /* without a byte in either direction; 0: the limits above */
  const char *ca_file; /* (nullable): PEM, authorities for this request, replacing all others */
  gboolean once; /* uses a connection of its own: libcurl repeats requests that are lost with a kept
                    one */
  gboolean no_redirects;  /* redirects are returned, for requests with secret headers */
  gboolean secret_body;   /* redirects to another origin are returned */
  gboolean local_service; /* plain HTTP is allowed and no proxy is used, for the link-local
                             addresses where clouds issue credentials */
} OciHttpRequest;

#define OCI_HTTP_REQUEST_INIT(the_method, the_url)                                                 \
  {                                                                                                \
    .method = (the_method), .url = (the_url), .body_fd = -1                                        \
  }

struct _OciHttpResponse
{
  unsigned status;     /* such as 200 */
  char *url;           /* of the answer, after redirects */
  GBytes *body;        /* at most OCI_HTTP_MAX_BODY_BYTES; empty if a receiver took it */
  GHashTable *headers; /* lower-case name -> value; several of one name are joined with ", " */
};

void oci_http_response_free (OciHttpResponse *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (OciHttpResponse, oci_http_response_free)

/** Returns: (transfer none) (nullable): a header's value by its lower-case name */
const char *oci_http_response_header (const OciHttpResponse *self, const char *name);

/** Parses an HTTP date (RFC 9110 section 5.6.7). Returns: seconds since 1970, or -1 */
gint64 oci_http_parse_date (const char *text);

G_END_DECLS
