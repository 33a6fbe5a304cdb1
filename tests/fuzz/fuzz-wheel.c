/* Untrusted wheels: an installed wheel has safe, distinct paths, and ends with RECORD. */
#include "fuzz.h"

#include "builder/python/wheel.h"

#include "oci/base/fd.h"
#include "oci/base/path.h"

#include <sys/mman.h>
#include <unistd.h>

enum
{
  MAX_CONTENT = 4 * 1024 * 1024, /* of all members: compressed input can be a bomb */
};

typedef struct
{
  size_t budget;
  GHashTable *paths;
  char *last;
} Taken;

static gboolean
take (gpointer data, const OciEntry *entry, TerraneWheelRead read, gpointer read_data,
      GError **error)
{
  static char buffer[64 * 1024];
  Taken *self = data;
  size_t got = 1;
  g_autofree char *normal = NULL;
  g_assert_true (oci_path_normalise (entry->path, &normal, NULL));
  g_assert_cmpstr (normal, ==, entry->path);
  g_assert_true (entry->mode == 0644 || entry->mode == 0755);
  g_assert_true (g_hash_table_add (self->paths, g_strdup (entry->path)));
  g_free (self->last);
  self->last = g_strdup (entry->path);
  while (got > 0)
    {
      if (!read (read_data, buffer, sizeof buffer, &got, error))
        return FALSE;
      g_assert_cmpuint (got, <=, sizeof buffer);
      if (got > self->budget)
        return oci_throw (error, OCI_ERROR_LIMIT, "over the budget");
      self->budget -= got;
    }
  return TRUE;
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  if (size > FUZZ_MAX_BYTES)
    return 0;
  g_auto (OciFd) fd = memfd_create ("fuzz", MFD_CLOEXEC);
  g_autoptr (GError) error = NULL;
  g_assert_true (fd >= 0 && oci_write_all (fd, data, size, &error));
  g_autoptr (TerraneWheel) wheel = terrane_wheel_open ("a-1-py3-none-any.whl", fd, &error);
  FUZZ_CHECK (wheel != NULL, error);
  if (wheel == NULL)
    return 0;
  const TerraneWheelLayout layout = { .interpreter = "/usr/bin/python3", .installer = "terrane" };
  Taken taken = { .budget = MAX_CONTENT,
                  .paths = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL) };
  gboolean ok = terrane_wheel_install (wheel, &layout, take, &taken, &error);
  FUZZ_CHECK (ok, error);
  if (ok)
    g_assert_true (g_str_has_suffix (taken.last, ".dist-info/RECORD"));
  g_hash_table_unref (taken.paths);
  g_free (taken.last);
  return 0;
}
