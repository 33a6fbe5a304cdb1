/* Wheels for tests: made with libarchive, sound but for what a test asks for. */
#pragma once

#include "builder/python/record.h"
#include "builder/python/wheel.h"

#include "oci/digest.h"

#include "testing.h"

#include <archive.h>
#include <archive_entry.h>

#define INFO "foo_bar-1.0.dist-info/"
#define DATA "foo_bar-1.0.data/"
#define FILE_NAME "foo_bar-1.0-py3-none-any.whl"
#define WHEEL_TEXT "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
#define METADATA_TEXT "Metadata-Version: 2.1\nName: Foo.Bar\nVersion: 1.0\n"

typedef struct
{
  const char *path;
  const char *content;
  unsigned mode; /* 0: 0644 */
  unsigned type; /* 0: AE_IFREG */
} Member;

/* How a test wheel differs from a sound one. */
typedef struct
{
  const char *file_name;        /* NULL: FILE_NAME */
  const char *wheel, *metadata; /* NULL: sound ones; "-": missing */
  const char *entry_points;     /* NULL: missing */
  const char *record;           /* NULL: made of the members; "-": missing */
  const char *more_record;      /* rows after the generated ones */
  const char *unlisted;         /* path that RECORD leaves out */
  const char *options;          /* of libarchive */
} Wheel;

static inline void
add_member (struct archive *zip, const Member *member)
{
  struct archive_entry *entry = archive_entry_new ();
  size_t len = member->content != NULL ? strlen (member->content) : 0;
  archive_entry_set_pathname (entry, member->path);
  archive_entry_set_filetype (entry, member->type != 0 ? member->type : AE_IFREG);
  archive_entry_set_perm (entry, member->mode != 0 ? member->mode : 0644);
  if (member->type == AE_IFLNK)
    archive_entry_set_symlink (entry, member->content);
  else
    archive_entry_set_size (entry, (la_int64_t) len);
  g_assert_cmpint (archive_write_header (zip, entry), ==, ARCHIVE_OK);
  if (len > 0 && member->type == 0)
    g_assert_cmpint (archive_write_data (zip, member->content, len), ==, (gssize) len);
  archive_entry_free (entry);
}

/* Adds a member, and its row when it is a file. */
static inline void
add_listed (struct archive *zip, GPtrArray *rows, const Wheel *wheel, const Member *member)
{
  add_member (zip, member);
  if (member->type != 0 || g_strcmp0 (wheel->unlisted, member->path) == 0)
    return;
  TerraneRecordRow *row = terrane_record_row_new (member->path);
  OciDigest digest = oci_digest_of (member->content, strlen (member->content));
  row->algorithm = TERRANE_RECORD_SHA256;
  memcpy (row->digest, digest.bytes, sizeof digest.bytes);
  row->has_size = TRUE;
  row->size = strlen (member->content);
  g_ptr_array_add (rows, row);
}

/* Adds a file of the metadata; NULL stands for @usual, "-" for none. */
static inline void
add_info (struct archive *zip, GPtrArray *rows, const Wheel *wheel, const char *path,
          const char *content, const char *usual)
{
  const Member member = { .path = path, .content = content != NULL ? content : usual };
  if (g_strcmp0 (member.content, "-") != 0)
    add_listed (zip, rows, wheel, &member);
}

/* Writes a wheel with libarchive; RECORD comes last, as most tools have it. */
static inline char *
make_wheel (const TestDir *dir, const Wheel *wheel, const Member *members)
{
  char *path = test_dir_file (dir, "test.whl");
  struct archive *zip = archive_write_new ();
  g_autoptr (GPtrArray) rows =
      g_ptr_array_new_with_free_func ((GDestroyNotify) terrane_record_row_free);
  archive_write_set_format_zip (zip);
  if (wheel->options != NULL)
    {
      g_assert_cmpint (archive_write_set_passphrase (zip, "secret"), ==, ARCHIVE_OK);
      g_assert_cmpint (archive_write_set_options (zip, wheel->options), ==, ARCHIVE_OK);
    }
  g_assert_cmpint (archive_write_open_filename (zip, path), ==, ARCHIVE_OK);
  for (; members != NULL && members->path != NULL; members++)
    add_listed (zip, rows, wheel, members);
  add_info (zip, rows, wheel, INFO "WHEEL", wheel->wheel, WHEEL_TEXT);
  add_info (zip, rows, wheel, INFO "METADATA", wheel->metadata, METADATA_TEXT);
  add_info (zip, rows, wheel, INFO "entry_points.txt", wheel->entry_points, "-");
  g_ptr_array_add (rows, terrane_record_row_new (INFO "RECORD"));
  g_autoptr (GBytes) bytes = terrane_record_write (rows);
  g_autofree char *made = g_strndup (g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes));
  g_autofree char *text =
      g_strconcat (made, wheel->more_record != NULL ? wheel->more_record : "", NULL);
  add_info (zip, rows, wheel, INFO "RECORD", wheel->record, text);
  g_assert_cmpint (archive_write_close (zip), ==, ARCHIVE_OK);
  archive_write_free (zip);
  return path;
}

/* Lists an entry as "MODE PATH CONTENT|", newlines of the content as "~". */
static inline gboolean
list_entry (gpointer data, const OciEntry *entry, TerraneWheelRead read, gpointer read_data,
            GError **error)
{
  GString *out = data;
  size_t got = 1;
  g_assert_cmpint (entry->type, ==, OCI_ENTRY_FILE);
  g_assert_cmpuint (entry->uid, ==, 0);
  g_assert_cmpuint (entry->gid, ==, 0);
  g_string_append_printf (out, "%04o %s ", entry->mode, entry->path);
  while (got > 0)
    {
      char buffer[3]; /* not a divisor of anything */
      if (!read (read_data, buffer, sizeof buffer, &got, error))
        return FALSE;
      g_string_append_len (out, buffer, (gssize) got);
    }
  g_string_append_c (out, '|');
  return TRUE;
}

static const TerraneWheelLayout layout = { .interpreter = "/usr/bin/python3.11",
                                           .installer = "terrane" };

static inline char *
install_file (const char *path, const char *file_name, const TerraneWheelLayout *how,
              GError **error)
{
  g_auto (OciFd) fd = open (path, O_RDONLY | O_CLOEXEC);
  g_autoptr (TerraneWheel) wheel =
      terrane_wheel_open (file_name != NULL ? file_name : FILE_NAME, fd, error);
  if (wheel == NULL)
    return NULL;
  g_assert_cmpstr (terrane_wheel_name (wheel), ==, "Foo.Bar");
  g_assert_cmpstr (terrane_wheel_version (wheel), ==, "1.0");
  GString *out = g_string_new (NULL);
  gboolean ok = terrane_wheel_install (wheel, how, list_entry, out, error);
  char *text = g_string_free (out, FALSE);
  if (!ok)
    g_clear_pointer (&text, g_free);
  return g_strdelimit (text != NULL ? text : g_strdup (""), "\n", '~');
}

static inline char *
install (const Wheel *wheel, const Member *members, GError **error)
{
  g_auto (TestDir) dir = test_dir_new ();
  g_autofree char *path = make_wheel (&dir, wheel, members);
  return install_file (path, wheel->file_name, &layout, error);
}
