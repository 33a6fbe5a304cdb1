#include "oci/transport.h"

#include "oci/base/suggest.h"

#include <string.h>

static const struct
{
  const char *prefix;
  OciTransportKind kind;
} transports[] = {
  { OCI_REFERENCE_SCHEME, OCI_TRANSPORT_REGISTRY },
  { "oci:", OCI_TRANSPORT_OCI },
  { "oci-archive:", OCI_TRANSPORT_OCI_ARCHIVE },
  { "docker-archive:", OCI_TRANSPORT_DOCKER_ARCHIVE },
};

/* Without this list they would be parsed as names with unusual tags. */
static const char *const foreign[] = {
  "containers-storage:", "docker-daemon:", "dir:", "ostree:", "sif:", "tarball:"
};

/* image-spec v1.1 annotations.md: alphanumerics joined by one of "-._:@+/" or by "--". */
static gboolean
is_ref_name (const char *text)
{
  static const char separators[] = "-._:@+/";
  gboolean after_alnum = FALSE;
  for (const char *p = text; *p != '\0'; p++)
    {
      gboolean alnum = g_ascii_isalnum (*p);
      gboolean second_dash = *p == '-' && p - text >= 2 && p[-1] == '-' && g_ascii_isalnum (p[-2]);
      if (!alnum && !second_dash
          && (!after_alnum || memchr (separators, *p, sizeof (separators) - 1) == NULL))
        return FALSE;
      after_alnum = alnum;
    }
  return after_alnum;
}

static gboolean
parse_name (OciTransport *self, const char *name, GError **error)
{
  gboolean archive = self->kind == OCI_TRANSPORT_DOCKER_ARCHIVE;
  /* "@N" is a position, also in containers-transports(5). */
  gboolean position = archive && name[0] == '@' && name[1] != '\0'
                      && name[1 + strspn (name + 1, "0123456789")] == '\0';
  if (archive && !position)
    self->name = oci_reference_local_name (name, TRUE, error);
  else if (position || is_ref_name (name))
    self->name = g_strdup (name);
  else
    {
      g_autofree char *quoted = oci_quote (name);
      oci_throw (error, OCI_ERROR_USAGE,
                 "invalid image name %s: use letters and digits, joined by one of ‘-._:@+/’",
                 quoted);
    }
  return self->name != NULL;
}

static gboolean
parse_path (OciTransport *self, const char *rest, GError **error)
{
  const char *colon = strchr (rest, ':');
  self->path = colon != NULL ? g_strndup (rest, (gsize) (colon - rest)) : g_strdup (rest);
  if (self->path[0] == '\0')
    return oci_throw (error, OCI_ERROR_USAGE, "the path is missing");
  return colon == NULL || parse_name (self, colon + 1, error);
}

/* HOST/REPOSITORY, also with "https://", which means an image in a registry for other tools. */
static void
suggest_registry (const char *text, GError **error)
{
  static const char *const schemes[] = { "https://", "http://" };
  for (size_t i = 0; i < G_N_ELEMENTS (schemes); i++)
    if (g_str_has_prefix (text, schemes[i]))
      text += strlen (schemes[i]);
  g_autofree char *meant = strchr (text, '/') != NULL ? oci_reference_suggest (text) : NULL;
  g_autofree char *hint = oci_suggest (meant);
  oci_error_append (error, "%s", hint);
}

static gboolean
parse_store_name (OciTransport *self, const char *text, GError **error)
{
  for (size_t i = 0; i < G_N_ELEMENTS (foreign); i++)
    if (g_str_has_prefix (text, foreign[i]))
      return oci_throw (error, OCI_ERROR_USAGE,
                        "terrane has no transport ‘%s’; there are oci:DIR, oci-archive:FILE, "
                        "docker-archive:FILE, docker://HOST/REPOSITORY and NAME[:TAG] in the store",
                        foreign[i]);
  self->name = oci_reference_local_name (text, FALSE, error);
  if (self->name == NULL)
    suggest_registry (text, error);
  return self->name != NULL;
}

OciTransport *
oci_transport_parse (const char *text, GError **error)
{
  g_autoptr (OciTransport) self = g_new0 (OciTransport, 1);
  self->kind = OCI_TRANSPORT_STORE;
  const char *rest = text;
  for (size_t i = 0; i < G_N_ELEMENTS (transports); i++)
    if (g_str_has_prefix (text, transports[i].prefix))
      {
        self->kind = transports[i].kind;
        rest = text + strlen (transports[i].prefix);
      }
  if (self->kind == OCI_TRANSPORT_REGISTRY) /* whose parser quotes the text */
    {
      self->reference = oci_reference_parse (text, error);
      return self->reference != NULL ? g_steal_pointer (&self) : NULL;
    }
  g_autoptr (GError) local = NULL;
  gboolean ok = self->kind == OCI_TRANSPORT_STORE ? parse_store_name (self, text, &local)
                                                  : parse_path (self, rest, &local);
  if (ok)
    return g_steal_pointer (&self);
  g_autofree char *quoted = oci_quote (text);
  if (strstr (local->message, quoted) == NULL) /* the message may name all of it */
    g_prefix_error (&local, "%s: ", quoted);
  g_propagate_error (error, g_steal_pointer (&local));
  return NULL;
}

void
oci_transport_free (OciTransport *self)
{
  if (self == NULL)
    return;
  g_free (self->path);
  g_free (self->name);
  oci_reference_free (self->reference);
  g_free (self);
}
