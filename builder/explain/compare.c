#include "builder/explain/compare.h"

#include "builder/profile/lock-change.h"
#include "builder/store/commit.h"

#include <string.h>

enum
{
  MAX_FILES = 8, /* changed files of a tree that are listed by name */
};

typedef struct
{
  TerraneStore *store;
  const TerraneBuildFacts *facts;
  const json_t *before;
  const json_t *after;
  json_t *causes;
} Comparison;

static const char *const kinds[] = {
  [TERRANE_CAUSE_TOOLS] = "tools",   [TERRANE_CAUSE_SOURCE] = "source",
  [TERRANE_CAUSE_RECIPE] = "recipe", [TERRANE_CAUSE_TRANSFORM] = "transform",
  [TERRANE_CAUSE_ORDER] = "order",   [TERRANE_CAUSE_CONFIG] = "config",
  [TERRANE_CAUSE_CHECKS] = "checks", [TERRANE_CAUSE_VALIDATION] = "validation",
};

static json_t *
add (Comparison *self, TerraneCauseKind kind, const char *name, const char *text)
{
  json_t *cause = json_object ();
  oci_json_set (cause, "kind", oci_json_text (kinds[kind]));
  if (name != NULL)
    oci_json_set_text (cause, "name", name);
  oci_json_set_text (cause, "text", text);
  oci_json_append (self->causes, cause);
  return cause;
}

static void
add_lines (Comparison *self, TerraneCauseKind kind, const char *name, const GPtrArray *lines)
{
  for (guint i = 0; i < lines->len; i++)
    (void) add (self, kind, name, lines->pdata[i]);
}

static void
add_difference (Comparison *self, TerraneCauseKind kind, const char *name, const char *what,
                const json_t *before, const json_t *after)
{
  g_autoptr (GPtrArray) lines = g_ptr_array_new_with_free_func (g_free);
  terrane_describe_difference (what, before, after, lines);
  add_lines (self, kind, name, lines);
}

static const char *
text_of (const json_t *part, const char *member)
{
  return json_string_value (json_object_get (part, member));
}

static gboolean
differs (const json_t *before, const json_t *after, const char *member)
{
  const json_t *old = json_object_get (before, member), *now = json_object_get (after, member);
  return old != now && (old == NULL || now == NULL || !json_equal (old, now));
}

static void
compare_tools (Comparison *self)
{
  static const char *const words[][2] = { { "assembler", "assembler version" },
                                          { "reader", "reader version" },
                                          { "compressor", "compressor" },
                                          { "checks", "version of the checks" },
                                          { "terrane", "terrane" } };
  const json_t *before = json_object_get (self->before, "tools");
  const json_t *after = json_object_get (self->after, "tools");
  for (size_t i = 0; i < G_N_ELEMENTS (words); i++)
    add_difference (self, TERRANE_CAUSE_TOOLS, NULL, words[i][1],
                    json_object_get (before, words[i][0]), json_object_get (after, words[i][0]));
}

/* Returns: (transfer full) (nullable): the files of a source, from memory if it was just read */
static TerraneTree *
load_files (const Comparison *self, const char *name, const json_t *part)
{
  OciDigest commit;
  const GArray *trees = self->facts->trees;
  g_autoptr (TerraneTree) copy = terrane_tree_new ();
  TerraneTree *base = self->facts->base->root.tree;
  if (part == NULL && base != NULL && g_str_equal (name, self->facts->plan->base->spec->name))
    return terrane_tree_copy (base, copy, NULL) ? g_steal_pointer (&copy) : NULL;
  for (guint i = 0; i < trees->len; i++)
    {
      const TerranePin *pin = self->facts->plan->trees->pdata[i];
      const TerraneSourceTree *tree = &g_array_index (trees, TerraneSourceTree, i);
      if (g_str_equal (pin->spec->name, name) && tree->tree != NULL && part == NULL
          && !tree->transformed)
        return terrane_tree_copy (tree->tree, copy, NULL) ? g_steal_pointer (&copy) : NULL;
    }
  return terrane_inputs_digest (part, "read", &commit)
             ? terrane_commit_load (self->store, &commit, NULL)
             : NULL;
}

typedef struct
{
  TerraneTree *other;
  const char *missing; /* text for files that the other tree lacks */
  const char *changed; /* (nullable): text for files that differ */
  GPtrArray *lines;
  size_t skip; /* length of the prefix, omitted in each path */
} FileDiff;

static gboolean
compare_node (TerraneNode *node, const char *path, gpointer data, G_GNUC_UNUSED GError **error)
{
  FileDiff *self = data;
  const TerraneNode *other = terrane_tree_lookup (self->other, path);
  const char *became = other == NULL                                                ? self->missing
                       : self->changed != NULL && !terrane_node_equal (node, other) ? self->changed
                                                                                    : NULL;
  if (became == NULL || strlen (path) <= self->skip
      || (other == NULL && node->type == OCI_ENTRY_DIRECTORY && node->children->len > 0))
    return TRUE;
  g_autofree char *quoted = oci_quote (path + self->skip);
  gboolean plain = strpbrk (path, " \"'\\") == NULL && g_str_is_ascii (path);
  g_ptr_array_add (self->lines,
                   g_strdup_printf ("%s %s", plain ? path + self->skip : quoted, became));
  return TRUE;
}

static int
compare_lines (gconstpointer a, gconstpointer b)
{
  return strcmp (*(const char *const *) a, *(const char *const *) b);
}

/* Describes which files changed. @only_changed: added and removed files have another reason, which
 * was described. Returns: whether that is known */
static gboolean
compare_files (Comparison *self, const char *name, const json_t *before, const json_t *after,
               gboolean only_changed)
{
  OciDigest old, now;
  const char *prefix = text_of (json_object_get (after, "inputs"), "prefix");
  const size_t skip = prefix != NULL && prefix[0] != '\0' ? strlen (prefix) + 1 : 0;
  if (!terrane_inputs_digest (before, "read", &old) || !terrane_inputs_digest (after, "read", &now))
    return FALSE;
  if (oci_digest_equal (&old, &now))
    {
      (void) add (self, TERRANE_CAUSE_SOURCE, name,
                  "its content is the same; it was only touched or moved");
      return TRUE;
    }
  g_autoptr (TerraneTree) old_tree = load_files (self, name, before);
  g_autoptr (TerraneTree) new_tree = load_files (self, name, NULL);
  if (new_tree == NULL)
    new_tree = load_files (self, name, after);
  if (old_tree == NULL || new_tree == NULL)
    return FALSE;
  g_autoptr (GPtrArray) lines = g_ptr_array_new_with_free_func (g_free);
  FileDiff gone = { .other = new_tree, .missing = "removed", .lines = lines, .skip = skip };
  FileDiff come = { .other = old_tree,
                    .missing = only_changed ? NULL : "added",
                    .changed = "changed",
                    .lines = lines,
                    .skip = skip };
  if (!only_changed)
    (void) terrane_tree_foreach (old_tree, compare_node, &gone, NULL); /* cannot fail */
  (void) terrane_tree_foreach (new_tree, compare_node, &come, NULL);   /* likewise */
  g_ptr_array_sort (lines, compare_lines);
  const guint shown = MIN (lines->len, (guint) MAX_FILES);
  g_autofree char *more = g_strdup_printf ("%u more files", lines->len - shown);
  if (lines->len > shown)
    {
      g_ptr_array_set_size (lines, (int) shown);
      g_ptr_array_add (lines, g_steal_pointer (&more));
    }
  add_lines (self, TERRANE_CAUSE_SOURCE, name, lines);
  return TRUE;
}

/* Compares entries of the lock: for wheels with the file that requests them. */
static void
compare_entries (Comparison *self, const char *name, const json_t *before, const json_t *after)
{
  g_autoptr (GPtrArray) lines = g_ptr_array_new_with_free_func (g_free);
  g_autofree char *prefix = g_strconcat (name, ": ", NULL);
  const char *file = text_of (after, "requirements");
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
      (void) add (self, TERRANE_CAUSE_SOURCE, name, whole);
    }
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
    if (g_strcmp0 (text_of (recipe, "name"), name) == 0)
      return recipe;
  }
  return NULL;
}

static void
add_recipe (Comparison *self, const char *name, const char *recipe, const char *text)
{
  json_t *cause = add (self, TERRANE_CAUSE_RECIPE, name, text);
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
compare_recipe (Comparison *self, const char *name, const json_t *before, const json_t *after)
{
  static const char *const lists[][2] = { { "sources", "source" },
                                          { "patches", "patch" },
                                          { "steps", "step" } };
  g_autoptr (GPtrArray) lines = g_ptr_array_new_with_free_func (g_free);
  const char *recipe = text_of (after, "name");
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
compare_recipes (Comparison *self, const char *name, const json_t *before, const json_t *after)
{
  size_t i;
  json_t *recipe;
  json_array_foreach (json_object_get (after, "recipes"), i, recipe)
      compare_recipe (self, name, find_recipe (before, text_of (recipe, "name")), recipe);
  json_array_foreach (json_object_get (before, "recipes"), i, recipe)
  {
    if (find_recipe (after, text_of (recipe, "name")) == NULL)
      add_recipe (self, name, text_of (recipe, "name"), "removed");
  }
}

/* For a compiled tree, lines about its recipes are more informative than digests of their files. */
static void
compare_compiled (Comparison *self, const char *name, const json_t *before, const json_t *after)
{
  g_autoptr (GPtrArray) lines = g_ptr_array_new_with_free_func (g_free);
  const json_t *old = json_object_get (before, "entry"), *now = json_object_get (after, "entry");
  terrane_lock_describe_change ("in", json_object_get (old, "in"), json_object_get (now, "in"),
                                lines);
  add_lines (self, TERRANE_CAUSE_SOURCE, name, lines);
  if (lines->len == 0 && differs (before, after, "in"))
    (void) add (self, TERRANE_CAUSE_SOURCE, name, "what it is compiled in is another one");
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
  { "bytecode", "script", "transforms.bytecode: terrane compiles otherwise" },
};

static void
compare_transform (Comparison *self, const char *name, const char *transform, const json_t *before,
                   const json_t *after)
{
  g_autofree char *what = g_strconcat ("transforms.", transform, NULL);
  g_autoptr (OciJsonValue) old = json_deep_copy (before);
  g_autoptr (OciJsonValue) now = json_deep_copy (after);
  for (size_t i = 0; i < G_N_ELEMENTS (transform_members); i++)
    {
      const char *member = transform_members[i].member;
      if (strcmp (transform_members[i].transform, transform) != 0)
        continue;
      if (transform_members[i].text != NULL && differs (old, now, member))
        (void) add (self, TERRANE_CAUSE_TRANSFORM, name, transform_members[i].text);
      (void) json_object_del (old, member);
      (void) json_object_del (now, member);
    }
  add_difference (self, TERRANE_CAUSE_TRANSFORM, name, what, old, now);
}

static void
compare_transforms (Comparison *self, const char *name, const json_t *before, const json_t *after)
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
      (void) add (self, TERRANE_CAUSE_TRANSFORM, name, line);
    else
      compare_transform (self, name, transform, other, key);
  }
  if (json_is_false (json_object_get (after, "transforms_known")))
    return;
  json_object_foreach ((json_t *) old, transform, key)
  {
    g_autofree char *line = g_strdup_printf ("transforms.%s switched off", transform);
    if (json_object_get (now, transform) == NULL)
      (void) add (self, TERRANE_CAUSE_TRANSFORM, name, line);
  }
}

/* Whether the versions of terrane read sources differently. */
static gboolean
has_other_reader (const Comparison *self)
{
  const json_t *before = json_object_get (self->before, "tools");
  const json_t *after = json_object_get (self->after, "tools");
  return differs (before, after, "assembler") || differs (before, after, "reader");
}

/* Compares the questions about a source, and how it is read. Returns: number of differences */
static size_t
compare_questions (Comparison *self, const json_t *before, const json_t *after)
{
  const char *name = text_of (after, "name");
  const size_t had = json_array_size (self->causes);
  gboolean compiled =
      json_object_get (before, "recipes") != NULL && json_object_get (after, "recipes") != NULL;
  g_autoptr (OciJsonValue) old = without_tools (before);
  g_autoptr (OciJsonValue) now = without_tools (after);
  if (compiled)
    compare_compiled (self, name, before, after);
  else
    compare_entries (self, name, before, after);
  add_difference (self, TERRANE_CAUSE_SOURCE, name, "", old, now);
  if (json_object_get (after, "interpreter") != NULL) /* otherwise it is unknown */
    add_difference (self, TERRANE_CAUSE_SOURCE, name, "its interpreter",
                    json_object_get (before, "interpreter"),
                    json_object_get (after, "interpreter"));
  return json_array_size (self->causes) - had;
}

/* Compares the content of directories, which the lock does not record, and of sources whose key
 * differs for an unknown reason. */
static void
compare_content (Comparison *self, const json_t *before, const json_t *after, size_t told)
{
  const char *name = text_of (after, "name");
  gboolean is_directory = g_strcmp0 (text_of (after, "kind"), "directory") == 0;
  gboolean explained = told > 0 || has_other_reader (self);
  if (!differs (before, after, "key") || (explained && !is_directory)
      || json_object_get (after, "key") == NULL) /* a plan cannot know it */
    return;
  if (explained
      && (!differs (before, after, "read")
          || differs (json_object_get (before, "inputs"), json_object_get (after, "inputs"),
                      "prefix")))
    return;
  if (!compare_files (self, name, before, after, explained) && !explained)
    (void) add (self, TERRANE_CAUSE_SOURCE, name,
                "its files changed; which ones is not known: the tree of one of the builds is not "
                "in the store");
}

/* @before: (nullable) */
static void
compare_source (Comparison *self, const json_t *before, const json_t *after)
{
  const char *name = text_of (after, "name");
  if (before == NULL)
    (void) add (self, TERRANE_CAUSE_SOURCE, name, "added");
  else if (differs (before, after, "kind"))
    add_difference (self, TERRANE_CAUSE_SOURCE, name, "source", json_object_get (before, "kind"),
                    json_object_get (after, "kind"));
  else
    compare_content (self, before, after, compare_questions (self, before, after));
  if (before == NULL)
    return;
  compare_transforms (self, name, before, after);
  add_difference (self, TERRANE_CAUSE_ORDER, name, "overwrite",
                  json_object_get (before, "overwrite"), json_object_get (after, "overwrite"));
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
compare_order (Comparison *self)
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
    (void) add (self, TERRANE_CAUSE_ORDER, NULL, line);
    removed++;
  }
  if (removed == 0 && json_array_size (before) == json_array_size (after)
      && !json_equal (before, after))
    (void) add (self, TERRANE_CAUSE_ORDER, NULL, "the order of the trees changed");
}

/* The profile's part of the validation is stored as text. */
static void
compare_validation_text (Comparison *self, const json_t *old, const json_t *now, const char *member)
{
  const char *a = text_of (old, member), *b = text_of (now, member);
  g_autoptr (OciJsonValue) before = a != NULL ? json_loads (a, JSON_DECODE_ANY, NULL) : NULL;
  g_autoptr (OciJsonValue) after = b != NULL ? json_loads (b, JSON_DECODE_ANY, NULL) : NULL;
  add_difference (self, TERRANE_CAUSE_VALIDATION, NULL,
                  g_str_equal (member, "validate") ? "validate" : member, before, after);
}

/* [NAME, DIGEST, …] */
static void
compare_scripts (Comparison *self, const json_t *old, const json_t *now, const char *what)
{
  for (size_t i = 0; i + 1 < json_array_size (now); i += 2)
    {
      const char *name = json_string_value (json_array_get (now, i));
      gboolean same = FALSE, known = FALSE;
      for (size_t k = 0; k + 1 < json_array_size (old); k += 2)
        if (json_equal (json_array_get (old, k), json_array_get (now, i)))
          {
            known = TRUE;
            same = json_equal (json_array_get (old, k + 1), json_array_get (now, i + 1));
          }
      if (same || !known) /* a new one is a difference of "validate" */
        continue;
      g_autofree char *line = g_strdup_printf ("%s %s changed", what, name);
      (void) add (self, TERRANE_CAUSE_VALIDATION, NULL, line);
    }
}

static void
compare_validation (Comparison *self)
{
  static const char *const told[] = { "commit", "config",  "validate",   "limits", "scripts",
                                      "events", "terrane", "unconfined", "version" };
  const json_t *old = json_object_get (self->before, "validation");
  const json_t *now = json_object_get (self->after, "validation");
  if (old == NULL || now == NULL)
    return;
  compare_validation_text (self, old, now, "validate");
  compare_validation_text (self, old, now, "limits");
  compare_scripts (self, json_object_get (old, "scripts"), json_object_get (now, "scripts"),
                   "the script");
  if (differs (old, now, "events"))
    (void) add (self, TERRANE_CAUSE_VALIDATION, NULL, "an event changed");
  if (differs (old, now, "version"))
    (void) add (self, TERRANE_CAUSE_VALIDATION, NULL, "the built-in operations changed");
  g_autoptr (OciJsonValue) a = json_deep_copy (old);
  g_autoptr (OciJsonValue) b = json_deep_copy (now);
  for (size_t i = 0; i < G_N_ELEMENTS (told); i++)
    {
      (void) json_object_del (a, told[i]);
      (void) json_object_del (b, told[i]);
    }
  add_difference (self, TERRANE_CAUSE_VALIDATION, NULL, "", a, b);
}

static void
compare_image (Comparison *self)
{
  const json_t *old = json_object_get (self->before, "image");
  const json_t *now = json_object_get (self->after, "image");
  add_difference (self, TERRANE_CAUSE_CONFIG, NULL, "config",
                  json_object_get (self->before, "config"),
                  json_object_get (self->after, "config"));
  if (old == NULL || now == NULL)
    return;
  const char *member;
  json_t *value;
  /* Separately, since their names contain dots. */
  json_object_foreach (json_object_get (now, "annotations"), member, value)
      add_difference (self, TERRANE_CAUSE_CONFIG, NULL, member,
                      json_object_get (json_object_get (old, "annotations"), member), value);
  json_object_foreach (json_object_get (old, "annotations"), member, value)
  {
    if (json_object_get (json_object_get (now, "annotations"), member) == NULL)
      add_difference (self, TERRANE_CAUSE_CONFIG, NULL, member, value, NULL);
  }
  g_autoptr (OciJsonValue) a = json_deep_copy (old);
  g_autoptr (OciJsonValue) b = json_deep_copy (now);
  (void) json_object_del (a, "annotations");
  (void) json_object_del (b, "annotations");
  if (differs (a, b, "limits"))
    (void) add (self, TERRANE_CAUSE_CHECKS, NULL, "limits changed");
  (void) json_object_del (a, "limits");
  (void) json_object_del (b, "limits");
  add_difference (self, TERRANE_CAUSE_CHECKS, NULL, "", a, b);
}

json_t *
terrane_inputs_compare (TerraneStore *store, const TerraneBuildFacts *facts, const json_t *before,
                        const json_t *after)
{
  size_t i;
  json_t *tree;
  Comparison self = {
    .store = store, .facts = facts, .before = before, .after = after, .causes = json_array ()
  };
  compare_tools (&self);
  compare_source (&self, terrane_inputs_source (before, NULL), terrane_inputs_source (after, NULL));
  json_array_foreach (json_object_get (after, "trees"), i, tree)
      compare_source (&self, terrane_inputs_source (before, text_of (tree, "name")), tree);
  compare_order (&self);
  compare_image (&self);
  compare_validation (&self);
  return self.causes;
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
    if (g_strcmp0 (text_of (cause, "kind"), kinds[kind]) == 0
        && (name == NULL || g_strcmp0 (text_of (cause, "name"), name) == 0)
        && (recipe == NULL || g_strcmp0 (text_of (cause, "recipe"), recipe) == 0))
      oci_json_append (texts, json_incref (json_object_get (cause, "text")));
  }
  return texts;
}
