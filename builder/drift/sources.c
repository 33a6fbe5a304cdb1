#include "builder/drift/sources.h"

#include "builder/drift/image-tags.h"
#include "builder/drift/web-file.h"
#include "builder/remote/ostree.h"
#include "builder/source/file-digest.h"
#include "builder/source/ostree.h"

#include <string.h>

/* Finds the current commit of a ref. */
static gboolean
ask_ostree (const TerraneDriftUnit *self, const TerraneSourceSpec *spec, const json_t *entry,
            GError **error)
{
  OciDigest locked, now;
  OciDigestHex locked_hex, now_hex;
  const char *commit = json_string_value (json_object_get (entry, "commit"));
  if (terrane_ostree_names_commit (spec, &now))
    return TRUE; /* a commit in the profile cannot change */
  if (commit == NULL || !oci_digest_parse_hex (commit, &locked, NULL))
    return oci_throw (error, OCI_ERROR_USAGE, "the lock has no commit; run: terrane lock %s",
                      self->profile->path);
  if (terrane_ostree_is_remote (spec) && self->offline)
    {
      terrane_drift_report_unanswered (self->report, "ostree", spec->name, FALSE,
                                       "--offline: only the repository knows what %s is now",
                                       spec->ostree_ref);
      return TRUE;
    }
  if (!(terrane_ostree_is_remote (spec) ? terrane_remote_resolve_ostree (
            self->remote, spec->ostree_repository, spec->ostree_ref, &now, error)
                                        : terrane_ostree_resolve_local (spec, &now, error)))
    return FALSE;
  const TerraneDriftFinding finding = { .kind = "ostree",
                                        .source = spec->name,
                                        .subject = spec->ostree_ref,
                                        .locked = oci_digest_hex (&locked, locked_hex),
                                        .now = oci_digest_hex (&now, now_hex) };
  if (!oci_digest_equal (&locked, &now))
    terrane_drift_report_add (
        self->report, self->rules,
        terrane_drift_finding_new (&finding, "the ref is commit %.12s now; the lock has %.12s",
                                   now_hex, locked_hex));
  return TRUE;
}

/* The digest of a local file is known; for one on a server, only what the server says. */
static gboolean
ask_archive (const TerraneDriftUnit *self, const TerraneSourceSpec *spec,
             const TerraneArchiveFile *file, const json_t *locked, GError **error)
{
  OciDigest before, now;
  OciDigestText before_text, now_text;
  const char *hex = json_string_value (json_object_get (locked, "sha256"));
  const char *name = json_string_value (json_object_get (locked, "file"));
  if (hex == NULL || !oci_digest_parse_hex (hex, &before, NULL))
    return oci_throw (error, OCI_ERROR_USAGE,
                      "the lock does not have this archive; run: terrane lock %s",
                      self->profile->path);
  TerraneStore *store = terrane_remote_store (self->remote);
  if (file->url != NULL)
    {
      const char *url = json_string_value (json_object_get (locked, "url"));
      const TerraneWebFile asked = { .question = "archive",
                                     .kind = "archive",
                                     .source = spec->name,
                                     .subject = url != NULL ? url : spec->name,
                                     .url = file->url,
                                     .sha256 = &before };
      return terrane_drift_ask_web_file (self, &asked, error);
    }
  if (!terrane_file_digest (store, file->path, &now, error))
    return FALSE;
  const TerraneDriftFinding finding = { .kind = "archive",
                                        .source = spec->name,
                                        .subject = name != NULL ? name : file->path,
                                        .locked = oci_digest_text (&before, before_text),
                                        .now = oci_digest_text (&now, now_text) };
  if (!oci_digest_equal (&before, &now))
    terrane_drift_report_add (
        self->report, self->rules,
        terrane_drift_finding_new (&finding, "the file is another one than the lock has"));
  return TRUE;
}

static gboolean
ask_archives (const TerraneDriftUnit *self, const TerraneSourceSpec *spec, const json_t *entry,
              GError **error)
{
  const json_t *locked = json_object_get (entry, "archives");
  for (guint i = 0; i < spec->archives->len; i++)
    {
      GError *local = NULL;
      if (!ask_archive (self, spec, spec->archives->pdata[i], json_array_get (locked, i), &local)
          && !terrane_drift_report_failure (self->report, "archive", spec->name, local, error))
        return FALSE;
    }
  return TRUE;
}

static gboolean
ask_source (const TerraneDriftUnit *self, const TerraneSourceSpec *spec, const char *tree,
            GError **error)
{
  GError *local = NULL;
  const json_t *entry = terrane_lock_get (self->lock, self->platform, tree);
  switch (spec->kind)
    {
    case TERRANE_SOURCE_IMAGE:
      return terrane_drift_ask_image (self, spec, entry, error);
    case TERRANE_SOURCE_OSTREE:
      return ask_ostree (self, spec, entry, &local)
             || terrane_drift_report_failure (self->report, "ostree", spec->name, local, error);
    case TERRANE_SOURCE_ARCHIVE:
      return ask_archives (self, spec, entry, error);
    case TERRANE_SOURCE_DIRECTORY: /* a working copy may change */
    case TERRANE_SOURCE_WHEELS:    /* builder/drift/wheels.c */
    case TERRANE_SOURCE_COMPILE:   /* each of its sources has a digest */
    default:
      return TRUE;
    }
}

gboolean
terrane_drift_ask_sources (const TerraneDriftUnit *self, GError **error)
{
  const TerraneProfile *profile = self->profile;
  if (!ask_source (self, profile->base, NULL, error))
    return FALSE;
  for (guint i = 0; i < profile->trees->len; i++)
    {
      const TerraneSourceSpec *spec = profile->trees->pdata[i];
      if (!ask_source (self, spec, spec->name, error))
        return FALSE;
    }
  return TRUE;
}
