#include "builder/cli/why-recipe.h"

#include "builder/cli/command.h"
#include "builder/facts/recipes.h"

/* Returns: (transfer full): it without the list of its files, which is long */
static json_t *
describe (const TerraneImageView *view, const TerraneCompiled *compiled)
{
  static const char *const members[] = { "name",      "version", "commit",  "license",
                                         "variables", "sources", "patches", "needs" };
  json_t *object = json_object ();
  const char *tree = terrane_image_view_tree (view, compiled->node);
  g_autofree char *prefix = g_strconcat ("/", compiled->prefix, NULL);
  for (gsize i = 0; i < G_N_ELEMENTS (members); i++)
    {
      json_t *value = json_object_get (compiled->document, members[i]);
      if (value != NULL)
        oci_json_set (object, members[i], json_incref (value));
    }
  oci_json_set (object, "prefix", oci_json_text (prefix));
  oci_json_set_text (object, "tree", tree);
  return object;
}

gboolean
terrane_why_recipe_add (const TerraneImageView *view, json_t *document, const GPtrArray *files,
                        GError **error)
{
  g_autoptr (GPtrArray) compiled = NULL;
  g_autoptr (OciJsonValue) recipes = json_array ();
  if (!terrane_compiled_find (view, &compiled, error))
    return FALSE;
  for (guint i = 0; i < compiled->len; i++)
    {
      const TerraneCompiled *one = compiled->pdata[i];
      gboolean has = FALSE;
      for (guint j = 0; j < files->len; j++)
        if (terrane_compiled_has (one, files->pdata[j]))
          {
            json_t *file = json_array_get (json_object_get (document, "files"), j);
            oci_json_set (file, "recipe", oci_json_text (one->name));
            has = TRUE;
          }
      if (has)
        oci_json_append (recipes, describe (view, one));
    }
  if (json_array_size (recipes) > 0)
    oci_json_set (document, "recipes", json_incref (recipes));
  return TRUE;
}

static void
print_file (const json_t *file, const char *what)
{
  const char *url = json_string_value (json_object_get (file, "url"));
  const char *name = json_string_value (json_object_get (file, "file"));
  const char *sha256 = json_string_value (json_object_get (file, "sha256"));
  g_autofree char *place = oci_show (url != NULL ? url : name != NULL ? name : "");
  g_autofree char *digest = oci_show (sha256 != NULL ? sha256 : "");
  terrane_print ("  %s %s, sha256 %s\n", what, place, digest);
}

static void
print_variables (json_t *variables)
{
  const char *name;
  const json_t *value;
  json_object_foreach (variables, name, value)
  {
    g_autofree char *text = g_strdup_printf ("%s=%s", name, json_string_value (value));
    g_autofree char *quoted = oci_show (text);
    terrane_print ("  with %s\n", quoted);
  }
}

/* @whole: each in a line of its own */
static void
print_needs (const json_t *needs, gboolean whole)
{
  size_t i;
  const json_t *item;
  g_autoptr (GString) list = g_string_new (NULL);
  json_array_foreach ((json_t *) needs, i, item)
  {
    const char *need = json_string_value (json_object_get (item, "name"));
    const char *of = json_string_value (json_object_get (item, "version"));
    g_autofree char *name = oci_show (need != NULL ? need : "");
    g_autofree char *version = oci_show (of != NULL ? of : "");
    if (whole)
      terrane_print ("  needs %s, version %s\n", name, version);
    else
      g_string_append_printf (list, "%s%s %s", list->len > 0 ? ", " : "", name, version);
  }
  if (list->len > 0)
    terrane_print ("  needs %s\n", list->str);
}

static void
print_recipe (const json_t *recipe, gboolean whole)
{
  size_t i;
  const json_t *item;
  const char *license = json_string_value (json_object_get (recipe, "license"));
  g_autofree char *name = oci_show (json_string_value (json_object_get (recipe, "name")));
  g_autofree char *version = oci_show (json_string_value (json_object_get (recipe, "version")));
  g_autofree char *quoted = license != NULL ? oci_show (license) : NULL;
  terrane_print ("%scompiled by the recipe %s, version %s%s%s\n", whole ? "\n" : "", name, version,
                 quoted != NULL ? ", licence " : "", quoted != NULL ? quoted : "");
  print_variables (json_object_get (recipe, "variables"));
  json_array_foreach (json_object_get (recipe, "sources"), i, item) print_file (item, "source");
  json_array_foreach (json_object_get (recipe, "patches"), i, item) print_file (item, "patch");
  print_needs (json_object_get (recipe, "needs"), whole);
}

void
terrane_why_recipe_print (const json_t *document, gboolean whole)
{
  size_t i;
  const json_t *recipe;
  json_array_foreach (json_object_get (document, "recipes"), i, recipe)
      print_recipe (recipe, whole);
}
