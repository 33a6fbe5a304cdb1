/* JSON from strangers and for strangers, over jansson.
 *
 * Reading: a document is walked with OciJson cursors. Each typed getter checks one value and, when
 * it is not what was expected, notes a problem with the JSON path ("trees[1].prefix: expected a
 * string, got an integer"). Reading goes on, so that one run reports everything, and
 * oci_json_document_finish() turns the notes into one error.
 *
 * A document that has a digest is digested as received; it is never dumped again for that. */
#pragma once

#include "oci/base/error.h"

#include <jansson.h>
#include <stdint.h>

G_BEGIN_DECLS

typedef json_t OciJsonValue;
G_DEFINE_AUTOPTR_CLEANUP_FUNC (OciJsonValue, json_decref)

typedef struct _OciJsonDocument OciJsonDocument;
typedef struct _OciJson OciJson;

/* A position in a document. Plain value: lives on the stack, valid while the document and the
 * cursor it was derived from live. @value is %NULL after a failed lookup, and every getter on such
 * a cursor returns FALSE without another note. */
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
 * @name: what the document is called in messages, such as a file name
 * @data: the document; duplicate keys, NUL bytes and invalid UTF-8 are refused
 * @code: error code of oci_json_document_finish(), %OCI_ERROR_USAGE for what the user wrote
 * @out_root: (out): cursor on the root value
 *
 * Returns: (transfer full): the document, or %NULL with "NAME:LINE:COLUMN: …" in @error; for what
 *   the user wrote, the line follows, with a mark at the fault, and else no word of @data
 */
OciJsonDocument *oci_json_parse (const char *name, GBytes *data, OciError code, OciJson *out_root,
                                 GError **error);
void oci_json_document_free (OciJsonDocument *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (OciJsonDocument, oci_json_document_free)

/**
 * oci_json_document_new:
 * @name: what the document is called in messages
 * @root: (transfer full): a value that was not parsed as it is, such as one merged of several files
 * @out_root: (out): cursor on @root
 */
OciJsonDocument *oci_json_document_new (const char *name, json_t *root, OciError code,
                                        OciJson *out_root);

/* Where a value was written, as "FILE: PATH". Returns: (transfer full) */
typedef char *(*OciJsonWhereFunc) (const OciJson *at, gpointer data);

/** Lets @where, and not name and path of the document, say in messages where a value stands. */
void oci_json_document_set_where (OciJsonDocument *self, OciJsonWhereFunc where, gpointer data);

/** Notes no more problems at exactly this value, which is a string, array or object: they would
 * only follow from one that was noted. */
void oci_json_silence (const OciJson *at);

/** Notes a problem at @at. */
void oci_json_problem (const OciJson *at, const char *format, ...) G_GNUC_PRINTF (2, 3);

/** Whether nothing was noted since oci_json_parse(); else sets @error to all notes, a line each. */
gboolean oci_json_document_finish (OciJsonDocument *self, GError **error);

/**
 * oci_json_object:
 * @known: (nullable): NULL-terminated member names; any other is noted, with a "did you mean".
 *   %NULL allows all: OCI documents may carry extensions.
 */
gboolean oci_json_object (const OciJson *at, const char *const *known);

/** Finds a member; a missing one is not a problem. JSON null counts as missing. */
gboolean oci_json_member (const OciJson *at, const char *key, OciJson *out_member);

/** Finds a member; a missing one is noted. */
gboolean oci_json_require (const OciJson *at, const char *key, OciJson *out_member);

gboolean oci_json_array (const OciJson *at, size_t max_elements, size_t *out_length);
void oci_json_element (const OciJson *array, size_t index, OciJson *out_element);

gboolean oci_json_string (const OciJson *at, const char **out_borrowed);
gboolean oci_json_bool (const OciJson *at, gboolean *out_value);
gboolean oci_json_int (const OciJson *at, int64_t min, int64_t max, int64_t *out_value);

/** Any finite number, with or without a fraction. */
gboolean oci_json_number (const OciJson *at, double *out_value);

/** Reads an array of strings. Returns: (transfer full) through @out_strv, NULL-terminated */
gboolean oci_json_strv (const OciJson *at, size_t max_elements, char ***out_strv);

/** One of @words, given as NULL-terminated list; @out_index is its position. */
gboolean oci_json_word (const OciJson *at, const char *const *words, unsigned *out_index);

/** Where @at is, such as "trees[1].prefix". Returns: (transfer full) */
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

/** Flags of jansson with which a number is shown by as few digits as give it back. */
size_t oci_json_number_flags (const json_t *value);

/** Human-readable form, sorted, indented by two, newline at the end. What is nested deeply is on
 * one line, so that strangers' documents do not grow by more than a constant factor; what would
 * mislead a reader (text.h) is escaped, so that the value is the same. Returns: (transfer full) */
char *oci_json_dump_pretty (const json_t *value);

/** json_object_set_new() and friends that cannot fail silently: they abort when out of memory, as
 * GLib does. @value is stolen. */
void oci_json_set (json_t *object, const char *key, json_t *value);
void oci_json_append (json_t *array, json_t *value);
/** A JSON string of any bytes; invalid UTF-8 is replaced. */
json_t *oci_json_text (const char *text);
/** An array of such strings. @texts: NULL-terminated */
json_t *oci_json_texts (const char *const *texts);
/** @text: (nullable): any bytes; without one, nothing is set */
void oci_json_set_text (json_t *object, const char *key, const char *text);
/** Returns: (transfer full) (nullable): the member, %NULL when there is none or it is not a string
 */
char *oci_json_dup_text (const json_t *object, const char *key);

G_END_DECLS
