/* Keys of auth files: HOST, HOST/NAMESPACE, and the URLs that old dockers wrote. */
#pragma once

#include "oci/base/json.h"

G_BEGIN_DECLS

/**
 * oci_auth_key_parse:
 * @key: HOST[:PORT] or HOST[:PORT]/NAMESPACE, as a login is for
 *
 * Returns: (transfer full) (nullable): its host, or %NULL with %OCI_ERROR_USAGE
 */
char *oci_auth_key_parse (const char *key, GError **error);

/**
 * oci_auth_key_find:
 * @object: a JSON object with keys of the kinds above
 * @repository: (nullable): "team/app"
 *
 * Searches as podman does: HOST/REPOSITORY, its parents up to HOST, then keys of the
 * "https://HOST/v1/" kind. The three names of docker.io count as one.
 *
 * Returns: (transfer none) (nullable): the object's own key
 */
const char *oci_auth_key_find (const json_t *object, const char *host, const char *repository);

/** @key as a login has it: of a URL only the host. Returns: (transfer full) */
char *oci_auth_key_plain (const char *key);

/** Whether @other is @key, or another name of the same host. */
gboolean oci_auth_key_same (const char *other, const char *key);

/** The name under which docker asks a "credsStore" for @host. Returns: (transfer none) */
const char *oci_auth_key_server (const char *host);

G_END_DECLS
