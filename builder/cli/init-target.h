/* Files that 'terrane init' writes for each platform, and their content. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Choices of the user, and properties of the base. */
typedef struct
{
  const char *name;        /* of the image */
  const char *module;      /* of the handler, such as "handler" */
  const char *function;    /* in it */
  const char *interpreter; /* path of Python for an entrypoint */
  gboolean is_rootfs;      /* the base has no configuration */
} TerraneInitFacts;

typedef struct
{
  const char *name, *resource; /* @name: in the directory */
} TerraneInitFile;

typedef struct
{
  const char *name;  /* a word of terrane_target_words() */
  const char *image; /* the default base, with "%s" for the version of Python */
  const char *prefix;
  const char *platform;     /* name of the platform in texts */
  const char *packages;     /* lines of requirements.in that the platform needs with any base */
  const char *called;       /* what calls the function, for the README */
  const char *repository;   /* to push to, with "%s" for the name of the image */
  gboolean image_only;      /* a rootfs lacks what the platform needs */
  TerraneInitFile files[4]; /* in addition to those of all platforms; ended by NULL */
} TerraneInitTarget;

/** Returns: (transfer none) (nullable): the target named @name */
const TerraneInitTarget *terrane_init_target_find (const char *name);

/**
 * terrane_init_target_word:
 * @word: one of the words of the templates, without "@"
 *
 * Returns: (transfer full) (nullable): its replacement
 */
char *terrane_init_target_word (const TerraneInitTarget *self, const TerraneInitFacts *facts,
                                const char *word);

G_END_DECLS
