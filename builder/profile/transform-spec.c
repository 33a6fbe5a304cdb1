#include "builder/profile/transform-spec.h"

#include "builder/profile/field-types.h"

#include "oci/base/path.h"

#include <string.h>

enum
{
  RULES = 2, /* raised if a preset removes other files */
};

#define SERVICES "services"

static const char *const modes_words[] = { "normalise", "keep", NULL };
static const char *const debug_words[] = { "drop", "separate", NULL };
static const char *const bytecode_words[] = { "unchecked-hash", NULL };

const char *const terrane_prune_words[] = { "python-tests",
                                            "headers",
                                            "static-libraries",
                                            "libtool",
                                            "cmake",
                                            "pkgconfig",
                                            "locale",
                                            "docs",
                                            "man",
                                            "bytecode-caches",
                                            "type-stubs",
                                            "botocore-data",
                                            NULL };
G_STATIC_ASSERT (G_N_ELEMENTS (terrane_prune_words) == TERRANE_N_PRUNES + 1);

static void
check_glob (const OciJson *at, char **pattern)
{
  if ((*pattern)[0] == '/' || (*pattern)[0] == '\0')
    oci_json_problem (at, "patterns are relative to the tree's prefix, such as ‘**/*.pyi’");
}

/* Not a pattern: the files that may be setuid must be visible in the profile. */
static void
check_setuid (const OciJson *at, char **path)
{
  g_autofree char *normalised = NULL;
  if (!oci_path_normalise (*path, &normalised, NULL) || normalised[0] == '\0')
    oci_json_problem (at, "expected paths relative to the tree's prefix, such as ‘usr/bin/sudo’");
  else
    {
      g_free (*path);
      *path = g_steal_pointer (&normalised);
    }
}

static void
check_service (const OciJson *at, char **name)
{
  if ((*name)[0] == '\0' || strpbrk (*name, "/*?") != NULL)
    oci_json_problem (at, "expected names of directories in botocore/data, such as ‘s3’");
}

static const TerraneField strip_fields[] = {
  { .name = "debug",
    .type = &terrane_field_word,
    .parts = TERRANE_PART_TRANSFORM,
    .required = TRUE,
    .words = debug_words,
    .help = "‘drop’, or ‘separate’: ‘--debug-output’ writes it." },
  { .name = NULL },
};

/* A number of debug_words. */
const TerraneSection terrane_strip_section = { .fields = strip_fields, .size = sizeof (unsigned) };

/* true, false, or {"debug": "separate"} */
static void
read_strip (const TerraneField *field, const TerraneProfileReader *reader, const OciJson *at,
            gpointer value)
{
  TerraneStrip *strip = value;
  gboolean wanted;
  unsigned word = 0;
  if (json_is_object (at->value))
    {
      if (terrane_section_read (field->section, reader, at, &word))
        *strip = word == 1 ? TERRANE_STRIP_SEPARATE : TERRANE_STRIP_DROP;
    }
  else if (oci_json_bool (at, &wanted))
    *strip = wanted ? TERRANE_STRIP_DROP : TERRANE_STRIP_NONE;
}

static const TerraneFieldType strip_type = { .name = "strip",
                                             .json = "boolean object",
                                             .read = read_strip };

/* The mode, or false. */
static void
read_bytecode (const TerraneField *field, G_GNUC_UNUSED const TerraneProfileReader *reader,
               const OciJson *at, gpointer value)
{
  gboolean *wanted = value;
  unsigned word;
  if (json_is_false (at->value))
    *wanted = FALSE;
  else if (json_is_true (at->value))
    oci_json_problem (at, "expected \"unchecked-hash\" or false");
  else if (oci_json_word (at, field->words, &word))
    *wanted = TRUE;
}

static const TerraneFieldType bytecode_type = { .name = "bytecode",
                                                .json = "boolean string",
                                                .read = read_bytecode };

#define FIELD(member_name, of_type, member)                                                        \
  .name = (member_name), .type = &(of_type), .offset = offsetof (TerraneTransformSpec, member)

static const TerraneField fields[] = {
  { FIELD ("modes", terrane_field_word, modes), .parts = TERRANE_PART_TREE_OWN,
    .words = modes_words, .fallback = "\"normalise\"",
    .help = "‘normalise’: owner 0:0, directories 0755, files 0644 or 0755, no setuid "
            "bits. ‘keep’: "
            "owners and modes of the source." },
  { FIELD ("prune", terrane_field_word_set, prune), .parts = TERRANE_PART_TREE,
    .max = TERRANE_PROFILE_MAX_STRINGS, .words = terrane_prune_words, .always = TRUE,
    .help = "Kinds of files to remove because nothing needs them at run time." },
  { FIELD ("prune_paths", terrane_field_texts, prune_paths), .parts = TERRANE_PART_TREE,
    .max = TERRANE_PROFILE_MAX_STRINGS, .check = check_glob,
    .help = "Globs of more files to remove, relative to the tree's prefix." },
  { FIELD ("keep_paths", terrane_field_texts, keep_paths), .parts = TERRANE_PART_TREE,
    .max = TERRANE_PROFILE_MAX_STRINGS, .check = check_glob,
    .help = "Globs of files to keep, even if another rule removes them, relative to the tree's "
            "prefix." },
  { FIELD ("botocore_services", terrane_field_texts, botocore_services), .parts = TERRANE_PART_TREE,
    .max = TERRANE_PROFILE_MAX_STRINGS, .key = SERVICES, .check = check_service,
    .help = "Services that ‘botocore-data’ keeps: directories of botocore/data. By "
            "default the ten "
            "most common ones." },
  { FIELD ("setuid", terrane_field_texts, setuid), .parts = TERRANE_PART_TREE,
    .max = TERRANE_PROFILE_MAX_STRINGS, .check = check_setuid,
    .help = "Files that keep their setuid and setgid bits when modes are normalised, relative to "
            "the tree's prefix." },
  { FIELD ("strip", strip_type, strip), .parts = TERRANE_PART_TRANSFORM,
    .section = &terrane_strip_section, .fallback = "false",
    .help = "Whether to remove symbols and debug information from programs and libraries; "
            "‘separate’ keeps them outside of the image." },
  { FIELD ("bytecode", bytecode_type, bytecode), .parts = TERRANE_PART_TRANSFORM,
    .words = bytecode_words, .fallback = "false",
    .help = "Whether to compile *.py files with the base's Python." },
  { FIELD ("relocate", terrane_field_flag, relocate), .parts = TERRANE_PART_TREE,
    .fallback = "false", .always = TRUE,
    .help = "Whether symbolic links follow files that ‘rename’ moves." },
  { FIELD ("dedupe", terrane_field_flag, dedupe), .parts = TERRANE_PART_TRANSFORM,
    .fallback = "false",
    .help = "Whether data of GDAL and PROJ that several packages contain becomes links to one "
            "file: equal files, and the newest proj.db if every PROJ accepts it." },
  { .name = NULL },
};

static void
check (const TerraneProfileReader *reader, const OciJson *at, gpointer data)
{
  TerraneTransformSpec *self = data;
  OciJson member;
  (void) reader;
  self->own_prune_paths = oci_json_member (at, "prune_paths", &member) && self->prune_paths != NULL;
  self->own_setuid = oci_json_member (at, "setuid", &member) && self->setuid != NULL;
}

static void
disown (gpointer data)
{
  TerraneTransformSpec *self = data;
  self->own_prune_paths = self->own_setuid = FALSE;
}

const TerraneSection terrane_transform_section = {
  .fields = fields, .size = sizeof (TerraneTransformSpec), .check = check, .copy = disown
};

void
terrane_transform_spec_free (TerraneTransformSpec *self)
{
  if (self != NULL)
    terrane_section_clear (&terrane_transform_section, self);
  g_free (self);
}

TerraneTransformSpec *
terrane_transform_spec_read (const OciJson *at, const TerraneTransformSpec *defaults)
{
  TerraneTransformSpec *self = g_new0 (TerraneTransformSpec, 1);
  if (defaults == NULL)
    terrane_section_init (&terrane_transform_section, self);
  else
    {
      *self = *defaults;
      terrane_section_copy (&terrane_transform_section, self);
    }
  if (at != NULL)
    (void) terrane_section_read (&terrane_transform_section, NULL, at, self);
  return self;
}

json_t *
terrane_transform_spec_reading_key (const TerraneTransformSpec *self)
{
  json_t *key = json_object ();
  terrane_fields_add_to_key (fields, self, TERRANE_PART_TREE, key);
  if (json_array_size (json_object_get (key, "prune")) > 0)
    oci_json_set (key, "rules", json_integer (RULES));
  if (!self->prune[TERRANE_PRUNE_BOTOCORE_DATA])
    (void) json_object_del (key, SERVICES);
  return key;
}
