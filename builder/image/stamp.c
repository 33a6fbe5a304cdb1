#include "builder/image/stamp.h"

#include "builder/git.h"

#include "oci/base/number.h"
#include "oci/tar-writer.h"

void
terrane_stamp_clear (TerraneStamp *self)
{
  g_clear_pointer (&self->created, g_free);
  g_clear_pointer (&self->revision, g_free);
  g_clear_pointer (&self->source, g_free);
}

static char *
format_time (int64_t seconds)
{
  g_autoptr (GDateTime) time = g_date_time_new_from_unix_utc (seconds);
  return time != NULL ? g_date_time_format (time, "%Y-%m-%dT%H:%M:%SZ") : NULL;
}

gboolean
terrane_stamp_init (TerraneStamp *self, const TerraneProfile *profile, const TerraneBase *base,
                    const TerraneProgress *progress, GError **error)
{
  g_auto (TerraneGitState) git = { 0 };
  const char *epoch = g_getenv ("SOURCE_DATE_EPOCH");
  uint64_t seconds = OCI_TAR_MTIME;
  terrane_git_state (profile->directory, &git);
  if (git.problem != NULL)
    terrane_progress_warn (progress, "%s; the image names no revision", git.problem);
  self->revision = g_steal_pointer (&git.revision);
  self->source = g_steal_pointer (&git.source);
  if (epoch != NULL)
    {
      if (!oci_parse_u64 (epoch, G_GUINT64_CONSTANT (253402300799), &seconds, NULL))
        return oci_throw (error, OCI_ERROR_USAGE,
                          "SOURCE_DATE_EPOCH must be a number of seconds since 1970, got ‘%s’",
                          epoch);
    }
  else if (self->revision != NULL)
    seconds = (uint64_t) git.committed_at;
  else if (base->config != NULL && oci_image_config_created (base->config) != NULL)
    {
      self->created = g_strdup (oci_image_config_created (base->config));
      return TRUE;
    }
  self->created = format_time ((int64_t) seconds);
  return TRUE;
}
