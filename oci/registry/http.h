/* HTTP for registries and for the services that hand out credentials, over libcurl easy handles.
 * Knows nothing of either: it sends the Authorization it is given, to the origin it is given for,
 * and nowhere else. Nothing is repeated here, see retry.h.
 *
 * HTTPS (TLS 1.2 or newer) with verification (trust.h and tls.h say by which certificates); plain
 * HTTP only to loopback hosts unless the client or the request allows it. Proxies: see proxy.h.
 * curl_global_init() must have been called before threads start. */
#pragma once

#include "oci/base/error.h"

#include "oci/registry/url.h"
#include "oci/sink.h"

#include <gio/gio.h>
#include <stdint.h>

G_BEGIN_DECLS

enum
{
  OCI_HTTP_CONNECT_SECONDS = 30,
  OCI_HTTP_STALL_SECONDS = 60, /* without a byte in either direction */
  OCI_HTTP_BULK_STALL_SECONDS =
      180,                    /* where a blob moves: registries digest it before they reply */
  OCI_HTTP_DRIP_SECONDS = 60, /* a body that arrives must bring OCI_HTTP_DRIP_BYTES in this time */
  OCI_HTTP_DRIP_BYTES = 16 * 1024,
  OCI_HTTP_MAX_HEADER_BYTES = 64 * 1024,
  OCI_HTTP_MAX_BODY_BYTES = 4 * 1024 * 1024, /* the largest manifest */
  OCI_HTTP_MAX_REDIRECTS = 5,
};

/* Connections that are kept between requests. Several threads may use one client. */
typedef struct _OciHttpClient OciHttpClient;

/** Something that the user should know although work goes on. Called from any thread. */
typedef void (*OciHttpNotice) (gpointer data, const char *message);

typedef struct
{
  const char *user_agent;   /* "terrane/VERSION" */
  gboolean insecure;        /* certificates are not verified, plain HTTP may go to any host */
  uint64_t timeout_ms; /* for all requests together, from the client's creation; 0: no limit */
  unsigned stall_seconds;   /* instead of the two limits above, for tests; 0: those */
  gboolean offline;         /* every request fails before anything is opened: %OCI_ERROR_DENIED */
  OciHttpNotice notice;     /* (nullable) */
  gpointer notice_data;
} OciHttpOptions;

/**
 * oci_http_client_new:
 * @options: copied
 */
OciHttpClient *oci_http_client_new (const OciHttpOptions *options);
/** No request may be under way. */
void oci_http_client_free (OciHttpClient *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (OciHttpClient, oci_http_client_free)

gboolean oci_http_client_is_insecure (const OciHttpClient *self);

/** Passes a message on to the client's @notice. */
void oci_http_client_notice (const OciHttpClient *self, const char *format, ...)
    G_GNUC_PRINTF (2, 3);

/** Stops the clock of the client's time limit, and starts it again: other work between requests
 * does not count. No request may be under way. */
void oci_http_client_pause (OciHttpClient *self);
void oci_http_client_resume (OciHttpClient *self);

/** Milliseconds until the client's time limit, at least 0; -1 without one. */
gint64 oci_http_client_time_left (const OciHttpClient *self);

/** Sets %OCI_ERROR_LIMIT: the time limit is over. Returns: %FALSE */
gboolean oci_http_client_fail_late (const OciHttpClient *self, GError **error);

/* Files that TLS connections to one origin are verified with; they last as long as the client. */
typedef struct
{
  const char *ca_file;       /* (nullable): authorities, PEM; NULL: nothing is verified */
  const char *proxy_ca_file; /* (nullable): likewise, for a proxy on the way */
  const char *ca_name;       /* (nullable): where @ca_file is from, for messages */
  const char *certificate;   /* (nullable): the client's, PEM, with @key */
  const char *key;
} OciHttpCertificates;

/**
 * oci_http_client_certificates:
 * @out: (out): all NULL for plain HTTP
 *
 * For libraries that make their own connections. Thread-safe.
 */
gboolean oci_http_client_certificates (OciHttpClient *self, const OciUrlOrigin *origin,
                                       OciHttpCertificates *out, GError **error);

/** Called on the requesting thread; @sent counts from 0 again when a request must be repeated. */
typedef void (*OciHttpProgress) (gpointer data, uint64_t sent);

typedef struct _OciHttpResponse OciHttpResponse;

/* Takes a body that is too large for memory, on the requesting thread. */
typedef struct
{
  /* The headers of a 2xx answer are there; returning FALSE ends the request with @error. */
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
  int body_fd;                /* -1, or what is sent from its start without moving its offset */
  uint64_t body_size;         /* bytes to send from @body_fd */
  OciHttpProgress progress;   /* (nullable) */
  gpointer progress_data;
  const OciHttpReceiver *receiver; /* (nullable): takes the body of a 2xx answer */
  unsigned timeout_seconds;        /* for this request; 0: only the client's limits */
  const char *ca_file;    /* (nullable): PEM, authorities for this request instead of all others */
  gboolean no_redirects;  /* redirects are returned: for requests with secret headers */
  gboolean secret_body;   /* redirects to another origin are returned */
  gboolean local_service; /* plain HTTP is allowed and no proxy is asked: for the link-local
                           * addresses where clouds hand out credentials */
} OciHttpRequest;

#define OCI_HTTP_REQUEST_INIT(the_method, the_url)                                                 \
  {                                                                                                \
    .method = (the_method), .url = (the_url), .body_fd = -1                                        \
  }

struct _OciHttpResponse
{
  unsigned status;     /* such as 200 */
  char *url;           /* that answered, after redirects */
  GBytes *body;        /* at most OCI_HTTP_MAX_BODY_BYTES; empty when a receiver took it */
  GHashTable *headers; /* lower-case name -> value; several of one name are joined by ", " */
};

void oci_http_response_free (OciHttpResponse *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (OciHttpResponse, oci_http_response_free)

/** A header's value by its lower-case name, or NULL. Returns: (transfer none) */
const char *oci_http_response_header (const OciHttpResponse *self, const char *name);

/** Seconds since 1970 of an HTTP date (RFC 9110 section 5.6.7), or -1. */
gint64 oci_http_parse_date (const char *text);

/**
 * oci_http_client_send:
 * @cancellable: (nullable): noticed within a second
 *
 * Sends one request and reads the whole answer; any HTTP status is success here. Redirects of GET
 * and HEAD are followed, and those of POST and PUT that keep the method and the body (307, 308):
 * never from https to http, and without @authorization to another origin. Other redirects of POST
 * and PUT are returned as they are. Content that comes compressed unasked is decoded, but for a
 * receiver.
 *
 * Returns: (transfer full) (nullable): the answer, or %NULL with "HOST: …" in @error:
 *   %OCI_ERROR_UNREACHABLE (no connection was made), %OCI_ERROR_NETWORK (it broke, or drips),
 *   %OCI_ERROR_TIMEOUT (it stalled),
 *   %OCI_ERROR_DENIED (its certificate is not trusted; plain HTTP to a remote host; offline),
 *   %OCI_ERROR_CANCELLED, %OCI_ERROR_LIMIT (too large an answer; the client's time is over),
 *   %OCI_ERROR_FORMAT (not a URL; control characters in a header; no TLS at the port),
 * %OCI_ERROR_IO (@body_fd), or what the receiver says
 */
OciHttpResponse *oci_http_client_send (OciHttpClient *self, const OciHttpRequest *request,
                                       GCancellable *cancellable, GError **error);

G_END_DECLS
