/* Options of commands, declared once: from the tables come parsing with its checks, --help, shell
 * completion, and the test that holds the man page against them. */
#pragma once

#include "oci/base/error.h"

#include <stddef.h>
#include <stdint.h>

G_BEGIN_DECLS

/**
 * TerraneOptionKind:
 *
 * What the value of an option is, and the type of its target.
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
  TERRANE_OPTION_PLATFORM,  /* char *: as oci_platform_text() has it */
  TERRANE_OPTION_PLATFORMS, /* char *: the same, several with commas, or TERRANE_PLATFORMS_ALL */
  TERRANE_OPTION_SANDBOX,   /* TerraneSandboxKind; without the option, TERRANE_SANDBOX says it */
  TERRANE_OPTION_REFERENCE, /* GPtrArray * of OciReference, of images in registries: repeatable */
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
  size_t target;                      /* offset in the struct that the table is for */
  const char *help;                   /* one phrase */
  const char *metavar;                /* of the value; NULL for flags */
  uint64_t initial;                   /* value of a number that is not given */
  uint64_t min, max;                  /* limits of a number */
  const char *const *(*words) (void); /* values of a WORD */
  /* (nullable): refuses values of texts and lists, with a message that the option's name is put
   * before */
  gboolean (*check) (const char *value, GError **error);
  /* (nullable): the value may be missing, which is the value ""; whether the next word is one.
   * A value in the same word, "--NAME=VALUE", always is. */
  gboolean (*takes) (const char *word);
  const char *alias;    /* (nullable): an older name, unless another row has it as its name */
  const char *needs;    /* (nullable): another option that has to be given too */
  const char *excludes; /* (nullable): options that must not be given too, separated by spaces */
  guint scope;          /* of an option that all commands share: which TerraneScope it is about */
} TerraneOption;

#define TERRANE_OPTION_END                                                                         \
  {                                                                                                \
    .name = NULL                                                                                   \
  }

/* A table as part of a command. A list of them ends with one without rows. */
typedef struct
{
  const TerraneOption *rows;
  size_t offset;     /* of the table's own struct in the command's */
  const char *needs; /* (nullable): an option that has to be given, too, for any of these */
  const char
      *title; /* (nullable): heading in the help; without one the rows follow the group before */
} TerraneOptionGroup;

/* A table with the struct that its values go into. */
typedef struct
{
  const TerraneOption *rows;
  void *into;
  const char *needs; /* (nullable): as of the group */
  const char *title; /* (nullable): as of the group */
  guint scopes; /* which rows are offered: those whose scope is in it, and those without a scope */
} TerraneOptionTable;

/* How words are read. */
typedef struct
{
  const TerraneOptionTable *tables; /* ended by one without rows */
  const char *command;              /* (nullable): whose they are, for advice */
  gboolean stop_at_argument;        /* the first argument and all after it are arguments */
} TerraneOptionParser;

/** Whether the option has a value. */
gboolean terrane_option_has_value (const TerraneOption *self);
/** Whether the option may be given several times, each with a value of its own. */
gboolean terrane_option_is_repeatable (const TerraneOption *self);
/** For the member "takes": a value is only in the same word. */
gboolean terrane_option_takes_none (const char *word);

/** Whether a row of the table is offered. */
gboolean terrane_option_table_offers (const TerraneOptionTable *table, const TerraneOption *row);

/** Sets the values of options that are not given; what was in the target is overwritten. */
void terrane_options_init (const TerraneOptionTable *tables);

/** Frees the values. */
void terrane_options_clear (const TerraneOptionTable *tables);

/**
 * terrane_options_parse:
 * @words: without the command's name
 * @out_arguments: (out) (transfer full): what is not an option
 *
 * Reads options before, between and after arguments; what follows "--" is an argument. Targets were
 * set by terrane_options_init(). All problems are %OCI_ERROR_USAGE.
 */
gboolean terrane_options_parse (const TerraneOptionParser *self, char **words,
                                char ***out_arguments, GError **error);

G_END_DECLS
