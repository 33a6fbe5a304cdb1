#include "builder/zip/zip.h"

#include "builder/error.h"
#include "builder/image/assemble.h"
#include "builder/store/commit.h"
#include "builder/store/object.h"
#include "builder/zip/layout.h"
#include "builder/zip/limits.h"
#include "builder/zip/runtime.h"
#include "builder/zip/split.h"

#include "oci/base/number.h"
#include "oci/base/text-hash.h"
#include "oci/image.h"

#include <fcntl.h>
#include <string.h>

enum
{
  MAX_SHOWN = 6,
};

/* One requested zip in progress. */
typedef struct
{
  const TerraneZipRequest *request;
  TerraneTree *tree;
  uint64_t unpacked;
  OciFd directory;
  TerraneZipPack pack;
  GPtrArray *parts; /* of GPtrArray of TerraneZipMember */
} Zip;

static void
zip_free (gpointer data)
{
  Zip *self = data;
  terrane_zip_pack_clear (&self->pack);
  g_clear_pointer (&self->parts, g_ptr_array_unref);
  terrane_tree_free (self->tree);
  oci_fd_close (self->directory);
  g_free (self);
}

/* Contents of files are verified while they are read; links are not read. */
static gboolean
verify_link (TerraneNode *node, const char *path, G_GNUC_UNUSED gpointer data, GError **error)
{
  if (node->type != OCI_ENTRY_SYMLINK)
    return TRUE;
  OciEntry entry = terrane_node_entry (node, path);
  OCI_PREFIX (error, "/%s", path);
  g_autoptr (TerraneObjectHasher) hasher = terrane_object_hasher_new (&entry);
  return terrane_object_check (hasher, &node->object, error);
}

static const char **
tree_names (const TerraneProfile *profile)
{
  const char **names = g_new0 (const char *, profile->trees->len + 2);
  names[0] = "base";
  for (guint i = 0; i < profile->trees->len; i++)
    names[i + 1] = ((TerraneSourceSpec *) profile->trees->pdata[i])->name;
  return names;
}

/* Puts tree @index over @onto, laid out for @kind unless it is %NULL. */
static gboolean
add_tree (const TerraneZipBuild *build, guint index, const TerraneZipKind *kind, TerraneTree *onto,
          GError **error)
{
  const TerraneSourceSpec *spec = build->profile->trees->pdata[index];
  const OciDigest *commit = &g_array_index (build->trees, OciDigest, index);
  g_autofree const char **names = tree_names (build->profile);
  g_autoptr (GPtrArray) paths = NULL;
  g_autoptr (TerraneTree) tree = terrane_commit_load (build->store, commit, error);
  if (tree == NULL || !terrane_tree_foreach (tree, verify_link, NULL, error))
    return FALSE;
  g_autoptr (TerraneTree) laid_out =
      kind != NULL ? terrane_zip_lay_out (*kind, tree, spec->name, error) : NULL;
  if (kind != NULL && laid_out == NULL)
    return FALSE;
  return terrane_assemble (onto, kind != NULL ? laid_out : tree, (int) index + 1, names, spec,
                           &paths, error);
}

static gboolean
make_tree (const TerraneZipBuild *build, Zip *zip, GError **error)
{
  OCI_PREFIX (error, "%s", zip->request->text);
  zip->tree = terrane_tree_new ();
  for (guint i = 0; i < build->profile->trees->len; i++)
    {
      const TerraneSourceSpec *spec = build->profile->trees->pdata[i];
      if (g_strv_contains ((const char *const *) zip->request->trees, spec->name)
          && !add_tree (build, i, &zip->request->kind, zip->tree, error))
        return FALSE;
    }
  zip->unpacked = terrane_tree_totals (zip->tree).bytes;
  return TRUE;
}

static GPtrArray *
make_zips (const TerraneZipBuild *build, const GPtrArray *requests, GError **error)
{
  g_autoptr (GPtrArray) zips = g_ptr_array_new_with_free_func (zip_free);
  for (guint i = 0; i < requests->len; i++)
    {
      Zip *zip = g_new0 (Zip, 1);
      zip->request = requests->pdata[i];
      zip->directory = -1;
      zip->pack = (TerraneZipPack) TERRANE_ZIP_PACK_INIT;
      g_ptr_array_add (zips, zip);
      if (!make_tree (build, zip, error))
        return NULL;
    }
  return g_steal_pointer (&zips);
}

static gboolean
is_in_zip (const GPtrArray *zips, const char *name)
{
  for (guint i = 0; i < zips->len; i++)
    if (g_strv_contains ((const char *const *) ((const Zip *) zips->pdata[i])->request->trees,
                         name))
      return TRUE;
  return FALSE;
}

/* Makes the trees that are in no zip, as in the image. */
static TerraneTree *
make_rest (const TerraneZipBuild *build, const GPtrArray *zips, GError **error)
{
  g_autoptr (TerraneTree) rest = terrane_tree_new ();
  for (guint i = 0; i < build->profile->trees->len; i++)
    {
      const TerraneSourceSpec *spec = build->profile->trees->pdata[i];
      if (!is_in_zip (zips, spec->name) && !add_tree (build, i, NULL, rest, error))
        return NULL;
    }
  return g_steal_pointer (&rest);
}

typedef struct
{
  GHashTable *sums; /* name -> uint64_t * */
  const char *const *names;
  const Zip *zip;
} Sums;

static void
add_sum (GHashTable *sums, char *name, uint64_t bytes)
{
  uint64_t *sum = g_hash_table_lookup (sums, name);
  if (sum != NULL)
    {
      *sum += bytes;
      g_free (name);
      return;
    }
  sum = g_new (uint64_t, 1);
  *sum = bytes;
  g_hash_table_insert (sums, name, sum);
}

static gboolean
sum_node (TerraneNode *node, const char *path, gpointer data, G_GNUC_UNUSED GError **error)
{
  const Sums *self = data;
  if (node->type == OCI_ENTRY_FILE)
    {
      g_autofree char *group = terrane_zip_group (path);
      add_sum (self->sums, g_strdup_printf ("%s of ‘%s’", group, self->names[node->tree_number]),
               node->size);
    }
  return TRUE;
}

static int
compare_sums (gconstpointer a, gconstpointer b, gpointer data)
{
  const char *left = *(const char *const *) a, *right = *(const char *const *) b;
  uint64_t x = *(uint64_t *) g_hash_table_lookup (data, left);
  uint64_t y = *(uint64_t *) g_hash_table_lookup (data, right);
  return x != y ? (x > y ? -1 : 1) : strcmp (left, right);
}

/* Describes the largest parts: "python/rasterio of ‘wheels’ 60.1 MB, …". @zip: (nullable): only of
 * this one */
static char *
describe_largest (const TerraneZipBuild *build, const GPtrArray *zips, const Zip *zip)
{
  g_autofree const char **names = tree_names (build->profile);
  g_autoptr (GHashTable) sums = g_hash_table_new_full (oci_text_hash, g_str_equal, g_free, g_free);
  g_autoptr (GPtrArray) order = g_ptr_array_new ();
  GString *text = g_string_new (NULL);
  Sums walk = { .sums = sums, .names = names };
  for (guint i = 0; i < zips->len; i++)
    if (zip == NULL || zip == zips->pdata[i])
      (void) terrane_tree_foreach (((Zip *) zips->pdata[i])->tree, sum_node, &walk, NULL);
  GHashTableIter iter;
  gpointer name;
  g_hash_table_iter_init (&iter, sums);
  while (g_hash_table_iter_next (&iter, &name, NULL))
    g_ptr_array_add (order, name);
  g_ptr_array_sort_with_data (order, compare_sums, sums);
  for (guint i = 0; i < MIN (order->len, (guint) MAX_SHOWN); i++)
    {
      g_autofree char *size =
          oci_format_size (*(uint64_t *) g_hash_table_lookup (sums, order->pdata[i]));
      g_string_append_printf (text, "%s%s %s", i > 0 ? ", " : "", (char *) order->pdata[i], size);
    }
  return g_string_free (text, FALSE);
}

static gboolean
refuse_size (const TerraneZipBuild *build, const GPtrArray *zips, const Zip *zip, const char *what,
             uint64_t bytes, GError **error)
{
  g_autofree char *size = oci_format_size (bytes);
  g_autofree char *largest = describe_largest (build, zips, zip);
  g_set_error (error, TERRANE_ERROR, TERRANE_ERROR_REFUSED,
               "%s: %s of files (%" G_GUINT64_FORMAT " bytes), and Lambda takes less than %d bytes "
               "unpacked, all layers of a function with its code; the largest: %s. Leave out what "
               "is not needed (transforms: prune, strip), or deploy the image",
               what, size, bytes, TERRANE_ZIP_UNPACKED_BYTES, largest);
  return FALSE;
}

/* Checks each zip, and a function with all layers. */
static gboolean
check_unpacked (const TerraneZipBuild *build, const GPtrArray *zips, GError **error)
{
  uint64_t layers = 0, function = 0;
  for (guint i = 0; i < zips->len; i++)
    {
      const Zip *zip = zips->pdata[i];
      if (zip->unpacked >= TERRANE_ZIP_UNPACKED_BYTES)
        return refuse_size (build, zips, zip, zip->request->text, zip->unpacked, error);
      if (zip->request->kind == TERRANE_ZIP_LAYER)
        layers += zip->unpacked;
      else
        function = MAX (function, zip->unpacked);
    }
  return layers + function < TERRANE_ZIP_UNPACKED_BYTES
         || refuse_size (build, zips, NULL,
                         function > 0 ? "the layers and the function together"
                                      : "the layers together",
                         layers + function, error);
}

static gboolean
pack (const TerraneZipBuild *build, Zip *zip, GError **error)
{
  OCI_PREFIX (error, "%s", zip->request->text);
  g_autofree char *directory = g_path_get_dirname (zip->request->path);
  if (!oci_open_dir (AT_FDCWD, directory, &zip->directory, error))
    return FALSE;
  const TerraneZipPackOptions options = { .store = build->store,
                                          .directory = zip->directory,
                                          .jobs = build->jobs,
                                          .progress = build->progress };
  terrane_progress_phase (build->progress, zip->unpacked, "packing %s", zip->request->path);
  if (!terrane_zip_pack_tree (zip->tree, &options, &zip->pack, error))
    return FALSE;
  if (zip->request->split_bytes > 0)
    zip->parts = terrane_zip_split (zip->pack.members, zip->request->split_bytes,
                                    TERRANE_ZIP_UNPACKED_BYTES, error);
  else
    {
      zip->parts = g_ptr_array_new_with_free_func ((GDestroyNotify) g_ptr_array_unref);
      g_ptr_array_add (zip->parts, g_ptr_array_ref (zip->pack.members));
    }
  return zip->parts != NULL;
}

static gboolean
pack_all (const TerraneZipBuild *build, const GPtrArray *zips, GError **error)
{
  guint layers = 0;
  for (guint i = 0; i < zips->len; i++)
    {
      Zip *zip = zips->pdata[i];
      if (!pack (build, zip, error))
        return FALSE;
      layers += zip->request->kind == TERRANE_ZIP_LAYER ? zip->parts->len : 0;
    }
  if (layers <= TERRANE_ZIP_MAX_LAYERS)
    return TRUE;
  g_autofree char *largest = describe_largest (build, zips, NULL);
  g_set_error (
      error, TERRANE_ERROR, TERRANE_ERROR_REFUSED,
      "these are %u layers, and a function takes %d; make fewer (a larger split, published "
      "by way of S3), or leave out what is not needed; the largest: %s",
      layers, TERRANE_ZIP_MAX_LAYERS, largest);
  return FALSE;
}

/* "dir/geo.zip" → "geo-2.zip" */
static char *
part_name (const TerraneZipRequest *request, guint part)
{
  g_autofree char *name = g_path_get_basename (request->path);
  if (request->split_bytes == 0)
    return g_steal_pointer (&name);
  const char *dot = strrchr (name, '.');
  int stem = dot != NULL && dot != name ? (int) (dot - name) : (int) strlen (name);
  return g_strdup_printf ("%.*s-%u%s", stem, name, part + 1, name + stem);
}

static uint64_t
unpacked_bytes (const GPtrArray *members, guint *out_files)
{
  uint64_t bytes = 0;
  *out_files = 0;
  for (guint i = 0; i < members->len; i++)
    {
      const TerraneZipMember *member = members->pdata[i];
      bytes += member->node->size;
      *out_files += member->node->type != OCI_ENTRY_DIRECTORY;
    }
  return bytes;
}

/* Lists the trees of @members, in the profile's order. */
static json_t *
list_trees (const TerraneZipBuild *build, const GPtrArray *members)
{
  json_t *list = json_array ();
  g_autofree gboolean *seen = g_new0 (gboolean, build->profile->trees->len + 1);
  for (guint i = 0; i < members->len; i++)
    {
      const TerraneZipMember *member = members->pdata[i];
      if (member->node->type != OCI_ENTRY_DIRECTORY)
        seen[member->node->tree_number] = TRUE;
    }
  for (guint i = 0; i < build->profile->trees->len; i++)
    if (seen[i + 1])
      oci_json_append (
          list, oci_json_text (((TerraneSourceSpec *) build->profile->trees->pdata[i])->name));
  return list;
}

static json_t *
file_to_json (const TerraneZipBuild *build, const Zip *zip, const GPtrArray *members,
              const char *path, const TerraneZipFile *file)
{
  OciDigestText text;
  guint files = 0;
  json_t *object = json_object ();
  /* As Lambda reports it: CodeSha256. */
  g_autofree char *code = g_base64_encode (file->sha256.bytes, sizeof file->sha256.bytes);
  uint64_t unpacked = unpacked_bytes (members, &files);
  oci_json_set (object, "kind", oci_json_text (terrane_zip_kind_name (zip->request->kind)));
  oci_json_set (object, "file", oci_json_text (path));
  oci_json_set (object, "trees", list_trees (build, members));
  oci_json_set (object, "size", json_integer ((json_int_t) file->size));
  oci_json_set (object, "unpacked_size", json_integer ((json_int_t) unpacked));
  oci_json_set (object, "files", json_integer (files));
  oci_json_set (object, "digest", oci_json_text (oci_digest_text (&file->sha256, text)));
  oci_json_set (object, "code_sha256", oci_json_text (code));
  oci_json_set (object, "direct_upload", json_boolean (file->size <= TERRANE_ZIP_DIRECT_BYTES));
  return object;
}

static gboolean
write_part (const TerraneZipBuild *build, const GPtrArray *zips, const Zip *zip, guint part,
            json_t *list, GError **error)
{
  g_autofree char *name = part_name (zip->request, part);
  g_autofree char *directory = g_path_get_dirname (zip->request->path);
  g_autofree char *path = strchr (zip->request->path, '/') != NULL
                              ? g_build_filename (directory, name, NULL)
                              : g_strdup (name);
  OCI_PREFIX (error, "%s:%s", terrane_zip_kind_name (zip->request->kind), path);
  TerraneZipFile file;
  if (!terrane_zip_write (&zip->pack, zip->parts->pdata[part], zip->directory, name, &file, error))
    return FALSE;
  if (file.size > TERRANE_ZIP_DIRECT_BYTES)
    {
      g_autofree char *size = oci_format_size (file.size);
      g_autofree char *largest = describe_largest (build, zips, zip);
      terrane_progress_warn (build->progress,
                             "%s: %s is more than one request to Lambda may have (50 MB): it goes "
                             "by way of S3, or %s; the largest, unpacked: %s",
                             path, size,
                             zip->request->kind == TERRANE_ZIP_LAYER
                                 ? "becomes several layers with ,split=auto"
                                 : "has less in it when its packages are a layer",
                             largest);
    }
  oci_json_append (list, file_to_json (build, zip, zip->parts->pdata[part], path, &file));
  return TRUE;
}

static gboolean
write_all (const TerraneZipBuild *build, const GPtrArray *zips, json_t *list, GError **error)
{
  for (guint i = 0; i < zips->len; i++)
    {
      const Zip *zip = zips->pdata[i];
      for (guint part = 0; part < zip->parts->len; part++)
        if (!write_part (build, zips, zip, part, list, error))
          return FALSE;
    }
  return TRUE;
}

static gboolean
find_python (const TerraneZipBuild *build, const OciImageConfig *config, TerranePythonBase *out,
             GError **error)
{
  g_auto (GStrv) env = oci_image_config_env (config);
  const char *path = g_environ_getenv (env, "PATH");
  return terrane_python_base_find (build->store, build->base, path, out, error);
}

/* @runtime: where the zips are unpacked */
static json_t *
make_report (const TerraneZipRuntime *runtime, const TerranePythonBase *python,
             const GPtrArray *zips)
{
  json_t *report = json_object ();
  g_autofree char *name = terrane_zip_runtime_name (python);
  g_auto (GStrv) argv = oci_image_config_cmd (runtime->config);
  const char *architecture = oci_image_config_architecture (runtime->config);
  uint64_t unpacked = 0;
  for (guint i = 0; i < zips->len; i++)
    unpacked += ((const Zip *) zips->pdata[i])->unpacked;
  oci_json_set_text (report, "runtime", name);
  oci_json_set_text (report, "architecture",
                     g_strcmp0 (architecture, "amd64") == 0 ? "x86_64" : architecture);
  if (argv[0] != NULL && argv[1] == NULL)
    oci_json_set_text (report, "handler", argv[0]);
  oci_json_set (report, "environment", terrane_zip_runtime_environment (runtime));
  oci_json_set (report, "unpacked_size", json_integer ((json_int_t) unpacked));
  return report;
}

gboolean
terrane_zips_write (const TerraneZipBuild *build, const GPtrArray *requests, json_t **out_report,
                    GError **error)
{
  g_auto (TerranePythonBase) python = { 0 };
  g_autoptr (OciImageConfig) config = NULL;
  g_autoptr (GPtrArray) zips = make_zips (build, requests, error);
  g_autoptr (TerraneTree) rest = zips != NULL ? make_rest (build, zips, error) : NULL;
  g_autoptr (TerraneTree) base =
      rest != NULL ? terrane_commit_load (build->store, build->base, error) : NULL;
  if (base == NULL || !check_unpacked (build, zips, error)
      || !oci_image_read (terrane_store_layout (build->store), build->manifest, NULL, &config,
                          error)
      || !find_python (build, config, &python, error))
    return FALSE;
  g_autoptr (GArray) trees = g_array_new (FALSE, FALSE, sizeof (TerraneZipTree));
  for (guint i = 0; i < zips->len; i++)
    {
      const Zip *zip = zips->pdata[i];
      const TerraneZipTree tree = { .request = zip->request, .tree = zip->tree };
      g_array_append_val (trees, tree);
    }
  g_autoptr (OciJsonValue) of_base = json_array ();
  const TerraneZipRuntime runtime = { .store = build->store,
                                      .profile = build->profile,
                                      .texts = build->texts,
                                      .config = config,
                                      .base = base,
                                      .aws = terrane_zip_runtime_is_aws (base),
                                      .rest = rest,
                                      .zips = trees,
                                      .of_base = of_base,
                                      .progress = build->progress };
  json_t *list = json_array ();
  g_autoptr (OciJsonValue) report = make_report (&runtime, &python, zips);
  oci_json_set (report, "files", list);
  terrane_progress_phase (build->progress, 0, "checking zips against Lambda's runtime");
  if (!terrane_zip_runtime_check (&runtime, &python, error) || !pack_all (build, zips, error)
      || !write_all (build, zips, list, error))
    return FALSE;
  if (json_array_size (of_base) > 0)
    oci_json_set (report, "libraries_of_base", json_incref (of_base));
  *out_report = g_steal_pointer (&report);
  return TRUE;
}
