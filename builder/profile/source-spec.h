/* One source of a profile: where the files of the base or of a tree come from. */
#pragma once

#include "builder/profile/field.h"
#include "builder/profile/transform-spec.h"

#include "oci/base/json.h"
#include "oci/digest.h"

G_BEGIN_DECLS

/* The kinds in the order in which messages list them: the name makes up terrane_source_NAME of
 * builder/source/ and terrane_resolver_NAME of builder/resolve/, and NAME_kind of source-kind.c.
 * The number is in keys of trees and stays what it is. */
#define TERRANE_SOURCE_KINDS(ROW)                                                                  \
  ROW (WHEELS, wheels, 3)                                                                          \
  ROW (IMAGE, image, 2) /* all of it as a base, some paths of it as a tree */                      \
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
  char *url;  /* (nullable): instead of @path; has a sha256 */
  gboolean has_sha256;
  OciDigest sha256; /* what the file must digest to */
} TerraneArchiveFile;

/* Python packages, as the profile asks for them. */
typedef struct
{
  char *requirements;    /* path of a requirements file, a pylock.toml or pip's report */
  char **extras;         /* (nullable): of a pylock.toml: that are asked for */
  char **groups;         /* (nullable): of a pylock.toml, instead of its default ones */
  char **indexes;        /* (nullable): URLs; empty means none */
  char *wheelhouse;      /* (nullable): path of a directory of wheels */
  unsigned python_major; /* 0: the base says; so do the others */
  unsigned python_minor;
  gboolean has_patch; /* @python_patch is known */
  unsigned python_patch;
  gboolean musl; /* @libc_major is of musl, not of glibc */
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
  gboolean by_content; /* local archives are known by their digest, not by what stat() says */
  char *directory;     /* path */
  gboolean pinned;     /* a directory whose content the lock records */
  char *image;         /* docker://…, or TRANSPORT:… with a path relative to the process */
  char **image_paths;  /* of a tree: normalised paths in the image; never empty */
  TerraneWheelsSpec *wheels;
  char *ostree_repository; /* path or URL */
  char *ostree_ref;
  char *recipe;             /* path */
  gboolean development;     /* what only compiling needs is taken, too */
  gboolean with_needs;      /* so is what the recipes install that it needs */
  json_t *recipe_variables; /* (nullable): object of strings */
  /* (nullable): of a recipe: the file system that steps run in */
  const TerraneSourceSpec *compile_in;
  TerraneSourceSpec *own_compile_in; /* (nullable): the same, unless it is the profile's */
  char *prefix;                      /* normalised, "" for the root */
  unsigned strip_components;
  char **include;        /* (nullable): globs against the path after strip_components */
  char **exclude;        /* (nullable): the same; wins over include */
  GPtrArray *renames;    /* (nullable): of TerraneRename, tried in order after include, exclude */
  gboolean skip_special; /* leave out devices, fifos and sockets instead of failing */
  gboolean allow_outside_links;
  gboolean open_closed; /* give this user the permissions to read what it owns; the modes are taken
                           as they were */
  gboolean overwrite;   /* may replace files of trees below it */
  TerraneTransformSpec *transforms; /* (nullable): of a tree; a base is kept as it is */
};

G_END_DECLS
