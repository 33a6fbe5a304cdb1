/* Keys of auth files: HOST, HOST/NAMESPACE, and the URLs that old versions of docker wrote. */
#pragma once

#include "oci/base/json.h"

G_BEGIN_DECLS

/**
 * oci_auth_key_parse:
 * @key: HOST[:PORT] or HOST[:PORT]/NAMESPACE, as given to login
 *
 * Returns: (transfer full): its host
 * Errors: %OCI_ERROR_USAGE.
 */
char *oci_auth_key_parse (const char *key, GError **error);

/**
 * oci_auth_key_find:
 * @object: a JSON object with keys of the kinds above
 * @repository: (nullable): "team/app"
 *
 * Searches as podman does: HOST/REPOSITORY, its parents up to HOST, then keys like
 * "https://HOST/v1/". The three names of docker.io are equivalent.
 *
 * Returns: (transfer none) (nullable): the object's own key
 */
const char *oci_auth_key_find (const json_t *object, const char *host, const char *repository);

/** Returns: (transfer full): @key as given to login: for a URL its host */
char *oci_auth_key_plain (const char *key);

/** Whether @other is @key, or another name of the same host. */
gboolean oci_auth_key_same (const char *other, const char *key);

/** Returns: (transfer none): the name for which docker asks a "credsStore" about @host */
const char *oci_auth_key_server (const char *host);

G_END_DECLS
