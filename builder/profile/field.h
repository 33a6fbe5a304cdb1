/* Sections of a profile as tables: a row for each key says what is read, where it goes, what it is
 * by default, how large it may be, and on which keys of caches it has an effect. Known keys,
 * reading, copying, freeing and the parts of keys all come from the rows; a unit test holds
 * profiles/profile.schema.json and the keys against them. */
#pragma once

#include "builder/profile/reader.h"

G_BEGIN_DECLS

/* Which key a field is part of. A row names at least one. */
typedef enum
{
  TERRANE_PART_NOTHING = 1 << 0,  /* no result depends on it */
  TERRANE_PART_SOURCE = 1 << 1,   /* it says where content is: the source's identity digests that */
  TERRANE_PART_IDENTITY = 1 << 2, /* of a source; its own code puts it there */
  TERRANE_PART_TREE = 1 << 3,     /* of a tree; the table puts it there */
  TERRANE_PART_TREE_OWN = 1 << 4, /* of a tree; code of its own puts it there */
  TERRANE_PART_TRANSFORM = 1 << 5, /* of what the transform of this name makes of a tree */
  TERRANE_PART_IMAGE = 1 << 6,     /* of an image: its layers, its findings or its documents */
  TERRANE_PART_RESULT = 1 << 7,    /* of the result of a validation */
} TerraneKeyPart;

typedef struct _TerraneField TerraneField;
typedef struct _TerraneFieldType TerraneFieldType;
typedef struct _TerraneSection TerraneSection;

struct _TerraneFieldType
{
  const char *name;
  const char *json; /* types of JSON that are accepted, separated by spaces; "any" of them */

  /** (nullable) Makes an empty value, where zero bytes are none. */
  void (*init) (const TerraneField *field, gpointer value);

  /** Replaces @value by what stands at @at; notes what is wrong. */
  void (*read) (const TerraneField *field, const TerraneProfileReader *reader, const OciJson *at,
                gpointer value);

  /** (nullable) Frees what @value owns. */
  void (*clear) (const TerraneField *field, gpointer value);

  /** (nullable) Lets @value, copied byte by byte, own what it points to. */
  void (*copy) (const TerraneField *field, gpointer value);

  /** (nullable) The value in a key; %NULL when it is not set. Returns: (transfer full) (nullable)
   */
  json_t *(*dump) (const TerraneField *field, gconstpointer value);
};

struct _TerraneField
{
  const char *name;
  const TerraneFieldType *type;
  size_t offset;
  int64_t min, max; /* of a number, a duration in ms; of how many elements; of the bytes of text */
  const char *const *words;      /* of a word: by its number; NULL-terminated */
  const TerraneSection *section; /* of an object, of each of several */
  const char *empty;             /* (nullable): problem of a list with fewer than @min elements */
  const char *fallback;          /* (nullable): the default as JSON; else zero bytes */
  const char *key;               /* (nullable): name in keys, if it is another one */
  const char *help;              /* description in the schema */

  /** (nullable) Judges or replaces a text, or each of a list; @at is that of the list, or with
   * @each that of its element. */
  void (*check) (const OciJson *at, char **text);

  unsigned parts;  /* of TerraneKeyPart */
  unsigned scopes; /* where the key exists, see terrane_fields_read(); 0: everywhere */
  gboolean required;
  gboolean always; /* in the key also when it is not set */
  gboolean each;   /* for @check */
};

/* A row ends the table when it has no name. */
struct _TerraneSection
{
  const TerraneField *fields;
  size_t size;           /* of the structure */
  const char *shorthand; /* (nullable): the field that a value stands for that is not an object */
  json_type shorthand_type; /* of JSON: of such a value */

  /** (nullable) After the fields: what they say together, members that are not fields. */
  void (*check) (const TerraneProfileReader *reader, const OciJson *at, gpointer self);

  /** (nullable) Members that are not fields. */
  void (*init) (gpointer self);
  void (*clear) (gpointer self);
  void (*copy) (gpointer self);
};

/** Sets the defaults of @self, which is zero bytes. */
void terrane_section_init (const TerraneSection *self, gpointer into);

/** Reads the object at @at into what was initialised; what is wrong is noted. Returns: whether it
 * is one */
gboolean terrane_section_read (const TerraneSection *self, const TerraneProfileReader *reader,
                               const OciJson *at, gpointer into);
void terrane_section_clear (const TerraneSection *self, gpointer value);

/** Lets @value, copied byte by byte, own what its fields point to. */
void terrane_section_copy (const TerraneSection *self, gpointer value);

/** The field of a name. Returns: (transfer none) (nullable) */
const TerraneField *terrane_fields_find (const TerraneField *fields, const char *name);

/** Like those of a section, for one table of several that make up an object. @scope: one bit: rows
 * of other scopes do not exist here */
void terrane_fields_init (const TerraneField *fields, gpointer into);
void terrane_fields_read (const TerraneField *fields, unsigned scope,
                          const TerraneProfileReader *reader, const OciJson *at, gpointer into);
void terrane_fields_clear (const TerraneField *fields, gpointer value);

/** Whether @at is an object; a key that is in none of @tables, NULL-terminated, is noted. */
gboolean terrane_fields_know (const TerraneField *const *tables, unsigned scope, const OciJson *at);

/**
 * terrane_fields_add_to_key:
 * @part: rows that have it
 * @key: gets a member for each that is set
 *
 * What has its default is left out unless the row says otherwise, so that a new field does not
 * change the keys of what does not use it.
 */
void terrane_fields_add_to_key (const TerraneField *fields, gconstpointer value,
                                TerraneKeyPart part, json_t *key);

/** The same as a list of values, without names. Returns: (transfer full) */
json_t *terrane_fields_list_for_key (const TerraneField *fields, gconstpointer value,
                                     TerraneKeyPart part);

G_END_DECLS
