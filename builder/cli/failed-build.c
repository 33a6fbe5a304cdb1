#include "builder/cli/failed-build.h"

#include "builder/compile/run.h"
#include "builder/sandbox/host-mount.h"
#include "builder/store/cache.h"
#include "builder/store/commit.h"
#include "builder/store/compile-files.h"

#include <string.h>

void
terrane_failed_build_clear (TerraneFailedBuild *self)
{
  g_clear_pointer (&self->title, g_free);
  g_clear_pointer (&self->root, g_free);
  g_clear_pointer (&self->argv, g_strfreev);
  g_clear_pointer (&self->env, g_strfreev);
  g_clear_pointer (&self->mounts, g_ptr_array_unref);
  terrane_emulator_clear (&self->emulator);
  g_clear_pointer (&self->files[0].content, g_bytes_unref);
  g_clear_pointer (&self->file_name, g_free);
}

/* Adds an array of texts. */
static void
add_texts (GPtrArray *words, const json_t *list)
{
  size_t i;
  json_t *item;
  json_array_foreach (list, i, item) if (json_is_string (item))
      g_ptr_array_add (words, g_strdup (json_string_value (item)));
}

/* Starts the image's own shell: bash, which is more comfortable, if it exists. */
static const char open_shell[] =
    "how=-s; [ -t 0 ] && how=-is; "
    "for shell in /bin/bash /usr/bin/bash; do [ -x $shell ] && exec $shell $how -- \"$@\"; done; "
    "exec /bin/sh $how -- \"$@\"";

static char **
make_argv (const json_t *document, char *const *command)
{
  static const char *const shell[] = { "/bin/sh", "-c", open_shell, "sh", NULL };
  GPtrArray *words = g_ptr_array_new ();
  for (const char *const *word = terrane_compile_shell (); *word != NULL; word++)
    g_ptr_array_add (words, g_strdup (*word));
  for (char *const *word = command; *word != NULL; word++)
    g_ptr_array_add (words, g_strdup (*word));
  if (command[0] == NULL)
    {
      for (const char *const *word = shell; *word != NULL; word++)
        g_ptr_array_add (words, g_strdup (*word));
      add_texts (words, json_object_get (document, "argv"));
    }
  g_ptr_array_add (words, NULL);
  return (char **) g_ptr_array_free (words, FALSE);
}

static char **
make_env (const json_t *document)
{
  GPtrArray *words = g_ptr_array_new ();
  add_texts (words, json_object_get (document, "env"));
  g_ptr_array_add (words, NULL);
  return (char **) g_ptr_array_free (words, FALSE);
}

/* Adds the script or the patch of the step. */
static void
add_file (TerraneFailedBuild *self, const json_t *document)
{
  const char *name = terrane_cache_text (document, "file");
  const char *content = terrane_cache_text (document, "content");
  if (name == NULL || content == NULL || name[0] == '\0' || strchr (name, '/') != NULL)
    return;
  gsize len = 0;
  guchar *bytes = g_base64_decode (content, &len);
  self->file_name = g_strdup (name);
  self->files[0] = (TerraneSandboxFile){ .name = self->file_name,
                                         .content = g_bytes_new_take (bytes, len),
                                         .mode = 0444 };
}

static gboolean
check_out (TerraneStore *store, const json_t *document, char **out_path, GError **error)
{
  OciDigest commit;
  OciDigestHex hex;
  if (!oci_digest_parse_hex (terrane_cache_text (document, "root"), &commit, error)
      || !terrane_commit_checkout (store, &commit, oci_digest_hex (&commit, hex), error))
    return FALSE;
  *out_path = terrane_store_root_path (store, hex);
  return TRUE;
}

/* Returns: (transfer full) */
static char *
make_title (const char *title, guint others)
{
  return others == 0 ? g_strdup (title)
                     : g_strdup_printf ("%s, the newest of %u that are kept of that name", title,
                                        others + 1);
}

gboolean
terrane_failed_build_open (TerraneStore *store, const char *name, char *const *command,
                           TerraneFailedBuild *out_build, GError **error)
{
  guint others = 0;
  g_autofree char *work = NULL;
  g_autoptr (OciJsonValue) document = terrane_failed_root_open (store, name, &work, &others, error);
  if (document == NULL || !check_out (store, document, &out_build->root, error))
    return FALSE;
  const char *architecture = terrane_cache_text (document, "architecture");
  const char *title = terrane_cache_text (document, "title");
  TerraneHostMount *mount = terrane_host_mount_new (work, TERRANE_COMPILE_WORK);
  mount->writable = TRUE;
  mount->directory = TRUE;
  out_build->mounts = g_ptr_array_new_with_free_func (terrane_host_mount_free);
  g_ptr_array_add (out_build->mounts, mount);
  out_build->title = make_title (title != NULL ? title : name, others);
  out_build->argv = make_argv (document, command);
  out_build->env = make_env (document);
  add_file (out_build, document);
  out_build->tmp_bytes = (uint64_t) json_integer_value (json_object_get (document, "tmp"));
  if (architecture == NULL)
    return TRUE;
  terrane_emulator_find_here (architecture, &out_build->emulator);
  return terrane_emulator_require (&out_build->emulator, architecture, error);
}
