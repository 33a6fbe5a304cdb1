/* Headers on their way to libcurl and back. Private to http-exchange.c. */
#pragma once

#include "oci/http/message.h"

G_BEGIN_DECLS

struct curl_slist; /* libcurl's list of lines */

enum
{
  OCI_HTTP_EXPECT_BYTES = 1024 * 1024, /* larger bodies are announced first */
};

/** Bytes of the request's body. */
uint64_t oci_http_request_body_size (const OciHttpRequest *request);

/**
 * oci_http_headers_build:
 * @authorize: whether the request's authorization goes with them
 * @out_list: (inout): longer afterwards, also after a failure; oci_http_headers_free()
 *
 * The secrets among them are kept out of messages from now on, see redact.h.
 */
gboolean oci_http_headers_build (const OciHttpRequest *request, gboolean authorize,
                                 struct curl_slist **out_list, GError **error);
void oci_http_headers_free (struct curl_slist *list);

/** Adds "Name: value" to @headers; anything else is ignored. */
void oci_http_headers_store (GHashTable *headers, const char *line, size_t len);

G_END_DECLS
