#include "builder/compile/failure.h"

#include <string.h>

enum
{
  TAIL_LINES = 20,
  NOT_EXECUTED = 127,
  MS_PER_SECOND = 1000,
};

/* What a program says, and what a recipe's author should know then. */
static const struct
{
  const char *text;
  const char *advice;
} hints[] = {
  { "Could not resolve host",
    "steps have no network: let ‘sources’ of the recipe name what they need" },
  { "Temporary failure in name resolution",
    "steps have no network: let ‘sources’ of the recipe name what they need" },
  { "Network is unreachable",
    "steps have no network: let ‘sources’ of the recipe name what they need" },
  { "No space left on device", "/tmp is full (see ‘tmp’ of the recipe), or the disk of the store" },
  { "Read-only file system",
    "steps can write below /tmp only: install with DESTDIR, which is set, before the prefix" },
};

/* The program that a shell did not find: "sh: 1: exec: cmake: not found", "sh: line 1: cmake:
 * command not found". Returns: (transfer full) (nullable) */
static char *
missing_program (const char *output)
{
  static const char *const ends[] = { ": not found", ": command not found" };
  g_auto (GStrv) lines = g_strsplit (output, "\n", -1);
  for (guint n = g_strv_length (lines); n > 0; n--)
    for (size_t i = 0; i < G_N_ELEMENTS (ends); i++)
      {
        char *line = lines[n - 1];
        if (!g_str_has_suffix (line, ends[i]))
          continue;
        line[strlen (line) - strlen (ends[i])] = '\0';
        const char *colon = strrchr (line, ':');
        return g_strdup (colon != NULL ? colon + 1 + strspn (colon + 1, " ") : line);
      }
  return NULL;
}

/* Returns: (transfer full) */
static char *
describe_end (const TerraneRecipe *recipe, const TerraneProcessResult *result)
{
  if (result->timed_out)
    return g_strdup_printf ("was killed: the recipe's ‘timeout’ of %" G_GUINT64_FORMAT
                            " seconds had passed",
                            recipe->timeout_ms / MS_PER_SECOND);
  if (result->out_of_memory)
    return g_strdup_printf (
        "was killed: it used more than the recipe's ‘memory’ of %" G_GUINT64_FORMAT " bytes",
        recipe->memory_bytes);
  if (result->exit_code < 0)
    return g_strdup_printf ("was ended by signal %d (%s)", result->signal,
                            g_strsignal (result->signal));
  g_autofree char *program =
      result->exit_code == NOT_EXECUTED ? missing_program (result->output) : NULL;
  if (program == NULL)
    return g_strdup_printf ("failed with exit code %d", result->exit_code);
  g_autofree char *quoted = oci_quote (program);
  return g_strdup_printf ("failed: the file system that the recipe is compiled in has no program "
                          "%s; add it to ‘in’",
                          quoted);
}

/* The last lines, indented. Returns: (transfer full) */
static char *
make_tail (const char *output)
{
  g_auto (GStrv) lines = g_strsplit (output, "\n", -1);
  g_autoptr (GString) text = g_string_new (NULL);
  guint n = g_strv_length (lines);
  while (n > 0 && lines[n - 1][0] == '\0')
    n--;
  for (guint i = n > TAIL_LINES ? n - TAIL_LINES : 0; i < n; i++)
    g_string_append_printf (text, "\n  %s", lines[i]);
  return g_string_free (g_steal_pointer (&text), FALSE);
}

gboolean
terrane_compile_explain (const TerraneRecipe *recipe, const char *step,
                         const TerraneProcessResult *result, const char *log, GError **error)
{
  g_autofree char *end = describe_end (recipe, result);
  g_autofree char *tail = make_tail (result->output);
  const char *advice = NULL;
  for (size_t i = 0; i < G_N_ELEMENTS (hints) && advice == NULL; i++)
    if (strstr (tail, hints[i].text) != NULL)
      advice = hints[i].advice;
  return oci_throw (error, OCI_ERROR_FORMAT, "%s %s%s%s%s%s%s", step, end,
                    advice != NULL ? "; " : "", advice != NULL ? advice : "", tail,
                    log != NULL ? "\n  the whole log: " : "", log != NULL ? log : "");
}
