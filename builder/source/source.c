#include "builder/source/source.h"

#include "builder/transform/modes.h"

#include "oci/base/glob.h"
#include "oci/base/path.h"

#include <string.h>

struct _TerraneSourceFilter
{
  const TerraneSourceSpec *spec;
  TerraneModes modes;
  TerraneIngest *ingest;
  TerraneSourceReport report;
};

const TerraneSourceType *
terrane_source_type (TerraneSourceKind kind)
{
  switch (kind)
    {
    case TERRANE_SOURCE_ARCHIVE:
      return &terrane_source_archive;
    case TERRANE_SOURCE_DIRECTORY:
      return &terrane_source_directory;
    case TERRANE_SOURCE_IMAGE: /* flattened by builder/image/flatten.c, never read as one tree */
    default:
      g_assert_not_reached ();
    }
}

/* Drops the first components; NULL when nothing is left. */
static const char *
strip_components (const char *path, unsigned count)
{
  for (; count > 0; count--)
    {
      const char *slash = strchr (path, '/');
      if (slash == NULL)
        return NULL;
      path = slash + 1;
    }
  return path;
}

/* A link that leads out of the tree's prefix is more often a broken build than meant. Absolute
 * targets are seen from the image's root. */
static gboolean
check_link (const TerraneSourceFilter *self, const OciEntry *entry, GError **error)
{
  if (self->spec->allow_outside_links)
    return TRUE;
  g_autofree char *target = oci_path_resolve_link (entry->path, entry->target);
  if (target != NULL && oci_path_is_below (target, self->spec->prefix))
    return TRUE;
  /* The root of an image has no outside: the kernel stops ".." there. */
  if (self->spec->prefix[0] == '\0')
    return TRUE;
  g_autofree char *quoted = oci_quote (entry->target);
  return oci_throw (error, OCI_ERROR_FORMAT,
                    "/%s: symbolic link to %s, outside the tree's prefix /%s; if that is meant, "
                    "give the tree \"symlinks\": \"any\"",
                    entry->path, quoted, self->spec->prefix);
}

static gboolean
take_special (TerraneSourceFilter *self, const OciEntry *entry, GError **error)
{
  if (self->spec->skip_special)
    {
      self->report.special_skipped++;
      return TRUE;
    }
  return oci_throw (error, OCI_ERROR_UNSUPPORTED,
                    "/%s is a device, fifo or socket, which the store cannot hold; leave such "
                    "entries out with \"special\": \"skip\"",
                    entry->path);
}

gboolean
terrane_source_take (TerraneSourceFilter *self, const OciEntry *entry, TerraneReadFunc read,
                     gpointer data, GError **error)
{
  const TerraneSourceSpec *spec = self->spec;
  const char *stripped = strip_components (entry->path, spec->strip_components);
  if (stripped == NULL || oci_glob_match_any ((const char *const *) spec->exclude, stripped))
    return TRUE;

  OciEntry placed = *entry;
  g_autofree char *path = oci_path_join (spec->prefix, stripped);
  g_autofree char *target = NULL;
  placed.path = path;
  if (strlen (path) > OCI_PATH_MAX)
    return oci_throw (error, OCI_ERROR_LIMIT, "/%.100s…: the path is too long", path);
  if (entry->type == OCI_ENTRY_SPECIAL)
    return take_special (self, &placed, error);
  if (entry->type == OCI_ENTRY_SYMLINK && !check_link (self, &placed, error))
    return FALSE;
  if (entry->type == OCI_ENTRY_HARDLINK)
    {
      const char *link = strip_components (entry->target, spec->strip_components);
      target = oci_path_join (spec->prefix, link != NULL ? link : entry->target);
      placed.target = target;
    }
  if (self->modes == TERRANE_MODES_NORMALISE)
    terrane_modes_normalise (&placed);
  return terrane_ingest_add (self->ingest, &placed, read, data, error);
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
  TerraneSourceFilter filter = { .spec = spec, .modes = options->modes, .ingest = ingest };
  if (!terrane_source_type (spec->kind)->read (store, spec, &filter, error)
      || !terrane_ingest_finish (ingest, out_commit, out_tree, error))
    return FALSE;
  *out_report = filter.report;
  return TRUE;
}
