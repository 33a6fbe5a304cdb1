#include "builder/source/source.h"

/* It needs more than this directory has: builder/image/profile-tree.c reads it. */
const TerraneSourceType terrane_source_image = { .name = "image" };

const TerraneSourceType *
terrane_source_type (TerraneSourceKind kind)
{
#define ROW(constant, name, number) [number] = &terrane_source_##name,
  static const TerraneSourceType *const types[] = { TERRANE_SOURCE_KINDS (ROW) };
#undef ROW
  return types[kind];
}

void
terrane_source_report_clear (TerraneSourceReport *self)
{
  g_clear_pointer (&self->unused, g_ptr_array_unref);
  g_clear_pointer (&self->unused_shared, g_ptr_array_unref);
  g_clear_pointer (&self->notes, g_ptr_array_unref);
  g_clear_pointer (&self->pruned, json_decref);
  g_clear_pointer (&self->findings, json_decref);
}

gboolean
terrane_source_ingest (TerraneStore *store, const TerranePin *pin,
                       const TerraneSourceOptions *options, OciDigest *out_commit,
                       TerraneTree **out_tree, TerraneSourceReport *out_report, GError **error)
{
  OCI_PREFIX (error, "%s", pin->spec->where);
  g_autoptr (TerraneIngest) ingest =
      options->look_bytes > 0
          ? terrane_ingest_new_look (store, options->jobs, options->look_bytes, options->look_keep)
          : terrane_ingest_new (store, options->jobs, options->progress, options->progress_data,
                                error);
  if (ingest == NULL)
    return FALSE;
  g_autoptr (TerraneSourceFilter) filter =
      terrane_source_filter_new (pin->spec, pin->modes, ingest);
  gboolean ok = options->feed != NULL
                    ? options->feed (options->feed_data, filter, error)
                    : terrane_source_type (pin->spec->kind)->read (store, pin, filter, error);
  if (!ok || !terrane_ingest_finish (ingest, out_commit, out_tree, error))
    return FALSE;
  out_report->special_skipped = terrane_source_filter_special_skipped (filter);
  out_report->stripped = terrane_source_filter_stripped (filter);
  out_report->unused = terrane_source_filter_unused (filter);
  out_report->unused_shared = terrane_source_filter_unused_shared (filter);
  out_report->notes = terrane_source_filter_notes (filter);
  out_report->pruned = terrane_source_filter_pruned (filter);
  out_report->findings = terrane_source_filter_findings (filter);
  return TRUE;
}
