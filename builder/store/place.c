#include "builder/store/place.h"

#include "builder/store/store-private.h"

#include "oci/base/temp-file.h"

#include <errno.h>
#include <fcntl.h>
#include <fts.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#define MARKED_FILE "version"
#define MARK "user.terrane.place"

enum
{
  MAX_MARK = 512,
  MAX_DOCUMENT = 64 * 1024,
};

/* *@out_text: NULL if a part is missing. It has what stays the same as long as nothing is copied
 * over the store: the inodes of files that terrane creates once and never replaces, and the time of
 * the marked file. */
static gboolean
describe (TerraneStore *store, char **out_text, GError **error)
{
  *out_text = NULL;
  static const char *const parts[] = { MARKED_FILE, "repo",  "repo/objects",
                                       "images",    "cache", "downloads" };
  g_autoptr (GString) text = g_string_new ("1");
  for (size_t i = 0; i < G_N_ELEMENTS (parts); i++)
    {
      struct stat st;
      if (fstatat (terrane_store_dfd (store), parts[i], &st, AT_SYMLINK_NOFOLLOW) < 0)
        return errno == ENOENT || errno == EACCES
               || oci_throw_errno (error, "looking for %s", parts[i]);
      g_string_append_printf (text, " %ju", (uintmax_t) st.st_ino);
      if (i == 0)
        g_string_append_printf (text, " %jd.%09ld", (intmax_t) st.st_mtim.tv_sec,
                                st.st_mtim.tv_nsec);
    }
  *out_text = g_string_free (g_steal_pointer (&text), FALSE);
  return TRUE;
}

gboolean
terrane_place_is_known (TerraneStore *store, gboolean *out_known, GError **error)
{
  char found[MAX_MARK];
  g_autofree char *expected = NULL;
  *out_known = FALSE;
  g_auto (OciFd) fd = openat (terrane_store_dfd (store), MARKED_FILE,
                              O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
  if (fd < 0 && errno != ENOENT && errno != EACCES && errno != ELOOP)
    return oci_throw_errno (error, "opening " MARKED_FILE);
  if (fd < 0)
    return TRUE;
  if (!describe (store, &expected, error))
    return FALSE;
  ssize_t size = fgetxattr (fd, MARK, found, sizeof found);
  if (size < 0 && errno != ENODATA && errno != ERANGE && errno != ENOTSUP)
    return oci_throw_errno (error, "reading the mark of " MARKED_FILE);
  *out_known = size > 0 && expected != NULL && (size_t) size == strlen (expected)
               && memcmp (found, expected, (size_t) size) == 0;
  return TRUE;
}

/* Without the mark a store is verified once more: that is not a reason to fail if there is no room
 * for it, or if the file belongs to another user. */
static gboolean
can_do_without (int code)
{
  return code == ENOSPC || code == EDQUOT || code == EACCES || code == EPERM;
}

gboolean
terrane_place_mark (TerraneStore *store, GError **error)
{
  g_autofree char *text = NULL;
  if (!describe (store, &text, error) || text == NULL)
    return text == NULL;
  g_auto (OciFd) fd =
      openat (terrane_store_dfd (store), MARKED_FILE, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
  return (fd >= 0 && fsetxattr (fd, MARK, text, strlen (text), 0) == 0) || can_do_without (errno)
         || oci_throw_errno (error, "marking " MARKED_FILE);
}

static const char *const parts_with_content[] = { "repo", "images", "cache", "downloads" };

/* Returns the mode that gives @st's owner the missing permissions; 0 if none is missing, or the
 * file belongs to another user. */
static mode_t
mode_with_access (const struct stat *st)
{
  mode_t wanted = S_ISDIR (st->st_mode) ? S_IRWXU : S_ISREG (st->st_mode) ? S_IRUSR | S_IWUSR : 0;
  gboolean lacks = (st->st_mode & wanted) != wanted;
  return lacks && st->st_uid == geteuid () ? (st->st_mode & 07777) | wanted : 0;
}

static gboolean
restore_below (const char *part, FTS *walk, GError **error)
{
  /* A directory comes before it is read; errors are reported where the directory is needed. */
  for (FTSENT *entry = fts_read (walk); entry != NULL; entry = fts_read (walk))
    {
      gboolean counts = entry->fts_info == FTS_D || entry->fts_info == FTS_F;
      mode_t mode = counts ? mode_with_access (entry->fts_statp) : 0;
      if (mode != 0 && fchmodat (AT_FDCWD, entry->fts_accpath, mode, 0) < 0)
        return oci_throw_errno (error, "making what is in %s readable", part);
    }
  return TRUE;
}

static gboolean
restore_access (TerraneStore *store, GError **error)
{
  static const char *const alone[] = { MARKED_FILE, "roots" };
  int dfd = terrane_store_dfd (store);
  for (size_t i = 0; i < G_N_ELEMENTS (alone); i++)
    {
      struct stat st;
      if (fstatat (dfd, alone[i], &st, AT_SYMLINK_NOFOLLOW) == 0 && mode_with_access (&st) != 0
          && fchmodat (dfd, alone[i], mode_with_access (&st), 0) < 0)
        return oci_throw_errno (error, "making %s readable", alone[i]);
    }
  for (size_t i = 0; i < G_N_ELEMENTS (parts_with_content); i++)
    {
      const char *part = parts_with_content[i];
      g_autofree char *path = g_build_filename (terrane_store_path (store), part, NULL);
      char *const paths[] = { path, NULL };
      FTS *walk = fts_open (paths, FTS_PHYSICAL | FTS_NOCHDIR | FTS_XDEV, NULL);
      if (walk == NULL)
        return oci_throw_errno (error, "looking through %s", part);
      gboolean ok = restore_below (part, walk, error);
      fts_close (walk);
      if (!ok)
        return FALSE;
    }
  return TRUE;
}

static gboolean
is_repo_config (const char *text, size_t size)
{
  g_autoptr (GKeyFile) config = g_key_file_new ();
  if (!g_key_file_load_from_data (config, text, size, G_KEY_FILE_NONE, NULL))
    return FALSE;
  g_autofree char *mode = g_key_file_get_string (config, "core", "mode", NULL);
  g_autofree char *version = g_key_file_get_string (config, "core", "repo_version", NULL);
  return g_strcmp0 (mode, "bare-user") == 0 && g_strcmp0 (version, "1") == 0;
}

static gboolean
is_layout_version (const char *text, size_t size)
{
  g_autoptr (OciJsonValue) value = json_loadb (text, size, JSON_REJECT_DUPLICATES, NULL);
  return json_is_string (json_object_get (value, "imageLayoutVersion"));
}

/* Restores a text that every store has, if it differs; a missing one is created when the store is
 * opened, and one of another version is refused there. */
static gboolean
mend (TerraneStore *store, const char *part, const char *name, const char *text,
      gboolean (*is_sound) (const char *text, size_t size), GError **error)
{
  g_auto (OciFd) directory = -1;
  g_autoptr (GBytes) found = NULL;
  g_autoptr (GError) local = NULL;
  size_t size = 0;
  if (!oci_open_dir (terrane_store_dfd (store), part, &directory, NULL))
    return TRUE;
  if (!oci_read_file (directory, name, MAX_DOCUMENT, &found, &local)
      && (g_error_matches (local, OCI_ERROR, OCI_ERROR_NOT_FOUND)
          || g_error_matches (local, OCI_ERROR, OCI_ERROR_IO)))
    return TRUE;
  const char *bytes = found != NULL ? g_bytes_get_data (found, &size) : NULL;
  if (bytes != NULL && (size == 0 || is_sound (bytes, size)))
    return TRUE;
  return oci_replace_file_synced (directory, name, 0644, text, strlen (text), error);
}

gboolean
terrane_place_prepare (TerraneStore *store, GError **error)
{
  return restore_access (store, error)
         && mend (store, "repo", "config", TERRANE_STORE_CONFIG, is_repo_config, error)
         && mend (store, "images", "oci-layout", OCI_LAYOUT_VERSION, is_layout_version, error)
         && mend (store, "downloads", "oci-layout", OCI_LAYOUT_VERSION, is_layout_version, error);
}
