/* Commands: one file and one row each. Dispatch, help and completion use the row. */
#pragma once

#include "builder/cli/options.h"
#include "builder/cli/terminal.h"

G_BEGIN_DECLS

/* Values of the options that all commands share. */
typedef struct
{
  char *store; /* (nullable): --store */
  gboolean offline;
  TerraneOutput output;
  char *color; /* (nullable): --color */
  gboolean help;
  gboolean parsed;                              /* all words were understood */
  gboolean version, list_commands, list_images; /* only before a command */
  int exit_status; /* of the process if the command succeeds: that of a program in the sandbox */
} TerraneGlobal;

/* Shared options that a command uses. */
typedef enum
{
  TERRANE_SCOPE_START = 1 << 0,    /* those that replace a command */
  TERRANE_SCOPE_STORE = 1 << 1,    /* --store */
  TERRANE_SCOPE_NETWORK = 1 << 2,  /* --offline */
  TERRANE_SCOPE_PROGRESS = 1 << 3, /* --quiet and --verbose */
  TERRANE_SCOPE_IMAGES = TERRANE_SCOPE_STORE | TERRANE_SCOPE_NETWORK | TERRANE_SCOPE_PROGRESS,
} TerraneScope;

/* Kind of an argument, for completion. */
typedef enum
{
  TERRANE_OPERAND_NONE, /* ends a list */
  TERRANE_OPERAND_TEXT, /* cannot be completed */
  TERRANE_OPERAND_IMAGE,
  TERRANE_OPERAND_PROFILE,
  TERRANE_OPERAND_IMAGE_OR_PROFILE,
  TERRANE_OPERAND_DIRECTORY,
  TERRANE_OPERAND_VERB, /* one of the command's verbs */
} TerraneOperand;

enum
{
  TERRANE_MAX_OPERANDS = 3, /* in a list; the last one applies to all further arguments */
};

/**
 * @options: the command's struct, with the values of its options
 * @arguments: their number is as in the row
 *
 * Runs the command.
 *
 * Returns: whether it succeeded; @error is printed and determines the exit code
 */
typedef gboolean (*TerraneCommandFunc) (TerraneGlobal *global, const void *options,
                                        char **arguments, GError **error);

typedef struct
{
  const char *name;
  const char *arguments;   /* for the usage line; further usage lines after line breaks */
  const char *summary;     /* one phrase */
  const char *description; /* (nullable): paragraphs */
  const char *examples;    /* (nullable): command lines without "terrane", one per line */
  guint min, max;          /* number of arguments */
  guint scopes;
  TerraneOperand operands[TERRANE_MAX_OPERANDS];
  const char *const *verbs;          /* (nullable) */
  const TerraneOptionGroup *options; /* (nullable): its own options */
  size_t size;                       /* of the struct for the values of these options */
  TerraneCommandFunc run;
} TerraneCommand;

/** Returns: (transfer none): all commands in the order of the help, ended by NULL */
const TerraneCommand *const *terrane_commands (void);
/** Returns: (transfer none) (nullable): the command named @name */
const TerraneCommand *terrane_command_find (const char *name);
/** Returns: (transfer none): names of the commands, ended by NULL */
const char *const *terrane_command_names (void);

extern const TerraneCommand terrane_command_add;
extern const TerraneCommand terrane_command_build;
extern const TerraneCommand terrane_command_cache;
extern const TerraneCommand terrane_command_check;
extern const TerraneCommand terrane_command_completion;
extern const TerraneCommand terrane_command_copy;
extern const TerraneCommand terrane_command_deploy;
extern const TerraneCommand terrane_command_diff;
extern const TerraneCommand terrane_command_drift;
extern const TerraneCommand terrane_command_doctor;
extern const TerraneCommand terrane_command_fsck;
extern const TerraneCommand terrane_command_gc;
extern const TerraneCommand terrane_command_images;
extern const TerraneCommand terrane_command_init;
extern const TerraneCommand terrane_command_inspect;
extern const TerraneCommand terrane_command_invoke;
extern const TerraneCommand terrane_command_lock;
extern const TerraneCommand terrane_command_login;
extern const TerraneCommand terrane_command_logout;
extern const TerraneCommand terrane_command_plan;
extern const TerraneCommand terrane_command_profile;
extern const TerraneCommand terrane_command_pull;
extern const TerraneCommand terrane_command_push;
extern const TerraneCommand terrane_command_report;
extern const TerraneCommand terrane_command_rm;
extern const TerraneCommand terrane_command_run;
extern const TerraneCommand terrane_command_serve;
extern const TerraneCommand terrane_command_tag;
extern const TerraneCommand terrane_command_validate;
extern const TerraneCommand terrane_command_why;

/** The options that all commands share; the struct is a TerraneGlobal. */
extern const TerraneOption terrane_global_options[];

/**
 * terrane_command_tables:
 * @options: the command's struct
 *
 * Lists the options of @self, its own ones first.
 *
 * Returns: (transfer full): ended by a table without rows; to be freed with g_free()
 */
TerraneOptionTable *terrane_command_tables (const TerraneCommand *self, TerraneGlobal *global,
                                            void *options);

G_END_DECLS
