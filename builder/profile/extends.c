#include "builder/profile/extends.h"

#include "builder/profile/merge.h"

#include "oci/base/fd.h"

#include <fcntl.h>
#include <stdlib.h>

enum
{
  MAX_PROFILE_BYTES = 1024 * 1024,
  MAX_DEPTH = 16,
  MAX_FILES = 64,
};

/* A file that is being read, and the step that led to it. */
typedef struct _Step Step;
struct _Step
{
  const Step *parent; /* (nullable) */
  const char *path;
  const char *real_path;
  unsigned depth;
};

typedef struct
{
  TerraneExpander *expander;
  json_t *merged; /* (nullable) until the first file is complete */
  TerraneProvenance *provenance;
  GHashTable *seen;    /* of char *: real paths */
  GPtrArray *problems; /* of char * */
} Loader;

static char *
real_path_of (const char *path)
{
  char *resolved = realpath (path, NULL);
  char *copy = resolved != NULL ? g_strdup (resolved) : g_canonicalize_filename (path, NULL);
  free (resolved);
  return copy;
}

/* "a.json extends b.json extends a.json" */
static char *
describe_chain (const Step *step, const char *path)
{
  GString *text = g_string_new (path);
  for (; step != NULL; step = step->parent)
    g_string_prepend (g_string_prepend (text, " extends "), step->path);
  return g_string_free (text, FALSE);
}

static gboolean
is_cycle (const Step *step, const char *real_path)
{
  for (; step != NULL; step = step->parent)
    if (g_str_equal (step->real_path, real_path))
      return TRUE;
  return FALSE;
}

static void load_parents (Loader *self, const OciJson *extends, const Step *step);

/* A profile that neither extends nor is extended stays as it was written, nulls included. */
static void
merge (Loader *self, const OciJson *root, const Step *step, gboolean extends)
{
  unsigned file = self->provenance->files->len;
  g_ptr_array_add (self->provenance->files, g_strdup (step->path));
  if (!json_is_object (root->value) || (step->parent == NULL && !extends))
    {
      self->merged = json_incref ((json_t *) root->value);
      return;
    }
  g_autoptr (OciJsonValue) rest = json_copy ((json_t *) root->value);
  (void) json_object_del (rest, "extends");
  if (step->parent != NULL)
    (void) json_object_del (rest, "$schema");
  if (self->merged == NULL)
    self->merged = json_object ();
  terrane_merge_file (self->merged, self->provenance->root, rest, file);
}

static gboolean
load_data (Loader *self, GBytes *data, const Step *step, GError **error)
{
  OciJson root, extends;
  g_autoptr (OciJsonDocument) document =
      oci_json_parse (step->path, data, OCI_ERROR_USAGE, &root, error);
  if (document == NULL)
    return FALSE;
  gboolean has_extends = oci_json_member (&root, "extends", &extends);
  if (has_extends)
    load_parents (self, &extends, step);
  if (step->parent == NULL || oci_json_object (&root, NULL))
    merge (self, &root, step, has_extends);
  return oci_json_document_finish (document, error);
}

/* @at: where the file is named */
static void
load_parent (Loader *self, const OciJson *at, const Step *child, const char *path)
{
  g_autoptr (GError) local = NULL;
  g_autoptr (GBytes) data = NULL;
  g_autofree char *real_path = real_path_of (path);
  const Step step = {
    .parent = child, .path = path, .real_path = real_path, .depth = child->depth + 1
  };
  if (is_cycle (child, real_path))
    {
      g_autofree char *chain = describe_chain (child, path);
      oci_json_problem (at, "a profile cannot extend itself: %s", chain);
      return;
    }
  if (!g_hash_table_add (self->seen, g_strdup (real_path)))
    return;
  if (step.depth > MAX_DEPTH)
    oci_json_problem (at, "extends more than %d files deep", MAX_DEPTH);
  else if (g_hash_table_size (self->seen) > MAX_FILES)
    oci_json_problem (at, "the profile extends more than %d files", MAX_FILES - 1);
  else if (!oci_read_file (AT_FDCWD, path, MAX_PROFILE_BYTES, &data, &local))
    oci_json_problem (at, "%s", local->message);
  else if (!load_data (self, data, &step, &local))
    g_ptr_array_add (self->problems, g_strdup (local->message));
}

static void
load_element (Loader *self, const OciJson *at, const Step *child)
{
  g_autofree char *text = terrane_expander_expand (self->expander, at, FALSE);
  if (text == NULL)
    return;
  if (text[0] == '\0')
    {
      oci_json_problem (at, "expected a path, got an empty string");
      return;
    }
  g_autofree char *directory = g_path_get_dirname (child->path);
  g_autofree char *path = g_path_is_absolute (text) || g_str_equal (directory, ".")
                              ? g_strdup (text)
                              : g_build_filename (directory, text, NULL);
  load_parent (self, at, child, path);
}

static void
load_parents (Loader *self, const OciJson *extends, const Step *step)
{
  size_t length = 0;
  if (!json_is_array (extends->value) && !json_is_string (extends->value))
    {
      oci_json_problem (extends, "expected a file name, or an array of file names");
      return;
    }
  if (json_is_string (extends->value))
    {
      load_element (self, extends, step);
      return;
    }
  if (!oci_json_array (extends, MAX_FILES - 1, &length))
    return;
  for (size_t i = 0; i < length; i++)
    {
      OciJson element;
      oci_json_element (extends, i, &element);
      load_element (self, &element, step);
    }
}

static void
loader_clear (Loader *self)
{
  json_decref (self->merged);
  terrane_provenance_free (self->provenance);
  g_hash_table_unref (self->seen);
  g_ptr_array_unref (self->problems);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Loader, loader_clear)

/* Problems of the profile's own "extends" come last, after those of the files it names. */
static gboolean
load_all (Loader *self, GBytes *data, const Step *step, GError **error)
{
  g_autoptr (GError) local = NULL;
  g_hash_table_add (self->seen, g_strdup (step->real_path));
  gboolean ok = load_data (self, data, step, &local);
  if (self->problems->len == 0)
    {
      if (!ok)
        g_propagate_error (error, g_steal_pointer (&local));
      return ok;
    }
  if (!ok)
    g_ptr_array_add (self->problems, g_strdup (local->message));
  g_ptr_array_add (self->problems, NULL);
  g_autofree char *all = g_strjoinv ("\n", (char **) self->problems->pdata);
  return oci_throw (error, OCI_ERROR_USAGE, "%s", all);
}

static char *
say_where (const OciJson *at, gpointer data)
{
  return terrane_provenance_where (data, at);
}

TerraneProfileDocument *
terrane_profile_document_read (const char *path, GBytes *data, TerraneExpander *expander,
                               GError **error)
{
  g_autoptr (GBytes) content = data != NULL ? g_bytes_ref (data) : NULL;
  if (content == NULL && !oci_read_file (AT_FDCWD, path, MAX_PROFILE_BYTES, &content, error))
    {
      g_prefix_error (error, "the profile: ");
      return NULL;
    }
  g_autofree char *real_path = real_path_of (path);
  const Step step = { .path = path, .real_path = real_path, .depth = 1 };
  g_auto (Loader) loader = {
    .expander = expander,
    .provenance = terrane_provenance_new (),
    .seen = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL),
    .problems = g_ptr_array_new_with_free_func (g_free),
  };
  if (!load_all (&loader, content, &step, error))
    return NULL;
  TerraneProfileDocument *self = g_new0 (TerraneProfileDocument, 1);
  self->provenance = g_steal_pointer (&loader.provenance);
  self->document =
      oci_json_document_new (path, g_steal_pointer (&loader.merged), OCI_ERROR_USAGE, &self->root);
  oci_json_document_set_where (self->document, say_where, self->provenance);
  return self;
}

void
terrane_profile_document_free (TerraneProfileDocument *self)
{
  if (self == NULL)
    return;
  oci_json_document_free (self->document);
  terrane_provenance_free (self->provenance);
  g_free (self);
}
