#include "builder/store/open.h"

#include "builder/store/fsck.h"
#include "builder/store/names.h"
#include "builder/store/ownership.h"
#include "builder/store/place.h"
#include "builder/store/store-private.h"

#include "oci/base/temp-file.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

#define STORE_VERSION "1\n"

enum
{
  SETTLED_SECONDS = 120, /* the kernel writes dirty pages after 30 s */
  SILENT_TRIES = 20,
  TRY_MICROSECONDS = 50 * 1000,
  INDEX_MICROSECONDS = 300 * 1000,
};

char *
terrane_store_default_path (const char *option)
{
  if (option != NULL)
    return g_strdup (option);
  const char *environment = g_getenv ("TERRANE_STORE");
  if (environment != NULL && environment[0] != '\0')
    return g_strdup (environment);
  return g_build_filename (g_get_user_data_dir (), "terrane", NULL);
}

/* Prints a notice if it has to wait for longer than a moment. */
static gboolean
take_lock (TerraneStore *self, int operation, GError **error)
{
  for (int i = 0; i < SILENT_TRIES; i++)
    {
      if (flock (self->lock, operation | LOCK_NB) == 0)
        return TRUE;
      if (errno != EINTR && errno != EWOULDBLOCK)
        return oci_throw_errno (error, "locking");
      g_usleep (TRY_MICROSECONDS);
    }
  g_message ("%s: waiting until no other terrane uses the store%s", self->path,
             operation == LOCK_EX ? "" : " alone (gc, or a store that is being made)");
  while (flock (self->lock, operation) < 0)
    if (errno != EINTR)
      return oci_throw_errno (error, "locking");
  return TRUE;
}

static gboolean
check_version (TerraneStore *self, GError **error)
{
  g_autoptr (GBytes) version = NULL;
  g_autoptr (GError) local = NULL;
  if (!oci_read_file (self->dfd, "version", 64, &version, &local)
      && !g_error_matches (local, OCI_ERROR, OCI_ERROR_NOT_FOUND))
    {
      g_propagate_error (error, g_steal_pointer (&local));
      return FALSE;
    }
  gsize size = 0;
  const char *text = version != NULL ? g_bytes_get_data (version, &size) : NULL;
  if (size == 0) /* a new store, or the remains after a loss of power */
    return oci_replace_file_synced (self->dfd, "version", 0644, STORE_VERSION,
                                    strlen (STORE_VERSION), error);
  if (size <= strlen (STORE_VERSION) && memcmp (text, STORE_VERSION, size) == 0)
    return TRUE;
  g_autofree char *got = g_strndup (text, size);
  g_autofree char *quoted = oci_quote (g_strstrip (got));
  return oci_throw (error, OCI_ERROR_UNSUPPORTED,
                    "has the format %s, this build knows 1; use the terrane that made it, or "
                    "another --store",
                    quoted);
}

#define REPO_CONFIG "repo/config"

/* libostree does not sync the file that makes a directory a repository, and a loss of power leaves
 * it empty. *@out_fresh: it is to be created */
static gboolean
find_repo (TerraneStore *self, gboolean *out_fresh, GError **error)
{
  struct stat st = { 0 };
  gboolean there = FALSE;
  *out_fresh = FALSE;
  if (fstatat (self->dfd, REPO_CONFIG, &st, AT_SYMLINK_NOFOLLOW) < 0 && errno == EACCES)
    return TRUE; /* a copy may have lost permissions; opening it gives the error */
  if (!terrane_store_find_part (self, REPO_CONFIG, &st, &there, error))
    return FALSE;
  *out_fresh = !there || (S_ISREG (st.st_mode) && st.st_size == 0);
  return TRUE;
}

static gboolean
sync_repo (TerraneStore *self, GError **error)
{
  g_auto (OciFd) config = openat (self->dfd, REPO_CONFIG, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
  g_auto (OciFd) repo = -1;
  if (config < 0 || fsync (config) < 0)
    return oci_throw_errno (error, "syncing " REPO_CONFIG);
  return oci_open_dir (self->dfd, "repo", &repo, error) && oci_sync_dir (repo, error)
         && oci_sync_dir (self->dfd, error);
}

/* libostree creates the configuration first; for it, a directory with objects is a repository. */
static gboolean
restore_config (TerraneStore *self, GError **error)
{
  static const char config[] = TERRANE_STORE_CONFIG;
  struct stat st;
  gboolean there = FALSE;
  g_auto (OciFd) repo = -1;
  if (!terrane_store_find_part (self, "repo/objects", &st, &there, error))
    return FALSE;
  if (there)
    return oci_open_dir (self->dfd, "repo", &repo, error)
           && oci_replace_file_synced (repo, "config", 0644, config, strlen (config), error);
  return unlinkat (self->dfd, REPO_CONFIG, 0) == 0 || errno == ENOENT
         || oci_throw_errno (error, "removing the empty " REPO_CONFIG);
}

/* Called with the exclusive lock if it is to be created. */
static gboolean
open_repo (TerraneStore *self, GError **error)
{
  gboolean fresh = FALSE;
  if (!find_repo (self, &fresh, error))
    return FALSE;
  if (fresh && !restore_config (self, error))
    return FALSE;
  if (!fresh && terrane_store_repo_is_usual (self))
    return TRUE; /* opened when it is needed */
  return terrane_store_open_repo (self, error) && (!fresh || sync_repo (self, error));
}

/* A process that can open the lock can hold it, so other users lose their permissions. */
static gboolean
close_lock (TerraneStore *self, GError **error)
{
  struct stat st;
  if (fstat (self->lock, &st) < 0)
    return oci_throw_errno (error, "reading the attributes of its lock");
  if (st.st_uid != geteuid () || (st.st_mode & (S_IRWXG | S_IRWXO)) == 0)
    return TRUE;
  return fchmod (self->lock, S_IRUSR | S_IWUSR) == 0
         || oci_throw_errno (error, "taking the permissions of others from its lock");
}

#define INDEX "images/index.json"

/* A new layout gets its index before oci-layout, so a layout without an index lost it, or a repair
 * was killed: an empty file is damaged, and repaired, while a new index would mean that there are
 * no images. */
static gboolean
note_lost_index (TerraneStore *self, GError **error)
{
  struct stat st;
  gboolean layout = FALSE, index = FALSE;
  if (!terrane_store_find_part (self, "images/oci-layout", &st, &layout, error)
      || !terrane_store_find_part (self, INDEX, &st, &index, error))
    return FALSE;
  if (!layout || index)
    return TRUE;
  g_auto (OciFd) fd = openat (self->dfd, INDEX, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
  return fd >= 0 || errno == EEXIST || oci_throw_errno (error, "creating " INDEX);
}

static gboolean
open_parts (TerraneStore *self, GError **error)
{
  if (!check_version (self, error) || !terrane_ownership_close (self->dfd, error)
      || !close_lock (self, error) || !oci_open_dir (self->dfd, "roots", &self->roots, error)
      || !note_lost_index (self, error))
    return FALSE;
  self->layout = oci_layout_open (self->dfd, "images", TRUE, error);
  if (self->layout == NULL)
    return FALSE;
  oci_layout_set_label (self->layout, "the store");
  self->downloads = oci_layout_open (self->dfd, "downloads", TRUE, error);
  if (self->downloads == NULL)
    return FALSE;
  return open_repo (self, error);
}

static void
report_lost (gpointer data, const char *problem)
{
  g_message ("%s: lost in a crash of the machine: %s", (const char *) data, problem);
}

/* Handles the mark of an earlier process, if there is one. Called with the exclusive lock. */
static gboolean
settle_writes (TerraneStore *self, gboolean same_boot, GError **error)
{
  guint problems = 0, unread = 0;
  if (!same_boot && !terrane_fsck (self, TRUE, report_lost, self->path, &problems, &unread, error))
    return FALSE;
  if (unread > 0) /* the mark stays: the objects that it covers are not verified */
    return TRUE;
  if (syncfs (self->dfd) < 0)
    return oci_throw_errno (error, "syncing");
  return oci_remove_tree (self->dfd, TERRANE_STORE_UNSYNCED, error);
}

static gboolean
check_mark (TerraneStore *self, gboolean exclusive, GError **error)
{
  struct stat st;
  gboolean there = FALSE;
  g_autoptr (GBytes) mark = NULL;
  g_autoptr (GError) local = NULL;
  g_autofree char *boot = NULL;
  if (!terrane_store_find_part (self, TERRANE_STORE_UNSYNCED, &st, &there, error))
    return FALSE;
  if (!there)
    return TRUE;
  if (!oci_read_file (self->dfd, TERRANE_STORE_UNSYNCED, 64, &mark, &local))
    {
      if (g_error_matches (local, OCI_ERROR, OCI_ERROR_NOT_FOUND))
        return TRUE; /* another process has just settled it */
      if (g_error_matches (local, OCI_ERROR, OCI_ERROR_IO))
        {
          g_propagate_error (error, g_steal_pointer (&local));
          return FALSE;
        }
      mark = g_bytes_new (NULL, 0); /* damaged: from an unknown boot */
    }
  if (!terrane_store_read_boot_id (&boot, error))
    return FALSE;
  gsize size = 0;
  const char *text = g_bytes_get_data (mark, &size);
  gboolean same_boot = size > 0 && size == strlen (boot) && memcmp (text, boot, size) == 0;
  if (same_boot && time (NULL) - st.st_mtime < SETTLED_SECONDS)
    return TRUE;
  /* No process may write at the same time. A store in use is settled later, unless it may be
   * broken: flock(2) has released the shared lock by then. */
  if (!exclusive && same_boot && flock (self->lock, LOCK_EX | LOCK_NB) < 0)
    return take_lock (self, LOCK_SH, error);
  if (!exclusive && !same_boot && !take_lock (self, LOCK_EX, error))
    return FALSE;
  return settle_writes (self, same_boot, error) && (exclusive || take_lock (self, LOCK_SH, error));
}

static void
count_lost (gpointer data, G_GNUC_UNUSED const char *problem)
{
  ++*(guint *) data;
}

/* Called with the exclusive lock, for a store that was copied here, or that terrane has not marked
 * yet. */
static gboolean
settle_copy (TerraneStore *self, GError **error)
{
  guint lost = 0, problems = 0, unread = 0;
  if (!terrane_fsck (self, TRUE, count_lost, &lost, &problems, &unread, error))
    return FALSE;
  if (problems > 0)
    g_message ("%s: is a copy that is not whole: %u of its objects, images and downloads lack "
               "content or the extended attributes that tar, cp and caches of CI leave out; what "
               "is needed of them is made again (see terrane cache export)",
               self->path, problems - unread);
  if (unread > 0) /* not marked: unreadable objects are not verified */
    return TRUE;
  if (syncfs (self->dfd) < 0)
    return oci_throw_errno (error, "syncing");
  /* Objects that were written during another boot are now verified, too. */
  return oci_remove_tree (self->dfd, TERRANE_STORE_UNSYNCED, error)
         && terrane_place_mark (self, error);
}

/* Takes the exclusive lock, unless another process records the store's place in the meantime. */
static gboolean
lock_unknown (TerraneStore *self, gboolean *out_known, GError **error)
{
  for (unsigned i = 0; flock (self->lock, LOCK_EX | LOCK_NB) < 0; i++)
    {
      if (errno != EINTR && errno != EWOULDBLOCK)
        return oci_throw_errno (error, "locking");
      if (i == SILENT_TRIES)
        g_message ("%s: waiting until no other terrane uses the store, which is a copy and has to "
                   "be verified",
                   self->path);
      g_usleep (TRY_MICROSECONDS);
      if (!terrane_place_is_known (self, out_known, error))
        return FALSE;
      if (*out_known)
        return TRUE;
    }
  return terrane_place_is_known (self, out_known, error);
}

/* A copy may lack anything. It is verified once as a whole. *@alone: no other process has a lock */
static gboolean
find_place (TerraneStore *self, gboolean *alone, gboolean *out_known, GError **error)
{
  if (!terrane_place_is_known (self, out_known, error))
    return FALSE;
  if (*out_known)
    return TRUE;
  if (!*alone && !lock_unknown (self, out_known, error))
    return FALSE;
  if (*out_known && !*alone) /* it took a while, and the lock may be gone */
    return take_lock (self, LOCK_SH, error);
  *alone = TRUE;
  return terrane_place_prepare (self, error);
}

/* Whether the store has any part. In a new one there is nothing to verify, or to sync besides what
 * its creation syncs, so that pending writes of other programs cause no wait. */
static gboolean
find_any_part (TerraneStore *self, gboolean *out_any, GError **error)
{
  static const char *const parts[] = { "version",   "repo",  "images", "cache",
                                       "downloads", "roots", "logs",   TERRANE_STORE_UNSYNCED };
  struct stat st;
  *out_any = FALSE;
  for (gsize i = 0; i < G_N_ELEMENTS (parts) && !*out_any; i++)
    if (!terrane_store_find_part (self, parts[i], &st, out_any, error))
      return FALSE;
  return TRUE;
}

static gboolean
settle_place (TerraneStore *self, gboolean is_copy, GError **error)
{
  return is_copy ? settle_copy (self, error) : terrane_place_mark (self, error);
}

static void
report_names (gpointer data, const char *problem)
{
  g_message ("%s: %s", (const char *) data, problem);
}

/* A damaged index only loses information that exists elsewhere. Other programs may be writing it:
 * skopeo does so in place. */
static gboolean
check_index (TerraneStore *self, gboolean exclusive, GError **error)
{
  guint problems = 0;
  for (int i = 0; i < 2; i++)
    {
      g_autoptr (GError) local = NULL;
      g_autoptr (OciIndex) index = oci_layout_read_index (self->layout, &local);
      if (index != NULL)
        return TRUE;
      if (!oci_layout_index_is_damaged (local))
        {
          g_propagate_error (error, g_steal_pointer (&local));
          return FALSE;
        }
      g_usleep (INDEX_MICROSECONDS);
    }
  return (exclusive || take_lock (self, LOCK_EX, error))
         && terrane_names_repair (self, report_names, self->path, &problems, error)
         && (exclusive || take_lock (self, LOCK_SH, error));
}

/* Creation is not atomic, so one process alone completes a store without its repository; others
 * wait only until the repository exists. *@out_alone: no other process has a lock */
static gboolean
take_first_lock (TerraneStore *self, gboolean exclusive, gboolean *out_alone, GError **error)
{
  gboolean fresh = TRUE;
  while (!exclusive)
    {
      if (!find_repo (self, &fresh, error))
        return FALSE;
      if (!fresh || flock (self->lock, LOCK_EX | LOCK_NB) == 0)
        break;
      if (errno != EINTR && errno != EWOULDBLOCK)
        return oci_throw_errno (error, "locking");
      g_usleep (TRY_MICROSECONDS);
    }
  *out_alone = fresh || exclusive;
  return (fresh && !exclusive) || take_lock (self, exclusive ? LOCK_EX : LOCK_SH, error);
}

TerraneStore *
terrane_store_open (const char *path, TerraneStoreAccess access, GError **error)
{
  OCI_PREFIX (error, "the store %s", path);
  g_autoptr (TerraneStore) self = g_new0 (TerraneStore, 1);
  g_mutex_init (&self->elsewhere_mutex);
  g_mutex_init (&self->looked_mutex);
  g_mutex_init (&self->mutex);
  self->path = g_strdup (path);
  self->dfd = self->lock = self->roots = -1;
  if (!oci_make_dirs (AT_FDCWD, path, 0700, error)
      || !oci_open_dir (AT_FDCWD, path, &self->dfd, error)
      || !terrane_ownership_check (self->dfd, error))
    return NULL;
  self->lock = openat (self->dfd, "lock", O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (self->lock < 0)
    {
      oci_throw_errno (error, "opening its lock");
      return NULL;
    }
  gboolean exclusive = access == TERRANE_STORE_EXCLUSIVE;
  gboolean alone = FALSE, known = FALSE, any = FALSE;
  if (!take_first_lock (self, exclusive, &alone, error) || !find_any_part (self, &any, error)
      || !find_place (self, &alone, &known, error) || !open_parts (self, error)
      || (!known && !settle_place (self, any, error))
      || (alone && !exclusive && !take_lock (self, LOCK_SH, error))
      || !check_index (self, exclusive, error) || !check_mark (self, exclusive, error))
    return NULL;
  return g_steal_pointer (&self);
}

gboolean
terrane_store_heal (TerraneStore *self, gboolean *out_healed, GError **error)
{
  guint lost = 0, problems = 0, unread = 0;
  gboolean ok = TRUE;
  *out_healed = FALSE;
  /* Repairing also removes all checkouts, so it is first checked whether there is anything to
   * repair. */
  if (flock (self->lock, LOCK_EX | LOCK_NB) == 0)
    ok = terrane_fsck (self, FALSE, count_lost, &lost, &problems, &unread, error)
         && (problems == unread
             || terrane_fsck (self, TRUE, count_lost, &lost, &problems, &unread, error));
  *out_healed = ok && problems > unread;
  return take_lock (self, LOCK_SH, ok ? error : NULL) && ok; /* flock(2) may have released it */
}
