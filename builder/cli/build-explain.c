#include "builder/cli/build-explain.h"

#include "builder/cli/table.h"
#include "builder/cli/terminal.h"

#include "oci/base/number.h"

#include <string.h>

enum
{
  MAX_PACKAGES = 2, /* of a layer, by name */
};

const char *
terrane_build_explain_text (const json_t *row, const char *member)
{
  const char *text = json_string_value (json_object_get (row, member));
  return text != NULL ? text : "";
}

char *
terrane_build_explain_name (const json_t *step)
{
  size_t i;
  json_t *package;
  const json_t *packages = json_object_get (step, "packages");
  g_autoptr (GString) name = g_string_new (terrane_build_explain_text (step, "name"));
  json_array_foreach ((json_t *) packages, i, package)
  {
    if (i < MAX_PACKAGES)
      g_string_append_printf (name, "%s%s", i == 0 ? ": " : ", ", json_string_value (package));
  }
  if (json_array_size (packages) > MAX_PACKAGES)
    g_string_append (name, ", …");
  return g_strdup (name->str);
}

void
terrane_build_explain_print_shared (const json_t *explanation)
{
  size_t i;
  json_t *cause;
  json_array_foreach (json_object_get (explanation, "causes"), i, cause)
  {
    const char *kind = terrane_build_explain_text (cause, "kind");
    const char *text = terrane_build_explain_text (cause, "text");
    if (strcmp (kind, "tools") == 0)
      terrane_print ("terrane is another one: %s\n", text);
    else if (strcmp (kind, "order") == 0)
      terrane_print ("the trees are others: %s%s%s\n", terrane_build_explain_text (cause, "name"),
                     json_object_get (cause, "name") != NULL ? ": " : "", text);
  }
}

static void
add_row (TerraneTable *table, const json_t *step)
{
  const json_t *reasons = json_object_get (step, "reasons");
  const json_t *size = json_object_get (step, "size");
  g_autofree char *name = terrane_build_explain_name (step);
  g_autofree char *bytes =
      size != NULL ? oci_format_size ((uint64_t) json_integer_value (size)) : g_strdup ("");
  for (size_t i = 0; i == 0 || i < json_array_size (reasons); i++)
    {
      const char *reason = json_string_value (json_array_get (reasons, i));
      const char *const cells[] = { i > 0 ? "" : terrane_build_explain_text (step, "step"),
                                    i > 0 ? "" : name,
                                    i > 0 ? "" : terrane_build_explain_text (step, "result"),
                                    i > 0 ? "" : bytes, reason != NULL ? reason : "" };
      terrane_table_add (table, cells);
    }
}

void
terrane_build_explain_print (const json_t *explanation)
{
  static const char *const headings[] = { "STEP", "NAME", "RESULT", ">SIZE", "WHY", NULL };
  g_autoptr (TerraneTable) table = terrane_table_new (headings);
  size_t i;
  json_t *step;
  if (json_object_get (explanation, "since") != NULL)
    terrane_print ("since the build of %.19s:\n",
                   terrane_build_explain_text (explanation, "since"));
  terrane_build_explain_print_shared (explanation);
  json_array_foreach (json_object_get (explanation, "steps"), i, step) add_row (table, step);
  terrane_table_print (table);
  terrane_print ("\n");
}
