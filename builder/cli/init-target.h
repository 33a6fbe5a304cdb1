/* What 'terrane init' writes for each platform: files, and what is in them. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* What the user chose, and what the base was found to have. */
typedef struct
{
  const char *name;        /* of the image */
  const char *module;      /* of the handler, such as "handler" */
  const char *function;    /* in it */
  const char *interpreter; /* Python as an entrypoint names it */
  gboolean is_rootfs;      /* the base has no configuration */
} TerraneInitFacts;

typedef struct
{
  const char *name, *resource; /* @name: in the directory */
} TerraneInitFile;

typedef struct
{
  const char *name;  /* a word of terrane_target_words() */
  const char *image; /* the usual base, with the version of Python at the "%s" */
  const char *prefix;
  const char *platform;     /* as people call it */
  const char *packages;     /* lines of requirements.in that the platform needs with any base */
  const char *called;       /* what calls the function, for the README */
  const char *repository;   /* to push to, with the name of the image at the "%s" */
  gboolean image_only;      /* a rootfs lacks what the platform needs */
  TerraneInitFile files[4]; /* besides those that all have; NULL ends them */
} TerraneInitTarget;

/** Returns: (transfer none) (nullable) */
const TerraneInitTarget *terrane_init_target_find (const char *name);

/**
 * terrane_init_target_word:
 * @word: one of the words of the templates, without "@"
 *
 * Returns: (transfer full) (nullable): what takes its place
 */
char *terrane_init_target_word (const TerraneInitTarget *self, const TerraneInitFacts *facts,
                                const char *word);

G_END_DECLS
