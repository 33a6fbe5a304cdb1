/* One source of a profile: the origin of the files of the base or of a tree. */
#pragma once

#include "builder/profile/field.h"
#include "builder/profile/transform-spec.h"

#include "oci/base/json.h"
#include "oci/digest.h"

G_BEGIN_DECLS

/* The kinds in the order in which messages list them. The name is used for terrane_source_NAME in
 * builder/source/, terrane_resolver_NAME in builder/resolve/, and NAME_kind in source-kind.c. The
 * number is in keys of trees and must not change. */
#define TERRANE_SOURCE_KINDS(ROW)                                                                  \
  ROW (WHEELS, wheels, 3)                                                                          \
  ROW (IMAGE, image, 2) /* all of it as a base, some of its paths as a tree */                     \
  ROW (ARCHIVE, archive, 0)                                                                        \
  ROW (DIRECTORY, directory, 1)                                                                    \
  ROW (OSTREE, ostree, 4)                                                                          \
  ROW (COMPILE, compile, 5)

#define TERRANE_SOURCE_KIND_NUMBER(constant, name, number) TERRANE_SOURCE_##constant = (number),
typedef enum
{
  TERRANE_SOURCE_KINDS (TERRANE_SOURCE_KIND_NUMBER)
} TerraneSourceKind;
#undef TERRANE_SOURCE_KIND_NUMBER

/* One archive file of a source. */
typedef struct
{
  char *path; /* (nullable): relative to the working directory of the process */
  char *url;  /* (nullable): replaces @path; requires a sha256 */
  gboolean has_sha256;
  OciDigest sha256; /* expected digest of the file */
} TerraneArchiveFile;

/* Python packages as requested by the profile. */
typedef struct
{
  char *requirements;    /* path of a requirements file, a pylock.toml or pip's report */
  char **extras;         /* (nullable): requested extras of a pylock.toml */
  char **groups;         /* (nullable): of a pylock.toml, replacing its default ones */
  char **indexes;        /* (nullable): URLs; an empty list means none */
  char *wheelhouse;      /* (nullable): path of a directory of wheels */
  unsigned python_major; /* 0 if the base determines it, like the following */
  unsigned python_minor;
  gboolean has_patch; /* @python_patch is known */
  unsigned python_patch;
  gboolean musl; /* @libc_major is that of musl instead of glibc */
  unsigned libc_major;
  unsigned libc_minor;
} TerraneWheelsSpec;

typedef struct
{
  char *from; /* normalised path after strip_components */
  char *to;
} TerraneRename;

typedef struct _TerraneSourceSpec TerraneSourceSpec;
struct _TerraneSourceSpec
{
  char *where; /* "PROFILE: trees[1]", for messages */
  char *name;  /* of the tree; "base" for the base */
  TerraneSourceKind kind;
  GPtrArray *archives; /* of TerraneArchiveFile; unpacked in order */
  gboolean by_content; /* local archives are identified by their digest instead of stat() */
  char *directory;     /* path */
  gboolean pinned;     /* a directory whose content the lock records */
  char *image; /* docker://…, or TRANSPORT:… with a path relative to the working directory */
  char **image_paths; /* of a tree: normalised paths in the image; never empty */
  TerraneWheelsSpec *wheels;
  char *ostree_repository; /* path or URL */
  char *ostree_ref;
  char *recipe;             /* path */
  gboolean development;     /* also take files that only compiling needs */
  gboolean with_needs;      /* also take files of the recipes that it needs */
  json_t *recipe_variables; /* (nullable): object of strings */
  /* (nullable): for a recipe: the file system that steps run in */
  const TerraneSourceSpec *compile_in;
  TerraneSourceSpec *own_compile_in; /* (nullable): likewise, unless it is the profile's */
  char *prefix;                      /* normalised, "" for the root */
  unsigned strip_components;
  char **include;        /* (nullable): globs against the path after strip_components */
  char **exclude;        /* (nullable): likewise; takes precedence over include */
  GPtrArray *renames;    /* (nullable): of TerraneRename, tried in order after include, exclude */
  gboolean skip_special; /* skip devices, fifos and sockets instead of failing */
  gboolean allow_outside_links;
  gboolean open_closed; /* adds permissions that the user needs to read what it owns; the tree gets
                           the original modes */
  gboolean of_recipe; /* not a profile's source, but a recipe's, or what its steps have installed */
  gboolean overwrite; /* may replace files of trees below it */
  TerraneTransformSpec *transforms; /* (nullable): of a tree; a base is not transformed */
};

G_END_DECLS
