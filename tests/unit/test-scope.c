/* Scopes that challenges name. */
#include "testing.h"

#include "oci/registry/scope.h"

static void
test_missing (void)
{
  static const struct
  {
    const char *text, *missing; /* with "|" between them */
  } rows[] = {
    { NULL, "" },
    { "", "" },
    { "repository:team/app:pull", "" },
    { "repository:team/app:push,pull", "" },
    { "repository:team/app:pull,delete", "repository:team/app:pull,delete" },
    { "repository:mapped/team/app:pull", "repository:mapped/team/app:pull" },
    { "repository:team/ap:pull", "repository:team/ap:pull" },
    { "repository:a:pull repository:b:pull", "repository:a:pull|repository:b:pull" },
    { "repository:a:pull  repository:a:pull", "repository:a:pull" },
    { "repository:h:5000/a:pull", "repository:h:5000/a:pull" },
    { "registry:catalog:*", "registry:catalog:*" },
    { "aws", "" }, /* ECR Public */
    { "a:b", "" },
  };
  g_autoptr (GPtrArray) asked = g_ptr_array_new ();
  g_ptr_array_add (asked, (gpointer) "repository:team/app:pull,push");
  for (size_t i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autoptr (GPtrArray) missing = oci_scopes_missing (rows[i].text, asked);
      g_ptr_array_add (missing, NULL);
      g_autofree char *joined = g_strjoinv ("|", (char **) missing->pdata);
      g_assert_cmpstr (joined, ==, rows[i].missing);
    }
}

static void
test_limit (void)
{
  g_autoptr (GString) text = g_string_new (NULL);
  g_autoptr (GPtrArray) asked = g_ptr_array_new ();
  for (int i = 0; i < 2 * OCI_SCOPES_MAX; i++)
    g_string_append_printf (text, "repository:a%d:pull ", i);
  g_autoptr (GPtrArray) missing = oci_scopes_missing (text->str, asked);
  g_assert_cmpuint (missing->len, ==, OCI_SCOPES_MAX);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/scope/missing", test_missing);
  g_test_add_func ("/scope/limit", test_limit);
  return g_test_run ();
}
