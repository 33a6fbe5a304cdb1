/* Properties of each kind of source: its keys in the profile and its members in the lock. Both
 * readers, the merging of profiles and the comparison of locks use these rows. */
#pragma once

#include "builder/profile/source-spec.h"

G_BEGIN_DECLS

/* Where a key of sources is allowed: bits of TerraneField.scopes. */
enum
{
  TERRANE_IN_BASE = 1 << 0,
  TERRANE_IN_TREE = 1 << 1,
};

/* Type of a member in an entry of the lock. */
typedef enum
{
  TERRANE_LOCK_TEXT,
  TERRANE_LOCK_HEX,      /* a sha256 as 64 digits */
  TERRANE_LOCK_DIGEST,   /* sha256:… */
  TERRANE_LOCK_ARCHIVES, /* a list of files */
  TERRANE_LOCK_WHEELS,   /* a list of files with names and versions */
  TERRANE_LOCK_ENTRY,    /* an entry, of a source that this one needs */
} TerraneLockType;

/* A row without a name ends the table. */
typedef struct
{
  const char *name;
  TerraneLockType type;
} TerraneLockField;

/* A key of many sources that this kind does not have. */
typedef struct
{
  const char *name;
  unsigned scopes; /* 0: everywhere */
  const char *reason;
} TerraneSourceRefusal;

typedef struct
{
  TerraneSourceKind kind;
  const TerraneField *fields;           /* the first one names the kind, the others require it */
  const TerraneSourceRefusal *refusals; /* (nullable) */
  const char *lock_mark;                /* a member that only entries of this kind have */
  const TerraneLockField *lock;         /* in the order in which differences are reported */

  /** (nullable) Called after the fields were read. */
  void (*check) (const OciJson *at, unsigned scope, const TerraneSourceSpec *spec);
} TerraneSourceKindInfo;

/** All of them, in the order of TERRANE_SOURCE_KINDS; NULL-terminated. */
extern const TerraneSourceKindInfo *const terrane_source_kinds[];

/** Returns: (transfer none): the key that names a kind */
const char *terrane_source_kind_name (const TerraneSourceKindInfo *self);

extern const TerraneSection terrane_archive_file_section;
extern const TerraneSection terrane_wheels_section;
extern const TerraneSection terrane_ostree_section;
extern const TerraneSection terrane_compile_section;

/* For other tables of archives: the type of the digest, for a whole TerraneArchiveFile, and the
 * check of a URL. */
extern const TerraneFieldType terrane_archive_digest_type;
/** Notes a problem if @url is not http or https. */
void terrane_archive_check_url (const OciJson *at, char **url);

G_END_DECLS
