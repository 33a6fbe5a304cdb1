#include "builder/python/wheel-private.h"

#include "builder/python/entry-points.h"
#include "builder/python/name.h"
#include "builder/python/record.h"
#include "builder/python/version.h"

#include "oci/base/number.h"
#include "oci/base/text-hash.h"

#include <string.h>
#include <unistd.h>

#define MIB G_GUINT64_CONSTANT (1048576)

#define MAX_MEMBERS G_GUINT64_CONSTANT (200000)
#define MAX_MEMBER_BYTES (2048 * MIB)
#define MAX_WHEEL_BYTES (4096 * MIB)
#define MAX_RATIO G_GUINT64_CONSTANT (200) /* of unpacked size to file size … */
#define MAX_RATIO_FREE (64 * MIB)          /* … once this much is unpacked */
#define MAX_METADATA_BYTES (8 * MIB)
#define MAX_RECORD_BYTES (64 * MIB)

enum
{
  MAX_PROBLEMS = 3, /* that are reported individually */
};

/* The first pass: the data that open() collects. */
typedef struct
{
  TerraneWheel *wheel;
  char *name; /* normalised, from the file name */
  TerraneVersion *version;
  TerraneWheelTotals totals;
  GHashTable *names; /* paths of members: a set */
  GBytes *wheel_file, *metadata, *record, *entry_points;
} Survey;

static void
survey_clear (Survey *self)
{
  g_clear_pointer (&self->name, g_free);
  g_clear_pointer (&self->version, terrane_version_free);
  g_clear_pointer (&self->names, g_hash_table_unref);
  g_clear_pointer (&self->wheel_file, g_bytes_unref);
  g_clear_pointer (&self->metadata, g_bytes_unref);
  g_clear_pointer (&self->record, g_bytes_unref);
  g_clear_pointer (&self->entry_points, g_bytes_unref);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Survey, survey_clear)

OciArchiveReader *
terrane_wheel_rewind (TerraneWheel *self, GError **error)
{
  /* terrane_wheel_count() applies the limits of wheels to members. */
  self->budget.limits = (OciUnpackLimits){ UINT64_MAX, UINT64_MAX, UINT64_MAX };
  return oci_archive_reader_new_wheel ("zip", self->fd, &self->budget, error);
}

gboolean
terrane_wheel_count (const TerraneWheel *self, const OciEntry *entry, TerraneWheelTotals *totals,
                     GError **error)
{
  g_autofree char *quoted = oci_quote (entry->path);
  if (entry->type != OCI_ENTRY_FILE && entry->type != OCI_ENTRY_DIRECTORY)
    return oci_throw (error, OCI_ERROR_FORMAT,
                      "%s is neither file nor directory; wheels have no other members", quoted);
  if (++totals->members > MAX_MEMBERS)
    return oci_throw (error, OCI_ERROR_LIMIT, "over %" G_GUINT64_FORMAT " members", MAX_MEMBERS);
  if (entry->size > MAX_MEMBER_BYTES)
    return oci_throw (error, OCI_ERROR_LIMIT,
                      "%s has %" G_GUINT64_FORMAT " bytes unpacked, at most %" G_GUINT64_FORMAT,
                      quoted, entry->size, MAX_MEMBER_BYTES);
  totals->bytes += entry->size; /* cannot overflow: at most 200000 times 2 GiB */
  if (totals->bytes > MAX_WHEEL_BYTES)
    return oci_throw (error, OCI_ERROR_LIMIT, "over %" G_GUINT64_FORMAT " bytes unpacked",
                      MAX_WHEEL_BYTES);
  if (totals->bytes > MAX_RATIO_FREE && totals->bytes / MAX_RATIO > self->file_size)
    return oci_throw (error, OCI_ERROR_LIMIT,
                      "%" G_GUINT64_FORMAT " bytes unpack to over %" G_GUINT64_FORMAT
                      " times as much",
                      self->file_size, MAX_RATIO);
  return TRUE;
}

/* Whether @text is "NAME-VERSION" of the wheel in any spelling. In old wheels both may have a "-",
 * so every split is tried. */
static gboolean
names_this_wheel (const Survey *self, const char *text, size_t len)
{
  g_autofree char *copy = g_strndup (text, len);
  for (const char *dash = strchr (copy, '-'); dash != NULL; dash = strchr (dash + 1, '-'))
    {
      g_autofree char *raw = g_strndup (copy, (gsize) (dash - copy));
      g_autofree char *name = terrane_python_normalise_name (raw);
      if (strcmp (name, self->name) != 0)
        continue;
      g_autoptr (TerraneVersion) version = terrane_version_parse (dash + 1, NULL);
      if (version != NULL && strcmp (terrane_version_text (version), dash + 1) == 0 /* no spaces */
          && terrane_version_compare (version, self->version) == 0)
        return TRUE;
    }
  return FALSE;
}

/* Keeps the name of one top-level directory that ends with @suffix. */
static gboolean
note_directory (const Survey *self, const char *path, const char *suffix, char **dir,
                GError **error)
{
  size_t len = strcspn (path, "/"), end = strlen (suffix);
  if (path[len] != '/' || len <= end || strncmp (path + len - end, suffix, end) != 0)
    return TRUE;
  g_autofree char *found = g_strndup (path, len);
  g_autofree char *quoted = oci_quote (found);
  if (*dir != NULL && strcmp (*dir, found) != 0)
    return oci_throw (error, OCI_ERROR_FORMAT, "two %s directories, %s and %s", suffix, *dir,
                      quoted);
  if (!names_this_wheel (self, found, len - end))
    return oci_throw (error, OCI_ERROR_FORMAT,
                      "the directory %s is of another name or version than the file", quoted);
  if (*dir == NULL)
    *dir = g_steal_pointer (&found);
  return TRUE;
}

/* Reads a whole member of the metadata. */
static gboolean
read_whole (OciArchiveReader *reader, const OciEntry *entry, uint64_t max, GBytes **out,
            GError **error)
{
  g_autoptr (GByteArray) content = g_byte_array_new ();
  size_t got = 1;
  if (entry->size > max)
    return oci_throw (error, OCI_ERROR_LIMIT,
                      "%s has %" G_GUINT64_FORMAT " bytes, at most %" G_GUINT64_FORMAT, entry->path,
                      entry->size, max);
  while (got > 0)
    {
      uint8_t buffer[16384];
      if (!oci_archive_reader_read (reader, buffer, sizeof buffer, &got, error))
        return FALSE;
      if (content->len + got > entry->size)
        return oci_throw (error, OCI_ERROR_FORMAT, "%s is larger than the zip says", entry->path);
      g_byte_array_append (content, buffer, (guint) got);
    }
  *out = g_byte_array_free_to_bytes (g_steal_pointer (&content));
  return TRUE;
}

static gboolean
read_metadata (Survey *self, OciArchiveReader *reader, const OciEntry *entry, GError **error)
{
  const struct
  {
    const char *name;
    GBytes **bytes;
    uint64_t max;
  } files[] = {
    { "WHEEL", &self->wheel_file, MAX_METADATA_BYTES },
    { "METADATA", &self->metadata, MAX_METADATA_BYTES },
    { "entry_points.txt", &self->entry_points, MAX_METADATA_BYTES },
    { "RECORD", &self->record, MAX_RECORD_BYTES },
  };
  const char *slash = strchr (entry->path, '/');
  size_t len = slash != NULL ? (size_t) (slash - entry->path) : 0;
  const char *dir = self->wheel->info_dir;
  if (dir == NULL || slash == NULL || strlen (dir) != len || strncmp (entry->path, dir, len) != 0)
    return TRUE;
  for (size_t i = 0; i < G_N_ELEMENTS (files); i++)
    if (strcmp (slash + 1, files[i].name) == 0)
      return read_whole (reader, entry, files[i].max, files[i].bytes, error);
  return TRUE;
}

static gboolean
survey_member (OciArchiveReader *reader, const OciEntry *entry, gpointer data, GError **error)
{
  Survey *self = data;
  if (!terrane_wheel_count (self->wheel, entry, &self->totals, error))
    return FALSE;
  if (!g_hash_table_add (self->names, g_strdup (entry->path)))
    {
      g_autofree char *quoted = oci_quote (entry->path);
      return oci_throw (error, OCI_ERROR_FORMAT, "two members have the name %s", quoted);
    }
  if (entry->type == OCI_ENTRY_DIRECTORY)
    return TRUE;
  return note_directory (self, entry->path, ".dist-info", &self->wheel->info_dir, error)
         && note_directory (self, entry->path, ".data", &self->wheel->data_dir, error)
         && read_metadata (self, reader, entry, error);
}

/* "NAME-VERSION(-BUILD)-PYTHON-ABI-PLATFORM.whl" */
static gboolean
parse_file_name (Survey *self, const char *file_name, GError **error)
{
  g_auto (GStrv) parts = g_strsplit (file_name, "-", -1);
  guint count = g_strv_length (parts);
  if ((count != 5 && count != 6) || !g_str_has_suffix (file_name, ".whl")
      || !terrane_python_is_name (parts[0]))
    return oci_throw (error, OCI_ERROR_FORMAT,
                      "the file name is not NAME-VERSION-PYTHON-ABI-PLATFORM.whl");
  self->name = terrane_python_normalise_name (parts[0]);
  self->version = terrane_version_parse (parts[1], error);
  return self->version != NULL;
}

/* Refuses a file that does not begin like a zip file, whatever it says further on. */
static gboolean
check_zip (TerraneWheel *self, GError **error)
{
  static const char magic[] = { 'P', 'K', 3, 4 };
  char start[sizeof magic];
  struct stat status;
  if (fstat (self->fd, &status) != 0)
    return oci_throw_errno (error, "cannot stat");
  self->file_size = (uint64_t) status.st_size;
  ssize_t n = pread (self->fd, start, sizeof start, 0);
  if (n < 0)
    return oci_throw_errno (error, "cannot read");
  if (n < (ssize_t) sizeof magic || memcmp (start, magic, sizeof magic) != 0)
    return oci_throw (error, OCI_ERROR_FORMAT, "not a zip file");
  return TRUE;
}

typedef struct
{
  char *version;
  GPtrArray *tags; /* borrowed */
} WheelFields;

static gboolean
take_wheel_field (gpointer data, const char *name, const char *value, GError **error)
{
  WheelFields *fields = data;
  if (g_ascii_strcasecmp (name, "Tag") == 0)
    g_ptr_array_add (fields->tags, g_strdup (value));
  if (g_ascii_strcasecmp (name, "Wheel-Version") != 0)
    return TRUE;
  if (fields->version != NULL)
    return oci_throw (error, OCI_ERROR_FORMAT, "Wheel-Version is there twice");
  fields->version = g_strdup (value);
  return TRUE;
}

/* "Binary distribution format": warn about a newer minor version, fail for a newer major one. A
 * newer minor version only adds what may be ignored, so there is no warning. */
static gboolean
check_wheel_version (const TerraneWheel *self, GBytes *bytes, GError **error)
{
  OCI_PREFIX (error, "WHEEL");
  WheelFields fields = { .tags = self->tags };
  gboolean ok = terrane_headers_parse (bytes, take_wheel_field, &fields, error);
  g_autofree char *version = fields.version;
  if (!ok)
    return FALSE;
  if (version == NULL)
    return oci_throw (error, OCI_ERROR_FORMAT, "there is no Wheel-Version");
  g_autofree char *quoted = oci_quote (version);
  char *dot = strchr (version, '.');
  uint64_t major = 0, minor = 0;
  if (dot != NULL)
    *dot = '\0';
  if (!oci_parse_u64 (version, UINT32_MAX, &major, NULL)
      || (dot != NULL && !oci_parse_u64 (dot + 1, UINT32_MAX, &minor, NULL)))
    return oci_throw (error, OCI_ERROR_FORMAT, "invalid Wheel-Version %s", quoted);
  if (major != 1)
    return oci_throw (error, OCI_ERROR_UNSUPPORTED, "the Wheel-Version is %s, not 1.x", quoted);
  return TRUE;
}

static gboolean
check_metadata (const Survey *self, GError **error)
{
  const TerraneMetadata *metadata = self->wheel->metadata;
  g_autofree char *name = terrane_python_normalise_name (metadata->name);
  g_autoptr (TerraneVersion) version = terrane_version_parse (metadata->version, error);
  if (version == NULL)
    return FALSE;
  if (strcmp (name, self->name) == 0 && terrane_version_compare (version, self->version) == 0)
    return TRUE;
  return oci_throw (error, OCI_ERROR_FORMAT, "METADATA is of %s %s, the file name of %s %s",
                    metadata->name, terrane_version_text (version), self->name,
                    terrane_version_text (self->version));
}

static gboolean
parse_entry_points (TerraneWheel *self, GBytes *bytes, GError **error)
{
  g_autoptr (GBytes) none = g_bytes_new (NULL, 0);
  self->script_names = g_hash_table_new (oci_text_hash, g_str_equal);
  self->entry_points = terrane_entry_points_parse (bytes != NULL ? bytes : none, error);
  if (self->entry_points == NULL)
    return FALSE;
  for (guint i = 0; i < self->entry_points->len; i++)
    {
      const TerraneEntryPoint *script = self->entry_points->pdata[i];
      g_hash_table_add (self->script_names, script->name);
    }
  return TRUE;
}

static gboolean
parse_all (Survey *self, GError **error)
{
  TerraneWheel *wheel = self->wheel;
  if (wheel->info_dir == NULL)
    return oci_throw (error, OCI_ERROR_FORMAT, "there is no .dist-info directory");
  if (self->wheel_file == NULL || self->metadata == NULL || self->record == NULL)
    return oci_throw (error, OCI_ERROR_FORMAT, "there is no %s in the .dist-info directory",
                      self->wheel_file == NULL ? "WHEEL"
                      : self->metadata == NULL ? "METADATA"
                                               : "RECORD");
  if (!check_wheel_version (wheel, self->wheel_file, error))
    return FALSE;
  wheel->metadata = terrane_metadata_parse (self->metadata, error);
  if (wheel->metadata == NULL || !check_metadata (self, error))
    return FALSE;
  wheel->record = terrane_record_parse (self->record, wheel->problems, error);
  wheel->parse_problems = wheel->problems->len;
  return wheel->record != NULL && parse_entry_points (wheel, self->entry_points, error);
}

TerraneWheel *
terrane_wheel_open (const char *file_name, int fd, GError **error)
{
  g_autoptr (TerraneWheel) self = g_new0 (TerraneWheel, 1);
  self->tags = g_ptr_array_new_with_free_func (g_free);
  self->problems = g_ptr_array_new_with_free_func (g_free);
  self->label = oci_quote (file_name);
  self->fd = fd;
  OCI_PREFIX (error, "%s", self->label);
  g_auto (Survey) survey = {
    .wheel = self,
    .names = g_hash_table_new_full (oci_text_hash, g_str_equal, g_free, NULL),
  };
  if (!parse_file_name (&survey, file_name, error) || !check_zip (self, error))
    return NULL;
  g_autoptr (OciArchiveReader) reader = terrane_wheel_rewind (self, error);
  if (reader == NULL || !oci_archive_reader_foreach (reader, survey_member, &survey, error)
      || !parse_all (&survey, error))
    return NULL;
  return g_steal_pointer (&self);
}

void
terrane_wheel_free (TerraneWheel *self)
{
  if (self == NULL)
    return;
  g_free (self->label);
  g_free (self->info_dir);
  g_free (self->data_dir);
  terrane_metadata_free (self->metadata);
  g_ptr_array_unref (self->tags);
  g_ptr_array_unref (self->problems);
  g_clear_pointer (&self->rows, g_ptr_array_unref);
  g_clear_pointer (&self->record, g_hash_table_unref);
  g_clear_pointer (&self->script_names, g_hash_table_unref);
  g_clear_pointer (&self->entry_points, g_ptr_array_unref);
  g_free (self);
}

const char *
terrane_wheel_name (const TerraneWheel *self)
{
  return self->metadata->name;
}

const char *
terrane_wheel_version (const TerraneWheel *self)
{
  return self->metadata->version;
}

const TerraneMetadata *
terrane_wheel_metadata (const TerraneWheel *self)
{
  return self->metadata;
}

const GPtrArray *
terrane_wheel_installed (const TerraneWheel *self)
{
  return self->rows;
}

char *
terrane_wheel_record_problems (const TerraneWheel *self)
{
  GString *text = g_string_new (NULL);
  for (guint i = 0; i < self->problems->len && i < MAX_PROBLEMS; i++)
    g_string_append_printf (text, "%s%s", i > 0 ? "; " : "", (char *) self->problems->pdata[i]);
  if (self->problems->len > MAX_PROBLEMS)
    g_string_append_printf (text, "; and %u more", self->problems->len - MAX_PROBLEMS);
  return g_string_free (text, self->problems->len == 0);
}
