#include "builder/profile/field-types.h"

#include "oci/base/number.h"

#include <string.h>

enum
{
  MS_PER_SECOND = 1000,
};

/* The reader parameter of types whose values need no file. */
#define UNUSED_READER G_GNUC_UNUSED const TerraneProfileReader *reader

static void
clear_text (G_GNUC_UNUSED const TerraneField *field, gpointer value)
{
  g_clear_pointer ((char **) value, g_free);
}

static void
copy_text (G_GNUC_UNUSED const TerraneField *field, gpointer value)
{
  char **text = value;
  *text = g_strdup (*text);
}

static json_t *
dump_text (G_GNUC_UNUSED const TerraneField *field, gconstpointer value)
{
  const char *text = *(char *const *) value;
  return text != NULL ? oci_json_text (text) : NULL;
}

static void
set_text (gpointer value, const char *text)
{
  char **into = value;
  char *copy = g_strdup (text);
  g_free (*into);
  *into = copy;
}

static void
read_flag (G_GNUC_UNUSED const TerraneField *field, UNUSED_READER, const OciJson *at,
           gpointer value)
{
  (void) oci_json_bool (at, value); /* notes what is wrong */
}

static json_t *
dump_flag (G_GNUC_UNUSED const TerraneField *field, gconstpointer value)
{
  return json_boolean (*(const gboolean *) value);
}

const TerraneFieldType terrane_field_flag = {
  .name = "flag", .json = "boolean", .read = read_flag, .dump = dump_flag
};

static void
read_int (const TerraneField *field, UNUSED_READER, const OciJson *at, gpointer value)
{
  int64_t number;
  if (oci_json_int (at, field->min, field->max, &number))
    *(unsigned *) value = (unsigned) number;
}

static json_t *
dump_int (G_GNUC_UNUSED const TerraneField *field, gconstpointer value)
{
  return json_integer ((json_int_t) * (const unsigned *) value);
}

const TerraneFieldType terrane_field_int = {
  .name = "int", .json = "integer", .read = read_int, .dump = dump_int
};

static void
read_count (const TerraneField *field, UNUSED_READER, const OciJson *at, gpointer value)
{
  int64_t number;
  if (oci_json_int (at, field->min, field->max, &number))
    *(uint64_t *) value = (uint64_t) number;
}

static json_t *
dump_count (G_GNUC_UNUSED const TerraneField *field, gconstpointer value)
{
  return json_integer ((json_int_t) * (const uint64_t *) value);
}

const TerraneFieldType terrane_field_count = {
  .name = "count", .json = "integer", .read = read_count, .dump = dump_count
};

static void
read_positive (const TerraneField *field, UNUSED_READER, const OciJson *at, gpointer value)
{
  double number;
  if (!oci_json_number (at, &number))
    return;
  if (number >= 0 && number <= (double) field->max)
    *(double *) value = number;
  else
    oci_json_problem (at, "must not be negative");
}

/* Digested values have no fractions. */
const TerraneFieldType terrane_field_positive = { .name = "positive",
                                                  .json = "number",
                                                  .read = read_positive };

static void
read_word (const TerraneField *field, UNUSED_READER, const OciJson *at, gpointer value)
{
  (void) oci_json_word (at, field->words, value); /* notes what is wrong */
}

const TerraneFieldType terrane_field_word = {
  .name = "word", .json = "string", .read = read_word, .dump = dump_int
};

const TerraneFieldType terrane_field_switch = {
  .name = "switch", .json = "string", .read = read_word, .dump = dump_flag
};

static void
read_word_set (const TerraneField *field, UNUSED_READER, const OciJson *at, gpointer value)
{
  size_t length = 0;
  guint n_words = g_strv_length ((char **) field->words);
  g_autofree gboolean *seen = g_new0 (gboolean, n_words);
  if (!oci_json_array (at, (size_t) field->max, &length))
    return;
  for (size_t i = 0; i < length; i++)
    {
      OciJson element;
      unsigned word;
      oci_json_element (at, i, &element);
      if (!oci_json_word (&element, field->words, &word))
        continue;
      if (seen[word])
        oci_json_problem (&element, "is in the list twice");
      seen[word] = TRUE;
    }
  memcpy (value, seen, n_words * sizeof *seen);
}

static json_t *
dump_word_set (const TerraneField *field, gconstpointer value)
{
  const gboolean *set = value;
  json_t *array = json_array ();
  for (guint i = 0; field->words[i] != NULL; i++)
    if (set[i])
      oci_json_append (array, oci_json_text (field->words[i]));
  return array;
}

const TerraneFieldType terrane_field_word_set = {
  .name = "word-set", .json = "array", .read = read_word_set, .dump = dump_word_set
};

/* If something is wrong, @value is left unchanged, so that the text is not judged further. */
static void
read_text (const TerraneField *field, UNUSED_READER, const OciJson *at, gpointer value)
{
  const char *text;
  if (!oci_json_string (at, &text))
    return;
  if (field->min > 0 && text[0] == '\0')
    {
      oci_json_problem (at, "is empty");
      return;
    }
  set_text (value, text);
  if (field->check != NULL)
    field->check (at, value);
}

const TerraneFieldType terrane_field_text = { .name = "text",
                                              .json = "string",
                                              .read = read_text,
                                              .clear = clear_text,
                                              .copy = copy_text,
                                              .dump = dump_text };

static void
read_choice (const TerraneField *field, UNUSED_READER, const OciJson *at, gpointer value)
{
  unsigned word;
  if (oci_json_word (at, field->words, &word))
    set_text (value, field->words[word]);
}

const TerraneFieldType terrane_field_choice = { .name = "choice",
                                                .json = "string",
                                                .read = read_choice,
                                                .clear = clear_text,
                                                .copy = copy_text,
                                                .dump = dump_text };

static void
read_name (G_GNUC_UNUSED const TerraneField *field, UNUSED_READER, const OciJson *at,
           gpointer value)
{
  terrane_profile_read_name (at, value);
}

const TerraneFieldType terrane_field_name = { .name = "name",
                                              .json = "string",
                                              .read = read_name,
                                              .clear = clear_text,
                                              .copy = copy_text,
                                              .dump = dump_text };

static void
read_regex (const TerraneField *field, const TerraneProfileReader *reader, const OciJson *at,
            gpointer value)
{
  g_autoptr (GError) local = NULL;
  read_text (field, reader, at, value);
  const char *pattern = *(char *const *) value;
  g_autoptr (GRegex) regex = pattern != NULL ? g_regex_new (pattern, 0, 0, &local) : NULL;
  if (pattern != NULL && regex == NULL)
    {
      const char *place =
          g_strrstr (local->message, " at char "); /* GLib puts the pattern before */
      oci_json_problem (at, "invalid regular expression: %s%s",
                        place != NULL ? "at character " : "",
                        place != NULL ? place + strlen (" at char ") : local->message);
    }
}

const TerraneFieldType terrane_field_regex = { .name = "regex",
                                               .json = "string",
                                               .read = read_regex,
                                               .clear = clear_text,
                                               .copy = copy_text,
                                               .dump = dump_text };

static void
read_path (G_GNUC_UNUSED const TerraneField *field, const TerraneProfileReader *reader,
           const OciJson *at, gpointer value)
{
  char *path = NULL;
  terrane_profile_read_path (reader, at, &path);
  if (path != NULL)
    set_text (value, path);
  g_free (path);
}

const TerraneFieldType terrane_field_path = { .name = "path",
                                              .json = "string",
                                              .read = read_path,
                                              .clear = clear_text,
                                              .copy = copy_text,
                                              .dump = dump_text };

static void
clear_texts (G_GNUC_UNUSED const TerraneField *field, gpointer value)
{
  g_clear_pointer ((char ***) value, g_strfreev);
}

/* Takes @texts. */
static void
set_texts (const TerraneField *field, const OciJson *at, char **texts, gpointer value)
{
  char ***into = value;
  g_strfreev (*into);
  *into = texts;
  if ((int64_t) g_strv_length (texts) < field->min)
    oci_json_problem (at, "%s", field->empty != NULL ? field->empty : "is empty");
  for (guint i = 0; field->check != NULL && texts[i] != NULL; i++)
    {
      OciJson element;
      oci_json_element (at, i, &element);
      field->check (field->each ? &element : at, &texts[i]);
    }
}

static void
read_texts (const TerraneField *field, UNUSED_READER, const OciJson *at, gpointer value)
{
  char **texts = NULL;
  if (oci_json_strv (at, (size_t) field->max, &texts))
    set_texts (field, at, texts, value);
}

static void
read_text_or_texts (const TerraneField *field, const TerraneProfileReader *reader,
                    const OciJson *at, gpointer value)
{
  const char *text = json_string_value (at->value);
  const char *const single[] = { text, NULL };
  if (text != NULL)
    set_texts (field, at, g_strdupv ((char **) single), value);
  else
    read_texts (field, reader, at, value);
}

static void
copy_texts (G_GNUC_UNUSED const TerraneField *field, gpointer value)
{
  char ***texts = value;
  *texts = g_strdupv (*texts);
}

static json_t *
dump_texts (G_GNUC_UNUSED const TerraneField *field, gconstpointer value)
{
  char **texts = *(char **const *) value;
  if (texts == NULL)
    return NULL;
  json_t *array = json_array ();
  for (; *texts != NULL; texts++)
    oci_json_append (array, oci_json_text (*texts));
  return array;
}

const TerraneFieldType terrane_field_texts = { .name = "texts",
                                               .json = "array",
                                               .read = read_texts,
                                               .clear = clear_texts,
                                               .copy = copy_texts,
                                               .dump = dump_texts };

const TerraneFieldType terrane_field_text_or_texts = { .name = "text-or-texts",
                                                       .json = "array string",
                                                       .read = read_text_or_texts,
                                                       .clear = clear_texts,
                                                       .copy = copy_texts,
                                                       .dump = dump_texts };

static void
clear_array (G_GNUC_UNUSED const TerraneField *field, gpointer value)
{
  g_clear_pointer ((GPtrArray **) value, g_ptr_array_unref);
}

static void
init_paths (G_GNUC_UNUSED const TerraneField *field, gpointer value)
{
  *(GPtrArray **) value = g_ptr_array_new_with_free_func (g_free);
}

static void
read_paths (const TerraneField *field, const TerraneProfileReader *reader, const OciJson *at,
            gpointer value)
{
  size_t length = 0;
  if (!oci_json_array (at, (size_t) field->max, &length))
    return;
  for (size_t i = 0; i < length; i++)
    {
      OciJson element;
      char *path = NULL;
      oci_json_element (at, i, &element);
      terrane_profile_read_path (reader, &element, &path);
      if (path != NULL)
        g_ptr_array_add (*(GPtrArray **) value, path);
    }
}

static gpointer
copy_path (gconstpointer path, G_GNUC_UNUSED gpointer data)
{
  return g_strdup (path);
}

static void
copy_paths (G_GNUC_UNUSED const TerraneField *field, gpointer value)
{
  GPtrArray **paths = value;
  *paths = g_ptr_array_copy (*paths, copy_path, NULL);
}

const TerraneFieldType terrane_field_paths = { .name = "paths",
                                               .json = "array",
                                               .init = init_paths,
                                               .read = read_paths,
                                               .clear = clear_array,
                                               .copy = copy_paths };

gboolean
terrane_profile_read_size (const OciJson *at, uint64_t *out_bytes)
{
  const char *text;
  g_autoptr (GError) local = NULL;
  if (!oci_json_string (at, &text))
    return FALSE;
  if (!oci_parse_size (text, out_bytes, &local))
    oci_json_problem (at, "%s", local->message);
  else if (*out_bytes == 0)
    oci_json_problem (at, "a limit of nothing can never be kept");
  else
    return TRUE;
  return FALSE;
}

static void
read_size (G_GNUC_UNUSED const TerraneField *field, UNUSED_READER, const OciJson *at,
           gpointer value)
{
  (void) terrane_profile_read_size (at, value); /* notes what is wrong */
}

const TerraneFieldType terrane_field_size = {
  .name = "size", .json = "string", .read = read_size, .dump = dump_count
};

static void
read_duration (const TerraneField *field, UNUSED_READER, const OciJson *at, gpointer value)
{
  const char *text;
  g_autoptr (GError) local = NULL;
  if (oci_json_string (at, &text)
      && !oci_parse_duration (text, (uint64_t) field->max, value, &local))
    oci_json_problem (at, "%s", local->message);
}

const TerraneFieldType terrane_field_duration = {
  .name = "duration", .json = "string", .read = read_duration, .dump = dump_count
};

static void
read_timeout (const TerraneField *field, const TerraneProfileReader *reader, const OciJson *at,
              gpointer value)
{
  int64_t seconds;
  if (json_is_string (at->value))
    read_duration (field, reader, at, value);
  else if (oci_json_int (at, 1, field->max / MS_PER_SECOND, &seconds))
    *(uint64_t *) value = (uint64_t) seconds * MS_PER_SECOND;
}

const TerraneFieldType terrane_field_timeout = {
  .name = "timeout", .json = "integer string", .read = read_timeout, .dump = dump_count
};

static void
read_nothing (G_GNUC_UNUSED const TerraneField *field, UNUSED_READER,
              G_GNUC_UNUSED const OciJson *at, G_GNUC_UNUSED gpointer value)
{
}

const TerraneFieldType terrane_field_elsewhere = { .name = "elsewhere",
                                                   .json = "any",
                                                   .read = read_nothing };

const TerraneFieldType terrane_field_beside = { .name = "beside",
                                                .json = "string",
                                                .read = read_nothing };
