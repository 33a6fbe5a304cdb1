#include "builder/source/filter.h"

#include "builder/transform/modes.h"
#include "builder/transform/prune.h"
#include "builder/transform/relocate.h"

#include "oci/base/glob.h"
#include "oci/base/path.h"
#include "oci/base/text-hash.h"

#include <string.h>
#include <sys/stat.h>

struct _TerraneSourceFilter
{
  const TerraneSourceSpec *spec;
  TerraneModes modes;
  TerraneIngest *ingest;
  TerranePruner *pruner; /* (nullable) */
  guint special_skipped;
  guint stripped;         /* files and links that strip_components left out */
  gboolean *include_used; /* one for each pattern, like the next three */
  gboolean *exclude_used;
  gboolean *rename_used;
  gboolean *setuid_used;
  GPtrArray *notes; /* of char * */
  json_t *findings; /* (nullable) */
  GHashTable
      *placed; /* (nullable): with renames: path in the image -> type and path in the source */
};

static gboolean *
new_flags (char **patterns)
{
  return g_new0 (gboolean, patterns != NULL ? g_strv_length (patterns) + 1 : 1);
}

static char **
setuid_paths (const TerraneSourceSpec *spec)
{
  return spec->transforms != NULL ? spec->transforms->setuid : NULL;
}

TerraneSourceFilter *
terrane_source_filter_new (const TerraneSourceSpec *spec, TerraneModes modes, TerraneIngest *ingest)
{
  TerraneSourceFilter *self = g_new0 (TerraneSourceFilter, 1);
  guint renames = spec->renames != NULL ? spec->renames->len : 0;
  self->spec = spec;
  self->modes = modes;
  self->ingest = ingest;
  self->pruner =
      terrane_pruner_new (spec->transforms, spec->prefix, spec->kind == TERRANE_SOURCE_WHEELS);
  self->setuid_used = new_flags (setuid_paths (spec));
  self->include_used = new_flags (spec->include);
  self->exclude_used = new_flags (spec->exclude);
  self->rename_used = g_new0 (gboolean, renames + 1);
  self->notes = g_ptr_array_new_with_free_func (g_free);
  if (renames > 0)
    self->placed = g_hash_table_new_full (oci_text_hash, g_str_equal, g_free, g_free);
  return self;
}

void
terrane_source_filter_free (TerraneSourceFilter *self)
{
  if (self == NULL)
    return;
  g_free (self->include_used);
  g_free (self->exclude_used);
  g_free (self->rename_used);
  g_free (self->setuid_used);
  terrane_pruner_free (self->pruner);
  g_ptr_array_unref (self->notes);
  json_decref (self->findings);
  g_clear_pointer (&self->placed, g_hash_table_unref);
  g_free (self);
}

/* Drops the first components; NULL if nothing is left. */
static const char *
strip_components (const char *path, unsigned count)
{
  for (; count > 0; count--)
    {
      const char *slash = strchr (path, '/');
      if (slash == NULL)
        return NULL;
      path = slash + 1;
    }
  return path;
}

/* Whether a pattern matches @path or a parent; marks the matching ones. */
static gboolean
match (char **patterns, gboolean *used, const char *path)
{
  if (!oci_glob_match_any ((const char *const *) patterns, path))
    return FALSE;
  for (guint i = 0; patterns[i] != NULL; i++)
    {
      const char *const one[] = { patterns[i], NULL };
      used[i] = used[i] || oci_glob_match_any (one, path);
    }
  return TRUE;
}

static gboolean
is_excluded (TerraneSourceFilter *self, const char *stripped)
{
  return match (self->spec->exclude, self->exclude_used, stripped);
}

static gboolean
is_included (TerraneSourceFilter *self, const char *stripped)
{
  return self->spec->include == NULL || match (self->spec->include, self->include_used, stripped);
}

/* Returns: (transfer full): the path in the image */
static char *
place (TerraneSourceFilter *self, const char *stripped)
{
  const TerraneSourceSpec *spec = self->spec;
  for (guint i = 0; spec->renames != NULL && i < spec->renames->len; i++)
    {
      const TerraneRename *rename = spec->renames->pdata[i];
      if (!oci_path_is_below (stripped, rename->from))
        continue;
      self->rename_used[i] = TRUE;
      g_autofree char *renamed = g_strconcat (rename->to, stripped + strlen (rename->from), NULL);
      return oci_path_join (spec->prefix, renamed);
    }
  return oci_path_join (spec->prefix, stripped);
}

/* Two entries of a source at one path are expected only if they had one path in the source, too: in
 * an archive the later one replaces the earlier. */
static gboolean
check_placed (TerraneSourceFilter *self, const OciEntry *entry, const char *path, GError **error)
{
  if (self->placed == NULL)
    return TRUE;
  char type = entry->type == OCI_ENTRY_DIRECTORY ? 'd' : 'f';
  const char *before = g_hash_table_lookup (self->placed, path);
  gboolean fine =
      before == NULL || strcmp (before + 1, entry->path) == 0 || (before[0] == 'd' && type == 'd');
  if (fine)
    {
      g_hash_table_insert (self->placed, g_strdup (path),
                           g_strdup_printf ("%c%s", type, entry->path));
      return TRUE;
    }
  g_autofree char *quoted = oci_quote (entry->path);
  g_autofree char *other = oci_quote (before + 1);
  g_autofree char *placed = oci_quote (path);
  return oci_throw (error, OCI_ERROR_USAGE, "rename: %s and %s would both be %s in the image",
                    other, quoted, placed);
}

/* A link that leads out of the tree's prefix is usually a broken build. Absolute targets start at
 * the image's root. */
static gboolean
check_link (const TerraneSourceFilter *self, const OciEntry *entry, GError **error)
{
  if (self->spec->allow_outside_links)
    return TRUE;
  g_autofree char *target = oci_path_resolve_link (entry->path, entry->target);
  if (target != NULL && oci_path_is_below (target, self->spec->prefix))
    return TRUE;
  /* The root of an image has no outside: the kernel stops ".." there. */
  if (self->spec->prefix[0] == '\0')
    return TRUE;
  g_autofree char *quoted = oci_quote (entry->target);
  return oci_throw (error, OCI_ERROR_FORMAT,
                    "/%s: symbolic link to %s, outside the tree's prefix /%s; if that is meant, "
                    "give the tree \"symlinks\": \"any\"",
                    entry->path, quoted, self->spec->prefix);
}

/* image-spec layer.md: such a name in a layer is not a file, but deletes one. */
static gboolean
check_name (const TerraneSourceSpec *spec, const char *path, GError **error)
{
  const char *advice =
      "leave it out with \"exclude\": [\"**/.wh.*\"], or take the image that it is "
      "from as the source";
  if (spec->of_recipe)
    advice = spec->kind == TERRANE_SOURCE_DIRECTORY
                 ? "remove it in a step, or leave it out with \"exclude\" of the recipe"
                 : "pack the archive without it";
  if (!g_str_has_prefix (path, ".wh.") && strstr (path, "/.wh.") == NULL)
    return TRUE;
  g_autofree char *absolute = g_strconcat ("/", path, NULL);
  g_autofree char *quoted = oci_quote (absolute);
  return oci_throw (error, OCI_ERROR_USAGE,
                    "%s: in a layer a name that begins with ‘.wh.’ deletes files, so no image can "
                    "have it; %s",
                    quoted, advice);
}

static gboolean
take_special (TerraneSourceFilter *self, const OciEntry *entry, GError **error)
{
  if (self->spec->skip_special)
    {
      self->special_skipped++;
      return TRUE;
    }
  return oci_throw (error, OCI_ERROR_UNSUPPORTED,
                    "/%s is a device, fifo or socket, which the store cannot hold; leave such "
                    "entries out with \"special\": \"skip\"",
                    entry->path);
}

/* Content is read once, so a link to a file that was left out cannot become a file.
 *
 * Returns: (transfer full) (nullable): where the target is in the image */
static char *
place_target (TerraneSourceFilter *self, const OciEntry *entry, GError **error)
{
  const char *problem = NULL;
  const char *stripped = strip_components (entry->target, self->spec->strip_components);
  if (stripped == NULL)
    problem = "which ‘strip_components’ leaves out; exclude the link too";
  else if (is_excluded (self, stripped))
    problem = "which ‘exclude’ leaves out; leave out both or neither";
  else if (!is_included (self, stripped))
    problem = "which ‘include’ does not take; add that to it";
  else
    {
      char *target = place (self, stripped);
      if (self->pruner == NULL || !terrane_pruner_would_drop (self->pruner, target, OCI_ENTRY_FILE))
        return target;
      g_free (target);
      problem = "which ‘prune’ leaves out; name it in ‘keep_paths’";
    }
  g_autofree char *quoted = oci_quote (entry->target);
  g_autofree char *path = oci_quote (entry->path);
  oci_throw (error, OCI_ERROR_USAGE, "%s is a hard link to %s, %s", path, quoted, problem);
  return NULL;
}

/* Returns where a path of the image is after renames. */
static char *
moved (const char *path, gpointer data)
{
  TerraneSourceFilter *self = data;
  const char *prefix = self->spec->prefix;
  size_t len = strlen (prefix);
  if (!oci_path_is_below (path, prefix) || (len > 0 && path[len] == '\0'))
    return g_strdup (path);
  return place (self, len > 0 ? path + len + 1 : path);
}

/* Returns: (transfer full) (nullable): another text for a link */
static char *
relocate (TerraneSourceFilter *self, const OciEntry *entry, const char *stripped)
{
  const TerraneTransformSpec *transforms = self->spec->transforms;
  if (entry->type != OCI_ENTRY_SYMLINK || transforms == NULL || !transforms->relocate
      || self->spec->renames == NULL)
    return NULL;
  g_autofree char *unmoved = oci_path_join (self->spec->prefix, stripped);
  return terrane_relocate_link (unmoved, entry->target, moved, self);
}

/* Declared files keep the bits with which they run as their owner. */
static void
normalise (TerraneSourceFilter *self, OciEntry *entry, uint32_t mode)
{
  char **declared = setuid_paths (self->spec);
  terrane_modes_normalise (entry);
  for (guint i = 0; declared != NULL && declared[i] != NULL; i++)
    {
      g_autofree char *path = oci_path_join (self->spec->prefix, declared[i]);
      if (entry->type != OCI_ENTRY_FILE || strcmp (path, entry->path) != 0)
        continue;
      self->setuid_used[i] = TRUE;
      entry->mode |= mode & (S_ISUID | S_ISGID);
    }
}

gboolean
terrane_source_take (TerraneSourceFilter *self, const OciEntry *entry, TerraneReadFunc read,
                     gpointer data, GError **error)
{
  const char *stripped = strip_components (entry->path, self->spec->strip_components);
  if (stripped == NULL && entry->type != OCI_ENTRY_DIRECTORY)
    self->stripped++;
  if (stripped == NULL || is_excluded (self, stripped) || !is_included (self, stripped))
    return TRUE;

  OciEntry placed = *entry;
  g_autofree char *path = place (self, stripped);
  g_autofree char *target = NULL;
  placed.path = path;
  if (strlen (path) > OCI_PATH_MAX)
    return oci_throw (error, OCI_ERROR_LIMIT, "/%.100s…: the path is too long", path);
  if (self->pruner != NULL && terrane_pruner_drops (self->pruner, &placed))
    return TRUE;
  if (!check_name (self->spec, path, error))
    return FALSE;
  if (entry->type == OCI_ENTRY_SPECIAL)
    return take_special (self, &placed, error);
  g_autofree char *text = relocate (self, entry, stripped);
  if (text != NULL)
    placed.target = text;
  if (!check_placed (self, entry, path, error)
      || (entry->type == OCI_ENTRY_SYMLINK && !check_link (self, &placed, error)))
    return FALSE;
  if (entry->type == OCI_ENTRY_HARDLINK)
    {
      target = place_target (self, entry, error);
      if (target == NULL)
        return FALSE;
      placed.target = target;
    }
  if (self->modes == TERRANE_MODES_NORMALISE)
    normalise (self, &placed, entry->mode);
  return terrane_ingest_add (self->ingest, &placed, read, data, error);
}

gboolean
terrane_source_wants (TerraneSourceFilter *self, const char *path)
{
  const char *stripped = strip_components (path, self->spec->strip_components);
  return stripped != NULL && !is_excluded (self, stripped) && is_included (self, stripped);
}

void
terrane_source_skip (TerraneSourceFilter *self, const char *path)
{
  const char *stripped = strip_components (path, self->spec->strip_components);
  if (stripped != NULL)
    (void) is_excluded (self, stripped); /* marks the pattern */
}

void
terrane_source_note (TerraneSourceFilter *self, const char *format, ...)
{
  va_list args;
  va_start (args, format);
  g_ptr_array_add (self->notes, g_strdup_vprintf (format, args));
  va_end (args);
}

void
terrane_source_find (TerraneSourceFilter *self, const char *id, const char *path, const char *fix,
                     const char *message)
{
  g_autofree char *whole = oci_path_join (self->spec->prefix, path);
  json_t *finding = json_object ();
  oci_json_set (finding, "id", oci_json_text (id));
  oci_json_set (finding, "path", oci_json_text (whole));
  oci_json_set (finding, "message", oci_json_text (message));
  oci_json_set (finding, "fix", oci_json_text (fix));
  if (self->findings == NULL)
    self->findings = json_array ();
  oci_json_append (self->findings, finding);
}

json_t *
terrane_source_filter_findings (const TerraneSourceFilter *self)
{
  return json_incref (self->findings);
}

GPtrArray *
terrane_source_filter_notes (const TerraneSourceFilter *self)
{
  return g_ptr_array_ref (self->notes);
}

json_t *
terrane_source_filter_pruned (const TerraneSourceFilter *self)
{
  return self->pruner != NULL ? terrane_pruner_report (self->pruner) : NULL;
}

guint
terrane_source_filter_stripped (const TerraneSourceFilter *self)
{
  return self->stripped;
}

guint
terrane_source_filter_special_skipped (const TerraneSourceFilter *self)
{
  return self->special_skipped;
}

static void
add_unused (GPtrArray *unused, const char *key, const char *text)
{
  g_autofree char *quoted = oci_quote (text);
  g_ptr_array_add (unused, g_strdup_printf ("%s: %s", key, quoted));
}

/* @own: those of the tree itself; transforms that all trees share may be for another tree */
static void
add_unused_transforms (const TerraneSourceFilter *self, gboolean own, GPtrArray *unused)
{
  const TerraneTransformSpec *transforms = self->spec->transforms;
  if (transforms == NULL)
    return;
  if (self->pruner != NULL && transforms->own_prune_paths == own)
    {
      g_autoptr (GPtrArray) patterns = terrane_pruner_unused (self->pruner);
      for (guint i = 0; i < patterns->len; i++)
        add_unused (unused, "transforms.prune_paths", patterns->pdata[i]);
    }
  gboolean wanted = transforms->setuid != NULL && transforms->own_setuid == own;
  for (guint i = 0; wanted && transforms->setuid[i] != NULL; i++)
    if (!self->setuid_used[i])
      add_unused (unused, "transforms.setuid", transforms->setuid[i]);
}

GPtrArray *
terrane_source_filter_unused (const TerraneSourceFilter *self)
{
  const TerraneSourceSpec *spec = self->spec;
  GPtrArray *unused = g_ptr_array_new_with_free_func (g_free);
  for (guint i = 0; spec->include != NULL && spec->include[i] != NULL; i++)
    if (!self->include_used[i])
      add_unused (unused, "include", spec->include[i]);
  for (guint i = 0; spec->exclude != NULL && spec->exclude[i] != NULL; i++)
    if (!self->exclude_used[i] && !g_str_has_prefix (spec->exclude[i], "**/"))
      add_unused (unused, "exclude", spec->exclude[i]);
  for (guint i = 0; spec->renames != NULL && i < spec->renames->len; i++)
    if (!self->rename_used[i])
      add_unused (unused, "rename", ((const TerraneRename *) spec->renames->pdata[i])->from);
  add_unused_transforms (self, TRUE, unused);
  return unused;
}

GPtrArray *
terrane_source_filter_unused_shared (const TerraneSourceFilter *self)
{
  GPtrArray *unused = g_ptr_array_new_with_free_func (g_free);
  add_unused_transforms (self, FALSE, unused);
  return unused;
}
