#include "builder/transform/compiler.h"

#include "builder/sandbox/bwrap.h"
#include "builder/sandbox/session.h"
#include "builder/transform/deadline-io.h"
#include "builder/transform/script.h"

#include "oci/base/fd.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

enum
{
  FILE_SECONDS = 120, /* for one file, or to start */
  MAX_TAG = 64,
  MAX_SHOWN_OUTPUT = 400,
  WORDS = 2, /* before each message: status or length of the name, length */
};

#define MAX_ANSWER_BYTES (UINT32_C (64) * 1024 * 1024)
#define MEMORY_BYTES (UINT64_C (4) * 1024 * 1024 * 1024)

struct _TerraneCompiler
{
  TerraneSession *session;
  OciFd socket;
  OciFd output; /* of the interpreter's stderr, a file */
  char *tag;
  gint64 deadline;      /* of the current operation */
  gint64 last_deadline; /* of all operations */
};

char **
terrane_compiler_env (const char *const *image)
{
  static const char *const names[] = { "PATH=", "LD_LIBRARY_PATH=", "PYTHONHOME=" };
  GPtrArray *env = g_ptr_array_new ();
  for (; image != NULL && *image != NULL; image++)
    for (size_t i = 0; i < G_N_ELEMENTS (names); i++)
      if (g_str_has_prefix (*image, names[i]))
        g_ptr_array_add (env, g_strdup (*image));
  g_ptr_array_add (env, g_strdup ("PYTHONHASHSEED=0"));
  g_ptr_array_add (env, g_strdup ("LC_ALL=C.UTF-8"));
  g_ptr_array_add (env, NULL);
  return (char **) g_ptr_array_free (env, FALSE);
}

void
terrane_compiler_free (TerraneCompiler *self)
{
  if (self == NULL)
    return;
  terrane_session_free (self->session);
  oci_fd_close (self->socket);
  oci_fd_close (self->output);
  g_free (self->tag);
  g_free (self);
}

/* Throws the interpreter's last output: it also has bubblewrap's reasons. */
static gboolean
throw_ended (TerraneCompiler *self, const char *what, GError **error)
{
  char buffer[MAX_SHOWN_OUTPUT + 1];
  ssize_t n = pread (self->output, buffer, MAX_SHOWN_OUTPUT, 0);
  buffer[MAX (n, 0)] = '\0';
  g_autofree char *valid = g_utf8_make_valid (g_strchomp (buffer), -1);
  g_autofree char *quoted = oci_quote (valid);
  if (g_str_has_prefix (valid, "bwrap: ")) /* the interpreter was never started */
    return terrane_bwrap_throw_not_made (valid, error);
  return oci_throw (error, OCI_ERROR_IO, "the image's Python %s%s%s", what,
                    valid[0] != '\0' ? ", having said " : "", valid[0] != '\0' ? quoted : "");
}

static gboolean
throw_unless_done (TerraneCompiler *self, TerraneIoResult result, GError **error)
{
  if (result == TERRANE_IO_ENDED)
    return throw_ended (self, "ended", error);
  if (result == TERRANE_IO_DONE)
    return TRUE;
  if (self->deadline >= self->last_deadline)
    return oci_throw (error, OCI_ERROR_TIMEOUT,
                      "compiling all files took more than %d minutes; \"bytecode\": false does "
                      "without",
                      TERRANE_COMPILER_TOTAL_MINUTES);
  return oci_throw (error, OCI_ERROR_TIMEOUT,
                    "the image's Python took more than %d s; \"exclude\" leaves a file out",
                    FILE_SECONDS);
}

static gboolean
send_all (TerraneCompiler *self, const void *data, size_t len, GError **error)
{
  return throw_unless_done (self, terrane_deadline_send (self->socket, data, len, self->deadline),
                            error);
}

static gboolean
receive_all (TerraneCompiler *self, void *data, size_t len, GError **error)
{
  return throw_unless_done (
      self, terrane_deadline_receive (self->socket, data, len, self->deadline), error);
}

static gboolean
receive (TerraneCompiler *self, uint32_t *out_status, GBytes **out_data, GError **error)
{
  uint32_t words[WORDS];
  if (!receive_all (self, words, sizeof words, error))
    return FALSE;
  uint32_t len = GUINT32_FROM_LE (words[1]);
  if (len > MAX_ANSWER_BYTES)
    return oci_throw (error, OCI_ERROR_LIMIT, "the image's Python made more than %u bytes of it",
                      MAX_ANSWER_BYTES);
  g_autofree char *data = g_malloc (MAX (len, 1));
  if (!receive_all (self, data, len, error))
    return FALSE;
  *out_status = GUINT32_FROM_LE (words[0]);
  *out_data = g_bytes_new_take (g_steal_pointer (&data), len);
  return TRUE;
}

/* The tag becomes part of file names. */
static gboolean
take_tag (TerraneCompiler *self, GBytes *data, GError **error)
{
  gsize len = 0;
  const char *text = g_bytes_get_data (data, &len);
  gboolean good = len > 0 && len <= MAX_TAG;
  for (gsize i = 0; good && i < len; i++)
    good = g_ascii_isalnum (text[i]) || text[i] == '-' || text[i] == '_';
  if (!good)
    return oci_throw (error, OCI_ERROR_FORMAT, "the image's Python has no name for bytecode files");
  self->tag = g_strndup (text, len);
  return TRUE;
}

static void
begin_work (TerraneCompiler *self)
{
  self->deadline =
      MIN (g_get_monotonic_time () + FILE_SECONDS * (gint64) G_USEC_PER_SEC, self->last_deadline);
}

/* Called on a thread of the session: wakes the thread that waits for an answer. */
static void
on_ended (G_GNUC_UNUSED const TerraneSessionEnd *end, gpointer data)
{
  const TerraneCompiler *self = data;
  (void) shutdown (self->socket, SHUT_RDWR); /* also fails if the other end is closed */
}

static gboolean
start (TerraneCompiler *self, const TerraneInterpreter *interpreter, const char *root,
       TerraneSandboxKind kind, GError **error)
{
  int pair[2];
  self->output = memfd_create ("python-output", MFD_CLOEXEC);
  if (self->output < 0 || socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0)
    return oci_throw_errno (error, "starting Python");
  self->socket = pair[0];
  g_auto (OciFd) theirs = pair[1];
  g_autofree char *script = terrane_transform_script ("compile.py");
  /* Not -I, with which it would ignore PYTHONHASHSEED: its environment has nothing else. */
  const char *const argv[] = { interpreter->path, "-S", "-s", "-B", "-c", script, NULL };
  const int stdio[] = { theirs, theirs, self->output };
  const TerraneSessionOptions options = {
    .memory_bytes = MEMORY_BYTES, .stdio = stdio, .ended = on_ended, .ended_data = self
  };
  g_auto (TerraneEmulator) emulator = { 0 };
  if (interpreter->emulated != NULL)
    terrane_emulator_find_here (interpreter->emulated, &emulator);
  /* podman would create files of its own in this machine's root. */
  if (interpreter->is_host && kind == TERRANE_SANDBOX_PODMAN)
    kind = TERRANE_SANDBOX_BUBBLEWRAP;
  const TerraneSandbox sandbox = { .root = root,
                                   .kind = kind,
                                   .env = (const char *const *) interpreter->env,
                                   .emulator = interpreter->emulated != NULL ? &emulator : NULL };
  self->session = terrane_session_start (&sandbox, argv, &options, NULL, error);
  if (self->session == NULL)
    return FALSE;
  terrane_session_release (self->session);
  return TRUE;
}

TerraneCompiler *
terrane_compiler_new (const TerraneInterpreter *interpreter, const char *root,
                      TerraneSandboxKind kind, gint64 deadline, GError **error)
{
  uint32_t status = 0;
  g_autoptr (GBytes) tag = NULL;
  g_autoptr (TerraneCompiler) self = g_new0 (TerraneCompiler, 1);
  self->socket = self->output = -1;
  self->last_deadline = deadline;
  begin_work (self);
  OCI_PREFIX (error, "%s", interpreter->path);
  if (!start (self, interpreter, root, kind, error) || !receive (self, &status, &tag, error)
      || !take_tag (self, tag, error))
    return NULL;
  return g_steal_pointer (&self);
}

const char *
terrane_compiler_tag (const TerraneCompiler *self)
{
  return self->tag;
}

gboolean
terrane_compiler_compile (TerraneCompiler *self, const char *path, GBytes *source,
                          GBytes **out_code, char **out_problem, GError **error)
{
  uint32_t status = 0;
  gsize len = 0;
  g_autofree char *name = g_strconcat ("/", path, NULL);
  g_autoptr (GBytes) answer = NULL;
  const void *data = g_bytes_get_data (source, &len);
  const uint32_t words[WORDS] = { GUINT32_TO_LE ((uint32_t) strlen (name)),
                                  GUINT32_TO_LE ((uint32_t) len) };
  *out_code = NULL;
  *out_problem = NULL;
  begin_work (self);
  if (!send_all (self, words, sizeof words, error) || !send_all (self, name, strlen (name), error)
      || !send_all (self, data, len, error) || !receive (self, &status, &answer, error))
    return FALSE;
  if (status == 0)
    {
      *out_code = g_steal_pointer (&answer);
      return TRUE;
    }
  g_autofree char *text = g_strndup (g_bytes_get_data (answer, NULL),
                                     MIN (g_bytes_get_size (answer), MAX_SHOWN_OUTPUT));
  g_autofree char *valid = g_utf8_make_valid (text, -1);
  *out_problem = oci_quote (valid);
  return TRUE;
}
