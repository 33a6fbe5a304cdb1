/* Commands: one file and one row each. The table in main.c feeds dispatch, help and completion. */
#pragma once

#include "builder/cli/terminal.h"
#include "builder/store/open.h"

G_BEGIN_DECLS

/* What the options before the command said. */
typedef struct
{
  char *store; /* (nullable): --store */
  gboolean offline;
  TerraneOutput output;
  int exit_status; /* of the process when the command succeeds: what a program in the sandbox had */
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
gboolean terrane_command_lock (TerraneGlobal *global, int argc, char **argv, GError **error);
gboolean terrane_command_check (TerraneGlobal *global, int argc, char **argv, GError **error);
gboolean terrane_command_validate (TerraneGlobal *global, int argc, char **argv, GError **error);
gboolean terrane_command_why (TerraneGlobal *global, int argc, char **argv, GError **error);
gboolean terrane_command_push (TerraneGlobal *global, int argc, char **argv, GError **error);
gboolean terrane_command_pull (TerraneGlobal *global, int argc, char **argv, GError **error);
gboolean terrane_command_login (TerraneGlobal *global, int argc, char **argv, GError **error);
gboolean terrane_command_logout (TerraneGlobal *global, int argc, char **argv, GError **error);
gboolean terrane_command_init (TerraneGlobal *global, int argc, char **argv, GError **error);
gboolean terrane_command_profile (TerraneGlobal *global, int argc, char **argv, GError **error);
gboolean terrane_command_images (TerraneGlobal *global, int argc, char **argv, GError **error);
gboolean terrane_command_inspect (TerraneGlobal *global, int argc, char **argv, GError **error);
gboolean terrane_command_invoke (TerraneGlobal *global, int argc, char **argv, GError **error);
gboolean terrane_command_serve (TerraneGlobal *global, int argc, char **argv, GError **error);
gboolean terrane_command_run (TerraneGlobal *global, int argc, char **argv, GError **error);
gboolean terrane_command_rm (TerraneGlobal *global, int argc, char **argv, GError **error);
gboolean terrane_command_gc (TerraneGlobal *global, int argc, char **argv, GError **error);
gboolean terrane_command_fsck (TerraneGlobal *global, int argc, char **argv, GError **error);

/* What a command takes behind its name. */
typedef struct
{
  const char *name;
  const GOptionEntry *entries; /* (nullable): its own options */
  const char *description;     /* (nullable): text behind the options in --help */
  guint min;                   /* number of arguments */
  guint max;
} TerraneCommandLine;

/**
 * terrane_command_parse:
 * @out_arguments: (out) (transfer full): the arguments
 * @out_help: (out): --help was given and printed on stdout; there is nothing else to do
 *
 * Parses what stands behind the command; the global options are understood there too.
 */
gboolean terrane_command_parse (TerraneGlobal *global, const TerraneCommandLine *line, int argc,
                                char **argv, char ***out_arguments, gboolean *out_help,
                                GError **error);

/** Returns: (transfer none): the row of @name, or NULL */
const TerraneCommand *terrane_command_find (const char *name);

/** Opens the store that the options name. */
TerraneStore *terrane_command_open_store (const TerraneGlobal *global, TerraneStoreAccess access,
                                          GError **error);

/** Threads when --jobs does not say: one a processor. */
unsigned terrane_command_default_jobs (void);

G_END_DECLS
