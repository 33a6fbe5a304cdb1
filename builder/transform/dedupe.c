/* Data that several wheels contain become one file and links to it. */
#include "builder/geo/dedupe.h"
#include "builder/transform/transform.h"

static gboolean
is_wanted (const TerraneTransformContext *context)
{
  return context->spec->transforms->dedupe;
}

/* Raised if the rules change. */
static json_t *
make_key (G_GNUC_UNUSED const TerraneTransformContext *context, G_GNUC_UNUSED GError **error)
{
  return oci_json_text ("1");
}

static gboolean
apply (TerraneTransformJob *job, GError **error)
{
  g_autoptr (TerraneGeoIndex) index =
      terrane_geo_index_new (job->context->store, job->source, error);
  if (index == NULL)
    return FALSE;
  g_autoptr (GPtrArray) links = terrane_geo_dedupe (job->source, index);
  for (guint i = 0; i < links->len; i++)
    {
      const TerraneDedupeLink *link = links->pdata[i];
      const TerraneNode *node = terrane_tree_lookup (job->source, link->path);
      const OciEntry entry = { .path = link->path,
                               .type = OCI_ENTRY_SYMLINK,
                               .mode = 0777,
                               .uid = node->uid,
                               .gid = node->gid,
                               .target = link->target };
      if (!terrane_ingest_add (job->ingest, &entry, NULL, NULL, error))
        return FALSE;
      terrane_transform_report_count (
          job->report, g_str_has_suffix (link->path, "/proj.db") ? "proj.db" : "data", 1,
          (int64_t) link->size);
    }
  return TRUE;
}

const TerraneTransform terrane_transform_dedupe = {
  .name = "dedupe",
  .wanted = is_wanted,
  .key = make_key,
  .apply = apply,
};
