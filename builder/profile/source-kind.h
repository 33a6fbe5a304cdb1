/* What is particular to each kind of source: its keys in the profile and its members in the lock.
 * Both readers, the merging of profiles and the comparison of locks go by these rows. */
#pragma once

#include "builder/profile/source-spec.h"

G_BEGIN_DECLS

/* Where a key of sources exists: bits of TerraneField.scopes. */
enum
{
  TERRANE_IN_BASE = 1 << 0,
  TERRANE_IN_TREE = 1 << 1,
};

/* What a member of an entry of the lock is. */
typedef enum
{
  TERRANE_LOCK_TEXT,
  TERRANE_LOCK_HEX,      /* a sha256 as 64 digits */
  TERRANE_LOCK_DIGEST,   /* sha256:… */
  TERRANE_LOCK_ARCHIVES, /* a list of files */
  TERRANE_LOCK_WHEELS,   /* a list of files with names and versions */
  TERRANE_LOCK_ENTRY,    /* an entry, of a source that this one needs */
} TerraneLockType;

/* A row ends the table when it has no name. */
typedef struct
{
  const char *name;
  TerraneLockType type;
} TerraneLockField;

/* A key that many sources have and this kind does not. */
typedef struct
{
  const char *name;
  unsigned scopes; /* 0: everywhere */
  const char *reason;
} TerraneSourceRefusal;

typedef struct
{
  TerraneSourceKind kind;
  const TerraneField *fields;           /* the first one names the kind, others go with it only */
  const TerraneSourceRefusal *refusals; /* (nullable) */
  const char *lock_mark;                /* a member that only entries of this kind have */
  const TerraneLockField *lock;         /* in the order in which differences are said */

  /** (nullable) After the fields. */
  void (*check) (const OciJson *at, unsigned scope, const TerraneSourceSpec *spec);
} TerraneSourceKindInfo;

/** All of them, in the order of TERRANE_SOURCE_KINDS; NULL-terminated. */
extern const TerraneSourceKindInfo *const terrane_source_kinds[];

/** The key that names a kind. */
const char *terrane_source_kind_name (const TerraneSourceKindInfo *self);

extern const TerraneSection terrane_archive_file_section;
extern const TerraneSection terrane_wheels_section;
extern const TerraneSection terrane_ostree_section;
extern const TerraneSection terrane_compile_section;

/* What other tables of archives are made of: the digest, for a whole TerraneArchiveFile, and the
 * check of a URL. */
extern const TerraneFieldType terrane_archive_digest_type;
void terrane_archive_check_url (const OciJson *at, char **url);

G_END_DECLS
