#include "builder/geo/geo-file.h"

#include "oci/base/fd.h"

#include <string.h>

enum
{
  WINDOW = 1024 * 1024,
  MARGIN = 512, /* bytes examined around a position */
  MAX_PATH_TEXT = 256,
  MAX_VERSION = 24,
  MAX_LAYOUT = 1000,
};

#define LAYOUT_KEY "DATABASE.LAYOUT.VERSION."
#define SQLITE_MAGIC "SQLite format 3"

/* Data files that drivers of GDAL name; a library without the driver also lacks the name. */
static const char *const known_data_files[] = { "default.rsc",   "gdalvrt.xsd",       "header.dxf",
                                                "nitf_spec.xml", "tms_NZTM2000.json", NULL };

typedef struct
{
  TerraneGeoFile *file;
  gboolean data_files[G_N_ELEMENTS (known_data_files)];
  const char *text; /* the current part of the file */
  gsize len;
} Scan;

void
terrane_geo_file_free (TerraneGeoFile *self)
{
  if (self == NULL)
    return;
  g_free (self->proj);
  g_free (self->gdal);
  g_free (self->geos);
  g_free (self->curl);
  g_free (self->ca_file);
  g_free (self->proj_data);
  g_free (self->gdal_data);
  g_free (self->plugins);
  g_strfreev (self->data_files);
  g_free (self);
}

static gboolean
is_text (char c)
{
  return c >= ' ' && c <= '~';
}

/* Returns the byte at @at, 0 outside. */
static char
peek (const Scan *self, gsize at)
{
  if (at < self->len)
    return self->text[at];
  return '\0';
}

static gboolean
starts (const Scan *self, gsize at, const char *word)
{
  gsize len = strlen (word);
  return at <= self->len && len <= self->len - at && memcmp (self->text + at, word, len) == 0;
}

/* Returns the length of "9.1.1" or "3.12.0beta1" at @at: three numbers; 0 if there is none. */
static gsize
version_length (const Scan *self, gsize at)
{
  gsize end = at;
  for (int part = 0; part < 3; part++)
    {
      gsize first = part > 0 ? end + 1 : end;
      if (part > 0 && peek (self, end) != '.')
        return 0;
      end = first;
      while (g_ascii_isdigit (peek (self, end)) && end - at < MAX_VERSION)
        end++;
      if (end == first)
        return 0;
    }
  return end - at < MAX_VERSION ? end - at : 0;
}

static void
take (char **slot, const char *text, gsize len)
{
  if (*slot == NULL)
    *slot = g_strndup (text, len);
}

/* "PROJ 9.1.1" as a separate text, not part of a sentence. */
static void
take_release (Scan *self, gsize at, gsize word, char **slot)
{
  gsize len = version_length (self, at + word);
  if (len > 0 && peek (self, at + word + len) == '\0' && (at == 0 || !is_text (self->text[at - 1])))
    take (slot, self->text + at + word, len);
}

/* "Rel. 9.1.1, December 1st, 2022", which compilers put right after other bytes. */
static void
take_proj_release (Scan *self, gsize at)
{
  gsize len = version_length (self, at + strlen ("Rel. "));
  gsize end = at + strlen ("Rel. ") + len;
  if (len > 0 && peek (self, end) == ',' && peek (self, end + 1) == ' ')
    take (&self->file->proj, self->text + at + strlen ("Rel. "), len);
}

/* "3.11.1-CAPI-1.17.1" */
static void
take_geos (Scan *self, gsize at)
{
  gsize first = at;
  while (first > 0 && at - first < MAX_VERSION
         && (g_ascii_isdigit (self->text[first - 1]) || self->text[first - 1] == '.'))
    first--;
  if (version_length (self, first) == at - first && at > first)
    take (&self->file->geos, self->text + first, at - first);
}

/* A path that is a separate text. */
static void
take_path (Scan *self, gsize at)
{
  gsize len = 0;
  if (at > 0 && is_text (self->text[at - 1]))
    return;
  while (len < MAX_PATH_TEXT && is_text (peek (self, at + len)))
    len++;
  if (len == MAX_PATH_TEXT || peek (self, at + len) != '\0')
    return;
  g_autofree char *path = g_strndup (self->text + at, len);
  if (g_str_has_suffix (path, "/share/proj"))
    take (&self->file->proj_data, path, len);
  else if (g_str_has_suffix (path, "/share/gdal"))
    take (&self->file->gdal_data, path, len);
  else if (g_str_has_suffix (path, "/gdalplugins"))
    take (&self->file->plugins, path, len);
  else if (g_str_has_prefix (path, "/etc/")
           && (g_str_has_suffix (path, ".crt") || g_str_has_suffix (path, "/ca-bundle.pem")))
    take (&self->file->ca_file, path, len);
}

/* Finds the value after @key in a row of SQLite, (key, value) without a rowid. The row's header
 * precedes them: its length, and the type of each, which is 13 + 2 * bytes for texts
 * (https://www.sqlite.org/fileformat2.html, 2.1). A freed row has lost it: SQLite overwrites its
 * beginning. */
static char *
row_value (const Scan *self, gsize at, const char *key)
{
  gsize len = strlen (key);
  const guint8 *header = (const guint8 *) self->text + at - 3;
  if (at < 3 || !starts (self, at, key) || header[0] != 3 || header[1] != 13 + 2 * len
      || header[2] < 15 || header[2] % 2 == 0 || header[2] >= 128)
    return NULL;
  gsize bytes = (header[2] - 13U) / 2;
  return at + len + bytes <= self->len ? g_strndup (self->text + at + len, bytes) : NULL;
}

static void
take_number (const Scan *self, gsize at, const char *key, int *out_number)
{
  g_autofree char *value = row_value (self, at, key);
  guint64 number = 0;
  if (value != NULL && g_ascii_string_to_unsigned (value, 10, 0, MAX_LAYOUT, &number, NULL))
    *out_number = (int) number;
}

static void
take_row (Scan *self, gsize at)
{
  take_number (self, at, LAYOUT_KEY "MAJOR", &self->file->layout_major);
  take_number (self, at, LAYOUT_KEY "MINOR", &self->file->layout_minor);
}

static void
take_database_version (Scan *self, gsize at)
{
  g_autofree char *value = self->file->database ? row_value (self, at, "PROJ.VERSION") : NULL;
  const Scan inner = { .text = value, .len = value != NULL ? strlen (value) : 0 };
  if (value != NULL && version_length (&inner, 0) > 0)
    take (&self->file->proj, value, version_length (&inner, 0));
}

static void
take_data_file (Scan *self, gsize at)
{
  if (at > 0 && self->text[at - 1] != '\0')
    return;
  for (gsize i = 0; known_data_files[i] != NULL; i++)
    if (starts (self, at, known_data_files[i])
        && peek (self, at + strlen (known_data_files[i])) == '\0')
      self->data_files[i] = TRUE;
}

static void
look_at (Scan *self, gsize at)
{
  TerraneGeoFile *file = self->file;
  switch (self->text[at])
    {
    case 'G':
      if (starts (self, at, "GDAL ") || starts (self, at, "GDAL/"))
        take_release (self, at, strlen ("GDAL "), &file->gdal);
      break;
    case 'P':
      if (starts (self, at, "PROJ ") && !file->database)
        take_release (self, at, strlen ("PROJ "), &file->proj);
      else if (starts (self, at, "PROJ.VERSION"))
        take_database_version (self, at);
      break;
    case 'R':
      if (starts (self, at, "Rel. ") && !file->database)
        take_proj_release (self, at);
      break;
    case 'D':
      if (starts (self, at, LAYOUT_KEY))
        take_row (self, at);
      break;
    case '-':
      if (starts (self, at, "-CAPI-"))
        take_geos (self, at);
      break;
    case 'l':
      if (starts (self, at, "libcurl/"))
        take_release (self, at, strlen ("libcurl/"), &file->curl);
      break;
    case '/':
      take_path (self, at);
      break;
    case 'd':
    case 'g':
    case 'h':
    case 'n':
    case 't':
      take_data_file (self, at);
      break;
    default:
      break;
    }
}

/* Examines everything up to @end, which has MARGIN bytes after it unless the file ends there. */
static void
look_at_window (Scan *self, gsize begin, gsize end)
{
  static const char firsts[] = "GPRD-l/dghnt";
  gboolean wanted[256] = { FALSE };
  for (const char *c = firsts; *c != '\0'; c++)
    wanted[(guint8) *c] = TRUE;
  for (gsize i = begin; i < end; i++)
    if (wanted[(guint8) self->text[i]])
      look_at (self, i);
}

static gboolean
scan_file (Scan *self, int fd, GError **error)
{
  g_autofree char *window = g_malloc (WINDOW);
  gsize kept = 0;  /* bytes at the start that were read already */
  gsize begin = 0; /* the first one not examined yet */
  self->text = window;
  for (gboolean first = TRUE;; first = FALSE)
    {
      size_t got = 0;
      if (!oci_read_full (fd, window + kept, WINDOW - kept, &got, error))
        return FALSE;
      gboolean last = got < WINDOW - kept;
      self->len = kept + got;
      if (first)
        self->file->database = self->len > sizeof SQLITE_MAGIC
                               && memcmp (window, SQLITE_MAGIC, sizeof SQLITE_MAGIC) == 0;
      gsize end = last ? self->len : self->len - MARGIN;
      look_at_window (self, begin, end);
      if (last)
        return TRUE;
      kept = (gsize) 2 * MARGIN; /* one to look back at, and one not examined yet */
      begin = MARGIN;
      memmove (window, window + self->len - kept, kept);
    }
}

static gboolean
is_interesting (const TerraneGeoFile *self)
{
  return self->database || self->layout_major >= 0 || self->proj != NULL || self->gdal != NULL
         || self->geos != NULL || self->curl != NULL;
}

gboolean
terrane_geo_file_read (int fd, TerraneGeoFile **out_file, GError **error)
{
  g_autoptr (TerraneGeoFile) file = g_new0 (TerraneGeoFile, 1);
  Scan scan = { .file = file };
  file->layout_major = -1;
  file->layout_minor = -1;
  gboolean ok = scan_file (&scan, fd, error);
  *out_file = NULL;
  if (!ok)
    return FALSE;
  file->data_files = g_new0 (char *, G_N_ELEMENTS (known_data_files));
  for (gsize i = 0, count = 0; file->gdal != NULL && known_data_files[i] != NULL; i++)
    if (scan.data_files[i])
      file->data_files[count++] = g_strdup (known_data_files[i]);
  if (is_interesting (file))
    *out_file = g_steal_pointer (&file);
  return TRUE;
}

json_t *
terrane_geo_file_to_json (const TerraneGeoFile *self)
{
  json_t *object = json_object ();
  oci_json_set_text (object, "proj", self->proj);
  oci_json_set_text (object, "gdal", self->gdal);
  oci_json_set_text (object, "geos", self->geos);
  oci_json_set_text (object, "curl", self->curl);
  oci_json_set_text (object, "ca_file", self->ca_file);
  oci_json_set_text (object, "proj_data", self->proj_data);
  oci_json_set_text (object, "gdal_data", self->gdal_data);
  oci_json_set_text (object, "plugins", self->plugins);
  oci_json_set (object, "database", json_boolean (self->database));
  oci_json_set (object, "layout_major", json_integer (self->layout_major));
  oci_json_set (object, "layout_minor", json_integer (self->layout_minor));
  json_t *files = json_array ();
  for (char **name = self->data_files; *name != NULL; name++)
    oci_json_append (files, oci_json_text (*name));
  oci_json_set (object, "data_files", files);
  return object;
}

static int
get_number (const json_t *value, const char *key)
{
  json_int_t number = json_integer_value (json_object_get (value, key));
  return number >= 0 && number <= MAX_LAYOUT ? (int) number : -1;
}

TerraneGeoFile *
terrane_geo_file_from_json (const json_t *value)
{
  const json_t *files = json_object_get (value, "data_files");
  if (!json_is_object (value) || !json_is_array (files))
    return NULL;
  TerraneGeoFile *self = g_new0 (TerraneGeoFile, 1);
  self->proj = oci_json_dup_text (value, "proj");
  self->gdal = oci_json_dup_text (value, "gdal");
  self->geos = oci_json_dup_text (value, "geos");
  self->curl = oci_json_dup_text (value, "curl");
  self->ca_file = oci_json_dup_text (value, "ca_file");
  self->proj_data = oci_json_dup_text (value, "proj_data");
  self->gdal_data = oci_json_dup_text (value, "gdal_data");
  self->plugins = oci_json_dup_text (value, "plugins");
  self->database = json_is_true (json_object_get (value, "database"));
  self->layout_major = get_number (value, "layout_major");
  self->layout_minor = get_number (value, "layout_minor");
  self->data_files = g_new0 (char *, json_array_size (files) + 1);
  for (gsize i = 0; i < json_array_size (files); i++)
    self->data_files[i] = g_strdup (json_string_value (json_array_get (files, i)));
  return self;
}
