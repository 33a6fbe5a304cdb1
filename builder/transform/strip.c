/* Transform "strip": eu-strip, which supports every processor, removes symbols and debug
 * information. Its result is only used if it loads exactly as before. */
#include "builder/sandbox/confine.h"
#include "builder/store/object.h"
#include "builder/transform/elf-layout.h"
#include "builder/transform/host-program.h"
#include "builder/transform/transform.h"

#include "oci/base/parallel.h"
#include "oci/base/path.h"
#include "oci/base/process.h"

#include <elf.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

enum
{
  FORMAT = 2, /* raised if other files are stripped */
  STRIP_FD = 3,
  DEADLINE_MS = 300 * 1000,
  MAX_SHOWN_OUTPUT = 200,
};

#define PROGRAM "eu-strip"
#define NEEDS_PROGRAM "needs " PROGRAM ", which is not in PATH; install the package elfutils"

/* The state that all threads share. */
typedef struct
{
  TerraneTransformJob *job;
  char *directory; /* for the files that eu-strip makes */
  GMutex mutex;    /* guards the job and the members below */
  guint files;     /* numbers their names */
} Strip;

/* A file in memory. */
typedef struct
{
  const uint8_t *data;
  size_t size;
} Mapping;

static void
mapping_clear (Mapping *self)
{
  if (self->data != NULL)
    (void) munmap ((void *) self->data, self->size);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Mapping, mapping_clear)

static gboolean
map (int fd, Mapping *out_mapping, GError **error)
{
  struct stat info;
  if (fstat (fd, &info) < 0)
    return oci_throw_errno (error, "fstat");
  if (info.st_size == 0)
    return TRUE;
  void *data = mmap (NULL, (size_t) info.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
  if (data == MAP_FAILED)
    return oci_throw_errno (error, "mmap");
  out_mapping->data = data;
  out_mapping->size = (size_t) info.st_size;
  return TRUE;
}

static gboolean
is_wanted (const TerraneTransformContext *context)
{
  return context->spec->transforms->strip != TERRANE_STRIP_NONE;
}

/* It reads an untrusted file: only @directory is writable, and other rights are taken away. */
static gboolean
run (const char *const *argv, int fd, const char *directory, uint64_t size,
     OciProcessResult *out_result, GError **error)
{
  g_autoptr (TerraneConfinement) confinement =
      terrane_confinement_new (PROGRAM, fd, directory, size, error);
  if (confinement == NULL)
    return FALSE;
  static const char *const env[] = { "LC_ALL=C", NULL };
  const OciProcessFd fds[] = { { .fd = fd, .child_fd = STRIP_FD } };
  const OciProcess process = { .argv = argv,
                               .env = env,
                               .fds = fds,
                               .n_fds = G_N_ELEMENTS (fds),
                               .deadline_ms = DEADLINE_MS,
                               .prepare = terrane_confinement_prepare,
                               .prepare_data = confinement };
  g_autoptr (GError) local = NULL;
  if (oci_process_run_full (&process, NULL, out_result, &local))
    return TRUE;
  if (g_error_matches (local, OCI_ERROR, OCI_ERROR_NOT_FOUND))
    return oci_throw (error, OCI_ERROR_NOT_FOUND, NEEDS_PROGRAM);
  g_propagate_error (error, g_steal_pointer (&local));
  return FALSE;
}

static json_t *
make_key (const TerraneTransformContext *context, GError **error)
{
  g_autoptr (GError) local = NULL;
  const char *identity = terrane_host_program_identity (PROGRAM, &local);
  if (identity == NULL)
    {
      if (g_error_matches (local, OCI_ERROR, OCI_ERROR_NOT_FOUND))
        oci_throw (error, OCI_ERROR_NOT_FOUND, NEEDS_PROGRAM);
      else
        g_propagate_error (error, g_steal_pointer (&local));
      return NULL;
    }
  json_t *key = json_object ();
  oci_json_set (key, "format", json_integer (FORMAT));
  oci_json_set (key, "debug", json_integer (context->spec->transforms->strip));
  oci_json_set (key, "program", oci_json_text (identity));
  return key;
}

/* Returns: (transfer full): where debuggers look for it */
static char *
debug_path (const Mapping *original, const char *path)
{
  g_autofree char *id = terrane_elf_build_id (original->data, original->size);
  if (id == NULL)
    return g_strconcat (path, ".debug", NULL);
  return g_strdup_printf (".build-id/%.2s/%s.debug", id, id + 2);
}

static gboolean
write_debug (Strip *self, const char *path, const char *file, GError **error)
{
  g_auto (OciFd) fd = -1;
  g_auto (Mapping) mapping = { 0 };
  TerraneStore *store = self->job->context->store;
  if (!oci_open_file (AT_FDCWD, file, FALSE, &fd, NULL, error) || !map (fd, &mapping, error))
    return FALSE;
  const OciEntry entry = {
    .path = path, .type = OCI_ENTRY_FILE, .mode = 0644, .size = mapping.size
  };
  g_autoptr (TerraneObjectHasher) hasher = terrane_object_hasher_new (&entry);
  terrane_object_hasher_update (hasher, mapping.data, mapping.size);
  OciDigest digest = terrane_object_hasher_finish (hasher);
  TerraneNode *node = NULL;
  gboolean written = FALSE; /* a file that is read again is then verified */
  if (!terrane_object_write (store, &entry, &digest, NULL, fd, &written, error))
    return FALSE;
  g_mutex_lock (&self->mutex);
  gboolean ok = terrane_tree_add (self->job->debug, &entry, &node, error);
  if (ok)
    {
      node->object = digest;
      node->size = mapping.size;
    }
  g_mutex_unlock (&self->mutex);
  return ok;
}

static gboolean
read_fd (gpointer data, void *buffer, size_t len, size_t *out_read, GError **error)
{
  return oci_read_full (*(int *) data, buffer, len, out_read, error);
}

static gboolean
replace (Strip *self, const char *path, const TerraneNode *node, int fd, size_t size,
         GError **error)
{
  OciEntry entry = terrane_node_entry (node, path);
  entry.size = size;
  g_mutex_lock (&self->mutex);
  gboolean ok = terrane_ingest_add (self->job->ingest, &entry, read_fd, &fd, error);
  if (ok)
    terrane_transform_report_count (self->job->report, NULL, 1,
                                    (int64_t) node->size - (int64_t) size);
  g_mutex_unlock (&self->mutex);
  return ok;
}

static void
keep (Strip *self, const char *reason, const char *path, const char *detail)
{
  g_mutex_lock (&self->mutex);
  terrane_transform_report_keep (self->job->report, reason);
  if (detail != NULL)
    terrane_transform_report_note (self->job->report, "/%s is left as it is: %s", path, detail);
  g_mutex_unlock (&self->mutex);
}

/* Takes the result of eu-strip if it is good and smaller. */
static gboolean
take (Strip *self, const char *path, const TerraneNode *node, const Mapping *original,
      const char *stripped_file, const char *debug, const char *debug_file, GError **error)
{
  g_auto (OciFd) fd = -1;
  g_auto (Mapping) stripped = { 0 };
  const char *difference = NULL;
  if (!oci_open_file (AT_FDCWD, stripped_file, FALSE, &fd, NULL, error)
      || !map (fd, &stripped, error))
    return FALSE;
  if (!terrane_elf_same_when_loaded (original->data, original->size, stripped.data, stripped.size,
                                     &difference))
    {
      g_autofree char *detail =
          g_strdup_printf ("after " PROGRAM " %s, so it may not load", difference);
      keep (self, "not as before after " PROGRAM, path, detail);
      return TRUE;
    }
  if (stripped.size >= original->size)
    return TRUE;
  return (debug == NULL || write_debug (self, debug, debug_file, error))
         && replace (self, path, node, fd, stripped.size, error);
}

/* Each file has a directory of its own, named by a number: whatever one file makes eu-strip do
 * cannot reach another, and paths of images are not used on this machine. */
static gboolean
strip_program (Strip *self, const char *path, const TerraneNode *node, int fd,
               const Mapping *original, GError **error)
{
  gboolean separate = self->job->context->spec->transforms->strip == TERRANE_STRIP_SEPARATE;
  g_mutex_lock (&self->mutex);
  guint number = self->files++;
  g_mutex_unlock (&self->mutex);
  g_autofree char *debug = separate ? debug_path (original, path) : NULL;
  g_autofree char *debug_name = separate ? g_path_get_basename (debug) : NULL;
  g_autofree char *directory = g_strdup_printf ("%s/%u", self->directory, number);
  g_autofree char *stripped_file = g_build_filename (directory, "stripped", NULL);
  g_autofree char *debug_file = g_build_filename (directory, "debug", NULL);
  g_autofree char *input = g_strdup_printf ("/proc/self/fd/%d", STRIP_FD);
  const char *plain[] = { PROGRAM, "-o", stripped_file, input, NULL };
  const char *full[] = { PROGRAM, "-f",          debug_file, "-F", debug_name,
                         "-o",    stripped_file, input,      NULL };
  g_auto (OciProcessResult) result = { 0 };
  if (mkdir (directory, 0700) < 0)
    return oci_throw_errno (error, "creating a directory in the store");
  if (!run (separate ? full : plain, fd, directory, original->size, &result, error))
    return FALSE;
  gboolean ok = TRUE;
  if (result.exit_code == 0)
    ok = take (self, path, node, original, stripped_file, debug, debug_file, error);
  else
    {
      g_autofree char *quoted = oci_quote (g_strchomp (result.output));
      g_autofree char *detail =
          result.signal != 0 ? g_strdup_printf (PROGRAM " was ended by signal %d", result.signal)
                             : g_strdup_printf (PROGRAM " failed: %.*s", MAX_SHOWN_OUTPUT, quoted);
      keep (self, "not understood by " PROGRAM, path, detail);
    }
  /* The directory above is removed at the end; this saves space until then. */
  return oci_remove_tree (AT_FDCWD, directory, ok ? error : NULL) && ok;
}

static gboolean
strip_file (Strip *self, const char *path, GError **error)
{
  g_auto (OciFd) fd = -1;
  g_auto (Mapping) original = { 0 };
  const char *reason = NULL;
  const TerraneNode *node = terrane_tree_lookup (self->job->source, path);
  if (!terrane_object_open_verified (self->job->context->store, node, &fd, error)
      || !map (fd, &original, error))
    return FALSE;
  switch (terrane_elf_may_strip (original.data, original.size, &reason))
    {
    case TERRANE_STRIPPABLE:
      return strip_program (self, path, node, fd, &original, error);
    case TERRANE_STRIP_REFUSED:
      keep (self, reason, path, NULL);
      return TRUE;
    case TERRANE_STRIP_NOTHING:
    default:
      return TRUE;
    }
}

static gboolean
strip_item (gpointer data, gpointer item, G_GNUC_UNUSED GCancellable *stop, GError **error)
{
  OCI_PREFIX (error, "/%s", (const char *) item);
  return strip_file (data, item, error);
}

/* Symbolic links and files that are too short for a header are skipped. */
static gboolean
collect (TerraneNode *node, const char *path, gpointer data, G_GNUC_UNUSED GError **error)
{
  if (node->type == OCI_ENTRY_FILE && node->size > sizeof (Elf64_Ehdr)
      && !g_str_has_suffix (path, ".py") && !g_str_has_suffix (path, ".pyc"))
    g_ptr_array_add (data, g_strdup (path));
  return TRUE;
}

static gboolean
strip_all (Strip *self, GError **error)
{
  const TerraneTransformContext *context = self->job->context;
  g_autoptr (GPtrArray) paths = g_ptr_array_new_with_free_func (g_free);
  if (!terrane_tree_foreach (self->job->source, collect, paths, error))
    return FALSE;
  terrane_progress_phase (context->progress, 0, "stripping %s", context->spec->name);
  g_mutex_init (&self->mutex);
  gboolean ok = oci_parallel_each (paths, context->jobs, strip_item, self, NULL, error);
  g_mutex_clear (&self->mutex);
  return ok;
}

/* A directory that gc removes if this process dies. */
static gboolean
apply (TerraneTransformJob *job, GError **error)
{
  TerraneStore *store = job->context->store;
  int roots = terrane_store_roots_dfd (store);
  g_autofree char *name = g_strdup_printf (".strip-%08x", g_random_int ());
  if (mkdirat (roots, name, 0700) < 0)
    return oci_throw_errno (error, "creating a directory in the store");
  Strip self = { .job = job, .directory = terrane_store_root_path (store, name) };
  gboolean ok = strip_all (&self, error);
  g_free (self.directory);
  return oci_remove_tree (roots, name, ok ? error : NULL) && ok;
}

const TerraneTransform terrane_transform_strip = {
  .name = "strip",
  .wanted = is_wanted,
  .key = make_key,
  .apply = apply,
};
