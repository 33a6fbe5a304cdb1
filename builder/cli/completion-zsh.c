#include "builder/cli/completion.h"

static const char head[] =
    "#compdef terrane\n"
    "# zsh completion for terrane, made by 'terrane completion zsh'\n"
    "\n"
    "_terrane_images() {\n"
    "  local -a names\n"
    "  if compset -P '(oci|oci-archive|docker-archive):'; then\n"
    "    _files\n"
    "    return\n"
    "  fi\n"
    "  names=(${(f)\"$(_call_program images terrane ${(q)terrane_store} --list-images "
    "2>/dev/null)\"})\n"
    "  _wanted images expl image compadd -a names\n"
    "}\n"
    "\n"
    "_terrane_profiles() {\n"
    "  _files -g '*.json~*.(lock|schema).json(-.)'\n"
    "}\n"
    "\n"
    "_terrane_images_and_profiles() {\n"
    "  _alternative 'images:image:_terrane_images' 'profiles:profile:_terrane_profiles'\n"
    "}\n"
    "\n";

/* Quotes with single quotes, for a specification of _arguments. */
static void
add_escaped (GString *out, const char *text)
{
  for (; *text != '\0'; text++)
    if (*text == '\'')
      g_string_append (out, "'\\''");
    else
      {
        if (*text == '[' || *text == ']' || *text == ':' || *text == '\\')
          g_string_append_c (out, '\\');
        g_string_append_c (out, *text);
      }
}

static void
add_action (GString *out, const TerraneCompletion *completion)
{
  static const char *const actions[] = {
    [TERRANE_COMPLETION_NONE] = " ",
    [TERRANE_COMPLETION_FILES] = "_files",
    [TERRANE_COMPLETION_DIRECTORIES] = "_files -/",
    [TERRANE_COMPLETION_IMAGES] = "_terrane_images",
    [TERRANE_COMPLETION_PROFILES] = "_terrane_profiles",
    [TERRANE_COMPLETION_IMAGES_AND_PROFILES] = "_terrane_images_and_profiles",
  };
  if (completion->kind != TERRANE_COMPLETION_WORDS)
    {
      g_string_append (out, actions[completion->kind]);
      return;
    }
  g_autofree char *words = g_strjoinv (" ", (char **) completion->words);
  g_string_append_printf (out, "(%s)", words);
}

/* '(-j --jobs)'{-j+,--jobs=}'[help]:N: ' */
static void
add_option (const TerraneOption *option, gpointer data)
{
  GString *out = data;
  gboolean repeatable = terrane_option_is_repeatable (option);
  const char *equals = !terrane_option_has_value (option) ? "" : option->takes != NULL ? "=-" : "=";
  g_string_append (out, " \\\n        ");
  if (option->letter != 0 && repeatable)
    g_string_append_printf (out, "'*'{-%c+,--%s%s}'[", option->letter, option->name, equals);
  else if (option->letter != 0)
    g_string_append_printf (out, "'(-%c --%s)'{-%c%s,--%s%s}'[", option->letter, option->name,
                            option->letter, equals[0] != '\0' ? "+" : "", option->name, equals);
  else
    g_string_append_printf (out, "'%s--%s%s[", repeatable ? "*" : "", option->name, equals);
  add_escaped (out, option->help);
  g_string_append_c (out, ']');
  if (terrane_option_has_value (option))
    {
      TerraneCompletion completion = terrane_completion_of_option (option);
      g_string_append (out, option->takes != NULL ? "::" : ":");
      add_escaped (out, option->metavar);
      g_string_append_c (out, ':');
      add_action (out, &completion);
    }
  g_string_append_c (out, '\'');
}

static void
add_arguments (GString *out, const TerraneCommand *command)
{
  for (guint i = 0; i < MIN (command->max, (guint) TERRANE_MAX_OPERANDS); i++)
    {
      gboolean rest = i + 1 == TERRANE_MAX_OPERANDS && command->max > TERRANE_MAX_OPERANDS;
      TerraneCompletion completion = terrane_completion_of_argument (command, i);
      g_string_append (out, " \\\n        ");
      if (rest)
        g_string_append (out, "'*:argument:");
      else
        g_string_append_printf (out, "'%u:%sargument:", i + 1, i >= command->min ? ":" : "");
      add_action (out, &completion);
      g_string_append_c (out, '\'');
    }
}

char *
terrane_completion_zsh (void)
{
  GString *out = g_string_new (head);
  g_string_append (out, "_terrane() {\n"
                        "  local curcontext=$curcontext state line ret=1\n"
                        "  local -a commands terrane_store\n"
                        "  local -A opt_args\n"
                        "  _arguments -C -S");
  terrane_completion_each_option (NULL, add_option, out);
  g_string_append (out,
                   " \\\n"
                   "        '1:command:->command' '*::argument:->argument' && ret=0\n"
                   "  [[ -z $opt_args[--store] ]] || terrane_store=(--store $opt_args[--store])\n"
                   "  case $state in\n"
                   "    command)\n"
                   "      commands=(");
  for (const TerraneCommand *const *command = terrane_commands (); *command != NULL; command++)
    {
      g_string_append_printf (out, "\n        '%s:", (*command)->name);
      add_escaped (out, (*command)->summary);
      g_string_append_c (out, '\'');
    }
  g_string_append (out, ")\n"
                        "      _describe -t commands command commands && ret=0 ;;\n"
                        "    argument)\n"
                        "      curcontext=${curcontext%:*:*}:terrane-$words[1]:\n"
                        "      case $words[1] in\n");
  for (const TerraneCommand *const *command = terrane_commands (); *command != NULL; command++)
    {
      g_string_append_printf (out, "      %s) _arguments -s -S", (*command)->name);
      terrane_completion_each_option (*command, add_option, out);
      add_arguments (out, *command);
      g_string_append (out, " && ret=0 ;;\n");
    }
  g_string_append (out, "      esac ;;\n"
                        "  esac\n"
                        "  return ret\n"
                        "}\n"
                        "\n"
                        "if [[ $funcstack[1] == _terrane ]]; then\n"
                        "  _terrane \"$@\"\n"
                        "else\n"
                        "  compdef _terrane terrane\n"
                        "fi\n");
  return g_string_free (out, FALSE);
}
