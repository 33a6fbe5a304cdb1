/* Sections of a profile as tables: a row for each key defines its type, destination, default and
 * limits, and the cache keys that it is part of. Known keys, reading, copying, freeing and the
 * parts of keys all come from the rows; a unit test compares them with profiles/profile.schema.json
 * and with the keys. */
#pragma once

#include "builder/profile/reader.h"

G_BEGIN_DECLS

/* Cache key that a field is part of. A row names at least one. */
typedef enum
{
  TERRANE_PART_NOTHING = 1 << 0, /* no result depends on it */
  TERRANE_PART_SOURCE =
      1 << 1, /* it names the location of content, which the source's identity digests */
  TERRANE_PART_IDENTITY = 1 << 2,  /* of a source; added by its own code */
  TERRANE_PART_TREE = 1 << 3,      /* of a tree; added from the table */
  TERRANE_PART_TREE_OWN = 1 << 4,  /* of a tree; added by its own code */
  TERRANE_PART_TRANSFORM = 1 << 5, /* of the result of the transform of this name for a tree */
  TERRANE_PART_IMAGE = 1 << 6,     /* of an image: its layers, its findings or its documents */
  TERRANE_PART_RESULT = 1 << 7,    /* of the result of a validation */
} TerraneKeyPart;

typedef struct _TerraneField TerraneField;
typedef struct _TerraneFieldType TerraneFieldType;
typedef struct _TerraneSection TerraneSection;

struct _TerraneFieldType
{
  const char *name;
  const char *json; /* accepted types of JSON, separated by spaces, or "any" */

  /** (nullable) Makes an empty value if that is not zero bytes. */
  void (*init) (const TerraneField *field, gpointer value);

  /** Replaces @value by the JSON value at @at; notes problems. */
  void (*read) (const TerraneField *field, const TerraneProfileReader *reader, const OciJson *at,
                gpointer value);

  /** (nullable) Frees what @value owns. */
  void (*clear) (const TerraneField *field, gpointer value);

  /** (nullable) Duplicates what @value, a bytewise copy, points to. */
  void (*copy) (const TerraneField *field, gpointer value);

  /** (nullable) The value in a key; %NULL if it is not set. Returns: (transfer full) (nullable) */
  json_t *(*dump) (const TerraneField *field, gconstpointer value);
};

struct _TerraneField
{
  const char *name;
  const TerraneFieldType *type;
  size_t offset;
  int64_t min, max; /* of a number, of a duration in ms, of the number of elements, or of the length
                       of a text in bytes */
  const char *const *words;      /* of a word, by number; NULL-terminated */
  const TerraneSection *section; /* of an object, or of each of several */
  const char *empty;             /* (nullable): message for a list with fewer than @min elements */
  const char *fallback;          /* (nullable): the default as JSON; NULL for zero bytes */
  const char *key;               /* (nullable): name in keys, if it differs */
  const char *help;              /* description in the schema */

  /** (nullable) Checks or replaces a text, or each of a list; @at is that of the list, or with
   * @each that of the element. */
  void (*check) (const OciJson *at, char **text);

  unsigned parts;  /* of TerraneKeyPart */
  unsigned scopes; /* where the key is allowed, see terrane_fields_read(); 0: everywhere */
  gboolean required;
  gboolean always; /* part of the key even if it is not set */
  gboolean each;   /* see @check */
};

/* A row without a name ends the table. */
struct _TerraneSection
{
  const TerraneField *fields;
  size_t size;              /* of the structure */
  const char *shorthand;    /* (nullable): the field that is set by a value other than an object */
  json_type shorthand_type; /* JSON type of such a value */

  /** (nullable) Called after the fields were read: checks their combination and reads other
   * members. */
  void (*check) (const TerraneProfileReader *reader, const OciJson *at, gpointer self);

  /** (nullable) For members that are not fields. */
  void (*init) (gpointer self);
  void (*clear) (gpointer self);
  void (*copy) (gpointer self);
};

/** Sets the defaults. @into: zero bytes */
void terrane_section_init (const TerraneSection *self, gpointer into);

/** Reads the object at @at into an initialised structure; notes problems. Returns: whether it is an
 * object */
gboolean terrane_section_read (const TerraneSection *self, const TerraneProfileReader *reader,
                               const OciJson *at, gpointer into);
/** Frees what the fields own. */
void terrane_section_clear (const TerraneSection *self, gpointer value);

/** Duplicates what the fields of @value, a bytewise copy, point to. */
void terrane_section_copy (const TerraneSection *self, gpointer value);

/** Returns: (transfer none) (nullable): the field named @name */
const TerraneField *terrane_fields_find (const TerraneField *fields, const char *name);

/** Sets the defaults of one of several tables that make up an object. */
void terrane_fields_init (const TerraneField *fields, gpointer into);
/** Reads the fields of one table. @scope: one bit: rows of other scopes are ignored */
void terrane_fields_read (const TerraneField *fields, unsigned scope,
                          const TerraneProfileReader *reader, const OciJson *at, gpointer into);
void terrane_fields_clear (const TerraneField *fields, gpointer value);

/** Whether @at is an object; notes keys that are in none of @tables, which is NULL-terminated. */
gboolean terrane_fields_know (const TerraneField *const *tables, unsigned scope, const OciJson *at);

/**
 * terrane_fields_add_to_key:
 * @part: uses the rows that have this part
 * @key: receives a member for each field that is set
 *
 * Omits fields with their default value unless the row says otherwise, so that a new field does not
 * change the keys of profiles that do not use it.
 */
void terrane_fields_add_to_key (const TerraneField *fields, gconstpointer value,
                                TerraneKeyPart part, json_t *key);

/** Returns: (transfer full): likewise, as a list of values without names */
json_t *terrane_fields_list_for_key (const TerraneField *fields, gconstpointer value,
                                     TerraneKeyPart part);

/**
 * terrane_fields_describe:
 * @parts: of TerraneKeyPart: uses the rows that have one of them
 * @into: receives a member for each field that is set or has a default
 *
 * Adds values for people: by the profile's names and words instead of those of keys.
 */
void terrane_fields_describe (const TerraneField *fields, gconstpointer value, unsigned parts,
                              json_t *into);

G_END_DECLS
