/* The AWS shared config and credentials files: sections of "key = value" lines, in the dialect that
 * the AWS command line reads. Only read, never written. */
#pragma once

#include "oci/base/error.h"

G_BEGIN_DECLS

/* Both files. */
typedef struct _OciAwsConfig OciAwsConfig;

/**
 * oci_aws_config_load:
 *
 * Reads $AWS_CONFIG_FILE (~/.aws/config) and $AWS_SHARED_CREDENTIALS_FILE (~/.aws/credentials).
 * Files that do not exist are empty.
 *
 * Returns: (transfer full) (nullable): or %NULL with "FILE:LINE: …", never with text from the file
 */
OciAwsConfig *oci_aws_config_load (GError **error);
void oci_aws_config_free (OciAwsConfig *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (OciAwsConfig, oci_aws_config_free)

/** The profile in use: $AWS_PROFILE, else $AWS_DEFAULT_PROFILE, else "default". */
const char *oci_aws_profile_name (void);

/** Whether either file has the profile. */
gboolean oci_aws_config_has_profile (const OciAwsConfig *self, const char *profile);

/** A value of a profile, of the credentials file before the config file, or NULL.
 * Returns: (transfer none) */
const char *oci_aws_config_get (const OciAwsConfig *self, const char *profile, const char *key);

/** A value of an [sso-session NAME], or NULL. Returns: (transfer none) */
const char *oci_aws_config_get_session (const OciAwsConfig *self, const char *session,
                                        const char *key);

/** A value of a service in a [services NAME], or NULL: its lines stand indented below "SERVICE =".
 * Returns: (transfer none) */
const char *oci_aws_config_get_service (const OciAwsConfig *self, const char *services,
                                        const char *service, const char *key);

/** Whether there is a [services NAME]. */
gboolean oci_aws_config_has_services (const OciAwsConfig *self, const char *services);

/** The path of the file that has the key of the profile, for messages. Returns: (transfer none) */
const char *oci_aws_config_file_of (const OciAwsConfig *self, const char *profile, const char *key);

/**
 * oci_aws_ini_parse:
 * @name: of the file, for messages
 * @out_sections: (out) (transfer full): section name -> GHashTable of key -> value
 *
 * "[section]", "key = value" with comments on lines of their own or after " #" and " ;"; lines
 * that are indented more than the key above belong to it: below an empty value "key = value" is
 * kept as "ABOVE.key", anything else is left out.
 */
gboolean oci_aws_ini_parse (const char *name, GBytes *data, GHashTable **out_sections,
                            GError **error);

G_END_DECLS
