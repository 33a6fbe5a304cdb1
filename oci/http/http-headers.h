/* Conversion of headers to and from libcurl's form. Private to http-exchange.c. */
#pragma once

#include "oci/http/message.h"

G_BEGIN_DECLS

struct curl_slist; /* libcurl's list of lines */

enum
{
  OCI_HTTP_EXPECT_BYTES = 1024 * 1024, /* larger bodies are announced with "Expect: 100-continue" */
};

/** Size of the request's body in bytes. */
uint64_t oci_http_request_body_size (const OciHttpRequest *request);

/**
 * oci_http_headers_build:
 * @authorize: whether to include the request's authorization
 * @out_list: (inout): extended, also after a failure; to be freed with oci_http_headers_free()
 *
 * Makes the list of headers. Secrets among them are removed from messages from now on, see
 * redact.h.
 *
 * Errors: %OCI_ERROR_FORMAT.
 */
gboolean oci_http_headers_build (const OciHttpRequest *request, gboolean authorize,
                                 struct curl_slist **out_list, GError **error);
/** Frees the list and overwrites its secrets. */
void oci_http_headers_free (struct curl_slist *list);

/** Adds "Name: value" to @headers; any other line is ignored. */
void oci_http_headers_store (GHashTable *headers, const char *line, size_t len);

G_END_DECLS
