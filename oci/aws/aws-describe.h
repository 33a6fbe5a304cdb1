/* Which source the AWS credential chain would use, told from files and the environment alone. */
#pragma once

#include "oci/aws/aws-profile.h"

G_BEGIN_DECLS

/**
 * oci_aws_credentials_describe:
 * @out_source: (out) (transfer full) (nullable): the first source that is configured, without a
 * secret of it; %NULL when only the machine's own role is left
 *
 * In the order of oci_aws_credentials_find(), without any connection and without running a program.
 *
 * Returns: FALSE when the search would fail before it came to a source
 */
gboolean oci_aws_credentials_describe (char **out_source, GError **error);

G_END_DECLS
