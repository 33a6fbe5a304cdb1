#include "builder/source/source.h"

const TerraneSourceType *
terrane_source_type (TerraneSourceKind kind)
{
  switch (kind)
    {
    case TERRANE_SOURCE_ARCHIVE:
      return &terrane_source_archive;
    case TERRANE_SOURCE_DIRECTORY:
      return &terrane_source_directory;
    case TERRANE_SOURCE_OSTREE:
      return &terrane_source_ostree;
    case TERRANE_SOURCE_WHEELS:
      return &terrane_source_wheels;
    case TERRANE_SOURCE_IMAGE:
    default:
      g_assert_not_reached ();
    }
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
terrane_source_ingest (TerraneStore *store, const TerraneSourceSpec *spec,
                       const TerraneSourceOptions *options, OciDigest *out_commit,
                       TerraneTree **out_tree, TerraneSourceReport *out_report, GError **error)
{
  OCI_PREFIX (error, "%s", spec->where);
  g_autoptr (TerraneIngest) ingest =
      terrane_ingest_new (store, options->jobs, options->progress, options->progress_data, error);
  if (ingest == NULL)
    return FALSE;
  g_autoptr (TerraneSourceFilter) filter = terrane_source_filter_new (spec, options->modes, ingest);
  gboolean ok = options->feed != NULL
                    ? options->feed (options->feed_data, filter, error)
                    : terrane_source_type (spec->kind)->read (store, spec, filter, error);
  if (!ok || !terrane_ingest_finish (ingest, out_commit, out_tree, error))
    return FALSE;
  out_report->special_skipped = terrane_source_filter_special_skipped (filter);
  out_report->unused = terrane_source_filter_unused (filter);
  out_report->unused_shared = terrane_source_filter_unused_shared (filter);
  out_report->notes = terrane_source_filter_notes (filter);
  out_report->pruned = terrane_source_filter_pruned (filter);
  out_report->findings = terrane_source_filter_findings (filter);
  return TRUE;
}
