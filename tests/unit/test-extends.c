/* Merging, and where values come from. The expected values follow from the rules in
 * docs/profile.md, "Extending a profile". */
#include "builder/profile/profile.h"

#include "testing.h"

static void
write_text (const TestDir *dir, const char *name, const char *text)
{
  g_autofree char *path = test_dir_write (dir, name, text, strlen (text));
}

static TerraneProfile *
load (const TestDir *dir, const char *name, GError **error)
{
  g_autofree char *path = test_dir_file (dir, name);
  return terrane_profile_load (path, NULL, error);
}

/* @json without the keys that every profile here has. */
static void
assert_merged (const TerraneProfile *profile, const char *key, const char *want)
{
  g_autofree char *expected = g_strdup (want);
  g_autoptr (OciJsonValue) wanted =
      json_loads (g_strdelimit (expected, "'", '"'), JSON_DECODE_ANY, NULL);
  const json_t *got = json_object_get (profile->document->root.value, key);
  g_autofree char *text = got != NULL ? oci_json_dump_pretty (got) : g_strdup ("nothing");
  g_assert_nonnull (wanted);
  g_test_message ("%s: %s", key, text);
  g_assert_true (json_equal (got, wanted));
}

static void
write_quoted (const TestDir *dir, const char *name, const char *text)
{
  g_autofree char *copy = g_strdup (text);
  write_text (dir, name, g_strdelimit (copy, "'", '"'));
}

#define PARENT "'name':'p','platform':'linux/amd64','base':{'archive':'b.tar','sha256':'" SHA "'}"
#define SHA "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"

static void
test_objects_lists_and_nulls (void)
{
  g_auto (TestDir) dir = test_dir_new ();
  g_autoptr (GError) error = NULL;
  write_quoted (&dir, "common/p.json",
                "{" PARENT ",'config':{'cmd':['a','b'],'user':'u','env':{'A':'1','B':'2','C':'3'}},"
                "'annotations':{'x':'y'},'validate':{'imports':['m'],'timeout':5}}");
  write_quoted (&dir, "c.json",
                "{'extends':'common/p.json','name':'c','config':{'cmd':['c'],'user':null,"
                "'env':{'B':null,'A':'one','D':'4'}},'annotations':null,'validate':{'timeout':6}}");
  g_autoptr (TerraneProfile) profile = load (&dir, "c.json", &error);
  g_assert_no_error (error);
  assert_merged (profile, "config", "{'cmd':['c'],'env':{'A':'one','C':'3','D':'4'}}");
  assert_merged (profile, "validate", "{'imports':['m'],'timeout':6}");
  g_assert_cmpstr (profile->name, ==, "c");
  g_assert_null (profile->annotations);
  /* The order of variables is that of their first mention. */
  const char *names[3];
  const char *name;
  json_t *value;
  guint n = 0;
  json_object_foreach (profile->config.env, name, value)
  {
    (void) value;
    names[n++] = name;
  }
  g_assert_true (names[0][0] == 'A' && names[1][0] == 'C' && names[2][0] == 'D');
}

static void
test_trees (void)
{
  g_auto (TestDir) dir = test_dir_new ();
  g_autoptr (GError) error = NULL;
  write_quoted (&dir, "common/p.json",
                "{" PARENT ",'trees':["
                "{'name':'a','archive':'a.tar','sha256':'" SHA "','prefix':'/a',"
                "'strip_components':1,'exclude':['x']},"
                "{'name':'b','archive':'b.tar','sha256':'" SHA "','prefix':'/b'},"
                "{'name':'c','directory':'c','pin':true,'prefix':'/c'},"
                "{'name':'d','directory':'d','prefix':'/d'}]}");
  write_quoted (&dir, "c.json",
                "{'extends':'common/p.json','trees':[{'name':'e','directory':'e','prefix':'/e'},"
                "{'name':'a','directory':'other'},{'name':'b','archive':'new.tar'},"
                "{'name':'c','exclude':['y']},{'name':'d','remove':true}]}");
  g_autoptr (TerraneProfile) profile = load (&dir, "c.json", &error);
  g_assert_no_error (error);
  assert_merged (profile, "trees",
                 "[{'name':'a','directory':'other','prefix':'/a'},"
                 "{'name':'b','archive':'new.tar','prefix':'/b'},"
                 "{'name':'c','directory':'c','pin':true,'prefix':'/c','exclude':['y']},"
                 "{'name':'e','directory':'e','prefix':'/e'}]");
  /* Paths start where they were written. */
  g_autofree char *own = test_dir_file (&dir, "other");
  g_autofree char *parents = g_build_filename (dir.path, "common", "c", NULL);
  const TerraneSourceSpec *a = profile->trees->pdata[0], *c = profile->trees->pdata[2];
  const TerraneSourceSpec *e = profile->trees->pdata[3];
  g_assert_cmpstr (a->directory, ==, own);
  g_assert_cmpstr (c->directory, ==, parents);
  g_assert_true (g_str_has_suffix (a->where, "/c.json: trees[1]"));
  g_assert_true (g_str_has_suffix (e->where, "/c.json: trees[0]"));
}

static void
test_base (void)
{
  g_auto (TestDir) dir = test_dir_new ();
  g_autoptr (GError) error = NULL;
  write_quoted (&dir, "p.json", "{" PARENT "}");
  write_quoted (&dir, "image.json", "{'extends':'p.json','base':{'image':'oci:x'}}");
  write_quoted (&dir, "archive.json", "{'extends':'p.json','base':{'archive':'c.tar'}}");
  write_quoted (&dir, "more.json", "{'extends':'p.json','base':{'special':'skip'}}");
  g_autoptr (TerraneProfile) image = load (&dir, "image.json", &error);
  g_autoptr (TerraneProfile) archive = load (&dir, "archive.json", &error);
  g_autoptr (TerraneProfile) more = load (&dir, "more.json", &error);
  g_assert_no_error (error);
  assert_merged (image, "base", "{'image':'oci:x'}");
  assert_merged (archive, "base", "{'archive':'c.tar'}");
  assert_merged (more, "base", "{'archive':'b.tar','sha256':'" SHA "','special':'skip'}");
}

/* For all trees of recipes, and for one. */
static void
test_compile_in (void)
{
  g_auto (TestDir) dir = test_dir_new ();
  g_autoptr (GError) error = NULL;
  write_quoted (&dir, "p.json",
                "{" PARENT ",'compile':{'in':{'archive':'i.tar','sha256':'" SHA "'}},'trees':["
                "{'name':'a','compile':{'recipe':'a'},'prefix':'/a'},"
                "{'name':'b','compile':{'recipe':'b','in':{'directory':'b'}},'prefix':'/b'}]}");
  write_quoted (&dir, "c.json",
                "{'extends':'p.json','compile':{'in':{'image':'oci:x'}},"
                "'trees':[{'name':'b','compile':{'in':{'archive':'y.tar'}}}]}");
  g_autoptr (TerraneProfile) parent = load (&dir, "p.json", &error);
  g_autoptr (TerraneProfile) child = load (&dir, "c.json", &error);
  g_assert_no_error (error);
  const TerraneSourceSpec *a = parent->trees->pdata[0], *b = parent->trees->pdata[1];
  g_assert_cmpint (a->compile_in->kind, ==, TERRANE_SOURCE_ARCHIVE);
  g_assert_true (g_str_has_suffix (a->compile_in->where, "/p.json: compile.in"));
  g_assert_cmpint (b->compile_in->kind, ==, TERRANE_SOURCE_DIRECTORY);
  assert_merged (child, "compile", "{'in':{'image':'oci:x'}}");
  a = child->trees->pdata[0];
  b = child->trees->pdata[1];
  g_assert_cmpint (a->compile_in->kind, ==, TERRANE_SOURCE_IMAGE);
  g_assert_true (g_str_has_suffix (a->compile_in->where, "/c.json: compile.in"));
  g_assert_cmpint (b->compile_in->kind, ==, TERRANE_SOURCE_ARCHIVE);
  g_assert_cmpuint (b->compile_in->archives->len, ==, 1);
}

/* d is reached by b and by c, and counts at its first place. */
static void
test_order (void)
{
  g_auto (TestDir) dir = test_dir_new ();
  g_autoptr (GError) error = NULL;
  write_quoted (&dir, "d.json", "{'extends':[],'config':{'env':{'X':'d','Y':'d','Z':'d'}}}");
  write_quoted (&dir, "b.json", "{'extends':'d.json','config':{'env':{'X':'b','Y':'b'}}}");
  write_quoted (&dir, "c.json", "{'extends':'./d.json','config':{'env':{'X':'c'}}}");
  write_quoted (&dir, "a.json", "{'extends':['b.json','c.json']," PARENT "}");
  g_autoptr (TerraneProfile) profile = load (&dir, "a.json", &error);
  g_assert_no_error (error);
  assert_merged (profile, "config", "{'env':{'X':'c','Y':'b','Z':'d'}}");
}

static void
test_errors_name_the_file_they_are_in (void)
{
  g_auto (TestDir) dir = test_dir_new ();
  g_autoptr (GError) error = NULL;
  write_quoted (&dir, "p.json",
                "{" PARENT ",'trees':[{'name':'gone','directory':'x','prefix':'/'},"
                "{'name':'a','directory':'d','prefix':'opt','special':'skip'}],'modes':1}");
  write_quoted (&dir, "c.json",
                "{'extends':'p.json','trees':[{'name':'gone','remove':true},"
                "{'name':'a','special':'x'}],'config':{'cmd':[1]}}");
  g_assert_null (load (&dir, "c.json", &error));
  assert_error (error, OCI_ERROR, OCI_ERROR_USAGE, "*/p.json: trees?1?.prefix: *");
  assert_error (error, OCI_ERROR, OCI_ERROR_USAGE, "*/c.json: trees?1?.special: *");
  assert_error (error, OCI_ERROR, OCI_ERROR_USAGE, "*/c.json: config.cmd?0?: *");
  assert_error (error, OCI_ERROR, OCI_ERROR_USAGE, "*/p.json: modes: unknown key*");
}

static void
test_all_files_are_looked_at (void)
{
  g_auto (TestDir) dir = test_dir_new ();
  g_autoptr (GError) error = NULL;
  write_text (&dir, "broken.json", "{\n  oops\n}");
  write_text (&dir, "array.json", "[]");
  write_quoted (&dir, "c.json", "{'extends':['broken.json','none.json','array.json',3]}");
  g_assert_null (load (&dir, "c.json", &error));
  assert_error (error, OCI_ERROR, OCI_ERROR_USAGE, "*/broken.json:2:*");
  assert_error (error, OCI_ERROR, OCI_ERROR_USAGE, "*/c.json: extends?1?: *none.json*");
  assert_error (error, OCI_ERROR, OCI_ERROR_USAGE, "*/array.json: expected an object*");
  assert_error (error, OCI_ERROR, OCI_ERROR_USAGE, "*/c.json: extends?3?: expected a string*");
}

static void
write_chain (const TestDir *dir, unsigned length)
{
  for (unsigned i = 1; i <= length; i++)
    {
      g_autofree char *name = g_strdup_printf ("%u.json", i);
      g_autofree char *text = g_strdup_printf (
          i < length ? "{'extends':'%u.json'}" : "{'extends':[]," PARENT "}", i + 1);
      write_quoted (dir, name, text);
    }
}

static void
test_limits (void)
{
  g_auto (TestDir) dir = test_dir_new ();
  g_autoptr (GError) error = NULL;
  write_chain (&dir, 16);
  g_autoptr (TerraneProfile) deep = load (&dir, "1.json", &error);
  g_assert_no_error (error);
  write_chain (&dir, 17);
  g_assert_null (load (&dir, "1.json", &error));
  assert_error (error, OCI_ERROR, OCI_ERROR_USAGE, "*/16.json: extends: *more than 16 files deep");
  g_clear_error (&error);

  /* 2 + 62 files are allowed, one more is not. */
  GString *list = g_string_new (NULL);
  for (unsigned i = 0; i < 62; i++)
    {
      g_autofree char *name = g_strdup_printf ("f%u.json", i);
      write_text (&dir, name, "{}");
      g_string_append_printf (list, ",'%s'", name);
    }
  g_autofree char *names = g_string_free (list, FALSE);
  g_autofree char *most = g_strdup_printf ("{'extends':['p.json'%s]}", names);
  g_autofree char *too_many = g_strdup_printf ("{'extends':'most.json'," PARENT "}");
  write_quoted (&dir, "p.json", "{" PARENT "}");
  write_quoted (&dir, "most.json", most);
  write_quoted (&dir, "more.json", too_many);
  g_autoptr (TerraneProfile) many = load (&dir, "most.json", &error);
  g_assert_no_error (error);
  g_assert_null (load (&dir, "more.json", &error));
  assert_error (error, OCI_ERROR, OCI_ERROR_USAGE, "*more than 63 files*");
}

static void
test_platforms (void)
{
  g_auto (TestDir) dir = test_dir_new ();
  g_autoptr (GError) error = NULL;
  const TerraneProfileOptions arm = { .platform = "linux/arm64" };
  const TerraneProfileOptions wrong = { .platform = "linux/arm" };
  write_quoted (&dir, "one.json", "{" PARENT "}");
  write_quoted (&dir, "two.json",
                "{'extends':'one.json','platform':['linux/amd64','linux/arm64']}");
  write_quoted (&dir, "list.json", "{'extends':'one.json','platform':['linux/amd64']}");
  g_autofree char *one = test_dir_file (&dir, "one.json");
  g_autofree char *two = test_dir_file (&dir, "two.json");
  g_autofree char *list = test_dir_file (&dir, "list.json");
  g_autoptr (TerraneProfile) first = terrane_profile_load (two, NULL, &error);
  g_autoptr (TerraneProfile) second = terrane_profile_load (two, &arm, &error);
  g_autoptr (TerraneProfile) other = terrane_profile_load (one, &arm, &error);
  g_assert_no_error (error);
  g_assert_cmpstr (first->platform.architecture, ==, "amd64");
  g_assert_cmpuint (g_strv_length (first->platforms), ==, 2);
  g_assert_cmpstr (second->platform.architecture, ==, "arm64");
  g_assert_cmpstr (other->platform.architecture, ==, "arm64");
  g_assert_null (terrane_profile_load (list, &arm, &error));
  assert_error (error, OCI_ERROR, OCI_ERROR_USAGE,
                "*/list.json: platform: linux/arm64 was asked for, the profile is for linux/amd64");
  g_clear_error (&error);
  g_assert_null (terrane_profile_load (one, &wrong, &error));
  assert_error (error, OCI_ERROR, OCI_ERROR_USAGE, "*‘linux/arm’*linux/amd64, linux/arm64*");
}

int
main (int argc, char **argv)
{
  test_init (&argc, &argv);
  g_test_add_func ("/extends/objects-lists-nulls", test_objects_lists_and_nulls);
  g_test_add_func ("/extends/trees", test_trees);
  g_test_add_func ("/extends/base", test_base);
  g_test_add_func ("/extends/compile-in", test_compile_in);
  g_test_add_func ("/extends/order", test_order);
  g_test_add_func ("/extends/errors", test_errors_name_the_file_they_are_in);
  g_test_add_func ("/extends/all-files", test_all_files_are_looked_at);
  g_test_add_func ("/extends/limits", test_limits);
  g_test_add_func ("/extends/platforms", test_platforms);
  return g_test_run ();
}
