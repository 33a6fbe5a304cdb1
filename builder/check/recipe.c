#include "builder/check/recipe.h"

#include "builder/facts/recipes.h"

#include <string.h>

typedef struct
{
  const TerraneCheck *check;
  const GPtrArray *compiled; /* of TerraneCompiled */
  TerraneFindings *findings;
} Context;

/* Returns: (transfer none) (nullable): among several copies the intended one, else that at the same
 * prefix, else the first; %NULL if the image does not have the recipe */
static const TerraneCompiled *
find_present (const Context *self, const TerraneCompiled *user, const char *name,
              const char *commit)
{
  const TerraneCompiled *found = NULL;
  for (guint i = 0; i < self->compiled->len; i++)
    {
      const TerraneCompiled *other = self->compiled->pdata[i];
      if (strcmp (other->name, name) != 0)
        continue;
      if (strcmp (other->commit, commit) == 0)
        return other;
      if (found == NULL || strcmp (other->prefix, user->prefix) == 0)
        found = other;
    }
  return found;
}

/* Returns the length of "3.12" in "3.12.1": the part that does not change in bug-fix releases. */
static gsize
series_length (const char *version)
{
  gsize len = strcspn (version, ".");
  return version[len] == '.' ? len + 1 + strcspn (version + len + 1, ".") : len;
}

static gboolean
same_series (const char *a, const char *b)
{
  gsize len = series_length (a);
  return len == series_length (b) && strncmp (a, b, len) == 0;
}

static void
report (const Context *self, const TerraneCompiled *user, const TerraneCompiled *present,
        const char *version, const char *commit)
{
  gboolean is_version = strcmp (present->version, version) != 0;
  g_autofree char *who = oci_quote (user->name), *what = oci_quote (present->name);
  g_autofree char *wanted = oci_quote (version), *has = oci_quote (present->version);
  g_autofree char *place = terrane_image_view_quote (self->check->view, present->node);
  g_autofree char *path = terrane_node_path (user->node);
  g_autofree char *cause = g_strdup_printf ("%s %s %s", present->name, version, commit);
  g_autofree char *message =
      is_version ? g_strdup_printf ("%s was compiled against version %s of %s, and the image has "
                                    "version %s: %s",
                                    who, wanted, what, has, place)
                 : g_strdup_printf ("%s was compiled against another build of %s, version %s, than "
                                    "the one in the image: %s",
                                    who, what, wanted, place);
  g_autofree char *fix =
      g_strdup_printf ("let the tree of %s and the ‘needs’ of what uses it name one recipe, and "
                       "compile both again",
                       what);
  const TerraneFinding finding = {
    .id = is_version ? "recipe.other-version" : "recipe.other-build",
    .severity = is_version && !same_series (present->version, version) ? TERRANE_SEVERITY_ERROR
                                                                       : TERRANE_SEVERITY_WARNING,
    .path = path,
    .tree = terrane_image_view_tree (self->check->view, user->node),
    .message = message,
    .fix = fix,
    .cause = cause,
  };
  terrane_findings_add (self->findings, &finding);
}

static void
check_needs (const Context *self, const TerraneCompiled *user)
{
  size_t i;
  const json_t *need;
  json_array_foreach (json_object_get (user->document, "needs"), i, need)
  {
    const char *name = json_string_value (json_object_get (need, "name"));
    const char *version = json_string_value (json_object_get (need, "version"));
    const char *commit = json_string_value (json_object_get (need, "commit"));
    if (name == NULL || version == NULL || commit == NULL)
      continue;
    const TerraneCompiled *present = find_present (self, user, name, commit);
    if (present != NULL && strcmp (present->commit, commit) != 0)
      report (self, user, present, version, commit);
  }
}

gboolean
terrane_check_recipe (const TerraneCheck *check, G_GNUC_UNUSED const TerraneCheckFacts *facts,
                      TerraneFindings *findings, GError **error)
{
  g_autoptr (GPtrArray) compiled = NULL;
  if (!terrane_compiled_find (check->view, &compiled, error))
    return FALSE;
  const Context self = { .check = check, .compiled = compiled, .findings = findings };
  for (guint i = 0; i < compiled->len; i++)
    check_needs (&self, compiled->pdata[i]);
  return TRUE;
}
