#include "builder/compile/failure.h"

#include "builder/sandbox/session.h"

#include "oci/base/number.h"

#include <string.h>

enum
{
  TAIL_LINES = 20,
  TAIL_LINE_LENGTH = 500,
  PATCH_FAILED = 1,   /* of patch(1): some hunks */
  NOT_EXECUTED = 127, /* of a shell */
  OF_MAKE = 2,        /* in missing_program() */
  MS_PER_SECOND = 1000,
};

#define NO_NETWORK "steps have no network: let ‘sources’ of the recipe name what they need"

#define NO_COMPILER                                                                                \
  "the file system that the recipe is compiled in has no compiler for it; add it to ‘in’"

/* Messages of programs, and advice for the author of a recipe. */
static const struct
{
  const char *text;
  const char *advice;
} hints[] = {
  { "Could not resolve host", NO_NETWORK },     /* curl, git */
  { "Couldn't resolve host", NO_NETWORK },      /* CMake */
  { "unable to resolve host", NO_NETWORK },     /* wget */
  { "bad address", NO_NETWORK },                /* busybox */
  { "name resolution", NO_NETWORK },            /* libc, Python, pip */
  { "Name or service not known", NO_NETWORK },  /* libc */
  { "lookup address information", NO_NETWORK }, /* cargo */
  { "dial tcp", NO_NETWORK },                   /* Go */
  { "Network is unreachable", NO_NETWORK },
  { "no acceptable C compiler found", NO_COMPILER }, /* Autoconf */
  { "No CMAKE_C_COMPILER could", NO_COMPILER },      /* CMake */
  { "No CMAKE_CXX_COMPILER could", NO_COMPILER },    /* CMake */
  { "Unknown compiler(s)", NO_COMPILER },            /* Meson */
  { "No space left on device", "/tmp is full (‘tmp’ of the recipe is its limit, /dev/shm "
                               "included), or the disk of the store" },
  { "Operation not permitted",
    "steps are an ordinary user, who can neither change owners nor set set-user-ID bits" },
  { "Read-only file system",
    "steps can write below /tmp only: install with DESTDIR, which is set, before the prefix" },
};

/* Returns: (transfer full) (nullable): the program that a shell or make did not find: "sh: 1: exec:
 * cmake: not found", "sh: line 1: cmake: command not found", "make: gcc: No such file or
 * directory" */
static char *
missing_program (const char *output)
{
  static const char *const ends[] = { ": not found", ": command not found",
                                      ": No such file or directory" };
  g_auto (GStrv) lines = g_strsplit (output, "\n", -1);
  for (guint n = g_strv_length (lines); n > 0; n--)
    for (size_t i = 0; i < G_N_ELEMENTS (ends); i++)
      {
        char *line = lines[n - 1];
        if (!g_str_has_suffix (line, ends[i]) || (i == OF_MAKE && !g_str_has_prefix (line, "make")))
          continue;
        line[strlen (line) - strlen (ends[i])] = '\0';
        const char *colon = strrchr (line, ':');
        return g_strdup (colon != NULL ? colon + 1 + strspn (colon + 1, " ") : line);
      }
  return NULL;
}

/* Either a shell reports it, or make, which has another exit code. */
static gboolean
lacks_program (const TerraneStepEnd *end)
{
  return end->exit_code == NOT_EXECUTED || strstr (end->output, "] Error 127") != NULL;
}

/* Returns: (transfer full) (nullable): why it was killed */
static char *
describe_kill (const TerraneRecipe *recipe, const TerraneStepEnd *end)
{
  g_autofree char *memory = oci_format_size (recipe->memory_bytes);
  g_autofree char *disk = oci_format_size (recipe->disk_bytes);
  if (end->timed_out)
    return g_strdup_printf ("the %" G_GUINT64_FORMAT
                            " s of the recipe's ‘timeout’ for all steps were over",
                            recipe->timeout_ms / MS_PER_SECOND);
  if (end->out_of_memory)
    return g_strdup_printf ("it used more than the recipe's ‘memory’ of %s", memory);
  if (end->out_of_disk && end->too_deep)
    return g_strdup_printf ("directories in /tmp/build are more than %d deep",
                            TERRANE_DISK_MAX_DEPTH);
  if (end->out_of_disk)
    return g_strdup_printf ("there was more than the recipe's ‘disk’ of %s in /tmp/build", disk);
  if (end->too_many_processes)
    return g_strdup_printf ("it had more than %d processes and threads",
                            TERRANE_SESSION_MAX_PROCESSES);
  return end->unwatched ? g_strdup (TERRANE_SESSION_UNWATCHED) : NULL;
}

/* Returns: (transfer full) */
static char *
describe_end (const TerraneRecipe *recipe, const char *step, const TerraneStepEnd *end)
{
  g_autofree char *kill = describe_kill (recipe, end);
  if (kill != NULL)
    return g_strdup_printf ("was killed: %s", kill);
  if (end->not_executed)
    return g_strdup ("could not be started: the file system that the recipe is compiled in has no "
                     "/bin/sh that runs here; add it to ‘in’");
  if (end->exit_code < 0)
    return g_strdup_printf ("was ended by signal %d (%s)", end->signal, g_strsignal (end->signal));
  if (end->exit_code == PATCH_FAILED && g_str_has_prefix (step, TERRANE_COMPILE_PATCH))
    return g_strdup ("does not apply to the sources");
  g_autofree char *program = lacks_program (end) ? missing_program (end->output) : NULL;
  if (program == NULL)
    return g_strdup_printf ("failed with exit code %d", end->exit_code);
  g_autofree char *quoted = oci_quote (program);
  return g_strdup_printf ("failed: the file system that the recipe is compiled in has no program "
                          "%s; add it to ‘in’",
                          quoted);
}

/* Returns: (transfer full): the last lines, indented */
static char *
make_tail (const char *output)
{
  g_auto (GStrv) lines = g_strsplit (output, "\n", -1);
  g_autoptr (GString) text = g_string_new (NULL);
  guint n = g_strv_length (lines);
  while (n > 0 && lines[n - 1][0] == '\0')
    n--;
  for (guint i = n > TAIL_LINES ? n - TAIL_LINES : 0; i < n; i++)
    {
      const char *end = g_utf8_strlen (lines[i], -1) > TAIL_LINE_LENGTH
                            ? g_utf8_offset_to_pointer (lines[i], TAIL_LINE_LENGTH)
                            : NULL;
      g_string_append (text, "\n  ");
      g_string_append_len (text, lines[i], end != NULL ? end - lines[i] : -1);
      g_string_append (text, end != NULL ? "…" : "");
    }
  return g_string_free (g_steal_pointer (&text), FALSE);
}

gboolean
terrane_compile_explain (const TerraneRecipe *recipe, const char *step, const TerraneStepEnd *end,
                         const char *log, GError **error)
{
  g_autofree char *how = describe_end (recipe, step, end);
  g_autofree char *tail = make_tail (end->output);
  const char *advice = NULL;
  for (size_t i = 0; i < G_N_ELEMENTS (hints) && advice == NULL; i++)
    if (strstr (tail, hints[i].text) != NULL)
      advice = hints[i].advice;
  return oci_throw (error, OCI_ERROR_FORMAT, "%s %s%s%s%s%s%s", step, how,
                    advice != NULL ? "; " : "", advice != NULL ? advice : "", tail,
                    log != NULL ? "\n  the whole log: " : "", log != NULL ? log : "");
}
