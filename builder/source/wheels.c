/* Source "wheels": the wheels that the lock names, installed by the wheel specification. */
#include "builder/python/record.h"
#include "builder/python/requirement-location.h"
#include "builder/python/tags.h"
#include "builder/python/wheel.h"
#include "builder/source/file-digest.h"
#include "builder/source/source.h"
#include "builder/store/downloads.h"

#include "oci/base/text-hash.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

/* Raised if the same wheel would be installed as other files. */
#define INSTALLER_VERSION "wheels 1"

static gboolean
identify (G_GNUC_UNUSED TerraneStore *store, const TerranePin *source, OciDigest *out_identity,
          G_GNUC_UNUSED GError **error)
{
  const TerraneWheelsPin *wheels = source->wheels;
  g_autoptr (OciDigester) digester = oci_digester_new ();
  oci_digester_update (digester, INSTALLER_VERSION, sizeof INSTALLER_VERSION);
  oci_digester_update (digester, wheels->interpreter, strlen (wheels->interpreter) + 1);
  for (guint i = 0; i < wheels->wheels->len; i++)
    {
      const TerraneWheelPin *pin = wheels->wheels->pdata[i];
      oci_digester_update (digester, pin->file_name, strlen (pin->file_name) + 1);
      oci_digester_update (digester, pin->sha256.bytes, sizeof pin->sha256.bytes);
    }
  *out_identity = oci_digester_finish (digester);
  return TRUE;
}

/* Downloads were verified when they arrived; a file of a wheelhouse may have changed since, or may
 * change while it is read twice, so it is copied. */
static gboolean
open_by_digest (TerraneStore *store, const TerraneWheelPin *pin, OciFd *out_fd, OciTempFile *copy,
                GError **error)
{
  if (pin->path == NULL)
    return terrane_downloads_open_blob (store, &pin->sha256, out_fd, error);
  return oci_open_file (AT_FDCWD, pin->path, TRUE, out_fd, NULL, error)
         && terrane_file_copy_verified (store, *out_fd, &pin->sha256, pin->path, "the lock", copy,
                                        error);
}

static gboolean
check_size (const TerraneWheelPin *pin, int fd, GError **error)
{
  struct stat st;
  if (fstat (fd, &st) != 0)
    return oci_throw_errno (error, "fstat");
  return (uint64_t) st.st_size == pin->size
         || oci_throw (error, OCI_ERROR_CORRUPT,
                       "it has %" G_GINT64_FORMAT " bytes, the pylock.toml says %" G_GUINT64_FORMAT,
                       (int64_t) st.st_size, pin->size);
}

/* An edited lock may name two files. @out_open: the file to read, owned by @fd or @copy */
static gboolean
open_file (TerraneStore *store, const TerraneWheelPin *pin, OciFd *fd, OciTempFile *copy,
           int *out_open, GError **error)
{
  gboolean matches = TRUE;
  if (!open_by_digest (store, pin, fd, copy, error))
    return FALSE;
  *out_open = copy->fd >= 0 ? copy->fd : *fd;
  if (pin->size > 0 && !check_size (pin, *out_open, error))
    return FALSE;
  if (pin->hash != NULL && !terrane_long_hash_matches (pin->hash, *out_open, &matches, error))
    return FALSE;
  if (!matches)
    return oci_throw (error, OCI_ERROR_CORRUPT, "it does not have the hash %s, which the lock says",
                      pin->hash);
  return lseek (*out_open, 0, SEEK_SET) == 0 || oci_throw_errno (error, "cannot seek");
}

typedef struct
{
  const char *wheel; /* file name */
  TerraneRecordAlgorithm algorithm;
  uint8_t digest[TERRANE_RECORD_DIGEST_MAX];
} Owner;

typedef struct
{
  TerraneSourceFilter *filter;
  GHashTable *owners; /* path -> Owner: the wheel that installed it */
} Installation;

static gboolean
take_file (gpointer data, const OciEntry *entry, TerraneWheelRead read, gpointer read_data,
           GError **error)
{
  Installation *self = data;
  return terrane_source_take (self->filter, entry, read, read_data, error);
}

/* As with pip the later wheel wins. This is seldom intended, and does not matter if both files are
 * equal: namespaces have one __init__.py in many wheels. */
static void
take_row (Installation *self, const TerraneRecordRow *row, const char *wheel)
{
  Owner *owner = g_hash_table_lookup (self->owners, row->path);
  gboolean equal = owner != NULL && row->algorithm != TERRANE_RECORD_NONE
                   && owner->algorithm == row->algorithm
                   && memcmp (owner->digest, row->digest, sizeof owner->digest) == 0;
  if (owner != NULL && !equal)
    terrane_source_note (self->filter, "%s of %s replaces that of %s", row->path, wheel,
                         owner->wheel);
  owner = g_new (Owner, 1);
  owner->wheel = wheel;
  owner->algorithm = row->algorithm;
  memcpy (owner->digest, row->digest, sizeof owner->digest);
  g_hash_table_insert (self->owners, g_strdup (row->path), owner);
}

static void
find_problems (Installation *self, const TerraneWheel *wheel, const TerranePythonTarget *target,
               const char *file_name)
{
  const GPtrArray *rows = terrane_wheel_installed (wheel);
  const TerraneRecordRow *record = rows->pdata[rows->len - 1];
  g_autofree char *directory = g_path_get_dirname (record->path);
  g_autofree char *problems = terrane_wheel_record_problems (wheel);
  g_autofree char *quoted = oci_quote (file_name);
  g_autofree char *message = g_strdup_printf ("RECORD of %s is not exact: %s", quoted, problems);
  g_autofree char *tags = terrane_wheel_explain_tags (wheel, target);
  if (problems != NULL)
    terrane_source_find (self->filter, "python.wheel-record", record->path,
                         "turn this off for the wheel when its digest is the right one", message);
  if (tags != NULL) /* the check of the image reports this in the same words, if the image has a
                       Python */
    terrane_source_find (self->filter, "python.wheel-tag", directory, TERRANE_WHEEL_TAG_FIX, tags);
}

static gboolean
install (TerraneStore *store, const TerraneWheelsPin *wheels, const TerraneWheelPin *pin,
         Installation *installation, GError **error)
{
  g_auto (OciTempFile) copy = OCI_TEMP_FILE_INIT;
  g_auto (OciFd) fd = -1;
  const TerraneWheelLayout layout = { .interpreter = wheels->interpreter,
                                      .installer = "terrane",
                                      .requested = TRUE };
  OCI_PREFIX (error, "%s", pin->file_name);
  int open_fd = -1;
  if (!open_file (store, pin, &fd, &copy, &open_fd, error))
    return FALSE;
  g_autoptr (TerraneWheel) wheel = terrane_wheel_open (pin->file_name, open_fd, error);
  if (wheel == NULL || !terrane_wheel_check_target (wheel, &wheels->target, error)
      || !terrane_wheel_install (wheel, &layout, take_file, installation, error))
    return FALSE;
  const GPtrArray *rows = terrane_wheel_installed (wheel);
  for (guint i = 0; i < rows->len; i++)
    take_row (installation, rows->pdata[i], pin->file_name);
  find_problems (installation, wheel, &wheels->target, pin->file_name);
  return TRUE;
}

static gboolean
read_all (TerraneStore *store, const TerranePin *source, TerraneSourceFilter *filter,
          GError **error)
{
  const TerraneWheelsPin *wheels = source->wheels;
  g_autoptr (GHashTable) owners =
      g_hash_table_new_full (oci_text_hash, g_str_equal, g_free, g_free);
  Installation installation = { .filter = filter, .owners = owners };
  OCI_PREFIX (error, "wheels");
  for (guint i = 0; i < wheels->wheels->len; i++)
    if (!install (store, wheels, wheels->wheels->pdata[i], &installation, error))
      return FALSE;
  return TRUE;
}

const TerraneSourceType terrane_source_wheels = {
  .name = "wheels",
  .identify = identify,
  .read = read_all,
};
