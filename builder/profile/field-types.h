/* Types of the fields of a profile's sections. A type that only one section needs is in the file of
 * that section. */
#pragma once

#include "builder/profile/field.h"

G_BEGIN_DECLS

extern const TerraneFieldType terrane_field_flag;     /* gboolean */
extern const TerraneFieldType terrane_field_int;      /* unsigned, from @min to @max */
extern const TerraneFieldType terrane_field_count;    /* uint64_t, from @min to @max */
extern const TerraneFieldType terrane_field_positive; /* double, at most @max; in no key */
extern const TerraneFieldType terrane_field_word;     /* unsigned: number of one of @words */
extern const TerraneFieldType terrane_field_switch;   /* gboolean: TRUE for the second of @words */
extern const TerraneFieldType
    terrane_field_word_set;                       /* array of gboolean: which of @words are given */
extern const TerraneFieldType terrane_field_text; /* char *; not empty if @min is 1 */
extern const TerraneFieldType terrane_field_choice; /* char *: one of @words */
extern const TerraneFieldType terrane_field_name;   /* char *, see terrane_profile_is_name() */
extern const TerraneFieldType terrane_field_regex;  /* char * */
extern const TerraneFieldType terrane_field_path;   /* char *: resolved */
extern const TerraneFieldType terrane_field_texts;  /* char **, @min to @max; NULL when not given */
extern const TerraneFieldType
    terrane_field_text_or_texts; /* likewise; a single text may be given without [] */
extern const TerraneFieldType terrane_field_paths; /* GPtrArray of char *: resolved; never NULL */
extern const TerraneFieldType terrane_field_size;  /* uint64_t: bytes, not 0 */
extern const TerraneFieldType terrane_field_duration;        /* uint64_t: ms, at most @max */
extern const TerraneFieldType terrane_field_timeout;         /* likewise; a number is in seconds */
extern const TerraneFieldType terrane_field_map;             /* json_t *: object of strings */
extern const TerraneFieldType terrane_field_json;            /* json_t *: any value */
extern const TerraneFieldType terrane_field_object;          /* structure of @section */
extern const TerraneFieldType terrane_field_object_if_given; /* pointer to one, NULL if not given */
extern const TerraneFieldType terrane_field_objects; /* GPtrArray of pointers to them; never NULL */
extern const TerraneFieldType
    terrane_field_object_or_objects; /* likewise; a single object may be given without [] */

/** A key that is read by other code, which knows more than its own object: here it is only known.
 */
extern const TerraneFieldType terrane_field_elsewhere;

/** A key that is read together with another one to which it belongs, and is ignored without it. */
extern const TerraneFieldType terrane_field_beside;

/** Reads a size such as "512MB"; notes a problem otherwise. Returns: whether it is a size */
gboolean terrane_profile_read_size (const OciJson *at, uint64_t *out_bytes);

G_END_DECLS
