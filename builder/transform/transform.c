#include "builder/transform/transform.h"

#include "builder/store/cache.h"
#include "builder/version.h"

/* In the order in which they are applied. */
static const TerraneTransform *const transforms[] = { &terrane_transform_strip,
                                                      &terrane_transform_bytecode,
                                                      &terrane_transform_dedupe };

void
terrane_interpreter_clear (TerraneInterpreter *self)
{
  g_clear_pointer (&self->path, g_free);
  g_clear_pointer (&self->emulated, g_free);
  g_clear_pointer (&self->identity, g_free);
  g_clear_pointer (&self->env, g_strfreev);
}

json_t *
terrane_transform_keys (const TerraneTransformContext *context, GError **error)
{
  g_autoptr (OciJsonValue) keys = json_array ();
  for (size_t i = 0; i < G_N_ELEMENTS (transforms); i++)
    {
      if (!transforms[i]->wanted (context))
        continue;
      json_t *key = transforms[i]->key (context, error);
      if (key == NULL)
        {
          g_prefix_error (error, "%s: transforms.%s: ", context->spec->where, transforms[i]->name);
          return NULL;
        }
      oci_json_append (keys, oci_json_text (transforms[i]->name));
      oci_json_append (keys, key);
    }
  return g_steal_pointer (&keys);
}

static OciDigest
make_key (const OciDigest *commit, json_t *keys)
{
  OciDigestHex hex;
  g_autoptr (OciJsonValue) key = json_object ();
  oci_json_set (key, "assembler", oci_json_text (TERRANE_ASSEMBLER_VERSION));
  oci_json_set (key, "commit", oci_json_text (oci_digest_hex (commit, hex)));
  oci_json_set (key, "transforms", json_incref (keys));
  g_autoptr (GBytes) bytes = oci_json_dump (key);
  return oci_digest_of_bytes (bytes);
}

static gboolean
read_commit (TerraneStore *store, const json_t *entry, const char *member, OciDigest *out_commit,
             gboolean *out_found, GError **error)
{
  const char *text = terrane_cache_text (entry, member);
  *out_found = text != NULL && oci_digest_parse_hex (text, out_commit, NULL);
  return !*out_found || terrane_commit_find (store, out_commit, out_found, error);
}

static gboolean
find (TerraneStore *store, const OciDigest *key, TerraneTransformed *out, gboolean *out_found,
      GError **error)
{
  OciDigest commit, debug = { 0 };
  g_autoptr (OciJsonValue) entry = terrane_cache_get (store, TERRANE_CACHE_TRANSFORMED, key);
  json_t *reports = json_object_get (entry, "reports");
  gboolean has_debug = json_object_get (entry, "debug") != NULL;
  if (!read_commit (store, entry, "commit", &commit, out_found, error)
      || (*out_found && has_debug
          && !read_commit (store, entry, "debug", &debug, out_found, error)))
    return FALSE;
  *out_found = *out_found && json_is_array (reports);
  if (!*out_found)
    return TRUE;
  out->commit = commit;
  out->has_debug = has_debug;
  out->debug = debug;
  out->reports = json_incref (reports);
  return TRUE;
}

static gboolean
remember (TerraneStore *store, const OciDigest *key, const OciDigest *source,
          const TerraneTransformed *result, GError **error)
{
  OciDigestHex hex;
  g_autoptr (OciJsonValue) entry = json_object ();
  oci_json_set (entry, "commit", oci_json_text (oci_digest_hex (&result->commit, hex)));
  oci_json_set (entry, "source", oci_json_text (oci_digest_hex (source, hex)));
  if (result->has_debug)
    oci_json_set (entry, "debug", oci_json_text (oci_digest_hex (&result->debug, hex)));
  oci_json_set (entry, "reports", json_incref (result->reports));
  return terrane_cache_put (store, TERRANE_CACHE_TRANSFORMED, key, entry, error);
}

static gboolean
apply (const TerraneTransform *transform, TerraneTransformJob *job, json_t *reports, GError **error)
{
  const TerraneTransformContext *context = job->context;
  OCI_PREFIX (error, "%s: transforms.%s", context->spec->where, transform->name);
  g_autoptr (TerraneTransformReport) report = terrane_transform_report_new (transform->name);
  job->report = report;
  if (!transform->apply (job, error))
    return FALSE;
  json_t *result = terrane_transform_report_to_json (report);
  oci_json_append (reports, result);
  size_t i;
  json_t *note;
  json_array_foreach (json_object_get (result, "notes"), i, note)
      terrane_progress_warn (context->progress, "%s: %s: %s", context->spec->name, transform->name,
                             json_string_value (note));
  return TRUE;
}

static gboolean
apply_all (TerraneTransformJob *job, TerraneTransformed *result, GError **error)
{
  const TerraneTransformContext *context = job->context;
  for (size_t i = 0; i < G_N_ELEMENTS (transforms); i++)
    if (transforms[i]->wanted (context) && !apply (transforms[i], job, result->reports, error))
      return FALSE;
  /* Before the ingest ends the transaction in which the files were written. */
  result->has_debug = terrane_tree_root (job->debug)->children->len > 0;
  return (!result->has_debug
          || terrane_commit_write (context->store, job->debug, &result->debug, error))
         && terrane_ingest_finish (job->ingest, &result->commit, &result->tree, error);
}

static gboolean
make (const TerraneTransformContext *context, const OciDigest *commit, TerraneTransformed *result,
      GError **error)
{
  TerraneStore *store = context->store;
  if (!terrane_store_begin_write (store, error))
    return FALSE;
  g_autoptr (TerraneTree) source = terrane_commit_load (store, commit, error);
  g_autoptr (TerraneIngest) ingest =
      source != NULL ? terrane_ingest_new (store, context->jobs, NULL, NULL, error) : NULL;
  if (ingest == NULL || !terrane_tree_copy (source, terrane_ingest_tree (ingest), error))
    return FALSE;
  g_autoptr (TerraneTree) debug = terrane_tree_new ();
  TerraneTransformJob job = {
    .context = context, .source = source, .ingest = ingest, .debug = debug
  };
  return apply_all (&job, result, error);
}

gboolean
terrane_transform_find (TerraneStore *store, const OciDigest *commit, json_t *keys,
                        TerraneTransformed *out_transformed, gboolean *out_found, GError **error)
{
  OciDigest key = make_key (commit, keys);
  *out_transformed = (TerraneTransformed){ .commit = *commit };
  *out_found = json_array_size (keys) == 0;
  return *out_found || find (store, &key, out_transformed, out_found, error);
}

gboolean
terrane_transform_tree (const TerraneTransformContext *context, const OciDigest *commit,
                        TerraneTransformed *out_transformed, GError **error)
{
  *out_transformed = (TerraneTransformed){ .commit = *commit };
  g_autoptr (OciJsonValue) keys = terrane_transform_keys (context, error);
  if (keys == NULL)
    return FALSE;
  if (json_array_size (keys) == 0)
    return TRUE;
  OciDigest key = make_key (commit, keys);
  gboolean found = FALSE;
  if (!find (context->store, &key, out_transformed, &found, error))
    return FALSE;
  if (found)
    {
      out_transformed->keys = g_steal_pointer (&keys);
      return TRUE;
    }
  TerraneTransformed result = { .reports = json_array (), .made = TRUE };
  if (make (context, commit, &result, error)
      && remember (context->store, &key, commit, &result, error))
    {
      *out_transformed = result;
      out_transformed->keys = g_steal_pointer (&keys);
      return TRUE;
    }
  json_decref (result.reports);
  terrane_tree_free (result.tree);
  return FALSE;
}
