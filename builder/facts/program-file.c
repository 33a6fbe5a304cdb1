#include "builder/facts/program-file.h"

#include "builder/store/object.h"

#include <string.h>

enum
{
  MAX_LINE = 255,  /* BINPRM_BUF_SIZE of the kernel, minus the terminating 0 */
  MAX_SCRIPTS = 5, /* levels of interpreters that the kernel follows */
};

typedef struct
{
  const TerraneImageView *view;
  const char *directory;
  char **problem;
  char **fix;
} Check;

static gboolean
read_head (const TerraneImageView *view, const TerraneNode *node, char *head, size_t *out_size,
           GError **error)
{
  g_auto (OciFd) fd = -1;
  return terrane_object_open (view->store, &node->object, &fd, error)
         && oci_read_full (fd, head, MAX_LINE, out_size, error);
}

static void
note (const Check *self, const char *fix, char *problem)
{
  *self->problem = problem;
  *self->fix = g_strdup (fix);
}

static const char *const unix_lines =
    "save it with the line ends of Unix (dos2unix; .gitattributes: *.sh text eol=lf)";

/* @head: start of the file, which is not a "#!" */
static void
check_start (const Check *self, const char *head, size_t size)
{
  if (size >= 4 && memcmp (head, "\177ELF", 4) == 0)
    return; /* the checks of libraries examine these */
  if (size == 0)
    note (self, NULL, g_strdup ("is empty: \"exec format error\""));
  else if (size >= 3 && memcmp (head, "\357\273\277", 3) == 0)
    note (self, "save it as UTF-8 without BOM",
          g_strdup ("begins with a byte order mark, so that the kernel does not see its \"#!\": "
                    "\"exec format error\""));
  else
    note (self, "put the interpreter into its first line, such as #!/bin/sh",
          g_strdup ("is neither a program for Linux nor a script that begins with \"#!\": \"exec "
                    "format error\""));
}

/* Returns: (transfer full) (nullable): the program that env(1) starts: the first word that is
 * neither an option nor a variable */
static char *
find_env_program (const char *arguments)
{
  g_auto (GStrv) words = g_strsplit_set (arguments, " \t", -1);
  for (char **word = words; *word != NULL; word++)
    {
      const char *text = g_str_has_prefix (*word, "-S") ? *word + 2 : *word;
      if (text[0] != '\0' && text[0] != '-' && strchr (text, '=') == NULL)
        return g_strdup (text);
    }
  return NULL;
}

static gboolean
is_executable (const TerraneNode *node)
{
  return node->type == OCI_ENTRY_FILE && (node->mode & 0001) != 0;
}

/* @name: program in the script's first line. Returns: (nullable): its file, if there is no
 * problem */
static const TerraneNode *
find_interpreter (const Check *self, const char *name)
{
  const TerraneNode *node = terrane_image_view_program (self->view, self->directory, name);
  g_autofree char *quoted = oci_quote (name);
  if (node == NULL)
    note (self, "add the interpreter to the image, or name one that it has",
          g_strdup_printf ("is a script for %s, which is not in the image: \"no such file or "
                           "directory\"",
                           quoted));
  else if (!is_executable (node))
    note (self, "chmod 755",
          g_strdup_printf ("is a script for %s, which is not a file that every user may execute",
                           quoted));
  return *self->problem == NULL ? node : NULL;
}

/* Returns: (nullable): the interpreter of a script, whose first line is @line without "#!" */
static const TerraneNode *
check_line (const Check *self, char *line)
{
  char *carriage = strchr (line, '\r');
  char *program = line + strspn (line, " \t");
  size_t len = strcspn (program, " \t");
  char *arguments = program + len + (program[len] != '\0');
  program[len] = '\0';
  if (carriage != NULL)
    {
      *carriage = '\0';
      g_autofree char *quoted = oci_quote (program);
      note (
          self, unix_lines,
          g_strdup_printf ("is a script whose lines end as on Windows (CR LF), so that it asks for "
                           "an interpreter %s with a carriage return: \"no such file or "
                           "directory\"",
                           quoted));
      return NULL;
    }
  if (program[0] == '\0')
    {
      note (self, "name the interpreter, such as #!/bin/sh",
            g_strdup ("is a script that names no interpreter after \"#!\": \"exec format error\""));
      return NULL;
    }
  g_autofree char *relative =
      strchr (program, '/') == NULL ? g_strconcat ("./", program, NULL) : NULL;
  const TerraneNode *node = find_interpreter (self, relative != NULL ? relative : program);
  const char *slash = strrchr (program, '/');
  g_autofree char *started = node != NULL && slash != NULL && strcmp (slash, "/env") == 0
                                 ? find_env_program (arguments)
                                 : NULL;
  return started != NULL ? find_interpreter (self, started) : node;
}

gboolean
terrane_program_file_problem (const TerraneImageView *view, const TerraneNode *node,
                              const char *directory, char **out_problem, char **out_fix,
                              GError **error)
{
  const Check self = { view, directory, out_problem, out_fix };
  *out_problem = *out_fix = NULL;
  for (int i = 0;
       view->store != NULL && i < MAX_SCRIPTS && node != NULL && node->type == OCI_ENTRY_FILE; i++)
    {
      char head[MAX_LINE + 1] = { 0 };
      size_t size = 0;
      if (!read_head (view, node, head, &size, error))
        return FALSE;
      if (size < 2 || head[0] != '#' || head[1] != '!')
        {
          if (i == 0) /* problems of an interpreter appear when it is loaded */
            check_start (&self, head, size);
          return TRUE;
        }
      head[strcspn (head, "\n")] = '\0';
      node = check_line (&self, head + 2);
    }
  return TRUE;
}
