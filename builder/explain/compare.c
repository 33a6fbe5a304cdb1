#include "builder/explain/compare.h"

#include "builder/explain/compare-files.h"
#include "builder/explain/compare-image.h"
#include "builder/explain/difference.h"

#include "builder/profile/lock-change.h"

#include <string.h>

static void
compare_tools (TerraneComparison *self)
{
  static const char *const words[][2] = { { "assembler", "assembler version" },
                                          { "reader", "reader version" },
                                          { "compressor", "compressor" },
                                          { "checks", "version of the checks" },
                                          { "terrane", "terrane" } };
  const json_t *before = json_object_get (self->before, "tools");
  const json_t *after = json_object_get (self->after, "tools");
  for (size_t i = 0; i < G_N_ELEMENTS (words); i++)
    terrane_comparison_add_difference (self, TERRANE_CAUSE_TOOLS, NULL, words[i][1],
                                       json_object_get (before, words[i][0]),
                                       json_object_get (after, words[i][0]));
}

/* Compares entries of the lock: for wheels with the file that requests them. */
static void
compare_entries (TerraneComparison *self, const char *name, const json_t *before,
                 const json_t *after)
{
  g_autoptr (GPtrArray) lines = g_ptr_array_new_with_free_func (g_free);
  g_autofree char *prefix = g_strconcat (name, ": ", NULL);
  const char *file = terrane_member_text (after, "requirements");
  terrane_lock_describe_change (name, json_object_get (before, "entry"),
                                json_object_get (after, "entry"), lines);
  for (guint i = 0; i < lines->len; i++)
    {
      const char *line = lines->pdata[i];
      g_autofree char *text =
          g_strdup (g_str_has_prefix (line, prefix) ? line + strlen (prefix) : line);
      gboolean of_wheel =
          file != NULL && !g_str_has_prefix (text, "python") && !g_str_has_prefix (text, "libc");
      g_autofree char *whole =
          of_wheel ? g_strdup_printf ("%s in %s", text, file) : g_steal_pointer (&text);
      (void) terrane_comparison_add (self,
                                     g_str_has_prefix (whole, "other layers for ")
                                         ? TERRANE_CAUSE_LAYERS
                                         : TERRANE_CAUSE_SOURCE,
                                     name, whole);
    }
}

static void
compare_target (TerraneComparison *self)
{
  static const char *const members[] = { "platform", "target" };
  for (size_t i = 0; i < G_N_ELEMENTS (members); i++)
    terrane_comparison_add_difference (self, TERRANE_CAUSE_TARGET, NULL, members[i],
                                       json_object_get (self->before, members[i]),
                                       json_object_get (self->after, members[i]));
}

/* Returns the settings of a source, without the version of the rules of "prune". */
static json_t *
settings_of (const json_t *part)
{
  json_t *copy = json_deep_copy (json_object_get (part, "inputs"));
  (void) json_object_del (copy, "rules");
  return copy;
}

static gboolean
has_other_rules (const json_t *before, const json_t *after)
{
  const json_t *old = json_object_get (json_object_get (before, "inputs"), "rules");
  const json_t *now = json_object_get (json_object_get (after, "inputs"), "rules");
  return old != NULL && now != NULL && !json_equal (old, now);
}

static json_t *
without_tools (const json_t *part)
{
  static const char *const tools[] = { "assembler", "reader", "kind", "format", "root" };
  json_t *copy = json_deep_copy (json_object_get (part, "inputs"));
  for (size_t i = 0; i < G_N_ELEMENTS (tools); i++)
    (void) json_object_del (copy, tools[i]);
  return copy;
}

static const json_t *
find_recipe (const json_t *source, const char *name)
{
  size_t i;
  json_t *recipe;
  json_array_foreach (json_object_get (source, "recipes"), i, recipe)
  {
    if (g_strcmp0 (terrane_member_text (recipe, "name"), name) == 0)
      return recipe;
  }
  return NULL;
}

static void
add_recipe (TerraneComparison *self, const char *name, const char *recipe, const char *text)
{
  json_t *cause = terrane_comparison_add (self, TERRANE_CAUSE_RECIPE, name, text);
  oci_json_set_text (cause, "recipe", recipe);
}

/* For lists whose elements are independent: "step 2 changed". */
static void
describe_each (const char *what, const json_t *before, const json_t *after, GPtrArray *lines)
{
  const size_t n = MAX (json_array_size (before), json_array_size (after));
  for (size_t i = 0; i < n; i++)
    {
      const json_t *old = json_array_get (before, i), *now = json_array_get (after, i);
      const char *became = old == NULL ? "added" : now == NULL ? "removed" : "changed";
      if (old == NULL || now == NULL || !json_equal ((json_t *) old, (json_t *) now))
        g_ptr_array_add (lines, g_strdup_printf ("%s %zu %s", what, i + 1, became));
    }
}

/* Compares its own inputs, not those of the recipes that it needs. */
static void
compare_recipe (TerraneComparison *self, const char *name, const json_t *before,
                const json_t *after)
{
  static const char *const lists[][2] = { { "sources", "source" },
                                          { "patches", "patch" },
                                          { "steps", "step" } };
  g_autoptr (GPtrArray) lines = g_ptr_array_new_with_free_func (g_free);
  const char *recipe = terrane_member_text (after, "name");
  if (before == NULL)
    {
      add_recipe (self, name, recipe, "added");
      return;
    }
  g_autoptr (OciJsonValue) old = without_tools (before);
  g_autoptr (OciJsonValue) now = without_tools (after);
  terrane_describe_difference ("version", json_object_get (old, "version"),
                               json_object_get (now, "version"), lines);
  for (size_t i = 0; i < G_N_ELEMENTS (lists); i++)
    {
      describe_each (lists[i][1], json_object_get (old, lists[i][0]),
                     json_object_get (now, lists[i][0]), lines);
      (void) json_object_del (old, lists[i][0]);
      (void) json_object_del (now, lists[i][0]);
    }
  (void) json_object_del (old, "version");
  (void) json_object_del (now, "version");
  terrane_describe_difference ("", old, now, lines);
  terrane_describe_difference ("needs", json_object_get (before, "needs"),
                               json_object_get (after, "needs"), lines);
  for (guint i = 0; i < lines->len; i++)
    add_recipe (self, name, recipe, lines->pdata[i]);
}

static void
compare_recipes (TerraneComparison *self, const char *name, const json_t *before,
                 const json_t *after)
{
  size_t i;
  json_t *recipe;
  json_array_foreach (json_object_get (after, "recipes"), i, recipe) compare_recipe (
      self, name, find_recipe (before, terrane_member_text (recipe, "name")), recipe);
  json_array_foreach (json_object_get (before, "recipes"), i, recipe)
  {
    if (find_recipe (after, terrane_member_text (recipe, "name")) == NULL)
      add_recipe (self, name, terrane_member_text (recipe, "name"), "removed");
  }
}

/* For a compiled tree, lines about its recipes are more informative than digests of their files. */
static void
compare_compiled (TerraneComparison *self, const char *name, const json_t *before,
                  const json_t *after)
{
  g_autoptr (GPtrArray) lines = g_ptr_array_new_with_free_func (g_free);
  const json_t *old = json_object_get (before, "entry"), *now = json_object_get (after, "entry");
  terrane_lock_describe_change ("in", json_object_get (old, "in"), json_object_get (now, "in"),
                                lines);
  terrane_comparison_add_lines (self, TERRANE_CAUSE_SOURCE, name, lines);
  if (lines->len == 0 && terrane_member_differs (before, after, "in"))
    (void) terrane_comparison_add (self, TERRANE_CAUSE_SOURCE, name,
                                   "what it is compiled in is another one");
  compare_recipes (self, name, before, after);
}

/* Members of a transform's key that follow from something else, or have a name of their own. */
static const struct
{
  const char *transform;
  const char *member;
  const char *text; /* (nullable) */
} transform_members[] = {
  { "strip", "program", "transforms.strip: eu-strip is another one" },
  { "bytecode", "files", NULL }, /* the base's, or this machine's */
  { "bytecode", "env", NULL },
  { "strip", "format", "transforms.strip: terrane strips otherwise" },
  { "bytecode", "format", "transforms.bytecode: terrane compiles otherwise" },
  { "bytecode", "script", "transforms.bytecode: terrane compiles otherwise" },
};

static void
compare_transform (TerraneComparison *self, const char *name, const char *transform,
                   const json_t *before, const json_t *after)
{
  g_autofree char *what = g_strconcat ("transforms.", transform, NULL);
  g_autoptr (OciJsonValue) old = json_deep_copy (before);
  g_autoptr (OciJsonValue) now = json_deep_copy (after);
  for (size_t i = 0; i < G_N_ELEMENTS (transform_members); i++)
    {
      const char *member = transform_members[i].member;
      if (strcmp (transform_members[i].transform, transform) != 0)
        continue;
      if (transform_members[i].text != NULL && terrane_member_differs (old, now, member))
        (void) terrane_comparison_add (self, TERRANE_CAUSE_TRANSFORM, name,
                                       transform_members[i].text);
      (void) json_object_del (old, member);
      (void) json_object_del (now, member);
    }
  terrane_comparison_add_difference (self, TERRANE_CAUSE_TRANSFORM, name, what, old, now);
}

static void
compare_transforms (TerraneComparison *self, const char *name, const json_t *before,
                    const json_t *after)
{
  const json_t *old = json_object_get (before, "transforms");
  const json_t *now = json_object_get (after, "transforms");
  const char *transform;
  json_t *key;
  json_object_foreach ((json_t *) now, transform, key)
  {
    const json_t *other = json_object_get (old, transform);
    g_autofree char *line = g_strdup_printf ("transforms.%s switched on", transform);
    if (other == NULL)
      (void) terrane_comparison_add (self, TERRANE_CAUSE_TRANSFORM, name, line);
    else
      compare_transform (self, name, transform, other, key);
  }
  if (json_is_false (json_object_get (after, "transforms_known")))
    return;
  json_object_foreach ((json_t *) old, transform, key)
  {
    g_autofree char *line = g_strdup_printf ("transforms.%s switched off", transform);
    if (json_object_get (now, transform) == NULL)
      (void) terrane_comparison_add (self, TERRANE_CAUSE_TRANSFORM, name, line);
  }
}

/* Whether the versions of terrane read sources differently. */
static gboolean
has_other_reader (const TerraneComparison *self)
{
  const json_t *before = json_object_get (self->before, "tools");
  const json_t *after = json_object_get (self->after, "tools");
  return terrane_member_differs (before, after, "assembler")
         || terrane_member_differs (before, after, "reader");
}

/* Compares the questions about a source, and how it is read. Returns: number of differences */
static size_t
compare_questions (TerraneComparison *self, const json_t *before, const json_t *after)
{
  const char *name = terrane_member_text (after, "name");
  const size_t had = json_array_size (self->causes);
  gboolean compiled =
      json_object_get (before, "recipes") != NULL && json_object_get (after, "recipes") != NULL;
  g_autoptr (OciJsonValue) old = settings_of (before);
  g_autoptr (OciJsonValue) now = settings_of (after);
  if (compiled)
    compare_compiled (self, name, before, after);
  else
    compare_entries (self, name, before, after);
  terrane_comparison_add_difference (self, TERRANE_CAUSE_SOURCE, name, "", old, now);
  if (has_other_rules (before, after))
    (void) terrane_comparison_add (self, TERRANE_CAUSE_SOURCE, name,
                                   "transforms.prune: terrane's rules are others");
  if (json_object_get (after, "interpreter") != NULL) /* otherwise it is unknown */
    terrane_comparison_add_difference (self, TERRANE_CAUSE_SOURCE, name, "its interpreter",
                                       json_object_get (before, "interpreter"),
                                       json_object_get (after, "interpreter"));
  return json_array_size (self->causes) - had;
}

/* Compares the content of directories, which the lock does not record, and of sources whose key
 * differs for an unknown reason. */
static void
compare_content (TerraneComparison *self, const json_t *before, const json_t *after, size_t told)
{
  const char *name = terrane_member_text (after, "name");
  gboolean is_directory = g_strcmp0 (terrane_member_text (after, "kind"), "directory") == 0;
  gboolean explained = told > 0 || has_other_reader (self);
  if (!terrane_member_differs (before, after, "key") || (explained && !is_directory)
      || json_object_get (after, "key") == NULL) /* a plan cannot know it */
    return;
  if (explained
      && (!terrane_member_differs (before, after, "read")
          || terrane_member_differs (json_object_get (before, "inputs"),
                                     json_object_get (after, "inputs"), "prefix")))
    return;
  if (!terrane_compare_files (self, name, before, after, explained) && !explained)
    (void) terrane_comparison_add (
        self, TERRANE_CAUSE_SOURCE, name,
        "its files changed; which ones is not known: the tree of one of the builds is not "
        "in the store");
}

/* @before: (nullable) */
static void
compare_source (TerraneComparison *self, const json_t *before, const json_t *after)
{
  const char *name = terrane_member_text (after, "name");
  if (before == NULL)
    (void) terrane_comparison_add (self, TERRANE_CAUSE_SOURCE, name, "added");
  else if (terrane_member_differs (before, after, "kind"))
    terrane_comparison_add_difference (self, TERRANE_CAUSE_SOURCE, name, "source",
                                       json_object_get (before, "kind"),
                                       json_object_get (after, "kind"));
  else
    compare_content (self, before, after, compare_questions (self, before, after));
  if (before == NULL)
    return;
  compare_transforms (self, name, before, after);
  terrane_comparison_add_difference (self, TERRANE_CAUSE_ORDER, name, "overwrite",
                                     json_object_get (before, "overwrite"),
                                     json_object_get (after, "overwrite"));
}

static json_t *
names_of (const json_t *inputs)
{
  size_t i;
  json_t *tree;
  json_t *names = json_array ();
  json_array_foreach (json_object_get (inputs, "trees"), i, tree)
      oci_json_append (names, json_incref (json_object_get (tree, "name")));
  return names;
}

static void
compare_order (TerraneComparison *self)
{
  size_t i;
  json_t *name;
  guint removed = 0;
  g_autoptr (OciJsonValue) before = names_of (self->before);
  g_autoptr (OciJsonValue) after = names_of (self->after);
  json_array_foreach (before, i, name)
  {
    g_autofree char *line = g_strdup_printf ("tree %s removed", json_string_value (name));
    if (terrane_inputs_source (self->after, json_string_value (name)) != NULL)
      continue;
    (void) terrane_comparison_add (self, TERRANE_CAUSE_ORDER, NULL, line);
    removed++;
  }
  if (removed == 0 && json_array_size (before) == json_array_size (after)
      && !json_equal (before, after))
    (void) terrane_comparison_add (self, TERRANE_CAUSE_ORDER, NULL,
                                   "the order of the trees changed");
}

json_t *
terrane_inputs_compare (TerraneStore *store, const TerraneBuildFacts *facts, const json_t *before,
                        const json_t *after)
{
  size_t i;
  json_t *tree;
  TerraneComparison self = {
    .store = store, .facts = facts, .before = before, .after = after, .causes = json_array ()
  };
  compare_tools (&self);
  compare_target (&self);
  compare_source (&self, terrane_inputs_source (before, NULL), terrane_inputs_source (after, NULL));
  json_array_foreach (json_object_get (after, "trees"), i, tree) compare_source (
      &self, terrane_inputs_source (before, terrane_member_text (tree, "name")), tree);
  compare_order (&self);
  terrane_compare_images (&self);
  return self.causes;
}

gboolean
terrane_cause_is (const json_t *cause, TerraneCauseKind kind)
{
  return g_strcmp0 (terrane_member_text (cause, "kind"), terrane_cause_kind_name (kind)) == 0;
}

json_t *
terrane_causes_find (const json_t *causes, TerraneCauseKind kind, const char *name,
                     const char *recipe)
{
  size_t i;
  json_t *cause;
  json_t *texts = json_array ();
  json_array_foreach ((json_t *) causes, i, cause)
  {
    if (terrane_cause_is (cause, kind)
        && (name == NULL || g_strcmp0 (terrane_member_text (cause, "name"), name) == 0)
        && (recipe == NULL || g_strcmp0 (terrane_member_text (cause, "recipe"), recipe) == 0))
      oci_json_append (texts, json_incref (json_object_get (cause, "text")));
  }
  return texts;
}
