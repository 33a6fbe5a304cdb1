/* terrane completion */
#include "builder/cli/completion.h"

#include "builder/cli/workbench.h"

#include "oci/base/json.h"

#include <string.h>

TerraneCompletion
terrane_completion_of_option (const TerraneOption *option)
{
  static const char *const booleans[] = { "true", "false", NULL };
  static const char *const platforms[] = { "linux/amd64", "linux/arm64", NULL };
  switch (option->kind)
    {
    case TERRANE_OPTION_FILE:
    case TERRANE_OPTION_FILES:
      return (TerraneCompletion){ .kind = TERRANE_COMPLETION_FILES };
    case TERRANE_OPTION_DIRECTORY:
      return (TerraneCompletion){ .kind = TERRANE_COMPLETION_DIRECTORIES };
    case TERRANE_OPTION_BOOLEAN:
      return (TerraneCompletion){ TERRANE_COMPLETION_WORDS, booleans };
    case TERRANE_OPTION_PLATFORM:
    case TERRANE_OPTION_PLATFORMS:
      return (TerraneCompletion){ TERRANE_COMPLETION_WORDS, platforms };
    case TERRANE_OPTION_WORD:
    case TERRANE_OPTION_SANDBOX:
      return (TerraneCompletion){ TERRANE_COMPLETION_WORDS, option->words () };
    case TERRANE_OPTION_FLAG:
    case TERRANE_OPTION_TEXT:
    case TERRANE_OPTION_LIST:
    case TERRANE_OPTION_COUNT:
    case TERRANE_OPTION_DURATION:
    case TERRANE_OPTION_SIZE:
    case TERRANE_OPTION_REFERENCE:
    default:
      return (TerraneCompletion){ .kind = TERRANE_COMPLETION_NONE };
    }
}

TerraneCompletion
terrane_completion_of_argument (const TerraneCommand *command, guint position)
{
  static const TerraneCompletionKind kinds[] = {
    [TERRANE_OPERAND_IMAGE] = TERRANE_COMPLETION_IMAGES,
    [TERRANE_OPERAND_PROFILE] = TERRANE_COMPLETION_PROFILES,
    [TERRANE_OPERAND_IMAGE_OR_PROFILE] = TERRANE_COMPLETION_IMAGES_AND_PROFILES,
    [TERRANE_OPERAND_DIRECTORY] = TERRANE_COMPLETION_DIRECTORIES,
    [TERRANE_OPERAND_VERB] = TERRANE_COMPLETION_WORDS,
  };
  guint i = 0;
  if (position >= command->max)
    return (TerraneCompletion){ .kind = TERRANE_COMPLETION_NONE };
  while (i < position && i + 1 < TERRANE_MAX_OPERANDS
         && command->operands[i + 1] != TERRANE_OPERAND_NONE)
    i++;
  return (TerraneCompletion){ kinds[command->operands[i]], command->verbs };
}

void
terrane_completion_each_option (const TerraneCommand *command,
                                void (*func) (const TerraneOption *option, gpointer data),
                                gpointer data)
{
  static const TerraneCommand program = { .name = "",
                                          .scopes = TERRANE_SCOPE_START | TERRANE_SCOPE_IMAGES };
  g_autofree TerraneOptionTable *tables =
      terrane_command_tables (command != NULL ? command : &program, NULL, NULL);
  for (const TerraneOptionTable *table = tables; table->rows != NULL; table++)
    for (const TerraneOption *row = table->rows; row->name != NULL; row++)
      if (row->help != NULL && terrane_option_table_offers (table, row))
        func (row, data);
}

/* Shells expand the words that they get, so special ones are left out. */
void
terrane_completion_print_images (const TerraneGlobal *global)
{
  static const char *const plain = G_CSET_A_2_Z G_CSET_a_2_z G_CSET_DIGITS "-._/:";
  g_autofree char *path = terrane_store_default_path (global->store);
  g_autoptr (TerraneStore) store =
      g_file_test (path, G_FILE_TEST_IS_DIR)
          ? terrane_workbench_open_store (global, TERRANE_STORE_SHARED, NULL)
          : NULL;
  g_autoptr (OciIndex) index =
      store != NULL ? oci_layout_read_index (terrane_store_layout (store), NULL) : NULL;
  for (guint i = 0; index != NULL && i < index->manifests->len; i++)
    {
      const char *name =
          oci_descriptor_annotation (index->manifests->pdata[i], OCI_ANNOTATION_REF_NAME);
      if (name != NULL && name[strspn (name, plain)] == '\0')
        terrane_print ("%s\n", name);
    }
}

static const char *const shells[] = { "bash", "zsh", "fish", NULL };

static gboolean
run_completion (TerraneGlobal *global, G_GNUC_UNUSED const void *options, char **arguments,
                GError **error)
{
  static char *(*const scripts[]) (void) = { terrane_completion_bash, terrane_completion_zsh,
                                             terrane_completion_fish };
  g_autofree char *script = NULL;
  for (size_t i = 0; shells[i] != NULL; i++)
    if (strcmp (arguments[0], shells[i]) == 0)
      script = scripts[i]();
  g_autofree char *quoted = oci_quote (arguments[0]);
  if (script == NULL)
    return oci_throw (error, OCI_ERROR_USAGE, "completion: expected bash, zsh or fish, got %s",
                      quoted);
  if (!global->output.json)
    {
      terrane_print ("%s", script);
      return TRUE;
    }
  g_autoptr (OciJsonValue) document = json_object ();
  oci_json_set (document, "shell", oci_json_text (arguments[0]));
  oci_json_set (document, "script", oci_json_text (script));
  terrane_print_json (document);
  return TRUE;
}

const TerraneCommand terrane_command_completion = {
  .name = "completion",
  .arguments = "bash|zsh|fish",
  .summary = "Print the completion of command lines for a shell",
  .description = "The installed package has it where the shells look. Otherwise, for bash: "
                 "source <(terrane completion bash); for zsh: the same; for fish: "
                 "terrane completion fish | source.",
  .min = 1,
  .max = 1,
  .operands = { TERRANE_OPERAND_VERB },
  .verbs = shells,
  .run = run_completion,
};
