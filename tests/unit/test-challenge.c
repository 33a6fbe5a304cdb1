/* RFC 9110 sections 5.6 and 11; headers as registries send them. */
#include "oci/registry/challenge.h"

#include <string.h>

/* "SCHEME token68" or "SCHEME name=value|name=value" with the names sorted, joined by "; ". */
static char *
describe (GPtrArray *challenges)
{
  GString *text = g_string_new (NULL);
  for (guint i = 0; i < challenges->len; i++)
    {
      const OciChallenge *challenge = challenges->pdata[i];
      g_string_append_printf (text, "%s%s", i > 0 ? "; " : "", challenge->scheme);
      if (challenge->token68 != NULL)
        g_string_append_printf (text, " %s", challenge->token68);
      g_autoptr (GList) names = g_hash_table_get_keys (challenge->params);
      names = g_list_sort (names, (GCompareFunc) (void (*) (void)) strcmp);
      for (GList *name = names; name != NULL; name = name->next)
        g_string_append_printf (text, "%s%s=%s", name == names ? " " : "|", (char *) name->data,
                                oci_challenge_param (challenge, name->data));
    }
  return g_string_free (text, FALSE);
}

static void
test_good (void)
{
  static const struct
  {
    const char *header, *expected;
  } rows[] = {
    { "", "" },
    { " , ,", "" },
    { "Basic realm=\"simple\"", "Basic realm=simple" },
    { "basic realm=simple", "basic realm=simple" },
    { "Basic realm = \"a b\"", "Basic realm=a b" },
    { "Basic realm=\"\"", "Basic realm=" },
    { "Basic realm=\"a \\\"b\\\" \\\\c\"", "Basic realm=a \"b\" \\c" },
    { "Basic REALM=\"x\", charset=\"UTF-8\"", "Basic charset=UTF-8|realm=x" },
    { "Negotiate", "Negotiate" },
    { "Negotiate YWJj+/x==", "Negotiate YWJj+/x==" },
    { "Negotiate, Basic realm=x", "Negotiate; Basic realm=x" },
    { "Negotiate a=, Basic realm=x", "Negotiate a=; Basic realm=x" },
    /* RFC 9110 section 11.6.1's own example */
    { "Basic realm=\"simple\", Newauth realm=\"apps\", type=1, title=\"Login to \\\"apps\\\"\"",
      "Basic realm=simple; Newauth realm=apps|title=Login to \"apps\"|type=1" },
    { ",Basic realm=x,,Bearer realm=y,,service=z,", "Basic realm=x; Bearer realm=y|service=z" },
    { "Bearer realm=\"https://auth.docker.io/token\",service=\"registry.docker.io\","
      "scope=\"repository:library/debian:pull,push\"",
      "Bearer realm=https://auth.docker.io/token|scope=repository:library/debian:pull,push"
      "|service=registry.docker.io" },
    { "Bearer realm=\"https://public.ecr.aws/token/\",service=\"public.ecr.aws\",scope=\"aws\"",
      "Bearer realm=https://public.ecr.aws/token/|scope=aws|service=public.ecr.aws" },
    { "Basic realm=\"https://1.dkr.ecr.eu-west-1.amazonaws.com/\",service=\"ecr.amazonaws.com\"",
      "Basic realm=https://1.dkr.ecr.eu-west-1.amazonaws.com/|service=ecr.amazonaws.com" },
  };
  for (size_t i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autoptr (GError) error = NULL;
      g_autoptr (GPtrArray) challenges = oci_challenges_parse (rows[i].header, &error);
      g_assert_no_error (error);
      g_autofree char *described = describe (challenges);
      g_assert_cmpstr (described, ==, rows[i].expected);
    }
}

static void
test_find (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) challenges = oci_challenges_parse ("Basic realm=x, BEARER realm=y", &error);
  g_assert_no_error (error);
  const OciChallenge *bearer = oci_challenges_find (challenges, "Bearer");
  g_assert_nonnull (bearer);
  g_assert_cmpstr (oci_challenge_param (bearer, "realm"), ==, "y");
  g_assert_null (oci_challenge_param (bearer, "scope"));
  g_assert_null (oci_challenges_find (challenges, "Digest"));
}

static void
assert_refused (const char *header, OciError code, const char *pattern)
{
  g_autoptr (GError) error = NULL;
  g_assert_null (oci_challenges_parse (header, &error));
  g_assert_error (error, OCI_ERROR, (int) code);
  if (!g_pattern_match_simple (pattern, error->message))
    g_error ("%s: %s does not match %s", header, error->message, pattern);
}

static void
test_bad (void)
{
  static const struct
  {
    const char *header, *pattern;
  } rows[] = {
    { "=", "*expected a scheme*" },
    { "\"Basic\"", "*expected a scheme*" },
    { "Basic realm=\"open", "*quoted string*" },
    { "Basic realm=\"open\\", "*quoted string*" },
    { "Basic realm=\"a\nb\"", "*quoted string*" },
    { "Basic realm=, x=1", "*" },
    { "Basic realm=x realm=y", "*expected a comma*" },
    { "Basic realm=x, realm=y", "*each parameter once*" },
    { "Basic realm=https://x", "*expected a comma*" },
    { "Basic Bearer realm=x", "*expected a parameter*" },
    { "Basic\x01", "*expected a comma*" },
    { "Basic realm=\"x\"y", "*expected a comma*" },
  };
  for (size_t i = 0; i < G_N_ELEMENTS (rows); i++)
    assert_refused (rows[i].header, OCI_ERROR_FORMAT, rows[i].pattern);
}

static void
test_limits (void)
{
  g_autoptr (GError) error = NULL;
  GString *schemes = g_string_new ("s0"), *params = g_string_new ("S p0=1");
  for (int i = 1; i < 16; i++)
    g_string_append_printf (schemes, ",s%d", i);
  for (int i = 1; i < 32; i++)
    g_string_append_printf (params, ",p%d=1", i);
  g_autoptr (GPtrArray) most = oci_challenges_parse (schemes->str, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (most->len, ==, 16);
  g_autoptr (GPtrArray) one = oci_challenges_parse (params->str, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (one->len, ==, 1);

  g_string_append (schemes, ",s16");
  g_string_append (params, ",p32=1");
  assert_refused (schemes->str, OCI_ERROR_LIMIT, "*more than 16 challenges*");
  assert_refused (params->str, OCI_ERROR_LIMIT, "*more than 32 parameters*");
  g_string_free (schemes, TRUE);
  g_string_free (params, TRUE);
  g_autofree char *commas = g_strnfill (16 * 1024 + 1, ',');
  assert_refused (commas, OCI_ERROR_LIMIT, "*more than 16384 bytes*");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/challenge/good", test_good);
  g_test_add_func ("/challenge/find", test_find);
  g_test_add_func ("/challenge/bad", test_bad);
  g_test_add_func ("/challenge/limits", test_limits);
  return g_test_run ();
}
