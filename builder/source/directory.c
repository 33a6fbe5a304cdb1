/* Source "directory": a local directory, taken as it is. */
#include "builder/source/file-digest.h"
#include "builder/source/source.h"

#include "oci/base/glob.h"
#include "oci/base/path.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/xattr.h>
#include <unistd.h>

enum
{
  MAX_DEPTH = 256,
  LISTABLE = 0500,
};

/* Called by a walk for each entry; @dfd and @name locate it, @path is relative to the source. */
typedef gboolean (*VisitFunc) (gpointer data, int dfd, const char *name, const char *path,
                               const struct stat *st, GError **error);

typedef struct
{
  const TerraneSourceSpec *spec;
  VisitFunc visit;
  gpointer data;
  TerraneSourceFilter *filter; /* (nullable): records the exclusions */
} Walk;

static gboolean walk_directory (const Walk *walk, int fd, const char *path, unsigned depth,
                                GError **error);

/* Files that are left out do not change the identity. */
static gboolean
is_left_out (const TerraneSourceSpec *spec, const char *path)
{
  return spec->include != NULL && spec->strip_components == 0
         && !oci_glob_match_any ((const char *const *) spec->include, path);
}

static gboolean
walk_entry (const Walk *walk, int fd, const char *name, const char *path, unsigned depth,
            GError **error)
{
  struct stat st;
  g_autofree char *child = NULL;
  g_autofree char *joined = oci_path_join (path, name);
  if (!oci_path_normalise (joined, &child, error))
    return FALSE;
  /* Patterns are matched after strip_components; the filter does that. */
  if (walk->spec->strip_components == 0
      && oci_glob_match_any ((const char *const *) walk->spec->exclude, child))
    {
      if (walk->filter != NULL)
        terrane_source_skip (walk->filter, child);
      return TRUE;
    }
  if (fstatat (fd, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
    return oci_throw_errno (error, "%s", child);
  if (!S_ISDIR (st.st_mode) && is_left_out (walk->spec, child))
    return TRUE;
  mode_t needed = S_ISDIR (st.st_mode) ? LISTABLE : S_ISREG (st.st_mode) ? S_IRUSR : 0;
  if (walk->spec->open_closed && !oci_grant_mode (fd, name, needed, error))
    return FALSE;
  if (!walk->visit (walk->data, fd, name, child, &st, error))
    return FALSE;
  if (!S_ISDIR (st.st_mode))
    return TRUE;
  g_auto (OciFd) sub = openat (fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  if (sub < 0)
    return oci_throw_errno (error, "opening the directory %s", child);
  return walk_directory (walk, sub, child, depth + 1, error);
}

static gboolean
walk_directory (const Walk *walk, int fd, const char *path, unsigned depth, GError **error)
{
  if (depth > MAX_DEPTH)
    return oci_throw (error, OCI_ERROR_LIMIT, "%s: directories nested more than %d deep", path,
                      MAX_DEPTH);
  g_autoptr (GPtrArray) names = NULL;
  if (!oci_list_names (fd, ".", FALSE, &names, error))
    {
      g_prefix_error (error, "%s: ", path[0] != '\0' ? path : ".");
      return FALSE;
    }
  for (guint i = 0; i < names->len; i++)
    if (!walk_entry (walk, fd, names->pdata[i], path, depth, error))
      return FALSE;
  return TRUE;
}

static gboolean
walk_source (const Walk *walk, GError **error)
{
  g_autofree char *installed = g_strconcat ("$DESTDIR/", walk->spec->prefix, NULL);
  OCI_PREFIX (error, "%s", walk->spec->of_recipe ? installed : walk->spec->directory);
  g_auto (OciFd) fd = -1;
  return oci_open_dir (AT_FDCWD, walk->spec->directory, &fd, error)
         && walk_directory (walk, fd, "", 0, error);
}

typedef struct
{
  OciDigester *digester;
  gboolean racy;
} Fingerprint;

static gboolean
fingerprint_entry (gpointer data, G_GNUC_UNUSED int dfd, G_GNUC_UNUSED const char *name,
                   const char *path, const struct stat *st, G_GNUC_UNUSED GError **error)
{
  Fingerprint *self = data;
  OciDigest identity = terrane_stat_identity (st);
  oci_digester_update (self->digester, path, strlen (path) + 1);
  oci_digester_update (self->digester, identity.bytes, sizeof identity.bytes);
  self->racy = self->racy || terrane_stat_is_racy (st);
  return TRUE;
}

/* The identity is that of the inodes, not of the content: reading a large directory in every build
 * would take seconds. Equal content elsewhere has another identity and gives the same commit. */
static gboolean
identify (G_GNUC_UNUSED TerraneStore *store, const TerranePin *pin, OciDigest *out_identity,
          GError **error)
{
  OCI_PREFIX (error, "%s.directory", pin->spec->where);
  Fingerprint fingerprint = { .digester = oci_digester_new () };
  Walk walk = { .spec = pin->spec, .visit = fingerprint_entry, .data = &fingerprint };
  /* The user with files that become root's, see take_entry(). */
  const guint64 self[] = { geteuid (), getegid () };
  oci_digester_update (fingerprint.digester, self, sizeof self);
  gboolean ok = walk_source (&walk, error);
  if (fingerprint.racy)
    terrane_identity_salt (fingerprint.digester);
  *out_identity = oci_digester_finish (fingerprint.digester);
  oci_digester_free (fingerprint.digester);
  return ok;
}

static gboolean
read_fd (gpointer data, void *buffer, size_t len, size_t *out_read, GError **error)
{
  return oci_read_full (*(int *) data, buffer, len, out_read, error);
}

/* Of the attributes that a plain directory can have, only file capabilities are worth keeping. */
static GVariant *
read_capability (int fd)
{
  char value[64];
  ssize_t size = fgetxattr (fd, "security.capability", value, sizeof value);
  if (size <= 0)
    return NULL;
  GVariant *bytes = g_variant_new_fixed_array (G_VARIANT_TYPE_BYTE, value, (gsize) size, 1);
  GVariant *pair =
      g_variant_new ("(@ay@ay)", g_variant_new_bytestring ("security.capability"), bytes);
  return g_variant_ref_sink (g_variant_new_array (G_VARIANT_TYPE ("(ayay)"), &pair, 1));
}

static gboolean
take_file (TerraneSourceFilter *filter, int dfd, const char *name, OciEntry *entry, GError **error)
{
  g_auto (OciFd) fd = -1;
  if (!oci_open_file (dfd, name, FALSE, &fd, NULL, error))
    return FALSE;
  g_autoptr (GVariant) xattrs = read_capability (fd);
  entry->xattrs = xattrs;
  return terrane_source_take (filter, entry, read_fd, &fd, error);
}

static gboolean
take_symlink (TerraneSourceFilter *filter, int dfd, const char *name, OciEntry *entry,
              GError **error)
{
  char target[OCI_PATH_MAX + 1];
  ssize_t len = readlinkat (dfd, name, target, sizeof target);
  if (len < 0)
    return oci_throw_errno (error, "reading the symbolic link %s", entry->path);
  if ((size_t) len == sizeof target || !g_utf8_validate (target, len, NULL))
    return oci_throw (error, OCI_ERROR_FORMAT, "%s: the link's target is too long or not UTF-8",
                      entry->path);
  target[len] = '\0';
  entry->target = target;
  gboolean ok = terrane_source_take (filter, entry, NULL, NULL, error);
  entry->target = NULL;
  return ok;
}

static gboolean
take_entry (gpointer data, int dfd, const char *name, const char *path, const struct stat *st,
            GError **error)
{
  OciEntry entry = {
    .path = path,
    .type = S_ISREG (st->st_mode)   ? OCI_ENTRY_FILE
            : S_ISDIR (st->st_mode) ? OCI_ENTRY_DIRECTORY
            : S_ISLNK (st->st_mode) ? OCI_ENTRY_SYMLINK
                                    : OCI_ENTRY_SPECIAL,
    .mode = (uint32_t) st->st_mode & 07777,
    /* A root file system that was unpacked without being root belongs to that user: in the image,
     * to root. */
    .uid = st->st_uid == geteuid () ? 0 : st->st_uid,
    .gid = st->st_gid == getegid () ? 0 : st->st_gid,
    .size = S_ISREG (st->st_mode) ? (uint64_t) st->st_size : 0,
  };
  if (entry.type == OCI_ENTRY_FILE)
    return take_file (data, dfd, name, &entry, error);
  if (entry.type == OCI_ENTRY_SYMLINK)
    return take_symlink (data, dfd, name, &entry, error);
  return terrane_source_take (data, &entry, NULL, NULL, error);
}

static gboolean
read_all (G_GNUC_UNUSED TerraneStore *store, const TerranePin *pin, TerraneSourceFilter *filter,
          GError **error)
{
  Walk walk = { .spec = pin->spec, .visit = take_entry, .data = filter, .filter = filter };
  OCI_PREFIX (error, "%s", pin->spec->of_recipe ? "what its steps have installed" : "directory");
  return walk_source (&walk, error);
}

const TerraneSourceType terrane_source_directory = {
  .name = "directory",
  .identify = identify,
  .read = read_all,
};
