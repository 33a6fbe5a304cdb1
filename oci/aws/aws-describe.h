/* Finds out which source the AWS credential chain would use, from files and the environment
 * alone. */
#pragma once

#include "oci/aws/aws-profile.h"

G_BEGIN_DECLS

/**
 * oci_aws_credentials_describe:
 * @out_source: (out) (transfer full) (nullable): the first source that is configured, without its
 *   secrets; %NULL if only the machine's own role is left
 *
 * Follows the order of oci_aws_credentials_find(), without any connection and without running a
 * program. Fails if the search would fail before it finds a source.
 *
 * Errors: %OCI_ERROR_FORMAT, %OCI_ERROR_LIMIT, %OCI_ERROR_NOT_FOUND, %OCI_ERROR_DENIED,
 *   %OCI_ERROR_IO.
 */
gboolean oci_aws_credentials_describe (char **out_source, GError **error);

G_END_DECLS
