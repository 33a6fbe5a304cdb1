#include "builder/cli/record-file.h"

#include "oci/base/fd.h"
#include "oci/base/temp-file.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

enum
{
  MAX_RECORD_BYTES = 64 * 1024 * 1024,
  RECORD_VERSION = 1,
};

gboolean
terrane_record_file_check (const char *path, GError **error)
{
  g_autofree char *directory = g_path_get_dirname (path);
  return access (directory, W_OK | X_OK) == 0 || oci_throw_errno (error, "%s", path);
}

gboolean
terrane_record_file_write (const char *path, const json_t *record, GError **error)
{
  g_auto (OciFd) directory = -1;
  g_autofree char *parent = g_path_get_dirname (path);
  g_autofree char *name = g_path_get_basename (path);
  g_autofree char *text = oci_json_dump_pretty (record);
  OCI_PREFIX (error, "the record %s", path);
  return oci_open_dir (AT_FDCWD, parent, &directory, error)
         && oci_check_replaceable (directory, name, error)
         && oci_replace_file_synced (directory, name, 0644, text, strlen (text), error);
}

gboolean
terrane_record_file_keep (const char *path, const json_t *record, gboolean ok,
                          const TerraneProgress *progress, GError **error)
{
  g_autoptr (GError) local = NULL;
  if (terrane_record_file_write (path, record, &local))
    return ok;
  if (ok)
    g_propagate_error (error, g_steal_pointer (&local));
  else
    terrane_progress_warn (progress, "%s", local->message);
  return FALSE;
}

json_t *
terrane_record_file_load (const char *path, const char *digest, GError **error)
{
  g_autoptr (GBytes) data = NULL;
  g_autoptr (GError) local = NULL;
  OCI_PREFIX (error, "the record %s", path);
  if (!oci_read_file (AT_FDCWD, path, MAX_RECORD_BYTES, &data, &local))
    {
      if (digest == NULL || !g_error_matches (local, OCI_ERROR, OCI_ERROR_NOT_FOUND))
        {
          g_propagate_error (error, g_steal_pointer (&local));
          return NULL;
        }
      json_t *fresh = json_object ();
      oci_json_set (fresh, "version", json_integer (RECORD_VERSION));
      oci_json_set (fresh, "digest", oci_json_text (digest));
      return fresh;
    }
  gsize size = 0;
  const char *bytes = g_bytes_get_data (data, &size);
  g_autoptr (OciJsonValue) record = size > 0 ? json_loadb (bytes, size, 0, NULL) : NULL;
  const char *of = json_string_value (json_object_get (record, "digest"));
  if (of == NULL)
    oci_throw (error, OCI_ERROR_USAGE,
               "it exists and is not the record of an image; name another file");
  else if (digest != NULL && strcmp (of, digest) != 0)
    oci_throw (error, OCI_ERROR_USAGE,
               "it is the record of another image than %s; build again, or name another file",
               digest);
  else
    return g_steal_pointer (&record);
  return NULL;
}
