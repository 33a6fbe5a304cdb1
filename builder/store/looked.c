#include "builder/store/looked.h"

#include "builder/store/store-private.h"

#include "oci/base/error.h"
#include "oci/base/text-hash.h"

#include <sys/mman.h>
#include <unistd.h>

enum
{
  MAX_KEPT_BYTES = 64 * 1024 * 1024, /* of all files together */
};

static void
free_bytes (gpointer data)
{
  g_bytes_unref (data);
}

gboolean
terrane_looked_keep (TerraneStore *store, const OciDigest *digest, GBytes *content, GError **error)
{
  OciDigestHex hex;
  const uint64_t size = content != NULL ? g_bytes_get_size (content) : UINT64_MAX;
  g_mutex_lock (&store->looked_mutex);
  if (store->looked == NULL)
    store->looked = g_hash_table_new_full (oci_text_hash, g_str_equal, g_free, free_bytes);
  gboolean fits = size <= MAX_KEPT_BYTES - store->looked_bytes;
  if (fits
      && g_hash_table_insert (store->looked, g_strdup (oci_digest_hex (digest, hex)),
                              g_bytes_ref (content)))
    store->looked_bytes += size;
  g_mutex_unlock (&store->looked_mutex);
  return fits || oci_throw (error, OCI_ERROR_LIMIT, "there is too much to keep only to look at it");
}

static GBytes *
find (TerraneStore *store, const OciDigest *digest)
{
  OciDigestHex hex;
  GBytes *content = NULL;
  g_mutex_lock (&store->looked_mutex);
  if (store->looked != NULL)
    content = g_hash_table_lookup (store->looked, oci_digest_hex (digest, hex));
  if (content != NULL)
    g_bytes_ref (content);
  g_mutex_unlock (&store->looked_mutex);
  return content;
}

gboolean
terrane_looked_open (TerraneStore *store, const OciDigest *digest, OciFd *out_fd,
                     gboolean *out_found, GError **error)
{
  g_autoptr (GBytes) content = find (store, digest);
  *out_found = FALSE;
  if (content == NULL)
    return TRUE;
  g_auto (OciFd) fd = memfd_create ("looked", MFD_CLOEXEC);
  if (fd < 0)
    return oci_throw_errno (error, "keeping a file in memory");
  if (!oci_write_all (fd, g_bytes_get_data (content, NULL), g_bytes_get_size (content), error))
    return FALSE;
  if (lseek (fd, 0, SEEK_SET) < 0)
    return oci_throw_errno (error, "rewinding a file in memory");
  *out_fd = oci_fd_steal (&fd);
  *out_found = TRUE;
  return TRUE;
}
