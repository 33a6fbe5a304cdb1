#include "builder/explain/inputs.h"

#include "builder/annotations.h"
#include "builder/check/check.h"
#include "builder/profile/geo-spec.h"
#include "builder/profile/layers-spec.h"
#include "builder/profile/limits-spec.h"
#include "builder/profile/source-kind.h"
#include "builder/profile/source-reader.h"
#include "builder/sandbox/emulator.h"
#include "builder/sandbox/spec.h"
#include "builder/source/compile.h"
#include "builder/store/cache.h"
#include "builder/version.h"

#include "oci/gzip-writer.h"
#include "oci/image.h"

#include <string.h>

enum
{
  VERSION = 2,                 /* of the document */
  MAX_BYTES = 2 * 1024 * 1024, /* of a stored document */
};

static void
set_digest (json_t *part, const char *member, const OciDigest *digest)
{
  OciDigestHex hex;
  oci_json_set (part, member, oci_json_text (oci_digest_hex (digest, hex)));
}

gboolean
terrane_inputs_digest (const json_t *part, const char *member, OciDigest *out_digest)
{
  const char *text = json_string_value (json_object_get (part, member));
  return text != NULL && oci_digest_parse_hex (text, out_digest, NULL);
}

static json_t *
tools (void)
{
  json_t *part = json_object ();
  g_autofree char *compressor = oci_gzip_writer_identity ();
  oci_json_set (part, "assembler", oci_json_text (TERRANE_ASSEMBLER_VERSION));
  oci_json_set (part, "reader", oci_json_text (TERRANE_READER_VERSION));
  oci_json_set (part, "checks", oci_json_text (TERRANE_CHECKS_VERSION));
  oci_json_set (part, "compressor", oci_json_text (compressor));
  oci_json_set (part, "terrane", oci_json_text (TERRANE_VERSION));
  return part;
}

static const char *
kind_name (TerraneSourceKind kind)
{
  for (const TerraneSourceKindInfo *const *row = terrane_source_kinds; *row != NULL; row++)
    if ((*row)->kind == kind)
      return terrane_source_kind_name (*row);
  return "";
}

/* Returns what the keys of the recipes of a set digest, needed ones first. */
static json_t *
recipes (const TerranePin *pin)
{
  json_t *list = json_array ();
  for (guint i = 0; i < pin->recipes->recipes->len; i++)
    {
      const TerraneRecipe *recipe = pin->recipes->recipes->pdata[i];
      json_t *part = json_object ();
      json_t *needs = json_array ();
      json_t *inputs = terrane_compile_inputs (recipe, pin->spec->prefix, &pin->in->key);
      OciDigest key = terrane_compile_key (recipe, pin->spec->prefix, &pin->in->key);
      for (guint j = 0; j < recipe->needs->len; j++)
        oci_json_append (needs, oci_json_text (((TerraneRecipe *) recipe->needs->pdata[j])->name));
      (void) json_object_del (inputs, "needs"); /* by name instead of by key */
      oci_json_set (part, "name", oci_json_text (recipe->name));
      oci_json_set (part, "needs", needs);
      oci_json_set (part, "inputs", inputs);
      set_digest (part, "key", &key);
      oci_json_append (list, part);
    }
  return list;
}

/* Replaces a number by the word at its position. @words: NULL-terminated */
static void
name_number (json_t *part, const char *member, const char *const *words)
{
  const json_t *number = json_object_get (part, member);
  const json_int_t i = json_integer_value (number);
  if (json_is_integer (number) && i >= 0 && i < (json_int_t) g_strv_length ((char **) words))
    oci_json_set (part, member, oci_json_text (words[i]));
}

/* Converts ["strip", KEY, …] to an object. */
static json_t *
transforms (const json_t *keys)
{
  const char *const *debug = terrane_strip_section.fields[0].words;
  const char *const words[] = { "none", debug[0], debug[1], NULL }; /* of TerraneStrip */
  json_t *part = json_object ();
  for (size_t i = 0; i + 1 < json_array_size (keys); i += 2)
    oci_json_set (part, json_string_value (json_array_get (keys, i)),
                  json_deep_copy (json_array_get (keys, i + 1)));
  name_number (json_object_get (part, "strip"), "debug", words);
  return part;
}

/* [FROM, TO, …] to "FROM→TO", since a path may contain dots and each pair is one setting. */
static json_t *
pairs (const json_t *list)
{
  json_t *words = json_array ();
  for (size_t i = 0; i + 1 < json_array_size (list); i += 2)
    {
      g_autofree char *word = g_strconcat (json_string_value (json_array_get (list, i)), "→",
                                           json_string_value (json_array_get (list, i + 1)), NULL);
      oci_json_append (words, oci_json_text (word));
    }
  return words;
}

/* Returns what the key of a tree depends on besides the identity of its source: as in the profile,
 * while the key has numbers and names of its own. */
static json_t *
settings (const TerranePin *pin)
{
  const TerraneSourceSpec *spec = pin->spec;
  const unsigned parts = TERRANE_PART_TREE | TERRANE_PART_TREE_OWN;
  json_t *part = json_object ();
  terrane_fields_describe (terrane_source_content_fields, spec, parts, part);
  terrane_fields_describe (terrane_source_tree_fields, spec, parts, part);
  if (spec->kind == TERRANE_SOURCE_COMPILE)
    terrane_fields_describe (terrane_compile_section.fields, spec, parts, part);
  if (json_object_get (part, "rename") != NULL)
    oci_json_set (part, "rename", pairs (json_object_get (part, "rename")));
  if (spec->transforms == NULL)
    return part;
  g_autoptr (OciJsonValue) key = terrane_transform_spec_reading_key (spec->transforms);
  json_t *of_reading = json_object ();
  terrane_fields_describe (terrane_transform_section.fields, spec->transforms, parts, of_reading);
  if (!spec->transforms->prune[TERRANE_PRUNE_BOTOCORE_DATA]) /* it is without effect */
    (void) json_object_del (of_reading, "botocore_services");
  if (json_object_get (key, "rules") != NULL)
    oci_json_set (part, "rules", json_incref (json_object_get (key, "rules")));
  oci_json_set (part, "transforms", of_reading);
  return part;
}

/* @tree: (nullable) */
static json_t *
source (const TerranePin *pin, const TerraneSourceTree *tree)
{
  const TerraneSourceSpec *spec = pin->spec;
  json_t *part = json_object ();
  oci_json_set (part, "name", oci_json_text (spec->name));
  oci_json_set (part, "kind", oci_json_text (kind_name (spec->kind)));
  oci_json_set (part, "inputs", settings (pin));
  oci_json_set (part, "overwrite", json_boolean (spec->overwrite));
  if (pin->entry != NULL)
    oci_json_set (part, "entry", json_deep_copy (pin->entry));
  if (spec->kind == TERRANE_SOURCE_WHEELS)
    {
      g_autofree char *file = g_path_get_basename (spec->wheels->requirements);
      oci_json_set_text (part, "requirements", file);
      if (pin->wheels != NULL && pin->wheels->interpreter != NULL)
        oci_json_set_text (part, "interpreter", pin->wheels->interpreter);
    }
  if (pin->has_key)
    set_digest (part, "key", &pin->key);
  if (pin->recipes != NULL && pin->in->has_key)
    oci_json_set (part, "recipes", recipes (pin));
  if (pin->in != NULL && pin->in->has_key)
    set_digest (part, "in", &pin->in->key);
  if (tree == NULL)
    return part;
  set_digest (part, "commit", &tree->commit);
  set_digest (part, "read", &tree->read);
  if (tree->transforms != NULL)
    oci_json_set (part, "transforms", transforms (tree->transforms));
  else if (tree->transformed) /* a plan does not know on what they depend */
    oci_json_set (part, "transforms_known", json_false ());
  return part;
}

static void
set_words (json_t *part, const char *member, char *const *words)
{
  json_t *list = json_array ();
  for (char *const *word = words; word != NULL && *word != NULL; word++)
    oci_json_append (list, oci_json_text (*word));
  if (words != NULL)
    oci_json_set (part, member, list);
  else
    json_decref (list);
}

static json_t *
configuration (const TerraneConfigSpec *spec)
{
  json_t *part = json_object ();
  set_words (part, "entrypoint", spec->entrypoint);
  set_words (part, "cmd", spec->cmd);
  if (spec->env != NULL)
    oci_json_set (part, "env", json_deep_copy (spec->env));
  if (spec->labels != NULL)
    oci_json_set (part, "labels", json_deep_copy (spec->labels));
  if (spec->working_dir != NULL)
    oci_json_set_text (part, "working_dir", spec->working_dir);
  if (spec->user != NULL)
    oci_json_set_text (part, "user", spec->user);
  return part;
}

static json_t *
layers (const TerraneImage *image)
{
  json_t *list = json_array ();
  for (guint i = 0; i < image->layers->len; i++)
    {
      const TerraneImageLayer *layer = image->layers->pdata[i];
      json_t *part = json_object ();
      oci_json_set (part, "tree", oci_json_text (layer->name));
      set_words (part, "packages", layer->packages);
      set_digest (part, "digest", &layer->digest);
      oci_json_set (part, "size", json_integer ((json_int_t) layer->size));
      oci_json_append (list, part);
    }
  return list;
}

/* Returns a member of the profile as text, since kept documents have no fractions. */
static json_t *
profile_text (const TerraneProfile *profile, const char *name)
{
  const json_t *value = json_object_get (profile->document->root.value, name);
  char *text = value != NULL ? json_dumps (value, JSON_SORT_KEYS | JSON_COMPACT) : NULL;
  json_t *result = oci_json_text (text != NULL ? text : "");
  free (text);
  return result;
}

/* Adds what the key of the image depends on besides the sources and the configuration, with the
 * profile's words instead of numbers. */
static void
add_image (json_t *inputs, const TerranePlan *plan, const TerraneImage *image)
{
  const TerraneProfile *profile = plan->profile;
  json_t *part = json_object (), *divided = json_object (), *geo = json_object ();
  g_autoptr (GBytes) key = oci_json_dump (image->inputs);
  OciDigest digest = oci_digest_of_bytes (key);
  terrane_fields_describe (terrane_layers_section.fields, &profile->layers, TERRANE_PART_IMAGE,
                           divided);
  terrane_fields_describe (terrane_geo_section.fields, &profile->geo, TERRANE_PART_IMAGE, geo);
  set_digest (part, "key", &digest);
  oci_json_set (part, "layers", divided);
  oci_json_set (part, "geo", geo);
  oci_json_set (part, "checked_limits", json_deep_copy (json_object_get (image->inputs, "limits")));
  oci_json_set (part, "limits", profile_text (profile, "limits"));
  oci_json_set (part, "annotations",
                json_deep_copy (json_object_get (image->inputs, "annotations")));
  oci_json_set (
      part, "own_time",
      json_boolean (json_object_get (plan->texts.annotations, TERRANE_ANNOTATION_CREATED) != NULL));
  oci_json_set (inputs, "image", part);
  set_digest (inputs, "assembled", &image->assembled);
  if (image->manifest == NULL)
    return;
  set_digest (inputs, "manifest", &image->manifest->digest);
  oci_json_set (inputs, "layers", layers (image));
}

/* The key has numbers instead of words. */
static json_t *
validation (const json_t *key)
{
  static const char *const emulations[] = { [TERRANE_EMULATION_NONE] = "none",
                                            [TERRANE_EMULATION_REGISTERED] = "by the kernel",
                                            [TERRANE_EMULATION_PROGRAM] = "by terrane",
                                            [TERRANE_EMULATION_MISSING] = "missing",
                                            NULL };
  json_t *part = json_deep_copy (key);
  name_number (part, "sandbox", terrane_sandbox_kind_names ());
  name_number (part, "target", terrane_target_words ());
  name_number (json_object_get (part, "emulator"), "kind", emulations);
  return part;
}

json_t *
terrane_inputs_new (const TerraneBuildFacts *facts)
{
  const TerranePlan *plan = facts->plan;
  json_t *inputs = json_object ();
  json_t *trees = json_array ();
  json_t *base = source (plan->base, NULL);
  if (facts->base->known)
    {
      set_digest (base, "commit", &facts->base->root.commit);
      set_digest (base, "read", &facts->base->root.commit);
    }
  for (guint i = 0; i < plan->trees->len; i++)
    oci_json_append (trees, source (plan->trees->pdata[i], i < facts->trees->len ? &g_array_index (
                                                               facts->trees, TerraneSourceTree, i)
                                                                                 : NULL));
  oci_json_set (inputs, "version", json_integer (VERSION));
  oci_json_set (inputs, "name", oci_json_text (facts->name));
  oci_json_set (inputs, "platform", oci_json_text (plan->platform));
  oci_json_set (inputs, "target", oci_json_text (terrane_target_words ()[plan->profile->target]));
  oci_json_set (inputs, "tools", tools ());
  oci_json_set (inputs, "base", base);
  oci_json_set (inputs, "trees", trees);
  oci_json_set (inputs, "config", configuration (&plan->texts.config));
  if (facts->image != NULL)
    add_image (inputs, plan, facts->image);
  if (facts->validation != NULL)
    oci_json_set (inputs, "validation", validation (facts->validation));
  return inputs;
}

json_t *
terrane_inputs_source (const json_t *inputs, const char *tree)
{
  size_t i;
  json_t *part;
  if (tree == NULL)
    return json_object_get (inputs, "base");
  json_array_foreach (json_object_get (inputs, "trees"), i, part)
  {
    if (g_strcmp0 (json_string_value (json_object_get (part, "name")), tree) == 0)
      return part;
  }
  return NULL;
}

json_t *
terrane_inputs_load (TerraneStore *store, const char *name)
{
  OciDigest key = oci_digest_of (name, strlen (name));
  g_autoptr (OciJsonValue) inputs = terrane_cache_get (store, TERRANE_CACHE_BUILDS, &key);
  return json_integer_value (json_object_get (inputs, "version")) == VERSION
             ? g_steal_pointer (&inputs)
             : NULL;
}

void
terrane_inputs_save (TerraneStore *store, const char *name, const json_t *inputs)
{
  OciDigest key = oci_digest_of (name, strlen (name));
  g_autoptr (OciJsonValue) kept = terrane_cache_get (store, TERRANE_CACHE_BUILDS, &key);
  g_autoptr (GError) local = NULL;
  if (kept != NULL && json_equal (kept, (json_t *) inputs))
    return;
  g_autoptr (GBytes) bytes = oci_json_dump (inputs);
  if (g_bytes_get_size (bytes) > MAX_BYTES)
    terrane_cache_forget (store, TERRANE_CACHE_BUILDS, &key);
  else if (!terrane_cache_put (store, TERRANE_CACHE_BUILDS, &key, inputs, &local))
    {
      terrane_cache_forget (store, TERRANE_CACHE_BUILDS, &key); /* older ones would be misleading */
      g_info ("what this build was made of is not kept: %s", local->message);
    }
}
