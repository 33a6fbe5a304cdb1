/* What requests have in common: options, time limit, certificates, connections that are kept. */
#pragma once

#include "oci/http/url.h"

#include <gio/gio.h>
#include <stdint.h>

G_BEGIN_DECLS

/* Connections that are kept between requests. Several threads may use one client. */
typedef struct _OciHttpClient OciHttpClient;

/** Something that the user should know although work goes on. Called from any thread. */
typedef void (*OciHttpNotice) (gpointer data, const char *message);

typedef struct
{
  const char *user_agent; /* "terrane/VERSION" */
  gboolean insecure;      /* certificates are not verified, plain HTTP may go to any host */
  uint64_t timeout_ms;    /* for all requests together, from the client's creation; 0: no limit */
  unsigned stall_seconds; /* instead of the two limits above, for tests; 0: those */
  gboolean offline;       /* every request fails before anything is opened: %OCI_ERROR_DENIED */
  OciHttpNotice notice;   /* (nullable) */
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

G_END_DECLS
