#include "builder/validation/cold.h"

#include "oci/base/fd.h"
#include "oci/base/json.h"
#include "oci/base/text-hash.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

enum
{
  MAX_DEPTH = 60,
  MAX_FILES = 100,
  TOLERATED = 100, /* one file in so many may stay: files that other programs have open do */
};

typedef struct
{
  guint64 files;
  guint64 in_memory;
} Count;

static void
drop_file (int directory, const char *name, G_GNUC_UNUSED const char *path, gpointer data)
{
  Count *count = data;
  char byte;
  const struct iovec one = { .iov_base = &byte, .iov_len = 1 };
  g_auto (OciFd) fd = openat (directory, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
  if (fd < 0)
    return;
  count->files++;
  if (posix_fadvise (fd, 0, 0, POSIX_FADV_DONTNEED) != 0
      || preadv2 (fd, &one, 1, 0, RWF_NOWAIT) >= 0 || errno != EAGAIN)
    count->in_memory++;
}

/* @path: from the root, without a leading slash */
typedef void (*FileFunc) (int directory, const char *name, const char *path, gpointer data);

/* Files that cannot be read are left out. */
static void
walk (int directory, const char *path, unsigned depth, FileFunc func, gpointer data)
{
  g_autoptr (GPtrArray) names = NULL;
  if (!oci_list_names (directory, ".", FALSE, &names, NULL))
    return;
  for (guint i = 0; i < names->len; i++)
    {
      struct stat info;
      const char *name = names->pdata[i];
      if (fstatat (directory, name, &info, AT_SYMLINK_NOFOLLOW) < 0)
        continue;
      g_autofree char *below = g_strconcat (path, "/", name, NULL);
      if (S_ISREG (info.st_mode) && info.st_size > 0)
        func (directory, name, below, data);
      else if (S_ISDIR (info.st_mode) && depth < MAX_DEPTH)
        {
          g_auto (OciFd) sub =
              openat (directory, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
          if (sub >= 0)
            walk (sub, below, depth + 1, func, data);
        }
    }
}

gboolean
terrane_cold_drop (int root)
{
  Count count = { 0 };
  walk (root, "", 0, drop_file, &count);
  return count.files > 0 && count.in_memory * TOLERATED <= count.files;
}

typedef struct
{
  char *path;
  uint64_t bytes;
} Read;

typedef struct
{
  GArray *reads;
  GHashTable *seen; /* "DEVICE INODE": equal files of a store are one file */
} Reads;

static void
read_clear (gpointer data)
{
  g_free (((Read *) data)->path);
}

/* The kernel tells only the owner of a file: for other users all of it is in memory, and none of it
 * was read. */
static uint64_t
bytes_in_memory (int fd, uint64_t size)
{
  const size_t page = (size_t) sysconf (_SC_PAGESIZE);
  const size_t pages = (size_t) ((size + page - 1) / page);
  void *map = mmap (NULL, (size_t) size, PROT_READ, MAP_SHARED, fd, 0);
  if (map == MAP_FAILED)
    return 0;
  g_autofree unsigned char *in_memory = g_malloc (pages);
  uint64_t bytes = 0;
  if (mincore (map, (size_t) size, in_memory) == 0)
    for (size_t i = 0; i < pages; i++)
      bytes += (in_memory[i] & 1) != 0 ? page : 0;
  (void) munmap (map, (size_t) size);
  return MIN (bytes, size);
}

static void
count_file (int directory, const char *name, const char *path, gpointer data)
{
  const Reads *self = data;
  struct stat info;
  g_auto (OciFd) fd = openat (directory, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
  if (fd < 0 || fstat (fd, &info) < 0 || info.st_size <= 0 || (uint64_t) info.st_size > SIZE_MAX)
    return;
  g_autofree char *key =
      g_strdup_printf ("%ju %ju", (uintmax_t) info.st_dev, (uintmax_t) info.st_ino);
  uint64_t bytes = bytes_in_memory (fd, (uint64_t) info.st_size);
  if (!g_hash_table_add (self->seen, g_steal_pointer (&key)) || bytes == 0)
    return;
  const Read read = { .path = g_strdup (path), .bytes = bytes };
  g_array_append_val (self->reads, read);
}

static gint
compare_reads (gconstpointer a, gconstpointer b)
{
  const Read *one = a, *two = b;
  if (one->bytes != two->bytes)
    return one->bytes > two->bytes ? -1 : 1;
  return strcmp (one->path, two->path);
}

json_t *
terrane_cold_files (int root)
{
  json_t *files = json_array ();
  g_autoptr (GArray) reads = g_array_new (FALSE, FALSE, sizeof (Read));
  g_autoptr (GHashTable) seen = g_hash_table_new_full (oci_text_hash, g_str_equal, g_free, NULL);
  g_array_set_clear_func (reads, read_clear);
  Reads self = { .reads = reads, .seen = seen };
  walk (root, "", 0, count_file, &self);
  g_array_sort (reads, compare_reads);
  for (guint i = 0; i < reads->len && i < MAX_FILES; i++)
    {
      const Read *read = &g_array_index (reads, Read, i);
      json_t *file = json_object ();
      oci_json_set (file, "path", oci_json_text (read->path));
      oci_json_set (file, "bytes", json_integer ((json_int_t) read->bytes));
      oci_json_append (files, file);
    }
  return files;
}
