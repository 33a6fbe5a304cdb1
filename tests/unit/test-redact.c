/* The secrets that messages leave out. */
#include "testing.h"

#include "oci/base/error.h"
#include "oci/base/redact.h"

static void
assert_shown (const char *text, const char *shown)
{
  g_autofree char *got = oci_redact (text);
  g_assert_cmpstr (got, ==, shown);
}

/* Encoded by base64(1) and by Python's urllib.parse.quote(). */
static void
test_forms (void)
{
  assert_shown ("bad p+ss/w~?rd", "bad p+ss/w~?rd");
  oci_redact_add ("p+ss/w~?rd");
  assert_shown ("bad p+ss/w~?rd", "bad …");
  assert_shown ("p+ss/w~?rd and p+ss/w~?rd", "… and …");
  assert_shown ("base64 cCtzcy93fj9yZA==", "base64 …==");
  assert_shown ("no padding cCtzcy93fj9yZA.", "no padding ….");
  assert_shown ("?q=p%2Bss%2Fw~%3Frd&x", "?q=…&x");
  assert_shown ("?q=p%2bss%2fw~%3frd&x", "?q=…&x");
  assert_shown ("p+ss", "p+ss");
  oci_redact_add ("~~~???");
  assert_shown ("fn5+Pz8/ fn5-Pz8_", "… …");
}

static void
test_overlaps (void)
{
  oci_redact_add ("abcd-token");
  oci_redact_add ("token-efgh");
  assert_shown ("abcd-token-efgh!", "…!");
  assert_shown ("abcd-tokenabcd-token", "…");
}

static void
test_short (void)
{
  oci_redact_add (NULL);
  oci_redact_add ("");
  oci_redact_add ("zyx");
  assert_shown ("zyx", "zyx");
}

/* The cut of a long text must not leave half a secret. */
static void
test_quote (void)
{
  g_autofree char *filler = g_strnfill (150, '.');
  g_autofree char *text = g_strconcat (filler, "a-secret-of-24-letters-x", NULL);
  g_autofree char *expected = g_strconcat ("‘", filler, "…’", NULL);
  oci_redact_add ("a-secret-of-24-letters-x");
  g_autofree char *quoted = oci_quote (text);
  g_assert_cmpstr (quoted, ==, expected);
}

static void
test_many (void)
{
  for (unsigned i = 0; i < 2 * OCI_REDACT_MAX_SECRETS; i++)
    {
      g_autofree char *secret = g_strdup_printf ("secret-number-%u-x", i);
      oci_redact_add (secret);
    }
  g_autofree char *last = g_strdup_printf ("secret-number-%u-x", 2 * OCI_REDACT_MAX_SECRETS - 1);
  assert_shown (last, "…");
}

static void
test_user (void)
{
  static const struct
  {
    const char *text, *shown; /* NULL: there is none */
  } rows[] = {
    { "docker://u:Secret1@h.test/a:v1", "docker://…@h.test/a:v1" },
    { "u:Secret2@h.test/a", "…@h.test/a" },
    { "https://Secret3@h.test/a", "https://…@h.test/a" },
    { "docker://u:Sec/ret4@h.test/a", "docker://…@h.test/a" },
    { "docker://u:Sec@ret5@h.test/a", "docker://…@h.test/a" },
    { "docker://u:Secret6@h.test/a@sha256:e3b0", "docker://…@h.test/a@sha256:e3b0" },
    { "docker://h.test:5000/a@sha256:e3b0", NULL },
    { "docker://h.test:5000/a:v1@sha512:e3b0", NULL },
    { "me@example.org", NULL },
    { "{\"mail\": \"me@example.org\"}", NULL },
    { "docker://h.test/a:v1", NULL },
    { "", NULL },
  };
  for (size_t i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autofree char *shown = oci_redact_user (rows[i].text);
      g_assert_cmpstr (shown, ==, rows[i].shown);
    }
  assert_shown ("Secret1 Secret2 Secret3 Sec/ret4 Sec@ret5 Secret6 me", "… … … … … … me");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/redact/forms", test_forms);
  g_test_add_func ("/redact/overlaps", test_overlaps);
  g_test_add_func ("/redact/short", test_short);
  g_test_add_func ("/redact/quote", test_quote);
  g_test_add_func ("/redact/user", test_user);
  g_test_add_func ("/redact/many", test_many);
  return g_test_run ();
}
