#include "builder/cli/completion.h"

/* Words are only split at spaces: readline also splits at "=" and ":", and expects the part after
 * the last of them. */
static const char head[] =
    "# bash completion for terrane, made by 'terrane completion bash'\n"
    "\n"
    "_terrane_images() {\n"
    "  case $value in\n"
    "    oci:* | oci-archive:* | docker-archive:*)\n"
    "      compgen -P \"${value%%:*}:\" -f -- \"${value#*:}\" ;;\n"
    "    *) compgen -W \"$(terrane \"${store[@]}\" --list-images 2>/dev/null)\" -- \"$value\" ;;\n"
    "  esac\n"
    "}\n"
    "\n"
    "_terrane_profiles() {\n"
    "  local name\n"
    "  compgen -d -- \"$value\"\n"
    "  compgen -f -X '!*.json' -- \"$value\" | while IFS= read -r name; do\n"
    "    [[ -d $name || $name == *.lock.json || $name == *.schema.json ]] || echo \"$name\"\n"
    "  done\n"
    "}\n"
    "\n"
    "# What a value is completed with: its kind, and words.\n"
    "_terrane_candidates() {\n"
    "  case $1 in\n"
    "    words) compgen -W \"${2//,/ }\" -- \"$value\" ;;\n"
    "    files) compgen -f -- \"$value\" ;;\n"
    "    directories) compgen -d -- \"$value\" ;;\n"
    "    images) _terrane_images ;;\n"
    "    profiles) _terrane_profiles ;;\n"
    "    both) _terrane_images; _terrane_profiles ;;\n"
    "  esac\n"
    "}\n"
    "\n";

static const char tail[] =
    "_terrane() {\n"
    "  local words cur value command= option= kind= line=${COMP_LINE:0:COMP_POINT} i n=0 trim\n"
    "  local -a store=() found=()\n"
    "  read -ra words <<<\"$line\"\n"
    "  [[ $line == *[[:space:]] ]] && words+=('')\n"
    "  local last=$((${#words[@]} - 1))\n"
    "  cur=${words[last]}\n"
    "  for ((i = 1; i < last; i++)); do\n"
    "    case ${words[i]} in\n"
    "      --) option= n=-1; break ;;\n"
    "      --store) store=(--store \"${words[i + 1]}\") ;;\n"
    "      --store=*) store=(--store \"${words[i]#*=}\") ;;\n"
    "    esac\n"
    "    if [[ -n $option ]]; then\n"
    "      option=\n"
    "    elif [[ ${words[i]} == -* ]]; then\n"
    "      [[ ${words[i]} != *=* && -n $(_terrane_value \"$command\" \"${words[i]}\") ]] && "
    "option=${words[i]}\n"
    "    elif [[ -z $command ]]; then\n"
    "      command=${words[i]}\n"
    "    else\n"
    "      n=$((n + 1))\n"
    "    fi\n"
    "  done\n"
    "  value=$cur\n"
    "  if ((n < 0)); then\n"
    "    return\n"
    "  elif [[ -n $option ]]; then\n"
    "    kind=$(_terrane_value \"$command\" \"$option\")\n"
    "  elif [[ $cur == --*=* ]]; then\n"
    "    value=${cur#*=}\n"
    "    kind=$(_terrane_value \"$command\" \"${cur%%=*}\")\n"
    "  elif [[ $cur == -* ]]; then\n"
    "    mapfile -t found < <(compgen -W \"$(_terrane_options \"$command\")\" -- \"$cur\")\n"
    "  elif [[ -z $command ]]; then\n"
    "    mapfile -t found < <(compgen -W \"$_terrane_commands\" -- \"$cur\")\n"
    "  else\n"
    "    kind=$(_terrane_argument \"$command\" \"$n\")\n"
    "  fi\n"
    "  [[ -z $kind ]] || mapfile -t found < <(_terrane_candidates $kind)\n"
    "  case $kind in\n"
    "    files | directories | profiles) compopt -o filenames 2>/dev/null ;;\n"
    "    both) [[ ! -d ${found[0]-} ]] || compopt -o filenames 2>/dev/null ;;\n"
    "  esac\n"
    "  trim=${value%\"${value##*[:=]}\"}\n"
    "  [[ $COMP_WORDBREAKS == *:* ]] || trim=\n"
    "  COMPREPLY=(\"${found[@]#\"$trim\"}\")\n"
    "  return 0\n"
    "}\n"
    "\n"
    "complete -F _terrane terrane\n";

static void
add_words (GString *out, const TerraneCompletion *completion)
{
  static const char *const kinds[] = {
    [TERRANE_COMPLETION_NONE] = "none",
    [TERRANE_COMPLETION_FILES] = "files",
    [TERRANE_COMPLETION_DIRECTORIES] = "directories",
    [TERRANE_COMPLETION_WORDS] = "words",
    [TERRANE_COMPLETION_IMAGES] = "images",
    [TERRANE_COMPLETION_PROFILES] = "profiles",
    [TERRANE_COMPLETION_IMAGES_AND_PROFILES] = "both",
  };
  g_string_append (out, kinds[completion->kind]);
  if (completion->kind != TERRANE_COMPLETION_WORDS)
    return;
  g_autofree char *words = g_strjoinv (",", (char **) completion->words);
  g_string_append_printf (out, " %s", words);
}

typedef struct
{
  GString *out;
  const char *command;
} Walk;

static void
add_name (const TerraneOption *option, gpointer data)
{
  const Walk *walk = data;
  if (option->letter != 0)
    g_string_append_printf (walk->out, " -%c", option->letter);
  g_string_append_printf (walk->out, " --%s", option->name);
}

static void
add_value (const TerraneOption *option, gpointer data)
{
  const Walk *walk = data;
  TerraneCompletion completion = terrane_completion_of_option (option);
  if (!terrane_option_has_value (option) || option->takes != NULL)
    return;
  g_string_append_printf (walk->out, "    '%s --%s'", walk->command, option->name);
  if (option->letter != 0)
    g_string_append_printf (walk->out, " | '%s -%c'", walk->command, option->letter);
  g_string_append (walk->out, ") echo ");
  add_words (walk->out, &completion);
  g_string_append (walk->out, " ;;\n");
}

static void
add_options (GString *out, const TerraneCommand *command)
{
  Walk walk = { .out = out, .command = command != NULL ? command->name : "" };
  g_string_append_printf (out, "    '%s') echo", walk.command);
  terrane_completion_each_option (command, add_name, &walk);
  g_string_append (out, " ;;\n");
}

static void
add_values (GString *out, const TerraneCommand *command)
{
  Walk walk = { .out = out, .command = command != NULL ? command->name : "" };
  terrane_completion_each_option (command, add_value, &walk);
}

/* The last operand stands for all that follow. */
static void
add_arguments (GString *out, const TerraneCommand *command)
{
  for (guint i = 0; i < MIN (command->max, (guint) TERRANE_MAX_OPERANDS); i++)
    {
      TerraneCompletion completion = terrane_completion_of_argument (command, i);
      g_string_append_printf (out, "    '%s '%s) echo ", command->name,
                              i + 1 == TERRANE_MAX_OPERANDS && command->max > TERRANE_MAX_OPERANDS
                                  ? "*"
                              : i == 0 ? "0"
                              : i == 1 ? "1"
                                       : "2");
      add_words (out, &completion);
      g_string_append (out, " ;;\n");
    }
}

static void
add_function (GString *out, const char *comment, const char *name, const char *subject,
              void (*add) (GString *out, const TerraneCommand *command), gboolean with_program)
{
  g_string_append_printf (out, "# %s\n%s() {\n  case %s in\n", comment, name, subject);
  if (with_program)
    add (out, NULL);
  for (const TerraneCommand *const *command = terrane_commands (); *command != NULL; command++)
    add (out, *command);
  g_string_append (out, "  esac\n}\n\n");
}

char *
terrane_completion_bash (void)
{
  GString *out = g_string_new (head);
  g_autofree char *names = g_strjoinv (" ", (char **) terrane_command_names ());
  g_string_append_printf (out, "_terrane_commands='%s'\n\n", names);
  add_function (out, "The options of a command.", "_terrane_options", "$1", add_options, TRUE);
  add_function (out, "What the value of a command's option is.", "_terrane_value", "\"$1 $2\"",
                add_values, TRUE);
  add_function (out, "What an argument of a command is, by its position from 0.",
                "_terrane_argument", "\"$1 $2\"", add_arguments, FALSE);
  g_string_append (out, tail);
  return g_string_free (out, FALSE);
}
