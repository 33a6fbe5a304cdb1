/* ~/.netrc as curl(1), ftp(1) and Python's netrc module read it. */
#include "testing.h"

#include "oci/http/netrc.h"

static void
test_entries (void)
{
  /* Expected values: printf USER:PASSWORD | base64 */
  static const struct
  {
    const char *text, *host, *expected; /* NULL: none */
    gboolean with_default;
  } rows[] = {
    { "", "h", NULL, TRUE },
    { "machine h login me password pw", "h", "Basic bWU6cHc=", FALSE },
    { "machine h login me password pw", "H", "Basic bWU6cHc=", FALSE },
    { "machine h login me password pw", "x.h", NULL, TRUE },
    { "machine\nh\n\tlogin\r\n me\n password pw\n\n", "h", "Basic bWU6cHc=", FALSE },
    { "machine a login x password y\nmachine h user me account z password pw\nmachine b", "h",
      "Basic bWU6cHc=", FALSE },
    { "machine h login first password 1 machine h login me password pw", "h",
      "Basic Zmlyc3Q6MQ==", FALSE },
    { "machine h password pw", "h", "Basic OnB3", FALSE },
    { "machine h login me", "h", "Basic bWU6", FALSE },
    { "machine h", "h", NULL, TRUE },
    { "machine h login \"m e\" password \"p \\\"w\\\\\"", "h", "Basic bSBlOnAgIndc", FALSE },
    { "machine h login me password #pw", "h", "Basic bWU6I3B3", FALSE },
    { "# machine h login no password no\nmachine h # mine\nlogin me password pw", "h",
      "Basic bWU6cHc=", FALSE },
    { "macdef init\nmachine h login no password no\n\nmachine h login me password pw", "h",
      "Basic bWU6cHc=", FALSE },
    { "machine a macdef init\r\nmachine h login no\r\n\r\nmachine h login me password pw", "h",
      "Basic bWU6cHc=", FALSE },
    { "macdef last\nmachine h login no password no", "h", NULL, TRUE },
    { "default login me password pw", "h", "Basic bWU6cHc=", TRUE },
    { "default login me password pw", "h", NULL, FALSE },
    { "default login me password pw machine h login a password b", "h", "Basic YTpi", TRUE },
  };
  for (size_t i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autoptr (GError) error = NULL;
      g_autoptr (OciNetrc) netrc = oci_netrc_parse (rows[i].text, &error);
      g_assert_no_error (error);
      g_autofree char *found = oci_netrc_authorize (netrc, rows[i].host, rows[i].with_default);
      g_assert_cmpstr (found, ==, rows[i].expected);
    }
}

static void
test_broken (void)
{
  static const char *const texts[] = { "login me",        "machine h s3cret",        "machine",
                                       "machine h login", "machine h s3cret s3cret", "\"s3cret" };
  for (size_t i = 0; i < G_N_ELEMENTS (texts); i++)
    {
      g_autoptr (GError) error = NULL;
      g_assert_null (oci_netrc_parse (texts[i], &error));
      assert_error (error, OCI_ERROR, OCI_ERROR_FORMAT, "it *");
      g_assert_null (strstr (error->message, "s3cret"));
    }
}

static void
test_files (void)
{
  g_auto (TestDir) dir = test_dir_new ();
  g_autoptr (GError) error = NULL;
  g_autofree char *named = test_dir_write (&dir, "named", "machine h login a password b", 28);
  g_autofree char *missing = test_dir_file (&dir, "missing");
  g_setenv ("NETRC", named, TRUE);
  g_autoptr (OciNetrc) netrc = oci_netrc_load (&error);
  g_assert_no_error (error);
  g_autofree char *found = oci_netrc_authorize (netrc, "h", FALSE);
  g_assert_cmpstr (found, ==, "Basic YTpi");

  g_setenv ("NETRC", missing, TRUE);
  g_autoptr (OciNetrc) empty = oci_netrc_load (&error);
  g_assert_no_error (error);
  g_assert_null (oci_netrc_authorize (empty, "h", TRUE));

  g_autofree char *broken = test_dir_write (&dir, "broken", "s3cret", 6);
  g_setenv ("NETRC", broken, TRUE);
  g_assert_null (oci_netrc_load (&error));
  assert_error (error, OCI_ERROR, OCI_ERROR_FORMAT, "*/broken: it has something else *");
}

int
main (int argc, char **argv)
{
  test_init (&argc, &argv);
  g_test_add_func ("/netrc/entries", test_entries);
  g_test_add_func ("/netrc/broken", test_broken);
  g_test_add_func ("/netrc/files", test_files);
  return g_test_run ();
}
