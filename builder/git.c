#include "builder/git.h"

#include "oci/base/error.h"
#include "oci/base/parallel.h"

#include <gio/gio.h>
#include <git2.h>
#include <string.h>
#include <sys/stat.h>

G_DEFINE_AUTOPTR_CLEANUP_FUNC (git_repository, git_repository_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (git_commit, git_commit_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (git_odb, git_odb_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (git_config, git_config_free)

/* libgit2 inflates a commit as a whole, and a few kilobytes can announce gigabytes. */
#define MAX_COMMIT_BYTES (UINT64_C (16) * 1024 * 1024)

enum
{
  MAX_SECONDS = 5,
};

void
terrane_git_state_clear (TerraneGitState *self)
{
  g_clear_pointer (&self->revision, g_free);
  g_clear_pointer (&self->source, g_free);
  g_clear_pointer (&self->problem, g_free);
}

/* libgit2 reads the formats of plain clones; it fetches nothing for a partial clone, and a
 * worktree's own configuration does not matter here. */
static void
begin_libgit2 (void)
{
  const char *extensions[] = { "partialclone", "worktreeconfig" };
  (void) git_libgit2_init ();
  (void) git_libgit2_opts (GIT_OPT_SET_EXTENSIONS, extensions, G_N_ELEMENTS (extensions));
}

static char *
describe_failure (int code)
{
  const git_error *failure = git_error_last ();
  g_autofree char *reason = oci_quote (failure != NULL ? failure->message : "unknown reason");
  /* If safe.directory is not set at all, libgit2 1.5 fails with the missing value instead. */
  if (code == GIT_EOWNER || strstr (reason, "safe.directory") != NULL)
    return g_strdup_printf (
        "the git repository belongs to another user and is not read (%s); allow "
        "it with 'git config --global --add safe.directory DIRECTORY'",
        reason);
  return g_strdup_printf ("the git repository cannot be read: %s", reason);
}

/* @out_large: set if the commit must not be read. Returns: as libgit2 */
static int
measure_commit (git_repository *repository, const git_oid *id, gboolean *out_large)
{
  g_autoptr (git_odb) objects = NULL;
  size_t size = 0;
  git_object_t type;
  int code = git_repository_odb (&objects, repository);
  if (code == 0)
    code = git_odb_read_header (&size, &type, objects, id);
  *out_large = code == 0 && size > MAX_COMMIT_BYTES;
  return code;
}

static void
read_head (git_repository *repository, TerraneGitState *out)
{
  git_oid id;
  g_autoptr (git_commit) commit = NULL;
  char text[GIT_OID_HEXSZ + 1];
  gboolean large = FALSE;
  int code = git_reference_name_to_id (&id, repository, "HEAD");
  if (code == 0)
    code = measure_commit (repository, &id, &large);
  if (large)
    {
      out->problem = g_strdup_printf (
          "the commit of the git repository's HEAD has over %" G_GUINT64_FORMAT " bytes",
          MAX_COMMIT_BYTES);
      return;
    }
  if (code == 0)
    code = git_commit_lookup (&commit, repository, &id);
  if (code != 0)
    {
      gboolean unborn = git_repository_head_unborn (repository) == 1;
      out->problem = unborn ? NULL : describe_failure (code);
      return;
    }
  out->revision = g_strdup (git_oid_tostr (text, sizeof text, &id));
  out->committed_at = git_commit_time (commit);
}

static void
read_source (git_repository *repository, TerraneGitState *out)
{
  g_autoptr (git_config) config = NULL;
  const char *url = NULL;
  if (git_repository_config_snapshot (&config, repository) == 0
      && git_config_get_string (&url, config, "remote.origin.url") == 0)
    out->source = terrane_git_source_url (url);
}

static char *
strip_suffixes (const char *path)
{
  g_autofree char *copy = g_strdup (path + strspn (path, "/"));
  size_t len = strlen (copy);
  while (len > 0 && copy[len - 1] == '/')
    copy[--len] = '\0';
  if (g_str_has_suffix (copy, ".git"))
    copy[len - 4] = '\0';
  return g_steal_pointer (&copy);
}

char *
terrane_git_source_url (const char *remote)
{
  const char *scheme_end = strstr (remote, "://");
  if (scheme_end == NULL)
    {
      /* [user@]host:path, the form of scp; a slash before the colon makes it a local path. */
      const char *colon = strchr (remote, ':'), *slash = strchr (remote, '/');
      if (colon == NULL || (slash != NULL && slash < colon) || colon == remote || colon[1] == ':')
        return NULL; /* "::" is a remote helper, gitremote-helpers(7) */
      const char *at = memchr (remote, '@', (size_t) (colon - remote));
      const char *host = at != NULL ? at + 1 : remote;
      g_autofree char *path = strip_suffixes (colon + 1);
      if (host == colon)
        return NULL;
      return g_strdup_printf ("https://%.*s/%s", (int) (colon - host), host, path);
    }
  if (!g_str_has_prefix (remote, "https://") && !g_str_has_prefix (remote, "http://")
      && !g_str_has_prefix (remote, "ssh://") && !g_str_has_prefix (remote, "git://"))
    return NULL;
  g_autoptr (GUri) uri = g_uri_parse (remote, G_URI_FLAGS_NONE, NULL);
  if (uri == NULL || g_uri_get_host (uri) == NULL || g_uri_get_host (uri)[0] == '\0')
    return NULL;
  g_autofree char *path = strip_suffixes (g_uri_get_path (uri));
  return g_strdup_printf ("https://%s/%s", g_uri_get_host (uri), path);
}

/* Finds the ".git" of the work tree that contains @directory. libgit2 also accepts directories that
 * look like a repository without a work tree: with the right to add files next to a profile, an
 * attacker could make one. As with git, the search ends at the boundary of a file system. Returns:
 * (transfer full) (nullable) */
static char *
find_dot_git (const char *directory)
{
  g_autofree char *place = g_canonicalize_filename (directory, NULL);
  struct stat start, st;
  if (lstat (place, &start) != 0)
    return NULL;
  for (;;)
    {
      g_autofree char *dot_git = g_build_filename (place, ".git", NULL);
      if (lstat (dot_git, &st) == 0)
        return g_steal_pointer (&dot_git);
      char *slash = strrchr (place, '/');
      if (slash == NULL || g_str_equal (place, "/"))
        return NULL;
      slash[slash == place ? 1 : 0] = '\0';
      if (lstat (place, &st) != 0 || st.st_dev != start.st_dev)
        return NULL;
    }
}

static void
read_repository (const char *dot_git, TerraneGitState *out)
{
  g_autoptr (git_repository) repository = NULL;
  int code = git_repository_open_ext (&repository, dot_git, GIT_REPOSITORY_OPEN_NO_SEARCH, NULL);
  if (code != 0)
    {
      out->problem = describe_failure (code);
      return;
    }
  read_head (repository, out);
  if (out->revision != NULL)
    read_source (repository, out);
}

/* Read by a separate thread: a FIFO in place of any file, which a configuration may include from
 * anywhere, would block libgit2 forever. */
typedef struct
{
  gint references;
  char *dot_git;
  GMutex mutex; /* guards the members below */
  GCond changed;
  gboolean done;
  TerraneGitState state;
} Reading;

static void
reading_unref (Reading *self)
{
  if (!g_atomic_int_dec_and_test (&self->references))
    return;
  terrane_git_state_clear (&self->state);
  g_mutex_clear (&self->mutex);
  g_cond_clear (&self->changed);
  g_free (self->dot_git);
  g_free (self);
}

static gpointer
read_in_thread (gpointer data)
{
  Reading *self = data;
  TerraneGitState state = { 0 };
  begin_libgit2 ();
  read_repository (self->dot_git, &state);
  (void) git_libgit2_shutdown (); /* frees data that it keeps for the thread */
  g_mutex_lock (&self->mutex);
  self->state = state;
  self->done = TRUE;
  g_cond_signal (&self->changed);
  g_mutex_unlock (&self->mutex);
  reading_unref (self);
  return NULL;
}

/* Returns: whether the thread has ended its reading */
static gboolean
wait_for_state (Reading *self, TerraneGitState *out_state)
{
  gint64 deadline = g_get_monotonic_time () + (gint64) MAX_SECONDS * G_USEC_PER_SEC;
  g_mutex_lock (&self->mutex);
  while (!self->done && g_cond_wait_until (&self->changed, &self->mutex, deadline))
    ;
  gboolean done = self->done;
  if (done)
    {
      *out_state = self->state;
      self->state = (TerraneGitState){ 0 };
    }
  else
    out_state->problem = g_strdup_printf ("the git repository cannot be read: that takes more than "
                                          "%d s; is one of its files a FIFO or on another machine?",
                                          MAX_SECONDS);
  g_mutex_unlock (&self->mutex);
  return done;
}

void
terrane_git_state (const char *directory, TerraneGitState *out_state)
{
  *out_state = (TerraneGitState){ 0 };
  char *dot_git = find_dot_git (directory);
  if (dot_git == NULL)
    return;
  Reading *self = g_new0 (Reading, 1);
  self->references = 2;
  self->dot_git = dot_git;
  g_mutex_init (&self->mutex);
  g_cond_init (&self->changed);
  GThread *thread = oci_thread_start ("git", read_in_thread, self, NULL);
  if (thread == NULL)
    (void) read_in_thread (self); /* without a deadline, since there is no other thread */
  gboolean done = wait_for_state (self, out_state);
  /* A thread that has ended its reading is waited for: OpenSSL, which libgit2 uses, frees what it
   * keeps for a thread when that ends, and not if the process ends first. */
  if (thread != NULL && done)
    (void) g_thread_join (thread);
  else if (thread != NULL)
    g_thread_unref (thread);
  reading_unref (self);
}
