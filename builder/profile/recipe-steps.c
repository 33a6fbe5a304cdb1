#include "builder/profile/recipe-steps.h"

#include "builder/profile/recipe-variables.h"

#include <string.h>

enum
{
  MAX_WORD = 128 * 1024, /* Linux: MAX_ARG_STRLEN, with the NUL */
};

/* Notes a problem if the kernel would not pass a word of @len bytes. */
static void
check_length (const OciJson *at, size_t len)
{
  if (len >= MAX_WORD)
    oci_json_problem (at,
                      "is longer than the %d bytes that a program can get as one argument or "
                      "variable; a ‘script’ can be longer",
                      MAX_WORD - 1);
}

/* A line for a shell, or a program and its arguments. Returns: (transfer full) (nullable) */
static char **
read_step (const OciJson *at)
{
  char **argv = NULL;
  if (json_is_string (at->value))
    {
      const char *const words[] = { "/bin/sh", "-euc", json_string_value (at->value), NULL };
      if (words[2][strspn (words[2], " \t\n")] == '\0')
        oci_json_problem (at, "is empty");
      check_length (at, strlen (words[2]));
      return g_strdupv ((char **) words);
    }
  if (!json_is_array (at->value))
    {
      oci_json_problem (at, "expected a program and its arguments as an array, or a line for sh");
      return NULL;
    }
  if (!oci_json_strv (at, TERRANE_PROFILE_MAX_STRINGS, &argv))
    return NULL;
  if (argv[0] == NULL || argv[0][0] == '\0')
    oci_json_problem (at, "names no program");
  for (char **word = argv; *word != NULL; word++)
    check_length (at, strlen (*word));
  return argv;
}

static void
read_steps (const TerraneField *field, G_GNUC_UNUSED const TerraneProfileReader *reader,
            const OciJson *at, gpointer value)
{
  GPtrArray **steps = value;
  size_t length = 0;
  if (!oci_json_array (at, (size_t) field->max, &length))
    return;
  if (length == 0)
    oci_json_problem (at, "is empty");
  for (size_t i = 0; i < length; i++)
    {
      OciJson element;
      oci_json_element (at, i, &element);
      char **argv = read_step (&element);
      if (argv != NULL)
        g_ptr_array_add (*steps, argv);
    }
}

static void
init_steps (G_GNUC_UNUSED const TerraneField *field, gpointer value)
{
  *(GPtrArray **) value = g_ptr_array_new_with_free_func ((GDestroyNotify) g_strfreev);
}

static void
clear_steps (G_GNUC_UNUSED const TerraneField *field, gpointer value)
{
  g_clear_pointer ((GPtrArray **) value, g_ptr_array_unref);
}

const TerraneFieldType terrane_recipe_steps_type = {
  .name = "steps", .json = "array", .init = init_steps, .read = read_steps, .clear = clear_steps
};

void
terrane_recipe_check_lengths (const OciJson *at, const json_t *environment,
                              const GPtrArray *variables)
{
  OciJson section, member;
  const char *name;
  json_t *value;
  json_object_foreach ((json_t *) environment, name, value)
  {
    if (oci_json_member (at, "environment", &section) && oci_json_member (&section, name, &member))
      check_length (&member, strlen (name) + 1 + json_string_length (value));
  }
  for (guint i = 0; i < variables->len; i++)
    {
      const TerraneRecipeVariable *variable = variables->pdata[i];
      if (variable->name == NULL || variable->values == NULL
          || !oci_json_member (at, "variables", &section))
        continue;
      oci_json_element (&section, i, &member);
      for (char **each = variable->values; *each != NULL; each++)
        check_length (&member, strlen (variable->name) + 1 + strlen (*each));
    }
}
