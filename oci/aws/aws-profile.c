#include "oci/aws/aws-profile.h"

#include "oci/base/fd.h"
#include "oci/base/text-hash.h"
#include "oci/http/credentials.h"

#include <fcntl.h>
#include <string.h>

enum
{
  MAX_BYTES = 1024 * 1024,
};

struct _OciAwsConfig
{
  char *config_path;
  char *credentials_path;
  GHashTable *config;      /* "default", "profile x", "sso-session x" -> section */
  GHashTable *credentials; /* "default", "x" -> section */
};

static GHashTable *
new_section (void)
{
  return g_hash_table_new_full (oci_text_hash, g_str_equal, g_free,
                                (GDestroyNotify) oci_secret_free);
}

/* "[profile x]" -> "profile x"; if a section occurs twice, later lines are added to the first. */
static GHashTable *
open_section (GHashTable *sections, const char *line)
{
  const char *end = strchr (line, ']');
  if (end == NULL)
    return NULL;
  g_autofree char *inside = g_strndup (line + 1, (gsize) (end - line - 1));
  g_auto (GStrv) words = g_strsplit_set (inside, " \t\"'", -1);
  GString *name = g_string_new (NULL);
  for (char **word = words; *word != NULL; word++)
    if (**word != '\0')
      g_string_append_printf (name, "%s%s", name->len > 0 ? " " : "", *word);
  g_autofree char *text = g_string_free (name, FALSE);
  GHashTable *section = g_hash_table_lookup (sections, text);
  if (section == NULL)
    {
      section = new_section ();
      g_hash_table_insert (sections, g_steal_pointer (&text), section);
    }
  return section;
}

/* @above: (nullable): the key that the line belongs to */
static gboolean
take_pair (GHashTable *section, const char *above, char *line, char **out_key)
{
  char *equals = strchr (line, '=');
  if (equals == NULL || equals == line)
    return FALSE;
  *equals = '\0';
  char *value = equals + 1;
  for (char *p = value; *p != '\0'; p++) /* a comment needs a space before it: keys may have "#" */
    if ((*p == '#' || *p == ';') && p > value && g_ascii_isspace (p[-1]))
      {
        *p = '\0';
        break;
      }
  g_autofree char *name = g_ascii_strdown (g_strstrip (line), -1);
  char *key = above != NULL ? g_strconcat (above, ".", name, NULL) : g_steal_pointer (&name);
  if (section != NULL)
    g_hash_table_replace (section, g_strdup (key), g_strdup (g_strstrip (value)));
  g_free (*out_key);
  *out_key = key;
  return TRUE;
}

/* A line that belongs to the key above; only "key = value" below an empty value has a meaning. */
static void
take_nested (GHashTable *section, const char *above, char *line)
{
  g_autofree char *key = NULL;
  const char *value = section != NULL ? g_hash_table_lookup (section, above) : NULL;
  if (value != NULL && value[0] == '\0')
    (void) take_pair (section, above, line, &key);
}

gboolean
oci_aws_ini_parse (const char *name, GBytes *data, GHashTable **out_sections, GError **error)
{
  gsize size = 0;
  const char *bytes = g_bytes_get_data (data, &size);
  if (size >= 3 && memcmp (bytes, "\xef\xbb\xbf", 3) == 0)
    {
      bytes += 3;
      size -= 3;
    }
  if (size > 0 && memchr (bytes, '\0', size) != NULL)
    return oci_throw (error, OCI_ERROR_FORMAT, "%s: has a NUL byte in it", name);
  g_autoptr (OciSecret) text = g_strndup (bytes, size);
  g_autoptr (GHashTable) sections = g_hash_table_new_full (oci_text_hash, g_str_equal, g_free,
                                                           (GDestroyNotify) g_hash_table_unref);
  GHashTable *section = NULL;
  size_t level = 0;            /* indentation of the key above */
  g_autofree char *key = NULL; /* (nullable): the one above in the section */
  unsigned number = 0;
  for (char *line = text, *next = NULL; line != NULL; line = next)
    {
      number++;
      next = strchr (line, '\n');
      if (next != NULL)
        *next++ = '\0';
      size_t depth = strspn (line, " \t");
      g_strstrip (line);
      if (*line == '\0' || *line == '#' || *line == ';')
        continue;
      if (key != NULL && depth > level)
        {
          take_nested (section, key, line);
          continue;
        }
      level = depth;
      if (*line == '[')
        g_clear_pointer (&key, g_free);
      if (*line == '[' && (section = open_section (sections, line)) == NULL)
        return oci_throw (error, OCI_ERROR_FORMAT, "%s:%u: the section has no ‘]’", name, number);
      if (*line != '[' && !take_pair (section, NULL, line, &key))
        return oci_throw (error, OCI_ERROR_FORMAT, "%s:%u: expected ‘key = value’", name, number);
    }
  *out_sections = g_steal_pointer (&sections);
  return TRUE;
}

static char *
file_path (const char *variable, const char *file)
{
  const char *value = g_getenv (variable);
  const char *home = g_getenv ("HOME");
  if (value != NULL && value[0] != '\0' && !g_str_has_prefix (value, "~/"))
    return g_strdup (value);
  if (home == NULL || home[0] == '\0')
    home = g_get_home_dir ();
  if (value != NULL && value[0] != '\0')
    return g_build_filename (home, value + 2, NULL);
  return g_build_filename (home, ".aws", file, NULL);
}

static gboolean
load_file (const char *path, GHashTable **out_sections, GError **error)
{
  g_autoptr (GError) local = NULL;
  g_autoptr (GBytes) data = NULL;
  if (oci_read_file (AT_FDCWD, path, MAX_BYTES, &data, &local))
    return oci_aws_ini_parse (path, data, out_sections, error);
  if (!g_error_matches (local, OCI_ERROR, OCI_ERROR_NOT_FOUND))
    {
      g_propagate_error (error, g_steal_pointer (&local));
      return FALSE;
    }
  *out_sections = g_hash_table_new (oci_text_hash, g_str_equal);
  return TRUE;
}

OciAwsConfig *
oci_aws_config_load (GError **error)
{
  g_autoptr (OciAwsConfig) self = g_new0 (OciAwsConfig, 1);
  self->config_path = file_path ("AWS_CONFIG_FILE", "config");
  self->credentials_path = file_path ("AWS_SHARED_CREDENTIALS_FILE", "credentials");
  if (!load_file (self->config_path, &self->config, error)
      || !load_file (self->credentials_path, &self->credentials, error))
    return NULL;
  return g_steal_pointer (&self);
}

void
oci_aws_config_free (OciAwsConfig *self)
{
  if (self == NULL)
    return;
  g_free (self->config_path);
  g_free (self->credentials_path);
  g_clear_pointer (&self->config, g_hash_table_unref);
  g_clear_pointer (&self->credentials, g_hash_table_unref);
  g_free (self);
}

const char *
oci_aws_profile_name (void)
{
  static const char *const variables[] = { "AWS_PROFILE", "AWS_DEFAULT_PROFILE" };
  for (size_t i = 0; i < G_N_ELEMENTS (variables); i++)
    {
      const char *value = g_getenv (variables[i]);
      if (value != NULL && value[0] != '\0')
        return value;
    }
  return "default";
}

static GHashTable *
config_section (const OciAwsConfig *self, const char *profile)
{
  g_autofree char *name = g_strconcat ("profile ", profile, NULL);
  GHashTable *section = g_hash_table_lookup (self->config, name);
  if (section == NULL && strcmp (profile, "default") == 0)
    section = g_hash_table_lookup (self->config, "default");
  return section;
}

static const char *
section_get (GHashTable *section, const char *key)
{
  const char *value = section != NULL ? g_hash_table_lookup (section, key) : NULL;
  return value != NULL && value[0] != '\0' ? value : NULL;
}

gboolean
oci_aws_config_has_profile (const OciAwsConfig *self, const char *profile)
{
  return config_section (self, profile) != NULL
         || g_hash_table_contains (self->credentials, profile);
}

const char *
oci_aws_config_get (const OciAwsConfig *self, const char *profile, const char *key)
{
  const char *value = section_get (g_hash_table_lookup (self->credentials, profile), key);
  return value != NULL ? value : section_get (config_section (self, profile), key);
}

const char *
oci_aws_config_get_session (const OciAwsConfig *self, const char *session, const char *key)
{
  g_autofree char *name = g_strconcat ("sso-session ", session, NULL);
  return section_get (g_hash_table_lookup (self->config, name), key);
}

static GHashTable *
services_section (const OciAwsConfig *self, const char *services)
{
  g_autofree char *name = g_strconcat ("services ", services, NULL);
  return g_hash_table_lookup (self->config, name);
}

const char *
oci_aws_config_get_service (const OciAwsConfig *self, const char *services, const char *service,
                            const char *key)
{
  g_autofree char *lower = g_ascii_strdown (service, -1);
  g_autofree char *nested = g_strconcat (lower, ".", key, NULL);
  return section_get (services_section (self, services), nested);
}

gboolean
oci_aws_config_has_services (const OciAwsConfig *self, const char *services)
{
  return services_section (self, services) != NULL;
}

const char *
oci_aws_config_file_of (const OciAwsConfig *self, const char *profile, const char *key)
{
  return section_get (g_hash_table_lookup (self->credentials, profile), key) != NULL
             ? self->credentials_path
             : self->config_path;
}
