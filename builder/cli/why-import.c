#include "builder/cli/why-import.h"

#include "builder/cli/command.h"
#include "builder/cli/table.h"
#include "builder/cli/terminal.h"
#include "builder/validate.h"

#include "oci/base/number.h"

enum
{
  SHOWN_FILES = 10,
};

static uint64_t
number_of (const json_t *object, const char *key)
{
  json_int_t number = json_integer_value (json_object_get (object, key));
  return number > 0 ? (uint64_t) number : 0;
}

static char *
milliseconds (uint64_t usecs)
{
  return g_strdup_printf ("%.1f ms", (double) usecs / 1000);
}

static void
print_modules (const json_t *modules)
{
  static const char *const headings[] = { "MODULE", ">ITSELF", ">WITH WHAT IT IMPORTS", NULL };
  g_autoptr (TerraneTable) table = terrane_table_new (headings);
  size_t i;
  const json_t *module;
  json_array_foreach (modules, i, module)
  {
    g_autofree char *own = milliseconds (number_of (module, "self_usecs"));
    g_autofree char *total = milliseconds (number_of (module, "total_usecs"));
    const char *const cells[] = { json_string_value (json_object_get (module, "name")), own,
                                  total };
    terrane_table_add (table, cells);
  }
  terrane_table_print (table);
}

static void
print_files (const json_t *files)
{
  static const char *const headings[] = { "FILE", ">READ", NULL };
  g_autoptr (TerraneTable) table = terrane_table_new (headings);
  size_t i;
  const json_t *file;
  json_array_foreach (files, i, file)
  {
    if (i >= SHOWN_FILES)
      break;
    g_autofree char *bytes = oci_format_size (number_of (file, "bytes"));
    const char *const cells[] = { json_string_value (json_object_get (file, "path")), bytes };
    terrane_table_add (table, cells);
  }
  terrane_table_print (table);
}

static void
print_answer (const json_t *document)
{
  uint64_t cold = number_of (document, "cold_usecs");
  g_autofree char *warm_text = milliseconds (number_of (document, "warm_median_usecs"));
  g_autofree char *cold_text = milliseconds (cold);
  g_autofree char *read = oci_format_size (number_of (document, "cold_read_bytes"));
  g_autofree char *module = oci_show (json_string_value (json_object_get (document, "import")));
  terrane_print ("%s takes %s with its files in memory", module, warm_text);
  if (cold > 0)
    terrane_print (", %s without, and reads %s\n\n", cold_text, read);
  else
    terrane_print ("; this machine does not take them out of memory\n\n");
  print_modules (json_object_get (document, "modules"));
  if (cold > 0)
    {
      terrane_print ("\n");
      print_files (json_object_get (document, "cold_files"));
    }
}

/* Returns: (transfer full) (nullable) */
static json_t *
measure (const TerraneGlobal *global, const TerraneFunction *function, const char *module,
         TerraneSandboxKind sandbox, GError **error)
{
  g_autoptr (OciJsonValue) results = NULL;
  g_autoptr (GPtrArray) scripts = g_ptr_array_new ();
  TerraneValidateSpec spec = { 0 };
  TerraneLimitsSpec limits = { 0 };
  const char *const imports[] = { module, NULL };
  terrane_validate_spec_init (&spec);
  terrane_limits_spec_init (&limits);
  spec.imports = g_strdupv ((char **) imports);
  g_autoptr (TerraneTerminal) terminal = terrane_terminal_new (&global->output);
  const TerraneValidateRun run = { .root = function->rootfs.path,
                                   .config = function->rootfs.config,
                                   .spec = &spec,
                                   .limits = &limits,
                                   .sandbox = sandbox,
                                   .scripts = scripts,
                                   .emulator = &function->emulator,
                                   .measure = TRUE,
                                   .progress = terrane_terminal_progress (terminal) };
  gboolean ok = terrane_validate_root (&run, &results, error);
  terrane_terminal_finish_phase (terminal);
  terrane_validate_spec_clear (&spec);
  terrane_limits_spec_clear (&limits);
  if (!ok || !terrane_validate_judge (results, error))
    return NULL;
  return json_incref (json_object_get (json_array_get (results, 0), "import"));
}

gboolean
terrane_why_import (const TerraneGlobal *global, const char *image, const char *module,
                    const TerraneFunctionArguments *arguments, GError **error)
{
  static const char *const members[] = { "warm_median_usecs", "cold_usecs", "cold_read_bytes",
                                         "cold_files", "modules" };
  g_auto (TerraneFunction) function = { 0 };
  OCI_PREFIX (error, "why: %s", image);
  terrane_sandbox_warn (arguments->sandbox);
  if (!terrane_function_open (global, image, arguments, &function, error))
    return FALSE;
  g_autoptr (OciJsonValue) import = measure (global, &function, module, arguments->sandbox, error);
  if (import == NULL)
    return FALSE;
  g_autoptr (OciJsonValue) document = json_object ();
  g_autofree char *emulated = terrane_emulator_describe (&function.emulator);
  oci_json_set (document, "import", oci_json_text (module));
  oci_json_set_text (document, "emulator", emulated);
  for (gsize i = 0; i < G_N_ELEMENTS (members); i++)
    {
      json_t *value = json_object_get (import, members[i]);
      if (value != NULL)
        oci_json_set (document, members[i], json_incref (value));
    }
  if (global->output.json)
    terrane_print_json (document);
  else
    print_answer (document);
  return TRUE;
}
