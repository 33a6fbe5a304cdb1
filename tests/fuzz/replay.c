/* Runs a target over files and directories of inputs, without libFuzzer: the corpus as a test. */
#include "fuzz.h"

#include <glib.h>
#include <locale.h>
#include <stdio.h>

static unsigned
replay_file (const char *path)
{
  g_autofree char *content = NULL;
  gsize size = 0;
  g_autoptr (GError) error = NULL;
  if (!g_file_get_contents (path, &content, &size, &error))
    g_error ("%s", error->message);
  fprintf (stderr, "%s\n", path);
  /* A copy of exactly that size, so that AddressSanitizer sees a read past the end. */
  g_autofree uint8_t *data = g_memdup2 (content, size);
  (void) LLVMFuzzerTestOneInput (data, size); /* always 0 */
  return 1;
}

static unsigned
replay (const char *path)
{
  g_autoptr (GDir) directory = g_dir_open (path, 0, NULL);
  unsigned n = 0;
  if (directory == NULL)
    return replay_file (path);
  for (const char *name; (name = g_dir_read_name (directory)) != NULL;)
    {
      g_autofree char *child = g_build_filename (path, name, NULL);
      n += replay (child);
    }
  return n;
}

int
main (int argc, char **argv)
{
  unsigned n = 0;
  if (setlocale (LC_CTYPE, "C.UTF-8") == NULL)
    g_error ("the locale C.UTF-8 is missing");
  for (int i = 1; i < argc; i++)
    n += replay (argv[i]);
  fprintf (stderr, "%u inputs\n", n);
  return n > 0 ? 0 : 1; /* an empty corpus tests nothing */
}
