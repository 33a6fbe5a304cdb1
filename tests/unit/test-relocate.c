#include "builder/transform/relocate.h"

#include "oci/base/path.h"

#include "testing.h"

/* As "rename": {"usr/lib/x": "opt/x"} does. */
static char *
moved (const char *path, G_GNUC_UNUSED gpointer data)
{
  return oci_path_is_below (path, "usr/lib/x")
             ? g_strconcat ("opt/x", path + strlen ("usr/lib/x"), NULL)
             : g_strdup (path);
}

/* Worked out by hand; what `ln -s` would need. */
static const struct
{
  const char *link, *target, *want; /* NULL: the text stays */
} rows[] = {
  { "usr/lib/x/a.so", "a.so.1", NULL }, /* both moved */
  { "usr/lib/x/a", "sub/../b", NULL },
  { "usr/lib/x/a", "../libc.so", "../../usr/lib/libc.so" }, /* the link moved */
  { "usr/lib/x/d/a", "../../libc.so", "../../../usr/lib/libc.so" },
  { "usr/lib/libx.so", "x/libx.so.1", "../../opt/x/libx.so.1" }, /* its target moved */
  { "usr/lib/x.link", "x", "../../opt/x" },
  { "usr/bin/x", "/usr/lib/x/bin/x", "/opt/x/bin/x" },
  { "usr/bin/sh", "/bin/dash", NULL },
  { "usr/lib/x/sh", "/bin/dash", NULL },
  { "top", "usr/lib/x/y", "opt/x/y" },
  { "usr/lib/x/up", "../../..", "../.." }, /* the root */
  { "usr/lib/x/up", "..", "../../usr/lib" },
  { "a", "../../..", NULL },     /* leads nowhere */
  { "usr/lib/xy", "xyz", NULL }, /* not below usr/lib/x */
};

static void
test_links (void)
{
  for (size_t i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_test_message ("%s -> %s", rows[i].link, rows[i].target);
      g_autofree char *text = terrane_relocate_link (rows[i].link, rows[i].target, moved, NULL);
      g_assert_cmpstr (text, ==, rows[i].want);
      if (text == NULL || text[0] == '/')
        continue;
      /* It leads where the old text led, after the move. */
      g_autofree char *before = oci_path_resolve_link (rows[i].link, rows[i].target);
      g_autofree char *want = moved (before, NULL);
      g_autofree char *link = moved (rows[i].link, NULL);
      g_autofree char *got = oci_path_resolve_link (link, text);
      g_assert_cmpstr (got, ==, want);
    }
}

int
main (int argc, char **argv)
{
  test_init (&argc, &argv);
  g_test_add_func ("/relocate/links", test_links);
  return g_test_run ();
}
