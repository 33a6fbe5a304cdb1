#include "builder/cli/load-profile.h"

#include "builder/cli/options.h"
#include "builder/git.h"
#include "builder/profile/lock.h"
#include "builder/profile/recipe.h"

#include "oci/base/fd.h"

#include <fcntl.h>
#include <string.h>

enum
{
  MAX_RECIPE_BYTES = 1024 * 1024,
};

#define FROM_PROGRAM_TO_PROFILES "../share/terrane/profiles"

static char *
git_revision (const char *directory, G_GNUC_UNUSED gpointer data)
{
  g_auto (TerraneGitState) git = { 0 };
  terrane_git_state (directory, &git);
  return g_steal_pointer (&git.revision);
}

/* Returns: (transfer full) (nullable): the shipped profiles: in the package and in the unpacked
 * tarball they are at the same place relative to the program, which may be reached by a link */
static char *
shipped_profiles (void)
{
  g_autofree char *program = g_file_read_link ("/proc/self/exe", NULL);
  if (program == NULL || !g_utf8_validate (program, -1, NULL))
    return NULL;
  g_autofree char *directory = g_path_get_dirname (program);
  g_autofree char *path = g_build_filename (directory, FROM_PROGRAM_TO_PROFILES, NULL);
  return g_file_test (path, G_FILE_TEST_IS_DIR) ? g_canonicalize_filename (path, NULL) : NULL;
}

/* Users of docker type "build .". */
static gboolean
refuse_directory (const char *path, GError **error)
{
  if (!g_file_test (path, G_FILE_TEST_IS_DIR))
    return TRUE;
  g_autofree char *file = g_build_filename (path, "profile.json", NULL);
  g_autofree char *quoted = oci_quote (path), *quoted_file = oci_quote (file);
  return oci_throw (error, OCI_ERROR_USAGE,
                    g_file_test (file, G_FILE_TEST_EXISTS)
                        ? "%s is a directory; give the profile's file: %s"
                        : "%s is a directory without a profile.json; give the profile's file, or "
                          "make one with 'terrane init'",
                    quoted, quoted_file);
}

/* It would be refused for its keys, which are correct. */
static gboolean
is_recipe (const char *path)
{
  g_autoptr (GBytes) data = NULL;
  return oci_read_file (AT_FDCWD, path, MAX_RECIPE_BYTES, &data, NULL)
         && terrane_recipe_is_one (data);
}

static TerraneProfile *
load (const char *path, const char *platform, gboolean git_optional, GError **error)
{
  if (!refuse_directory (path, error))
    return NULL;
  g_autofree char *shipped = shipped_profiles ();
  const TerraneProfileOptions options = {
    .platform = platform,
    .variables = { .git_revision = git_revision,
                   .git_optional = git_optional,
                   .shipped_profiles = shipped },
  };
  TerraneProfile *profile = terrane_profile_load (path, &options, error);
  if (profile == NULL && is_recipe (path))
    {
      g_autofree char *quoted = oci_quote (path);
      g_clear_error (error);
      (void) oci_throw (
          error, OCI_ERROR_USAGE,
          "%s is a recipe, not a profile; name it in a tree of a profile: \"compile\": "
          "{\"recipe\": …}",
          quoted);
      return NULL;
    }
  if (profile == NULL && !g_file_test (path, G_FILE_TEST_EXISTS))
    oci_error_append (error, "; give the path of a profile, or write one with 'terrane init'");
  return profile;
}

TerraneProfile *
terrane_command_load_profile (const char *path, const char *platform, GError **error)
{
  return load (path, platform, FALSE, error);
}

TerraneProfile *
terrane_command_load_profile_to_lock (const char *path, const char *platform, GError **error)
{
  return load (path, platform, TRUE, error);
}

gboolean
terrane_command_list_platforms (const char *platform, const char *path, char ***out_platforms,
                                GError **error)
{
  *out_platforms = NULL;
  if (platform == NULL)
    return TRUE;
  if (strcmp (platform, TERRANE_PLATFORMS_ALL) != 0)
    {
      *out_platforms = g_strsplit (platform, ",", -1);
      return TRUE;
    }
  g_autoptr (TerraneProfile) profile = terrane_command_load_profile (path, NULL, error);
  if (profile == NULL)
    return FALSE;
  *out_platforms = g_strdupv (profile->platforms);
  return TRUE;
}

char *
terrane_command_expand (const TerraneProfile *profile, const char *what, const char *text,
                        GError **error)
{
  const TerraneProfileVariables variables = { .git_revision = git_revision };
  OciJson root;
  g_autofree char *platform = oci_platform_text (&profile->platform);
  g_autoptr (OciJsonDocument) document =
      oci_json_document_new (what, oci_json_text (text), OCI_ERROR_USAGE, &root);
  g_autoptr (TerraneExpander) expander = terrane_expander_new (&variables, profile->directory);
  terrane_expander_set_platform (expander, platform);
  g_autofree char *expanded = terrane_expander_expand (expander, &root, TRUE);
  return oci_json_document_finish (document, error) ? g_steal_pointer (&expanded) : NULL;
}

char **
terrane_command_select_profiles (char **arguments, const char *command, GError **error)
{
  GPtrArray *profiles = g_ptr_array_new ();
  for (char **path = arguments; *path != NULL; path++)
    if (!terrane_lock_is_path (*path) && !g_str_has_suffix (*path, ".schema.json"))
      g_ptr_array_add (profiles, g_strdup (*path));
  if (profiles->len == 0)
    oci_throw (error, OCI_ERROR_USAGE, "%s: expected a profile, got only locks and schemas",
               command);
  gboolean some = profiles->len > 0;
  g_ptr_array_add (profiles, NULL);
  char **list = (char **) g_ptr_array_free (profiles, FALSE);
  if (!some)
    g_clear_pointer (&list, g_strfreev);
  return list;
}

/* Images in the store have names without a dot and a type; but a profile may have any name. */
gboolean
terrane_command_is_profile (const char *argument)
{
  char head[64] = { 0 };
  size_t len = 0;
  g_auto (OciFd) fd = -1;
  if (g_str_has_suffix (argument, ".json"))
    return TRUE;
  if (!g_file_test (argument, G_FILE_TEST_IS_REGULAR)
      || (fd = open (argument, O_RDONLY | O_CLOEXEC)) < 0
      || !oci_read_full (fd, head, sizeof head - 1, &len, NULL))
    return FALSE;
  return head[strspn (head, " \t\r\n")] == '{';
}
