#include "builder/git.h"

#include "testing.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

/* libgit2 1.5 does not free the match data of the regular expression with which it looks for
 * safe.directory, when a repository belongs to another user. */
const char *__lsan_default_suppressions (void); /* NOLINT(bugprone-reserved-identifier) */
const char *
__lsan_default_suppressions (void) /* NOLINT(bugprone-reserved-identifier) */
{
  return "leak:libpcre2-8.so";
}

/* git-clone(1), "GIT URLS". */
static void
test_source_url (void)
{
  static const char *const rows[][2] = {
    { "https://host/owner/name.git", "https://host/owner/name" },
    { "https://host/owner/name", "https://host/owner/name" },
    { "https://host/owner/name/", "https://host/owner/name" },
    { "https://user:secret@host/owner/name.git", "https://host/owner/name" },
    { "https://token@host/owner/name.git", "https://host/owner/name" },
    { "http://host/owner/name.git", "https://host/owner/name" },
    { "git://host/owner/name.git", "https://host/owner/name" },
    { "ssh://git@host/owner/name.git", "https://host/owner/name" },
    { "ssh://git@host:2222/owner/name.git", "https://host/owner/name" },
    { "git@host:owner/name.git", "https://host/owner/name" },
    { "host:owner/name.git", "https://host/owner/name" },
    { "git@host:/owner/name.git/", "https://host/owner/name" },
    { "git@host:a/b/c", "https://host/a/b/c" },
    { "/srv/git/name.git", NULL },
    { "../name", NULL },
    { "./host:path", NULL },
    { "name", NULL },
    { "", NULL },
    { ":path", NULL },
    { "file:///srv/name.git", NULL },
  };
  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autofree char *url = terrane_git_source_url (rows[i][0]);
      if (g_strcmp0 (url, rows[i][1]) != 0)
        {
          g_printerr ("# %s: expected %s, got %s\n", rows[i][0], rows[i][1], url);
          g_test_fail ();
        }
      g_assert_true (url == NULL || strstr (url, "secret") == NULL);
    }
}

/* A URL without a host, and a remote helper (gitremote-helpers(7)), gives no URL. */
static void
test_no_host (void)
{
  static const char *const rows[] = { "ext::sh -c id", "https://", "https:///owner/name" };
  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autofree char *url = terrane_git_source_url (rows[i]);
      g_assert_cmpstr (url, ==, NULL);
    }
}

static void
test_state (void)
{
  g_auto (TestDir) dir = test_dir_new ();
  g_auto (TerraneGitState) outside = { 0 };
  terrane_git_state (dir.path, &outside);
  g_assert_null (outside.revision);
  g_assert_null (outside.source);

  const char *const argv[] = {
    "sh",
    "-ec",
    "cd \"$1\"; export GIT_CONFIG_GLOBAL=/dev/null GIT_CONFIG_SYSTEM=/dev/null\n"
    "git init -q .; git config remote.origin.url git@host:owner/name.git\n"
    "GIT_COMMITTER_DATE='1700000000 +0530' git -c user.name='A > B' -c user.email=a@b commit -q "
    "--allow-empty -m 'a\n\ncommitter X <y> 1 +0000'\ngit rev-parse HEAD",
    "sh",
    dir.path,
    NULL
  };
  g_auto (TerraneGitState) state = { 0 };
  gboolean success = FALSE;
  g_autofree char *git = g_find_program_in_path ("git");
  if (git == NULL)
    return g_test_skip ("git is not installed");
  g_autofree char *head = test_run_tool (argv, &success);
  g_assert_true (success);
  terrane_git_state (dir.path, &state);
  g_assert_cmpstr (state.revision, ==, g_strchomp (head));
  g_assert_cmpint (state.committed_at, ==, 1700000000);
  g_assert_cmpstr (state.source, ==, "https://host/owner/name");
}

/* Directories that look like a repository, with commands in its configuration: beside the profile,
 * and of a partial clone that lacks the commit of its HEAD. */
static void
test_nothing_is_executed (void)
{
  g_auto (TestDir) dir = test_dir_new ();
  const char *const argv[] = {
    "sh",
    "-ec",
    "hostile () { mkdir -p $1/objects $1/refs\n"
    "echo 1111111111111111111111111111111111111111 >$1/HEAD\n"
    "printf '[core]\\n\\trepositoryformatversion = 1\\n\\tsshCommand = \"touch %s/ran\"\\n"
    "\\tfsmonitor = \"touch %s/ran\"\\n[extensions]\\n\\tpartialClone = origin\\n"
    "[remote \"origin\"]\\n\\turl = ssh://localhost/x\\n\\tpromisor = true\\n' $PWD $PWD "
    ">$1/config; }\n"
    "cd \"$1\"; mkdir work; hostile bare; hostile work/.git\n"
    "git init -q real; hostile real/below; cd real\n"
    "git -c user.name=a -c user.email=a@b commit -q --allow-empty -m a",
    "sh",
    dir.path,
    NULL
  };
  gboolean success = FALSE;
  g_autofree char *said = test_run_tool (argv, &success);
  g_assert_true (success);
  g_autofree char *ran = g_build_filename (dir.path, "ran", NULL);
  static const char *const names[] = { "bare", "work" };
  for (gsize i = 0; i < G_N_ELEMENTS (names); i++)
    {
      g_auto (TerraneGitState) state = { 0 };
      g_autofree char *path = g_build_filename (dir.path, names[i], NULL);
      terrane_git_state (path, &state);
      g_assert_null (state.revision);
      g_assert_cmpint (state.problem != NULL, ==, g_str_equal (names[i], "work"));
    }
  g_auto (TerraneGitState) real = { 0 };
  g_autofree char *below = g_build_filename (dir.path, "real", "below", NULL);
  terrane_git_state (below, &real); /* of the work tree, not of the files beside the profile */
  g_assert_nonnull (real.revision);
  g_assert_false (g_file_test (ran, G_FILE_TEST_EXISTS));
}

/* 17 MiB that pack to a few kilobytes. */
static void
test_large_commit (void)
{
  g_auto (TestDir) dir = test_dir_new ();
  const char *const argv[] = {
    "sh",
    "-ec",
    "cd \"$1\"; git init -q .; head -c 17825792 /dev/zero | tr '\\0' x >message\n"
    "git -c user.name=a -c user.email=a@b commit -q --allow-empty -F message",
    "sh",
    dir.path,
    NULL
  };
  g_autofree char *git = g_find_program_in_path ("git");
  if (git == NULL)
    return g_test_skip ("git is not installed");
  gboolean success = FALSE;
  g_autofree char *said = test_run_tool (argv, &success);
  g_assert_true (success);
  g_auto (TerraneGitState) state = { 0 };
  terrane_git_state (dir.path, &state);
  g_assert_null (state.revision);
  g_assert_nonnull (strstr (state.problem, "over 16777216 bytes"));
}

/* As git does it since 2.35.2. */
static void
test_repository_of_another_user (void)
{
  g_auto (TestDir) dir = test_dir_new ();
  const char *const argv[] = {
    "sh",
    "-ec",
    "cd \"$1\"; git init -q work; cd work; git -c user.name=a -c user.email=a@b commit -q "
    "--allow-empty -m a; mkdir below; chown -R 65534 .",
    "sh",
    dir.path,
    NULL
  };
  g_autofree char *git = g_find_program_in_path ("git");
  if (git == NULL || geteuid () != 0)
    return g_test_skip ("needs git and root");
  gboolean success = FALSE;
  g_autofree char *said = test_run_tool (argv, &success);
  g_assert_true (success);
  g_auto (TerraneGitState) state = { 0 };
  g_autofree char *below = g_build_filename (dir.path, "work/below", NULL);
  terrane_git_state (below, &state);
  g_assert_null (state.revision);
  g_assert_nonnull (strstr (state.problem, "belongs to another user"));
}

/* Whoever may write a checkout may put a FIFO there; reading it would never end. */
static void
test_fifo (void)
{
  g_auto (TestDir) dir = test_dir_new ();
  g_autofree char *head G_GNUC_UNUSED =
      test_dir_write (&dir, ".git/HEAD", "ref: refs/heads/main\n", 21);
  g_autofree char *place = test_dir_file (&dir, ".git/config");
  g_autofree char *objects = test_dir_file (&dir, ".git/objects");
  g_autofree char *refs = test_dir_file (&dir, ".git/refs");
  g_assert_cmpint (mkdir (objects, 0700), ==, 0);
  g_assert_cmpint (mkdir (refs, 0700), ==, 0);
  g_assert_cmpint (mkfifo (place, 0600), ==, 0);
  g_auto (TerraneGitState) state = { 0 };
  terrane_git_state (dir.path, &state);
  g_assert_null (state.revision);
  g_assert_nonnull (strstr (state.problem, "takes more than"));
  g_auto (OciFd) writer = open (place, O_RDWR | O_NONBLOCK | O_CLOEXEC); /* lets the reader go */
  g_assert_cmpint (writer, >=, 0);
}

int
main (int argc, char **argv)
{
  test_init (&argc, &argv);
  g_test_add_func ("/git/source-url", test_source_url);
  g_test_add_func ("/git/state", test_state);
  g_test_add_func ("/git/no-host", test_no_host);
  g_test_add_func ("/git/nothing-is-executed", test_nothing_is_executed);
  g_test_add_func ("/git/large-commit", test_large_commit);
  g_test_add_func ("/git/fifo", test_fifo);
  g_test_add_func ("/git/another-user", test_repository_of_another_user);
  return g_test_run ();
}
