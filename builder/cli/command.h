/* Commands: one file and one row each. The table in main.c feeds dispatch, help and completion. */
#pragma once

#include "builder/cli/terminal.h"
#include "builder/store/store.h"

G_BEGIN_DECLS

/* What the options before the command said. */
typedef struct
{
  char *store; /* (nullable): --store */
  TerraneOutput output;
} TerraneGlobal;

/**
 * TerraneCommandFunc:
 * @argv: the command's own arguments, argv[0] its name
 *
 * Returns: whether it succeeded; @error says what to print and decides the exit code
 */
typedef gboolean (*TerraneCommandFunc) (TerraneGlobal *global, int argc, char **argv,
                                        GError **error);

typedef struct
{
  const char *name;
  const char *arguments; /* for the usage line */
  const char *summary;   /* one line */
  TerraneCommandFunc run;
} TerraneCommand;

gboolean terrane_command_build (TerraneGlobal *global, int argc, char **argv, GError **error);
gboolean terrane_command_push (TerraneGlobal *global, int argc, char **argv, GError **error);
gboolean terrane_command_images (TerraneGlobal *global, int argc, char **argv, GError **error);
gboolean terrane_command_inspect (TerraneGlobal *global, int argc, char **argv, GError **error);
gboolean terrane_command_rm (TerraneGlobal *global, int argc, char **argv, GError **error);
gboolean terrane_command_gc (TerraneGlobal *global, int argc, char **argv, GError **error);
gboolean terrane_command_fsck (TerraneGlobal *global, int argc, char **argv, GError **error);

/**
 * terrane_command_parse:
 * @entries: (nullable): the command's options
 * @description: (nullable): text behind the options in --help
 * @min, @max: how many arguments there may be
 * @out_arguments: (out) (transfer full): the arguments
 *
 * Parses options after the command; the global ones are understood there too. Prints --help on
 * stdout and sets *@out_help.
 */
gboolean terrane_command_parse (TerraneGlobal *global, const TerraneCommand *command, int argc,
                                char **argv, const GOptionEntry *entries, const char *description,
                                guint min, guint max, char ***out_arguments, gboolean *out_help,
                                GError **error);

/** Returns: (transfer none): the row of @name, or NULL */
const TerraneCommand *terrane_command_find (const char *name);

/** Opens the store that the options name. */
TerraneStore *terrane_command_open_store (const TerraneGlobal *global, TerraneStoreAccess access,
                                          GError **error);

/** "linux/amd64" of the machine terrane runs on: what is taken from an image index. */
const char *terrane_host_platform (void);

G_END_DECLS
