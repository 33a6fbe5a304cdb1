/* Shared by all unit tests: assertions of whole error messages, and temporary directories. */
#pragma once

#include "oci/base/fd.h"

#include <errno.h>
#include <fcntl.h>
#include <gio/gio.h>
#include <gio/gunixinputstream.h>
#include <locale.h>
#include <signal.h>
#include <string.h>
#include <sys/xattr.h>
#include <unistd.h>

/* Asserts that @error is of @domain and @code and that its message matches the glob @pattern. */
#define assert_error(error, domain, code, pattern)                                                 \
  assert_error_at (G_STRLOC, (error), (domain), (int) (code), (pattern))

static inline void
assert_error_at (const char *where, const GError *error, GQuark domain, int code,
                 const char *pattern)
{
  if (error == NULL)
    g_error ("%s: expected an error like \"%s\", got none", where, pattern);
  if (error->domain != domain || error->code != code)
    g_error ("%s: expected %s %d, got %s %d: %s", where, g_quark_to_string (domain), code,
             g_quark_to_string (error->domain), error->code, error->message);
  if (!g_pattern_match_simple (pattern, error->message))
    g_error ("%s: \"%s\" does not match \"%s\"", where, error->message, pattern);
}

/* A new directory that is removed at scope exit: `g_auto (TestDir) dir = test_dir_new ();`. It is
 * below $TERRANE_TEST_TMPDIR, else /var/tmp: /tmp is a tmpfs on many hosts, and before Linux 6.6
 * that has no user extended attributes, which stores need. */
typedef struct
{
  char *path;
} TestDir;

static inline TestDir
test_dir_new (void)
{
  const char *base = g_getenv ("TERRANE_TEST_TMPDIR");
  TestDir self = { .path = g_build_filename (base != NULL && base[0] != '\0' ? base : "/var/tmp",
                                             "terrane-XXXXXX", NULL) };
  if (g_mkdtemp (self.path) == NULL)
    g_error ("%s: %s; set TERRANE_TEST_TMPDIR", self.path, g_strerror (errno));
  return self;
}

static inline void
test_dir_clear (TestDir *self)
{
  if (self->path != NULL)
    (void) oci_remove_tree (AT_FDCWD, self->path, NULL);
  g_clear_pointer (&self->path, g_free);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (TestDir, test_dir_clear)

/* Whether stores can be made in @dir; else the test is marked as skipped. */
static inline gboolean
test_dir_holds_stores (const TestDir *dir)
{
  if (setxattr (dir->path, "user.terrane.test", "1", 1, 0) == 0)
    return TRUE;
  g_test_skip ("no user extended attributes here; point TERRANE_TEST_TMPDIR at another directory");
  return FALSE;
}

static inline char *
test_dir_file (const TestDir *dir, const char *name)
{
  return g_build_filename (dir->path, name, NULL);
}

/* Writes a file below the directory. Returns: (transfer full): its path */
static inline char *
test_dir_write (const TestDir *dir, const char *name, const void *data, gsize len)
{
  char *path = test_dir_file (dir, name);
  g_autoptr (GError) error = NULL;
  g_autofree char *parent = g_path_get_dirname (path);
  g_assert_cmpint (g_mkdir_with_parents (parent, 0755), ==, 0);
  g_file_set_contents (path, data, (gssize) len, &error);
  g_assert_no_error (error);
  return path;
}

/* Runs a program; its stdout, or NULL (and the test is skipped) when it is not installed. */
static inline char *
test_run_tool (const char *const *argv, gboolean *out_success)
{
  g_autoptr (GError) error = NULL;
  char *output = NULL;
  g_autofree char *program = g_find_program_in_path (argv[0]);
  if (program == NULL)
    {
      g_test_skip (argv[0]);
      return NULL;
    }
  g_autoptr (GSubprocess) process = g_subprocess_newv (
      argv, G_SUBPROCESS_FLAGS_STDOUT_PIPE | G_SUBPROCESS_FLAGS_STDERR_MERGE, &error);
  g_assert_no_error (error);
  g_subprocess_communicate_utf8 (process, NULL, NULL, &output, NULL, &error);
  g_assert_no_error (error);
  *out_success = g_subprocess_get_successful (process);
  return output;
}

static inline GBytes *
test_bytes (const char *text)
{
  return g_bytes_new (text, strlen (text));
}

/* g_assert_cmpmem() for sizes of any type, without conversion warnings. */
static inline void
assert_bytes (const void *got, gsize got_len, const void *want, gsize want_len)
{
  g_assert_cmpuint (got_len, ==, want_len);
  g_assert_true (got_len == 0 || memcmp (got, want, got_len) == 0);
}

static inline void
assert_text (GBytes *bytes, const char *want)
{
  g_autofree char *text = g_strndup (g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes));
  g_assert_cmpstr (text, ==, want);
  g_assert_cmpuint (g_bytes_get_size (bytes), ==, strlen (want));
}

/* Bytes that no compressor shortens, the same on every run (xorshift64*). */
static inline void
test_fill_random (guint8 *data, gsize len, guint64 seed)
{
  guint64 x = seed * G_GUINT64_CONSTANT (0x9e3779b97f4a7c15) + 1;
  for (gsize i = 0; i < len; i++)
    {
      x ^= x >> 12;
      x ^= x << 25;
      x ^= x >> 27;
      data[i] = (guint8) ((x * G_GUINT64_CONSTANT (0x2545f4914f6cdd1d)) >> 56);
    }
}

/* Makes what is in @directory impossible to find out about (EACCES), also for root. */
static inline void
test_forbid (const char *directory)
{
  g_assert_cmpint (chmod (directory, 0), ==, 0);
  if (geteuid () == 0)
    g_assert_cmpint (seteuid (65534), ==, 0);
}

static inline void
test_allow (const char *directory)
{
  if (getuid () == 0)
    g_assert_cmpint (seteuid (0), ==, 0);
  g_assert_cmpint (chmod (directory, 0755), ==, 0);
}

static inline void
test_init (int *argc, char ***argv)
{
  if (setlocale (LC_CTYPE, "C.UTF-8") == NULL)
    g_error ("the locale C.UTF-8 is missing");
  (void) signal (SIGPIPE, SIG_IGN); /* as main() does */
  g_test_init (argc, argv, NULL);
}
