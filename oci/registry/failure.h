/* What a registry answered instead of doing its work, as an error that helps:
 * distribution-spec v1.1 "Error Codes". */
#pragma once

#include "oci/reference.h"
#include "oci/registry/auth-lookup.h"
#include "oci/registry/http.h"

G_BEGIN_DECLS

/**
 * oci_registry_failure:
 * @reference: which repository
 * @lookup: the credentials in use, for the advice on 401 and 403
 * @response: the answer, with any status
 * @what: what was being done, such as "uploading the blob sha256:…"
 *
 * Sets @error to "WHAT: CODE: ‘message’ (HTTP 4xx); what to do". The code is %OCI_ERROR_NOT_FOUND
 * for 404, %OCI_ERROR_NETWORK for what a retry may cure (408, 429, 499, 5xx), %OCI_ERROR_DENIED for
 * every other 4xx, %OCI_ERROR_FORMAT for a status that makes no sense here.
 *
 * Returns: always %FALSE
 */
gboolean oci_registry_failure (const OciReference *reference, const OciAuthLookup *lookup,
                               const OciHttpResponse *response, const char *what, GError **error);

/** What the registry says itself, quoted. Returns: (transfer full) (nullable) */
char *oci_registry_failure_text (const OciHttpResponse *response);

G_END_DECLS
