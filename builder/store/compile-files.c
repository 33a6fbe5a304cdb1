#include "builder/store/compile-files.h"

#include "builder/store/cache.h"

#include "oci/base/temp-file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define LOGS "logs"
#define LOCKS "compiling"
#define FAILED "failed"
#define LOG ".log"
#define DOCUMENT "about.json"
#define BUILD "build"

enum
{
  MAX_DOCUMENT_BYTES = 16 * 1024 * 1024,
  MAX_TRIES = 100,
  SECONDS_PER_DAY = 24 * 60 * 60,
};

static char *
absolute (TerraneStore *store, const char *path)
{
  g_autofree char *there = g_build_filename (terrane_store_path (store), path, NULL);
  return g_canonicalize_filename (there, NULL);
}

char *
terrane_compile_log_path (TerraneStore *store, const char *place)
{
  g_autofree char *path = g_strconcat (LOGS "/", place, LOG, NULL);
  return absolute (store, path);
}

/* The process with the lock removes its file, so that a file may be locked that is already
 * removed. */
static gboolean
try_lock (int dfd, const char *name, OciFd *out_lock, gboolean *out_known, GError **error)
{
  struct stat st;
  g_auto (OciFd) fd = openat (dfd, name, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
  if (fd < 0)
    return oci_throw_errno (error, "creating it");
  gboolean locked = flock (fd, LOCK_EX | LOCK_NB) == 0;
  if (!locked && errno != EWOULDBLOCK)
    return oci_throw_errno (error, "locking it");
  if (fstat (fd, &st) < 0)
    return oci_throw_errno (error, "looking at it");
  *out_known = st.st_nlink > 0;
  if (locked && *out_known)
    *out_lock = oci_fd_steal (&fd);
  return TRUE;
}

gboolean
terrane_compile_lock_take (TerraneStore *store, const OciDigest *key, OciFd *out_lock,
                           GError **error)
{
  OciDigestHex hex;
  g_auto (OciFd) dfd = -1;
  gboolean known = FALSE;
  const char *name = oci_digest_hex (key, hex);
  OCI_PREFIX (error, "the lock " LOCKS "/%s of the store", name);
  *out_lock = -1;
  if (!oci_make_dirs (terrane_store_dfd (store), LOCKS, 0700, error)
      || !oci_open_dir (terrane_store_dfd (store), LOCKS, &dfd, error))
    return FALSE;
  for (int i = 0; i < MAX_TRIES && !known; i++)
    if (!try_lock (dfd, name, out_lock, &known, error))
      return FALSE;
  return TRUE;
}

void
terrane_compile_lock_release (TerraneStore *store, const OciDigest *key, OciFd *lock)
{
  OciDigestHex hex;
  g_autofree char *path = g_strconcat (LOCKS "/", oci_digest_hex (key, hex), NULL);
  if (*lock >= 0)
    (void) unlinkat (terrane_store_dfd (store), path, 0); /* gc removes the rest */
  oci_fd_close (oci_fd_steal (lock));
}

/* Whether the directory @name exists and is in use. */
static gboolean
is_used (int dfd, const char *name)
{
  g_auto (OciFd) fd = openat (dfd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  return fd >= 0 && flock (fd, LOCK_EX | LOCK_NB) < 0 && errno == EWOULDBLOCK;
}

static gboolean
open_failed (TerraneStore *store, OciFd *out_fd, GError **error)
{
  return oci_make_dirs (terrane_store_dfd (store), FAILED, 0700, error)
         && oci_open_dir (terrane_store_dfd (store), FAILED, out_fd, error);
}

static gboolean
write_document (int dfd, const char *directory, json_t *document, GError **error)
{
  g_auto (OciFd) fd = -1;
  g_autoptr (GBytes) bytes = oci_json_dump (document);
  gsize size = 0;
  const char *text = g_bytes_get_data (bytes, &size);
  return oci_open_dir (dfd, directory, &fd, error)
         && oci_replace_file (fd, DOCUMENT, 0600, text, size, error);
}

/* The shell of 'terrane run --failed' starts in this directory, whatever the steps did to it. It is
 * not followed if they have put a link in its place. */
static void
open_sources (int dfd, const char *build)
{
  g_auto (OciFd) fd = -1;
  g_autofree char *sources = g_build_filename (build, TERRANE_FAILED_SOURCES, NULL);
  struct stat st;
  (void) mkdirat (dfd, sources, S_IRWXU);
  fd = openat (dfd, sources, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  if (fd < 0 || fstat (fd, &st) < 0 || (st.st_mode & S_IRWXU) == S_IRWXU)
    return;
  g_autofree char *path = g_strdup_printf ("/proc/self/fd/%d", fd);
  (void) !chmod (path, (st.st_mode & ALLPERMS) | S_IRWXU);
}

static gboolean
replace (TerraneStore *store, int dfd, const char *place, const char *partial, const char *work,
         json_t *document, GError **error)
{
  g_autofree char *build = g_strconcat (partial, "/" BUILD, NULL);
  if (!oci_make_dirs (dfd, partial, 0700, error))
    return FALSE;
  /* The ".." of a directory that is not writable cannot be changed. */
  (void) !fchmodat (terrane_store_roots_dfd (store), work, S_IRWXU, 0);
  if (renameat (terrane_store_roots_dfd (store), work, dfd, build) < 0)
    return oci_throw_errno (error, "renaming");
  open_sources (dfd, build);
  if (!write_document (dfd, partial, document, error) || !oci_remove_tree (dfd, place, error))
    return FALSE;
  return renameat (dfd, partial, dfd, place) == 0 || oci_throw_errno (error, "renaming");
}

gboolean
terrane_failed_root_keep (TerraneStore *store, const char *place, const char *work,
                          json_t *document, GError **error)
{
  g_auto (OciFd) fd = -1;
  g_autofree char *partial = g_strdup_printf (".%s-%08x", place, g_random_int ());
  OCI_PREFIX (error, "keeping what the steps left");
  if (!open_failed (store, &fd, error))
    return FALSE;
  if (is_used (fd, place))
    return oci_throw (
        error, OCI_ERROR_IO,
        "a 'terrane run --failed %s' still uses the older one; end it and build again", place);
  if (replace (store, fd, place, partial, work, document, error))
    return TRUE;
  (void) oci_remove_tree (fd, partial, NULL); /* gc removes the rest */
  return FALSE;
}

void
terrane_failed_root_remove (TerraneStore *store, const char *place)
{
  g_auto (OciFd) fd = -1;
  if (oci_open_dir (terrane_store_dfd (store), FAILED, &fd, NULL) && !is_used (fd, place))
    (void) oci_remove_tree (fd, place, NULL); /* gc removes the rest */
}

/* Returns: (transfer full) (nullable) */
static json_t *
load (int dfd, const char *name)
{
  g_autoptr (GBytes) data = NULL;
  g_autofree char *file = g_build_filename (name, DOCUMENT, NULL);
  if (name[0] == '.' || !oci_read_file (dfd, file, MAX_DOCUMENT_BYTES, &data, NULL))
    return NULL;
  gsize size = 0;
  const char *text = g_bytes_get_data (data, &size);
  json_t *document = json_loadb (text, size, 0, NULL);
  OciDigest root;
  const char *hex = terrane_cache_text (document, "root");
  if (hex != NULL && oci_digest_parse_hex (hex, &root, NULL))
    return document;
  json_decref (document);
  return NULL;
}

/* "; there are: a, b" Returns: (transfer full) */
static char *
list_failed (int dfd)
{
  g_autoptr (GPtrArray) names = NULL;
  g_autoptr (GString) text = g_string_new (NULL);
  if (dfd < 0 || !oci_list_names (dfd, ".", FALSE, &names, NULL))
    return g_strdup ("");
  for (guint i = 0; i < names->len; i++)
    {
      g_autoptr (OciJsonValue) document = load (dfd, names->pdata[i]);
      if (document != NULL)
        g_string_append_printf (text, "%s%s", text->len == 0 ? "; there are: " : ", ",
                                (const char *) names->pdata[i]);
    }
  return g_string_free (g_steal_pointer (&text), FALSE);
}

static gboolean
is_newer (int dfd, const char *place, const char *than)
{
  struct stat a, b;
  g_autofree char *one = g_build_filename (place, DOCUMENT, NULL);
  g_autofree char *other = g_build_filename (than, DOCUMENT, NULL);
  if (fstatat (dfd, one, &a, AT_SYMLINK_NOFOLLOW) < 0
      || fstatat (dfd, other, &b, AT_SYMLINK_NOFOLLOW) < 0)
    return FALSE;
  return a.st_mtim.tv_sec > b.st_mtim.tv_sec
         || (a.st_mtim.tv_sec == b.st_mtim.tv_sec && a.st_mtim.tv_nsec > b.st_mtim.tv_nsec);
}

/* The place @name, or the newest one of the recipe @name.
 * @out_others: the number of other places of that recipe
 * Returns: (transfer full) (nullable): the place */
static char *
find_place (int dfd, const char *name, guint *out_others)
{
  g_autoptr (OciJsonValue) exact = load (dfd, name);
  g_autoptr (GPtrArray) names = NULL;
  g_autofree char *newest = NULL;
  *out_others = 0;
  if (exact != NULL)
    return g_strdup (name);
  if (!oci_list_names (dfd, ".", FALSE, &names, NULL))
    return NULL;
  for (guint i = 0; i < names->len; i++)
    {
      const char *place = names->pdata[i];
      if (!g_str_has_prefix (place, name))
        continue;
      g_autoptr (OciJsonValue) document = load (dfd, place);
      if (g_strcmp0 (terrane_cache_text (document, "recipe"), name) != 0)
        continue;
      *out_others += newest != NULL;
      if (newest != NULL && !is_newer (dfd, place, newest))
        continue;
      g_free (newest);
      newest = g_strdup (place);
    }
  return g_steal_pointer (&newest);
}

json_t *
terrane_failed_root_open (TerraneStore *store, const char *name, char **out_path, guint *out_others,
                          GError **error)
{
  g_auto (OciFd) fd = -1;
  g_auto (OciFd) directory = -1;
  g_autoptr (OciJsonValue) document = NULL;
  g_autofree char *place = NULL;
  const gboolean plain = name[0] != '\0' && strchr (name, '/') == NULL;
  if (plain && oci_open_dir (terrane_store_dfd (store), FAILED, &fd, NULL))
    place = find_place (fd, name, out_others);
  if (place != NULL)
    document = load (fd, place);
  if (document != NULL)
    directory = openat (fd, place, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  if (directory < 0 || flock (directory, LOCK_SH | LOCK_NB) < 0)
    {
      g_autofree char *quoted = oci_quote (name);
      g_autofree char *others = list_failed (fd);
      (void) oci_throw (error, OCI_ERROR_NOT_FOUND,
                        "nothing is kept of a failed recipe %s%s; 'terrane build --keep-failed' "
                        "keeps what the steps of one that fails leave",
                        quoted, others);
      return NULL;
    }
  terrane_store_keep_fd (store, oci_fd_steal (&directory));
  g_autofree char *path = g_build_filename (FAILED, place, BUILD, NULL);
  *out_path = absolute (store, path);
  return g_steal_pointer (&document);
}

static gboolean
is_older (int dfd, const char *name, int days)
{
  struct stat st;
  return fstatat (dfd, name, &st, AT_SYMLINK_NOFOLLOW) == 0
         && st.st_mtim.tv_sec + (time_t) days * SECONDS_PER_DAY < time (NULL);
}

static gboolean
sweep_failed (int dfd, TerraneFailedRootFunc keep, gpointer data, guint *out_removed,
              GError **error)
{
  g_autoptr (GPtrArray) names = NULL;
  if (!oci_list_names (dfd, ".", FALSE, &names, error))
    return FALSE;
  for (guint i = 0; i < names->len; i++)
    {
      OciDigest root;
      const char *name = names->pdata[i];
      g_autofree char *file = g_build_filename (name, DOCUMENT, NULL);
      g_autoptr (OciJsonValue) document = load (dfd, name);
      if (document != NULL && !is_used (dfd, name)
          && is_older (dfd, file, TERRANE_FAILED_KEEP_DAYS))
        json_decref (g_steal_pointer (&document));
      if (document != NULL)
        {
          (void) oci_digest_parse_hex (terrane_cache_text (document, "root"), &root, NULL);
          keep (&root, data);
          continue;
        }
      if (!oci_remove_tree (dfd, name, error))
        return FALSE;
      (*out_removed)++;
    }
  return TRUE;
}

static gboolean
sweep_logs (int dfd, GError **error)
{
  g_autoptr (GPtrArray) names = NULL;
  if (!oci_list_names (dfd, ".", FALSE, &names, error))
    return FALSE;
  for (guint i = 0; i < names->len; i++)
    {
      const char *name = names->pdata[i];
      if ((name[0] == '.' || is_older (dfd, name, TERRANE_LOGS_KEEP_DAYS))
          && unlinkat (dfd, name, 0) < 0 && errno != ENOENT)
        return oci_throw_errno (error, "removing %s", name);
    }
  return TRUE;
}

gboolean
terrane_compile_files_sweep (TerraneStore *store, TerraneFailedRootFunc keep, gpointer data,
                             guint *out_removed, GError **error)
{
  g_auto (OciFd) failed = -1;
  g_auto (OciFd) logs = -1;
  OCI_PREFIX (error, "what compiling left");
  if (!oci_remove_tree (terrane_store_dfd (store), LOCKS, error))
    return FALSE;
  failed = openat (terrane_store_dfd (store), FAILED, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  logs = openat (terrane_store_dfd (store), LOGS, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  return (failed < 0 || sweep_failed (failed, keep, data, out_removed, error))
         && (logs < 0 || sweep_logs (logs, error));
}
