#include "builder/profile/variables.h"

#include "oci/base/suggest.h"

#include <string.h>

#define LOCK_VARIABLE "${lock.short}"
#define PLATFORM "platform"
#define ANY_PLATFORM "linux/amd64" /* if it is wrong or missing, which is reported elsewhere */

enum
{
  SHORT_REVISION = 12,
  MAX_EXPANDED_BYTES = 4 * 1024 * 1024, /* all strings of a profile together */
};

struct _TerraneExpander
{
  TerraneProfileVariables variables;
  char *directory;
  gboolean asked_git;
  char *revision; /* (nullable) */
  char *platform; /* (nullable): "linux/arm64" */
  size_t expanded;
};

TerraneExpander *
terrane_expander_new (const TerraneProfileVariables *variables, const char *directory)
{
  TerraneExpander *self = g_new0 (TerraneExpander, 1);
  if (variables != NULL)
    self->variables = *variables;
  self->directory = g_strdup (directory);
  return self;
}

void
terrane_expander_free (TerraneExpander *self)
{
  if (self == NULL)
    return;
  g_free (self->directory);
  g_free (self->revision);
  g_free (self->platform);
  g_free (self);
}

static gboolean
note_unknown (const OciJson *at, const char *name)
{
  static const char *const known[] = { "env.NAME", "git.sha", "git.short",        "lock.short",
                                       "platform", "arch",    "terrane.profiles", NULL };
  g_autofree char *quoted = oci_quote (name);
  g_autofree char *all = g_strjoinv ("}, ${", (char **) known);
  const char *nearest = oci_nearest_word (name, known);
  g_autofree char *meant = nearest != NULL ? g_strdup_printf ("${%s}", nearest) : NULL;
  g_autofree char *hint = oci_suggest (meant);
  if (meant != NULL)
    oci_json_problem (at, "there is no variable %s%s", quoted, hint);
  else
    oci_json_problem (at,
                      "there is no variable %s; known are ${%s}; a literal ‘${’ is written ‘$${’",
                      quoted, all);
  return FALSE;
}

static gboolean
is_env_name (const char *name)
{
  if (name[0] == '\0' || g_ascii_isdigit (name[0]))
    return FALSE;
  for (; *name != '\0'; name++)
    if (!g_ascii_isalnum (*name) && *name != '_')
      return FALSE;
  return TRUE;
}

/* @text: "NAME" or "NAME:-default"; as in shells, the default is also for what is empty. */
static gboolean
expand_env (const OciJson *at, const char *text, GString *out)
{
  const char *separator = strstr (text, ":-");
  g_autofree char *name =
      separator != NULL ? g_strndup (text, (size_t) (separator - text)) : g_strdup (text);
  g_autofree char *quoted = oci_quote (name);
  if (!is_env_name (name))
    {
      oci_json_problem (at, "invalid name of an environment variable: %s", quoted);
      return FALSE;
    }
  const char *value = g_getenv (name);
  if (separator != NULL && (value == NULL || value[0] == '\0'))
    value = separator + strlen (":-");
  if (value == NULL)
    oci_json_problem (
        at, "the environment variable %s is not set; ‘${env.%s:-…}’ would give it a default",
        quoted, name);
  else if (!g_utf8_validate (value, -1, NULL))
    oci_json_problem (at, "the value of the environment variable %s is not UTF-8", quoted);
  else
    {
      g_string_append (out, value);
      return TRUE;
    }
  return FALSE;
}

/* @outside_lock: the lock does not depend on this place */
static gboolean
expand_git (TerraneExpander *self, const OciJson *at, gboolean is_short, gboolean outside_lock,
            GString *out)
{
  if (!self->asked_git && self->variables.git_revision != NULL)
    self->revision = self->variables.git_revision (self->directory, self->variables.data);
  self->asked_git = TRUE;
  if (self->revision == NULL && self->variables.git_optional && outside_lock)
    {
      g_string_append (out, is_short ? "000000000000" : "0000000000000000000000000000000000000000");
      return TRUE;
    }
  if (self->revision == NULL)
    {
      g_autofree char *quoted = oci_quote (self->directory);
      oci_json_problem (at,
                        "‘${git.%s}’: %s is in no git repository with a commit, or in one of "
                        "another user (safe.directory in git-config(1) allows those)",
                        is_short ? "short" : "sha", quoted);
      return FALSE;
    }
  g_string_append_len (out, self->revision,
                       is_short ? (gssize) strnlen (self->revision, SHORT_REVISION) : -1);
  return TRUE;
}

/* "arm64", or "linux-arm64": tags and names have no slash. */
static gboolean
expand_platform (const TerraneExpander *self, const OciJson *at, const char *name, GString *out)
{
  if (self->platform == NULL)
    {
      oci_json_problem (at, "‘${%s}’ is what ‘platform’ says; it cannot be there or in ‘extends’",
                        name);
      return FALSE;
    }
  const char *slash = strchr (self->platform, '/');
  if (strcmp (name, "arch") == 0)
    g_string_append (out, slash != NULL ? slash + 1 : self->platform);
  else
    {
      g_autofree char *word = g_strdelimit (g_strdup (self->platform), "/", '-');
      g_string_append (out, word);
    }
  return TRUE;
}

static gboolean
expand_shipped_profiles (const TerraneExpander *self, const OciJson *at, GString *out)
{
  if (self->variables.shipped_profiles != NULL)
    g_string_append (out, self->variables.shipped_profiles);
  else
    oci_json_problem (at,
                      "‘${terrane.profiles}’: this terrane has no profiles in "
                      "../share/terrane/profiles beside its directory, as an installed one has");
  return self->variables.shipped_profiles != NULL;
}

static gboolean
is_in_deploy (const OciJson *at)
{
  const char *first = NULL;
  for (const OciJson *step = at; step->parent != NULL; step = step->parent)
    first = step->key;
  return g_strcmp0 (first, "deploy") == 0;
}

static gboolean
expand_variable (TerraneExpander *self, const OciJson *at, const char *name, gboolean allow_lock,
                 GString *out)
{
  if (g_str_has_prefix (name, "env."))
    return expand_env (at, name + strlen ("env."), out);
  if (strcmp (name, "git.sha") == 0 || strcmp (name, "git.short") == 0)
    return expand_git (self, at, strcmp (name, "git.short") == 0, allow_lock, out);
  if (strcmp (name, "arch") == 0 || strcmp (name, "platform") == 0)
    return expand_platform (self, at, name, out);
  if (strcmp (name, "terrane.profiles") == 0)
    return expand_shipped_profiles (self, at, out);
  if (strcmp (name, "region") == 0 && g_strcmp0 (at->key, "repository") == 0 && is_in_deploy (at))
    {
      g_string_append (out, "${region}"); /* each target has its own */
      return TRUE;
    }
  if (strcmp (name, "lock.short") != 0)
    return note_unknown (at, name);
  if (!allow_lock)
    {
      oci_json_problem (at, "‘" LOCK_VARIABLE "’ can only be in config.env, config.labels, "
                            "annotations and push: the lock is of everything else");
      return FALSE;
    }
  g_string_append (out, LOCK_VARIABLE);
  return TRUE;
}

static unsigned
count_lock_variables (const char *text)
{
  unsigned n = 0;
  for (const char *p = text; (p = strstr (p, LOCK_VARIABLE)) != NULL; p += strlen (LOCK_VARIABLE))
    n++;
  return n;
}

/* Expands what is after "${" at @text.
 *
 * Returns: where to continue, or NULL after a problem */
static const char *
expand_at (TerraneExpander *self, const OciJson *at, const char *text, gboolean allow_lock,
           GString *out)
{
  const char *end = strchr (text, '}');
  if (end == NULL)
    {
      oci_json_problem (at, "‘${’ without ‘}’; a literal ‘${’ is written ‘$${’");
      return NULL;
    }
  g_autofree char *name = g_strndup (text, (size_t) (end - text));
  return expand_variable (self, at, name, allow_lock, out) ? end + 1 : NULL;
}

/* Every problem of the string is noted. */
static gboolean
expand_text (TerraneExpander *self, const OciJson *at, const char *text, gboolean allow_lock,
             GString *out)
{
  gboolean ok = TRUE;
  unsigned locks = 0;
  while (*text != '\0' && self->expanded + out->len <= MAX_EXPANDED_BYTES)
    {
      if (g_str_has_prefix (text, "$${"))
        {
          g_string_append (out, "${");
          text += strlen ("$${");
        }
      else if (g_str_has_prefix (text, "${"))
        {
          locks += g_str_has_prefix (text, LOCK_VARIABLE) ? 1 : 0;
          const char *next = expand_at (self, at, text + strlen ("${"), allow_lock, out);
          ok = ok && next != NULL;
          const char *end = strchr (text, '}');
          text = next != NULL ? next : end != NULL ? end + 1 : text + strlen (text);
        }
      else
        g_string_append_c (out, *text++);
    }
  /* Later a literal one could not be told from the variable. */
  if (ok && allow_lock && count_lock_variables (out->str) != locks)
    {
      oci_json_problem (at, "‘" LOCK_VARIABLE "’ cannot be written literally here");
      return FALSE;
    }
  return ok;
}

char *
terrane_expander_expand (TerraneExpander *self, const OciJson *at, gboolean allow_lock)
{
  const char *text;
  if (!oci_json_string (at, &text))
    return NULL;
  if (strstr (text, "${") == NULL)
    return g_strdup (text);
  GString *out = g_string_new (NULL);
  gboolean ok = expand_text (self, at, text, allow_lock, out);
  self->expanded += out->len;
  if (ok && self->expanded > MAX_EXPANDED_BYTES)
    {
      oci_json_problem (at, "the variables of the profile expand to more than %d bytes",
                        MAX_EXPANDED_BYTES);
      ok = FALSE;
    }
  return g_string_free (out, !ok);
}

/* Whether ${lock.short} is allowed here: only where a change does not change the lock. */
static gboolean
allows_lock (const OciJson *at)
{
  const char *first = NULL, *second = NULL;
  for (const OciJson *step = at; step->parent != NULL; step = step->parent)
    {
      second = first;
      first = step->key;
    }
  if (g_strcmp0 (first, "annotations") == 0 || g_strcmp0 (first, "push") == 0)
    return TRUE;
  return g_strcmp0 (first, "config") == 0
         && (g_strcmp0 (second, "env") == 0 || g_strcmp0 (second, "labels") == 0);
}

static void
expand_string (TerraneExpander *self, const OciJson *at)
{
  g_autofree char *text = terrane_expander_expand (self, at, allows_lock (at));
  if (text == NULL)
    oci_json_silence (at);
  else if (json_string_set ((json_t *) at->value, text) < 0)
    g_error ("out of memory while expanding variables");
}

static void
expand_value (TerraneExpander *self, const OciJson *at)
{
  const char *key;
  json_t *value;
  size_t i;
  OciJson child;
  if (json_is_string (at->value))
    expand_string (self, at);
  else if (json_is_object (at->value))
    json_object_foreach ((json_t *) at->value, key, value)
    {
      gboolean done =
          at->parent == NULL && (strcmp (key, "$schema") == 0 || strcmp (key, PLATFORM) == 0);
      if (!done && oci_json_member (at, key, &child))
        expand_value (self, &child);
    }
  else if (json_is_array (at->value))
    json_array_foreach (at->value, i, value)
    {
      oci_json_element (at, i, &child);
      expand_value (self, &child);
    }
}

void
terrane_expander_set_platform (TerraneExpander *self, const char *platform)
{
  g_free (self->platform);
  self->platform = g_strdup (platform);
}

/* The first of several. */
static const char *
read_platform (const OciJson *at)
{
  const json_t *value = json_is_array (at->value) ? json_array_get (at->value, 0) : at->value;
  const char *text = json_string_value (value);
  return text != NULL ? text : ANY_PLATFORM;
}

void
terrane_expander_expand_all (TerraneExpander *self, const OciJson *root, const char *platform)
{
  OciJson member;
  gboolean known = json_is_object (root->value) && oci_json_member (root, PLATFORM, &member);
  if (known)
    expand_value (self, &member);
  if (platform == NULL)
    platform = known ? read_platform (&member) : ANY_PLATFORM;
  terrane_expander_set_platform (self, platform);
  expand_value (self, root);
}

gboolean
terrane_profile_wants_lock (const char *text)
{
  return strstr (text, LOCK_VARIABLE) != NULL;
}

char *
terrane_profile_expand_lock (const char *text, const char *lock_short)
{
  g_auto (GStrv) parts = g_strsplit (text, LOCK_VARIABLE, -1);
  return g_strjoinv (lock_short, parts);
}
