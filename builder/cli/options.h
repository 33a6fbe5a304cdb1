/* Options of commands, declared once: the tables are used for parsing and its checks, --help, shell
 * completion, and the test that compares the man page with them. */
#pragma once

#include "oci/base/error.h"

#include <stddef.h>
#include <stdint.h>

G_BEGIN_DECLS

/**
 * TerraneOptionKind:
 *
 * Kind of an option's value, and the type of its target.
 */
#define TERRANE_OPTION_SANDBOX_VARIABLE "TERRANE_SANDBOX"

typedef enum
{
  TERRANE_OPTION_FLAG,      /* gboolean: no value */
  TERRANE_OPTION_TEXT,      /* char * */
  TERRANE_OPTION_WORD,      /* char *: one of the row's words */
  TERRANE_OPTION_FILE,      /* char * */
  TERRANE_OPTION_DIRECTORY, /* char * */
  TERRANE_OPTION_LIST,      /* char **: repeatable */
  TERRANE_OPTION_FILES,     /* char **: repeatable */
  TERRANE_OPTION_COUNT,     /* unsigned, within the row's limits */
  TERRANE_OPTION_DURATION,  /* uint64_t: milliseconds, within the row's limits */
  TERRANE_OPTION_SIZE,      /* uint64_t: bytes, within the row's limits */
  TERRANE_OPTION_BOOLEAN,   /* TerraneChoice */
  TERRANE_OPTION_PLATFORM,  /* char *: in the form of oci_platform_text() */
  TERRANE_OPTION_PLATFORMS, /* char *: several separated by commas, or TERRANE_PLATFORMS_ALL */
  TERRANE_OPTION_SANDBOX,   /* TerraneSandboxKind; the default is TERRANE_SANDBOX */
  TERRANE_OPTION_REFERENCE, /* GPtrArray * of OciReference, for images in registries: repeatable */
} TerraneOptionKind;

#define TERRANE_PLATFORMS_ALL "all"

/* The value of a boolean option, which may be missing. */
typedef enum
{
  TERRANE_CHOICE_MISSING,
  TERRANE_CHOICE_TRUE,
  TERRANE_CHOICE_FALSE,
} TerraneChoice;

/**
 * TerraneOption:
 *
 * One row. A table ends with a row without a name.
 */
typedef struct
{
  const char *name; /* without "--" */
  char letter;      /* 0: none */
  TerraneOptionKind kind;
  size_t target;                      /* offset in the table's struct */
  const char *help;                   /* one phrase */
  const char *metavar;                /* of the value; NULL for flags */
  uint64_t initial;                   /* default of a number */
  uint64_t min, max;                  /* limits of a number */
  const char *const *(*words) (void); /* values of a WORD */
  /* (nullable): refuses values of texts and lists; the option's name is put before its message */
  gboolean (*check) (const char *value, GError **error);
  /* (nullable): the value may be omitted, and is "" then; returns whether the next word is the
   * value. In "--NAME=VALUE" it always is. */
  gboolean (*takes) (const char *word);
  const char *alias;    /* (nullable): an older name, unless it is the name of another row */
  const char *needs;    /* (nullable): another option that must also be given */
  const char *excludes; /* (nullable): options that must not also be given, separated by spaces */
  guint scope; /* for an option that all commands share: the TerraneScope that it belongs to */
} TerraneOption;

#define TERRANE_OPTION_END                                                                         \
  {                                                                                                \
    .name = NULL                                                                                   \
  }

/* A table as part of a command. A list of them ends with one without rows. */
typedef struct
{
  const TerraneOption *rows;
  size_t offset;     /* of the table's struct in the command's */
  const char *needs; /* (nullable): an option that must also be given for any of these */
  const char *title; /* (nullable): heading in the help; NULL continues the group before */
} TerraneOptionGroup;

/* A table with the struct that receives its values. */
typedef struct
{
  const TerraneOption *rows;
  void *into;
  const char *needs; /* (nullable): from the group */
  const char *title; /* (nullable): from the group */
  guint scopes;      /* offered rows: those with a scope in this set, and those without a scope */
} TerraneOptionTable;

/* How to parse words. */
typedef struct
{
  const TerraneOptionTable *tables; /* ended by one without rows */
  const char *command;              /* (nullable): the name of the command, for advice */
  gboolean stop_at_argument;        /* everything from the first argument on is an argument */
} TerraneOptionParser;

/** Whether the option has a value. */
gboolean terrane_option_has_value (const TerraneOption *self);
/** Whether the option may be given several times, each with its own value. */
gboolean terrane_option_is_repeatable (const TerraneOption *self);
/** For the member "takes": a value must be in the same word. */
gboolean terrane_option_takes_none (const char *word);

/** Whether a row of the table is offered. */
gboolean terrane_option_table_offers (const TerraneOptionTable *table, const TerraneOption *row);

/** Sets the defaults; overwrites the targets. */
void terrane_options_init (const TerraneOptionTable *tables);

/** Frees the values. */
void terrane_options_clear (const TerraneOptionTable *tables);

/**
 * terrane_options_parse:
 * @words: without the command's name
 * @out_arguments: (out) (transfer full): words that are not options
 *
 * Parses options before, between and after arguments; everything after "--" is an argument. Targets
 * must have been set by terrane_options_init(). All problems are %OCI_ERROR_USAGE. Errors:
 * %OCI_ERROR_USAGE, %OCI_ERROR_FORMAT, %OCI_ERROR_UNSUPPORTED.
 */
gboolean terrane_options_parse (const TerraneOptionParser *self, char **words,
                                char ***out_arguments, GError **error);

G_END_DECLS
