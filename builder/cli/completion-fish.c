#include "builder/cli/completion.h"

/* Finds the command and the number of its arguments so far: an option may have its value in the
 * next word. */
static const char head[] =
    "# fish completion for terrane, made by 'terrane completion fish'\n"
    "\n"
    "function __terrane_images\n"
    "    set -l words (commandline -opc)\n"
    "    set -l store\n"
    "    if set -l i (contains -i -- --store $words); and set -q words[(math $i + 1)]\n"
    "        set store --store $words[(math $i + 1)]\n"
    "    end\n"
    "    for word in $words\n"
    "        string match -q -- '--store=*' $word; and set store $word\n"
    "    end\n"
    "    terrane $store --list-images 2>/dev/null\n"
    "end\n"
    "\n"
    "function __terrane_profiles\n"
    "    __fish_complete_suffix .json | string match -rv -- "
    "'\\\\.(lock|schema)\\\\.json(\\\\t|$)'\n"
    "end\n"
    "\n"
    "# Whether the command is $argv[1], and the argument that is written is number $argv[2], or "
    "one\n"
    "# from there on with \"+\"; all of them without a number.\n"
    "function __terrane_at\n"
    "    set -l words (commandline -opc)\n"
    "    set -e words[1]\n"
    "    set -l command\n"
    "    set -l n -1\n"
    "    set -l skip 0\n"
    "    for word in $words\n"
    "        if test $skip = 1\n"
    "            set skip 0\n"
    "        else if test \"$word\" = --\n"
    "            return 1\n"
    "        else if string match -q -- '-*' $word\n"
    "            contains -- \"$command $word\" $__terrane_valued; and set skip 1\n"
    "        else\n"
    "            test $n = -1; and set command $word\n"
    "            set n (math $n + 1)\n"
    "        end\n"
    "    end\n"
    "    test \"$command\" = \"$argv[1]\"; or return 1\n"
    "    switch \"$argv[2]\"\n"
    "        case ''\n"
    "            return 0\n"
    "        case '*+'\n"
    "            test $n -ge (string trim -c + -- $argv[2])\n"
    "        case '*'\n"
    "            test $n = $argv[2]\n"
    "    end\n"
    "end\n"
    "\n"
    "complete -c terrane -e\n"
    "complete -c terrane -f\n";

/* Quotes with single quotes. */
static void
add_quoted (GString *out, const char *text)
{
  g_string_append_c (out, '\'');
  for (; *text != '\0'; text++)
    {
      if (*text == '\'' || *text == '\\')
        g_string_append_c (out, '\\');
      g_string_append_c (out, *text);
    }
  g_string_append_c (out, '\'');
}

static void
add_candidates (GString *out, const TerraneCompletion *completion)
{
  g_autofree char *words = NULL;
  switch (completion->kind)
    {
    case TERRANE_COMPLETION_FILES:
      g_string_append (out, " -F");
      break;
    case TERRANE_COMPLETION_DIRECTORIES:
      g_string_append (out, " -a '(__fish_complete_directories)'");
      break;
    case TERRANE_COMPLETION_WORDS:
      words = g_strjoinv (" ", (char **) completion->words);
      g_string_append_printf (out, " -a '%s'", words);
      break;
    case TERRANE_COMPLETION_IMAGES:
      g_string_append (out, " -a '(__terrane_images)'");
      break;
    case TERRANE_COMPLETION_PROFILES:
      g_string_append (out, " -a '(__terrane_profiles)'");
      break;
    case TERRANE_COMPLETION_IMAGES_AND_PROFILES:
      g_string_append (out, " -a '(__terrane_images; __terrane_profiles)'");
      break;
    case TERRANE_COMPLETION_NONE:
    default:
      break;
    }
}

typedef struct
{
  GString *out;
  const char *command;
} Walk;

static void
add_valued (const TerraneOption *option, gpointer data)
{
  const Walk *walk = data;
  if (!terrane_option_has_value (option) || option->takes != NULL)
    return;
  g_string_append_printf (walk->out, " '%s --%s'", walk->command, option->name);
  if (option->letter != 0)
    g_string_append_printf (walk->out, " '%s -%c'", walk->command, option->letter);
}

static void
add_option (const TerraneOption *option, gpointer data)
{
  const Walk *walk = data;
  TerraneCompletion completion = terrane_completion_of_option (option);
  g_string_append_printf (walk->out, "complete -c terrane -n '__terrane_at \"%s\"' -l %s",
                          walk->command, option->name);
  if (option->letter != 0)
    g_string_append_printf (walk->out, " -s %c", option->letter);
  if (terrane_option_has_value (option) && option->takes == NULL)
    g_string_append (walk->out, completion.kind == TERRANE_COMPLETION_FILES ? " -r" : " -x");
  add_candidates (walk->out, &completion);
  g_string_append (walk->out, " -d ");
  add_quoted (walk->out, option->help);
  g_string_append_c (walk->out, '\n');
}

static void
add_arguments (GString *out, const TerraneCommand *command)
{
  for (guint i = 0; i < MIN (command->max, (guint) TERRANE_MAX_OPERANDS); i++)
    {
      gboolean rest = i + 1 == TERRANE_MAX_OPERANDS && command->max > TERRANE_MAX_OPERANDS;
      TerraneCompletion completion = terrane_completion_of_argument (command, i);
      if (completion.kind == TERRANE_COMPLETION_NONE)
        continue;
      g_string_append_printf (out, "complete -c terrane -n '__terrane_at %s %u%s'", command->name,
                              i, rest ? "+" : "");
      add_candidates (out, &completion);
      g_string_append_c (out, '\n');
    }
}

char *
terrane_completion_fish (void)
{
  GString *out = g_string_new (head);
  Walk walk = { .out = out, .command = "" };
  g_string_append (out, "set -g __terrane_valued");
  terrane_completion_each_option (NULL, add_valued, &walk);
  for (const TerraneCommand *const *command = terrane_commands (); *command != NULL; command++)
    {
      walk.command = (*command)->name;
      terrane_completion_each_option (*command, add_valued, &walk);
    }
  g_string_append_c (out, '\n');
  walk.command = "";
  terrane_completion_each_option (NULL, add_option, &walk);
  for (const TerraneCommand *const *command = terrane_commands (); *command != NULL; command++)
    {
      g_string_append_printf (out, "complete -c terrane -n '__terrane_at \"\"' -a %s -d ",
                              (*command)->name);
      add_quoted (out, (*command)->summary);
      g_string_append_c (out, '\n');
      walk.command = (*command)->name;
      terrane_completion_each_option (*command, add_option, &walk);
      add_arguments (out, *command);
    }
  return g_string_free (out, FALSE);
}
