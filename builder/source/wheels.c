/* Source "wheels": the wheels that the lock names, installed as the wheel specification says. */
#include "builder/python/requirement-location.h"
#include "builder/python/wheel.h"
#include "builder/source/file-digest.h"
#include "builder/source/source.h"
#include "builder/store/downloads.h"

#include <fcntl.h>
#include <string.h>

/* Raised when the same wheel would be installed as other files. */
#define INSTALLER_VERSION "wheels 1"

static gboolean
identify (G_GNUC_UNUSED TerraneStore *store, const TerraneSourceSpec *spec, OciDigest *out_identity,
          G_GNUC_UNUSED GError **error)
{
  g_autoptr (OciDigester) digester = oci_digester_new ();
  oci_digester_update (digester, INSTALLER_VERSION, sizeof INSTALLER_VERSION);
  oci_digester_update (digester, spec->interpreter, strlen (spec->interpreter) + 1);
  for (guint i = 0; i < spec->wheel_pins->len; i++)
    {
      const TerraneWheelPin *pin = spec->wheel_pins->pdata[i];
      oci_digester_update (digester, pin->file_name, strlen (pin->file_name) + 1);
      oci_digester_update (digester, pin->sha256.bytes, sizeof pin->sha256.bytes);
    }
  *out_identity = oci_digester_finish (digester);
  return TRUE;
}

/* What was downloaded was verified when it came; a file of a wheelhouse may be another by now, or
 * become another one while it is read twice, so it is copied. */
static gboolean
open_file (TerraneStore *store, const TerraneWheelPin *pin, OciFd *out_fd, OciTempFile *copy,
           GError **error)
{
  if (pin->path == NULL)
    return terrane_downloads_open_blob (store, &pin->sha256, out_fd, error);
  return oci_open_file (AT_FDCWD, pin->path, TRUE, out_fd, NULL, error)
         && terrane_file_copy_verified (store, *out_fd, &pin->sha256, pin->path, "the lock", copy,
                                        error);
}

typedef struct
{
  TerraneSourceFilter *filter;
  GHashTable *owners; /* path -> file name of the wheel that brought it */
  const char *wheel;
} Installation;

/* As with pip the later wheel wins, which is seldom meant. */
static gboolean
take_file (gpointer data, const OciEntry *entry, TerraneWheelRead read, gpointer read_data,
           GError **error)
{
  Installation *self = data;
  const char *owner = g_hash_table_lookup (self->owners, entry->path);
  if (owner != NULL)
    terrane_source_note (self->filter, "%s of %s replaces that of %s", entry->path, self->wheel,
                         owner);
  g_hash_table_insert (self->owners, g_strdup (entry->path), (gpointer) self->wheel);
  return terrane_source_take (self->filter, entry, read, read_data, error);
}

static TerranePythonTarget
python_target (const TerraneWheelsSpec *wheels)
{
  return (TerranePythonTarget){
    .python_major = wheels->python_major,
    .python_minor = wheels->python_minor,
    .libc = wheels->musl ? TERRANE_LIBC_MUSL : TERRANE_LIBC_GLIBC,
    .libc_major = wheels->libc_major,
    .libc_minor = wheels->libc_minor,
    .architecture = wheels->architecture,
  };
}

static gboolean
install (TerraneStore *store, const TerraneSourceSpec *spec, const TerraneWheelPin *pin,
         Installation *installation, GError **error)
{
  g_auto (OciTempFile) copy = OCI_TEMP_FILE_INIT;
  g_auto (OciFd) fd = -1;
  const TerraneWheelLayout layout = { .interpreter = spec->interpreter,
                                      .installer = "terrane",
                                      .requested = TRUE };
  OCI_PREFIX (error, "%s", pin->file_name);
  if (!open_file (store, pin, &fd, &copy, error))
    return FALSE;
  const TerranePythonTarget target = python_target (spec->wheels);
  g_autoptr (TerraneWheel) wheel =
      terrane_wheel_open (pin->file_name, copy.fd >= 0 ? copy.fd : fd, error);
  installation->wheel = pin->file_name;
  return wheel != NULL && terrane_wheel_check_target (wheel, &target, error)
         && terrane_wheel_install (wheel, &layout, take_file, installation, error);
}

static gboolean
read_all (TerraneStore *store, const TerraneSourceSpec *spec, TerraneSourceFilter *filter,
          GError **error)
{
  g_autoptr (GHashTable) owners = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  Installation installation = { .filter = filter, .owners = owners };
  OCI_PREFIX (error, "wheels");
  for (guint i = 0; i < spec->wheel_pins->len; i++)
    if (!install (store, spec, spec->wheel_pins->pdata[i], &installation, error))
      return FALSE;
  return TRUE;
}

const TerraneSourceType terrane_source_wheels = {
  .name = "wheels",
  .identify = identify,
  .read = read_all,
};
