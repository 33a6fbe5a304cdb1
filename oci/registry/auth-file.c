#include "oci/registry/auth-file.h"

#include "oci/base/fd.h"
#include "oci/base/json.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

enum
{
  AUTH_FILE_MAX_BYTES = 1024 * 1024,
};

void
oci_secret_free (char *secret)
{
  if (secret != NULL)
    explicit_bzero (secret, strlen (secret));
  g_free (secret);
}

void
oci_credentials_free (OciCredentials *self)
{
  if (self == NULL)
    return;
  g_free (self->user);
  oci_secret_free (self->password);
  g_free (self->source);
  g_free (self);
}

OciCredentials *
oci_credentials_copy (const OciCredentials *self)
{
  OciCredentials *copy = g_new0 (OciCredentials, 1);
  copy->user = g_strdup (self->user);
  copy->password = g_strdup (self->password);
  copy->source = g_strdup (self->source);
  copy->identity_token = self->identity_token;
  return copy;
}

/* docker login docker.io writes "https://index.docker.io/v1/". */
static const char *
canonical_host (const char *host)
{
  return strcmp (host, "docker.io") == 0 || strcmp (host, "registry-1.docker.io") == 0
             ? "index.docker.io"
             : host;
}

/* Whether @key is @host in the "https://HOST/v1/" form or as another name of docker.io. */
static gboolean
key_names_host (const char *key, const char *host)
{
  static const char *const schemes[] = { "https://", "http://" };
  g_autofree char *name = NULL;
  for (size_t i = 0; name == NULL && i < G_N_ELEMENTS (schemes); i++)
    if (g_str_has_prefix (key, schemes[i]))
      {
        const char *start = key + strlen (schemes[i]);
        name = g_strndup (start, strcspn (start, "/"));
      }
  return strcmp (canonical_host (name != NULL ? name : key), canonical_host (host)) == 0;
}

static gboolean
find_entry (const OciJson *auths, const char *host, const char *repository, OciJson *out_entry)
{
  g_autofree char *key = g_strconcat (host, "/", repository, NULL);
  for (char *slash = key + strlen (key); slash != NULL; slash = strrchr (key, '/'))
    {
      *slash = '\0';
      void *found = json_object_iter_at ((json_t *) auths->value, key);
      if (found != NULL) /* its own key, since cursors borrow */
        return oci_json_member (auths, json_object_iter_key (found), out_entry);
    }
  const char *other;
  json_t *value;
  json_object_foreach ((json_t *) auths->value, other, value)
  {
    (void) value;
    if (key_names_host (other, host))
      return oci_json_member (auths, other, out_entry);
  }
  return FALSE;
}

/* g_base64_decode() skips what it does not know; here that means a damaged file. */
static gboolean
is_base64 (const char *text)
{
  static const char others[] = "+/";
  size_t len = strlen (text), padding = 0;
  while (padding < 2 && padding < len && text[len - 1 - padding] == '=')
    padding++;
  for (size_t i = 0; i < len - padding; i++)
    if (!g_ascii_isalnum (text[i]) && memchr (others, text[i], sizeof (others) - 1) == NULL)
      return FALSE;
  return len % 4 == 0;
}

/* "user:password" in base64. Problems never show the text. */
static OciCredentials *
decode (const OciJson *at, const char *text)
{
  if (!is_base64 (text))
    {
      oci_json_problem (at, "is not base64");
      return NULL;
    }
  gsize len = 0;
  g_autofree guchar *decoded = g_base64_decode (text, &len);
  while (len > 0 && decoded[len - 1] == '\0') /* old dockers padded */
    len--;
  const guchar *colon = len > 0 ? memchr (decoded, ':', len) : NULL;
  OciCredentials *self = NULL;
  if (colon == NULL)
    oci_json_problem (at, "is not ‘USER:PASSWORD’ in base64");
  else if (memchr (decoded, '\0', len) != NULL)
    oci_json_problem (at, "has a NUL byte in it");
  else
    {
      self = g_new0 (OciCredentials, 1);
      self->user = g_strndup ((const char *) decoded, (gsize) (colon - decoded));
      self->password = g_strndup ((const char *) colon + 1, len - (gsize) (colon + 1 - decoded));
    }
  explicit_bzero (decoded, len);
  return self;
}

static gboolean
is_set (const OciJson *object, const char *key, const char **out_text)
{
  OciJson member;
  return oci_json_member (object, key, &member) && oci_json_string (&member, out_text)
         && (*out_text)[0] != '\0';
}

static gboolean
refuse_helper (const char *name, const char *host, const char *keeper, GError **error)
{
  g_autofree char *quoted = oci_quote (keeper);
  return oci_throw (error, OCI_ERROR_UNSUPPORTED,
                    "%s: the credentials of %s are with %s, which terrane cannot ask; store a "
                    "password with 'podman login %s'",
                    name, host, quoted, host);
}

static gboolean
read_credentials (const OciJson *root, const char *name, const char *host, const char *repository,
                  OciCredentials **out_credentials, GError **error)
{
  OciJson auths, entry, auth, helpers;
  const char *text;
  *out_credentials = NULL;
  if (!oci_json_object (root, NULL))
    return TRUE; /* noted */
  if (oci_json_member (root, "credHelpers", &helpers) && oci_json_object (&helpers, NULL)
      && is_set (&helpers, host, &text))
    return refuse_helper (name, host, text, error);
  if (!oci_json_member (root, "auths", &auths) || !oci_json_object (&auths, NULL)
      || !find_entry (&auths, host, repository, &entry) || !oci_json_object (&entry, NULL))
    return TRUE;
  if (is_set (&entry, "identitytoken", &text))
    return refuse_helper (name, host, "an identity token", error);
  if (is_set (&entry, "auth", &text) && oci_json_member (&entry, "auth", &auth))
    *out_credentials = decode (&auth, text);
  else if (is_set (root, "credsStore", &text)) /* an empty entry marks what the store has */
    return refuse_helper (name, host, text, error);
  return TRUE;
}

/* jansson quotes what it stumbled over, which here may be a password. */
static void
drop_quoted_text (const char *name, GError **error)
{
  if (error == NULL || *error == NULL || !g_str_has_prefix ((*error)->message, name))
    return;
  char *near = strstr ((*error)->message + strlen (name), " near '");
  if (near != NULL)
    *near = '\0';
}

gboolean
oci_auth_file_parse (const char *name, GBytes *data, const char *host, const char *repository,
                     OciCredentials **out_credentials, GError **error)
{
  OciJson root;
  g_autoptr (OciJsonDocument) document =
      oci_json_parse (name, data, OCI_ERROR_FORMAT, &root, error);
  if (document == NULL)
    {
      drop_quoted_text (name, error);
      return FALSE;
    }
  g_autoptr (OciCredentials) credentials = NULL;
  if (!read_credentials (&root, name, host, repository, &credentials, error)
      || !oci_json_document_finish (document, error))
    return FALSE;
  if (credentials != NULL)
    credentials->source = g_strdup (name);
  *out_credentials = g_steal_pointer (&credentials);
  return TRUE;
}

static const char *
environment (const char *name)
{
  const char *value = g_getenv (name);
  return value != NULL && value[0] != '\0' ? value : NULL;
}

static char *
home_path (const char *variable, const char *below_home, const char *file)
{
  const char *directory = environment (variable);
  if (directory != NULL)
    return g_build_filename (directory, file, NULL);
  const char *home = environment ("HOME");
  return g_build_filename (home != NULL ? home : g_get_home_dir (), below_home, file, NULL);
}

static GPtrArray *
search_path (void)
{
  GPtrArray *paths = g_ptr_array_new_with_free_func (g_free);
  const char *only = environment ("REGISTRY_AUTH_FILE");
  const char *runtime = environment ("XDG_RUNTIME_DIR");
  if (only != NULL)
    g_ptr_array_add (paths, g_strdup (only));
  else
    {
      g_ptr_array_add (paths, runtime != NULL
                                  ? g_build_filename (runtime, "containers", "auth.json", NULL)
                                  : g_strdup_printf ("/run/containers/%u/auth.json", getuid ()));
      g_ptr_array_add (paths, home_path ("XDG_CONFIG_HOME", ".config", "containers/auth.json"));
      g_ptr_array_add (paths, home_path ("DOCKER_CONFIG", ".docker", "config.json"));
    }
  return paths;
}

/* A file that is not there has no credentials. */
static gboolean
search_file (const char *path, const char *host, const char *repository,
             OciCredentials **out_credentials, GError **error)
{
  g_autoptr (GError) local = NULL;
  g_autoptr (GBytes) data = NULL;
  gboolean chosen = environment ("REGISTRY_AUTH_FILE") != NULL;
  OCI_PREFIX (error, "registry credentials%s", chosen ? " of $REGISTRY_AUTH_FILE" : "");
  *out_credentials = NULL;
  if (oci_read_file (AT_FDCWD, path, AUTH_FILE_MAX_BYTES, &data, &local))
    return oci_auth_file_parse (path, data, host, repository, out_credentials, error);
  if (!chosen && g_error_matches (local, OCI_ERROR, OCI_ERROR_NOT_FOUND))
    return TRUE;
  g_propagate_error (error, g_steal_pointer (&local));
  return FALSE;
}

OciAuthLookup *
oci_auth_lookup (const char *host, const char *repository, G_GNUC_UNUSED GCancellable *cancellable,
                 GError **error)
{
  g_autoptr (GPtrArray) paths = search_path ();
  g_autoptr (OciAuthLookup) self = g_new0 (OciAuthLookup, 1);
  g_autoptr (GPtrArray) searched = g_ptr_array_new_with_free_func (g_free);
  for (guint i = 0; i < paths->len && self->credentials == NULL; i++)
    {
      g_ptr_array_add (searched, g_strdup (paths->pdata[i]));
      if (!search_file (paths->pdata[i], host, repository, &self->credentials, error))
        return NULL;
    }
  g_ptr_array_add (searched, NULL);
  self->searched = (char **) g_ptr_array_steal (searched, NULL);
  return g_steal_pointer (&self);
}

void
oci_auth_lookup_free (OciAuthLookup *self)
{
  if (self == NULL)
    return;
  oci_credentials_free (self->credentials);
  g_strfreev (self->searched);
  g_free (self);
}
