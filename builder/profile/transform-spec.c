#include "builder/profile/transform-spec.h"

#include "builder/profile/reader.h"

#include "oci/base/path.h"

#include <string.h>

enum
{
  RULES = 2, /* raised when a preset takes other files */
};

static const char *const modes_words[] = { "normalise", "keep", NULL };
static const char *const debug_words[] = { "drop", "separate", NULL };
static const char *const bytecode_words[] = { "unchecked-hash", NULL };

const char *const terrane_prune_words[] = { "python-tests",
                                            "headers",
                                            "static-libraries",
                                            "libtool",
                                            "cmake",
                                            "pkgconfig",
                                            "locale",
                                            "docs",
                                            "man",
                                            "bytecode-caches",
                                            "type-stubs",
                                            "botocore-data",
                                            NULL };
G_STATIC_ASSERT (G_N_ELEMENTS (terrane_prune_words) == TERRANE_N_PRUNES + 1);

void
terrane_transform_spec_free (TerraneTransformSpec *self)
{
  if (self == NULL)
    return;
  g_strfreev (self->prune_paths);
  g_strfreev (self->keep_paths);
  g_strfreev (self->botocore_services);
  g_strfreev (self->setuid);
  g_free (self);
}

static TerraneTransformSpec *
copy (const TerraneTransformSpec *defaults)
{
  TerraneTransformSpec *self = g_new0 (TerraneTransformSpec, 1);
  if (defaults == NULL)
    return self;
  *self = *defaults;
  self->prune_paths = g_strdupv (defaults->prune_paths);
  self->keep_paths = g_strdupv (defaults->keep_paths);
  self->botocore_services = g_strdupv (defaults->botocore_services);
  self->setuid = g_strdupv (defaults->setuid);
  self->own_prune_paths = self->own_setuid = FALSE;
  return self;
}

static void
read_prune (const OciJson *at, TerraneTransformSpec *self)
{
  OciJson member;
  size_t length = 0;
  gboolean seen[TERRANE_N_PRUNES] = { FALSE };
  if (!oci_json_member (at, "prune", &member)
      || !oci_json_array (&member, TERRANE_PROFILE_MAX_STRINGS, &length))
    return;
  for (size_t i = 0; i < length; i++)
    {
      OciJson element;
      unsigned word;
      oci_json_element (&member, i, &element);
      if (!oci_json_word (&element, terrane_prune_words, &word))
        continue;
      if (seen[word])
        oci_json_problem (&element, "is in the list twice");
      seen[word] = TRUE;
    }
  for (unsigned i = 0; i < TERRANE_N_PRUNES; i++)
    self->prune[i] = seen[i];
}

static gboolean
read_list (const OciJson *at, const char *key, char ***list, OciJson *out_member)
{
  char **read = NULL;
  if (!oci_json_member (at, key, out_member)
      || !oci_json_strv (out_member, TERRANE_PROFILE_MAX_STRINGS, &read))
    return FALSE;
  g_strfreev (*list);
  *list = read;
  return TRUE;
}

static void
read_globs (const OciJson *at, const char *key, char ***list)
{
  OciJson member;
  if (!read_list (at, key, list, &member))
    return;
  for (char **pattern = *list; *pattern != NULL; pattern++)
    if ((*pattern)[0] == '/' || (*pattern)[0] == '\0')
      oci_json_problem (&member, "patterns are relative to the tree's prefix, such as ‘**/*.pyi’");
}

/* Not a pattern: what may be setuid is to be read off the profile. */
static void
read_setuid (const OciJson *at, TerraneTransformSpec *self)
{
  OciJson member;
  if (!read_list (at, "setuid", &self->setuid, &member))
    return;
  for (char **path = self->setuid; *path != NULL; path++)
    {
      g_autofree char *normalised = NULL;
      if (!oci_path_normalise (*path, &normalised, NULL) || normalised[0] == '\0')
        oci_json_problem (&member, "expected paths relative to the tree's prefix, such as "
                                   "‘usr/bin/sudo’");
      else
        {
          g_free (*path);
          *path = g_steal_pointer (&normalised);
        }
    }
}

static void
read_services (const OciJson *at, TerraneTransformSpec *self)
{
  OciJson member;
  if (!read_list (at, "botocore_services", &self->botocore_services, &member))
    return;
  for (char **name = self->botocore_services; *name != NULL; name++)
    if ((*name)[0] == '\0' || strpbrk (*name, "/*?") != NULL)
      oci_json_problem (&member, "expected names of directories in botocore/data, such as ‘s3’");
}

/* true, false, or {"debug": "separate"} */
static void
read_strip (const OciJson *at, TerraneTransformSpec *self)
{
  static const char *const known[] = { "debug", NULL };
  OciJson member, debug;
  gboolean wanted;
  unsigned word;
  if (!oci_json_member (at, "strip", &member))
    return;
  if (!json_is_object (member.value))
    {
      if (oci_json_bool (&member, &wanted))
        self->strip = wanted ? TERRANE_STRIP_DROP : TERRANE_STRIP_NONE;
      return;
    }
  if (oci_json_object (&member, known) && oci_json_require (&member, "debug", &debug)
      && oci_json_word (&debug, debug_words, &word))
    self->strip = word == 1 ? TERRANE_STRIP_SEPARATE : TERRANE_STRIP_DROP;
}

/* The mode, or false. */
static void
read_bytecode (const OciJson *at, TerraneTransformSpec *self)
{
  OciJson member;
  unsigned word;
  if (!oci_json_member (at, "bytecode", &member))
    return;
  if (json_is_false (member.value))
    self->bytecode = FALSE;
  else if (json_is_true (member.value))
    oci_json_problem (&member, "expected \"unchecked-hash\" or false");
  else if (oci_json_word (&member, bytecode_words, &word))
    self->bytecode = TRUE;
}

TerraneTransformSpec *
terrane_transform_spec_read (const OciJson *at, const TerraneTransformSpec *defaults)
{
  static const char *const known[] = {
    "modes",    "prune",    "prune_paths", "keep_paths", "botocore_services", "setuid", "strip",
    "bytecode", "relocate", "dedupe",      NULL
  };
  OciJson member;
  unsigned word;
  TerraneTransformSpec *self = copy (defaults);
  if (at == NULL || !oci_json_object (at, known))
    return self;
  if (oci_json_member (at, "modes", &member) && oci_json_word (&member, modes_words, &word))
    self->modes = (TerraneModes) word;
  read_prune (at, self);
  read_globs (at, "prune_paths", &self->prune_paths);
  read_globs (at, "keep_paths", &self->keep_paths);
  read_services (at, self);
  read_setuid (at, self);
  read_strip (at, self);
  read_bytecode (at, self);
  self->own_prune_paths = oci_json_member (at, "prune_paths", &member) && self->prune_paths != NULL;
  self->own_setuid = oci_json_member (at, "setuid", &member) && self->setuid != NULL;
  if (oci_json_member (at, "relocate", &member))
    (void) oci_json_bool (&member, &self->relocate); /* notes what is wrong */
  if (oci_json_member (at, "dedupe", &member))
    (void) oci_json_bool (&member, &self->dedupe); /* likewise */
  return self;
}

static void
set_list (json_t *key, const char *name, char **list)
{
  if (list == NULL)
    return;
  json_t *array = json_array ();
  for (; *list != NULL; list++)
    oci_json_append (array, oci_json_text (*list));
  oci_json_set (key, name, array);
}

json_t *
terrane_transform_spec_reading_key (const TerraneTransformSpec *self)
{
  json_t *key = json_object ();
  json_t *presets = json_array ();
  for (unsigned i = 0; i < TERRANE_N_PRUNES; i++)
    if (self->prune[i])
      oci_json_append (presets, oci_json_text (terrane_prune_words[i]));
  if (json_array_size (presets) > 0)
    oci_json_set (key, "rules", json_integer (RULES));
  oci_json_set (key, "prune", presets);
  set_list (key, "prune_paths", self->prune_paths);
  set_list (key, "keep_paths", self->keep_paths);
  set_list (key, "setuid", self->setuid);
  if (self->prune[TERRANE_PRUNE_BOTOCORE_DATA])
    set_list (key, "services", self->botocore_services);
  oci_json_set (key, "relocate", json_boolean (self->relocate));
  return key;
}
