#include "builder/check/python-bytecode.h"

#include "builder/check/file-group.h"
#include "builder/store/object.h"

#include "oci/tar-writer.h"

#include <string.h>

enum
{
  HEADER_BYTES =
      16,     /* PEP 552: magic number, flags, and time and size of the source, or its hash */
  HASHED = 1, /* in the flags */
  CHECKED = 2,
  MIN_SOURCES = 20, /* fewer cost no noticeable time */
};

/* Magic numbers of CPython's releases: importlib.util.MAGIC_NUMBER of each, the comment in
 * Lib/importlib/_bootstrap_external.py and Include/internal/pycore_magic_number.h. They do not
 * change after a release. */
static const struct
{
  unsigned minor;
  unsigned magic;
} magics[] = {
  { 6, 3379 },  { 7, 3394 },  { 8, 3413 },  { 9, 3425 },  { 10, 3439 },
  { 11, 3495 }, { 12, 3531 }, { 13, 3571 }, { 14, 3627 },
};

typedef struct
{
  const TerraneImageView *view;
  const TerranePython *python;
  const TerraneLayerAudit *audit;
  int first_ours;
  unsigned magic;           /* 0 if unknown */
  char *suffix;             /* ".cpython-311.pyc" */
  TerraneFileGroup stale;   /* compiled from another source, according to its time */
  TerraneFileGroup foreign; /* useless: for another Python */
  TerraneFileGroup broken;  /* replaces a source, and is for another Python */
  TerraneFileGroup orphans; /* useless: their source is missing */
  guint sources;            /* modules without any compiled form */
  guint compiled;
} Walk;

static void
report (TerraneFileGroup *group, TerraneFindings *findings, const char *id,
        TerraneSeverity severity, const char *what, const char *fix)
{
  g_autofree char *text = g_strdup_printf ("compiled modules (%u) %s", group->count, what);
  terrane_file_group_report (group, findings, id, severity, text, fix);
  terrane_file_group_clear (group);
}

static uint32_t
get_u32 (const unsigned char *p)
{
  return (uint32_t) p[0] | (uint32_t) p[1] << 8 | (uint32_t) p[2] << 16 | (uint32_t) p[3] << 24;
}

/* Finds the modification time of @source in the image. */
static gboolean
find_time (const Walk *self, const TerraneNode *source, uint32_t *out_time)
{
  int64_t seconds = OCI_TAR_MTIME;
  if (self->audit != NULL)
    {
      g_autofree char *path = terrane_node_path (source);
      if (source->tree_number < 1
          || !terrane_layer_audit_source_time (self->audit, (guint) source->tree_number - 1, path,
                                               &seconds))
        return FALSE;
    }
  else if (source->tree_number < self->first_ours)
    return FALSE;
  *out_time = (uint32_t) (uint64_t) seconds; /* importlib compares the lower 32 bits */
  return TRUE;
}

/* Takes one compiled file. @source: (nullable): what it was compiled from; @cached: it is in
 * __pycache__ */
static gboolean
take_compiled (Walk *self, const TerraneNode *node, const TerraneNode *source, gboolean cached,
               GError **error)
{
  unsigned char header[HEADER_BYTES];
  size_t got = 0;
  uint32_t time = 0;
  self->compiled++;
  if (!terrane_object_read_start (self->view->store, &node->object, header, sizeof header, &got,
                                  error))
    return FALSE;
  uint32_t flags = get_u32 (header + 4);
  gboolean fits =
      got == sizeof header && (self->magic == 0 || get_u32 (header) == (self->magic | 0x0a0d0000U));
  if (!fits)
    terrane_file_group_add (!cached && source == NULL ? &self->broken : &self->foreign, self->view,
                            node, NULL);
  else if (cached && source == NULL)
    terrane_file_group_add (&self->orphans, self->view, node, NULL);
  else if (source != NULL && (flags & HASHED) == 0
           && (get_u32 (header + 12) != (uint32_t) source->size
               || (find_time (self, source, &time) && get_u32 (header + 8) != time)))
    terrane_file_group_add (&self->stale, self->view, node, NULL);
  return TRUE;
}

/* Debian has links to sources in /etc. */
static const TerraneNode *
find_source (const Walk *self, const TerraneNode *directory, const char *name, size_t stem)
{
  g_autofree char *source = g_strdup_printf ("%.*s.py", (int) stem, name);
  const TerraneNode *node = terrane_node_child (directory, source, strlen (source));
  if (node != NULL && node->type == OCI_ENTRY_SYMLINK)
    {
      g_autofree char *path = terrane_node_path (node);
      node = terrane_tree_follow (self->view->tree, path);
    }
  return node != NULL && node->type == OCI_ENTRY_FILE ? node : NULL;
}

static gboolean
walk_cache (Walk *self, const TerraneNode *cache, GError **error)
{
  for (guint i = 0; i < cache->children->len; i++)
    {
      const TerraneNode *node = cache->children->pdata[i];
      const char *dot = strchr (node->name, '.');
      if (node->type != OCI_ENTRY_FILE || dot == NULL || !g_str_has_suffix (node->name, ".pyc"))
        continue;
      const TerraneNode *source =
          find_source (self, cache->parent, node->name, (size_t) (dot - node->name));
      /* "x.cpython-311.opt-1.pyc" is for python -O. */
      if (strstr (dot, ".opt-") != NULL)
        continue;
      if (strcmp (dot, self->suffix) != 0)
        terrane_file_group_add (&self->foreign, self->view, node, NULL);
      else if (!take_compiled (self, node, source, TRUE, error))
        return FALSE;
    }
  return TRUE;
}

static gboolean
has_compiled (const Walk *self, const TerraneNode *directory, const char *name)
{
  const TerraneNode *cache = terrane_node_child (directory, "__pycache__", strlen ("__pycache__"));
  size_t stem = strlen (name) - strlen (".py");
  g_autofree char *compiled = g_strdup_printf ("%.*s%s", (int) stem, name, self->suffix);
  return cache != NULL && cache->type == OCI_ENTRY_DIRECTORY
         && terrane_node_child (cache, compiled, strlen (compiled)) != NULL;
}

static gboolean
walk (Walk *self, const TerraneNode *directory, GError **error)
{
  for (guint i = 0; i < directory->children->len; i++)
    {
      const TerraneNode *node = directory->children->pdata[i];
      gboolean ok = TRUE;
      if (node->type == OCI_ENTRY_DIRECTORY && strcmp (node->name, "__pycache__") == 0)
        ok = walk_cache (self, node, error);
      else if (node->type == OCI_ENTRY_DIRECTORY
               && !terrane_python_path_has (self->python->places, node))
        ok = walk (self, node, error);
      else if (node->type == OCI_ENTRY_FILE && g_str_has_suffix (node->name, ".pyc"))
        {
          size_t stem = strlen (node->name) - strlen (".pyc");
          const TerraneNode *source = find_source (self, directory, node->name, stem);
          if (source != NULL) /* the source is imported, and the file next to it is ignored */
            terrane_file_group_add (&self->foreign, self->view, node, NULL);
          else
            ok = take_compiled (self, node, NULL, FALSE, error);
        }
      else if (node->type == OCI_ENTRY_FILE && g_str_has_suffix (node->name, ".py"))
        self->sources += !has_compiled (self, directory, node->name);
      if (!ok)
        return FALSE;
    }
  return TRUE;
}

static void
report_sources (const Walk *self, TerraneFindings *findings)
{
  if (self->sources < MIN_SOURCES)
    return;
  g_autofree char *message = g_strdup_printf (
      "%u of %u modules are not compiled; Python compiles those that are imported at every start, "
      "as it cannot keep the result on a read-only file system",
      self->sources, self->sources + self->compiled);
  const TerraneFinding finding = { .id = "python.not-compiled",
                                   .severity = TERRANE_SEVERITY_NOTE,
                                   .message = message,
                                   .fix =
                                       "\"transforms\": {\"bytecode\": \"unchecked-hash\"} in the "
                                       "profile, or python -m compileall --invalidation-mode "
                                       "unchecked-hash" };
  terrane_findings_add (findings, &finding);
}

gboolean
terrane_check_bytecode (const TerraneImageView *view, const TerranePython *python,
                        const TerraneLayerAudit *audit, int first_ours, TerraneFindings *findings,
                        GError **error)
{
  g_autofree char *suffix = g_strdup_printf (".cpython-3%u.pyc", python->base.python_minor);
  Walk self = {
    .view = view, .python = python, .audit = audit, .first_ours = first_ours, .suffix = suffix
  };
  for (gsize i = 0; i < G_N_ELEMENTS (magics); i++)
    if (magics[i].minor == python->base.python_minor)
      self.magic = magics[i].magic;
  for (guint i = 0; i < python->places->len; i++)
    if (!walk (&self, ((TerranePythonPlace *) python->places->pdata[i])->directory, error))
      return FALSE;
  report (&self.broken, findings, "python.foreign-bytecode", TERRANE_SEVERITY_ERROR,
          "without a source are of another Python, which is \"bad magic number\"",
          "compile them with the image's Python, or ship the sources");
  report (
      &self.stale, findings, "python.stale-bytecode",
      self.stale.count < MIN_SOURCES ? TERRANE_SEVERITY_NOTE : TERRANE_SEVERITY_WARNING,
      "are not used, since time or size of the source differ; Python compiles it at every start "
      "again",
      "python -m compileall --invalidation-mode unchecked-hash, or leave __pycache__ out");
  report (&self.foreign, findings, "python.unused-bytecode", TERRANE_SEVERITY_NOTE,
          "are of another Python, or stand beside their source: they are not used",
          "leave them out");
  report (&self.orphans, findings, "python.unused-bytecode", TERRANE_SEVERITY_NOTE,
          "in __pycache__ have no source and are not used", "leave them out");
  report_sources (&self, findings);
  return TRUE;
}
