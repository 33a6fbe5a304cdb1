#include "builder/profile/merge.h"

#include "builder/profile/field-types.h"
#include "builder/profile/source-reader.h"

#include <string.h>

enum
{
  MAX_MERGED_TREES = 1000, /* many more than a profile may have: the reader refuses them */
};

/* The origin of what is being merged. */
typedef struct
{
  unsigned file;
  size_t tree;
} Place;

static json_t *
deep_copy (const json_t *value)
{
  json_t *copy = json_deep_copy (value);
  if (copy == NULL)
    g_error ("out of memory while merging profiles");
  return copy;
}

static void
set_member (json_t *into, TerraneOrigin *origin, const char *key, json_t *value,
            TerraneOrigin *value_origin)
{
  if (origin->members == NULL)
    origin->members = g_hash_table_new_full (g_str_hash, g_str_equal, g_free,
                                             (GDestroyNotify) terrane_origin_free);
  g_hash_table_replace (origin->members, g_strdup (key), value_origin);
  oci_json_set (into, key, value);
}

static void
remove_member (json_t *into, TerraneOrigin *origin, const char *key)
{
  (void) json_object_del (into, key);
  if (origin->members != NULL)
    g_hash_table_remove (origin->members, key);
}

static TerraneOrigin *
member_origin (const TerraneOrigin *origin, const char *key)
{
  return origin->members != NULL ? g_hash_table_lookup (origin->members, key) : NULL;
}

static void merge_object (json_t *into, TerraneOrigin *origin, const json_t *from,
                          const Place *place);
static void merge_source (json_t *into, TerraneOrigin *origin, const char *key, const json_t *from,
                          const Place *place);

static void
merge_member (json_t *into, TerraneOrigin *origin, const char *key, const json_t *value,
              const Place *place)
{
  static const char *const whole[] = { "invoke", "http", "smoke",
                                       NULL }; /* null is a value in events */
  if (json_is_null (value))
    remove_member (into, origin, key);
  else if (!json_is_object (value) || g_strv_contains (whole, key))
    set_member (into, origin, key, deep_copy (value),
                terrane_origin_new (place->file, place->tree));
  else
    {
      if (!json_is_object (json_object_get (into, key)))
        set_member (into, origin, key, json_object (),
                    terrane_origin_new (place->file, place->tree));
      merge_object (json_object_get (into, key), member_origin (origin, key), value, place);
    }
}

static void
merge_object (json_t *into, TerraneOrigin *origin, const json_t *from, const Place *place)
{
  const char *key;
  json_t *value;
  origin->file = place->file;
  origin->tree = place->tree;
  json_object_foreach ((json_t *) from, key, value)
  {
    if (g_str_equal (key, "in"))
      merge_source (into, origin, key, value, place);
    else
      merge_member (into, origin, key, value, place);
  }
}

static gboolean
has (const json_t *object, const char *key)
{
  const json_t *value = json_object_get (object, key);
  return value != NULL && !json_is_null (value);
}

/* Whether @from names a kind of source that @into is not. */
static gboolean
changes_kind (const json_t *into, const json_t *from)
{
  for (const TerraneSourceKindInfo *const *kind = terrane_source_kinds; *kind != NULL; kind++)
    {
      const char *name = terrane_source_kind_name (*kind);
      if (has (from, name) && !has (into, name))
        return TRUE;
    }
  return FALSE;
}

static void
remove_fields (json_t *tree, TerraneOrigin *origin, const TerraneField *fields)
{
  for (; fields->name != NULL; fields++)
    remove_member (tree, origin, fields->name);
}

/* Members that describe the parent's source are dropped with it, a digest with its file. */
static void
drop_old_source (json_t *tree, TerraneOrigin *origin, const json_t *from)
{
  gboolean changes = changes_kind (tree, from);
  for (const TerraneSourceKindInfo *const *kind = terrane_source_kinds; *kind != NULL; kind++)
    if (changes)
      remove_fields (tree, origin, (*kind)->fields);
    else if (has (from, terrane_source_kind_name (*kind)))
      {
        for (const TerraneField *field = (*kind)->fields; field->name != NULL; field++)
          if (field->type == &terrane_field_beside)
            remove_member (tree, origin, field->name);
      }
  if (changes)
    remove_fields (tree, origin, terrane_source_content_fields);
}

/* Merges the source of a base, or of the image that recipes are compiled in. */
static void
merge_source (json_t *into, TerraneOrigin *origin, const char *key, const json_t *from,
              const Place *place)
{
  json_t *source = json_object_get (into, key);
  if (json_is_object (source) && json_is_object (from))
    {
      if (changes_kind (source, from))
        remove_member (into, origin, key);
      else
        drop_old_source (source, member_origin (origin, key), from);
    }
  merge_member (into, origin, key, from, place);
}

static size_t
find_tree (const json_t *trees, const char *name)
{
  size_t i;
  json_t *tree;
  json_array_foreach ((json_t *) trees, i,
                      tree) if (g_strcmp0 (json_string_value (json_object_get (tree, "name")), name)
                                == 0) return i;
  return SIZE_MAX;
}

static void
append_tree (json_t *trees, TerraneOrigin *origin, const json_t *from, const Place *place)
{
  if (json_array_size (trees) >= MAX_MERGED_TREES)
    return;
  TerraneOrigin *tree_origin = terrane_origin_new (place->file, place->tree);
  json_t *tree = json_is_object (from) ? json_object () : deep_copy (from);
  if (json_is_object (from))
    merge_object (tree, tree_origin, from, place);
  oci_json_append (trees, tree);
  g_ptr_array_add (origin->trees, tree_origin);
}

/* Whether it is {"name": …, "remove": true} and nothing else. */
static gboolean
is_removal (const json_t *tree)
{
  return json_object_size (tree) == 2 && json_is_true (json_object_get (tree, "remove"));
}

static void
merge_tree (json_t *trees, TerraneOrigin *origin, size_t found, const json_t *from,
            const Place *place)
{
  if (found == SIZE_MAX)
    append_tree (trees, origin, from, place);
  else if (is_removal (from))
    {
      (void) json_array_remove (trees, found);
      g_ptr_array_remove_index (origin->trees, (guint) found);
    }
  else
    {
      json_t *tree = json_array_get (trees, found);
      drop_old_source (tree, origin->trees->pdata[found], from);
      merge_object (tree, origin->trees->pdata[found], from, place);
    }
}

/* Two trees of one name in the same file stay two, so that the reader complains. */
static void
merge_trees (json_t *into, TerraneOrigin *origin, const json_t *from, unsigned file)
{
  g_autoptr (GHashTable) seen = g_hash_table_new (g_str_hash, g_str_equal);
  size_t i;
  json_t *tree;
  if (!json_is_array (json_object_get (into, "trees")))
    set_member (into, origin, "trees", json_array (), terrane_origin_new (file, 0));
  json_t *trees = json_object_get (into, "trees");
  TerraneOrigin *trees_origin = member_origin (origin, "trees");
  g_assert (trees_origin != NULL);
  trees_origin->file = file;
  if (trees_origin->trees == NULL)
    trees_origin->trees = g_ptr_array_new_with_free_func ((GDestroyNotify) terrane_origin_free);
  json_array_foreach ((json_t *) from, i, tree)
  {
    const char *name = json_string_value (json_object_get (tree, "name"));
    gboolean first = name != NULL && g_hash_table_add (seen, (gpointer) name);
    const Place place = { .file = file, .tree = i };
    merge_tree (trees, trees_origin, first ? find_tree (trees, name) : SIZE_MAX, tree, &place);
  }
}

void
terrane_merge_file (json_t *into, TerraneOrigin *origin, const json_t *from, unsigned file)
{
  const Place place = { .file = file };
  const char *key;
  json_t *value;
  origin->file = file;
  json_object_foreach ((json_t *) from, key, value)
  {
    if (strcmp (key, "trees") == 0 && json_is_array (value))
      merge_trees (into, origin, value, file);
    else if (strcmp (key, "base") == 0)
      merge_source (into, origin, "base", value, &place);
    else
      merge_member (into, origin, key, value, &place);
  }
}
