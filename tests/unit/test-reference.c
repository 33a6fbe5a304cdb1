/* distribution/reference's grammar; the rows follow its reference_test.go and regexp.go. */
#include "oci/reference.h"

#include <string.h>

#define HEX "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

typedef struct
{
  const char *text, *host, *repository, *tag;
  gboolean has_digest;
} Good;

static void
test_good (void)
{
  static const Good rows[] = {
    { "docker://localhost/a", "localhost", "a", NULL, FALSE },
    { "localhost:5000/team/app:v1", "localhost:5000", "team/app", "v1", FALSE },
    { "docker://registry.example.com/a/b/c/d:1.0-rc_1", "registry.example.com", "a/b/c/d",
      "1.0-rc_1", FALSE },
    { "docker://127.0.0.1:5000/x:_", "127.0.0.1:5000", "x", "_", FALSE },
    { "docker://[::1]:5000/x:1", "[::1]:5000", "x", "1", FALSE },
    { "docker://[2001:db8::1]/x", "[2001:db8::1]", "x", NULL, FALSE },
    { "docker://Registry.Example.com/x", "Registry.Example.com", "x", NULL, FALSE },
    { "docker://a-b--c.example/x", "a-b--c.example", "x", NULL, FALSE },
    { "docker://h.io/a.b_c__d---e/0", "h.io", "a.b_c__d---e/0", NULL, FALSE },
    { "docker://h.io/a@sha256:" HEX, "h.io", "a", NULL, TRUE },
    { "docker://h.io/a:t@sha256:" HEX, "h.io", "a", "t", TRUE },
    { "docker://docker.io/debian:12", "docker.io", "library/debian", "12", FALSE },
    { "docker://docker.io/library/debian", "docker.io", "library/debian", NULL, FALSE },
    { "docker://123456789012.dkr.ecr.eu-west-1.amazonaws.com/geo:a1",
      "123456789012.dkr.ecr.eu-west-1.amazonaws.com", "geo", "a1", FALSE },
  };
  for (size_t i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autoptr (GError) error = NULL;
      g_autoptr (OciReference) reference = oci_reference_parse (rows[i].text, &error);
      g_assert_no_error (error);
      g_assert_cmpstr (reference->host, ==, rows[i].host);
      g_assert_cmpstr (reference->repository, ==, rows[i].repository);
      g_assert_cmpstr (reference->tag, ==, rows[i].tag);
      g_assert_cmpint (reference->has_digest, ==, rows[i].has_digest);

      g_autofree char *text = oci_reference_text (reference);
      g_autoptr (OciReference) again = oci_reference_parse (text, &error);
      g_assert_no_error (error);
      g_autofree char *text_again = oci_reference_text (again);
      g_assert_cmpstr (text, ==, text_again);
      g_autoptr (OciReference) copy = oci_reference_copy (again);
      g_assert_cmpstr (copy->repository, ==, reference->repository);
    }
}

static void
assert_refused (const char *text, const char *pattern)
{
  g_autoptr (GError) error = NULL;
  g_assert_null (oci_reference_parse (text, &error));
  g_assert_error (error, OCI_ERROR, OCI_ERROR_USAGE);
  if (!g_pattern_match_simple (pattern, error->message))
    g_error ("%s: %s does not match %s", text, error->message, pattern);
}

static void
test_bad (void)
{
  static const struct
  {
    const char *text, *pattern;
  } rows[] = {
    { "", "*no registry host*docker://HOST/REPOSITORY*" },
    { "docker://", "*no registry host*" },
    { "docker://alpine", "*‘docker://alpine’: no registry host*" },
    { "docker://alpine:3", "*no registry host*" },
    { "docker://team/app:3", "*no registry host*" },
    { "docker://localhost", "*no registry host*" },
    { "docker:///app", "*no registry host*" },
    { "docker://h.io/", "*invalid name ‘’*" },
    { "docker://h.io/a/", "*invalid name ‘a/’ at ‘’*" },
    { "docker://h.io//a", "*invalid name*" },
    { "docker://h.io/App", "*invalid name ‘App’*lower-case*" },
    { "docker://h.io/a..b", "*invalid name*" },
    { "docker://h.io/a___b", "*invalid name*" },
    { "docker://h.io/a.-b", "*invalid name*" },
    { "docker://h.io/-a", "*invalid name*" },
    { "docker://h.io/a-", "*invalid name*" },
    { "docker://h.io/a b", "*invalid name*" },
    { "docker://h.io/a\n", "*\\x0a*" },
    { "docker://h.io/a?x=1", "*invalid name*" },
    { "docker://h.io/../../v2", "*invalid name*" },
    { "docker://h.io/a:", "*invalid tag ‘’*" },
    { "docker://h.io/a:.x", "*invalid tag ‘.x’*" },
    { "docker://h.io/a:-x", "*invalid tag*" },
    { "docker://h.io/a:x:y", "*invalid tag ‘x:y’*" },
    { "docker://h.io/a:x+y", "*invalid tag*" },
    { "docker://h.io/a@", "*expected a digest*" },
    { "docker://h.io/a@sha256:123", "*64 lower-case hex*" },
    { "docker://h.io/a@sha512:" HEX, "*not sha256*" },
    { "docker://h.io/a@sha256:" HEX ":t", "*64 lower-case hex*" },
    { "docker://h.io:/a", "*invalid registry ‘h.io:’*" },
    { "docker://h.io:0/a", "*invalid registry*" },
    { "docker://h.io:65536/a", "*invalid registry*" },
    { "docker://h.io:5000x/a", "*invalid registry*" },
    { "docker://h..io/a", "*invalid registry*" },
    { "docker://.h.io/a", "*invalid registry*" },
    { "docker://h.io./a", "*invalid registry*" },
    { "docker://-h.io/a", "*invalid registry*" },
    { "docker://h-.io/a", "*invalid registry*" },
    { "docker://[::1/a", "*invalid registry*" },
    { "docker://[::1]5000/a", "*invalid registry*" },
    { "docker://[fe80::1%25eth0]/a", "*invalid registry*" },
    { "docker://user:pw@h.io/a", "‘docker://…@h.io/a’: a user or password does not belong there*" },
    { "user:pw@h.io/a", "‘…@h.io/a’: a user*" },
    { "docker://user:p/w@h.io/a", "‘docker://…@h.io/a’: a user*" },
    { "https://h.io/a", "*" },
  };
  for (size_t i = 0; i < G_N_ELEMENTS (rows); i++)
    assert_refused (rows[i].text, rows[i].pattern);
}

static char *
repeated (const char *before, size_t n, const char *after)
{
  g_autofree char *middle = g_strnfill (n, 'a');
  return g_strconcat (before, middle, after, NULL);
}

static void
test_limits (void)
{
  g_autofree char *name = repeated ("h.io/", OCI_REPOSITORY_MAX_BYTES, "");
  g_autofree char *long_name = repeated ("h.io/", OCI_REPOSITORY_MAX_BYTES + 1, "");
  g_autofree char *tag = repeated ("h.io/x:", OCI_TAG_MAX_BYTES, "");
  g_autofree char *long_tag = repeated ("h.io/x:", OCI_TAG_MAX_BYTES + 1, "");
  g_autofree char *long_host = repeated ("", 256 - 3, ".io/x");
  g_autoptr (GError) error = NULL;
  g_autoptr (OciReference) a G_GNUC_UNUSED = oci_reference_parse (name, &error);
  g_assert_no_error (error);
  g_autoptr (OciReference) b G_GNUC_UNUSED = oci_reference_parse (tag, &error);
  g_assert_no_error (error);
  assert_refused (long_name, "*256 bytes, at most 255*");
  assert_refused (long_tag, "*invalid tag *: use 1 to 128*");
  assert_refused (long_host, "*invalid registry*");
}

static void
test_local_name (void)
{
  static const struct
  {
    const char *text;
    gboolean allow_host;
    const char *name; /* NULL: refused */
  } rows[] = {
    { "app", FALSE, "app:latest" },
    { "app:v1", FALSE, "app:v1" },
    { "team/app:v1", FALSE, "team/app:v1" },
    { "lambda-python3.12-rasterio", FALSE, "lambda-python3.12-rasterio:latest" },
    { "localhost/app:v1", FALSE, "app:v1" },
    { "localhost/app:v1", TRUE, "localhost/app:v1" },
    { "localhost/", FALSE, NULL },
    { "localhost:5000/app", FALSE, NULL },
    { "localhost:5000/app", TRUE, "localhost:5000/app:latest" },
    { "localhost:5000/app:1", TRUE, "localhost:5000/app:1" },
    { "localhost:x/app:1", TRUE, NULL },
    { "App", TRUE, NULL },
    { "", TRUE, NULL },
    { ":v1", TRUE, NULL },
    { "app@sha256:" HEX, TRUE, NULL },
  };
  for (size_t i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autoptr (GError) error = NULL;
      g_autofree char *name = oci_reference_local_name (rows[i].text, rows[i].allow_host, &error);
      g_assert_cmpstr (name, ==, rows[i].name);
      if (rows[i].name == NULL)
        g_assert_error (error, OCI_ERROR, OCI_ERROR_USAGE);
      else
        g_assert_no_error (error);
    }
}

/* The names that docker means, moby's reference.ParseNormalizedNamed(). */
static void
test_full_name (void)
{
  static const char *const rows[][2] = {
    { "ubuntu", "docker.io/library/ubuntu:latest" },
    { "ubuntu:22.04", "docker.io/library/ubuntu:22.04" },
    { "library/ubuntu:22.04", "docker.io/library/ubuntu:22.04" },
    { "user/img:1", "docker.io/user/img:1" },
    { "docker.io/ubuntu:1", "docker.io/library/ubuntu:1" },
    { "docker.io/library/ubuntu:1", "docker.io/library/ubuntu:1" },
    { "index.docker.io/library/ubuntu:1", "docker.io/library/ubuntu:1" },
    { "localhost/app:1", "localhost/app:1" },
    { "localhost:5000/app", "localhost:5000/app:latest" },
    { "quay.io/a/b/c:1", "quay.io/a/b/c:1" },
    { "", "docker.io/library/:latest" },
  };
  for (size_t i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autofree char *full = oci_reference_full_name (rows[i][0]);
      g_assert_cmpstr (full, ==, rows[i][1]);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/reference/good", test_good);
  g_test_add_func ("/reference/bad", test_bad);
  g_test_add_func ("/reference/limits", test_limits);
  g_test_add_func ("/reference/local-name", test_local_name);
  g_test_add_func ("/reference/full-name", test_full_name);
  return g_test_run ();
}
