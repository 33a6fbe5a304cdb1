/* Image configurations: image-spec v1.1 config.md. Unknown and unchanged members of a base are
 * preserved. */
#pragma once

#include "oci/base/json.h"
#include "oci/digest.h"
#include "oci/platform.h"

G_BEGIN_DECLS

enum
{
  OCI_IMAGE_CONFIG_MAX_BYTES = 8 * 1024 * 1024,
};

typedef struct _OciImageConfig OciImageConfig;

/** Returns: (transfer full): an empty configuration */
OciImageConfig *oci_image_config_new (const char *os, const char *architecture);

/** Reads a configuration of the OCI or Docker family. Returns: (transfer full). Errors:
 * %OCI_ERROR_FORMAT. */
OciImageConfig *oci_image_config_parse (const char *name, GBytes *raw, GError **error);

void oci_image_config_free (OciImageConfig *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (OciImageConfig, oci_image_config_free)

/** Returns: (transfer full): the document to digest and store */
GBytes *oci_image_config_dump (const OciImageConfig *self);

/* Getters return borrowed texts, valid until the configuration changes; %NULL when absent. */
/** Returns: (transfer none) (nullable) */
const char *oci_image_config_os (const OciImageConfig *self);
/** Returns: (transfer none) (nullable) */
const char *oci_image_config_architecture (const OciImageConfig *self);
/** Whether the image names its platform in known words. */
gboolean oci_image_config_platform (const OciImageConfig *self, OciPlatform *out_platform);
/** Returns: (transfer full): "os/architecture[/variant]" in the image's own words, known or not */
char *oci_image_config_platform_text (const OciImageConfig *self);
/** Returns: (transfer none) (nullable): a time of RFC 3339 */
const char *oci_image_config_created (const OciImageConfig *self);
/** Returns: (transfer none) (nullable) */
const char *oci_image_config_working_dir (const OciImageConfig *self);
/** Returns: (transfer none) (nullable) */
const char *oci_image_config_user (const OciImageConfig *self);

/** Returns: (transfer full): NULL-terminated; empty when absent */
char **oci_image_config_entrypoint (const OciImageConfig *self);
/** Returns: (transfer full): NULL-terminated; empty when absent */
char **oci_image_config_cmd (const OciImageConfig *self);
/** Returns: (transfer full): what is run: entrypoint and command */
char **oci_image_config_argv (const OciImageConfig *self);

/**
 * oci_image_config_argv_with:
 * @cmd: (nullable): words instead of the image's command
 * @handler: (nullable): a word instead of the command; for an image without an entrypoint, instead
 *   of the command's last word
 *
 * The words that run another function of the same image. At most one of the two is given.
 *
 * Returns: (transfer full)
 */
char **oci_image_config_argv_with (const OciImageConfig *self, const char *const *cmd,
                                   const char *handler);
/** Returns: (transfer full): "NAME=VALUE" strings */
char **oci_image_config_env (const OciImageConfig *self);

/** Number of layers. */
guint oci_image_config_n_layers (const OciImageConfig *self);
/** Reads the diffID of layer @index, from 0 for the lowest. Errors: %OCI_ERROR_FORMAT,
 * %OCI_ERROR_CORRUPT, %OCI_ERROR_UNSUPPORTED. */
gboolean oci_image_config_diff_id (const OciImageConfig *self, guint index, OciDigest *out_digest,
                                   GError **error);

/**
 * oci_image_config_set_created:
 * @rfc3339: time of creation
 */
void oci_image_config_set_created (OciImageConfig *self, const char *rfc3339);
/** Sets the entrypoint and, like Dockerfiles, removes an inherited command. */
void oci_image_config_set_entrypoint (OciImageConfig *self, const char *const *argv);
/** Sets the command. */
void oci_image_config_set_cmd (OciImageConfig *self, const char *const *argv);
/** Sets the working directory. */
void oci_image_config_set_working_dir (OciImageConfig *self, const char *path);
/** Sets the user, as "NAME", "UID" or "UID:GID". */
void oci_image_config_set_user (OciImageConfig *self, const char *user);
/** Replaces a variable in place, or appends it. */
void oci_image_config_set_env (OciImageConfig *self, const char *name, const char *value);
/** Sets a label. */
void oci_image_config_set_label (OciImageConfig *self, const char *name, const char *value);

/** Adds a history entry for each layer that lacks one: podman, docker and buildah match the entries
 * with the layers once there is any. */
void oci_image_config_complete_history (OciImageConfig *self);

/** Appends a layer's diffID and its history entry. */
void oci_image_config_add_layer (OciImageConfig *self, const OciDigest *diff_id,
                                 const char *created, const char *created_by);

G_END_DECLS
