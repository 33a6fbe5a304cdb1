#include "builder/profile/validate-spec.h"

#include "builder/profile/field-types.h"

#include <string.h>

enum
{
  MAX_TIMEOUT_MS = 900 * 1000, /* Lambda's longest */
  MAX_ELEMENTS = 1000,
  MAX_COMMAND = 1500, /* words: those of config.cmd */
  MAX_EXIT_CODE = 255,
  MIN_STATUS = 100,
  MAX_STATUS = 599,
};

#define MAX_NUMBER INT64_C (1000000000000) /* for coordinates; a larger one is a slip */

/* The text of the whole section is part of the key of a validation's result. */
#define FIELD(member_name, of_type, structure, member)                                             \
  .name = (member_name), .type = &(of_type), .offset = offsetof (structure, member),               \
  .parts = TERRANE_PART_RESULT

gboolean
terrane_validate_spec_has_runs (const TerraneValidateSpec *self)
{
  return (self->imports != NULL && self->imports[0] != NULL)
         || (self->codecs != NULL && self->codecs[0] != NULL) || self->scripts->len > 0
         || self->commands->len > 0 || self->drivers->len > 0 || self->crs->len > 0
         || self->suite_geo;
}

static void
check_program (const TerraneProfileReader *reader, const OciJson *at, gpointer data)
{
  const TerraneCommandSpec *self = data;
  OciJson argv = *at;
  (void) reader;
  if (json_is_object (at->value))
    (void) oci_json_member (at, "command", &argv); /* it is required */
  if (self->argv != NULL && (self->argv[0] == NULL || self->argv[0][0] == '\0'))
    oci_json_problem (&argv, "names no program");
}

static const TerraneField command_fields[] = {
  { FIELD ("command", terrane_field_texts, TerraneCommandSpec, argv), .required = TRUE,
    .max = TERRANE_PROFILE_MAX_STRINGS,
    .help = "Program and arguments; a program without ‘/’ is looked up in the image's PATH." },
  { FIELD ("expect", terrane_field_regex, TerraneCommandSpec, expect), .min = 1,
    .help = "Regular expression that must match somewhere in the output." },
  { FIELD ("exit_code", terrane_field_int, TerraneCommandSpec, exit_code), .max = MAX_EXIT_CODE,
    .fallback = "0", .help = "The expected exit code." },
  { .name = NULL },
};

const TerraneSection terrane_command_section = { .fields = command_fields,
                                                 .size = sizeof (TerraneCommandSpec),
                                                 .shorthand = "command",
                                                 .shorthand_type = JSON_ARRAY,
                                                 .check = check_program };

static const TerraneField driver_fields[] = {
  { FIELD ("name", terrane_field_text, TerraneDriverSpec, name), .required = TRUE, .min = 1,
    .help = "GDAL's short name." },
  { FIELD ("raster", terrane_field_flag, TerraneDriverSpec, raster),
    .help = "Whether it must be able to read rasters." },
  { FIELD ("vector", terrane_field_flag, TerraneDriverSpec, vector),
    .help = "Whether it must be able to read vectors." },
  { FIELD ("write", terrane_field_flag, TerraneDriverSpec, write),
    .help = "Whether it must be able to write." },
  { .name = NULL },
};

const TerraneSection terrane_driver_section = { .fields = driver_fields,
                                                .size = sizeof (TerraneDriverSpec),
                                                .shorthand = "name",
                                                .shorthand_type = JSON_STRING };

static void
read_numbers (const TerraneField *field, G_GNUC_UNUSED const TerraneProfileReader *reader,
              const OciJson *at, gpointer value)
{
  double *numbers = value;
  size_t length = 0;
  if (!oci_json_array (at, (size_t) field->max, &length))
    return;
  if (length < (size_t) field->min)
    oci_json_problem (at, "expected two or three numbers");
  for (size_t i = 0; i < length; i++)
    {
      OciJson element;
      oci_json_element (at, i, &element);
      if (!oci_json_number (&element, &numbers[i]))
        return;
      if (!(numbers[i] >= -(double) MAX_NUMBER && numbers[i] <= (double) MAX_NUMBER))
        oci_json_problem (&element, "is too large for a coordinate");
    }
}

/* double[TERRANE_CRS_MAX_NUMBERS] */
static const TerraneFieldType numbers_type = { .name = "numbers",
                                               .json = "array",
                                               .read = read_numbers };

static void
check_crs (const TerraneProfileReader *reader, const OciJson *at, gpointer data)
{
  TerraneCrsSpec *self = data;
  OciJson point, expect, accuracy;
  (void) reader;
  if ((self->from == NULL) != (self->to == NULL)
      || (self->from == NULL) == (self->operation_code == NULL))
    oci_json_problem (at, "expected either ‘from’ and ‘to’ or ‘operation_code’");
  self->has_accuracy = oci_json_member (at, "accuracy", &accuracy);
  if (!oci_json_member (at, "point", &point) || !oci_json_member (at, "expect", &expect))
    return;
  self->n_numbers = MIN (json_array_size (point.value), (size_t) TERRANE_CRS_MAX_NUMBERS);
  if (json_is_array (expect.value) && json_array_size (expect.value) != self->n_numbers)
    oci_json_problem (&expect, "has not as many numbers as ‘point’");
}

static const TerraneField crs_fields[] = {
  { FIELD ("from", terrane_field_text, TerraneCrsSpec, from), .min = 1,
    .help = "The CRS of the point, in a form that PROJ reads, such as EPSG:4326." },
  { FIELD ("to", terrane_field_text, TerraneCrsSpec, to), .min = 1,
    .help = "The CRS of the result." },
  { FIELD ("operation_code", terrane_field_text, TerraneCrsSpec, operation_code), .min = 1,
    .help = "A coordinate operation, such as EPSG:1133, instead of ‘from’ and ‘to’." },
  { FIELD ("point", numbers_type, TerraneCrsSpec, point), .required = TRUE, .min = 2,
    .max = TERRANE_CRS_MAX_NUMBERS,
    .help = "x y (longitude latitude), optionally z; with ‘operation_code’ in the authority's "
            "order of axes." },
  { FIELD ("expect", numbers_type, TerraneCrsSpec, expect), .required = TRUE, .min = 2,
    .max = TERRANE_CRS_MAX_NUMBERS, .help = "The expected result." },
  { FIELD ("tolerance", terrane_field_positive, TerraneCrsSpec, tolerance), .max = MAX_NUMBER,
    .fallback = "0.001", .help = "The largest difference that each number may have." },
  { FIELD ("operation", terrane_field_text, TerraneCrsSpec, operation), .min = 1,
    .help = "Text that the name of the operation must contain." },
  { FIELD ("accuracy", terrane_field_positive, TerraneCrsSpec, accuracy), .max = MAX_NUMBER,
    .help = "The accuracy in metres that the operation must at least have." },
  { .name = NULL },
};

const TerraneSection terrane_crs_section = { .fields = crs_fields,
                                             .size = sizeof (TerraneCrsSpec),
                                             .check = check_crs };

static void
read_event (G_GNUC_UNUSED const TerraneField *field, const TerraneProfileReader *reader,
            const OciJson *at, gpointer value)
{
  TerraneInvokeSpec *self = value;
  if (json_is_string (at->value))
    terrane_profile_read_path (reader, at, &self->event_path);
  else
    self->event = json_deep_copy (at->value);
}

static void
clear_event (G_GNUC_UNUSED const TerraneField *field, gpointer value)
{
  TerraneInvokeSpec *self = value;
  g_clear_pointer (&self->event_path, g_free);
  g_clear_pointer (&self->event, json_decref);
}

static void
copy_event (G_GNUC_UNUSED const TerraneField *field, gpointer value)
{
  TerraneInvokeSpec *self = value;
  self->event_path = g_strdup (self->event_path);
  self->event = json_deep_copy (self->event);
}

const TerraneFieldType terrane_field_event = {
  .name = "event", .json = "any", .read = read_event, .clear = clear_event, .copy = copy_event
};

static void
check_invoke (const TerraneProfileReader *reader, const OciJson *at, gpointer data)
{
  TerraneInvokeSpec *self = data;
  OciJson handler;
  self->where = terrane_provenance_where (reader->provenance, at);
  if (self->handler != NULL && self->cmd != NULL && oci_json_member (at, "handler", &handler))
    oci_json_problem (&handler, "cannot be combined with ‘cmd’");
}

static void
clear_invoke (gpointer self)
{
  g_clear_pointer (&((TerraneInvokeSpec *) self)->where, g_free);
}

static void
copy_invoke (gpointer data)
{
  TerraneInvokeSpec *self = data;
  self->where = g_strdup (self->where);
}

static const TerraneField invoke_fields[] = {
  { .name = "event",
    .type = &terrane_field_event,
    .parts = TERRANE_PART_RESULT,
    .required = TRUE,
    .help = "The event: a string is a file, relative to this one; any other value is the event "
            "itself." },
  { FIELD ("expect", terrane_field_json, TerraneInvokeSpec, expect),
    .help = "The value that the answer must contain: members of objects may be added, "
            "other values "
            "must be equal." },
  { FIELD ("timeout", terrane_field_timeout, TerraneInvokeSpec, timeout_ms), .max = MAX_TIMEOUT_MS,
    .help = "Time limit of the function." },
  { FIELD ("memory", terrane_field_size, TerraneInvokeSpec, memory_bytes),
    .help = "Memory of the function; by default ‘limits.memory’." },
  { FIELD ("env", terrane_field_map, TerraneInvokeSpec, env),
    .help = "Environment variables, on top of the image's." },
  { FIELD ("handler", terrane_field_text, TerraneInvokeSpec, handler), .min = 1,
    .help = "Another function of the image, also in _HANDLER: it replaces the command or, in an "
            "image without an entrypoint, the command's last word." },
  { FIELD ("cmd", terrane_field_texts, TerraneInvokeSpec, cmd), .max = MAX_COMMAND,
    .help = "Replaces the image's command; not together with ‘handler’." },
  { FIELD ("slow_init", terrane_field_flag, TerraneInvokeSpec, slow_init), .fallback = "false",
    .help = "Whether an initialisation may take longer than Lambda's 10 s." },
  { .name = NULL },
};

const TerraneSection terrane_invoke_section = { .fields = invoke_fields,
                                                .size = sizeof (TerraneInvokeSpec),
                                                .check = check_invoke,
                                                .clear = clear_invoke,
                                                .copy = copy_invoke };

static void
check_request_path (const OciJson *at, char **path)
{
  if ((*path)[0] != '/' || strpbrk (*path, " \r\n\t#") != NULL)
    oci_json_problem (at, "expected a path that starts with ‘/’, without spaces");
}

static void
check_http (const TerraneProfileReader *reader, const OciJson *at, gpointer data)
{
  TerraneHttpSpec *self = data;
  self->where = terrane_provenance_where (reader->provenance, at);
}

static void
clear_http (gpointer self)
{
  g_clear_pointer (&((TerraneHttpSpec *) self)->where, g_free);
}

static void
copy_http (gpointer data)
{
  TerraneHttpSpec *self = data;
  self->where = g_strdup (self->where);
}

static const char *const methods[] = { "GET",    "HEAD",  "POST",    "PUT",
                                       "DELETE", "PATCH", "OPTIONS", NULL };

static const TerraneField http_fields[] = {
  { FIELD ("path", terrane_field_text, TerraneHttpSpec, path), .required = TRUE,
    .check = check_request_path, .help = "Path of the request, with the query." },
  { FIELD ("method", terrane_field_choice, TerraneHttpSpec, method), .words = methods,
    .fallback = "\"GET\"", .help = "Method of the request." },
  { FIELD ("body", terrane_field_text, TerraneHttpSpec, body),
    .help = "Body of the request, sent as application/json when it is JSON." },
  { FIELD ("expect_status", terrane_field_int, TerraneHttpSpec, expect_status), .min = MIN_STATUS,
    .max = MAX_STATUS, .fallback = "200", .help = "Expected status of the answer." },
  { FIELD ("expect_body", terrane_field_regex, TerraneHttpSpec, expect_body), .min = 1,
    .help = "Regular expression that must match somewhere in the answer." },
  { FIELD ("timeout", terrane_field_timeout, TerraneHttpSpec, timeout_ms), .max = MAX_TIMEOUT_MS,
    .help = "Time limit of the answer, including the start of the server; by default "
            "‘validate.timeout’." },
  { .name = NULL },
};

const TerraneSection terrane_http_section = { .fields = http_fields,
                                              .size = sizeof (TerraneHttpSpec),
                                              .check = check_http,
                                              .clear = clear_http,
                                              .copy = copy_http };

static void
check_codec (const OciJson *at, char **codec)
{
  if ((*codec)[0] == '\0' || strspn (*codec, G_CSET_A_2_Z G_CSET_DIGITS "_") != strlen (*codec))
    oci_json_problem (at, "expected a codec as GDAL writes it, such as ‘ZSTD’");
}

static void
read_suite (const TerraneField *field, G_GNUC_UNUSED const TerraneProfileReader *reader,
            const OciJson *at, gpointer value)
{
  unsigned word;
  *(gboolean *) value = oci_json_word (at, field->words, &word);
}

/* gboolean: whether the only suite is wanted */
static const TerraneFieldType suite_type = { .name = "suite",
                                             .json = "string",
                                             .read = read_suite };

static const char *const suites[] = { "geo", NULL };

static const TerraneField fields[] = {
  { FIELD ("imports", terrane_field_texts, TerraneValidateSpec, imports),
    .max = TERRANE_PROFILE_MAX_STRINGS,
    .help = "Python modules to import, each in a new process, then all together." },
  { FIELD ("scripts", terrane_field_paths, TerraneValidateSpec, scripts), .max = MAX_ELEMENTS,
    .help = "Scripts to run, relative to this file, of at most 1 MiB each. The image's "
            "Python runs "
            "‘.py’ files." },
  { FIELD ("commands", terrane_field_objects, TerraneValidateSpec, commands),
    .section = &terrane_command_section, .max = MAX_ELEMENTS,
    .help = "Programs of the image to run, with the output and exit code that they must have." },
  { FIELD ("drivers", terrane_field_objects, TerraneValidateSpec, drivers),
    .section = &terrane_driver_section, .max = MAX_ELEMENTS,
    .help = "GDAL drivers that the image must have, with the capabilities that they need." },
  { FIELD ("crs", terrane_field_objects, TerraneValidateSpec, crs), .section = &terrane_crs_section,
    .max = MAX_ELEMENTS, .help = "Transformations of coordinates with known results." },
  { FIELD ("codecs", terrane_field_texts, TerraneValidateSpec, codecs), .max = MAX_ELEMENTS,
    .check = check_codec, .each = TRUE,
    .help = "Codecs that GDAL must be able to write and read in a GeoTIFF, such as ‘ZSTD’." },
  { FIELD ("suite", suite_type, TerraneValidateSpec, suite_geo), .words = suites,
    .help = "A built-in suite of operations with known results. Operations that the image's "
            "packages do not offer are skipped." },
  { FIELD ("timeout", terrane_field_timeout, TerraneValidateSpec, timeout_ms),
    .max = MAX_TIMEOUT_MS, .fallback = "60",
    .help = "Time limit of each process; a number is in seconds." },
  { FIELD ("invoke", terrane_field_object_or_objects, TerraneValidateSpec, invoke),
    .section = &terrane_invoke_section, .max = MAX_ELEMENTS,
    .help = "Events that the function must answer, as on AWS Lambda." },
  { FIELD ("http", terrane_field_object_or_objects, TerraneValidateSpec, http),
    .section = &terrane_http_section, .max = MAX_ELEMENTS,
    .help = "Requests that the web server in the image must answer." },
  { .name = NULL },
};

const TerraneSection terrane_validate_section = { .fields = fields,
                                                  .size = sizeof (TerraneValidateSpec) };

void
terrane_validate_spec_init (TerraneValidateSpec *self)
{
  terrane_section_init (&terrane_validate_section, self);
}

void
terrane_validate_spec_clear (TerraneValidateSpec *self)
{
  terrane_section_clear (&terrane_validate_section, self);
}
