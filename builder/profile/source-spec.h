/* One source of a profile: where the files of the base or of a tree come from. */
#pragma once

#include "builder/profile/field.h"
#include "builder/profile/transform-spec.h"

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
  ROW (OSTREE, ostree, 4)

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
  char *requirements;    /* path of a requirements file or of pip's report */
  char **indexes;        /* (nullable): URLs; empty means none */
  char *wheelhouse;      /* (nullable): path of a directory of wheels */
  unsigned python_major; /* 0: the base says; so do the others */
  unsigned python_minor;
  gboolean has_patch; /* @python_patch is known */
  unsigned python_patch;
  gboolean musl; /* @libc_major is of musl, not of glibc */
  unsigned libc_major;
  unsigned libc_minor;
  const char *architecture; /* of the profile, once it is resolved; the version of Python is known
                             * then, that of the C library perhaps not */
} TerraneWheelsSpec;

/* One wheel that the lock names. */
typedef struct
{
  char *name; /* of the project, normalised */
  char *version;
  char *file_name;
  char *url;           /* (nullable) */
  char *path;          /* (nullable): instead of @url, in a wheelhouse */
  char *authorization; /* (nullable): for @url; a secret, in no lock */
  char *asked_url;     /* (nullable): that the requirement names; may have a user and a signature */
  OciDigest sha256;
  char *hash; /* (nullable): "sha384:HEX" or "sha512:HEX", when only that was asked for */
} TerraneWheelPin;

typedef struct
{
  char *from; /* normalised path after strip_components */
  char *to;
} TerraneRename;

typedef struct
{
  char *where; /* "PROFILE: trees[1]", for messages */
  char *name;  /* of the tree; "base" for the base */
  TerraneSourceKind kind;
  GPtrArray *archives; /* of TerraneArchiveFile; unpacked in order */
  char *directory;     /* path */
  gboolean pinned;     /* a directory whose content the lock records */
  char *image;         /* docker://…, or TRANSPORT:… with a path relative to the process */
  char **image_paths;  /* of a tree: normalised paths in the image; never empty */
  TerraneWheelsSpec *wheels;
  char *ostree_repository; /* path or URL */
  char *ostree_ref;
  char *prefix; /* normalised, "" for the root */
  unsigned strip_components;
  char **include;        /* (nullable): globs against the path after strip_components */
  char **exclude;        /* (nullable): the same; wins over include */
  GPtrArray *renames;    /* (nullable): of TerraneRename, tried in order after include, exclude */
  gboolean skip_special; /* leave out devices, fifos and sockets instead of failing */
  gboolean allow_outside_links;
  gboolean overwrite;               /* may replace files of trees below it */
  TerraneTransformSpec *transforms; /* (nullable): of a tree; a base is kept as it is */

  /* What the lock says; unset until the profile is resolved (builder/resolve/). */
  gboolean has_image_digest;
  OciDigest image_digest; /* of the manifest for the platform */
  char *ostree_commit;
  GPtrArray *wheel_pins; /* of TerraneWheelPin, sorted by name */
  char **wheel_indexes;  /* URLs of indexes to ask; may have a user and a password */
  char **wheel_links;    /* paths of directories, paths and URLs of pages of links; likewise */
  char *interpreter;     /* of scripts that wheels bring */
} TerraneSourceSpec;

/**
 * terrane_source_spec_read:
 * @at: the object of a base or a tree; what is wrong is noted there
 *
 * Returns: (transfer full) (nullable)
 */
TerraneSourceSpec *terrane_source_spec_read (const TerraneProfileReader *reader, const OciJson *at,
                                             gboolean is_base);
void terrane_source_spec_free (TerraneSourceSpec *self);

/** Adds to the key of a tree everything that decides what is read of the source, its transforms
 * aside. */
void terrane_source_spec_add_to_key (const TerraneSourceSpec *self, json_t *key);

void terrane_wheel_pin_free (TerraneWheelPin *self);

G_END_DECLS
