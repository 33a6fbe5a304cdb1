#include "builder/image/image.h"

#include "builder/annotations.h"
#include "builder/check/check.h"
#include "builder/image/files.h"
#include "builder/image/image-layers.h"
#include "builder/image/image-look.h"
#include "builder/image/layer-plan.h"
#include "builder/image/shared-results.h"
#include "builder/store/cache.h"
#include "builder/store/commit.h"
#include "builder/store/elsewhere.h"
#include "builder/store/locations.h"
#include "builder/version.h"

#include "oci/gzip-writer.h"

#define ANNOTATION(name) "org.opencontainers.image." name

static void
image_layer_free (gpointer data)
{
  TerraneImageLayer *layer = data;
  g_free (layer->name);
  g_free (layer->title);
  g_strfreev (layer->packages);
  g_free (layer);
}

static TerraneImage *
image_new (void)
{
  TerraneImage *self = g_new0 (TerraneImage, 1);
  self->layers = g_ptr_array_new_with_free_func (image_layer_free);
  return self;
}

void
terrane_image_free (TerraneImage *self)
{
  if (self == NULL)
    return;
  oci_descriptor_free (self->manifest);
  json_decref (self->inputs);
  g_ptr_array_unref (self->layers);
  terrane_findings_free (self->findings);
  json_decref (self->reads);
  g_free (self);
}

static OciImageConfig *
make_config (const TerraneProfile *profile, const TerraneBase *base,
             const TerraneImageOptions *options, GError **error)
{
  const TerraneConfigSpec *spec = &options->texts->config;
  OciImageConfig *config = NULL;
  if (base->config == NULL)
    config = oci_image_config_new (profile->platform.os, profile->platform.architecture);
  else
    {
      g_autoptr (GBytes) copy = oci_image_config_dump (base->config);
      config = oci_image_config_parse ("the base's config", copy, error);
      if (config == NULL)
        return NULL;
      if (profile->trees->len > 0)
        oci_image_config_complete_history (config);
    }
  const char *name;
  json_t *value;
  if (spec->entrypoint != NULL)
    oci_image_config_set_entrypoint (config, (const char *const *) spec->entrypoint);
  if (spec->cmd != NULL)
    oci_image_config_set_cmd (config, (const char *const *) spec->cmd);
  if (spec->working_dir != NULL)
    oci_image_config_set_working_dir (config, spec->working_dir);
  if (spec->user != NULL)
    oci_image_config_set_user (config, spec->user);
  json_object_foreach (spec->env, name, value)
      oci_image_config_set_env (config, name, json_string_value (value));
  json_object_foreach (spec->labels, name, value)
      oci_image_config_set_label (config, name, json_string_value (value));
  return config;
}

static json_t *
make_annotations (const TerraneProfile *profile, const TerraneBase *base,
                  const TerraneImageOptions *options)
{
  const TerraneStamp *stamp = options->stamp;
  json_t *texts = options->texts->annotations;
  OciDigestText digest;
  json_t *annotations = json_object ();
  oci_json_set (annotations, ANNOTATION ("created"), oci_json_text (stamp->created));
  if (stamp->revision != NULL)
    oci_json_set (annotations, ANNOTATION ("revision"), oci_json_text (stamp->revision));
  if (stamp->source != NULL)
    oci_json_set (annotations, ANNOTATION ("source"), oci_json_text (stamp->source));
  if (base->manifest != NULL)
    oci_json_set (annotations, ANNOTATION ("base.digest"),
                  oci_json_text (oci_digest_text (&base->manifest_digest, digest)));
  if (base->name != NULL)
    oci_json_set (annotations, ANNOTATION ("base.name"), oci_json_text (base->name));
  if (profile->target != TERRANE_TARGET_AWS_LAMBDA)
    oci_json_set (annotations, TERRANE_ANNOTATION_TARGET,
                  oci_json_text (terrane_target_words ()[profile->target]));
  oci_json_set (annotations, "io.terrane.assembler", oci_json_text (TERRANE_ASSEMBLER_VERSION));
  if (texts != NULL && json_object_update (annotations, texts) < 0)
    g_error ("out of memory while building JSON");
  return annotations;
}

static json_t *
image_inputs (const TerraneProfile *profile, const TerraneBase *base, const GArray *trees,
              const TerraneImageOptions *options, OciImageConfig *config, const json_t *annotations)
{
  OciDigestHex hex;
  g_autofree char *compressor = oci_gzip_writer_identity ();
  json_t *key = json_object ();
  json_t *list = json_array ();
  for (guint i = 0; i < trees->len; i++)
    {
      const TerraneSourceSpec *spec = profile->trees->pdata[i];
      const TerraneSourceTree *stored = &g_array_index (trees, TerraneSourceTree, i);
      json_t *tree = json_array ();
      oci_json_append (tree, oci_json_text (spec->name));
      oci_json_append (tree, oci_json_text (oci_digest_hex (&stored->commit, hex)));
      oci_json_append (tree, json_boolean (spec->overwrite));
      if (options->pins != NULL && profile->layers.wheels == TERRANE_LAYERS_PER_PACKAGE)
        oci_json_append (tree, terrane_layer_plan_key (options->pins->pdata[i]));
      if (stored->findings != NULL) /* what the findings of the image are made of */
        oci_json_append (tree, json_incref (stored->findings));
      oci_json_append (list, tree);
    }
  g_autoptr (GBytes) config_bytes = oci_image_config_dump (config);
  OciDigest config_digest = oci_digest_of_bytes (config_bytes);
  oci_json_set (key, "assembler", oci_json_text (TERRANE_ASSEMBLER_VERSION));
  oci_json_set (key, "compressor", oci_json_text (compressor));
  oci_json_set (key, "target", json_integer (profile->target));
  oci_json_set (key, "checks", oci_json_text (TERRANE_CHECKS_VERSION));
  oci_json_set (key, "limits",
                terrane_fields_list_for_key (terrane_limits_section.fields, &profile->limits,
                                             TERRANE_PART_IMAGE));
  terrane_fields_add_to_key (terrane_layers_section.fields, &profile->layers, TERRANE_PART_IMAGE,
                             key);
  terrane_fields_add_to_key (terrane_geo_section.fields, &profile->geo, TERRANE_PART_IMAGE, key);
  oci_json_set (key, "base", oci_json_text (oci_digest_hex (&base->root.commit, hex)));
  if (base->manifest != NULL)
    oci_json_set (key, "base_image", oci_json_text (oci_digest_hex (&base->manifest_digest, hex)));
  oci_json_set (key, "trees", list);
  oci_json_set (key, "config", oci_json_text (oci_digest_hex (&config_digest, hex)));
  oci_json_set (key, "annotations", json_deep_copy (annotations));
  return key;
}

static OciDigest
digest_of (const json_t *inputs)
{
  g_autoptr (GBytes) bytes = oci_json_dump (inputs);
  return oci_digest_of_bytes (bytes);
}

gboolean
terrane_image_key (const TerraneProfile *profile, const TerraneBase *base, const GArray *trees,
                   const TerraneImageOptions *options, OciDigest *out_key, GError **error)
{
  g_autoptr (OciImageConfig) config = make_config (profile, base, options, error);
  if (config == NULL)
    return FALSE;
  g_autoptr (OciJsonValue) annotations = make_annotations (profile, base, options);
  g_autoptr (OciJsonValue) inputs =
      image_inputs (profile, base, trees, options, config, annotations);
  *out_key = digest_of (inputs);
  return TRUE;
}

static void
list_layers (TerraneImage *self, const OciManifest *manifest, const OciImageConfig *config,
             guint n_base_layers, const GArray *reused)
{
  for (guint i = 0; i < manifest->layers->len; i++)
    {
      const OciDescriptor *descriptor = manifest->layers->pdata[i];
      const char *name = oci_descriptor_annotation (descriptor, TERRANE_ANNOTATION_TREE);
      TerraneImageLayer *layer = g_new0 (TerraneImageLayer, 1);
      layer->name = g_strdup (name != NULL ? name : "base");
      layer->title = terrane_layer_title (descriptor);
      layer->packages = terrane_layer_packages (descriptor);
      layer->digest = descriptor->digest;
      layer->size = descriptor->size;
      (void) oci_image_config_diff_id (config, i, &layer->diff_id, NULL); /* the count is checked */
      layer->reused = i < n_base_layers || reused == NULL
                      || g_array_index (reused, gboolean, i - n_base_layers);
      g_ptr_array_add (self->layers, layer);
    }
}

/* Notes which layers above the base stayed in a registry. */
static gboolean
note_stayed (TerraneStore *store, TerraneImage *image, const TerraneBase *base, GError **error)
{
  for (guint i = terrane_base_count_layers (base); i < image->layers->len; i++)
    {
      TerraneImageLayer *layer = image->layers->pdata[i];
      gboolean here = FALSE;
      if (!oci_layout_find_blob (terrane_store_layout (store), &layer->digest, &here, NULL, error))
        return FALSE;
      layer->stayed = !here;
      image->stayed = image->stayed || !here;
    }
  return TRUE;
}

/* An image whose layers stayed in a registry, where nothing here has compared them, is only good
 * for a build whose layers may stay there. */
static gboolean
is_usable (const json_t *entry, const TerraneImageOptions *options)
{
  const TerraneSharedCache *cache = options->cache;
  gboolean claimed = json_is_true (json_object_get (entry, "claimed"));
  gboolean stayed = json_is_true (json_object_get (entry, "stayed"));
  if (claimed && cache != NULL && terrane_shared_cache_compares (cache))
    return FALSE;
  return !stayed || options->look != NULL
         || (options->remote != NULL && !terrane_remote_layers_fetches (options->remote));
}

/* @out_image: (out) (nullable): %NULL when it has to be built */
static gboolean
find_image (TerraneStore *store, const OciDigest *key, const TerraneBase *base,
            const TerraneImageOptions *options, TerraneImage **out_image, GError **error)
{
  g_autoptr (OciJsonValue) entry = terrane_cache_get (store, TERRANE_CACHE_IMAGES, key);
  const char *manifest_text = terrane_cache_text (entry, "manifest");
  const char *commit_text = terrane_cache_text (entry, "commit");
  OciLayout *layout = terrane_store_layout (store);
  OciDigest digest;
  uint64_t size = 0;
  g_autoptr (TerraneImage) self = image_new ();
  self->findings = terrane_findings_from_json (json_object_get (entry, "findings"));
  self->checks_known = json_is_true (json_object_get (entry, "claimed"));
  if (!is_usable (entry, options))
    return TRUE;
  g_autoptr (OciManifest) manifest = NULL;
  g_autoptr (OciImageConfig) config = NULL;
  if (manifest_text == NULL || commit_text == NULL || self->findings == NULL
      || !oci_digest_parse (manifest_text, &digest, NULL)
      || !oci_digest_parse_hex (commit_text, &self->assembled, NULL))
    return TRUE;
  gboolean has_manifest = FALSE, has_commit = FALSE;
  if (!oci_layout_find_blob (layout, &digest, &has_manifest, &size, error)
      || !terrane_commit_find (store, &self->assembled, &has_commit, error))
    return FALSE;
  if (!has_manifest || !has_commit)
    return TRUE;
  self->manifest = oci_descriptor_new (OCI_MEDIA_TYPE_MANIFEST, &digest, size);
  g_autoptr (GError) local = NULL;
  if (!oci_image_read (layout, self->manifest, &manifest, &config, &local)
      || !terrane_locations_check_image (store, self->manifest, &local))
    {
      if (!g_error_matches (local, OCI_ERROR, OCI_ERROR_IO)) /* damaged or incomplete */
        return TRUE;
      g_propagate_error (error, g_steal_pointer (&local));
      return FALSE;
    }
  self->config = manifest->config->digest;
  self->unchanged = TRUE;
  list_layers (self, manifest, config, terrane_base_count_layers (base), NULL);
  if (!note_stayed (store, self, base, error))
    return FALSE;
  *out_image = g_steal_pointer (&self);
  return TRUE;
}

/* Also remembers what gc must keep for the next build of the image to be quick. */
static gboolean
remember_image (TerraneStore *store, const OciDigest *key, const TerraneImage *image,
                const TerraneBase *base, const GArray *trees, GError **error)
{
  OciDigestText text;
  OciDigestHex hex;
  g_autoptr (OciJsonValue) entry = json_object ();
  oci_json_set (entry, "manifest",
                oci_json_text (oci_digest_text (&image->manifest->digest, text)));
  oci_json_set (entry, "commit", oci_json_text (oci_digest_hex (&image->assembled, hex)));
  json_t *list = json_array ();
  oci_json_append (list, oci_json_text (oci_digest_hex (&base->root.commit, hex)));
  for (guint i = 0; i < trees->len; i++)
    {
      const OciDigest *commit = &g_array_index (trees, TerraneSourceTree, i).commit;
      oci_json_append (list, oci_json_text (oci_digest_hex (commit, hex)));
    }
  oci_json_set (entry, "trees", list);
  oci_json_set (entry, "findings", terrane_findings_to_json (image->findings));
  if (image->checks_known)
    oci_json_set (entry, "claimed", json_true ());
  if (image->stayed)
    oci_json_set (entry, "stayed", json_true ());
  if (base->manifest != NULL)
    oci_json_set (entry, "base_manifest",
                  oci_json_text (oci_digest_text (&base->manifest_digest, text)));
  return terrane_cache_put (store, TERRANE_CACHE_IMAGES, key, entry, error);
}

/* A commit must have all the objects that it needs. */
static gboolean
commit_assembled (TerraneImageJob *job, OciDigest *out_commit, GError **error)
{
  g_auto (TerraneTransaction) transaction = { 0 };
  if (job->options->partial)
    {
      *out_commit = terrane_commit_digest (job->assembled);
      return TRUE;
    }
  return terrane_transaction_begin (&transaction, job->store, error)
         && terrane_commit_write (job->store, job->assembled, out_commit, error)
         && terrane_transaction_commit (&transaction, error);
}

static gboolean
put_document (const TerraneImageJob *job, GBytes *document, OciDigest *out_digest, GError **error)
{
  *out_digest = oci_digest_of_bytes (document);
  return job->options->look != NULL
         || oci_layout_put_blob (terrane_store_layout (job->store), document, out_digest, error);
}

static gboolean
write_documents (TerraneImageJob *job, TerraneImage *image, GError **error)
{
  OciDigest digest;
  oci_image_config_set_created (job->config, job->options->stamp->created);
  g_autoptr (GBytes) config = oci_image_config_dump (job->config);
  if (!put_document (job, config, &image->config, error))
    return FALSE;
  job->manifest->config =
      oci_descriptor_new (OCI_MEDIA_TYPE_CONFIG, &image->config, g_bytes_get_size (config));
  g_autoptr (GBytes) manifest = oci_manifest_dump (job->manifest);
  if (!put_document (job, manifest, &digest, error))
    return FALSE;
  image->manifest =
      oci_descriptor_new (OCI_MEDIA_TYPE_MANIFEST, &digest, g_bytes_get_size (manifest));
  return TRUE;
}

/* For each layer, the name that 'terrane check' of the image would use. */
static char **
layer_names (const TerraneImageJob *job)
{
  const GPtrArray *layers = job->manifest->layers;
  guint of_base = terrane_base_count_layers (job->base);
  char **names = g_new0 (char *, layers->len + 1);
  for (guint i = 0; i < layers->len; i++)
    {
      names[i] = i < of_base ? NULL : terrane_layer_title (layers->pdata[i]);
      if (names[i] == NULL)
        names[i] = g_strdup_printf ("layer %u", i + 1);
    }
  return names;
}

/* The base is given: a finding about one of its files refuses nothing. Its layers belong to the
 * image. */
static TerraneFindings *
check_assembled (const TerraneImageJob *job, const char *today, GError **error)
{
  g_autoptr (GPtrArray) names = terrane_image_tree_names (job->profile);
  g_auto (GStrv) layers_by_index = layer_names (job);
  g_autoptr (TerraneFindings) findings = terrane_findings_new ();
  const TerraneImageLayers layers = { .manifest = job->manifest,
                                      .audit = job->audit,
                                      .names = (const char *const *) layers_by_index };
  const TerraneImageView view = { .store = job->store,
                                  .tree = job->assembled,
                                  .config = job->config,
                                  .names = (const char *const *) names->pdata,
                                  .trust_base = TRUE };
  const TerraneCheck check = { .view = &view,
                               .target = job->profile->target,
                               .limits = &job->profile->limits,
                               .grids = (const char *const *) job->profile->geo.grids,
                               .layers = &layers,
                               .base_has_times = job->base->manifest != NULL,
                               .today = today };
  for (guint i = 0; i < job->trees->len; i++)
    terrane_source_tree_report (&g_array_index (job->trees, TerraneSourceTree, i), &view, findings);
  return terrane_check_run (&check, findings, error) ? g_steal_pointer (&findings) : NULL;
}

/* Whether the image is acceptable: reports all errors at once, with the levels of the profile. */
static gboolean
judge (const TerraneProfile *profile, const TerraneImageOptions *options, TerraneFindings *findings,
       GError **error)
{
  terrane_check_override (findings, profile->checks);
  const guint of_lambda =
      terrane_findings_count_family (findings, "lambda", TERRANE_SEVERITY_ERROR);
  const gboolean of_others = terrane_findings_count (findings, TERRANE_SEVERITY_ERROR) > of_lambda;
  const char *heading = "this image would not work:";
  if (of_lambda > 0)
    heading = of_others
                  ? "AWS Lambda would refuse this image (set \"target\": \"oci\" if it is not for "
                    "Lambda), and it has other errors:"
                  : "AWS Lambda would refuse this image (set \"target\": \"oci\" if it is not for "
                    "Lambda):";
  if (terrane_findings_refuse (findings, error, "%s", heading))
    return TRUE;
  if (options->out_failed != NULL)
    *options->out_failed = terrane_findings_to_json (findings);
  return FALSE;
}

/* Remembers the files, so that the layers of the finished image need not be read again. */
static gboolean
remember_files (TerraneImageJob *job, const TerraneImage *image, GError **error)
{
  return terrane_image_files_remember (job->store, &image->manifest->digest, &image->assembled,
                                       job->assembled, job->audit, error);
}

/* Whether findings from another machine may be used: an image is only refused by findings made
 * here. */
static gboolean
would_pass (const TerraneProfile *profile, const json_t *known)
{
  g_autoptr (TerraneFindings) findings = terrane_findings_from_json (known);
  if (findings == NULL)
    return FALSE;
  terrane_check_override (findings, profile->checks);
  return terrane_findings_count (findings, TERRANE_SEVERITY_ERROR) == 0;
}

/* Another machine's notes about files that are not here do not refuse an image either: then the
 * files are fetched. */
static gboolean
check_here (const TerraneImageJob *job, TerraneImage *image, GError **error)
{
  image->findings = check_assembled (job, NULL, error);
  if (image->findings == NULL)
    return FALSE;
  g_autoptr (OciJsonValue) found = terrane_findings_to_json (image->findings);
  if (would_pass (job->profile, found) || !terrane_elsewhere_doubt (job->store))
    return TRUE;
  terrane_findings_free (image->findings);
  image->findings = check_assembled (job, NULL, error);
  return image->findings != NULL;
}

/* Takes the findings that another machine made for exactly this image, or makes them. */
static gboolean
find_findings (const TerraneImageJob *job, const OciDigest *key, TerraneImage *image,
               GError **error)
{
  g_autoptr (OciJsonValue) known = NULL;
  if (!terrane_shared_result_take (job->options->cache, TERRANE_SHARED_CHECKED, key, &known, error))
    return FALSE;
  image->checks_known = would_pass (job->profile, known);
  if (image->checks_known)
    {
      image->findings = terrane_findings_from_json (known);
      return TRUE;
    }
  return check_here (job, image, error);
}

/* Adds everything that files are read for, so that other machines need not fetch them. */
static gboolean
add_all (TerraneImageJob *job, TerraneImage *image, GError **error)
{
  if (job->options->cache != NULL && terrane_shared_cache_writes (job->options->cache))
    image->reads = terrane_reads_begin (job->store);
  return terrane_image_job_add_all (job, error);
}

static TerraneImage *
assemble (TerraneImageJob *job, const OciDigest *key, GError **error)
{
  g_autoptr (TerraneImage) image = image_new ();
  if (!add_all (job, image, error) || !find_findings (job, key, image, error)
      || !judge (job->profile, job->options, image->findings, error)
      || !commit_assembled (job, &image->assembled, error) || !write_documents (job, image, error)
      || (!job->options->partial && !remember_files (job, image, error)))
    return NULL;
  list_layers (image, job->manifest, job->config, terrane_base_count_layers (job->base),
               job->reused);
  return note_stayed (job->store, image, job->base, error) ? g_steal_pointer (&image) : NULL;
}

static TerraneImage *
look (TerraneImageJob *job, GError **error)
{
  g_autoptr (TerraneImage) image = image_new ();
  if (!terrane_image_job_add_all (job, error)
      || (terrane_image_looks_complete (job->options->look)
          && !write_documents (job, image, error)))
    return NULL;
  image->assembled = terrane_commit_digest (job->assembled);
  return g_steal_pointer (&image);
}

TerraneImage *
terrane_image_build (TerraneStore *store, const TerraneProfile *profile, TerraneBase *base,
                     GArray *trees, const TerraneImageOptions *options, GError **error)
{
  g_autoptr (OciImageConfig) config = make_config (profile, base, options, error);
  if (config == NULL)
    return NULL;
  g_autoptr (OciJsonValue) annotations = make_annotations (profile, base, options);
  g_autoptr (OciJsonValue) inputs =
      image_inputs (profile, base, trees, options, config, annotations);
  OciDigest key = digest_of (inputs);
  g_autoptr (TerraneImage) known = NULL;
  if (!find_image (store, &key, base, options, &known, error)
      || (known != NULL && !judge (profile, options, known->findings, error)))
    return NULL;
  if (known != NULL)
    {
      known->inputs = g_steal_pointer (&inputs);
      return g_steal_pointer (&known);
    }

  g_autoptr (OciManifest) manifest = oci_manifest_new ();
  g_autoptr (GArray) reused = g_array_new (FALSE, FALSE, sizeof (gboolean));
  manifest->annotations = json_incref (annotations);
  TerraneImageJob job = {
    .store = store,
    .profile = profile,
    .base = base,
    .trees = trees,
    .options = options,
    .manifest = manifest,
    .config = config,
    .reused = reused,
  };
  g_autoptr (TerraneImage) image = NULL;
  if (options->look != NULL)
    image = look (&job, error);
  else if (terrane_store_begin_write (store, error))
    image = assemble (&job, &key, error);
  terrane_reads_end (store);
  terrane_tree_free (job.assembled);
  terrane_layer_audit_free (job.audit);
  if (image == NULL
      || (options->look == NULL && !options->partial
          && !remember_image (store, &key, image, base, trees, error)))
    return NULL;
  image->inputs = g_steal_pointer (&inputs);
  return g_steal_pointer (&image);
}

TerraneFindings *
terrane_image_check (TerraneStore *store, const TerraneProfile *profile, TerraneBase *base,
                     GArray *trees, const TerraneImageOptions *options, const char *today,
                     GError **error)
{
  g_autoptr (OciImageConfig) config = make_config (profile, base, options, error);
  if (config == NULL)
    return NULL;
  g_autoptr (OciManifest) manifest = oci_manifest_new ();
  TerraneImageJob job = {
    .store = store,
    .profile = profile,
    .base = base,
    .trees = trees,
    .options = options,
    .manifest = manifest,
    .config = config,
    .no_layers = TRUE,
  };
  g_autoptr (TerraneFindings) findings =
      terrane_store_begin_write (store, error) && terrane_image_job_add_all (&job, error)
          ? check_assembled (&job, today, error)
          : NULL;
  terrane_tree_free (job.assembled);
  terrane_layer_audit_free (job.audit);
  if (findings != NULL)
    terrane_check_override (findings, profile->checks);
  return g_steal_pointer (&findings);
}
