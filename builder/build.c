#include "builder/build.h"

#include "builder/build-inputs.h"
#include "builder/error.h"
#include "builder/image/compilation.h"
#include "builder/image/compiled-keys.h"
#include "builder/image/compiled-material.h"
#include "builder/image/profile-tree.h"
#include "builder/image/tree-transforms.h"
#include "builder/resolve/fetch.h"
#include "builder/store/names.h"
#include "builder/store/open.h"
#include "builder/validate.h"

#include "oci/base/text-hash.h"

void
terrane_build_free (TerraneBuild *self)
{
  if (self == NULL)
    return;
  g_free (self->name);
  g_free (self->moved_from);
  terrane_profile_texts_clear (&self->texts);
  terrane_lock_free (self->lock);
  terrane_image_free (self->image);
  terrane_stamp_clear (&self->stamp);
  json_decref (self->inputs);
  json_decref (self->explanation);
  json_decref (self->validation);
  json_decref (self->recipes);
  json_decref (self->transforms);
  json_decref (self->compiled);
  json_decref (self->cache);
  g_free (self->validation_emulator);
  g_free (self->validation_not_run);
  g_array_unref (self->debug);
  g_array_unref (self->trees);
  g_free (self);
}

/* Whether the setting @pattern of the tree, such as "transforms.setuid: ‘x’", is one for all
 * trees. */
static gboolean
shares (const TerraneSourceSpec *spec, const char *pattern)
{
  const TerraneTransformSpec *transforms = spec->transforms;
  return g_str_has_prefix (pattern, "transforms.setuid") ? !transforms->own_setuid
                                                         : !transforms->own_prune_paths;
}

static gboolean
is_used (const TerraneProfile *profile, const GArray *trees, const char *pattern)
{
  for (guint i = 0; i < trees->len; i++)
    {
      const GPtrArray *unused = g_array_index (trees, TerraneSourceTree, i).unused;
      if (!shares (profile->trees->pdata[i], pattern))
        continue;
      if (unused == NULL /* it may have been used when the tree was read */
          || !g_ptr_array_find_with_equal_func ((GPtrArray *) unused, pattern, g_str_equal, NULL))
        return TRUE;
    }
  return FALSE;
}

/* Warns of settings for all trees that none uses; each tree warns of its own. */
static void
warn_unused (const TerraneProfile *profile, const GArray *trees, const TerraneProgress *progress)
{
  g_autoptr (GHashTable) seen = g_hash_table_new (oci_text_hash, g_str_equal);
  for (guint i = 0; i < trees->len; i++)
    {
      const GPtrArray *unused = g_array_index (trees, TerraneSourceTree, i).unused;
      for (guint j = 0; unused != NULL && j < unused->len; j++)
        if (g_hash_table_add (seen, unused->pdata[j])
            && !is_used (profile, trees, unused->pdata[j]))
          terrane_progress_warn (progress, "%s: %s matches nothing in any tree", profile->path,
                                 (const char *) unused->pdata[j]);
    }
}

static TerraneSourceContext
make_context (TerraneStore *store, const TerraneProfile *profile,
              const TerraneBuildOptions *options)
{
  return (TerraneSourceContext){ .store = store,
                                 .remote = options->remote,
                                 .profile = profile,
                                 .sandbox = options->sandbox,
                                 .keep_failed = options->keep_failed,
                                 .logs = options->logs,
                                 .compared = options->compared,
                                 .jobs = options->jobs,
                                 .progress = options->progress };
}

static GArray *
new_trees (const TerraneProfile *profile)
{
  GArray *trees = g_array_new (FALSE, TRUE, sizeof (TerraneSourceTree));
  g_array_set_clear_func (trees, (GDestroyNotify) terrane_source_tree_clear);
  g_array_set_size (trees, profile->trees->len);
  return trees;
}

/* @trees: contains those taken from a registry; receives the others */
static gboolean
make_trees (TerraneBuildShared *shared, const TerranePlan *plan, const TerraneBase *base,
            GArray *trees, GError **error)
{
  const TerraneProfile *profile = plan->profile;
  if (!terrane_compile_missing (&shared->context, plan->trees, base, error))
    return FALSE;
  for (guint i = 0; i < profile->trees->len; i++)
    {
      TerranePin *pin = plan->trees->pdata[i];
      TerraneSourceTree *tree = &g_array_index (trees, TerraneSourceTree, i);
      if (!pin->is_taken
          && (!terrane_profile_tree_make (&shared->context, pin, tree, error)
              || !terrane_build_shared_prepare (shared, pin, base, error)
              || !terrane_profile_tree_transform (&shared->context, pin->spec, &base->root.commit,
                                                  base->config, tree, error)))
        return FALSE;
    }
  warn_unused (profile, trees, shared->context.progress);
  return TRUE;
}

/* Results of recipes are given to the cache even if something else fails, since they took the
 * time. */
static gboolean
resolve_trees (TerraneBuildShared *shared, const TerranePlan *plan, const TerraneBase *base,
               GArray *trees, GError **error)
{
  g_autoptr (GError) local = NULL;
  gboolean ok = make_trees (shared, plan, base, trees, error);
  if (terrane_build_shared_give_compiled (shared, plan, &local))
    return ok;
  if (ok)
    g_propagate_error (error, g_steal_pointer (&local));
  return FALSE;
}

/* Collects reports of the trees that were made, and of the transforms. */
static void
take_reports (TerraneBuild *build, const TerraneProfile *profile, const TerraneBase *base,
              const GArray *trees)
{
  build->transforms = json_object ();
  build->base = base->root.commit;
  for (guint i = 0; i < trees->len; i++)
    {
      const TerraneSourceSpec *spec = profile->trees->pdata[i];
      const TerraneSourceTree *tree = &g_array_index (trees, TerraneSourceTree, i);
      g_array_append_val (build->trees, tree->commit);
      if (tree->reports != NULL)
        oci_json_set (build->transforms, spec->name, json_incref (tree->reports));
      if (tree->has_debug)
        g_array_append_val (build->debug, tree->debug);
    }
}

static TerraneLock *
open_lock (const TerraneProfile *profile, const TerraneLockPolicy *policy, GError **error)
{
  g_autofree char *path = terrane_lock_path (profile->path);
  return policy->ignore ? terrane_lock_new (path) : terrane_lock_load (path, error);
}

/* Builds without special options keep the lock up to date, and report it. */
static gboolean
save_lock (TerraneLock *lock, const GPtrArray *changes, const TerraneBuildOptions *options,
           GError **error)
{
  gboolean is_new = !terrane_lock_exists (lock);
  if (options->lock.ignore || options->lock.require || options->keep_lock)
    return TRUE;
  /* Shipped profiles are in directories that belong to root. */
  if (is_new && !options->lock.update && !terrane_lock_is_writable (lock))
    {
      terrane_progress_warn (options->progress,
                             "%s cannot be written: what this build was made of is not pinned",
                             terrane_lock_file (lock));
      return TRUE;
    }
  if (!terrane_lock_save (lock, error))
    return FALSE;
  if (is_new)
    terrane_progress_info (options->progress, "%s: written", terrane_lock_file (lock));
  else
    for (guint i = 0; i < changes->len; i++)
      terrane_progress_warn (options->progress, "%s: %s", terrane_lock_file (lock),
                             (const char *) changes->pdata[i]);
  return TRUE;
}

/* @out_base: (out) (transfer full). @out_trees: (out): those taken from a registry.
 * Returns: (transfer full) (nullable) */
static TerranePlan *
resolve (TerraneBuildShared *shared, const TerraneBuildOptions *options, TerraneLock *lock,
         TerraneBase **out_base, GArray *out_trees, GError **error)
{
  const TerraneProfile *profile = shared->context.profile;
  g_autoptr (TerraneBase) base = NULL;
  g_autoptr (GPtrArray) changes = g_ptr_array_new_with_free_func (g_free);
  const TerraneResolveOptions resolve_options = {
    .store = shared->context.store,
    .remote = options->remote,
    .lock = lock,
    .policy = options->lock,
    .shared = shared->trees,
    .jobs = options->jobs,
    .progress = options->progress,
  };
  g_autoptr (TerranePlan) plan = terrane_resolve (profile, &resolve_options, &base, changes, error);
  /* A lock does not get files that cannot be fetched. */
  if (plan == NULL || !terrane_build_shared_take (shared, plan, base, out_trees, error)
      || !terrane_fetch_trees (options->remote, plan, error)
      || !save_lock (lock, changes, options, error))
    return NULL;
  OciDigest digest = terrane_lock_digest (lock, plan->platform);
  terrane_plan_set_lock (plan, &digest);
  *out_base = g_steal_pointer (&base);
  return g_steal_pointer (&plan);
}

static gboolean
assemble (TerraneBuildShared *shared, TerraneBuild *build, TerranePlan *plan, TerraneBase *base,
          GArray *trees, const TerraneBuildOptions *options, GError **error)
{
  const TerraneImageOptions image_options = {
    .stamp = &build->stamp,
    .texts = &plan->texts,
    .pins = plan->trees,
    .remote = terrane_shared_cache_compares (shared->cache) ? NULL : shared->layers,
    .cache = shared->cache,
    .partial = shared->trees != NULL && terrane_shared_trees_any (shared->trees),
    .jobs = options->jobs,
    .progress = options->progress,
    .out_failed = options->out_failed,
  };
  build->image = terrane_image_build (shared->context.store, plan->profile, base, trees,
                                      &image_options, error);
  return build->image != NULL
         && terrane_build_shared_give (shared, plan, base, trees, build->image, &image_options,
                                       error);
}

static gboolean
note_inputs (TerraneStore *store, TerraneBuild *build, const TerranePlan *plan,
             const TerraneBase *base, const GArray *trees, const TerraneBuildOptions *options,
             const TerraneBuildWatch *watch, GError **error)
{
  g_autoptr (OciJsonValue) validation = NULL;
  TerraneStepState state;
  if (!terrane_build_find_validation (store, plan->profile, options->validate, options->sandbox,
                                      build->image, &validation, &state, error))
    return FALSE;
  const TerraneBuildFacts facts = { .name = build->name,
                                    .plan = plan,
                                    .base = base,
                                    .trees = trees,
                                    .image = build->image,
                                    .validation = validation };
  build->inputs = terrane_build_note_inputs (store, &facts, state, watch, &build->explanation);
  return TRUE;
}

static gboolean
make_image (TerraneBuildShared *shared, const TerraneBuildOptions *options, TerraneBuild *build,
            GError **error)
{
  const TerraneProfile *profile = shared->context.profile;
  build->lock = open_lock (profile, &options->lock, error);
  g_autoptr (TerraneBase) base = NULL;
  g_autoptr (GArray) trees = new_trees (profile);
  g_autoptr (TerranePlan) plan =
      build->lock != NULL ? resolve (shared, options, build->lock, &base, trees, error) : NULL;
  g_auto (TerraneBuildWatch) watch = { .recipes = NULL };
  if (plan == NULL
      || (options->explain && !terrane_build_watch (shared->context.store, plan, &watch, error))
      || !resolve_trees (shared, plan, base, trees, error)
      || !terrane_stamp_init (&build->stamp, profile, base, options->progress, error)
      || !terrane_compiled_material (shared->context.store, plan->trees, &build->recipes, error))
    return FALSE;
  take_reports (build, profile, base, trees);
  build->compiled = terrane_compiled_keys (plan->trees);
  gboolean ok =
      assemble (shared, build, plan, base, trees, options, error)
      && note_inputs (shared->context.store, build, plan, base, trees, options, &watch, error);
  build->texts = plan->texts;
  plan->texts = (TerraneProfileTexts){ 0 };
  return ok;
}

TerraneFindings *
terrane_build_check (TerraneStore *store, const TerraneProfile *profile,
                     const TerraneBuildOptions *options, const char *today, GError **error)
{
  g_auto (TerraneStamp) stamp = { 0 };
  g_auto (TerraneBuildShared) shared = { .context = make_context (store, profile, options) };
  g_autoptr (TerraneLock) lock = open_lock (profile, &options->lock, error);
  g_autoptr (TerraneBase) base = NULL;
  g_autoptr (GArray) trees = new_trees (profile);
  g_autoptr (TerranePlan) plan =
      lock != NULL ? resolve (&shared, options, lock, &base, trees, error) : NULL;
  if (plan == NULL || !resolve_trees (&shared, plan, base, trees, error)
      || !terrane_stamp_init (&stamp, profile, base, options->progress, error))
    return NULL;
  const TerraneImageOptions image_options = { .stamp = &stamp,
                                              .texts = &plan->texts,
                                              .pins = plan->trees,
                                              .jobs = options->jobs,
                                              .progress = options->progress };
  return terrane_image_check (store, profile, base, trees, &image_options, today, error);
}

/* An image that cannot run here is only judged by the checks, which is reported. */
static gboolean
validate (TerraneBuildShared *shared, const TerraneBuildOptions *options, TerraneBuild *build,
          GError **error)
{
  const TerraneProfile *profile = shared->context.profile;
  g_auto (TerraneEmulator) emulator = { 0 };
  g_autoptr (GError) missing = NULL;
  terrane_emulator_find_here (profile->platform.architecture, &emulator);
  if (!terrane_emulator_require (&emulator, profile->platform.architecture, &missing))
    {
      build->validation_not_run = g_strdup (missing->message);
      return TRUE;
    }
  build->validation_emulator = terrane_emulator_describe (&emulator);
  const TerraneValidateOptions validate_options = { .sandbox = options->sandbox,
                                                    .emulator = &emulator,
                                                    .remote = options->remote,
                                                    .cache = shared->cache,
                                                    .jobs = options->jobs,
                                                    .progress = options->progress };
  return terrane_validate_image (shared->context.store, profile, build->image, &validate_options,
                                 &build->validation, &build->validation_cached, error);
}

/* Returns: (transfer full) (nullable): digest of the image that loses @name */
static char *
other_image (TerraneStore *store, const char *name, const OciDescriptor *manifest)
{
  OciDigestText text;
  g_autoptr (OciDescriptor) named =
      oci_layout_resolve (terrane_store_layout (store), name, NULL, NULL);
  if (named == NULL || oci_digest_equal (&named->digest, &manifest->digest))
    return NULL;
  return g_strdup (oci_digest_text (&named->digest, text));
}

gboolean
terrane_build_set_name (TerraneStore *store, TerraneBuild *self, GError **error)
{
  if (!terrane_name_set (store, self->name, self->image->manifest, error))
    return FALSE;
  terrane_inputs_save (store, self->name, self->inputs);
  return TRUE;
}

/* Layers that may not stay in their registries are here before the image gets its name. */
static gboolean
complete (const TerraneBuildOptions *options, const TerraneBuild *build, GError **error)
{
  return options->cache.from == NULL || options->cache.stay != NULL
         || terrane_remote_complete (options->remote, build->image->manifest, error);
}

static gboolean
build_once (TerraneStore *store, const TerraneProfile *profile, const TerraneBuildOptions *options,
            TerraneBuild **out_build, gboolean *out_partial, GError **error)
{
  g_autoptr (TerraneBuild) build = g_new0 (TerraneBuild, 1);
  build->name =
      g_strconcat (profile->name, ":", options->tag != NULL ? options->tag : "latest", NULL);
  build->debug = g_array_new (FALSE, FALSE, sizeof (OciDigest));
  build->trees = g_array_new (FALSE, FALSE, sizeof (OciDigest));
  g_auto (TerraneBuildShared) shared = { 0 };
  *out_partial = FALSE;
  const TerraneSourceContext context = make_context (store, profile, options);
  if (!terrane_build_shared_open (&shared, &context, &options->cache, error))
    return FALSE;
  gboolean ok = make_image (&shared, options, build, error);
  *out_partial = shared.trees != NULL && terrane_shared_trees_any (shared.trees);
  if (!ok)
    return FALSE;
  ok = complete (options, build, error)
       && (!options->validate || !terrane_validate_wanted (profile)
           || validate (&shared, options, build, error));
  build->cache = terrane_shared_cache_report (shared.cache);
  if (!ok)
    {
      if (build->validation != NULL)
        *out_build = g_steal_pointer (&build);
      return FALSE;
    }
  terrane_shared_cache_warn_compared (shared.cache);
  build->moved_from = other_image (store, build->name, build->image->manifest);
  if (!options->unnamed && !terrane_build_set_name (store, build, error))
    return FALSE;
  *out_build = g_steal_pointer (&build);
  return TRUE;
}

/* Whether the cause may be a damaged object, tree or layer in the store, or one that another
 * program has put there. */
static gboolean
is_damage (const GError *error)
{
  return g_error_matches (error, OCI_ERROR, OCI_ERROR_CORRUPT) || error->domain == G_IO_ERROR;
}

static gboolean
build_healed (TerraneStore *store, const TerraneProfile *profile,
              const TerraneBuildOptions *options, TerraneBuild **out_build, gboolean *out_partial,
              GError **error)
{
  g_autoptr (GError) local = NULL;
  gboolean healed = FALSE;
  if (build_once (store, profile, options, out_build, out_partial, &local))
    return TRUE;
  /* The build reports its own failure, not that of the repair. */
  if (*out_build != NULL || *out_partial || !is_damage (local)
      || !terrane_store_heal (store, &healed, NULL) || !healed)
    {
      g_propagate_error (error, g_steal_pointer (&local));
      return FALSE;
    }
  terrane_progress_warn (options->progress,
                         "%s: something in it was damaged; it is removed, and made again",
                         terrane_store_path (store));
  return build_once (store, profile, options, out_build, out_partial, error);
}

/* Whether it would also have failed without a registry. */
static gboolean
is_own_failure (const GError *error)
{
  return error->domain == TERRANE_ERROR || g_error_matches (error, OCI_ERROR, OCI_ERROR_CANCELLED)
         || g_error_matches (error, OCI_ERROR, OCI_ERROR_USAGE);
}

/* Retries after the store was damaged, without the damaged content; and if a tree from a registry
 * is invalid, without that. */
gboolean
terrane_build (TerraneStore *store, const TerraneProfile *profile,
               const TerraneBuildOptions *options, TerraneBuild **out_build, GError **error)
{
  g_autoptr (GError) local = NULL;
  gboolean partial = FALSE;
  TerraneBuildOptions whole = *options;
  if (build_healed (store, profile, options, out_build, &partial, &local))
    return TRUE;
  if (*out_build != NULL || !partial || is_own_failure (local))
    {
      g_propagate_error (error, g_steal_pointer (&local));
      return FALSE;
    }
  terrane_progress_warn (options->progress, "going on without --cache-from: %s", local->message);
  whole.cache.from = NULL;
  return build_healed (store, profile, &whole, out_build, &partial, error);
}

static json_t *
layer_to_json (const TerraneImageLayer *layer)
{
  OciDigestText text;
  json_t *object = json_object ();
  oci_json_set (object, "tree", oci_json_text (layer->name));
  if (layer->packages != NULL)
    oci_json_set (object, "packages", oci_json_texts ((const char *const *) layer->packages));
  oci_json_set (object, "digest", oci_json_text (oci_digest_text (&layer->digest, text)));
  oci_json_set (object, "diff_id", oci_json_text (oci_digest_text (&layer->diff_id, text)));
  oci_json_set (object, "size", json_integer ((json_int_t) layer->size));
  oci_json_set (object, "reused", json_boolean (layer->reused));
  if (layer->stayed)
    oci_json_set (object, "stayed", json_true ());
  return object;
}

json_t *
terrane_build_record (const TerraneBuild *self, const TerraneProfile *profile)
{
  OciDigestText text;
  OciDigestHex hex;
  json_t *record = json_object ();
  json_t *layers = json_array ();
  uint64_t size = 0;
  for (guint i = 0; i < self->image->layers->len; i++)
    {
      const TerraneImageLayer *layer = self->image->layers->pdata[i];
      oci_json_append (layers, layer_to_json (layer));
      size += layer->size;
    }
  g_autofree char *platform = oci_platform_text (&profile->platform);
  OciDigest lock = terrane_lock_digest (self->lock, platform);
  oci_json_set (record, "version", json_integer (1));
  oci_json_set (record, "name", oci_json_text (self->name));
  oci_json_set (record, "platform", oci_json_text (platform));
  oci_json_set (record, "digest",
                oci_json_text (oci_digest_text (&self->image->manifest->digest, text)));
  oci_json_set (record, "config_digest",
                oci_json_text (oci_digest_text (&self->image->config, text)));
  oci_json_set (record, "commit", oci_json_text (oci_digest_hex (&self->image->assembled, hex)));
  oci_json_set (record, "created", oci_json_text (self->stamp.created));
  if (self->stamp.revision != NULL)
    oci_json_set (record, "revision", oci_json_text (self->stamp.revision));
  if (self->stamp.source != NULL)
    oci_json_set (record, "source", oci_json_text (self->stamp.source));
  oci_json_set (record, "lock", oci_json_text (oci_digest_text (&lock, text)));
  oci_json_set (record, "sources",
                json_deep_copy (terrane_lock_get_platform (self->lock, platform)));
  oci_json_set (record, "layers", layers);
  oci_json_set (record, "findings", terrane_findings_to_json (self->image->findings));
  if (self->image->checks_known)
    oci_json_set (record, "checks_cached", json_true ());
  oci_json_set (record, "size", json_integer ((json_int_t) size));
  if (self->recipes != NULL)
    oci_json_set (record, "recipes", json_deep_copy (self->recipes));
  if (json_object_size (self->transforms) > 0)
    oci_json_set (record, "transforms", json_deep_copy (self->transforms));
  if (self->cache != NULL)
    oci_json_set (record, "cache", json_incref (self->cache));
  oci_json_set (record, "unchanged", json_boolean (self->image->unchanged));
  oci_json_set_text (record, "moved_from", self->moved_from);
  if (self->validation != NULL)
    {
      oci_json_set (record, "validation", json_deep_copy (self->validation));
      oci_json_set (record, "validation_cached", json_boolean (self->validation_cached));
    }
  if (self->validation_emulator != NULL)
    oci_json_set (record, "validation_emulator", oci_json_text (self->validation_emulator));
  if (self->explanation != NULL)
    oci_json_set (record, "explanation", json_incref (self->explanation));
  if (self->validation_not_run != NULL)
    oci_json_set (record, "validation_not_run", oci_json_text (self->validation_not_run));
  return record;
}
