/* Reading and writing JSON with jansson.
 *
 * Reading: a document is walked with OciJson cursors. Each typed getter checks one value; if it is
 * not what was expected, the getter notes a problem with the JSON path ("trees[1].prefix: expected
 * a string, got an integer") and returns %FALSE. Reading continues, so that one run reports all
 * problems, and oci_json_document_finish() turns the notes into one error.
 *
 * The digest of a document is that of the bytes as received, never of a re-serialised form. */
#pragma once

#include "oci/base/error.h"

#include <jansson.h>
#include <stdint.h>

G_BEGIN_DECLS

typedef json_t OciJsonValue;
G_DEFINE_AUTOPTR_CLEANUP_FUNC (OciJsonValue, json_decref)

typedef struct _OciJsonDocument OciJsonDocument;
typedef struct _OciJson OciJson;

/* A position in a document. Plain value on the stack, valid while the document and the cursor it
 * was derived from live. @value is %NULL after a failed lookup; every getter on such a cursor
 * returns %FALSE without another note. */
struct _OciJson
{
  OciJsonDocument *document;
  const OciJson *parent; /* NULL at the root */
  const json_t *value;
  const char *key; /* member name, or NULL for an array element */
  size_t index;
};

/**
 * oci_json_parse:
 * @name: name of the document in messages, such as a file name
 * @data: the document; duplicate keys, NUL bytes and invalid UTF-8 are refused
 * @code: error code of this function and of oci_json_document_finish(), %OCI_ERROR_USAGE for what
 *   the user wrote
 * @out_root: (out): cursor on the root value
 *
 * Errors: @code, with "NAME:LINE:COLUMN: …"; if the user wrote it, the line follows with a mark at
 * the fault, otherwise no word of @data. Returns: (transfer full): the document
 */
OciJsonDocument *oci_json_parse (const char *name, GBytes *data, OciError code, OciJson *out_root,
                                 GError **error);
void oci_json_document_free (OciJsonDocument *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (OciJsonDocument, oci_json_document_free)

/**
 * oci_json_document_new:
 * @name: name of the document in messages
 * @root: (transfer full): a value that was not parsed from one text, such as one merged from
 *   several files
 * @out_root: (out): cursor on @root
 *
 * Wraps a value so that it can be read with cursors.
 *
 * Returns: (transfer full): the document
 */
OciJsonDocument *oci_json_document_new (const char *name, json_t *root, OciError code,
                                        OciJson *out_root);

/* Finds where a value was written. Returns: (transfer full): "FILE: PATH" */
typedef char *(*OciJsonWhereFunc) (const OciJson *at, gpointer data);

/** Makes messages name the place that @where returns instead of the document's name and path. */
void oci_json_document_set_where (OciJsonDocument *self, OciJsonWhereFunc where, gpointer data);

/** Suppresses further notes about this value, a string, array or object: they would only be
 * consequences of one already noted. */
void oci_json_silence (const OciJson *at);

/** Notes a problem with the value at @at. */
void oci_json_problem (const OciJson *at, const char *format, ...) G_GNUC_PRINTF (2, 3);

/** Whether no problem was noted since oci_json_parse(). Errors: the code given there, such as
 * %OCI_ERROR_USAGE, with all notes, one per line. */
gboolean oci_json_document_finish (OciJsonDocument *self, GError **error);

/**
 * oci_json_object:
 * @known: (nullable): NULL-terminated member names; any other is noted, with a "did you mean".
 *   %NULL allows all: OCI documents may carry extensions.
 *
 * Whether the value is an object; notes a problem if not.
 */
gboolean oci_json_object (const OciJson *at, const char *const *known);

/** Finds a member. A missing member or JSON null is not a problem. Returns: whether it was found */
gboolean oci_json_member (const OciJson *at, const char *key, OciJson *out_member);

/** Finds a member; a missing one is noted. Returns: whether it was found */
gboolean oci_json_require (const OciJson *at, const char *key, OciJson *out_member);

/** Whether the value is an array of at most @max_elements. @out_length: (out): its length */
gboolean oci_json_array (const OciJson *at, size_t max_elements, size_t *out_length);
/** Moves to an element. @index: less than the length of @array */
void oci_json_element (const OciJson *array, size_t index, OciJson *out_element);

/** Reads a string. @out_borrowed: (out) (transfer none): lives as long as the document */
gboolean oci_json_string (const OciJson *at, const char **out_borrowed);
/** Reads true or false. */
gboolean oci_json_bool (const OciJson *at, gboolean *out_value);
/** Reads an integer from @min to @max, both inclusive. */
gboolean oci_json_int (const OciJson *at, int64_t min, int64_t max, int64_t *out_value);

/** Reads any finite number, with or without a fraction. */
gboolean oci_json_number (const OciJson *at, double *out_value);

/** Reads an array of strings. @out_strv: (out) (transfer full): NULL-terminated */
gboolean oci_json_strv (const OciJson *at, size_t max_elements, char ***out_strv);

/** Reads one of @words, a NULL-terminated list. @out_index: (out): its position in the list */
gboolean oci_json_word (const OciJson *at, const char *const *words, unsigned *out_index);

/** Returns: (transfer full): where @at is, such as "trees[1].prefix" */
char *oci_json_path (const OciJson *at);

/**
 * oci_json_dump:
 * @value: (transfer none): any value
 *
 * The one serialised form of everything terrane digests: compact, keys sorted bytewise, no floats.
 *
 * Returns: (transfer full): the bytes, without a newline
 */
GBytes *oci_json_dump (const json_t *value);

/** Flags for jansson that print a number with the fewest digits that restore it. */
size_t oci_json_number_flags (const json_t *value);

/** Human-readable form: sorted, indented by two, newline at the end. Deeply nested values are on
 * one line, so that a hostile document grows by at most a constant factor; characters that would
 * mislead a reader (text.h) are escaped, which keeps the value the same. Returns: (transfer full)
 */
char *oci_json_dump_pretty (const json_t *value);

/** Like json_object_set_new() and its relatives, but aborts when out of memory, as GLib does.
 * @value: (transfer full) */
void oci_json_set (json_t *object, const char *key, json_t *value);
/** Like oci_json_set(), for the end of an array. @value: (transfer full) */
void oci_json_append (json_t *array, json_t *value);
/** Makes a JSON string from any bytes; invalid UTF-8 is replaced. Returns: (transfer full) */
json_t *oci_json_text (const char *text);
/** Makes an array of such strings. @texts: NULL-terminated. Returns: (transfer full) */
json_t *oci_json_texts (const char *const *texts);
/** Sets a member to a string. @text: (nullable): any bytes; nothing is set for %NULL */
void oci_json_set_text (json_t *object, const char *key, const char *text);
/** Returns: (transfer full) (nullable): the member, %NULL when there is none or it is not a string
 */
char *oci_json_dup_text (const json_t *object, const char *key);

G_END_DECLS
