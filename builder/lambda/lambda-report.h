/* Formats the answer of a function for people and programs. */
#pragma once

#include "builder/lambda/lambda.h"

G_BEGIN_DECLS

/**
 * terrane_lambda_body_to_json:
 * @body: (nullable). Returns: (transfer full): its JSON, in which all numbers are fractions if one
 *   is an integer of more than 64 bits; if it is not JSON, a string in which U+FFFD replaces NUL
 *   and what is not UTF-8
 */
json_t *terrane_lambda_body_to_json (GBytes *body);

/** Appends "the function failed with TYPE", and its message and trace on lines of their own,
 * indented so that none can be mistaken for one of terrane's. */
void terrane_lambda_describe_error (const TerraneLambdaResult *result, GString *message);

/** Appends the lines of @text, indented. */
void terrane_append_indented (GString *message, const char *text);

G_END_DECLS
