#include "builder/cli/reference.h"

#include "oci/registry/cloud-registry.h"
#include "oci/transport.h"

#include "oci/base/suggest.h"

#include <string.h>

/* Whether @text is more than HOST[:PORT]/NAME[:TAG], which docker and podman take here. */
static gboolean
has_transport (const char *text)
{
  static const char *const prefixes[] = { OCI_REFERENCE_SCHEME,
                                          "oci:",
                                          "oci-archive:",
                                          "docker-archive:",
                                          "containers-storage:",
                                          "docker-daemon:",
                                          "dir:",
                                          "ostree:",
                                          "sif:",
                                          "tarball:" };
  for (size_t i = 0; i < G_N_ELEMENTS (prefixes); i++)
    if (g_str_has_prefix (text, prefixes[i]))
      return TRUE;
  return FALSE;
}

static void
fail_without_transport (const char *what, const char *text, GError **error)
{
  g_autofree char *quoted = oci_quote (text);
  g_autofree char *meant = oci_reference_suggest (text);
  g_autofree char *hint = oci_suggest (meant);
  oci_throw (error, OCI_ERROR_USAGE,
             "%s: %s needs docker://HOST/REPOSITORY[:TAG]; a name without docker:// is that of an "
             "image in the store%s",
             quoted, what, hint);
}

static gboolean
check_create (const OciReference *destination, gboolean create, GError **error)
{
  g_autoptr (OciCloudRegistry) cloud = create ? oci_cloud_registry_new (destination->host) : NULL;
  if (!create || cloud != NULL)
    return TRUE;
  return oci_throw (error, OCI_ERROR_USAGE,
                    "--create-repository: %s is not Amazon ECR; other registries create "
                    "repositories when they are pushed to, or have ways of their own",
                    destination->host);
}

OciReference *
terrane_reference_parse_push (const char *destination, gboolean create, GError **error)
{
  if (!has_transport (destination))
    {
      fail_without_transport ("a push", destination, error);
      return NULL;
    }
  g_autoptr (OciTransport) transport = oci_transport_parse (destination, error);
  if (transport == NULL)
    return NULL;
  if (transport->kind != OCI_TRANSPORT_REGISTRY || transport->reference->has_digest)
    {
      oci_throw (error, OCI_ERROR_USAGE,
                 "%s: a push needs docker://HOST/REPOSITORY[:TAG], without a digest", destination);
      return NULL;
    }
  if (transport->reference->tag == NULL)
    transport->reference->tag = g_strdup ("latest");
  return check_create (transport->reference, create, error)
             ? g_steal_pointer (&transport->reference)
             : NULL;
}

OciReference *
terrane_reference_parse_source (const char *source, GError **error)
{
  if (!has_transport (source))
    {
      fail_without_transport ("a pull", source, error);
      return NULL;
    }
  g_autoptr (OciTransport) transport = oci_transport_parse (source, error);
  if (transport == NULL)
    return NULL;
  if (transport->kind == OCI_TRANSPORT_REGISTRY)
    return g_steal_pointer (&transport->reference);
  oci_throw (error, OCI_ERROR_USAGE, "%s: expected docker://HOST/REPOSITORY[:TAG][@DIGEST]",
             source);
  return NULL;
}

gboolean
terrane_reference_check_name (const char *name, GError **error)
{
  if (!g_str_has_suffix (name, ".json"))
    return TRUE;
  g_autofree char *quoted = oci_quote (name);
  g_autofree char *stem = g_strndup (name, strlen (name) - strlen (".json"));
  g_autofree char *hint = oci_suggest (stem[0] != '\0' ? stem : NULL);
  return oci_throw (error, OCI_ERROR_USAGE,
                    "invalid name %s: commands would take it for a profile, a file in JSON%s",
                    quoted, hint);
}

char *
terrane_reference_local_name (const OciReference *reference)
{
  OciDigestHex hex;
  const char *slash = strrchr (reference->repository, '/');
  g_autofree char *tag = reference->tag != NULL ? g_strdup (reference->tag)
                         : reference->has_digest
                             ? g_strndup (oci_digest_hex (&reference->digest, hex), 12)
                             : g_strdup ("latest");
  return g_strconcat (slash != NULL ? slash + 1 : reference->repository, ":", tag, NULL);
}
