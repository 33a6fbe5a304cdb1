#include "oci/registry/auth-file.h"

#include "oci/registry/auth-key.h"
#include "oci/registry/credential-helper.h"

#include <stdlib.h>
#include <string.h>

void
oci_auth_entry_clear (OciAuthEntry *self)
{
  oci_credentials_free (self->credentials);
  g_free (self->helper);
  g_free (self->server);
  *self = (OciAuthEntry){ 0 };
}

/* A document that contains secrets until it is freed. */
typedef struct
{
  OciJsonDocument *document;
  OciJson root;
} AuthDocument;

static void
auth_document_clear (AuthDocument *self)
{
  if (self->document != NULL)
    oci_secret_wipe_json ((json_t *) self->root.value);
  g_clear_pointer (&self->document, oci_json_document_free);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (AuthDocument, auth_document_clear)

/* docker accepts a blank file as one without credentials. */
static gboolean
is_blank (GBytes *data)
{
  gsize size = 0, i = 0;
  const char *bytes = g_bytes_get_data (data, &size);
  while (i < size && g_ascii_isspace (bytes[i]))
    i++;
  return i == size;
}

static gboolean
auth_document_open (AuthDocument *self, const char *name, GBytes *data, GError **error)
{
  static const char empty[] = "{}";
  g_autoptr (GBytes) text =
      is_blank (data) ? g_bytes_new_static (empty, strlen (empty)) : g_bytes_ref (data);
  self->document = oci_secret_json_parse (name, text, &self->root, error);
  return self->document != NULL;
}

/* Finds a member that is an object; another type is noted. */
static gboolean
find_object (const OciJson *root, const char *key, OciJson *out_object)
{
  return oci_json_object (root, NULL) && oci_json_member (root, key, out_object)
         && oci_json_object (out_object, NULL);
}

static gboolean
find_entry (const OciJson *object, const char *host, const char *repository, OciJson *out_entry)
{
  const char *key = oci_auth_key_find (object->value, host, repository);
  return key != NULL && oci_json_member (object, key, out_entry);
}

/* g_base64_decode() skips unknown characters; here they mean a damaged file. */
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

/* "user:password" in base64. Problems never show the text. Line breaks are skipped, as in Go:
 * base64(1) wraps after 76 characters. */
static OciCredentials *
decode (const OciJson *at, const char *wrapped)
{
  g_autoptr (OciSecret) text = g_strdup (wrapped);
  char *end = text;
  for (const char *p = wrapped; *p != '\0'; p++)
    if (*p != '\r' && *p != '\n')
      *end++ = *p;
  *end = '\0';
  if (!is_base64 (text))
    {
      oci_json_problem (at, "is not base64");
      return NULL;
    }
  gsize len = 0;
  g_autofree guchar *decoded = g_base64_decode (text, &len);
  gsize decoded_len = len;
  while (len > 0 && decoded[len - 1] == '\0') /* old versions of docker padded */
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
  explicit_bzero (decoded, decoded_len);
  return self;
}

static gboolean
is_set (const OciJson *object, const char *key, const char **out_text)
{
  OciJson member;
  return oci_json_member (object, key, &member) && oci_json_string (&member, out_text)
         && (*out_text)[0] != '\0';
}

/* Returns NULL for the empty entry that marks credentials in a credential store. */
static OciCredentials *
read_entry (const OciJson *entry)
{
  OciJson auth;
  const char *text, *token, *user;
  g_autoptr (OciCredentials) self = NULL;
  if (is_set (entry, "auth", &text) && oci_json_member (entry, "auth", &auth))
    self = decode (&auth, text);
  else if (is_set (entry, "username", &user)) /* docker reads these if there is no "auth" */
    {
      self = g_new0 (OciCredentials, 1);
      self->user = g_strdup (user);
      self->password = g_strdup (is_set (entry, "password", &text) ? text : "");
    }
  if (!is_set (entry, "identitytoken", &token))
    return g_steal_pointer (&self);
  if (self == NULL)
    self = g_new0 (OciCredentials, 1);
  if (self->user == NULL || self->user[0] == '\0')
    {
      g_free (self->user);
      self->user = g_strdup ("<token>");
    }
  oci_secret_free (self->password);
  self->password = g_strdup (token);
  self->identity_token = TRUE;
  return g_steal_pointer (&self);
}

/* Reads the name of a helper; an invalid one is noted. */
static gboolean
read_helper (const OciJson *object, const char *key, char **out_helper)
{
  OciJson member;
  const char *text;
  if (!is_set (object, key, &text))
    return FALSE;
  if (oci_credential_helper_is_name (text))
    {
      *out_helper = g_strdup (text);
      return TRUE;
    }
  if (oci_json_member (object, key, &member))
    oci_json_problem (&member,
                      "invalid name of a credential helper: use letters, digits, ‘.’, ‘_’ and ‘-’");
  return FALSE;
}

/* Finds the most specific entry of "credHelpers". */
static gboolean
find_listed_helper (const OciJson *root, const char *host, const char *repository,
                    char **out_helper, char **out_server)
{
  OciJson helpers, found;
  if (!find_object (root, "credHelpers", &helpers)
      || !find_entry (&helpers, host, repository, &found)
      || !read_helper (&helpers, found.key, out_helper))
    return FALSE;
  *out_server = g_strdup (found.key);
  return TRUE;
}

static gboolean
find_store (const OciJson *root, const char *host, char **out_helper, char **out_server)
{
  if (!oci_json_object (root, NULL) || !read_helper (root, "credsStore", out_helper))
    return FALSE;
  *out_server = g_strdup (oci_auth_key_server (host));
  return TRUE;
}

static void
read_root (const OciJson *root, const char *host, const char *repository, OciAuthEntry *out_entry)
{
  OciJson auths, entry;
  if (!oci_json_object (root, NULL)
      || find_listed_helper (root, host, repository, &out_entry->helper, &out_entry->server))
    return;
  if (find_object (root, "auths", &auths) && find_entry (&auths, host, repository, &entry)
      && oci_json_object (&entry, NULL))
    out_entry->credentials = read_entry (&entry);
  if (out_entry->credentials == NULL)
    (void) find_store (root, host, &out_entry->helper, &out_entry->server); /* may be missing */
}

gboolean
oci_auth_file_parse (const char *name, GBytes *data, const char *host, const char *repository,
                     OciAuthEntry *out_entry, GError **error)
{
  g_auto (AuthDocument) file = { 0 };
  g_auto (OciAuthEntry) entry = { 0 };
  if (!auth_document_open (&file, name, data, error))
    return FALSE;
  read_root (&file.root, host, repository, &entry);
  if (!oci_json_document_finish (file.document, error))
    return FALSE;
  if (entry.credentials != NULL)
    entry.credentials->source = g_strdup (name);
  *out_entry = entry;
  entry = (OciAuthEntry){ 0 };
  return TRUE;
}

gboolean
oci_auth_file_keeper (const char *name, GBytes *data, const char *key, char **out_helper,
                      char **out_server, gboolean *out_listed, GError **error)
{
  g_auto (AuthDocument) file = { 0 };
  g_autofree char *host = oci_auth_key_parse (key, error);
  g_autofree char *helper = NULL, *server = NULL;
  if (host == NULL || !auth_document_open (&file, name, data, error))
    return FALSE;
  const char *namespace = key[strlen (host)] == '/' ? key + strlen (host) + 1 : NULL;
  gboolean listed = find_listed_helper (&file.root, host, namespace, &helper, &server);
  if (!listed)
    (void) find_store (&file.root, host, &helper, &server); /* may be missing */
  if (!oci_json_document_finish (file.document, error))
    return FALSE;
  if (helper != NULL && namespace != NULL && strcmp (server, key) != 0)
    return oci_throw (error, OCI_ERROR_UNSUPPORTED,
                      "%s: the credentials of %s are with " OCI_CREDENTIAL_HELPER_PREFIX
                      "%s, which knows no namespaces; use %s without ‘/%s’",
                      name, host, helper, host, namespace);
  *out_helper = g_steal_pointer (&helper);
  *out_server = g_steal_pointer (&server);
  *out_listed = listed;
  return TRUE;
}

/* Returns the text, and overwrites copies of secrets. */
static char *
dump (const json_t *root)
{
  char *text = json_dumps (root, JSON_INDENT (2));
  if (text == NULL)
    g_error ("out of memory while writing JSON");
  size_t len = strlen (text);
  char *line = g_strconcat (text, "\n", NULL);
  explicit_bzero (text, len);
  free (text);
  return line;
}

/* Returns: (transfer none) (nullable): the object at @key, made if it is missing */
static json_t *
require_object (const OciJson *object, const char *key)
{
  OciJson member;
  if (oci_json_member (object, key, &member))
    return oci_json_object (&member, NULL) ? (json_t *) member.value : NULL;
  oci_json_set ((json_t *) object->value, key, json_object ());
  return json_object_get (object->value, key);
}

static void
fill_entry (json_t *entry, const OciCredentials *credentials)
{
  static const char *const secrets[] = { "auth", "identitytoken", "registrytoken", "username",
                                         "password" };
  for (size_t i = 0; i < G_N_ELEMENTS (secrets); i++)
    {
      oci_secret_wipe_json (json_object_get (entry, secrets[i]));
      (void) json_object_del (entry, secrets[i]); /* may be missing */
    }
  if (credentials == NULL)
    return;
  gboolean token = credentials->identity_token;
  g_autoptr (OciSecret) pair =
      g_strconcat (credentials->user, ":", token ? "" : credentials->password, NULL);
  g_autoptr (OciSecret) encoded = g_base64_encode ((const guchar *) pair, strlen (pair));
  oci_json_set (entry, "auth", oci_json_text (encoded));
  if (token)
    oci_json_set (entry, "identitytoken", oci_json_text (credentials->password));
}

static gboolean
check_user (const OciCredentials *credentials, GError **error)
{
  if (credentials == NULL || strchr (credentials->user, ':') == NULL)
    return TRUE;
  g_autofree char *quoted = oci_quote (credentials->user);
  return oci_throw (error, OCI_ERROR_USAGE,
                    "the user name %s has a ‘:’, which ends it in an auth file", quoted);
}

char *
oci_auth_file_set (const char *name, GBytes *data, const char *key,
                   const OciCredentials *credentials, GError **error)
{
  static const char empty[] = "{}";
  g_auto (AuthDocument) file = { 0 };
  g_autoptr (GBytes) start =
      data != NULL ? g_bytes_ref (data) : g_bytes_new_static (empty, strlen (empty));
  if (!check_user (credentials, error) || !auth_document_open (&file, name, start, error))
    return NULL;
  json_t *auths = oci_json_object (&file.root, NULL) ? require_object (&file.root, "auths") : NULL;
  if (auths != NULL)
    {
      json_t *entry = json_object_get (auths, key);
      if (!json_is_object (entry))
        oci_json_set (auths, key, json_object ());
      fill_entry (json_object_get (auths, key), credentials);
    }
  return oci_json_document_finish (file.document, error) ? dump (file.root.value) : NULL;
}

char *
oci_auth_file_remove (const char *name, GBytes *data, const char *key, guint *out_removed,
                      GError **error)
{
  OciJson auths;
  g_auto (AuthDocument) file = { 0 };
  guint removed = 0;
  if (!auth_document_open (&file, name, data, error))
    return NULL;
  if (find_object (&file.root, "auths", &auths))
    {
      const char *other;
      json_t *value;
      void *next;
      json_object_foreach_safe ((json_t *) auths.value, next, other, value)
      {
        if (key != NULL && !oci_auth_key_same (other, key))
          continue;
        oci_secret_wipe_json (value);
        (void) json_object_del ((json_t *) auths.value, other); /* it exists */
        removed++;
      }
    }
  if (!oci_json_document_finish (file.document, error))
    return NULL;
  *out_removed = removed;
  return dump (file.root.value);
}

char **
oci_auth_file_keys (const char *name, GBytes *data, GError **error)
{
  static const char *const members[] = { "credHelpers", "auths" };
  g_auto (AuthDocument) file = { 0 };
  g_autoptr (GPtrArray) keys = g_ptr_array_new_with_free_func (g_free);
  if (!auth_document_open (&file, name, data, error))
    return NULL;
  for (size_t i = 0; i < G_N_ELEMENTS (members); i++)
    {
      OciJson object;
      const char *key;
      json_t *value;
      if (!find_object (&file.root, members[i], &object))
        continue;
      json_object_foreach ((json_t *) object.value, key, value)
      {
        (void) value;
        if (!g_ptr_array_find_with_equal_func (keys, key, g_str_equal, NULL))
          g_ptr_array_add (keys, g_strdup (key));
      }
    }
  if (!oci_json_document_finish (file.document, error))
    return NULL;
  g_ptr_array_add (keys, NULL);
  return (char **) g_ptr_array_steal (keys, NULL);
}
