#include "builder/git.h"

#include "oci/base/number.h"

#include <gio/gio.h>
#include <string.h>

void
terrane_git_state_clear (TerraneGitState *self)
{
  g_clear_pointer (&self->revision, g_free);
  g_clear_pointer (&self->source, g_free);
}

/* Returns: (transfer full) (nullable): what git printed on stdout, or NULL when it failed */
static char *
run_git (const char *directory, const char *const *arguments, const char *input)
{
  static const char *const inherited[] = { "GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE",
                                           "GIT_OBJECT_DIRECTORY", NULL };
  /* safe.directory: a checkout of another user is fine to read, since nothing in it is executed. */
  g_autoptr (GPtrArray) argv = g_ptr_array_new ();
  const char *const start[] = { "git", "-c", "safe.directory=*", "-C", directory, NULL };
  for (const char *const *word = start; *word != NULL; word++)
    g_ptr_array_add (argv, (char *) *word);
  for (; *arguments != NULL; arguments++)
    g_ptr_array_add (argv, (char *) *arguments);
  g_ptr_array_add (argv, NULL);

  g_autoptr (GSubprocessLauncher) launcher =
      g_subprocess_launcher_new (G_SUBPROCESS_FLAGS_STDIN_PIPE | G_SUBPROCESS_FLAGS_STDOUT_PIPE
                                 | G_SUBPROCESS_FLAGS_STDERR_SILENCE);
  for (const char *const *name = inherited; *name != NULL; name++)
    g_subprocess_launcher_unsetenv (launcher, *name);
  g_autoptr (GSubprocess) process =
      g_subprocess_launcher_spawnv (launcher, (const char *const *) argv->pdata, NULL);
  char *output = NULL;
  if (process == NULL || !g_subprocess_communicate_utf8 (process, input, NULL, &output, NULL, NULL))
    return NULL;
  if (g_subprocess_get_successful (process))
    return output;
  g_free (output);
  return NULL;
}

/* "ID commit SIZE\n", then the commit object with a line "committer NAME <MAIL> SECONDS ZONE". */
static void
parse_commit (const char *text, TerraneGitState *out)
{
  const char *space = strstr (text, " commit ");
  const char *committer = strstr (text, "\ncommitter ");
  const char *line_end = committer != NULL ? strchr (committer + 1, '\n') : NULL;
  if (space == NULL || line_end == NULL)
    return;
  g_autofree char *line = g_strndup (committer, (gsize) (line_end - committer));
  const char *mail_end = strrchr (line, '>');
  uint64_t seconds = 0;
  if (mail_end == NULL)
    return;
  g_auto (GStrv) words = g_strsplit (g_strstrip (line + (mail_end + 1 - line)), " ", 2);
  if (words[0] == NULL || !oci_parse_u64 (words[0], INT64_MAX, &seconds, NULL))
    return;
  out->revision = g_strndup (text, (gsize) (space - text));
  out->committed_at = (int64_t) seconds;
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
      /* [user@]host:path, as scp spells it; a slash before the colon makes it a local path. */
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

void
terrane_git_state (const char *directory, TerraneGitState *out_state)
{
  static const char *const head[] = { "cat-file", "--batch", NULL };
  static const char *const remote[] = { "config", "--get", "remote.origin.url", NULL };
  *out_state = (TerraneGitState){ 0 };
  g_autofree char *commit = run_git (directory, head, "HEAD\n");
  if (commit != NULL)
    parse_commit (commit, out_state);
  if (out_state->revision == NULL)
    return;
  g_autofree char *url = run_git (directory, remote, NULL);
  if (url != NULL)
    out_state->source = terrane_git_source_url (g_strstrip (url));
}
