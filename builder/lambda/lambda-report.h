/* What a function answered, for people and programs. */
#pragma once

#include "builder/lambda/lambda.h"

G_BEGIN_DECLS

/** @body: (nullable). Returns: (transfer full): the JSON in it, whose numbers are all fractions
 * when one of them is an integer of more than 64 bits; else a string with all of it, in which
 * U+FFFD stands for NUL and for what is not UTF-8 */
json_t *terrane_lambda_body_to_json (GBytes *body);

/** Appends "the function failed with TYPE", and its message and trace in lines of their own, which
 * are indented, so that none of them can be taken for one of terrane's. */
void terrane_lambda_describe_error (const TerraneLambdaResult *result, GString *message);

/** Appends the lines of @text, indented. */
void terrane_append_indented (GString *message, const char *text);

G_END_DECLS
