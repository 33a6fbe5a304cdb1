/* Conditions of requests to servers: certificates, proxies, credentials. Nothing secret is
 * shown. */
#include "builder/doctor/rows.h"

#include "oci/aws/aws-credentials.h"
#include "oci/aws/aws-describe.h"
#include "oci/base/error.h"
#include "oci/http/proxy.h"
#include "oci/http/trust.h"
#include "oci/reference.h"
#include "oci/registry/auth-file.h"
#include "oci/registry/credential-helper.h"
#include "oci/registry/registry.h"

#define FOR_EXAMPLE "https://registry-1.docker.io"

static void
look_for_certificates (TerraneRound *round)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (OciTrust) trust = oci_trust_load (NULL, &error);
  if (trust == NULL)
    terrane_round_add (round, TERRANE_SYMPTOM_MISSING,
                       "sudo apt install ca-certificates, or correct SSL_CERT_FILE, SSL_CERT_DIR "
                       "or CURL_CA_BUNDLE when they are set",
                       "%s", error->message);
  else
    terrane_round_add (round, TERRANE_SYMPTOM_OK, NULL, "those of %s", trust->name);
}

static void
look_for_proxy (TerraneRound *round)
{
  g_auto (OciUrlOrigin) origin = { 0 };
  OciProxy proxy = { 0 };
  if (!oci_url_origin (FOR_EXAMPLE, &origin, NULL))
    g_assert_not_reached ();
  oci_proxy_find (&origin, &proxy);
  g_autofree char *words = proxy.url != NULL ? oci_proxy_describe (&proxy) : NULL;
  terrane_round_add (round, TERRANE_SYMPTOM_OK, NULL, "%s%s",
                     words != NULL ? words : "none for " FOR_EXAMPLE,
                     words != NULL ? ", for " FOR_EXAMPLE : "");
  oci_proxy_clear (&proxy);
}

/* A helper named by a file must exist. */
static void
add_entry (TerraneRound *round, const char *path, GBytes *data, const char *key)
{
  gboolean listed = FALSE;
  g_autofree char *helper = NULL, *server = NULL;
  g_autofree char *quoted = oci_quote (key);
  (void) oci_auth_file_keeper (path, data, key, &helper, &server, &listed, NULL);
  if (helper == NULL)
    {
      terrane_round_add (round, TERRANE_SYMPTOM_OK, NULL, "%s: in %s", quoted, path);
      return;
    }
  g_autofree char *program = g_strconcat (OCI_CREDENTIAL_HELPER_PREFIX, helper, NULL);
  g_autofree char *found = g_find_program_in_path (program);
  g_autofree char *name = oci_quote (program);
  if (found != NULL)
    terrane_round_add (round, TERRANE_SYMPTOM_OK, NULL, "%s: %s, named in %s", quoted, name, path);
  else
    terrane_round_add (round, TERRANE_SYMPTOM_MISSING,
                       "install the helper into a directory of PATH, or take it out of the file",
                       "%s: %s, named in %s, is not in PATH", quoted, name, path);
}

/* Returns: number of entries */
static guint
look_into (TerraneRound *round, const char *path)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) data = NULL;
  g_auto (GStrv) keys = NULL;
  if (oci_auth_lookup_read (path, &data, &error))
    {
      if (data == NULL)
        return 0;
      keys = oci_auth_file_keys (path, data, &error);
    }
  for (char **key = keys; key != NULL && *key != NULL; key++)
    add_entry (round, path, data, *key);
  if (keys != NULL)
    return g_strv_length (keys);
  terrane_round_add (round, TERRANE_SYMPTOM_MISSING,
                     "correct or remove the file, or name another one in "
                     "REGISTRY_AUTH_FILE",
                     "%s", error->message);
  return 1;
}

static void
look_for_logins (TerraneRound *round)
{
  g_auto (GStrv) paths = oci_auth_lookup_paths ();
  guint found = 0;
  for (char **path = paths; *path != NULL; path++)
    found += look_into (round, *path);
  g_autofree char *all = g_strjoinv (", ", paths);
  if (found == 0)
    terrane_round_add (round, TERRANE_SYMPTOM_OK, NULL,
                       "none in %s; 'terrane login HOST' stores one", all);
}

static const char *
region (void)
{
  const char *value = g_getenv ("AWS_REGION");
  if (value == NULL || value[0] == '\0')
    value = g_getenv ("AWS_DEFAULT_REGION");
  return value != NULL && value[0] != '\0' ? value : "us-east-1";
}

static void
get_credentials (TerraneRound *round)
{
  const TerraneDoctor *doctor = round->doctor;
  g_autoptr (GError) error = NULL;
  g_autoptr (OciAwsCredentials) credentials =
      oci_aws_credentials_find (doctor->client, region (), doctor->cancellable, &error);
  if (credentials != NULL)
    terrane_round_add (round, TERRANE_SYMPTOM_OK, NULL, "got from %s", credentials->source);
  else
    terrane_round_add (round, TERRANE_SYMPTOM_MISSING, "what the message says", "%s",
                       error->message);
}

static void
look_for_aws (TerraneRound *round)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *source = NULL;
  if (round->doctor->aws)
    get_credentials (round);
  else if (!oci_aws_credentials_describe (&source, &error))
    terrane_round_add (round, TERRANE_SYMPTOM_MISSING,
                       "correct the variable or file that it names, or unset it", "%s",
                       error->message);
  else if (source != NULL)
    terrane_round_add (round, TERRANE_SYMPTOM_OK, NULL, "%s; not tried without --aws", source);
  else
    terrane_round_add (round, TERRANE_SYMPTOM_OK, NULL,
                       "none but what a role of the machine may give; not tried without --aws");
}

/* Any answer, whether or not the tag exists, means that the registry can be used. */
static void
ask_registry (TerraneRound *round, const char *text)
{
  const TerraneDoctor *doctor = round->doctor;
  g_autoptr (GError) error = NULL;
  g_autoptr (OciReference) reference = oci_reference_parse (text, &error);
  g_autoptr (OciRegistry) registry =
      reference != NULL ? oci_registry_new (doctor->client, reference, OCI_REGISTRY_PULL,
                                            doctor->cancellable, &error)
                        : NULL;
  g_autofree char *path = NULL;
  OciRegistryAnswer answer = OCI_REGISTRY_UNKNOWN;
  if (registry != NULL)
    {
      g_autofree char *below =
          g_strconcat ("manifests/", reference->tag != NULL ? reference->tag : "latest", NULL);
      path = oci_registry_path (registry, below);
    }
  const OciRegistryQuestion question = {
    .path = path,
    .accept = "Accept: application/vnd.oci.image.index.v1+json, "
              "application/vnd.oci.image.manifest.v1+json, "
              "application/vnd.docker.distribution.manifest.list.v2+json, "
              "application/vnd.docker.distribution.manifest.v2+json",
    .what = "looking for a tag",
  };
  g_autofree char *quoted = oci_quote (text);
  if (registry == NULL
      || !oci_registry_ask (registry, &question, doctor->cancellable, &answer, NULL, &error))
    {
      terrane_round_add (round, TERRANE_SYMPTOM_MISSING, "what the message says", "%s: %s", quoted,
                         error->message);
      return;
    }
  static const char *const words[] = { "no such tag", "there is such a tag",
                                       "it does not let itself be asked for tags" };
  g_autofree char *auth = oci_registry_describe_auth (registry);
  terrane_round_add (round, TERRANE_SYMPTOM_OK, NULL, "%s: answers, %s; %s", quoted, words[answer],
                     auth);
}

static void
look_for_registries (TerraneRound *round)
{
  const char *const *text = round->doctor->registries;
  if (text == NULL || *text == NULL)
    terrane_round_add (round, TERRANE_SYMPTOM_OK, NULL,
                       "not asked; --registry HOST/REPOSITORY does");
  for (; text != NULL && *text != NULL; text++)
    ask_registry (round, *text);
}

const TerraneDoctorRow terrane_doctor_access_rows[] = {
  { "access", "certificates", look_for_certificates },
  { "access", "proxy", look_for_proxy },
  { "access", "logins", look_for_logins },
  { "access", "aws", look_for_aws },
  { "access", "registry", look_for_registries },
  { NULL, NULL, NULL },
};
