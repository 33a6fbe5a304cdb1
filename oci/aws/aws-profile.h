/* Reads the AWS shared config and credentials files: sections of "key = value" lines, in the
 * dialect of the AWS command line. */
#pragma once

#include "oci/base/error.h"

G_BEGIN_DECLS

/* Content of both files. */
typedef struct _OciAwsConfig OciAwsConfig;

/**
 * oci_aws_config_load:
 * Reads $AWS_CONFIG_FILE (~/.aws/config) and $AWS_SHARED_CREDENTIALS_FILE (~/.aws/credentials).
 * Missing files are empty.
 *
 * Returns: (transfer full)
 * Errors: %OCI_ERROR_FORMAT with "FILE:LINE: …", never with text from the file; %OCI_ERROR_LIMIT,
 *   %OCI_ERROR_IO.
 */
OciAwsConfig *oci_aws_config_load (GError **error);
void oci_aws_config_free (OciAwsConfig *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (OciAwsConfig, oci_aws_config_free)

/** Returns: (transfer none): the profile in use: $AWS_PROFILE, else $AWS_DEFAULT_PROFILE, else
 * "default" */
const char *oci_aws_profile_name (void);

/** Whether either file has the profile. */
gboolean oci_aws_config_has_profile (const OciAwsConfig *self, const char *profile);

/** Returns: (transfer none) (nullable): a value of a profile; the credentials file has precedence
 */
const char *oci_aws_config_get (const OciAwsConfig *self, const char *profile, const char *key);

/** Returns: (transfer none) (nullable): a value of an [sso-session NAME] */
const char *oci_aws_config_get_session (const OciAwsConfig *self, const char *session,
                                        const char *key);

/** Returns: (transfer none) (nullable): a value of a service in a [services NAME], whose lines are
 * indented below "SERVICE =" */
const char *oci_aws_config_get_service (const OciAwsConfig *self, const char *services,
                                        const char *service, const char *key);

/** Whether a [services NAME] exists. */
gboolean oci_aws_config_has_services (const OciAwsConfig *self, const char *services);

/** Returns: (transfer none): path of the file that has the key of the profile, for messages */
const char *oci_aws_config_file_of (const OciAwsConfig *self, const char *profile, const char *key);

/**
 * oci_aws_ini_parse:
 * @name: of the file, for messages
 * @out_sections: (out) (transfer full): section name -> GHashTable of key -> value
 *
 * Accepts "[section]", and "key = value" with comments on lines of their own or after " #" and "
 * ;". Lines that are indented more than the key above belong to it: below an empty value, "key =
 * value" is stored as "ABOVE.key"; anything else is ignored.
 *
 * Errors: %OCI_ERROR_FORMAT.
 */
gboolean oci_aws_ini_parse (const char *name, GBytes *data, GHashTable **out_sections,
                            GError **error);

G_END_DECLS
