#include "oci/image-config.h"

#include <string.h>

struct _OciImageConfig
{
  json_t *root;
};

/* Returns the member @key of @object, making it if it is missing. */
static json_t *
ensure (json_t *object, const char *key, json_t *(*make) (void) )
{
  json_t *value = json_object_get (object, key);
  if (value == NULL || json_is_null (value))
    {
      value = make ();
      oci_json_set (object, key, value);
    }
  return value;
}

OciImageConfig *
oci_image_config_new (const char *os, const char *architecture)
{
  OciImageConfig *self = g_new0 (OciImageConfig, 1);
  self->root = json_object ();
  oci_json_set (self->root, "os", oci_json_text (os));
  oci_json_set (self->root, "architecture", oci_json_text (architecture));
  json_t *rootfs = ensure (self->root, "rootfs", json_object);
  oci_json_set (rootfs, "type", oci_json_text ("layers"));
  (void) ensure (rootfs, "diff_ids", json_array);
  return self;
}

void
oci_image_config_free (OciImageConfig *self)
{
  if (self == NULL)
    return;
  json_decref (self->root);
  g_free (self);
}

static void
check_strings (const OciJson *object, const char *key)
{
  OciJson member;
  g_auto (GStrv) strings = NULL;
  if (oci_json_member (object, key, &member))
    (void) oci_json_strv (&member, 100000, &strings); /* notes problems */
}

static void
check_text (const OciJson *object, const char *key, gboolean required)
{
  OciJson member;
  const char *text;
  if (required ? oci_json_require (object, key, &member) : oci_json_member (object, key, &member))
    (void) oci_json_string (&member, &text);
}

static void
check_runtime_part (const OciJson *root)
{
  OciJson config, labels;
  if (!oci_json_member (root, "config", &config) || !oci_json_object (&config, NULL))
    return;
  check_strings (&config, "Env");
  check_strings (&config, "Entrypoint");
  check_strings (&config, "Cmd");
  check_text (&config, "WorkingDir", FALSE);
  check_text (&config, "User", FALSE);
  if (oci_json_member (&config, "Labels", &labels))
    (void) oci_json_object (&labels, NULL);
}

/* Counts entries for layers; null is an empty entry, as in Go. */
static guint
count_history (const json_t *history)
{
  size_t i;
  json_t *entry;
  guint n = 0;
  json_array_foreach (history, i, entry)
  {
    n += !json_is_true (json_object_get (entry, "empty_layer"));
  }
  return n;
}

/* More entries than layers belong to another image; fewer are common, and are completed when layers
 * are added. */
static void
check_history (const OciJson *root)
{
  OciJson history;
  size_t length = 0;
  gboolean empty;
  if (!oci_json_member (root, "history", &history) || !oci_json_array (&history, 100000, &length))
    return;
  for (size_t i = 0; i < length; i++)
    {
      OciJson entry, member;
      oci_json_element (&history, i, &entry);
      if (json_is_null (entry.value) || !oci_json_object (&entry, NULL))
        continue;
      if (oci_json_member (&entry, "empty_layer", &member))
        (void) oci_json_bool (&member, &empty); /* a wrong type is noted */
    }
  size_t layers =
      json_array_size (json_object_get (json_object_get (root->value, "rootfs"), "diff_ids"));
  guint told = count_history (history.value);
  if (told > layers)
    oci_json_problem (&history, "is about %u layers, but there are %zu diff_ids", told, layers);
}

static void
check_root_fs (const OciJson *root)
{
  OciJson rootfs, member;
  g_auto (GStrv) diff_ids = NULL;
  OciDigest digest;
  if (!oci_json_require (root, "rootfs", &rootfs) || !oci_json_object (&rootfs, NULL)
      || !oci_json_require (&rootfs, "diff_ids", &member)
      || !oci_json_strv (&member, 100000, &diff_ids))
    return;
  for (guint i = 0; diff_ids[i] != NULL; i++)
    {
      g_autoptr (GError) local = NULL;
      if (!oci_digest_parse (diff_ids[i], &digest, &local))
        oci_json_problem (&member, "%s", local->message);
    }
}

OciImageConfig *
oci_image_config_parse (const char *name, GBytes *raw, GError **error)
{
  OciJson root;
  g_autoptr (OciJsonDocument) document = oci_json_parse (name, raw, OCI_ERROR_FORMAT, &root, error);
  if (document == NULL)
    return NULL;
  if (oci_json_object (&root, NULL))
    {
      check_text (&root, "os", TRUE);
      check_text (&root, "architecture", TRUE);
      check_text (&root, "created", FALSE);
      check_runtime_part (&root);
      check_root_fs (&root);
      check_history (&root);
    }
  if (!oci_json_document_finish (document, error))
    return NULL;
  OciImageConfig *self = g_new0 (OciImageConfig, 1);
  self->root = json_deep_copy (root.value);
  return self;
}

GBytes *
oci_image_config_dump (const OciImageConfig *self)
{
  return oci_json_dump (self->root);
}

static json_t *
runtime_part (const OciImageConfig *self)
{
  return json_object_get (self->root, "config");
}

const char *
oci_image_config_os (const OciImageConfig *self)
{
  return json_string_value (json_object_get (self->root, "os"));
}

const char *
oci_image_config_architecture (const OciImageConfig *self)
{
  return json_string_value (json_object_get (self->root, "architecture"));
}

gboolean
oci_image_config_platform (const OciImageConfig *self, OciPlatform *out_platform)
{
  return oci_platform_read (self->root, out_platform);
}

char *
oci_image_config_platform_text (const OciImageConfig *self)
{
  const char *os = oci_image_config_os (self);
  const char *architecture = oci_image_config_architecture (self);
  const char *variant = json_string_value (json_object_get (self->root, "variant"));
  return g_strconcat (os != NULL ? os : "", "/", architecture != NULL ? architecture : "",
                      variant != NULL && variant[0] != '\0' ? "/" : NULL, variant, NULL);
}

const char *
oci_image_config_created (const OciImageConfig *self)
{
  return json_string_value (json_object_get (self->root, "created"));
}

const char *
oci_image_config_working_dir (const OciImageConfig *self)
{
  const char *path = json_string_value (json_object_get (runtime_part (self), "WorkingDir"));
  return path != NULL && path[0] != '\0' ? path : NULL;
}

const char *
oci_image_config_user (const OciImageConfig *self)
{
  return json_string_value (json_object_get (runtime_part (self), "User"));
}

static char **
get_strings (const OciImageConfig *self, const char *key)
{
  g_autoptr (GPtrArray) strings = g_ptr_array_new ();
  size_t i;
  json_t *element;
  json_array_foreach (json_object_get (runtime_part (self), key), i, element)
      g_ptr_array_add (strings, g_strdup (json_string_value (element)));
  g_ptr_array_add (strings, NULL);
  return (char **) g_ptr_array_steal (strings, NULL);
}

char **
oci_image_config_entrypoint (const OciImageConfig *self)
{
  return get_strings (self, "Entrypoint");
}

char **
oci_image_config_cmd (const OciImageConfig *self)
{
  return get_strings (self, "Cmd");
}

char **
oci_image_config_argv_with (const OciImageConfig *self, const char *const *cmd, const char *handler)
{
  g_auto (GStrv) entrypoint = oci_image_config_entrypoint (self);
  g_auto (GStrv) own = oci_image_config_cmd (self);
  const char *const *rest = cmd != NULL ? cmd : (const char *const *) own;
  g_autoptr (GPtrArray) words = g_ptr_array_new_with_free_func (g_free);
  for (char **word = entrypoint; *word != NULL; word++)
    g_ptr_array_add (words, g_strdup (*word));
  /* With an entrypoint the whole command is the handler, as on Lambda. */
  gboolean whole = handler != NULL && words->len > 0;
  for (const char *const *word = rest; !whole && *word != NULL; word++)
    g_ptr_array_add (words, g_strdup (*word));
  if (handler != NULL && !whole && words->len > 0)
    g_ptr_array_set_size (words, (int) words->len - 1);
  if (handler != NULL)
    g_ptr_array_add (words, g_strdup (handler));
  g_ptr_array_add (words, NULL);
  return (char **) g_ptr_array_steal (words, NULL);
}

char **
oci_image_config_argv (const OciImageConfig *self)
{
  return oci_image_config_argv_with (self, NULL, NULL);
}

char **
oci_image_config_env (const OciImageConfig *self)
{
  return get_strings (self, "Env");
}

static json_t *
diff_ids (const OciImageConfig *self)
{
  return json_object_get (json_object_get (self->root, "rootfs"), "diff_ids");
}

guint
oci_image_config_n_layers (const OciImageConfig *self)
{
  return (guint) json_array_size (diff_ids (self));
}

gboolean
oci_image_config_diff_id (const OciImageConfig *self, guint index, OciDigest *out_digest,
                          GError **error)
{
  const char *text = json_string_value (json_array_get (diff_ids (self), index));
  if (text == NULL)
    return oci_throw (error, OCI_ERROR_CORRUPT, "the image config has no diff_id %u", index);
  return oci_digest_parse (text, out_digest, error);
}

void
oci_image_config_set_created (OciImageConfig *self, const char *rfc3339)
{
  oci_json_set (self->root, "created", oci_json_text (rfc3339));
}

static void
set_strings (OciImageConfig *self, const char *key, const char *const *strings)
{
  json_t *array = json_array ();
  for (; *strings != NULL; strings++)
    oci_json_append (array, oci_json_text (*strings));
  oci_json_set (ensure (self->root, "config", json_object), key, array);
}

void
oci_image_config_set_entrypoint (OciImageConfig *self, const char *const *argv)
{
  set_strings (self, "Entrypoint", argv);
  (void) json_object_del (runtime_part (self), "Cmd"); /* may be absent */
}

void
oci_image_config_set_cmd (OciImageConfig *self, const char *const *argv)
{
  set_strings (self, "Cmd", argv);
}

void
oci_image_config_set_working_dir (OciImageConfig *self, const char *path)
{
  oci_json_set (ensure (self->root, "config", json_object), "WorkingDir", oci_json_text (path));
}

void
oci_image_config_set_user (OciImageConfig *self, const char *user)
{
  oci_json_set (ensure (self->root, "config", json_object), "User", oci_json_text (user));
}

void
oci_image_config_set_env (OciImageConfig *self, const char *name, const char *value)
{
  json_t *env = ensure (ensure (self->root, "config", json_object), "Env", json_array);
  g_autofree char *text = g_strconcat (name, "=", value, NULL);
  size_t name_len = strlen (name), i;
  json_t *element;
  json_array_foreach (env, i, element)
  {
    const char *old = json_string_value (element);
    if (old != NULL && strncmp (old, name, name_len) == 0 && old[name_len] == '=')
      {
        if (json_array_set_new (env, i, oci_json_text (text)) < 0)
          g_error ("out of memory while building JSON");
        return;
      }
  }
  oci_json_append (env, oci_json_text (text));
}

void
oci_image_config_set_label (OciImageConfig *self, const char *name, const char *value)
{
  json_t *labels = ensure (ensure (self->root, "config", json_object), "Labels", json_object);
  oci_json_set (labels, name, oci_json_text (value));
}

void
oci_image_config_complete_history (OciImageConfig *self)
{
  json_t *history = ensure (self->root, "history", json_array), *entry;
  guint told = count_history (history);
  size_t i;
  json_array_foreach (history, i, entry)
  {
    if (json_is_null (entry) && json_array_set_new (history, i, json_object ()) < 0)
      g_error ("out of memory while building JSON");
  }
  for (; told < oci_image_config_n_layers (self); told++)
    {
      json_t *missing = json_object ();
      oci_json_set (missing, "comment", oci_json_text ("a layer that had no history"));
      oci_json_append (history, missing);
    }
}

void
oci_image_config_add_layer (OciImageConfig *self, const OciDigest *diff_id, const char *created,
                            const char *created_by)
{
  OciDigestText text;
  oci_json_append (diff_ids (self), oci_json_text (oci_digest_text (diff_id, text)));
  json_t *entry = json_object ();
  oci_json_set (entry, "created", oci_json_text (created));
  oci_json_set (entry, "created_by", oci_json_text (created_by));
  oci_json_append (ensure (self->root, "history", json_array), entry);
}
