#include "oci/base/process.h"

#include "oci/base/capture.h"
#include "oci/base/error.h"
#include "testing.h"

#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>

static const char *const test_env[] = { "PATH=/usr/bin:/bin", "WORD=with = sign", NULL };

static gboolean
run_script (const char *script, uint64_t deadline_ms, GCancellable *cancellable,
            OciProcessResult *out_result, GError **error)
{
  const char *const argv[] = { "sh", "-c", script, NULL };
  const OciProcess process = { .argv = argv, .env = test_env, .deadline_ms = deadline_ms };
  return oci_process_run_full (&process, cancellable, out_result, error);
}

static void
run_ok (const char *script, uint64_t deadline_ms, OciProcessResult *out_result)
{
  g_autoptr (GError) error = NULL;
  gboolean ok = run_script (script, deadline_ms, NULL, out_result, &error);
  g_assert_no_error (error);
  g_assert_true (ok);
}

static void
test_exit_code (void)
{
  g_auto (OciProcessResult) result = { 0 };
  run_ok ("echo out; echo err >&2; exit 7", 0, &result);
  g_assert_cmpint (result.exit_code, ==, 7);
  g_assert_cmpint (result.signal, ==, 0);
  g_assert_false (result.timed_out);
  g_assert_cmpstr (result.output, ==, "out\nerr\n");
  g_assert_cmpuint (result.wall_usecs, >, 0);
}

static void
test_signal (void)
{
  g_auto (OciProcessResult) result = { 0 };
  run_ok ("kill -SEGV $$", 0, &result);
  g_assert_cmpint (result.exit_code, ==, -1);
  g_assert_cmpint (result.signal, ==, SIGSEGV);
}

static void
test_environment_and_input (void)
{
  g_auto (OciProcessResult) result = { 0 };
  g_setenv ("TERRANE_TEST_SECRET", "secret", TRUE);
  run_ok ("tr '\\0' '\\n' < /proc/$$/environ; cat", 0, &result);
  g_assert_cmpstr (result.output, ==, "PATH=/usr/bin:/bin\nWORD=with = sign\n");
}

/* The sources are likely to be 3 and 4 themselves, the other way round. */
static void
test_descriptors (void)
{
  g_autoptr (GError) error = NULL;
  g_auto (OciProcessResult) result = { 0 };
  g_auto (OciFd) first = memfd_create ("first", 0);
  g_auto (OciFd) second = memfd_create ("second", 0);
  g_auto (OciFd) inherited = fcntl (STDERR_FILENO, F_DUPFD, 40); /* not close-on-exec */
  g_autofree char *script = g_strdup_printf (
      "cat <&4; cat <&3; for i in 3 4 5 %d; do [ -e /proc/$$/fd/$i ] && printf ' %%s' $i; done",
      inherited);
  const char *const argv[] = { "sh", "-c", script, NULL };
  g_assert_true (oci_write_all (first, "first ", 6, NULL));
  g_assert_true (oci_write_all (second, "second", 6, NULL));
  (void) lseek (first, 0, SEEK_SET);
  (void) lseek (second, 0, SEEK_SET);
  const OciProcessFd fds[] = { { first, 4 }, { second, 3 } };
  g_assert_cmpint (inherited, >=, 40);
  const OciProcess process = { .argv = argv, .env = test_env, .fds = fds, .n_fds = 2 };
  g_assert_true (oci_process_run_full (&process, NULL, &result, &error));
  g_assert_cmpstr (result.output, ==, "first second 3 4");
}

static void
check_timed_out (const char *script)
{
  g_auto (OciProcessResult) result = { 0 };
  run_ok (script, 300, &result);
  g_assert_true (result.timed_out);
  g_assert_cmpint (result.signal, ==, SIGKILL);
  g_assert_cmpuint (result.wall_usecs, >=, 300 * 1000);
  g_assert_cmpuint (result.wall_usecs, <, 5 * G_USEC_PER_SEC);
}

static void
test_deadline (void)
{
  check_timed_out ("sleep 60");
  check_timed_out ("exec >&- 2>&-; sleep 60"); /* no output any more, but alive */
  check_timed_out ("exec yes");                /* never a moment without output */
  check_timed_out ("sleep 60 & sleep 60");
}

/* A daemon keeps the pipe open; its parent's end is what counts. */
static void
test_daemon_holds_output (void)
{
  g_auto (OciProcessResult) result = { 0 };
  run_ok ("setsid sleep 20 & echo done", 5000, &result);
  g_assert_false (result.timed_out);
  g_assert_cmpint (result.exit_code, ==, 0);
  g_assert_cmpstr (result.output, ==, "done\n");
  g_assert_cmpuint (result.wall_usecs, <, 3 * G_USEC_PER_SEC);
}

static void
test_long_output (void)
{
  g_auto (OciProcessResult) result = { 0 };
  run_ok ("echo START; yes 0123456789 | head -c 3000000; echo; echo END", 0, &result);
  g_assert_true (g_str_has_prefix (result.output, "START\n"));
  g_assert_true (g_str_has_suffix (result.output, "END\n"));
  g_assert_nonnull (strstr (result.output, " bytes left out "));
  g_assert_cmpuint (strlen (result.output), <, 257 * 1024);
}

static void
test_bytes_that_are_no_text (void)
{
  g_auto (OciProcessResult) result = { 0 };
  run_ok ("printf 'a\\377b\\000c\\n'", 0, &result);
  g_assert_true (g_utf8_validate (result.output, -1, NULL));
  g_assert_true (g_str_has_suffix (result.output, "c\n"));
}

static void
test_no_such_program (void)
{
  g_autoptr (GError) error = NULL;
  g_auto (OciProcessResult) result = { 0 };
  const char *const argv[] = { "terrane-no-such-program", NULL };
  const OciProcess process = { .argv = argv, .env = test_env };
  g_assert_false (oci_process_run_full (&process, NULL, &result, &error));
  assert_error (error, OCI_ERROR, OCI_ERROR_NOT_FOUND,
                "starting terrane-no-such-program: not found in PATH");
}

/* Found, executable by its mode, and refused by the kernel. */
static void
test_not_a_program (void)
{
  g_autoptr (GError) error = NULL;
  g_auto (OciProcessResult) result = { 0 };
  g_auto (TestDir) dir = test_dir_new ();
  g_autofree char *path = test_dir_write (&dir, "program", "\001\002", 2);
  g_assert_cmpint (chmod (path, 0755), ==, 0);
  const char *const argv[] = { path, NULL };
  const OciProcess process = { .argv = argv, .env = test_env };
  g_assert_false (oci_process_run_full (&process, NULL, &result, &error));
  assert_error (error, OCI_ERROR, OCI_ERROR_IO, "starting */program: Exec format error");
}

static gpointer
cancel_soon (gpointer cancellable)
{
  g_usleep (200 * 1000);
  g_cancellable_cancel (cancellable);
  return NULL;
}

static void
test_cancel (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GError) again = NULL;
  g_auto (OciProcessResult) result = { 0 };
  g_auto (OciProcessResult) second = { 0 };
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  gint64 started = g_get_monotonic_time ();
  GThread *thread = g_thread_new ("cancel", cancel_soon, cancellable);
  g_assert_false (run_script ("sleep 60", 0, cancellable, &result, &error));
  g_thread_join (thread);
  g_assert_error (error, OCI_ERROR, OCI_ERROR_CANCELLED);
  g_assert_cmpint (g_get_monotonic_time () - started, <, 5 * G_USEC_PER_SEC);
  g_assert_false (run_script ("true", 0, cancellable, &second, &again));
  g_assert_error (again, OCI_ERROR, OCI_ERROR_CANCELLED);
}

static void
test_usage (void)
{
  g_auto (OciProcessResult) result = { 0 };
  run_ok ("dd if=/dev/zero of=/dev/null bs=100M count=1 2>&-; i=0; "
          "while [ $i -lt 200000 ]; do i=$((i+1)); done",
          0, &result);
  g_assert_cmpuint (result.peak_rss_bytes, >=, 100 * 1024 * 1024);
  g_assert_cmpuint (result.peak_rss_bytes, <, 150 * 1024 * 1024);
  g_assert_cmpuint (result.cpu_usecs, >, 10 * 1000);
  g_assert_cmpuint (result.cpu_usecs, <, 2 * result.wall_usecs);
}

/* More than a pipe holds, so that both sides have to continue at the same time. */
static void
test_input (void)
{
  enum
  {
    INPUT_BYTES = 300 * 1000,
  };
  g_autoptr (GError) error = NULL;
  g_auto (OciProcessResult) result = { 0 };
  g_autofree char *input = g_strnfill (INPUT_BYTES, 'x');
  const char *const argv[] = { "sh", "-c", "cat; echo message >&2; exit 3", NULL };
  const OciProcess process = {
    .argv = argv, .env = test_env, .input = input, .max_output = INPUT_BYTES
  };
  (void) oci_process_run_full (&process, NULL, &result, &error);
  g_assert_no_error (error);
  g_assert_cmpint (result.exit_code, ==, 3);
  g_assert_cmpuint (result.output_size, ==, INPUT_BYTES);
  g_assert_cmpstr (result.output, ==, input);
  g_assert_cmpstr (result.messages, ==, "message\n");
}

static void
test_input_that_is_not_read (void)
{
  g_autoptr (GError) error = NULL;
  g_auto (OciProcessResult) result = { 0 };
  const char *const argv[] = { "sh", "-c", "exec <&-; echo done", NULL };
  const OciProcess process = { .argv = argv, .env = test_env, .input = "text", .max_output = 100 };
  (void) oci_process_run_full (&process, NULL, &result, &error);
  g_assert_no_error (error);
  g_assert_cmpstr (result.output, ==, "done\n");
}

static void
test_too_much_output (void)
{
  g_autoptr (GError) error = NULL;
  g_auto (OciProcessResult) result = { 0 };
  const char *const argv[] = { "sh", "-c", "while :; do echo 123456789; done", NULL };
  const OciProcess process = { .argv = argv, .env = test_env, .max_output = 1000 };
  g_assert_false (oci_process_run_full (&process, NULL, &result, &error));
  assert_error (error, OCI_ERROR, OCI_ERROR_LIMIT, "it printed more than 1000 bytes");
}

static void
test_capture (void)
{
  g_auto (OciCapture) both = { 0 }, end = { 0 };
  oci_capture_init (&both, 4, 3);
  oci_capture_init (&end, 0, 3);
  for (const char *p = "abcdefghij"; *p != '\0'; p++)
    oci_capture_take (&both, p, 1);
  oci_capture_take (&end, "abcdefghij", 10);
  oci_capture_take (&end, "kl", 2);
  g_autofree char *text = oci_capture_text (&both);
  g_autofree char *last = oci_capture_text (&end);
  g_assert_cmpstr (text, ==, "abcd\n… 3 bytes left out …\nhij");
  g_assert_cmpstr (last, ==, "jkl");
}

static void
test_no_zombies (void)
{
  g_assert_cmpint (waitpid (-1, NULL, WNOHANG), ==, -1);
}

int
main (int argc, char **argv)
{
  test_init (&argc, &argv);
  (void) signal (SIGPIPE, SIG_IGN); /* as in terrane */
  g_test_add_func ("/process/exit-code", test_exit_code);
  g_test_add_func ("/process/signal", test_signal);
  g_test_add_func ("/process/environment-and-input", test_environment_and_input);
  g_test_add_func ("/process/descriptors", test_descriptors);
  g_test_add_func ("/process/deadline", test_deadline);
  g_test_add_func ("/process/daemon-holds-output", test_daemon_holds_output);
  g_test_add_func ("/process/long-output", test_long_output);
  g_test_add_func ("/process/bytes-that-are-no-text", test_bytes_that_are_no_text);
  g_test_add_func ("/process/no-such-program", test_no_such_program);
  g_test_add_func ("/process/not-a-program", test_not_a_program);
  g_test_add_func ("/process/cancel", test_cancel);
  g_test_add_func ("/process/usage", test_usage);
  g_test_add_func ("/process/input", test_input);
  g_test_add_func ("/process/input-that-is-not-read", test_input_that_is_not_read);
  g_test_add_func ("/process/too-much-output", test_too_much_output);
  g_test_add_func ("/process/capture", test_capture);
  g_test_add_func ("/process/no-zombies", test_no_zombies);
  return g_test_run ();
}
