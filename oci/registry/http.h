/* HTTP for registries, over libcurl easy handles. Knows nothing of registries or credentials: it
 * sends the Authorization it is given, to the origin it is given for, and nowhere else.
 *
 * HTTPS with verification; plain HTTP only to loopback hosts unless the client allows it. The CA
 * bundle is the system's, or the file $SSL_CERT_FILE. $HTTPS_PROXY and $NO_PROXY are honoured.
 * curl_global_init() must have been called before threads start. */
#pragma once

#include "oci/base/error.h"

#include <gio/gio.h>
#include <stdint.h>

G_BEGIN_DECLS

enum
{
  OCI_HTTP_CONNECT_SECONDS = 30,
  OCI_HTTP_STALL_SECONDS =
      180, /* without a byte: registries digest large blobs before they reply */
  OCI_HTTP_MAX_HEADER_BYTES = 64 * 1024,
  OCI_HTTP_MAX_BODY_BYTES = 4 * 1024 * 1024, /* the largest manifest */
  OCI_HTTP_MAX_REDIRECTS = 5,
};

/* Connections that are kept between requests. Several threads may use one client. */
typedef struct _OciHttpClient OciHttpClient;

/**
 * oci_http_client_new:
 * @user_agent: "terrane/VERSION"
 * @allow_plain: whether plain HTTP may go to hosts other than loopback
 */
OciHttpClient *oci_http_client_new (const char *user_agent, gboolean allow_plain);
/** No request may be under way. */
void oci_http_client_free (OciHttpClient *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (OciHttpClient, oci_http_client_free)

gboolean oci_http_client_allows_plain (const OciHttpClient *self);

/** Called on the requesting thread; @sent counts from 0 again when a request must be repeated. */
typedef void (*OciHttpProgress) (gpointer data, uint64_t sent);

typedef struct
{
  const char *method; /* "GET", "HEAD", "POST" or "PUT" */
  const char *url;
  const char *const *headers; /* (nullable): "Name: value", NULL-terminated */
  const char *authorization;  /* (nullable): value of the Authorization header */
  GBytes *body;               /* (nullable): of POST and PUT, or: */
  int body_fd;                /* -1, or what is sent from its start without moving its offset */
  uint64_t body_size;         /* bytes to send from @body_fd */
  OciHttpProgress progress;   /* (nullable) */
  gpointer progress_data;
} OciHttpRequest;

#define OCI_HTTP_REQUEST_INIT(the_method, the_url)                                                 \
  {                                                                                                \
    .method = (the_method), .url = (the_url), .body_fd = -1                                        \
  }

typedef struct
{
  unsigned status;     /* such as 200 */
  char *url;           /* that answered, after redirects */
  GBytes *body;        /* at most OCI_HTTP_MAX_BODY_BYTES */
  GHashTable *headers; /* lower-case name -> value; several of one name are joined by ", " */
} OciHttpResponse;

void oci_http_response_free (OciHttpResponse *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (OciHttpResponse, oci_http_response_free)

/** A header's value by its lower-case name, or NULL. Returns: (transfer none) */
const char *oci_http_response_header (const OciHttpResponse *self, const char *name);

/**
 * oci_http_client_send:
 * @cancellable: (nullable): noticed within a second
 *
 * Sends one request and reads the whole answer; any HTTP status is success here. Redirects of GET
 * and HEAD are followed, never from https to http, and without @authorization to another origin;
 * those of POST and PUT are returned as they are.
 *
 * Returns: (transfer full) (nullable): the answer, or %NULL with "HOST: …" in @error:
 *   %OCI_ERROR_NETWORK (no connection, TLS failure, stall), %OCI_ERROR_CANCELLED,
 *   %OCI_ERROR_LIMIT (too large an answer), %OCI_ERROR_DENIED (plain HTTP to a remote host),
 *   %OCI_ERROR_FORMAT (not a URL; control characters in a header), %OCI_ERROR_IO (@body_fd)
 */
OciHttpResponse *oci_http_client_send (OciHttpClient *self, const OciHttpRequest *request,
                                       GCancellable *cancellable, GError **error);

G_END_DECLS
