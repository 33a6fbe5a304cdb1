/* Turns the error answer of a registry into a helpful error: distribution-spec v1.1 "Error
 * Codes". */
#pragma once

#include "oci/http/http.h"
#include "oci/reference.h"

G_BEGIN_DECLS

/**
 * oci_registry_failure:
 * @reference: the repository
 * @login_advice: (nullable): what to do about 401 and 403
 * @response: the answer, with any status
 * @what: the failed operation, such as "uploading the blob sha256:…"
 *
 * Sets @error to "WHAT: CODE: ‘message’ (HTTP 4xx); what to do". The code is %OCI_ERROR_NOT_FOUND
 * for 404, %OCI_ERROR_NETWORK if a retry may help (408, 429, 499, 5xx), %OCI_ERROR_DENIED for every
 * other 4xx, %OCI_ERROR_FORMAT for a status that makes no sense here.
 *
 * Returns: always %FALSE
 */
gboolean oci_registry_failure (const OciReference *reference, const char *login_advice,
                               const OciHttpResponse *response, const char *what, GError **error);

/** Whether the answer is an error document with @code, such as "NAME_UNKNOWN". */
gboolean oci_registry_failure_has_code (const OciHttpResponse *response, const char *code);

/** Whether the answer says that a token or password has expired. */
gboolean oci_registry_failure_is_expiry (const OciHttpResponse *response);

G_END_DECLS
