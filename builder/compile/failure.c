#include "builder/compile/failure.h"

#include "builder/sandbox/session.h"

#include "oci/base/number.h"

#include <signal.h>
#include <string.h>

enum
{
  TAIL_LINES = 20,
  TAIL_LINE_LENGTH = 500,
  TAIL_LINE_START = 200, /* of a longer one; the rest is its end, where errors are */
  PATCH_FAILED = 1,      /* of patch(1): some hunks */
  PATCH_TROUBLE = 2,
  NOT_EXECUTABLE = 126, /* of a shell */
  NOT_EXECUTED = 127,
  OF_SIGNAL = 128, /* plus its number */
  MS_PER_SECOND = 1000,
};

#define NO_NETWORK "steps have no network: let ‘sources’ of the recipe name what they need"

#define NO_COMPILER                                                                                \
  "the file system that the recipe is compiled in has no compiler for it; add it to ‘in’"

#define NO_OWNERS                                                                                  \
  "steps cannot change owners, and need not: leave out chown, -o and -g of install, and "          \
  "--same-owner of tar"

/* Messages of programs, and advice for the author of a recipe. Those that are not for the last
 * lines alone are only written by what then fails, however much is written later. */
static const struct
{
  const char *text;
  const char *also; /* (nullable): in the same line */
  const char *advice;
  gboolean last;
} hints[] = {
  { "Could not resolve host", NULL, NO_NETWORK, FALSE },     /* curl, git */
  { "Couldn't resolve host", NULL, NO_NETWORK, FALSE },      /* CMake */
  { "unable to resolve host", NULL, NO_NETWORK, FALSE },     /* wget */
  { "bad address", NULL, NO_NETWORK, TRUE },                 /* busybox */
  { "no servers could be reached", NULL, NO_NETWORK, TRUE }, /* nslookup */
  { "ping: ", "ermission denied", NO_NETWORK, TRUE },
  { "ping: ", "not permitted", NO_NETWORK, TRUE },
  { "name resolution", NULL, NO_NETWORK, FALSE },            /* libc, Python, pip */
  { "Name or service not known", NULL, NO_NETWORK, FALSE },  /* libc */
  { "lookup address information", NULL, NO_NETWORK, FALSE }, /* cargo */
  { "dial tcp", NULL, NO_NETWORK, FALSE },                   /* Go */
  { "EAI_AGAIN", NULL, NO_NETWORK, FALSE },                  /* Node.js, npm */
  { "ENOTFOUND", "getaddrinfo", NO_NETWORK, FALSE },         /* the same */
  { "Failed to connect to", NULL, NO_NETWORK, FALSE },       /* curl, git */
  { "Couldn't connect to server", NULL, NO_NETWORK, FALSE }, /* curl, CMake */
  { "Network is unreachable", NULL, NO_NETWORK, FALSE },
  { "no acceptable C compiler found", NULL, NO_COMPILER, FALSE }, /* Autoconf */
  { "No CMAKE_C_COMPILER could", NULL, NO_COMPILER, FALSE },      /* CMake */
  { "No CMAKE_CXX_COMPILER could", NULL, NO_COMPILER, FALSE },    /* CMake */
  { "Unknown compiler(s)", NULL, NO_COMPILER, FALSE },            /* Meson */
  { "linker `", "not found", NO_COMPILER, FALSE },                /* cargo */
  { "error: command '", "No such file", NO_COMPILER, FALSE },     /* setuptools */
  { "No space left on device", NULL,
    "/tmp is full (‘tmp’ of the recipe is its limit, /dev/shm included), or the disk of the store",
    TRUE },
  { "ownership", "Invalid argument", NO_OWNERS, TRUE }, /* install, chown, GNU tar */
  { "chown", "Invalid argument", NO_OWNERS, TRUE },     /* busybox, Python, Perl */
  { "chgrp", "Invalid argument", NO_OWNERS, TRUE },
  { "changing group", "Invalid argument", NO_OWNERS, TRUE },
  { "ownership", "Operation not permitted", NO_OWNERS, TRUE },
  { "chown", "Operation not permitted", NO_OWNERS, TRUE },
  { "Operation not permitted", NULL,
    "steps are an ordinary user, who can neither change owners nor set set-user-ID bits", TRUE },
  { "Read-only file system", NULL,
    "steps can write below /tmp only: install with DESTDIR, which is set, before the prefix",
    TRUE },
};

static const char no_such_file[] = ": No such file or directory";

/* How programs say that another one was not found, at the end of a line. */
static const struct
{
  const char *end;
  const char *in; /* (nullable): what the line contains before */
} not_found[] = {
  { ": not found", NULL },         /* "sh: 1: exec: cmake: not found" */
  { ": command not found", NULL }, /* "sh: line 1: cmake: command not found" */
  { ": cannot execute: required file not found", NULL }, /* bash */
  { ": bad interpreter: No such file or directory", NULL },
  { no_such_file, "make" },   /* "make: gcc: No such file or directory" */
  { no_such_file, ": line" }, /* "/bin/sh: line 1: ./configure: No such file or directory" */
  { no_such_file, "env: " },  /* "/usr/bin/env: ‘python3’: No such file or directory" */
};

/* Returns: (transfer full): the last word of a message, without quotes */
static char *
take_program (const char *line, size_t len)
{
  static const char *const quotes[] = { "can't execute ", "‘", "’", "'", "`", "\"" };
  g_autofree char *text = g_strndup (line, len);
  const char *colon = strrchr (text, ':');
  g_autoptr (GString) word =
      g_string_new (colon != NULL ? colon + 1 + strspn (colon + 1, " ") : text);
  for (size_t i = 0; i < G_N_ELEMENTS (quotes); i++)
    g_string_replace (word, quotes[i], "", 0);
  return g_string_free (g_steal_pointer (&word), FALSE);
}

/* @shell_only: look only at messages of the shell, not of what it ran
 * Returns: (transfer full) (nullable): the program that a shell, make or env did not find */
static char *
missing_program (const char *output, gboolean shell_only)
{
  g_auto (GStrv) lines = g_strsplit (output, "\n", -1);
  for (guint n = g_strv_length (lines); n > 0; n--)
    for (size_t i = 0; i < G_N_ELEMENTS (not_found); i++)
      {
        char *line = g_strchomp (lines[n - 1]);
        if (!g_str_has_suffix (line, not_found[i].end)
            || (shell_only && !g_str_has_prefix (line, "/bin/sh: ")
                && !g_str_has_prefix (line, "sh: ")))
          continue;
        const size_t len = strlen (line) - strlen (not_found[i].end);
        if (not_found[i].in == NULL || g_strstr_len (line, (gssize) len, not_found[i].in) != NULL)
          return take_program (line, len);
      }
  return NULL;
}

/* A shell reports it, or what ran the shell, which has another exit code.
 * Returns: (transfer full) (nullable): the program */
static char *
find_missing (const TerraneStepEnd *end)
{
  const gboolean bad = end->exit_code == NOT_EXECUTABLE
                       && strstr (end->output, "bad interpreter: No such file") != NULL;
  if (bad || end->exit_code == NOT_EXECUTED || strstr (end->output, "] Error 127") != NULL)
    return missing_program (end->output, FALSE);
  return strstr (end->output, "ninja: build stopped") != NULL ? missing_program (end->output, TRUE)
                                                              : NULL;
}

/* Returns: (transfer full) */
static char *
describe_missing (const char *program)
{
  g_autofree char *quoted = oci_quote (program);
  const gboolean of_sources =
      strchr (program, '/') != NULL && (program[0] != '/' || g_str_has_prefix (program, "/tmp/"));
  if (g_str_has_suffix (program, "\r") || g_str_has_suffix (program, "\\r"))
    return g_strdup_printf ("failed: there is no program %s: the script has the line ends of "
                            "Windows, CR LF; write it with LF alone",
                            quoted);
  if (of_sources)
    return g_strdup_printf ("failed: there is no file %s; or there is one, but the program in its "
                            "first line (#!) is not in the file system that the recipe is compiled "
                            "in",
                            quoted);
  return g_strdup_printf ("failed: the file system that the recipe is compiled in has no program "
                          "%s; add it to ‘in’",
                          quoted);
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
  const gboolean patch = g_str_has_prefix (step, TERRANE_COMPILE_PATCH);
  if (patch && end->exit_code == PATCH_FAILED)
    return g_strdup ("does not apply to the sources");
  if (patch && end->exit_code == PATCH_TROUBLE)
    return g_strdup ("could not be applied (exit code 2): ‘patch’ takes it for malformed, or could "
                     "not write a file");
  g_autofree char *program = find_missing (end);
  if (program != NULL)
    return describe_missing (program);
  const int number = end->exit_code - OF_SIGNAL;
  if (number > 0 && number < NSIG && number <= SIGSYS)
    return g_strdup_printf ("failed with exit code %d, by which a shell says that signal %d (%s) "
                            "ended a program",
                            end->exit_code, number, g_strsignal (number));
  return g_strdup_printf ("failed with exit code %d", end->exit_code);
}

/* Adds a line; of a very long one the start and the end, or what was drawn last. */
static void
add_line (GString *text, const char *line)
{
  const char *shown = line;
  if (g_utf8_strlen (line, -1) > TAIL_LINE_LENGTH && strrchr (line, '\r') != NULL)
    shown = strrchr (line, '\r') + 1;
  const glong length = g_utf8_strlen (shown, -1);
  if (length <= TAIL_LINE_LENGTH)
    {
      g_string_append (text, shown);
      return;
    }
  const char *start = g_utf8_offset_to_pointer (shown, TAIL_LINE_START);
  g_string_append_len (text, shown, start - shown);
  g_string_append (text, "…");
  g_string_append (text,
                   g_utf8_offset_to_pointer (shown, length + TAIL_LINE_START - TAIL_LINE_LENGTH));
}

/* @lines: the output; @first: the first one to show
 * Returns: (transfer full): the last lines, indented */
static char *
make_tail (char *const *lines, guint first, guint n)
{
  g_autoptr (GString) text = g_string_new (NULL);
  for (guint i = first; i < n; i++)
    {
      g_string_append (text, "\n  ");
      add_line (text, lines[i]);
    }
  return g_string_free (g_steal_pointer (&text), FALSE);
}

/* Advice for the last line that has any. @first: the first line that is shown
 * Returns: (transfer full): it, with "; " before, or "" */
static char *
find_advice (char *const *lines, guint first, guint n)
{
  for (guint i = n; i > 0; i--)
    for (size_t j = 0; j < G_N_ELEMENTS (hints); j++)
      {
        const char *line = lines[i - 1];
        if ((hints[j].last && i <= first) || strstr (line, hints[j].text) == NULL
            || (hints[j].also != NULL && strstr (line, hints[j].also) == NULL))
          continue;
        if (i > first)
          return g_strconcat ("; ", hints[j].advice, NULL);
        g_autoptr (GString) text = g_string_new (NULL);
        add_line (text, line);
        g_autofree char *quoted = oci_quote (g_strstrip (text->str));
        return g_strdup_printf ("; %s. It wrote before: %s", hints[j].advice, quoted);
      }
  return g_strdup ("");
}

gboolean
terrane_compile_explain (const TerraneRecipe *recipe, const char *step, const TerraneStepEnd *end,
                         const char *log, GError **error)
{
  g_autofree char *how = describe_end (recipe, step, end);
  g_auto (GStrv) lines = g_strsplit (end->output, "\n", -1);
  guint n = g_strv_length (lines);
  for (guint i = 0; i < n; i++)
    while (g_str_has_suffix (lines[i], "\r"))
      lines[i][strlen (lines[i]) - 1] = '\0';
  while (n > 0 && lines[n - 1][0] == '\0')
    n--;
  const guint first = n > TAIL_LINES ? n - TAIL_LINES : 0;
  g_autofree char *tail = make_tail (lines, first, n);
  g_autofree char *advice = find_advice (lines, first, n);
  return oci_throw (error, OCI_ERROR_FORMAT, "%s %s%s%s%s%s", step, how, advice, tail,
                    log != NULL ? "\n  the whole log: " : "", log != NULL ? log : "");
}
