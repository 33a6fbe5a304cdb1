/* The result of 'terrane add' for a requirement (PEP 508) and a file. */
#include "testing.h"

#include "builder/python/requirements-edit.h"

static void
test_canonical (void)
{
  static const struct
  {
    const char *text, *expected; /* NULL: refused */
  } rows[] = {
    { "Foo_Bar", "foo-bar" },
    { " shapely >= 2 , < 3 ", "shapely>=2,<3" },
    { "numpy(>=1.20)", "numpy>=1.20" },
    { "fiona[S3, calc.X]==1.10.*", "fiona[s3,calc-x]==1.10.*" },
    { "a~=1.4 ; python_version<'3.12'", "a~=1.4 ; python_version<'3.12'" },
    { "a;os_name=='posix'", "a ; os_name=='posix'" },
    { "a @ https://h.org/a-1-py3-none-any.whl#sha256=x;y",
      "a @ https://h.org/a-1-py3-none-any.whl#sha256=x;y" },
    { "a[x]@ file:///w/a.whl ; os_name == \"nt\"", "a[x] @ file:///w/a.whl ; os_name == \"nt\"" },
    { "a===1.0-x", "a===1.0-x" },
    { "", NULL },
    { "-r other.txt", NULL },
    { "--index-url=https://h", NULL },
    { "./a.whl", NULL },
    { "dist/a", NULL },
    { "https://h.org/a.whl", NULL },
    { "a-1-py3-none-any.whl", NULL },
    { "a==x y", NULL },
    { "a >= ", NULL },
    { "a 1.0", NULL },
    { "a==1 --hash=sha256:x", NULL },
    { "a # comment", NULL },
    { "a\nb", NULL },
    { "a[x", NULL },
    { "a[ ]", "a" },
    { "a[x,]", NULL },
    { "a;", NULL },
    { "a ; nonsense == '1'", NULL },
    { "a ; os_name == ' #'", NULL },
    { "a @ ", NULL },
    { "a @ path", NULL },
    { "a @ https://h.org/x y", NULL },
  };
  for (size_t i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autoptr (GError) error = NULL;
      g_autofree char *got = terrane_requirement_canonical (rows[i].text, NULL, &error);
      if (rows[i].expected == NULL && got != NULL)
        g_error ("accepted: %s", rows[i].text);
      if (rows[i].expected == NULL)
        g_assert_error (error, OCI_ERROR, OCI_ERROR_USAGE);
      g_assert_cmpstr (got, ==, rows[i].expected);
    }
}

static void
test_edit (void)
{
  static const struct
  {
    const char *text, *requirement, *expected; /* NULL: refused */
  } rows[] = {
    { "", "a", "a\n" },
    { "b\n", "a", "b\na\n" },
    { "b", "a", "b\na\n" },
    { "b\r\n", "a", "b\r\na\r\n" },
    { "b \\\n", "a", "b \\\n\na\n" }, /* which now continues on an empty line */
    { "\xef\xbb\xbf", "a",
      "\xef\xbb\xbf"
      "a\n" },
    { "\xef\xbb\xbf"
      "a\nb\n",
      "a>1",
      "\xef\xbb\xbf"
      "a>1\nb\n" },
    { "# a\nA==1  # why\n\nb\n", "a>=2", "# a\na>=2  # why\n\nb\n" },
    { "x_y[z]>1\r\nb\r\n", "X.Y", "x-y\r\nb\r\n" },
    { "a==1 \\\n    --hash=sha256:aa \\\n    --hash=sha256:bb\nb", "a==2", "a==2\nb" },
    { "-r a\n--find-links a\nab\na-b\n", "a", "-r a\n--find-links a\nab\na-b\na\n" },
    { "a @ https://h.org/a.whl#egg=a  # here\n", "a==1", "a==1  # here\n" },
    { "./dist/a-1-py3-none-any.whl\n", "a==1", "a==1\n" },
    { "a ; os_name == 'nt'\n", "a", "a\n" },
    { "a<1 ; os_name == 'nt'\na<2 ; os_name!=\"nt\"\n", "a>3 ; os_name != 'nt'",
      "a<1 ; os_name == 'nt'\na>3 ; os_name != 'nt'\n" },
    { "a<1 ; os_name == 'nt'\na<2 ; os_name!='nt'\n", "a>3", NULL },
    { "\\\na\n", "a>3", "a>3\n" },
    { "broken ==\na\n", "a>3", "broken ==\na>3\n" },
  };
  for (size_t i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autoptr (GError) error = NULL;
      g_autofree char *got =
          terrane_requirements_edit ("r.in", rows[i].text, rows[i].requirement, &error);
      g_assert_cmpstr (got, ==, rows[i].expected);
      if (got == NULL)
        assert_error (error, OCI_ERROR, OCI_ERROR_USAGE, "r.in has 2 lines for a, with other *");
    }
}

int
main (int argc, char **argv)
{
  test_init (&argc, &argv);
  g_test_add_func ("/requirements-edit/canonical", test_canonical);
  g_test_add_func ("/requirements-edit/edit", test_edit);
  return g_test_run ();
}
