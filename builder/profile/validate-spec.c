#include "builder/profile/validate-spec.h"

#include "builder/profile/limits-spec.h"

#include <string.h>

enum
{
  DEFAULT_TIMEOUT_MS = 60 * 1000,
  MAX_TIMEOUT_SECS = 900, /* Lambda's longest */
  MAX_TIMEOUT_MS = MAX_TIMEOUT_SECS * 1000,
  MAX_ELEMENTS = 1000,
  MAX_COMMAND = 1500, /* words: that of config.cmd */
  MAX_EXIT_CODE = 255,
  DEFAULT_STATUS = 200,
  MIN_STATUS = 100,
  MAX_STATUS = 599,
};

#define DEFAULT_TOLERANCE 1e-3
#define MAX_NUMBER 1e12 /* of coordinates; what is beyond is a slip */

static void
command_free (gpointer data)
{
  TerraneCommandSpec *self = data;
  g_strfreev (self->argv);
  g_free (self->expect);
  g_free (self);
}

static void
driver_free (gpointer data)
{
  TerraneDriverSpec *self = data;
  g_free (self->name);
  g_free (self);
}

static void
crs_free (gpointer data)
{
  TerraneCrsSpec *self = data;
  g_free (self->from);
  g_free (self->to);
  g_free (self->operation_code);
  g_free (self->operation);
  g_free (self);
}

static void
invoke_free (gpointer data)
{
  TerraneInvokeSpec *self = data;
  g_free (self->where);
  g_free (self->event_path);
  json_decref (self->event);
  json_decref (self->expect);
  json_decref (self->env);
  g_free (self->handler);
  g_strfreev (self->cmd);
  g_free (self);
}

static void
http_free (gpointer data)
{
  TerraneHttpSpec *self = data;
  g_free (self->where);
  g_free (self->path);
  g_free (self->method);
  g_free (self->body);
  g_free (self->expect_body);
  g_free (self);
}

void
terrane_validate_spec_init (TerraneValidateSpec *self)
{
  self->scripts = g_ptr_array_new_with_free_func (g_free);
  self->commands = g_ptr_array_new_with_free_func (command_free);
  self->drivers = g_ptr_array_new_with_free_func (driver_free);
  self->crs = g_ptr_array_new_with_free_func (crs_free);
  self->invoke = g_ptr_array_new_with_free_func (invoke_free);
  self->http = g_ptr_array_new_with_free_func (http_free);
  self->timeout_ms = DEFAULT_TIMEOUT_MS;
}

void
terrane_validate_spec_clear (TerraneValidateSpec *self)
{
  g_clear_pointer (&self->imports, g_strfreev);
  g_clear_pointer (&self->scripts, g_ptr_array_unref);
  g_clear_pointer (&self->commands, g_ptr_array_unref);
  g_clear_pointer (&self->drivers, g_ptr_array_unref);
  g_clear_pointer (&self->crs, g_ptr_array_unref);
  g_clear_pointer (&self->codecs, g_strfreev);
  g_clear_pointer (&self->invoke, g_ptr_array_unref);
  g_clear_pointer (&self->http, g_ptr_array_unref);
}

gboolean
terrane_validate_spec_has_runs (const TerraneValidateSpec *self)
{
  return (self->imports != NULL && self->imports[0] != NULL)
         || (self->codecs != NULL && self->codecs[0] != NULL) || self->scripts->len > 0
         || self->commands->len > 0 || self->drivers->len > 0 || self->crs->len > 0
         || self->suite_geo;
}

/* Optional text that is not empty. */
static void
read_text (const OciJson *object, const char *key, char **out_text)
{
  OciJson member;
  const char *text;
  if (!oci_json_member (object, key, &member) || !oci_json_string (&member, &text))
    return;
  if (text[0] == '\0')
    oci_json_problem (&member, "is empty");
  else
    *out_text = g_strdup (text);
}

static void
read_regex (const OciJson *object, const char *key, char **out_pattern)
{
  OciJson member;
  g_autoptr (GError) local = NULL;
  read_text (object, key, out_pattern);
  if (*out_pattern == NULL || !oci_json_member (object, key, &member))
    return;
  g_autoptr (GRegex) regex = g_regex_new (*out_pattern, 0, 0, &local);
  if (regex == NULL)
    oci_json_problem (&member, "is no regular expression: %s", local->message);
}

static void
read_timeout (const OciJson *object, uint64_t *out_ms)
{
  OciJson member;
  int64_t seconds;
  if (!oci_json_member (object, "timeout", &member))
    return;
  if (json_is_string (member.value))
    (void) terrane_profile_read_duration (&member, MAX_TIMEOUT_MS, out_ms);
  else if (oci_json_int (&member, 1, MAX_TIMEOUT_SECS, &seconds))
    *out_ms = (uint64_t) seconds * 1000;
}

static void
read_flag (const OciJson *object, const char *key, gboolean *out_flag)
{
  OciJson member;
  if (oci_json_member (object, key, &member))
    (void) oci_json_bool (&member, out_flag);
}

static void
read_command (const OciJson *at, gpointer into)
{
  static const char *const known[] = { "command", "expect", "exit_code", NULL };
  TerraneCommandSpec *self = g_new0 (TerraneCommandSpec, 1);
  OciJson argv = *at, member;
  int64_t number;
  g_ptr_array_add (into, self);
  if (!json_is_array (at->value))
    {
      if (!oci_json_object (at, known) || !oci_json_require (at, "command", &argv))
        return;
      read_regex (at, "expect", &self->expect);
      if (oci_json_member (at, "exit_code", &member)
          && oci_json_int (&member, 0, MAX_EXIT_CODE, &number))
        self->exit_code = (int) number;
    }
  if (oci_json_strv (&argv, TERRANE_PROFILE_MAX_STRINGS, &self->argv)
      && (self->argv[0] == NULL || self->argv[0][0] == '\0'))
    oci_json_problem (&argv, "names no program");
}

static void
read_driver (const OciJson *at, gpointer into)
{
  static const char *const known[] = { "name", "raster", "vector", "write", NULL };
  TerraneDriverSpec *self = g_new0 (TerraneDriverSpec, 1);
  OciJson member = *at;
  const char *text;
  g_ptr_array_add (into, self);
  if (!json_is_string (at->value))
    {
      if (!oci_json_object (at, known) || !oci_json_require (at, "name", &member))
        return;
      read_flag (at, "raster", &self->raster);
      read_flag (at, "vector", &self->vector);
      read_flag (at, "write", &self->write);
    }
  if (!oci_json_string (&member, &text))
    return;
  if (text[0] == '\0')
    oci_json_problem (&member, "is empty");
  self->name = g_strdup (text);
}

static size_t
read_numbers (const OciJson *object, const char *key, double numbers[TERRANE_CRS_MAX_NUMBERS])
{
  OciJson list, element;
  size_t length = 0;
  if (!oci_json_require (object, key, &list)
      || !oci_json_array (&list, TERRANE_CRS_MAX_NUMBERS, &length))
    return 0;
  if (length < 2)
    oci_json_problem (&list, "expected two or three numbers");
  for (size_t i = 0; i < length; i++)
    {
      oci_json_element (&list, i, &element);
      if (!oci_json_number (&element, &numbers[i]))
        return 0;
      if (!(numbers[i] >= -MAX_NUMBER && numbers[i] <= MAX_NUMBER))
        oci_json_problem (&element, "is too large for a coordinate");
    }
  return length;
}

static void
read_positive (const OciJson *object, const char *key, double *out_number)
{
  OciJson member;
  double number;
  if (!oci_json_member (object, key, &member) || !oci_json_number (&member, &number))
    return;
  if (!(number >= 0 && number <= MAX_NUMBER))
    oci_json_problem (&member, "must not be negative");
  else
    *out_number = number;
}

static void
read_crs (const OciJson *at, gpointer into)
{
  static const char *const known[] = { "from",      "to",       "operation_code",
                                       "point",     "expect",   "tolerance",
                                       "operation", "accuracy", NULL };
  TerraneCrsSpec *self = g_new0 (TerraneCrsSpec, 1);
  OciJson member;
  g_ptr_array_add (into, self);
  self->tolerance = DEFAULT_TOLERANCE;
  if (!oci_json_object (at, known))
    return;
  read_text (at, "from", &self->from);
  read_text (at, "to", &self->to);
  read_text (at, "operation_code", &self->operation_code);
  if ((self->from == NULL) != (self->to == NULL)
      || (self->from == NULL) == (self->operation_code == NULL))
    oci_json_problem (at, "expected either ‘from’ and ‘to’ or ‘operation_code’");
  self->n_numbers = read_numbers (at, "point", self->point);
  if (read_numbers (at, "expect", self->expect) != self->n_numbers
      && oci_json_member (at, "expect", &member))
    oci_json_problem (&member, "has not as many numbers as ‘point’");
  read_positive (at, "tolerance", &self->tolerance);
  read_text (at, "operation", &self->operation);
  self->has_accuracy = oci_json_member (at, "accuracy", &member);
  read_positive (at, "accuracy", &self->accuracy);
}

typedef void (*ElementFunc) (const OciJson *at, gpointer into);

static void
read_list (const OciJson *object, const char *key, ElementFunc func, gpointer into)
{
  OciJson list, element;
  size_t length = 0;
  if (!oci_json_member (object, key, &list) || !oci_json_array (&list, MAX_ELEMENTS, &length))
    return;
  for (size_t i = 0; i < length; i++)
    {
      oci_json_element (&list, i, &element);
      func (&element, into);
    }
}

/* Where what reads one element of invoke and http gets its paths from, and puts it. */
typedef struct
{
  const TerraneProfileReader *reader;
  GPtrArray *into;
} Place;

/* Which function of the image it is. */
static void
read_function (const OciJson *at, TerraneInvokeSpec *self)
{
  OciJson member;
  const char *text;
  if (oci_json_member (at, "cmd", &member))
    (void) oci_json_strv (&member, MAX_COMMAND, &self->cmd);
  if (!oci_json_member (at, "handler", &member) || !oci_json_string (&member, &text))
    return;
  if (text[0] == '\0')
    oci_json_problem (&member, "is empty");
  else if (self->cmd != NULL)
    oci_json_problem (&member, "goes without ‘cmd’");
  self->handler = g_strdup (text);
}

static void
read_invoke (const OciJson *at, gpointer data)
{
  static const char *const known[] = { "event",   "expect", "timeout",   "memory", "env",
                                       "handler", "cmd",    "slow_init", NULL };
  const Place *place = data;
  TerraneInvokeSpec *self = g_new0 (TerraneInvokeSpec, 1);
  OciJson member;
  g_ptr_array_add (place->into, self);
  self->where = terrane_origins_where (place->reader->origins, at);
  if (!oci_json_object (at, known))
    return;
  if (oci_json_require (at, "event", &member))
    {
      if (json_is_string (member.value))
        terrane_profile_read_path (place->reader, &member, &self->event_path);
      else
        self->event = json_deep_copy (member.value);
    }
  if (oci_json_member (at, "expect", &member))
    self->expect = json_deep_copy (member.value);
  read_timeout (at, &self->timeout_ms);
  if (oci_json_member (at, "memory", &member))
    (void) terrane_profile_read_size (&member, &self->memory_bytes);
  terrane_profile_read_string_map (at, "env", &self->env);
  read_function (at, self);
  if (oci_json_member (at, "slow_init", &member))
    (void) oci_json_bool (&member, &self->slow_init);
}

static void
read_http (const OciJson *at, gpointer data)
{
  static const char *const known[] = { "path",        "method",  "body", "expect_status",
                                       "expect_body", "timeout", NULL };
  static const char *const methods[] = { "GET",    "HEAD",  "POST",    "PUT",
                                         "DELETE", "PATCH", "OPTIONS", NULL };
  const Place *place = data;
  TerraneHttpSpec *self = g_new0 (TerraneHttpSpec, 1);
  OciJson member;
  const char *text;
  unsigned word = 0;
  int64_t number;
  g_ptr_array_add (place->into, self);
  self->where = terrane_origins_where (place->reader->origins, at);
  self->expect_status = DEFAULT_STATUS;
  if (!oci_json_object (at, known))
    return;
  if (oci_json_require (at, "path", &member) && oci_json_string (&member, &text))
    {
      if (text[0] != '/' || strpbrk (text, " \r\n\t#") != NULL)
        oci_json_problem (&member, "expected a path that starts with ‘/’, without spaces");
      self->path = g_strdup (text);
    }
  if (oci_json_member (at, "method", &member))
    (void) oci_json_word (&member, methods, &word);
  self->method = g_strdup (methods[word]);
  if (oci_json_member (at, "body", &member) && oci_json_string (&member, &text))
    self->body = g_strdup (text);
  if (oci_json_member (at, "expect_status", &member)
      && oci_json_int (&member, MIN_STATUS, MAX_STATUS, &number))
    self->expect_status = (unsigned) number;
  read_regex (at, "expect_body", &self->expect_body);
  read_timeout (at, &self->timeout_ms);
}

/* One object, or several in an array. */
static void
read_one_or_more (const TerraneProfileReader *reader, const OciJson *object, const char *key,
                  ElementFunc func, GPtrArray *into)
{
  Place place = { .reader = reader, .into = into };
  OciJson member;
  if (!oci_json_member (object, key, &member))
    return;
  if (json_is_array (member.value))
    read_list (object, key, func, &place);
  else
    func (&member, &place);
}

static void
read_script (const OciJson *at, gpointer data)
{
  const Place *place = data;
  char *path = NULL;
  terrane_profile_read_path (place->reader, at, &path);
  if (path != NULL)
    g_ptr_array_add (place->into, path);
}

static void
read_codecs (const OciJson *object, char ***out_codecs)
{
  OciJson member;
  if (!oci_json_member (object, "codecs", &member)
      || !oci_json_strv (&member, MAX_ELEMENTS, out_codecs))
    return;
  for (guint i = 0; (*out_codecs)[i] != NULL; i++)
    {
      OciJson element;
      const char *codec = (*out_codecs)[i];
      oci_json_element (&member, i, &element);
      if (codec[0] == '\0' || strspn (codec, G_CSET_A_2_Z G_CSET_DIGITS "_") != strlen (codec))
        oci_json_problem (&element, "expected a codec as GDAL writes it, such as ‘ZSTD’");
    }
}

void
terrane_validate_spec_read (const TerraneProfileReader *reader, const OciJson *root,
                            TerraneValidateSpec *self)
{
  static const char *const known[] = { "imports", "scripts", "commands", "drivers", "crs", "codecs",
                                       "suite",   "timeout", "invoke",   "http",    NULL };
  static const char *const suites[] = { "geo", NULL };
  OciJson object, member;
  unsigned word;
  if (!oci_json_member (root, "validate", &object) || !oci_json_object (&object, known))
    return;
  Place scripts = { .reader = reader, .into = self->scripts };
  if (oci_json_member (&object, "imports", &member))
    (void) oci_json_strv (&member, TERRANE_PROFILE_MAX_STRINGS, &self->imports);
  read_list (&object, "scripts", read_script, &scripts);
  read_list (&object, "commands", read_command, self->commands);
  read_list (&object, "drivers", read_driver, self->drivers);
  read_list (&object, "crs", read_crs, self->crs);
  read_codecs (&object, &self->codecs);
  if (oci_json_member (&object, "suite", &member))
    self->suite_geo = oci_json_word (&member, suites, &word);
  read_timeout (&object, &self->timeout_ms);
  read_one_or_more (reader, &object, "invoke", read_invoke, self->invoke);
  read_one_or_more (reader, &object, "http", read_http, self->http);
}
