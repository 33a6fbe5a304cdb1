/* Image configurations: image-spec v1.1 config.md. What a base brought and nobody changed stays,
 * also members that terrane does not know. */
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

/** Returns: (transfer full) (nullable): a configuration of either family */
OciImageConfig *oci_image_config_parse (const char *name, GBytes *raw, GError **error);

void oci_image_config_free (OciImageConfig *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (OciImageConfig, oci_image_config_free)

/** Returns: (transfer full): the document to digest and store */
GBytes *oci_image_config_dump (const OciImageConfig *self);

/* Borrowed texts, valid until the configuration changes; NULL when absent. */
const char *oci_image_config_os (const OciImageConfig *self);
const char *oci_image_config_architecture (const OciImageConfig *self);
/** Whether the image says for which platform it is, in words that are known. */
gboolean oci_image_config_platform (const OciImageConfig *self, OciPlatform *out_platform);
/** "os/architecture[/variant]" in the image's own words, whatever they are. Returns: (transfer
 * full) */
char *oci_image_config_platform_text (const OciImageConfig *self);
const char *oci_image_config_created (const OciImageConfig *self);
const char *oci_image_config_working_dir (const OciImageConfig *self);
const char *oci_image_config_user (const OciImageConfig *self);

/** Lists of strings; empty when absent. Returns: (transfer full) */
char **oci_image_config_entrypoint (const OciImageConfig *self);
char **oci_image_config_cmd (const OciImageConfig *self);
/** Both: what is run. Returns: (transfer full) */
char **oci_image_config_argv (const OciImageConfig *self);

/**
 * oci_image_config_argv_with:
 * @cmd: (nullable): words instead of the image's command
 * @handler: (nullable): a word instead of it; of an image without an entrypoint, instead of its
 *   command's last word
 *
 * Of another function in the same image. At most one of both is given.
 */
char **oci_image_config_argv_with (const OciImageConfig *self, const char *const *cmd,
                                   const char *handler);
/** "NAME=VALUE" strings. Returns: (transfer full) */
char **oci_image_config_env (const OciImageConfig *self);

guint oci_image_config_n_layers (const OciImageConfig *self);
gboolean oci_image_config_diff_id (const OciImageConfig *self, guint index, OciDigest *out_digest,
                                   GError **error);

void oci_image_config_set_created (OciImageConfig *self, const char *rfc3339);
/** Sets the entrypoint and, as Dockerfiles do, drops an inherited command. */
void oci_image_config_set_entrypoint (OciImageConfig *self, const char *const *argv);
void oci_image_config_set_cmd (OciImageConfig *self, const char *const *argv);
void oci_image_config_set_working_dir (OciImageConfig *self, const char *path);
void oci_image_config_set_user (OciImageConfig *self, const char *user);
/** Replaces a variable in place or adds it at the end. */
void oci_image_config_set_env (OciImageConfig *self, const char *name, const char *value);
void oci_image_config_set_label (OciImageConfig *self, const char *name, const char *value);

/**
 * oci_image_config_complete_history:
 *
 * Gives each layer that no history entry is for an entry of its own: podman, docker and buildah
 * count them against the layers once there is one.
 */
void oci_image_config_complete_history (OciImageConfig *self);

/** Appends a layer's diffID and its history entry. */
void oci_image_config_add_layer (OciImageConfig *self, const OciDigest *diff_id,
                                 const char *created, const char *created_by);

G_END_DECLS
