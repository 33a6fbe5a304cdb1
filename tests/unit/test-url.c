/* The client's treatment of URLs that registries send. */
#include "testing.h"

#include "oci/http/url.h"

static void
test_hide_password (void)
{
  static const struct
  {
    const char *text;
    const char *shown;
  } rows[] = {
    { "https://me:secret@h.example/p?q", "https://me:…@h.example/p?q" },
    { "https://me:a@b:c@h.example", "https://me:…@h.example" },
    { "https://me@h.example/a:b@c", "https://me@h.example/a:b@c" },
    { "https://h.example/a:b@c", "https://h.example/a:b@c" },
    { "a:b@c", "a:b@c" },
    { "", "" },
  };
  for (size_t i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autofree char *shown = oci_url_hide_password (rows[i].text);
      g_assert_cmpstr (shown, ==, rows[i].shown);
    }
}

static void
test_quote_hides_secrets (void)
{
  static const struct
  {
    const char *url;
    const char *shown;
  } rows[] = {
    { "https://h.io/a/b", "‘https://h.io/a/b’" },
    { "https://h.io/a?X-Amz-Signature=secret", "‘https://h.io/a’" },
    { "https://user:secret@h.io/a?b#c", "‘https://…@h.io/a’" },
    { "https://h.io/a@b", "‘https://h.io/a@b’" },
    { "/relative?secret", "‘/relative’" },
    { "user:secret@h.io", "‘…@h.io’" },
    { "https://user:sec@ret@h.io/a", "‘https://…@h.io/a’" },
    { "#secret", "‘’" },
    { "h/..?p://!us:pw@h/", "‘h/..’" },
  };
  for (size_t i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autofree char *shown = oci_url_quote (rows[i].url);
      g_assert_cmpstr (shown, ==, rows[i].shown);
    }
}

/* RFC 3986 section 5.4, as far as Locations need it. */
static void
test_resolve (void)
{
  static const struct
  {
    const char *reference;
    const char *url;
  } rows[] = {
    { "/v2/x?y=%2B", "https://h.io:5000/v2/x?y=%2B" },
    { "../c", "https://h.io:5000/v2/c" },
    { "//other.io/c", "https://other.io/c" },
    { "http://other.io/", "http://other.io/" },
  };
  for (size_t i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autoptr (GError) error = NULL;
      g_autofree char *url =
          oci_url_resolve ("https://h.io:5000/v2/a/b", rows[i].reference, &error);
      g_assert_no_error (error);
      g_assert_cmpstr (url, ==, rows[i].url);
    }
}

static void
test_origin (void)
{
  g_auto (OciUrlOrigin) a = { 0 }, b = { 0 }, c = { 0 };
  g_autoptr (GError) error = NULL;
  g_assert_true (oci_url_origin ("https://H.io/x", &a, &error));
  g_assert_true (oci_url_origin ("https://h.io:443/y", &b, &error));
  g_assert_true (oci_url_origin ("https://h.io:444/y", &c, &error));
  g_assert_true (oci_url_same_origin (&a, &b));
  g_assert_false (oci_url_same_origin (&a, &c));
  OciUrlOrigin none;
  g_assert_false (oci_url_origin ("https://user:secret@h.io/?secret", &none, &error));
  assert_error (error, OCI_ERROR, OCI_ERROR_FORMAT, "invalid URL ‘https://…@h.io/’*");
}

/* RFC 3986 section 3.2.1; the expected value is that of "printf '%s' 'al:ice:open sesame' |
 * base64". */
static void
test_take_user (void)
{
  static const struct
  {
    const char *url;
    const char *rest;
    const char *authorization;
  } rows[] = {
    { "https://h.io/a?b=c", "https://h.io/a?b=c", NULL },
    { "https://al%3Aice:open%20sesame@h.io:81/a", "https://h.io:81/a",
      "Basic YWw6aWNlOm9wZW4gc2VzYW1l" },
    { "http://token@h.io/a@b", "http://h.io/a@b", "Basic dG9rZW46" },
  };
  for (size_t i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autofree char *rest = NULL, *authorization = NULL;
      g_autoptr (GError) error = NULL;
      g_assert_true (oci_url_take_user (rows[i].url, &rest, &authorization, &error));
      g_assert_no_error (error);
      g_assert_cmpstr (rest, ==, rows[i].rest);
      g_assert_cmpstr (authorization, ==, rows[i].authorization);
    }
  char *rest, *authorization;
  g_autoptr (GError) error = NULL;
  g_assert_false (oci_url_take_user ("https://user:secret@/x", &rest, &authorization, &error));
  assert_error (error, OCI_ERROR, OCI_ERROR_FORMAT, "invalid URL ‘https://…@/x’*");
}

static void
test_loopback (void)
{
  static const struct
  {
    const char *url;
    gboolean loopback;
  } rows[] = {
    { "http://127.0.0.1/", TRUE },       { "http://127.9.9.9:80/", TRUE },
    { "http://localhost:1/", TRUE },     { "http://[::1]:5000/", TRUE },
    { "http://128.0.0.1/", FALSE },      { "http://localhost.evil.org/", FALSE },
    { "http://127.0.0.1.evil/", FALSE }, { "http://[::2]/", FALSE },
  };
  for (size_t i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_auto (OciUrlOrigin) origin = { 0 };
      g_assert_true (oci_url_origin (rows[i].url, &origin, NULL));
      g_assert_cmpint (oci_url_is_loopback (&origin), ==, rows[i].loopback);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/url/quote-hides-secrets", test_quote_hides_secrets);
  g_test_add_func ("/url/hide-password", test_hide_password);
  g_test_add_func ("/url/resolve", test_resolve);
  g_test_add_func ("/url/origin", test_origin);
  g_test_add_func ("/url/take-user", test_take_user);
  g_test_add_func ("/url/loopback", test_loopback);
  return g_test_run ();
}
