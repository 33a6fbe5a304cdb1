/* containers-transports(5), and bare names for the store. */
#include "oci/transport.h"

static void
test_good (void)
{
  static const struct
  {
    const char *text;
    OciTransportKind kind;
    const char *path, *name;
  } rows[] = {
    { "app", OCI_TRANSPORT_STORE, NULL, "app:latest" },
    { "team/app:v1", OCI_TRANSPORT_STORE, NULL, "team/app:v1" },
    { "oci", OCI_TRANSPORT_STORE, NULL, "oci:latest" },
    { "oci:dir", OCI_TRANSPORT_OCI, "dir", NULL },
    { "oci:/a b/dir:v1", OCI_TRANSPORT_OCI, "/a b/dir", "v1" },
    { "oci:dir:Team/App:v1.0+x@y--z", OCI_TRANSPORT_OCI, "dir", "Team/App:v1.0+x@y--z" },
    { "oci-archive:x.tar", OCI_TRANSPORT_OCI_ARCHIVE, "x.tar", NULL },
    { "oci-archive:x.tar:latest", OCI_TRANSPORT_OCI_ARCHIVE, "x.tar", "latest" },
    { "docker-archive:x.tar", OCI_TRANSPORT_DOCKER_ARCHIVE, "x.tar", NULL },
    { "docker-archive:x.tar:app", OCI_TRANSPORT_DOCKER_ARCHIVE, "x.tar", "app:latest" },
    { "docker-archive:x.tar:docker.io/library/app:1", OCI_TRANSPORT_DOCKER_ARCHIVE, "x.tar",
      "docker.io/library/app:1" },
    { "docker-archive:x.tar:localhost:5000/app:1", OCI_TRANSPORT_DOCKER_ARCHIVE, "x.tar",
      "localhost:5000/app:1" },
  };
  for (size_t i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autoptr (GError) error = NULL;
      g_autoptr (OciTransport) transport = oci_transport_parse (rows[i].text, &error);
      g_assert_no_error (error);
      g_assert_cmpint (transport->kind, ==, rows[i].kind);
      g_assert_cmpstr (transport->path, ==, rows[i].path);
      g_assert_cmpstr (transport->name, ==, rows[i].name);
      g_assert_null (transport->reference);
    }
}

static void
test_registry (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (OciTransport) transport =
      oci_transport_parse ("docker://localhost:5000/team/app:v1", &error);
  g_assert_no_error (error);
  g_assert_cmpint (transport->kind, ==, OCI_TRANSPORT_REGISTRY);
  g_assert_null (transport->path);
  g_assert_cmpstr (transport->reference->host, ==, "localhost:5000");
  g_assert_cmpstr (transport->reference->tag, ==, "v1");
}

static void
test_bad (void)
{
  static const struct
  {
    const char *text;
    OciError code;
    const char *pattern;
  } rows[] = {
    { "", OCI_ERROR_USAGE, "invalid name ‘’*" },
    { "App", OCI_ERROR_USAGE, "invalid name ‘App’: *; did you mean ‘app’?" },
    { "team/App_:v1", OCI_ERROR_USAGE, "‘team/App_:v1’: invalid name ‘team/App_’ at ‘App_’: *‘/’" },
    { "app:", OCI_ERROR_USAGE, "*invalid tag*" },
    { "oci:", OCI_ERROR_USAGE, "‘oci:’: the path is missing" },
    { "oci::v1", OCI_ERROR_USAGE, "*the path is missing" },
    { "oci:dir:", OCI_ERROR_USAGE, "*invalid image name ‘’*" },
    { "oci:dir:a..b", OCI_ERROR_USAGE, "*invalid image name*" },
    { "oci:dir:a---b", OCI_ERROR_USAGE, "*invalid image name*" },
    { "oci:dir:-a", OCI_ERROR_USAGE, "*invalid image name*" },
    { "oci:dir:a b", OCI_ERROR_USAGE, "*invalid image name*" },
    { "docker-archive:x.tar:App", OCI_ERROR_USAGE, "*invalid name*" },
    { "docker-archive:x.tar:@x", OCI_ERROR_USAGE, "*invalid name*" },
    { "docker-archive:x.tar:@", OCI_ERROR_USAGE, "*invalid name*" },
    { "@0", OCI_ERROR_USAGE, "*invalid name*" },
    { "docker://app", OCI_ERROR_USAGE, "‘docker://app’: no registry host*" },
    { "dir:/x", OCI_ERROR_USAGE, "‘dir:/x’: terrane has no transport ‘dir:’*oci:DIR*" },
    { "containers-storage:app", OCI_ERROR_USAGE, "*no transport ‘containers-storage:’*" },
    { "docker-daemon:app:1", OCI_ERROR_USAGE, "*no transport*" },
  };
  for (size_t i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autoptr (GError) error = NULL;
      g_assert_null (oci_transport_parse (rows[i].text, &error));
      g_assert_error (error, OCI_ERROR, (int) rows[i].code);
      if (!g_pattern_match_simple (rows[i].pattern, error->message))
        g_error ("%s: %s does not match %s", rows[i].text, error->message, rows[i].pattern);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/transport/good", test_good);
  g_test_add_func ("/transport/registry", test_registry);
  g_test_add_func ("/transport/bad", test_bad);
  return g_test_run ();
}
