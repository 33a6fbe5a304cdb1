/* Which proxy a host gets, and which lists except it: Go's and libcurl's forms. */
#include "testing.h"

#include "oci/http/proxy.h"

static void
test_exceptions (void)
{
  static const struct
  {
    const char *list, *url;
    gboolean excepted;
  } rows[] = {
    { "", "https://h.example.org/", FALSE },
    { "*", "https://h.example.org/", TRUE },
    { "a.test, *", "https://h.example.org/", TRUE },
    /* names */
    { "example.org", "https://example.org/", TRUE },
    { "example.org", "https://h.example.org/", TRUE },
    { "EXAMPLE.org", "https://h.Example.ORG/", TRUE },
    { "example.org", "https://badexample.org/", FALSE },
    { ".example.org", "https://h.example.org/", TRUE },
    { ".example.org", "https://example.org/", TRUE },
    { "*.example.org", "https://h.example.org/", TRUE },
    { "*.example.org", "https://example.com/", FALSE },
    { "h.*", "https://h.example.org/", FALSE },
    { "example.org", "https://h.example.org./", TRUE },
    { "a.test,h.example.org", "https://h.example.org/", TRUE },
    { " a.test ,  h.example.org ", "https://h.example.org/", TRUE },
    { "a.test h.example.org", "https://h.example.org/", TRUE },
    { ",,", "https://h.example.org/", FALSE },
    { ".", "https://h.example.org/", FALSE },
    /* ports */
    { "example.org:443", "https://h.example.org/", TRUE },
    { "example.org:443", "https://h.example.org:5000/", FALSE },
    { "example.org:5000", "https://h.example.org:5000/", TRUE },
    { ".example.org:5000", "https://h.example.org/", FALSE },
    /* addresses */
    { "192.0.2.7", "https://192.0.2.7/", TRUE },
    { "192.0.2.7:5000", "https://192.0.2.7:5000/", TRUE },
    { "192.0.2.7:5000", "https://192.0.2.7/", FALSE },
    { "192.0.2.7", "https://192.0.2.70/", FALSE },
    { "2.7", "https://192.0.2.7/", FALSE },
    { "2001:db8::7", "https://[2001:db8::7]/", TRUE },
    { "[2001:db8::7]", "https://[2001:db8:0::7]/", TRUE },
    { "[2001:db8::7]:5000", "https://[2001:db8::7]:5000/", TRUE },
    { "[2001:db8::7]:5000", "https://[2001:db8::7]/", FALSE },
    /* ranges: RFC 4632 */
    { "10.0.0.0/8", "https://10.255.0.1/", TRUE },
    { "10.0.0.0/8", "https://11.0.0.1/", FALSE },
    { "10.1.2.3/8", "https://10.9.9.9/", TRUE },
    { "192.0.2.128/25", "https://192.0.2.127/", FALSE },
    { "192.0.2.128/25", "https://192.0.2.255/", TRUE },
    { "0.0.0.0/0", "https://203.0.113.9/", TRUE },
    { "192.0.2.1/32", "https://192.0.2.1/", TRUE },
    { "192.0.2.1/33", "https://192.0.2.1/", FALSE },
    { "192.0.2.0/", "https://192.0.2.1/", FALSE },
    { "2001:db8::/32", "https://[2001:db8:1::1]/", TRUE },
    { "2001:db8::/32", "https://[2001:db9::1]/", FALSE },
    { "0.0.0.0/0", "https://[2001:db9::1]/", FALSE },
    { "10.0.0.0/8", "https://ten.example.org/", FALSE },
  };
  for (size_t i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_auto (OciUrlOrigin) origin = { 0 };
      g_test_message ("%s %s", rows[i].list, rows[i].url);
      g_assert_true (oci_url_origin (rows[i].url, &origin, NULL));
      g_assert_cmpint (oci_proxy_is_excepted (rows[i].list, &origin), ==, rows[i].excepted);
    }
}

static const char *const variables[] = { "https_proxy", "HTTPS_PROXY", "http_proxy",
                                         "HTTP_PROXY",  "all_proxy",   "ALL_PROXY",
                                         "no_proxy",    "NO_PROXY",    "REQUEST_METHOD" };

/* @settings: "NAME=VALUE NAME=VALUE" */
static void
test_choice (void)
{
  static const struct
  {
    const char *settings, *url, *proxy, *variable;
  } rows[] = {
    { "", "https://h.test/", NULL, NULL },
    { "HTTPS_PROXY=http://p:1", "https://h.test/", "http://p:1", "HTTPS_PROXY" },
    { "HTTPS_PROXY=http://p:1 https_proxy=http://q:1", "https://h.test/", "http://q:1",
      "https_proxy" },
    { "HTTPS_PROXY=http://p:1 https_proxy=", "https://h.test/", "http://p:1", "HTTPS_PROXY" },
    { "HTTPS_PROXY=http://p:1", "http://h.test/", NULL, NULL },
    { "HTTP_PROXY=http://p:1", "http://h.test/", "http://p:1", "HTTP_PROXY" },
    { "HTTP_PROXY=http://p:1 REQUEST_METHOD=GET", "http://h.test/", NULL, NULL },
    { "ALL_PROXY=http://p:1", "https://h.test/", "http://p:1", "ALL_PROXY" },
    { "HTTPS_PROXY=http://p:1 NO_PROXY=h.test", "https://h.test/", NULL, NULL },
    { "HTTPS_PROXY=http://p:1 no_proxy=x.test NO_PROXY=h.test", "https://h.test/", "http://p:1",
      "HTTPS_PROXY" },
    { "HTTPS_PROXY=http://p:1 ALL_PROXY=http://p:1", "https://localhost/", NULL, NULL },
    { "HTTPS_PROXY=http://p:1", "https://127.1.2.3/", NULL, NULL },
    { "HTTPS_PROXY=http://p:1", "https://[::1]/", NULL, NULL },
  };
  for (size_t i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_auto (OciUrlOrigin) origin = { 0 };
      OciProxy proxy = { 0 };
      g_test_message ("%s %s", rows[i].settings, rows[i].url);
      for (size_t k = 0; k < G_N_ELEMENTS (variables); k++)
        g_unsetenv (variables[k]);
      g_auto (GStrv) settings = g_strsplit (rows[i].settings, " ", -1);
      for (char **setting = settings; *setting != NULL; setting++)
        {
          g_auto (GStrv) pair = g_strsplit (*setting, "=", 2);
          g_assert_true (g_setenv (pair[0], pair[1], TRUE));
        }
      g_assert_true (oci_url_origin (rows[i].url, &origin, NULL));
      oci_proxy_find (&origin, &proxy);
      g_assert_cmpstr (proxy.url, ==, rows[i].proxy);
      if (rows[i].variable != NULL)
        g_assert_cmpstr (proxy.variable, ==, rows[i].variable);
      oci_proxy_clear (&proxy);
    }
}

static void
test_description (void)
{
  static const struct
  {
    const char *url, *text;
  } rows[] = {
    { "http://p.test:3128", "the proxy ‘http://p.test:3128’ of $HTTPS_PROXY" },
    { "p.test:3128", "the proxy ‘http://p.test:3128’ of $HTTPS_PROXY" },
    { "https://u:S3cret@p.test/path?q", "the proxy ‘https://p.test’ of $HTTPS_PROXY" },
    { "u:S3@cret@p.test", "the proxy ‘http://p.test’ of $HTTPS_PROXY" },
  };
  for (size_t i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      const OciProxy proxy = { .url = (char *) rows[i].url, .variable = "HTTPS_PROXY" };
      g_autofree char *text = oci_proxy_describe (&proxy);
      g_assert_cmpstr (text, ==, rows[i].text);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/proxy/exceptions", test_exceptions);
  g_test_add_func ("/proxy/choice", test_choice);
  g_test_add_func ("/proxy/description", test_description);
  return g_test_run ();
}
