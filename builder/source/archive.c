/* Source "archive": archives, local or downloaded, unpacked over each other in
 * order. */
#include "builder/source/file-digest.h"
#include "builder/source/source.h"
#include "builder/store/downloads.h"

#include "oci/archive-reader.h"

#include <fcntl.h>

static gboolean
check_sha256 (const TerraneArchiveFile *file, const OciDigest *actual, GError **error)
{
  OciDigestHex want, got;
  if (oci_digest_equal (&file->sha256, actual))
    return TRUE;
  return oci_throw (error, OCI_ERROR_CORRUPT,
                    "%s has the sha256 %s, but ‘sha256’ says %s: it is another file", file->path,
                    oci_digest_hex (actual, got), oci_digest_hex (&file->sha256, want));
}

/* Reading a large archive only to learn that it is unchanged would cost more than unpacking it. So
 * a file is digested only if the profile has its digest, or if more than unpacking depends on it:
 * recipes that are compiled in an archive are compiled once, wherever the archive was copied to. */
static gboolean
identify_file (TerraneStore *store, const TerraneArchiveFile *file, gboolean by_content,
               OciDigest *out_identity, GError **error)
{
  if (file->url != NULL)
    {
      *out_identity = file->sha256;
      return TRUE;
    }
  if (!file->has_sha256 && !by_content)
    return terrane_file_identity (file->path, out_identity, error);
  return terrane_file_digest (store, file->path, out_identity, error)
         && (!file->has_sha256 || check_sha256 (file, out_identity, error));
}

static gboolean
identify (TerraneStore *store, const TerranePin *pin, OciDigest *out_identity, GError **error)
{
  OCI_PREFIX (error, "%s%s", pin->spec->where, pin->spec->of_recipe ? "" : ".archive");
  g_autoptr (OciDigester) digester = oci_digester_new ();
  for (guint i = 0; i < pin->spec->archives->len; i++)
    {
      OciDigest digest;
      if (!identify_file (store, pin->spec->archives->pdata[i], pin->spec->by_content, &digest,
                          error))
        return FALSE;
      oci_digester_update (digester, digest.bytes, sizeof digest.bytes);
    }
  *out_identity = oci_digester_finish (digester);
  return TRUE;
}

static gboolean
read_member (gpointer data, void *buffer, size_t len, size_t *out_read, GError **error)
{
  return oci_archive_reader_read (data, buffer, len, out_read, error);
}

static gboolean
take_member (OciArchiveReader *reader, const OciEntry *entry, gpointer filter, GError **error)
{
  return terrane_source_take (filter, entry, read_member, reader, error);
}

static gboolean
unpack (const char *name, int fd, OciUnpackBudget *budget, OciDigester *digester,
        TerraneSourceFilter *filter, GError **error)
{
  g_autoptr (OciArchiveReader) reader = oci_archive_reader_new (name, fd, budget, digester, error);
  return reader != NULL && oci_archive_reader_foreach (reader, take_member, filter, error);
}

/* The bytes that are unpacked are those that are digested: a tar in the pass that unpacks it, with
 * a tree that is dropped if the digest is wrong; a zip file, which has its directory at its end,
 * from a copy. */
static gboolean
unpack_verified (TerraneStore *store, const TerraneArchiveFile *file, int fd,
                 OciUnpackBudget *budget, TerraneSourceFilter *filter, GError **error)
{
  if (oci_archive_reader_needs_seek (fd))
    {
      g_auto (OciTempFile) copy = OCI_TEMP_FILE_INIT;
      return terrane_file_copy_verified (store, fd, &file->sha256, file->path, "the profile", &copy,
                                         error)
             && unpack (file->path, copy.fd, budget, NULL, filter, error);
    }
  g_autoptr (OciDigester) digester = oci_digester_new ();
  if (!unpack (file->path, fd, budget, digester, filter, error))
    return FALSE;
  OciDigest actual = oci_digester_finish (digester);
  return check_sha256 (file, &actual, error);
}

/* Without a digest the identity is that of the file, which must be unchanged afterwards. The lock
 * needs its digest anyway, which is computed in the same pass unless it is known. */
static gboolean
unpack_watched (TerraneStore *store, const TerraneArchiveFile *file, int fd,
                OciUnpackBudget *budget, TerraneSourceFilter *filter, GError **error)
{
  struct stat before, after;
  if (fstat (fd, &before) != 0)
    return oci_throw_errno (error, "%s", file->path);
  g_autoptr (OciDigester) digester = NULL;
  if (!oci_archive_reader_needs_seek (fd) && !terrane_file_digest_is_known (store, &before))
    digester = oci_digester_new ();
  if (!unpack (file->path, fd, budget, digester, filter, error))
    return FALSE;
  if (fstat (fd, &after) != 0)
    return oci_throw_errno (error, "%s", file->path);
  OciDigest was = terrane_stat_identity (&before), is = terrane_stat_identity (&after);
  if (!oci_digest_equal (&was, &is))
    return oci_throw (error, OCI_ERROR_CORRUPT, "%s changed while it was read", file->path);
  if (digester == NULL)
    return TRUE;
  OciDigest digest = oci_digester_finish (digester);
  return terrane_file_digest_remember (store, file->path, &after, &digest, error);
}

static gboolean
read_file (TerraneStore *store, const TerraneArchiveFile *file, OciUnpackBudget *budget,
           TerraneSourceFilter *filter, GError **error)
{
  g_auto (OciFd) fd = -1;
  OciDigestHex hex;
  if (file->url != NULL)
    {
      g_autofree char *name =
          g_strdup_printf ("the download sha256:%.12s…", oci_digest_hex (&file->sha256, hex));
      return terrane_downloads_open_blob (store, &file->sha256, &fd, error)
             && unpack (name, fd, budget, NULL, filter, error);
    }
  if (!oci_open_file (AT_FDCWD, file->path, TRUE, &fd, NULL, error))
    return FALSE;
  return file->has_sha256 ? unpack_verified (store, file, fd, budget, filter, error)
                          : unpack_watched (store, file, fd, budget, filter, error);
}

static gboolean
read_all (TerraneStore *store, const TerranePin *pin, TerraneSourceFilter *filter, GError **error)
{
  OciUnpackBudget budget = oci_layout_unpack_budget (terrane_store_layout (store));
  for (guint i = 0; i < pin->spec->archives->len; i++)
    if (!read_file (store, pin->spec->archives->pdata[i], &budget, filter, error))
      return FALSE;
  return TRUE;
}

const TerraneSourceType terrane_source_archive = {
  .name = "archive",
  .identify = identify,
  .read = read_all,
};
