#include "builder/python/entry-points.h"
#include "builder/python/record.h"
#include "builder/python/wheel-private.h"
#include "builder/python/wheel-stream.h"

#include "oci/base/path.h"
#include "oci/base/text-hash.h"
#include "oci/digest.h"

#include <string.h>

typedef struct
{
  TerraneWheel *wheel;
  const TerraneWheelLayout *layout;
  TerraneWheelFunc func;
  gpointer data;
  char *shebang;
  TerraneWheelTotals totals;
  GHashTable *met;   /* paths of RECORD that the wheel has: a set, borrowed from RECORD */
  GHashTable *taken; /* paths that were installed: a set */
  GPtrArray *rows;   /* of the RECORD to write */
} Install;

static void
install_clear (Install *self)
{
  g_clear_pointer (&self->shebang, g_free);
  g_clear_pointer (&self->met, g_hash_table_unref);
  g_clear_pointer (&self->taken, g_hash_table_unref);
  g_clear_pointer (&self->rows, g_ptr_array_unref);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Install, install_clear)

/* The destination of a member. */
typedef struct
{
  char *path; /* (nullable): NULL if it is left out */
  gboolean script;
} Place;

static void
place_clear (Place *self)
{
  g_clear_pointer (&self->path, g_free);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Place, place_clear)

/* Returns the path of @path inside @dir; NULL if it is outside. */
static const char *
below (const char *path, const char *dir)
{
  if (dir == NULL || !oci_path_is_below (path, dir) || path[strlen (dir)] == '\0')
    return NULL;
  return path + strlen (dir) + 1;
}

static gboolean
is_one_of (const char *name, const char *const *names)
{
  return name != NULL && g_strv_contains (names, name);
}

/* Whether it is RECORD or one of its signatures: they have no digest in RECORD, and only belong to
 * the wheel. */
static gboolean
is_record (const TerraneWheel *wheel, const char *path)
{
  static const char *const names[] = { "RECORD", "RECORD.jws", "RECORD.p7s", NULL };
  return is_one_of (below (path, wheel->info_dir), names);
}

/* Whether it is a statement of the installer about the installation; in a wheel it means
 * nothing. */
static gboolean
is_of_installer (const TerraneWheel *wheel, const char *path)
{
  static const char *const names[] = { "INSTALLER", "REQUESTED", "direct_url.json", NULL };
  return is_one_of (below (path, wheel->info_dir), names);
}

/* Old setuptools packed the scripts of entry points; like pip, this prefers the generated ones. */
static gboolean
is_replaced (const TerraneWheel *wheel, const char *name)
{
  static const char *const suffixes[] = { ".exe", "-script.py", ".pya" };
  g_autofree char *lower = g_ascii_strdown (name, -1);
  size_t len = strlen (name);
  for (size_t i = 0; i < G_N_ELEMENTS (suffixes); i++)
    if (g_str_has_suffix (lower, suffixes[i]))
      {
        len -= strlen (suffixes[i]);
        break;
      }
  g_autofree char *script = g_strndup (name, len);
  return g_hash_table_contains (wheel->script_names, script);
}

static gboolean
place_data (const TerraneWheel *wheel, const char *path, const char *rest, Place *out,
            GError **error)
{
  const char *slash = strchr (rest, '/');
  g_autofree char *key = g_strndup (rest, strcspn (rest, "/"));
  if (slash != NULL
      && (strcmp (key, "purelib") == 0 || strcmp (key, "platlib") == 0
          || strcmp (key, "data") == 0))
    out->path = g_strdup (slash + 1);
  else if (slash != NULL && strcmp (key, "headers") == 0)
    out->path = g_strdup_printf ("include/python/%s/%s", wheel->metadata->name, slash + 1);
  else if (slash != NULL && strcmp (key, "scripts") == 0)
    {
      out->script = TRUE;
      if (!is_replaced (wheel, strrchr (slash, '/') + 1))
        out->path = oci_path_join ("bin", slash + 1);
    }
  else
    {
      g_autofree char *quoted = oci_quote (path);
      return oci_throw (error, OCI_ERROR_FORMAT,
                        "%s is in none of purelib, platlib, scripts, headers, data", quoted);
    }
  return TRUE;
}

static gboolean
place (const TerraneWheel *wheel, const char *path, Place *out, GError **error)
{
  const char *rest = below (path, wheel->data_dir);
  if (rest != NULL)
    return place_data (wheel, path, rest, out, error);
  if (!is_of_installer (wheel, path))
    out->path = g_strdup (path);
  return TRUE;
}

/* Hands over a file; its row must follow. */
static gboolean
deliver (Install *self, const char *path, uint32_t mode, uint64_t size, TerraneWheelRead read,
         gpointer read_data, GError **error)
{
  g_autofree char *quoted = oci_quote (path);
  if (strlen (path) > OCI_PATH_MAX)
    return oci_throw (error, OCI_ERROR_LIMIT, "the path %s is too long", quoted);
  if (!g_hash_table_add (self->taken, g_strdup (path)))
    return oci_throw (error, OCI_ERROR_FORMAT, "two files would be installed as %s", quoted);
  const OciEntry entry = { .path = path, .type = OCI_ENTRY_FILE, .mode = mode, .size = size };
  return self->func (self->data, &entry, read, read_data, error);
}

static void G_GNUC_PRINTF (3, 4) note (Install *self, const char *path, const char *format, ...)
{
  va_list args;
  g_autofree char *quoted = oci_quote (path);
  va_start (args, format);
  g_autofree char *text = g_strdup_vprintf (format, args);
  va_end (args);
  g_ptr_array_add (self->wheel->problems, g_strconcat (quoted, " ", text, NULL));
}

/* Returns: (nullable): the row of a member in RECORD */
static const TerraneRecordRow *
find_row (Install *self, const char *path)
{
  const TerraneRecordRow *row = g_hash_table_lookup (self->wheel->record, path);
  if (row == NULL)
    note (self, path, "is not listed");
  else
    g_hash_table_add (self->met, row->path);
  if (row != NULL && row->algorithm == TERRANE_RECORD_NONE)
    note (self, path, "has no digest of SHA-256 or better");
  return row;
}

static gboolean
install_member (OciArchiveReader *reader, const OciEntry *entry, gpointer data, GError **error)
{
  Install *self = data;
  g_auto (Place) to = { 0 };
  if (!terrane_wheel_count (self->wheel, entry, &self->totals, error))
    return FALSE;
  if (entry->type == OCI_ENTRY_DIRECTORY || is_record (self->wheel, entry->path))
    return TRUE;
  const TerraneRecordRow *listed = find_row (self, entry->path);
  if (!place (self->wheel, entry->path, &to, error))
    return FALSE;
  if (to.path == NULL)
    return TRUE;

  g_autoptr (TerraneWheelStream) stream =
      terrane_wheel_stream_new (reader, entry, listed, to.script ? self->shebang : NULL);
  g_autoptr (TerraneRecordRow) row = terrane_record_row_new (to.path);
  uint32_t mode = to.script || (entry->mode & 0111) != 0 ? 0755 : 0644;
  if (!deliver (self, to.path, mode, entry->size, terrane_wheel_stream_read, stream, error)
      || !terrane_wheel_stream_finish (stream, row, error))
    return FALSE;
  const char *difference = terrane_wheel_stream_difference (stream);
  if (difference != NULL)
    note (self, entry->path, "%s", difference);
  g_ptr_array_add (self->rows, g_steal_pointer (&row));
  return TRUE;
}

static int
compare_texts (gconstpointer a, gconstpointer b)
{
  return strcmp (*(const char *const *) a, *(const char *const *) b);
}

/* Uses an order that does not depend on the hash table. */
static void
check_all_met (Install *self)
{
  GHashTableIter iter;
  gpointer path;
  g_autoptr (GPtrArray) missing = g_ptr_array_new ();
  g_hash_table_iter_init (&iter, self->wheel->record);
  while (g_hash_table_iter_next (&iter, &path, NULL))
    if (!g_hash_table_contains (self->met, path) && !is_record (self->wheel, path))
      g_ptr_array_add (missing, path);
  g_ptr_array_sort (missing, compare_texts);
  for (guint i = 0; i < missing->len; i++)
    note (self, missing->pdata[i], "is listed and not there");
}

/* Generated content, and the number of bytes read. */
typedef struct
{
  const char *text;
  size_t len;
} Text;

static gboolean
read_text (gpointer data, void *buffer, size_t len, size_t *out_read, G_GNUC_UNUSED GError **error)
{
  Text *self = data;
  size_t n = MIN (len, self->len);
  memcpy (buffer, self->text, n);
  self->text += n;
  self->len -= n;
  *out_read = n;
  return TRUE;
}

static gboolean
generate (Install *self, const char *path, uint32_t mode, const char *text, size_t len,
          GError **error)
{
  Text content = { .text = text, .len = len };
  if (!deliver (self, path, mode, len, read_text, &content, error))
    return FALSE;
  TerraneRecordRow *row = terrane_record_row_new (path);
  OciDigest sha256 = oci_digest_of (text, len);
  row->algorithm = TERRANE_RECORD_SHA256;
  memcpy (row->digest, sha256.bytes, sizeof sha256.bytes);
  row->has_size = TRUE;
  row->size = len;
  g_ptr_array_add (self->rows, row);
  return TRUE;
}

static gboolean
generate_scripts (Install *self, GError **error)
{
  for (guint i = 0; i < self->wheel->entry_points->len; i++)
    {
      const TerraneEntryPoint *script = self->wheel->entry_points->pdata[i];
      g_autofree char *path = oci_path_join ("bin", script->name);
      g_autofree char *text = terrane_entry_point_script (script, self->layout->interpreter);
      if (!generate (self, path, 0755, text, strlen (text), error))
        return FALSE;
    }
  return TRUE;
}

static int
compare_rows (gconstpointer a, gconstpointer b)
{
  const TerraneRecordRow *const *x = a, *const *y = b;
  return strcmp ((*x)->path, (*y)->path);
}

/* The row of RECORD itself, which can have no digest, is the last. */
static gboolean
generate_record (Install *self, GError **error)
{
  g_autofree char *path = oci_path_join (self->wheel->info_dir, "RECORD");
  g_ptr_array_sort (self->rows, compare_rows);
  g_ptr_array_add (self->rows, terrane_record_row_new (path));
  g_autoptr (GBytes) bytes = terrane_record_write (self->rows);
  Text content = { .text = g_bytes_get_data (bytes, NULL), .len = g_bytes_get_size (bytes) };
  return deliver (self, path, 0644, content.len, read_text, &content, error);
}

static gboolean
generate_all (Install *self, GError **error)
{
  g_autofree char *installer = oci_path_join (self->wheel->info_dir, "INSTALLER");
  g_autofree char *requested = oci_path_join (self->wheel->info_dir, "REQUESTED");
  g_autofree char *text = g_strconcat (self->layout->installer, "\n", NULL);
  return generate_scripts (self, error)
         && generate (self, installer, 0644, text, strlen (text), error)
         && (!self->layout->requested || generate (self, requested, 0644, "", 0, error))
         && generate_record (self, error);
}

gboolean
terrane_wheel_install (TerraneWheel *self, const TerraneWheelLayout *layout, TerraneWheelFunc func,
                       gpointer data, GError **error)
{
  OCI_PREFIX (error, "%s", self->label);
  g_auto (Install) install = {
    .wheel = self,
    .layout = layout,
    .func = func,
    .data = data,
    .shebang = terrane_script_shebang (layout->interpreter),
    .met = g_hash_table_new (oci_text_hash, g_str_equal),
    .taken = g_hash_table_new_full (oci_text_hash, g_str_equal, g_free, NULL),
    .rows = g_ptr_array_new_with_free_func ((GDestroyNotify) terrane_record_row_free),
  };
  g_ptr_array_set_size (self->problems, (int) self->parse_problems);
  g_autoptr (OciArchiveReader) reader = terrane_wheel_rewind (self, error);
  if (reader == NULL || !oci_archive_reader_foreach (reader, install_member, &install, error)
      || !generate_all (&install, error))
    return FALSE;
  check_all_met (&install);
  g_clear_pointer (&self->rows, g_ptr_array_unref);
  self->rows = g_steal_pointer (&install.rows);
  return TRUE;
}
