#include "oci/registry/auth-store.h"

#include "oci/base/fd.h"
#include "oci/base/temp-file.h"
#include "oci/registry/auth-file.h"
#include "oci/registry/auth-key.h"
#include "oci/registry/credential-helper.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

enum
{
  MAX_LINKS = 8,
  LOCK_LOOK_USECS = 20 * 1000,
  LOCK_SECONDS = 10, /* the lock is held for one read and one write */
};

/* Returns: (transfer full) (nullable): path of the file itself, with links followed */
static char *
follow_links (const char *path, GError **error)
{
  g_autofree char *at = g_strdup (path);
  for (int i = 0; i < MAX_LINKS; i++)
    {
      g_autofree char *link = g_file_read_link (at, NULL);
      if (link == NULL)
        return g_steal_pointer (&at);
      g_autofree char *directory = g_path_get_dirname (at);
      g_free (at);
      at = g_path_is_absolute (link) ? g_strdup (link) : g_build_filename (directory, link, NULL);
    }
  oci_throw (error, OCI_ERROR_IO, "%s leads through more than %d symbolic links", path, MAX_LINKS);
  return NULL;
}

static gboolean
lock (int dfd, GCancellable *cancellable, GError **error)
{
  for (int waited = 0; flock (dfd, LOCK_EX | LOCK_NB) < 0; waited += LOCK_LOOK_USECS)
    {
      if (errno != EWOULDBLOCK && errno != EINTR)
        return oci_throw_errno (error, "locking the directory");
      if (g_cancellable_is_cancelled (cancellable))
        return oci_throw (error, OCI_ERROR_CANCELLED, "interrupted");
      if (waited >= LOCK_SECONDS * G_USEC_PER_SEC)
        return oci_throw (error, OCI_ERROR_IO,
                          "another process has kept the directory locked for %d s", LOCK_SECONDS);
      g_usleep (LOCK_LOOK_USECS);
    }
  return TRUE;
}

/* An auth file, locked against changes by other processes. */
typedef struct
{
  OciFd dfd;      /* locked */
  char *name;     /* in @dfd */
  GBytes *before; /* (nullable): the content, NULL if there is no file yet */
} Edit;

static void
edit_clear (Edit *self)
{
  oci_fd_close (self->dfd);
  g_free (self->name);
  g_clear_pointer (&self->before, g_bytes_unref);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Edit, edit_clear)

static gboolean
read_if_there (int dfd, const char *path, GBytes **out_data, GError **error)
{
  g_autoptr (GError) local = NULL;
  if (oci_read_file (dfd, path, OCI_AUTH_FILE_MAX_BYTES, out_data, &local)
      || g_error_matches (local, OCI_ERROR, OCI_ERROR_NOT_FOUND))
    return TRUE;
  g_propagate_error (error, g_steal_pointer (&local));
  return FALSE;
}

static gboolean
edit_begin (Edit *self, const char *path, GCancellable *cancellable, GError **error)
{
  OCI_PREFIX (error, "%s", path);
  g_autofree char *target = follow_links (path, error);
  g_autofree char *directory = target != NULL ? g_path_get_dirname (target) : NULL;
  if (directory == NULL || !oci_make_dirs (AT_FDCWD, directory, 0700, error)
      || !oci_open_dir (AT_FDCWD, directory, &self->dfd, error)
      || !lock (self->dfd, cancellable, error))
    return FALSE;
  self->name = g_path_get_basename (target);
  return read_if_there (self->dfd, self->name, &self->before, error);
}

/* @text is consumed; NULL means that an error was set. */
static gboolean
edit_finish (Edit *self, const char *path, char *text, GError **error)
{
  g_autoptr (OciSecret) content = text;
  OCI_PREFIX (error, "%s", path);
  return oci_replace_file_synced (self->dfd, self->name, 0600, content, strlen (content), error);
}

static gboolean
set_entry (const char *path, const char *key, const OciCredentials *credentials,
           GCancellable *cancellable, GError **error)
{
  g_auto (Edit) edit = { .dfd = -1 };
  if (!edit_begin (&edit, path, cancellable, error))
    return FALSE;
  char *text = oci_auth_file_set (path, edit.before, key, credentials, error);
  return text != NULL && edit_finish (&edit, path, text, error);
}

/* Without a file there is nothing to remove. */
static gboolean
remove_entries (const char *path, const char *key, GCancellable *cancellable, guint *out_removed,
                GError **error)
{
  g_auto (Edit) edit = { .dfd = -1 };
  *out_removed = 0;
  if (access (path, F_OK) < 0 && errno == ENOENT)
    return TRUE;
  if (!edit_begin (&edit, path, cancellable, error))
    return FALSE;
  if (edit.before == NULL)
    return TRUE;
  g_autoptr (OciSecret) text = oci_auth_file_remove (path, edit.before, key, out_removed, error);
  return text != NULL
         && (*out_removed == 0 || edit_finish (&edit, path, g_steal_pointer (&text), error));
}

/* The place where the credentials of a key are stored. */
typedef struct
{
  char *helper; /* (nullable): NULL for the file itself */
  char *server;
  gboolean listed;
} Keeper;

static void
keeper_clear (Keeper *self)
{
  g_free (self->helper);
  g_free (self->server);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Keeper, keeper_clear)

static gboolean
find_keeper (const char *path, const char *key, Keeper *out_keeper, GError **error)
{
  g_autoptr (GBytes) data = NULL;
  g_autofree char *host = oci_auth_key_parse (key, error);
  if (host == NULL || !read_if_there (AT_FDCWD, path, &data, error))
    return FALSE;
  return data == NULL
         || oci_auth_file_keeper (path, data, key, &out_keeper->helper, &out_keeper->server,
                                  &out_keeper->listed, error);
}

static OciCredentialHelper
helper_of (const Keeper *keeper, const char *path)
{
  return (OciCredentialHelper){ .name = keeper->helper, .server = keeper->server, .origin = path };
}

gboolean
oci_auth_file_store (const char *path, const char *key, const OciCredentials *credentials,
                     GCancellable *cancellable, char **out_helper, GError **error)
{
  g_auto (Keeper) keeper = { 0 };
  if (!find_keeper (path, key, &keeper, error))
    return FALSE;
  if (keeper.helper == NULL)
    {
      *out_helper = NULL;
      return set_entry (path, key, credentials, cancellable, error);
    }
  const OciCredentialHelper helper = helper_of (&keeper, path);
  if (!oci_credential_helper_store (&helper, credentials, cancellable, error))
    return FALSE;
  /* Like docker, marks credentials in the store with an empty entry, so that all can be erased;
   * this also replaces an outdated password in the file. */
  if (!keeper.listed && !set_entry (path, key, NULL, cancellable, error))
    return FALSE;
  *out_helper = g_steal_pointer (&keeper.helper);
  return TRUE;
}

gboolean
oci_auth_file_erase (const char *path, const char *key, GCancellable *cancellable,
                     char **out_helper, GError **error)
{
  g_auto (Keeper) keeper = { 0 };
  gboolean helped = FALSE;
  guint removed = 0;
  if (!find_keeper (path, key, &keeper, error))
    return FALSE;
  const OciCredentialHelper helper = helper_of (&keeper, path);
  if ((keeper.helper != NULL && !oci_credential_helper_erase (&helper, cancellable, &helped, error))
      || !remove_entries (path, key, cancellable, &removed, error))
    return FALSE;
  if (!helped && removed == 0)
    return oci_throw (error, OCI_ERROR_NOT_FOUND, "no credentials of %s in %s%s%s%s", key, path,
                      keeper.helper != NULL ? " (" OCI_CREDENTIAL_HELPER_PREFIX : "",
                      keeper.helper != NULL ? keeper.helper : "", keeper.helper != NULL ? ")" : "");
  *out_helper = helped ? g_steal_pointer (&keeper.helper) : NULL;
  return TRUE;
}

/* The first error of several is kept. */
static void
keep_first (GError **first, GError *error)
{
  if (*first == NULL)
    *first = error;
  else
    g_error_free (error);
}

static gboolean
erase_helped (const char *path, const char *key, GCancellable *cancellable, gboolean *out_found,
              GError **error)
{
  g_auto (Keeper) keeper = { 0 };
  g_autofree char *plain = oci_auth_key_plain (key);
  *out_found = FALSE;
  if (!find_keeper (path, plain, &keeper, NULL) || keeper.helper == NULL)
    return TRUE; /* login never makes such a key, so no helper has it */
  const OciCredentialHelper helper = helper_of (&keeper, path);
  return oci_credential_helper_erase (&helper, cancellable, out_found, error);
}

gboolean
oci_auth_file_erase_all (const char *path, GCancellable *cancellable, gboolean *out_any,
                         GError **error)
{
  g_autoptr (GBytes) data = NULL;
  g_autoptr (GError) first = NULL;
  gboolean any = FALSE;
  guint removed = 0;
  if (!read_if_there (AT_FDCWD, path, &data, error))
    return FALSE;
  if (data == NULL)
    {
      *out_any = FALSE;
      return TRUE;
    }
  g_auto (GStrv) keys = oci_auth_file_keys (path, data, error);
  if (keys == NULL)
    return FALSE;
  for (char **key = keys; *key != NULL; key++)
    {
      GError *local = NULL;
      gboolean found = FALSE;
      if (!erase_helped (path, *key, cancellable, &found, &local))
        keep_first (&first, local);
      any = any || found;
    }
  if (!remove_entries (path, NULL, cancellable, &removed, error))
    return FALSE;
  if (first != NULL)
    {
      g_propagate_error (error, g_steal_pointer (&first));
      return FALSE;
    }
  *out_any = any || removed > 0;
  return TRUE;
}
