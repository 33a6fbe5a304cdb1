/* The sandbox and the validation on a root file system of busybox (Debian: busybox-static). Skipped
 * as a whole where the host has no busybox, no bubblewrap or forbids user namespaces. */

#include "builder/sandbox/mounts.h"
#include "builder/sandbox/passwd.h"
#include "builder/sandbox/session.h"
#include "builder/validation/run.h"
#include "oci/base/error.h"
#include "oci/base/json.h"
#include "oci/base/process.h"
#include "testing.h"

#include <signal.h>
#include <sys/wait.h>

enum
{
  EXIT_SKIP = 77,
  TMP_BYTES = 1024 * 1024,
  QUICK_MS = 20 * 1000, /* for what ends by itself */
};

static char *root; /* of all tests, made in main() */

/* A "Python" whose modules are what validation has to tell apart. */
static const char fake_python[] =
    "#!/bin/sh\n"
    "[ \"$3\" = /tmp/terrane/geo.py ] && { cat \"$3\"; exit 0; }\n"
    "through () { echo \"$1{\\\"name\\\": \\\"import\\\", \\\"status\\\": \\\"$2\\\", "
    "\\\"message\\\": "
    "\\\"$3\\\"}\"; echo \"$1{\\\"end\\\": true}\"; exit 0; }\n"
    "case \"$5\" in\n"
    "  *'[\"good\"]'*|*'[\"a.b_2\"]'*|*'[\"good\",\"a.b_2\"]'*) through \"$4\" passed ok;;\n"
    "  *'[\"bad\"]'*) echo Traceback; through \"$4\" failed 'No module named bad';;\n"
    "  *'[\"crash\"]'*) kill -SEGV $$;;\n"
    "  *'[\"slow\"]'*) echo begun; sleep 1000;;\n"
    "esac\n"
    "exit 99\n";

static void
copy_busybox (void)
{
  static const char *const applets[] = { "sh",     "cat",   "dd", "env",   "find", "grep",
                                         "id",     "kill",  "ls", "pidof", "pwd",  "sleep",
                                         "setsid", "touch", "tr", "true",  NULL };
  const char *busybox = g_getenv ("TERRANE_TEST_BUSYBOX");
  g_autofree char *found =
      busybox != NULL ? g_strdup (busybox) : g_find_program_in_path ("busybox");
  g_autofree char *target = g_build_filename (root, "bin/busybox", NULL);
  g_autofree char *content = NULL;
  gsize len = 0;
  if (found == NULL || !g_file_get_contents (found, &content, &len, NULL))
    {
      g_printerr ("skipped: no busybox (Debian: busybox-static)\n");
      exit (EXIT_SKIP);
    }
  g_assert_true (g_file_set_contents (target, content, (gssize) len, NULL));
  g_assert_cmpint (chmod (target, 0755), ==, 0);
  for (const char *const *applet = applets; *applet != NULL; applet++)
    {
      g_autofree char *link = g_build_filename (root, "bin", *applet, NULL);
      g_assert_cmpint (symlink ("busybox", link), ==, 0);
    }
}

static void
make_root (const TestDir *dir)
{
  static const char *const directories[] = { "bin", "proc", "dev", "tmp", "var/task", NULL };
  root = g_build_filename (dir->path, "root", NULL);
  for (const char *const *name = directories; *name != NULL; name++)
    {
      g_autofree char *path = g_build_filename (root, *name, NULL);
      g_assert_cmpint (g_mkdir_with_parents (path, 0755), ==, 0);
    }
  copy_busybox ();
  g_autofree char *python =
      test_dir_write (dir, "root/bin/python3", fake_python, sizeof fake_python - 1);
  g_autofree char *dangling = test_dir_write (dir, "root/bin/dangling", "#!/nosuch\n", 10);
  g_assert_cmpint (chmod (python, 0755) | chmod (dangling, 0755), ==, 0);
}

static const char *const test_env[] = { "PATH=/bin", "EMPTY=", "EQUALS=a=b", NULL };

static TerraneSandbox
make_sandbox (void)
{
  return (TerraneSandbox){
    .root = root, .env = test_env, .working_dir = "/var/task", .tmp_bytes = TMP_BYTES
  };
}

static gboolean
run_in (const TerraneSandbox *sandbox, const char *script, uint64_t deadline_ms,
        TerraneProcessResult *out_result, GError **error)
{
  const char *const argv[] = { "/bin/sh", "-c", script, NULL };
  return terrane_sandbox_run (sandbox, argv, NULL, deadline_ms, NULL, out_result, error);
}

static void
run_ok (const char *script, uint64_t deadline_ms, TerraneProcessResult *out_result)
{
  g_autoptr (GError) error = NULL;
  const TerraneSandbox sandbox = make_sandbox ();
  (void) run_in (&sandbox, script, deadline_ms, out_result, &error);
  g_assert_no_error (error);
}

/* The output of a script. */
static void
assert_prints (const char *script, const char *want)
{
  g_auto (TerraneProcessResult) result = { 0 };
  run_ok (script, QUICK_MS, &result);
  g_assert_cmpstr (result.output, ==, want);
}

static void
test_user (void)
{
  assert_prints ("id -u; id -g; pwd", "993\n990\n/var/task\n");
  assert_prints ("cat /proc/sys/kernel/hostname", "lambda\n");
  assert_prints ("grep -E '^Cap(Inh|Prm|Eff|Bnd|Amb)|NoNewPrivs' /proc/self/status | tr '\\t' ' '",
                 "CapInh: 0000000000000000\nCapPrm: 0000000000000000\nCapEff: 0000000000000000\n"
                 "CapBnd: 0000000000000000\nCapAmb: 0000000000000000\nNoNewPrivs: 1\n");
}

static void
test_environment (void)
{
  g_auto (TerraneProcessResult) result = { 0 };
  const char *const argv[] = { "/bin/env", NULL };
  const TerraneSandbox bare = { .root = root };
  const TerraneSandbox sandbox = make_sandbox ();
  g_assert_true (terrane_sandbox_run (&sandbox, argv, NULL, QUICK_MS, NULL, &result, NULL));
  g_auto (GStrv) lines = g_strsplit (g_strchomp (result.output), "\n", -1);
  g_assert_true (g_strv_contains ((const char *const *) lines, "PATH=/bin"));
  g_assert_true (g_strv_contains ((const char *const *) lines, "EMPTY="));
  g_assert_true (g_strv_contains ((const char *const *) lines, "EQUALS=a=b"));
  for (char **line = lines; *line != NULL; line++) /* bubblewrap sets PWD with --chdir */
    g_assert_true (g_strv_contains (test_env, *line) || strcmp (*line, "PWD=/var/task") == 0);

  terrane_process_result_clear (&result);
  g_assert_true (terrane_sandbox_run (&bare, argv, NULL, QUICK_MS, NULL, &result, NULL));
  g_assert_nonnull (strstr (result.output, "PATH=" TERRANE_SANDBOX_DEFAULT_PATH "\n"));
}

/* Nothing inside may have the caller's environment, which has the credentials of a CI job; that of
 * process 1 cannot be read at all. */
static void
test_no_secrets (void)
{
  g_setenv ("AWS_SECRET_ACCESS_KEY", "secret", TRUE);
  assert_prints ("cat /proc/*/environ 2>/dev/null | tr '\\0' '\\n' | grep -c AWS_", "0\n");
  g_auto (OciFd) inherited G_GNUC_UNUSED =
      fcntl (STDERR_FILENO, F_DUPFD, 40); /* not close-on-exec */
  assert_prints ("ls -d /proc/[0-9]*/fd/40 /proc/$$/fd/[3-9] 2>/dev/null", "");
}

static gboolean
is_in_a_command_line (const char *text)
{
  g_autoptr (GDir) proc = g_dir_open ("/proc", 0, NULL);
  const char *name;
  while ((name = g_dir_read_name (proc)) != NULL)
    {
      g_autofree char *path = g_build_filename ("/proc", name, "cmdline", NULL);
      g_autofree char *line = NULL;
      gsize len = 0;
      if (g_ascii_isdigit (name[0]) && g_file_get_contents (path, &line, &len, NULL)
          && memmem (line, len, text, strlen (text)) != NULL)
        return TRUE;
    }
  return FALSE;
}

static gpointer
run_slowly (gpointer value)
{
  g_autofree char *entry = g_strconcat ("SECRET=", value, NULL);
  const char *const env[] = { "PATH=/bin", entry, NULL };
  const char *const argv[] = { "/bin/sh", "-c", "echo $SECRET; exec sleep 1000", NULL };
  g_auto (TerraneProcessResult) result = { 0 };
  TerraneSandbox sandbox = make_sandbox ();
  sandbox.env = env;
  g_assert_true (terrane_sandbox_run (&sandbox, argv, NULL, 2000, NULL, &result, NULL));
  return g_steal_pointer (&result.output);
}

/* /proc/PID/cmdline is readable for all users. */
static void
test_values_are_in_no_command_line (void)
{
  g_autofree char *value = g_uuid_string_random ();
  gboolean seen = FALSE;
  GThread *thread = g_thread_new ("run", run_slowly, value);
  for (int i = 0; i < 100; i++)
    {
      seen = seen || is_in_a_command_line (value);
      g_usleep (10 * 1000);
    }
  g_autofree char *output = g_thread_join (thread);
  g_assert_false (seen);
  g_assert_cmpstr (g_strchomp (output), ==, value); /* it was in use meanwhile */
}

static void
test_file_system (void)
{
  assert_prints ("touch /x /var/task/x /dev/x 2>&1 | grep -c 'Read-only file system'", "3\n");
  assert_prints ("echo a > /tmp/x && cat /tmp/x", "a\n");
  assert_prints ("dd if=/dev/zero of=/tmp/x bs=64k count=32 2>&1 | grep -o 'No space left'; "
                 "ls -l /tmp/x | tr -s ' ' | { read a b c d size e; echo $size; }",
                 "No space left\n1048576\n");
  assert_prints ("ls /dev", "fd\nfull\nnull\nrandom\nstderr\nstdin\nstdout\ntty\nurandom\nzero\n");
  assert_prints ("ls -d /dev/shm 2>&1", "ls: /dev/shm: No such file or directory\n");
}

/* Opens, for appending nothing. As root about 800 files would let themselves be written without
 * the read-only mount, /proc/sys/kernel/core_pattern among them. */

/* A root of its own, with the programs of the others. */
static char *
make_other_root (const TestDir *dir, const char *name)
{
  static const char *const directories[] = { "proc", "dev", "tmp", NULL };
  char *other = g_build_filename (dir->path, name, NULL);
  for (const char *const *directory = directories; *directory != NULL; directory++)
    {
      g_autofree char *path = g_build_filename (other, *directory, NULL);
      g_assert_cmpint (g_mkdir_with_parents (path, 0755), ==, 0);
    }
  g_autofree char *bin = g_build_filename (root, "bin", NULL);
  const char *const words[] = { "cp", "-a", bin, other, NULL };
  g_auto (OciProcessResult) copied = { 0 };
  g_assert_true (oci_process_run (words, NULL, 0, QUICK_MS, &copied, NULL));
  g_assert_cmpint (copied.exit_code, ==, 0);
  return other;
}

#define USER_LINE "sbx_user1051:x:993:990::/home/sbx_user1051:/sbin/nologin\n"

static void
assert_passwd (const char *other, const char *want)
{
  static const char *const argv[] = { "/bin/cat", "/etc/passwd", NULL };
  g_auto (TerraneProcessResult) result = { 0 };
  g_autoptr (GError) error = NULL;
  TerraneSandbox sandbox = make_sandbox ();
  sandbox.root = other;
  sandbox.working_dir = NULL;
  (void) terrane_sandbox_run (&sandbox, argv, NULL, QUICK_MS, NULL, &result, &error);
  g_assert_no_error (error);
  g_assert_cmpstr (result.output, ==, want);
}

/* As Lambda has it in images of any kind; the image's files stay as they are. */
static void
test_passwd (void)
{
  g_auto (TestDir) dir = test_dir_new ();
  g_autofree char *other = make_other_root (&dir, "other");
  g_autofree char *etc = g_build_filename (other, "etc", NULL);
  assert_passwd (other, USER_LINE); /* there is neither the file nor the directory */
  g_assert_false (g_file_test (etc, G_FILE_TEST_EXISTS));

  g_autofree char *moved = g_build_filename (other, "usr/etc", NULL);
  g_assert_cmpint (g_mkdir_with_parents (moved, 0755), ==, 0);
  g_assert_cmpint (symlink ("/usr/etc", etc), ==, 0); /* of the image, not of the host */
  assert_passwd (other, USER_LINE);
  g_autofree char *file =
      test_dir_write (&dir, "other/usr/etc/passwd", "root:x:0:0::/:/bin/sh", 21);
  assert_passwd (other, "root:x:0:0::/:/bin/sh\n" USER_LINE);
  g_autofree char *own = NULL;
  g_assert_true (g_file_get_contents (file, &own, NULL, NULL));
  g_assert_cmpstr (own, ==, "root:x:0:0::/:/bin/sh");

  g_autofree char *real = test_dir_write (&dir, "other/usr/real", "a:x:993:1::/:/\n", 15);
  g_assert_cmpint (unlink (file) | symlink ("../real", file), ==, 0);
  assert_passwd (other, USER_LINE "a:x:993:1::/:/\n"); /* the first of a number is found */
  g_assert_cmpint (unlink (file) | unlink (etc) | symlink ("/nowhere/etc", etc), ==, 0);
  assert_passwd (other, "cat: can't open '/etc/passwd': No such file or directory\n");
}

static void
test_passwd_text (void)
{
  static const struct
  {
    const char *own;
    const char *want;
  } cases[] = {
    { "", USER_LINE },
    { "root:x:0:0::/:/\n", "root:x:0:0::/:/\n" USER_LINE },
    { USER_LINE "z:x:9:9::/:/\n", USER_LINE "z:x:9:9::/:/\n" },
    { "sbx_user1051:x:5:5::/tmp:/", "sbx_user1051:x:5:5::/tmp:/\n" },
    { "993:993\n:993:\n", "993:993\n:993:\n" USER_LINE }, /* no third field */
    { "x:993:1:::\nb::9930:::\n", "x:993:1:::\nb::9930:::\n" USER_LINE },
    { "b::993:1:::", USER_LINE "b::993:1:::\n" },
  };
  for (size_t i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (GBytes) made = terrane_passwd_add (cases[i].own, strlen (cases[i].own));
      g_autofree char *text = g_strndup (g_bytes_get_data (made, NULL), g_bytes_get_size (made));
      g_assert_cmpstr (text, ==, cases[i].want);
    }
}

/* glibc before 2.34 takes the first tmpfs of this file for /dev/shm; devices are the host's. */
static void
test_no_tmpfs (void)
{
  assert_prints ("grep -v '^[^ ]* /dev/' /proc/mounts | grep -c ' tmpfs '", "0\n");
  assert_prints ("ls /dev", "fd\nfull\nnull\nrandom\nstderr\nstdin\nstdout\ntty\nurandom\nzero\n");
}

/* A mount over this process' own root is not seen by it: what is meant for the file system in
 * memory would be written to this machine's root directory. The mounts are not prepared here. */
static void
test_own_root (void)
{
  const TerraneSandbox sandbox = { .root = "/" };
  g_autoptr (GError) error = NULL;
  g_auto (TerraneMounts) mounts = { 0 };
  (void) terrane_mounts_init (&mounts, &sandbox, NULL, NULL, &error);
  g_assert_no_error (error);
  g_assert_false (mounts.overlays);
}

static void
test_proc_is_read_only (void)
{
  assert_prints ("find /proc -type f ! -path '/proc/self*' 2>/dev/null | "
                 "while read f; do (: >> \"$f\") 2>/dev/null && echo \"$f\"; done",
                 "");
  assert_prints ("(: >> /proc/self/comm) 2>&1 | grep -o 'Read-only file system'",
                 "Read-only file system\n");
}

static void
test_isolation (void)
{
  assert_prints ("grep -o '^ *[a-z0-9]*:' /proc/net/dev | tr -d ' '", "lo:\n");
  assert_prints ("set -- /proc/[0-9]*; echo $#", "2\n"); /* bubblewrap and this shell */
}

static void
test_exit (void)
{
  g_auto (TerraneProcessResult) exited = { 0 };
  g_auto (TerraneProcessResult) killed = { 0 };
  g_auto (TerraneProcessResult) liar = { 0 };
  run_ok ("echo out; echo err >&2; exit 42", QUICK_MS, &exited);
  g_assert_cmpint (exited.exit_code, ==, 42);
  g_assert_cmpint (exited.signal, ==, 0);
  g_assert_cmpstr (exited.output, ==, "out\nerr\n");
  run_ok ("kill -SEGV $$", QUICK_MS, &killed);
  g_assert_cmpint (killed.exit_code, ==, -1);
  g_assert_cmpint (killed.signal, ==, SIGSEGV);
  run_ok ("echo 'bwrap: Creating new namespace failed'; exit 1", QUICK_MS, &liar);
  g_assert_cmpint (liar.exit_code, ==, 1);
}

/* An exit with 128 + N is not a death by signal N. */
static void
test_exit_like_signal (void)
{
  static const int codes[] = { 129, 137, 139, 142, 255 };
  for (size_t i = 0; i < G_N_ELEMENTS (codes); i++)
    {
      g_auto (TerraneProcessResult) exited = { 0 };
      g_autofree char *script = g_strdup_printf ("exit %d", codes[i]);
      run_ok (script, QUICK_MS, &exited);
      g_assert_cmpint (exited.exit_code, ==, codes[i]);
      g_assert_cmpint (exited.signal, ==, 0);
    }
  g_auto (TerraneProcessResult) killed = { 0 };
  g_auto (TerraneProcessResult) alarmed = { 0 };
  run_ok ("kill -KILL $$", QUICK_MS, &killed);
  g_assert_cmpint (killed.exit_code, ==, -1);
  g_assert_cmpint (killed.signal, ==, SIGKILL);
  run_ok ("kill -ALRM $$", QUICK_MS, &alarmed);
  g_assert_cmpint (alarmed.signal, ==, SIGALRM);
}

static void
test_limits (void)
{
  assert_prints ("grep -E 'open files|processes|core' /proc/self/limits | tr -s ' '",
                 "Max core file size 0 0 bytes \nMax processes 1024 1024 processes \n"
                 "Max open files 1024 1024 files \n");
}

static void
test_memory (void)
{
  g_auto (TerraneProcessResult) result = { 0 };
  g_autoptr (GError) error = NULL;
  TerraneSandbox sandbox = make_sandbox ();
  sandbox.memory_bytes = UINT64_C (64) * 1024 * 1024;
  g_assert_true (run_in (&sandbox, "dd if=/dev/zero of=/dev/null bs=200M count=1000; exit 3",
                         QUICK_MS, &result, &error));
  g_assert_true (result.out_of_memory);
  g_assert_false (result.timed_out);
  g_assert_cmpint (result.exit_code, !=, 0);
}

/* The image's fault, so a result; the missing interpreter was not detected before. */
static void
test_cannot_execute (void)
{
  static const char *const programs[] = { "/bin/nosuch", "/bin/dangling", "/var/task" };
  const TerraneSandbox sandbox = make_sandbox ();
  for (size_t i = 0; i < G_N_ELEMENTS (programs); i++)
    {
      g_autoptr (GError) error = NULL;
      g_auto (TerraneProcessResult) result = { 0 };
      const char *const argv[] = { programs[i], NULL };
      g_assert_true (terrane_sandbox_run (&sandbox, argv, NULL, QUICK_MS, NULL, &result, &error));
      g_assert_cmpint (result.exit_code, ==, 127);
      g_assert_nonnull (strstr (result.output, programs[i]));
    }
}

static void
test_missing_interpreter (void)
{
  g_auto (TerraneProcessResult) result = { 0 };
  const TerraneSandbox sandbox = make_sandbox ();
  const char *const argv[] = { "/bin/dangling", NULL };
  g_assert_true (terrane_sandbox_run (&sandbox, argv, NULL, QUICK_MS, NULL, &result, NULL));
  g_assert_cmpstr (
      result.output, ==,
      "cannot execute /bin/dangling: its interpreter /nosuch: No such file or directory\n");
}

static gboolean
process_exists (const char *word)
{
  g_autoptr (GDir) proc = g_dir_open ("/proc", 0, NULL);
  const char *name;
  while ((name = g_dir_read_name (proc)) != NULL)
    {
      g_autofree char *path = g_build_filename ("/proc", name, "cmdline", NULL);
      g_autofree char *line = NULL;
      gsize len = 0;
      if (!g_ascii_isdigit (name[0]) || !g_file_get_contents (path, &line, &len, NULL))
        continue;
      for (gsize i = 0; i < len; i += strlen (line + i) + 1)
        if (strcmp (line + i, word) == 0)
          return TRUE;
    }
  return FALSE;
}

static void
test_deadline (void)
{
  g_auto (TerraneProcessResult) result = { 0 };
  g_autofree char *secs = g_strdup_printf ("%d", 100000 + (int) getpid ());
  g_autofree char *script =
      g_strdup_printf ("echo begun; (sleep %s &); sleep %s & sleep %s", secs, secs, secs);
  run_ok (script, 500, &result);
  g_assert_true (result.timed_out);
  g_assert_cmpstr (result.output, ==, "begun\n");
  g_assert_cmpuint (result.wall_usecs, <, 5 * G_USEC_PER_SEC);
  g_assert_false (process_exists (secs));
}

/* A daemon in a session of its own that ignores every signal it can. */
static void
test_deadline_ends_daemons (void)
{
  g_auto (TerraneProcessResult) result = { 0 };
  g_autofree char *secs = g_strdup_printf ("%d", 400000 + (int) getpid ());
  g_autofree char *script = g_strdup_printf (
      "trap '' HUP INT QUIT TERM USR1 USR2 PIPE ALRM; (setsid sh -c 'sleep %s & wait; wait' "
      "</dev/null >/dev/null 2>&1 &); echo begun; sleep 1000",
      secs);
  run_ok (script, 700, &result);
  g_assert_true (result.timed_out);
  g_assert_cmpint (result.signal, ==, SIGKILL);
  g_assert_cmpstr (result.output, ==, "begun\n");
  g_assert_false (process_exists (secs));
}

/* A program that is killed has an account too. */
static void
test_usage_after_deadline (void)
{
  g_auto (TerraneProcessResult) result = { 0 };
  run_ok ("dd if=/dev/zero of=/dev/null bs=100M count=1; while :; do :; done", 1500, &result);
  g_assert_true (result.timed_out);
  g_assert_cmpint (result.signal, ==, SIGKILL);
  g_assert_cmpint (result.exit_code, ==, -1);
  g_assert_cmpuint (result.peak_rss_bytes, >=, 100 * 1024 * 1024);
  g_assert_cmpuint (result.cpu_usecs, >, 20 * 1000); /* of a machine with much else to do */
}

/* Processes that the program leaves in the background end with it. */
static void
test_background (void)
{
  g_auto (TerraneProcessResult) result = { 0 };
  g_autofree char *secs = g_strdup_printf ("%d", 200000 + (int) getpid ());
  g_autofree char *script = g_strdup_printf ("sleep %s & echo done", secs);
  run_ok (script, QUICK_MS, &result);
  g_assert_cmpint (result.exit_code, ==, 0);
  g_assert_cmpuint (result.wall_usecs, <, 5 * G_USEC_PER_SEC);
  g_assert_false (process_exists (secs));
}

static gpointer
cancel_soon (gpointer cancellable)
{
  g_usleep (300 * 1000);
  g_cancellable_cancel (cancellable);
  return NULL;
}

static void
test_cancel (void)
{
  g_autoptr (GError) error = NULL;
  g_auto (TerraneProcessResult) result = { 0 };
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autofree char *secs = g_strdup_printf ("%d", 300000 + (int) getpid ());
  const char *const argv[] = { "/bin/sleep", secs, NULL };
  const TerraneSandbox sandbox = make_sandbox ();
  GThread *thread = g_thread_new ("cancel", cancel_soon, cancellable);
  g_assert_false (terrane_sandbox_run (&sandbox, argv, NULL, 0, cancellable, &result, &error));
  g_thread_join (thread);
  g_assert_error (error, OCI_ERROR, OCI_ERROR_CANCELLED);
  g_assert_false (process_exists (secs));
}

/* The program's memory: neither bubblewrap's nor this process's, which is made larger here. */
static void
test_usage (void)
{
  const gsize ballast_len = 200 * 1024 * 1024;
  g_autofree char *ballast = g_malloc (ballast_len);
  g_auto (TerraneProcessResult) large = { 0 };
  g_auto (TerraneProcessResult) small = { 0 };
  memset (ballast, 1, ballast_len);
  run_ok ("dd if=/dev/zero of=/dev/null bs=100M count=1; "
          "i=0; while [ $i -lt 300000 ]; do i=$((i+1)); done",
          QUICK_MS, &large);
  g_assert_cmpuint (large.peak_rss_bytes, >=, 100 * 1024 * 1024);
  g_assert_cmpuint (large.peak_rss_bytes, <, 120 * 1024 * 1024);
  g_assert_cmpuint (large.cpu_usecs, >, 10 * 1000);
  run_ok ("exit 0", QUICK_MS, &small);
  g_assert_cmpuint (small.peak_rss_bytes, <, 20 * 1024 * 1024);
  g_assert_cmpuint (small.peak_rss_bytes, >, 0);
}

static void
test_files (void)
{
  g_autoptr (GError) error = NULL;
  g_auto (TerraneProcessResult) result = { 0 };
  g_autoptr (GBytes) text = test_bytes ("text\n");
  g_autoptr (GBytes) script =
      test_bytes ("#!/bin/sh\ncd /tmp/terrane\ncat 'a b.txt'\nls -l | grep -o '^.r.-r.-r.-'\n"
                  "touch 'a b.txt' 2>/dev/null || echo read-only\n");
  const TerraneSandboxFile files[] = { { "a b.txt", text, 0444 },
                                       { "run", script, 0555 },
                                       { .name = NULL } };
  const char *const argv[] = { "/tmp/terrane/run", NULL };
  const TerraneSandbox sandbox = make_sandbox ();
  g_assert_true (terrane_sandbox_run (&sandbox, argv, files, QUICK_MS, NULL, &result, &error));
  g_assert_no_error (error);
  g_assert_cmpstr (result.output, ==, "text\n-r--r--r--\nread-only\n");
}

static void
test_missing_directories (void)
{
  g_auto (TestDir) dir = test_dir_new ();
  TerraneSandbox sandbox = make_sandbox ();
  static const struct
  {
    const char *working_dir, *pattern;
  } rows[] = {
    { "/nosuch", "the image's working directory ‘/nosuch’: No such file or directory" },
    { "/bin/sh", "the image's working directory ‘/bin/sh’: Not a directory" },
  };
  for (size_t i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autoptr (GError) error = NULL;
      g_auto (TerraneProcessResult) result = { 0 };
      sandbox.working_dir = rows[i].working_dir;
      g_assert_false (run_in (&sandbox, "true", QUICK_MS, &result, &error));
      g_assert_cmpstr (error->message, ==, rows[i].pattern);
    }
  g_autoptr (GError) error = NULL;
  g_auto (TerraneProcessResult) result = { 0 };
  sandbox = (TerraneSandbox){ .root = dir.path };
  g_assert_false (run_in (&sandbox, "true", QUICK_MS, &result, &error));
  assert_error (error, OCI_ERROR, OCI_ERROR_NOT_FOUND, "the image's mount point ‘/proc’: *");
}

static void
test_no_bubblewrap (void)
{
  g_autoptr (GError) error = NULL;
  g_auto (TerraneProcessResult) result = { 0 };
  g_autofree char *path = g_strdup (g_getenv ("PATH"));
  const TerraneSandbox sandbox = make_sandbox ();
  g_setenv ("PATH", "/nosuch", TRUE);
  gboolean ok = run_in (&sandbox, "true", QUICK_MS, &result, &error);
  g_setenv ("PATH", path, TRUE);
  g_assert_false (ok);
  assert_error (error, OCI_ERROR, OCI_ERROR_NOT_FOUND,
                "bubblewrap is not installed; *apt install bubblewrap*");
}

static TerraneValidationScript *
make_script (const char *name, const char *content)
{
  TerraneValidationScript *script = g_new0 (TerraneValidationScript, 1);
  script->name = g_strdup (name);
  script->content = test_bytes (content);
  return script;
}

static void
count_started (gpointer data, const char *kind, const char *name)
{
  g_assert_nonnull (kind);
  g_assert_nonnull (name);
  ++*(unsigned *) data;
}

static void
assert_result (const GPtrArray *results, guint i, const char *name, const char *message,
               int exit_code, int signal, const char *output)
{
  const TerraneResult *result = results->pdata[i];
  g_assert_cmpstr (result->name, ==, name);
  g_assert_cmpstr (result->message, ==, message);
  g_assert_cmpint (result->status, ==,
                   message == NULL ? TERRANE_RESULT_PASSED : TERRANE_RESULT_FAILED);
  g_assert_cmpint (result->process.exit_code, ==, exit_code);
  g_assert_cmpint (result->process.signal, ==, signal);
  g_assert_nonnull (strstr (result->process.output, output));
}

/* Everything is run, in order, whatever failed before. */
static void
test_validation (void)
{
  const char *imports[] = { "bad", "good", "crash", "slow", "a.b_2", NULL };
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) results = NULL, none = g_ptr_array_new ();
  g_autoptr (GPtrArray) scripts = g_ptr_array_new_with_free_func (terrane_validation_script_free);
  g_ptr_array_add (scripts, make_script ("geo.py", "the script\n"));
  g_ptr_array_add (scripts, make_script ("direct", "#!/bin/sh\necho direct; exit 3\n"));
  g_ptr_array_add (scripts, make_script ("broken", "#!/nosuch\n"));
  const TerraneSandbox sandbox = make_sandbox ();
  const TerraneValidateSpec spec = { .imports = (char **) imports,
                                     .scripts = none,
                                     .commands = none,
                                     .drivers = none,
                                     .crs = none,
                                     .timeout_ms = 2000 };
  const TerraneLimitsSpec limits = { 0 };
  unsigned started = 0;
  const TerraneValidation validation = { .sandbox = &sandbox,
                                         .spec = &spec,
                                         .limits = &limits,
                                         .scripts = scripts,
                                         .started = count_started,
                                         .data = &started };
  (void) terrane_validation_run (&validation, &results, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (results->len, ==, 9);
  g_assert_cmpuint (started, ==, 9);
  assert_result (results, 0, "bad", "No module named bad", 0, 0, "Traceback");
  assert_result (results, 1, "good", NULL, 0, 0, "");
  assert_result (results, 2, "crash", "was killed by signal 11 (Segmentation fault)", -1, SIGSEGV,
                 "");
  assert_result (results, 3, "slow", "was killed after 2 s (validate.timeout)", -1, SIGKILL,
                 "begun");
  assert_result (results, 4, "a.b_2", NULL, 0, 0, "");
  assert_result (results, 5, "2 modules", NULL, 0, 0, "");
  assert_result (results, 6, "geo.py", NULL, 0, 0, "the script");
  assert_result (results, 7, "direct", "failed with exit code 3", 3, 0, "direct");
  assert_result (results, 8, "broken", "failed with exit code 127", 127, 0, "/tmp/terrane/broken");

  g_autoptr (OciJsonValue) json = terrane_results_to_json (results);
  const json_t *slow = json_array_get (json, 3);
  g_assert_true (json_is_true (json_object_get (slow, "timed_out")));
  g_assert_cmpint (json_integer_value (json_object_get (slow, "wall_usecs")), >=, 2000000);
  g_assert_cmpint (json_integer_value (json_object_get (slow, "peak_rss_bytes")), >, 0);
}

static void
test_validation_names (void)
{
  static const char *const bad_modules[] = { "",    ".",   "a.", ".a",  "a..b", "1a",
                                             "a b", "a-b", "-c", "a;b", "a/b",  "\xff" };
  static const char *const other_path[] = { "PATH=/nosuch", NULL };
  g_autoptr (GPtrArray) none = g_ptr_array_new ();
  TerraneSandbox sandbox = make_sandbox ();
  const TerraneLimitsSpec limits = { 0 };
  const char *imports[] = { "good", NULL, NULL };
  const TerraneValidateSpec spec = { .imports = (char **) imports,
                                     .scripts = none,
                                     .commands = none,
                                     .drivers = none,
                                     .crs = none,
                                     .timeout_ms = 2000 };
  const TerraneValidation validation = {
    .sandbox = &sandbox, .spec = &spec, .limits = &limits, .scripts = none
  };
  GPtrArray *results = NULL;
  for (size_t i = 0; i < G_N_ELEMENTS (bad_modules); i++)
    {
      g_autoptr (GError) error = NULL;
      imports[1] = bad_modules[i];
      g_assert_false (terrane_validation_run (&validation, &results, &error));
      assert_error (error, OCI_ERROR, OCI_ERROR_USAGE, "*is not the name of a Python module");
      g_assert_null (results);
    }
  g_autoptr (GError) error = NULL;
  imports[1] = NULL;
  sandbox.env = other_path;
  g_assert_false (terrane_validation_run (&validation, &results, &error));
  assert_error (error, OCI_ERROR, OCI_ERROR_NOT_FOUND, "the image has no python3*(/nosuch)*");
}

/* A thread of the session that is kept from everything else. */
typedef struct
{
  GMutex mutex;
  GCond changed;
  gboolean entered, left;
} Stall;

static void
stall (G_GNUC_UNUSED const char *bytes, G_GNUC_UNUSED size_t len, gpointer data)
{
  Stall *self = data;
  g_mutex_lock (&self->mutex);
  self->entered = TRUE;
  g_cond_broadcast (&self->changed);
  while (!self->left)
    g_cond_wait (&self->changed, &self->mutex);
  g_mutex_unlock (&self->mutex);
}

/* Whether a process has this in its environment, which one that has ended has not. */
static gboolean
has_process_with (const char *variable)
{
  gboolean found = FALSE;
  g_autoptr (GDir) proc = g_dir_open ("/proc", 0, NULL);
  for (const char *name = g_dir_read_name (proc); name != NULL; name = g_dir_read_name (proc))
    {
      g_autofree char *path = g_build_filename ("/proc", name, "environ", NULL);
      g_autofree char *text = NULL;
      gsize len = 0;
      found = found
              || (g_ascii_isdigit (name[0]) && g_file_get_contents (path, &text, &len, NULL)
                  && memmem (text, len, variable, strlen (variable)) != NULL);
    }
  return found;
}

static void
test_kill_waits_for_nothing (void)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *token = g_strdup_printf ("TOKEN=%08x%08x", g_random_int (), g_random_int ());
  const char *const env[] = { "PATH=/bin", token, NULL };
  const char *const argv[] = { "/bin/sh", "-c", "echo ready; sleep 1000", NULL };
  Stall state = { .entered = FALSE };
  TerraneSandbox sandbox = make_sandbox ();
  const TerraneSessionOptions options = { .output = stall, .output_data = &state };
  TerraneSessionEnd end;
  sandbox.env = env;
  g_autoptr (TerraneSession) session =
      terrane_session_start (&sandbox, argv, &options, NULL, &error);
  g_assert_no_error (error);
  terrane_session_release (session);
  g_mutex_lock (&state.mutex);
  while (!state.entered)
    g_cond_wait (&state.changed, &state.mutex);
  g_mutex_unlock (&state.mutex);
  g_assert_true (has_process_with (token));
  terrane_session_kill (session);
  for (int i = 0; i < 2000 && has_process_with (token); i++)
    g_usleep (10 * 1000);
  g_assert_false (has_process_with (token));
  g_mutex_lock (&state.mutex);
  state.left = TRUE;
  g_cond_broadcast (&state.changed);
  g_mutex_unlock (&state.mutex);
  terrane_session_wait (session, &end);
  g_assert_true (end.made);
  g_assert_cmpint (end.signal, ==, SIGKILL);
}

static void
test_files_in_tmp (void)
{
  /* 1 MiB would be 64 files of 16 KiB; not less than 1024, and some are the file system's own. */
  assert_prints ("i=0; while [ $i -lt 2000 ] && true 2>&- >/tmp/$i; do i=$((i+1)); done 2>&-; "
                 "[ $i -gt 1000 ] && [ $i -lt 1024 ] && echo limited",
                 "limited\n");
}

static void
test_no_zombies (void)
{
  g_assert_cmpint (waitpid (-1, NULL, WNOHANG), ==, -1);
}

static void
add_tests (void)
{
  g_test_add_func ("/sandbox/user", test_user);
  g_test_add_func ("/sandbox/environment", test_environment);
  g_test_add_func ("/sandbox/no-secrets", test_no_secrets);
  g_test_add_func ("/sandbox/values-are-in-no-command-line", test_values_are_in_no_command_line);
  g_test_add_func ("/sandbox/file-system", test_file_system);
  g_test_add_func ("/sandbox/passwd", test_passwd);
  g_test_add_func ("/sandbox/passwd-text", test_passwd_text);
  g_test_add_func ("/sandbox/no-tmpfs", test_no_tmpfs);
  g_test_add_func ("/sandbox/own-root", test_own_root);
  g_test_add_func ("/sandbox/proc-is-read-only", test_proc_is_read_only);
  g_test_add_func ("/sandbox/isolation", test_isolation);
  g_test_add_func ("/sandbox/exit", test_exit);
  g_test_add_func ("/sandbox/exit-like-signal", test_exit_like_signal);
  g_test_add_func ("/sandbox/deadline-ends-daemons", test_deadline_ends_daemons);
  g_test_add_func ("/sandbox/limits", test_limits);
  g_test_add_func ("/sandbox/memory", test_memory);
  g_test_add_func ("/sandbox/cannot-execute", test_cannot_execute);
  g_test_add_func ("/sandbox/missing-interpreter", test_missing_interpreter);
  g_test_add_func ("/sandbox/deadline", test_deadline);
  g_test_add_func ("/sandbox/usage-after-deadline", test_usage_after_deadline);
  g_test_add_func ("/sandbox/background", test_background);
  g_test_add_func ("/sandbox/cancel", test_cancel);
  g_test_add_func ("/sandbox/usage", test_usage);
  g_test_add_func ("/sandbox/files", test_files);
  g_test_add_func ("/sandbox/missing-directories", test_missing_directories);
  g_test_add_func ("/sandbox/no-bubblewrap", test_no_bubblewrap);
  g_test_add_func ("/sandbox/validation", test_validation);
  g_test_add_func ("/sandbox/validation-names", test_validation_names);
  g_test_add_func ("/sandbox/kill-waits-for-nothing", test_kill_waits_for_nothing);
  g_test_add_func ("/sandbox/files-in-tmp", test_files_in_tmp);
  g_test_add_func ("/sandbox/no-zombies", test_no_zombies);
}

int
main (int argc, char **argv)
{
  g_autoptr (GError) error = NULL;
  g_auto (TerraneProcessResult) probe = { 0 };
  test_init (&argc, &argv);
  g_auto (TestDir) dir = test_dir_new ();
  make_root (&dir);
  const TerraneSandbox sandbox = make_sandbox ();
  int status = EXIT_SKIP;
  if (run_in (&sandbox, "exit 0", QUICK_MS, &probe, &error))
    {
      add_tests ();
      status = g_test_run ();
    }
  else
    g_printerr ("skipped: %s\n", error->message);
  g_free (root);
  return status;
}
