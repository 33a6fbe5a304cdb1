#include "oci/http/netrc.h"

#include "oci/base/fd.h"
#include "oci/http/credentials.h"
#include "oci/http/url.h"

#include <fcntl.h>
#include <string.h>

enum
{
  MAX_BYTES = 1024 * 1024,
};

typedef struct
{
  char *host; /* (nullable): NULL for "default" */
  char *user; /* (nullable), as is the password */
  char *password;
} Entry;

struct _OciNetrc
{
  GPtrArray *entries; /* of Entry */
};

static void
entry_free (gpointer data)
{
  Entry *entry = data;
  g_free (entry->host);
  oci_secret_free (entry->user);
  oci_secret_free (entry->password);
  g_free (entry);
}

void
oci_netrc_free (OciNetrc *self)
{
  if (self == NULL)
    return;
  g_ptr_array_unref (self->entries);
  g_free (self);
}

/* Returns: (transfer full) (nullable): the next token of *@p, a secret; NULL at the end */
static char *
next_token (const char **p)
{
  while (g_ascii_isspace (**p))
    (*p)++;
  if (**p == '\0')
    return NULL;
  gboolean quoted = **p == '"';
  GString *token = g_string_sized_new (64);
  if (quoted)
    (*p)++;
  for (; **p != '\0' && (quoted ? **p != '"' : !g_ascii_isspace (**p)); (*p)++)
    {
      if (**p == '\\' && (*p)[1] != '\0')
        (*p)++;
      g_string_append_c (token, **p);
    }
  if (quoted && **p == '"')
    (*p)++;
  return g_string_free (token, FALSE);
}

static void
skip_line (const char **p)
{
  *p += strcspn (*p, "\n");
}

/* A macro ends with an empty line. */
static void
skip_macro (const char **p)
{
  const char *end = strstr (*p, "\n\n");
  const char *other = strstr (*p, "\n\r\n");
  if (end == NULL || (other != NULL && other < end))
    end = other;
  *p = end != NULL ? end : *p + strlen (*p);
}

/* Reads "login", "user", "account" or "password" of @entry, which is NULL before the first. */
static gboolean
read_value (Entry *entry, const char *key, const char **p, GError **error)
{
  gboolean login = g_str_equal (key, "login") || g_str_equal (key, "user");
  gboolean password = g_str_equal (key, "password");
  if (entry == NULL || !(login || password || g_str_equal (key, "account")))
    return oci_throw (error, OCI_ERROR_FORMAT,
                      "it has something else where \"machine\", \"default\", \"login\", "
                      "\"password\", \"account\" or \"macdef\" is expected");
  char *value = next_token (p);
  if (value == NULL)
    return oci_throw (error, OCI_ERROR_FORMAT, "it ends after \"%s\"", key);
  char **member = login ? &entry->user : password ? &entry->password : NULL;
  if (member == NULL)
    {
      oci_secret_free (value);
      return TRUE;
    }
  oci_secret_free (*member);
  *member = value;
  return TRUE;
}

static gboolean
read_entries (GPtrArray *entries, const char *p, GError **error)
{
  for (;;)
    {
      g_autoptr (OciSecret) key = next_token (&p);
      if (key == NULL)
        return TRUE;
      Entry *last = entries->len > 0 ? entries->pdata[entries->len - 1] : NULL;
      gboolean machine = g_str_equal (key, "machine");
      if (key[0] == '#')
        skip_line (&p);
      else if (g_str_equal (key, "macdef"))
        skip_macro (&p);
      else if (machine || g_str_equal (key, "default"))
        {
          g_autofree char *host = machine ? next_token (&p) : NULL;
          if (machine && host == NULL)
            return oci_throw (error, OCI_ERROR_FORMAT, "it ends after \"machine\"");
          Entry *entry = g_new0 (Entry, 1);
          entry->host = g_steal_pointer (&host);
          g_ptr_array_add (entries, entry);
        }
      else if (!read_value (last, key, &p, error))
        return FALSE;
    }
}

OciNetrc *
oci_netrc_parse (const char *text, GError **error)
{
  g_autoptr (OciNetrc) self = g_new0 (OciNetrc, 1);
  self->entries = g_ptr_array_new_with_free_func (entry_free);
  return read_entries (self->entries, text, error) ? g_steal_pointer (&self) : NULL;
}

/* Returns: (transfer full) (nullable): NULL when there is none */
static char *
find_file (void)
{
  static const char *const names[] = { ".netrc", "_netrc" };
  const char *named = g_getenv ("NETRC");
  if (named != NULL)
    return g_file_test (named, G_FILE_TEST_IS_REGULAR) ? g_strdup (named) : NULL;
  for (size_t i = 0; i < G_N_ELEMENTS (names); i++)
    {
      g_autofree char *path = g_build_filename (g_get_home_dir (), names[i], NULL);
      if (g_file_test (path, G_FILE_TEST_IS_REGULAR))
        return g_steal_pointer (&path);
    }
  return NULL;
}

OciNetrc *
oci_netrc_load (GError **error)
{
  g_autoptr (GBytes) data = NULL;
  g_autofree char *path = find_file ();
  if (path == NULL)
    return oci_netrc_parse ("", error);
  OCI_PREFIX (error, "%s", path);
  if (!oci_read_file (AT_FDCWD, path, MAX_BYTES, &data, error))
    return NULL;
  gsize size = 0;
  const char *bytes = g_bytes_get_data (data, &size);
  g_autoptr (OciSecret) text = size > 0 ? g_strndup (bytes, size) : g_strdup ("");
  return oci_netrc_parse (text, error);
}

char *
oci_netrc_authorize (const OciNetrc *self, const char *host, gboolean with_default)
{
  const Entry *found = NULL;
  for (guint i = 0; i < self->entries->len && found == NULL; i++)
    {
      const Entry *entry = self->entries->pdata[i];
      if (entry->host != NULL && g_ascii_strcasecmp (entry->host, host) == 0)
        found = entry;
    }
  for (guint i = 0; i < self->entries->len && found == NULL && with_default; i++)
    if (((const Entry *) self->entries->pdata[i])->host == NULL)
      found = self->entries->pdata[i];
  if (found == NULL || (found->user == NULL && found->password == NULL))
    return NULL;
  return oci_url_basic_authorization (found->user != NULL ? found->user : "",
                                      found->password != NULL ? found->password : "");
}
