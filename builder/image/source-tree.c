#include "builder/image/source-tree.h"

#include "builder/check/report.h"

#include "builder/profile/source-reader.h"
#include "builder/store/cache.h"
#include "builder/store/downloads.h"
#include "builder/version.h"

json_t *
terrane_source_tree_inputs (const OciDigest *identity, const TerraneSourceSpec *spec,
                            TerraneModes modes)
{
  OciDigestHex hex;
  json_t *key = json_object ();
  oci_json_set (key, "assembler", oci_json_text (TERRANE_ASSEMBLER_VERSION));
  oci_json_set (key, "reader", oci_json_text (TERRANE_READER_VERSION));
  oci_json_set (key, "kind", json_integer (spec->kind));
  oci_json_set (key, "source", oci_json_text (oci_digest_hex (identity, hex)));
  terrane_source_spec_add_to_key (spec, key);
  oci_json_set (key, "modes", json_integer (modes));
  if (spec->transforms != NULL)
    oci_json_set (key, "transforms", terrane_transform_spec_reading_key (spec->transforms));
  return key;
}

OciDigest
terrane_source_tree_key (const OciDigest *identity, const TerraneSourceSpec *spec,
                         TerraneModes modes)
{
  g_autoptr (OciJsonValue) key = terrane_source_tree_inputs (identity, spec, modes);
  g_autoptr (GBytes) bytes = oci_json_dump (key);
  return oci_digest_of_bytes (bytes);
}

gboolean
terrane_source_tree_find_commit (TerraneStore *store, const OciDigest *key, OciDigest *out_commit,
                                 gboolean *out_found, GError **error)
{
  g_autoptr (OciJsonValue) entry = terrane_cache_get (store, TERRANE_CACHE_TREES, key);
  const char *commit = terrane_cache_text (entry, "commit");
  *out_found = commit != NULL && oci_digest_parse_hex (commit, out_commit, NULL);
  return !*out_found || terrane_commit_find (store, out_commit, out_found, error);
}

static void
add_report (TerraneSourceTree *tree, json_t *report)
{
  if (tree->reports == NULL)
    tree->reports = json_array ();
  oci_json_append (tree->reports, json_incref (report));
}

gboolean
terrane_source_tree_find (TerraneStore *store, const OciDigest *key, TerraneSourceTree *out_tree,
                          gboolean *out_found, GError **error)
{
  g_autoptr (OciJsonValue) entry = terrane_cache_get (store, TERRANE_CACHE_TREES, key);
  if (!terrane_source_tree_find_commit (store, key, &out_tree->commit, out_found, error))
    return FALSE;
  if (!*out_found)
    return TRUE;
  json_t *pruned = json_object_get (entry, "pruned");
  if (json_is_object (pruned))
    add_report (out_tree, pruned);
  if (json_is_array (json_object_get (entry, "findings")))
    out_tree->findings = json_incref (json_object_get (entry, "findings"));
  return TRUE;
}

static gboolean
put (TerraneStore *store, const OciDigest *key, const OciDigest *commit, json_t *pruned,
     json_t *findings, GError **error)
{
  OciDigestHex hex;
  g_autoptr (OciJsonValue) entry = json_object ();
  oci_json_set (entry, "commit", oci_json_text (oci_digest_hex (commit, hex)));
  if (pruned != NULL)
    oci_json_set (entry, "pruned", json_incref (pruned));
  if (findings != NULL)
    oci_json_set (entry, "findings", json_incref (findings));
  return terrane_cache_put (store, TERRANE_CACHE_TREES, key, entry, error);
}

gboolean
terrane_source_tree_remember (TerraneStore *store, const OciDigest *key, const OciDigest *commit,
                              const json_t *notes, GError **error)
{
  OciDigestHex hex;
  g_autoptr (OciJsonValue) entry = notes != NULL ? json_copy ((json_t *) notes) : json_object ();
  oci_json_set (entry, "commit", oci_json_text (oci_digest_hex (commit, hex)));
  return terrane_cache_put (store, TERRANE_CACHE_TREES, key, entry, error);
}

gboolean
terrane_source_tree_claim (TerraneStore *store, const OciDigest *key, const OciDigest *commit,
                           const json_t *notes, GError **error)
{
  g_autoptr (OciJsonValue) all = json_copy ((json_t *) notes);
  oci_json_set (all, "claimed", json_true ());
  return terrane_source_tree_remember (store, key, commit, all, error);
}

json_t *
terrane_source_tree_note (TerraneStore *store, const OciDigest *key, const char *name)
{
  g_autoptr (OciJsonValue) entry = terrane_cache_get (store, TERRANE_CACHE_TREES, key);
  json_t *note = json_object_get (entry, name);
  return note != NULL ? json_incref (note) : NULL;
}

gboolean
terrane_source_tree_add_note (TerraneStore *store, const OciDigest *key, const char *name,
                              const json_t *note, GError **error)
{
  g_autoptr (OciJsonValue) entry = terrane_cache_get (store, TERRANE_CACHE_TREES, key);
  if (entry == NULL)
    return TRUE;
  oci_json_set (entry, name, json_incref ((json_t *) note));
  return terrane_cache_put (store, TERRANE_CACHE_TREES, key, entry, error);
}

gboolean
terrane_source_tree_is_claimed (TerraneStore *store, const OciDigest *key)
{
  g_autoptr (OciJsonValue) entry = terrane_cache_get (store, TERRANE_CACHE_TREES, key);
  return json_is_true (json_object_get (entry, "claimed"));
}

void
terrane_source_tree_clear (TerraneSourceTree *self)
{
  g_clear_pointer (&self->tree, terrane_tree_free);
  g_clear_pointer (&self->reports, json_decref);
  g_clear_pointer (&self->transforms, json_decref);
  g_clear_pointer (&self->findings, json_decref);
  g_clear_pointer (&self->unused, g_ptr_array_unref);
}

TerraneTree *
terrane_source_tree_steal (TerraneSourceTree *self, TerraneStore *store, GError **error)
{
  return self->tree != NULL ? g_steal_pointer (&self->tree)
                            : terrane_commit_load (store, &self->commit, error);
}

/* The cache may be from any version. */
void
terrane_source_tree_report (const TerraneSourceTree *self, const TerraneImageView *view,
                            TerraneFindings *findings)
{
  size_t i;
  json_t *item;
  json_array_foreach (self->findings, i, item)
  {
    const char *path = json_string_value (json_object_get (item, "path"));
    const char *id = json_string_value (json_object_get (item, "id"));
    const char *message = json_string_value (json_object_get (item, "message"));
    const char *const *known = terrane_finding_ids ();
    while (*known != NULL && g_strcmp0 (*known, id) != 0)
      known++;
    if (path != NULL && *known != NULL && message != NULL)
      terrane_report_finding (view, findings, *known, TERRANE_SEVERITY_WARNING,
                              terrane_tree_lookup (view->tree, path),
                              json_string_value (json_object_get (item, "fix")), "%s", message);
  }
}

static void
advance (gpointer data, uint64_t bytes)
{
  terrane_progress_advance (data, bytes);
}

static void
report_left_out (const TerraneSourceSpec *spec, const TerraneSourceReport *report,
                 const TerraneProgress *progress)
{
  if (report->special_skipped > 0)
    terrane_progress_warn (progress, "%s: left out %u devices, fifos and sockets", spec->name,
                           report->special_skipped);
  for (guint i = 0; i < report->unused->len; i++)
    terrane_progress_warn (progress, "%s.%s matches nothing", spec->where,
                           (const char *) report->unused->pdata[i]);
  for (guint i = 0; i < report->notes->len; i++)
    terrane_progress_warn (progress, "%s: %s", spec->where, (const char *) report->notes->pdata[i]);
  size_t i;
  json_t *note;
  json_array_foreach (json_object_get (report->pruned, "notes"), i, note)
      terrane_progress_warn (progress, "%s: %s", spec->where, json_string_value (note));
}

gboolean
terrane_source_tree_make_from (TerraneStore *store, const TerranePin *pin,
                               const OciDigest *identity, TerraneSourceFeed feed,
                               gpointer feed_data, const TerraneSourceTreeOptions *options,
                               TerraneSourceTree *out_tree, GError **error)
{
  const TerraneProgress *progress = options->progress;
  g_auto (TerraneSourceReport) report = { 0 };
  OciDigest key = terrane_source_tree_key (identity, pin->spec, pin->modes);
  gboolean found = FALSE;
  if (!terrane_source_tree_find (store, &key, out_tree, &found, error))
    return FALSE;
  if (found)
    {
      terrane_progress_info (progress, "%s: unchanged", pin->spec->name);
      return TRUE;
    }
  terrane_progress_phase (progress, 0, "reading %s", pin->spec->name);
  const TerraneSourceOptions source_options = { .jobs = options->jobs,
                                                .progress = advance,
                                                .progress_data = (gpointer) progress,
                                                .feed = feed,
                                                .feed_data = feed_data };
  if (!terrane_source_ingest (store, pin, &source_options, &out_tree->commit, &out_tree->tree,
                              &report, error))
    return FALSE;
  out_tree->made = TRUE;
  out_tree->stripped = report.stripped;
  report_left_out (pin->spec, &report, progress);
  out_tree->unused = g_steal_pointer (&report.unused_shared);
  if (report.pruned != NULL)
    add_report (out_tree, report.pruned);
  out_tree->findings = json_incref (report.findings);
  return put (store, &key, &out_tree->commit, report.pruned, report.findings, error);
}

/* An image is identified by its manifest, and all of it is read to compile in it. */
static gboolean
identify (TerraneStore *store, const TerranePin *pin, OciDigest *out_identity, GError **error)
{
  if (pin->spec->kind != TERRANE_SOURCE_IMAGE)
    return terrane_source_type (pin->spec->kind)->identify (store, pin, out_identity, error);
  *out_identity = pin->digest;
  return TRUE;
}

/* NOLINTNEXTLINE(misc-no-recursion): the source to compile in is a base, which is not compiled */
gboolean
terrane_source_tree_set_key (TerraneStore *store, TerranePin *pin, OciDigest *out_identity,
                             GError **error)
{
  OciDigest in;
  if (pin->in != NULL && !pin->in->has_key
      && !terrane_source_tree_set_key (store, pin->in, &in, error))
    return FALSE;
  if (!identify (store, pin, out_identity, error))
    return FALSE;
  pin->key = terrane_source_tree_key (out_identity, pin->spec, pin->modes);
  pin->has_key = TRUE;
  return TRUE;
}

/* A source is identified right before it is read: it may have changed since the pin got its key. */
gboolean
terrane_source_tree_make (TerraneStore *store, TerranePin *pin,
                          const TerraneSourceTreeOptions *options, TerraneSourceTree *out_tree,
                          GError **error)
{
  OciDigest identity;
  gboolean found = FALSE;
  if (pin->has_key && !terrane_source_tree_find (store, &pin->key, out_tree, &found, error))
    return FALSE;
  if (found)
    {
      terrane_progress_info (options->progress, "%s: unchanged", pin->spec->name);
      return TRUE;
    }
  return terrane_source_tree_set_key (store, pin, &identity, error)
         && terrane_source_tree_make_from (store, pin, &identity, NULL, NULL, options, out_tree,
                                           error);
}

enum
{
  LOOK_BYTES = 256 * 1024 * 1024, /* bytes that are read in a second or so */
};

static gboolean
are_wheels_here (TerraneStore *store, const TerraneWheelsPin *pin, gboolean *out_here,
                 GError **error)
{
  *out_here = TRUE;
  for (guint i = 0; *out_here && i < pin->wheels->len; i++)
    {
      const TerraneWheelPin *wheel = pin->wheels->pdata[i];
      if (wheel->path == NULL && !terrane_downloads_find (store, &wheel->sha256, out_here, error))
        return FALSE;
    }
  return TRUE;
}

/* Whether it can be read without the network. */
static gboolean
is_here (TerraneStore *store, const TerranePin *pin, gboolean *out_here, GError **error)
{
  const TerraneSourceSpec *spec = pin->spec;
  *out_here = spec->kind == TERRANE_SOURCE_DIRECTORY || spec->kind == TERRANE_SOURCE_ARCHIVE;
  if (spec->kind == TERRANE_SOURCE_WHEELS)
    return are_wheels_here (store, pin->wheels, out_here, error);
  for (guint i = 0; spec->kind == TERRANE_SOURCE_ARCHIVE && *out_here && i < spec->archives->len;
       i++)
    {
      const TerraneArchiveFile *file = spec->archives->pdata[i];
      if (file->url != NULL && !terrane_downloads_find (store, &file->sha256, out_here, error))
        return FALSE;
    }
  return TRUE;
}

gboolean
terrane_source_tree_look (TerraneStore *store, TerranePin *pin, unsigned jobs,
                          TerraneSourceTree *out_tree, gboolean *out_stored, gboolean *out_known,
                          GError **error)
{
  OciDigest identity;
  g_auto (TerraneSourceReport) report = { 0 };
  g_autoptr (GError) local = NULL;
  /* The division into layers per package reads these. */
  const char *keep = pin->spec->kind == TERRANE_SOURCE_WHEELS ? "RECORD" : NULL;
  const TerraneSourceOptions options = { .jobs = jobs,
                                         .look_bytes = LOOK_BYTES,
                                         .look_keep = keep };
  *out_known = FALSE;
  if (!terrane_source_tree_set_key (store, pin, &identity, error)
      || !terrane_source_tree_find (store, &pin->key, out_tree, out_stored, error))
    return FALSE;
  if (!*out_stored && !is_here (store, pin, out_known, error))
    return FALSE;
  if (*out_stored || !*out_known)
    {
      *out_known = *out_stored;
      return TRUE;
    }
  out_tree->made = TRUE;
  if (terrane_source_ingest (store, pin, &options, &out_tree->commit, &out_tree->tree, &report,
                             &local))
    {
      out_tree->findings = json_incref (report.findings);
      return TRUE;
    }
  *out_known = FALSE;
  if (g_error_matches (local, OCI_ERROR, OCI_ERROR_LIMIT))
    return TRUE;
  g_propagate_error (error, g_steal_pointer (&local));
  return FALSE;
}

gboolean
terrane_source_tree_is_stored (TerraneStore *store, TerranePin *pin, gboolean *out_stored,
                               GError **error)
{
  OciDigest identity, commit;
  *out_stored = FALSE;
  if (!pin->has_key && !terrane_source_tree_set_key (store, pin, &identity, NULL))
    return TRUE; /* reading it gives the error */
  return terrane_source_tree_find_commit (store, &pin->key, &commit, out_stored, error);
}
