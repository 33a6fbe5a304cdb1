#include "oci/registry/auth-key.h"

#include "oci/reference.h"

#include <string.h>

/* docker login's name of docker.io. */
#define DOCKER_SERVER "https://index.docker.io/v1/"

static const char *
canonical_host (const char *host)
{
  return strcmp (host, "docker.io") == 0 || strcmp (host, "registry-1.docker.io") == 0
             ? "index.docker.io"
             : host;
}

char *
oci_auth_key_plain (const char *key)
{
  static const char *const schemes[] = { "https://", "http://" };
  for (size_t i = 0; i < G_N_ELEMENTS (schemes); i++)
    if (g_str_has_prefix (key, schemes[i]))
      {
        const char *start = key + strlen (schemes[i]);
        return g_strndup (start, strcspn (start, "/"));
      }
  /* Without a scheme the rest is a namespace, unless it is the path of an API. */
  static const char *const ends[] = { "/", "/v1", "/v1/", "/v2", "/v2/" };
  const char *slash = strchr (key, '/');
  for (size_t i = 0; slash != NULL && i < G_N_ELEMENTS (ends); i++)
    if (strcmp (slash, ends[i]) == 0)
      return g_strndup (key, (gsize) (slash - key));
  return g_strdup (key);
}

/* Whether @key is @host in the "https://HOST/v1/" form or as another name of docker.io. */
static gboolean
key_names_host (const char *key, const char *host)
{
  g_autofree char *plain = oci_auth_key_plain (key);
  return strcmp (canonical_host (plain), canonical_host (host)) == 0;
}

char *
oci_auth_key_parse (const char *key, GError **error)
{
  g_autofree char *quoted = oci_quote (key);
  g_autofree char *text =
      strchr (key, '/') == NULL ? g_strconcat (key, "/x", NULL) : g_strdup (key);
  g_autoptr (OciReference) reference =
      strstr (key, "://") == NULL ? oci_reference_parse (text, NULL) : NULL;
  if (reference != NULL && reference->tag == NULL && !reference->has_digest)
    return g_strdup (reference->host);
  oci_throw (
      error, OCI_ERROR_USAGE,
      "invalid registry %s: expected HOST[:PORT][/NAMESPACE], such as registry.example.org:5000",
      quoted);
  return NULL;
}

static const char *
find_exactly (const json_t *object, const char *key)
{
  void *found = json_object_iter_at ((json_t *) object, key);
  return found != NULL ? json_object_iter_key (found) : NULL;
}

/* Returns @key, or another name of docker.io. */
static const char *
find_alias (const json_t *object, const char *host, const char *key)
{
  static const char *const names[] = { "docker.io", "index.docker.io", "registry-1.docker.io" };
  const char *found = find_exactly (object, key);
  gboolean docker = strcmp (canonical_host (host), "index.docker.io") == 0;
  for (size_t i = 0; found == NULL && docker && i < G_N_ELEMENTS (names); i++)
    {
      g_autofree char *other = g_strconcat (names[i], key + strlen (host), NULL);
      found = find_exactly (object, other);
    }
  return found;
}

const char *
oci_auth_key_find (const json_t *object, const char *host, const char *repository)
{
  g_autofree char *key =
      g_strconcat (host, repository != NULL ? "/" : "", repository, NULL); /* NULL ends it */
  for (char *slash = key + strlen (key); slash != NULL; slash = strrchr (key, '/'))
    {
      *slash = '\0';
      const char *found = find_alias (object, host, key);
      if (found != NULL)
        return found;
    }
  const char *other;
  json_t *value;
  json_object_foreach ((json_t *) object, other, value)
  {
    (void) value;
    if (key_names_host (other, host))
      return other;
  }
  return NULL;
}

gboolean
oci_auth_key_same (const char *other, const char *key)
{
  return strcmp (other, key) == 0 || (strchr (key, '/') == NULL && key_names_host (other, key));
}

const char *
oci_auth_key_server (const char *host)
{
  return strcmp (canonical_host (host), "index.docker.io") == 0 ? DOCKER_SERVER : host;
}
