#include "builder/profile/limits-spec.h"

#include "builder/profile/field-types.h"

enum
{
  MAX_UNPACKED_RATIO = 1000000,
  MAX_IMPORT_TIME_MS = 900 * 1000, /* Lambda's longest timeout */
};

static void
size_limit_free (gpointer data)
{
  TerraneSizeLimit *limit = data;
  g_free (limit->name);
  g_free (limit);
}

static void
init_sizes (G_GNUC_UNUSED const TerraneField *field, gpointer value)
{
  *(GPtrArray **) value = g_ptr_array_new_with_free_func (size_limit_free);
}

static void
read_sizes (G_GNUC_UNUSED const TerraneField *field,
            G_GNUC_UNUSED const TerraneProfileReader *reader, const OciJson *at, gpointer value)
{
  const char *name;
  json_t *size;
  if (!oci_json_object (at, NULL))
    return;
  json_object_foreach ((json_t *) at->value, name, size)
  {
    OciJson member;
    uint64_t bytes;
    (void) size;
    if (!oci_json_member (at, name, &member) || !terrane_profile_read_size (&member, &bytes))
      continue;
    TerraneSizeLimit *limit = g_new0 (TerraneSizeLimit, 1);
    limit->name = g_strdup (name);
    limit->bytes = bytes;
    g_ptr_array_add (*(GPtrArray **) value, limit);
  }
}

static void
clear_sizes (G_GNUC_UNUSED const TerraneField *field, gpointer value)
{
  g_clear_pointer ((GPtrArray **) value, g_ptr_array_unref);
}

static void
copy_sizes (const TerraneField *field, gpointer value)
{
  const GPtrArray *limits = *(GPtrArray *const *) value;
  init_sizes (field, value);
  for (guint i = 0; i < limits->len; i++)
    {
      const TerraneSizeLimit *limit = limits->pdata[i];
      TerraneSizeLimit *copy = g_new (TerraneSizeLimit, 1);
      *copy = (TerraneSizeLimit){ .name = g_strdup (limit->name), .bytes = limit->bytes };
      g_ptr_array_add (*(GPtrArray **) value, copy);
    }
}

static json_t *
dump_sizes (G_GNUC_UNUSED const TerraneField *field, gconstpointer value)
{
  const GPtrArray *limits = *(GPtrArray *const *) value;
  json_t *object = json_object ();
  for (guint i = 0; i < limits->len; i++)
    {
      const TerraneSizeLimit *limit = limits->pdata[i];
      oci_json_set (object, limit->name, json_integer ((json_int_t) limit->bytes));
    }
  return object;
}

/* Names and sizes. */
static const TerraneFieldType sizes = { .name = "sizes",
                                        .json = "object",
                                        .init = init_sizes,
                                        .read = read_sizes,
                                        .clear = clear_sizes,
                                        .copy = copy_sizes,
                                        .dump = dump_sizes };

#define OFFSET(member) offsetof (TerraneLimitsSpec, member)

/* The text of the whole section is part of the key of a validation's result. */
static const TerraneField fields[] = {
  { .name = "uncompressed_size",
    .type = &terrane_field_size,
    .offset = OFFSET (uncompressed_size),
    .parts = TERRANE_PART_IMAGE | TERRANE_PART_RESULT,
    .always = TRUE,
    .help = "Size of all files of the image." },
  { .name = "trees",
    .type = &sizes,
    .offset = OFFSET (trees),
    .parts = TERRANE_PART_IMAGE | TERRANE_PART_RESULT,
    .always = TRUE,
    .help = "Sizes of trees, by their names; the base is called ‘base’." },
  { .name = "packages",
    .type = &sizes,
    .offset = OFFSET (packages),
    .parts = TERRANE_PART_IMAGE | TERRANE_PART_RESULT,
    .always = TRUE,
    .help = "Sizes of installed Python distributions, by their names." },
  { .name = "import_time",
    .type = &terrane_field_duration,
    .offset = OFFSET (import_time_ms),
    .parts = TERRANE_PART_RESULT,
    .max = MAX_IMPORT_TIME_MS,
    .help = "Time of each of ‘validate.imports’: the median of the warm runs. With it, each import "
            "is run seven times." },
  { .name = "memory",
    .type = &terrane_field_size,
    .offset = OFFSET (memory),
    .parts = TERRANE_PART_RESULT,
    .help = "Memory of the function; no process of the validation may use more at once." },
  { .name = "tmp",
    .type = &terrane_field_size,
    .offset = OFFSET (tmp),
    .parts = TERRANE_PART_RESULT,
    .help = "Size of /tmp, also during the validation." },
  { .name = "unpacked_size",
    .type = &terrane_field_size,
    .offset = OFFSET (unpacked.bytes),
    .parts = TERRANE_PART_RESULT,
    .help = "Size that the base, an image, an ostree commit or the archives of a tree may unpack "
            "to, in bytes of files and of the tar; by default 32GiB." },
  { .name = "unpacked_files",
    .type = &terrane_field_count,
    .offset = OFFSET (unpacked.entries),
    .parts = TERRANE_PART_RESULT,
    .min = 1,
    .max = INT32_MAX,
    .help = "Number of members that each of these may have; by default 2000000." },
  { .name = "unpacked_ratio",
    .type = &terrane_field_count,
    .offset = OFFSET (unpacked.ratio),
    .parts = TERRANE_PART_RESULT,
    .min = 1,
    .max = MAX_UNPACKED_RATIO,
    .help = "Factor by which each of these may grow when it is unpacked, once it is over 64 MiB; "
            "by default 200." },
  { .name = NULL },
};

static void
init (gpointer self)
{
  ((TerraneLimitsSpec *) self)->unpacked = OCI_UNPACK_LIMITS_DEFAULT;
}

const TerraneSection terrane_limits_section = { .fields = fields,
                                                .size = sizeof (TerraneLimitsSpec),
                                                .init = init };

void
terrane_limits_spec_init (TerraneLimitsSpec *self)
{
  terrane_section_init (&terrane_limits_section, self);
}

void
terrane_limits_spec_clear (TerraneLimitsSpec *self)
{
  terrane_section_clear (&terrane_limits_section, self);
}
