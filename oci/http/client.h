/* State shared by requests: options, time limit, certificates, kept connections. */
#pragma once

#include "oci/http/url.h"

#include <gio/gio.h>
#include <stdint.h>

G_BEGIN_DECLS

/* Several threads may use one client. */
typedef struct _OciHttpClient OciHttpClient;

/** Receives a message that the user should see although work continues. Called from any thread. */
typedef void (*OciHttpNotice) (gpointer data, const char *message);

typedef struct
{
  const char *user_agent; /* "terrane/VERSION" */
  gboolean insecure;      /* certificates are not verified, and plain HTTP is allowed to any host */
  uint64_t timeout_ms;    /* for all requests together, from the client's creation; 0: no limit */
  unsigned stall_seconds; /* replaces both OCI_HTTP_*STALL_SECONDS, for tests; 0: these */
  gboolean offline;       /* every request fails with %OCI_ERROR_DENIED before anything is opened */
  OciHttpNotice notice;   /* (nullable) */
  gpointer notice_data;
} OciHttpOptions;

/**
 * oci_http_client_new:
 * @options: copied
 *
 * Returns: (transfer full): a client without connections
 */
OciHttpClient *oci_http_client_new (const OciHttpOptions *options);
/** Closes all connections. No request may be in progress. */
void oci_http_client_free (OciHttpClient *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (OciHttpClient, oci_http_client_free)

/** Whether the options say insecure. */
gboolean oci_http_client_is_insecure (const OciHttpClient *self);

/** Passes a message to the client's @notice. */
void oci_http_client_notice (const OciHttpClient *self, const char *format, ...)
    G_GNUC_PRINTF (2, 3);

/** Stops the clock of the client's time limit, so that other work between requests does not count.
 * No request may be in progress. */
void oci_http_client_pause (OciHttpClient *self);
/** Restarts the clock that oci_http_client_pause() stopped. */
void oci_http_client_resume (OciHttpClient *self);

/** Milliseconds until the client's time limit, at least 0; -1 if it has none. */
gint64 oci_http_client_time_left (const OciHttpClient *self);

/** Sets %OCI_ERROR_LIMIT: the time limit has passed. Returns: always %FALSE */
gboolean oci_http_client_fail_late (const OciHttpClient *self, GError **error);

/* Files for verifying TLS connections to one origin; they exist as long as the client. */
typedef struct
{
  const char *ca_file;       /* (nullable): authorities, PEM; NULL: nothing is verified */
  const char *proxy_ca_file; /* (nullable): likewise, for a proxy */
  const char *ca_name;       /* (nullable): origin of @ca_file, for messages */
  const char *certificate;   /* (nullable): the client certificate, PEM, with @key */
  const char *key;
} OciHttpCertificates;

/**
 * oci_http_client_certificates:
 * @out: (out): all NULL for plain HTTP
 *
 * For libraries that make their own connections. Thread-safe.
 *
 * Errors: %OCI_ERROR_FORMAT, %OCI_ERROR_LIMIT, %OCI_ERROR_NOT_FOUND, %OCI_ERROR_IO.
 */
gboolean oci_http_client_certificates (OciHttpClient *self, const OciUrlOrigin *origin,
                                       OciHttpCertificates *out, GError **error);

G_END_DECLS
