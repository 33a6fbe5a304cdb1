#include "builder/profile/lock.h"

#include "builder/profile/source-kind.h"

#include "oci/base/fd.h"
#include "oci/base/temp-file.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#define LOCK_SUFFIX ".lock.json"
#define BASE "base"
#define TREES "trees"
#define PLATFORMS "platforms"

enum
{
  LOCK_VERSION = 1,
  MAX_LOCK_BYTES = 16 * 1024 * 1024,
  MAX_ENTRIES = 10000, /* wheels of a tree */
};

struct _TerraneLock
{
  char *path;
  json_t *document;
  json_t *saved;       /* (nullable): the content of the file */
  GHashTable *touched; /* platforms that were resolved here: a set */
};

char *
terrane_lock_path (const char *profile_path)
{
  size_t len = strlen (profile_path);
  if (g_str_has_suffix (profile_path, ".json"))
    len -= strlen (".json");
  return g_strdup_printf ("%.*s" LOCK_SUFFIX, (int) len, profile_path);
}

gboolean
terrane_lock_is_path (const char *path)
{
  return g_str_has_suffix (path, LOCK_SUFFIX);
}

TerraneLock *
terrane_lock_new (const char *path)
{
  TerraneLock *self = g_new0 (TerraneLock, 1);
  self->path = g_strdup (path);
  self->touched = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  self->document = json_object ();
  oci_json_set (self->document, "version", json_integer (LOCK_VERSION));
  oci_json_set (self->document, PLATFORMS, json_object ());
  return self;
}

void
terrane_lock_free (TerraneLock *self)
{
  if (self == NULL)
    return;
  g_free (self->path);
  json_decref (self->document);
  json_decref (self->saved);
  g_hash_table_unref (self->touched);
  g_free (self);
}

/* A newer lock may give any member but its version another meaning. */
static gboolean
check_version (const char *path, const OciJson *root, GError **error)
{
  json_int_t version = json_integer_value (json_object_get (root->value, "version"));
  if (version <= LOCK_VERSION)
    return TRUE;
  return oci_throw (error, OCI_ERROR_USAGE,
                    "%s: made by a newer terrane (lock version %" JSON_INTEGER_FORMAT
                    ", this one knows %d): use that version, or make the lock again with 'terrane "
                    "lock' after removing the file",
                    path, version, LOCK_VERSION);
}

static void
check_text (const OciJson *object, const char *key)
{
  OciJson member;
  const char *text;
  if (oci_json_member (object, key, &member))
    (void) oci_json_string (&member, &text); /* notes what is wrong */
}

static void
check_digest (const OciJson *object, const char *key,
              gboolean (*parse) (const char *, OciDigest *, GError **))
{
  OciJson member;
  const char *text;
  OciDigest digest;
  g_autoptr (GError) local = NULL;
  if (oci_json_member (object, key, &member) && oci_json_string (&member, &text)
      && !parse (text, &digest, &local))
    oci_json_problem (&member, "%s", local->message);
}

static void
check_file (const OciJson *at, const char *const *known, const char *required)
{
  OciJson member;
  int64_t size;
  if (!oci_json_object (at, known))
    return;
  check_text (at, "name");
  check_text (at, "version");
  check_text (at, "file");
  check_text (at, "url");
  check_text (at, "hash");
  check_text (at, "layer");
  check_digest (at, "sha256", oci_digest_parse_hex);
  (void) oci_json_require (at, "sha256", &member);
  if (required != NULL)
    (void) oci_json_require (at, required, &member);
  if (oci_json_member (at, "size", &member))
    (void) oci_json_int (&member, 0, G_MAXINT64, &size);
}

static void
check_files (const OciJson *entry, const char *key, const char *const *known, const char *required)
{
  OciJson member;
  size_t length = 0;
  if (!oci_json_member (entry, key, &member) || !oci_json_array (&member, MAX_ENTRIES, &length))
    return;
  for (size_t i = 0; i < length; i++)
    {
      OciJson element;
      oci_json_element (&member, i, &element);
      check_file (&element, known, required);
    }
}

static void check_entry (const OciJson *at);

/* The member @key has the type @type. */
/* NOLINTNEXTLINE(misc-no-recursion): as deep as the parser of JSON lets documents be */
static void
check_member (const OciJson *entry, const char *key, TerraneLockType type)
{
  static const char *const archive_keys[] = { "file", "url", "sha256", NULL };
  static const char *const wheel_keys[] = { "name", "version", "file",  "url", "sha256",
                                            "hash", "size",    "layer", NULL };
  OciJson member;
  switch (type)
    {
    case TERRANE_LOCK_TEXT:
      check_text (entry, key);
      return;
    case TERRANE_LOCK_HEX:
      check_digest (entry, key, oci_digest_parse_hex);
      return;
    case TERRANE_LOCK_DIGEST:
      check_digest (entry, key, oci_digest_parse);
      return;
    case TERRANE_LOCK_ARCHIVES:
      check_files (entry, key, archive_keys, NULL);
      return;
    case TERRANE_LOCK_ENTRY:
      if (oci_json_member (entry, key, &member))
        check_entry (&member);
      return;
    case TERRANE_LOCK_WHEELS:
    default:
      check_files (entry, key, wheel_keys, "file");
      return;
    }
}

/* Locks are edited by hand and merged by git: after this check, the members that the kinds of
 * source read have the right types. */
/* NOLINTNEXTLINE(misc-no-recursion): see check_member() */
static void
check_entry (const OciJson *at)
{
  g_autoptr (GPtrArray) known = g_ptr_array_new ();
  for (const TerraneSourceKindInfo *const *kind = terrane_source_kinds; *kind != NULL; kind++)
    for (const TerraneLockField *field = (*kind)->lock; field->name != NULL; field++)
      g_ptr_array_add (known, (gpointer) field->name);
  g_ptr_array_add (known, NULL);
  if (!oci_json_object (at, (const char *const *) known->pdata))
    return;
  for (const TerraneSourceKindInfo *const *kind = terrane_source_kinds; *kind != NULL; kind++)
    for (const TerraneLockField *field = (*kind)->lock; field->name != NULL; field++)
      check_member (at, field->name, field->type);
}

static void
check_platform (const OciJson *at)
{
  static const char *const known[] = { BASE, TREES, NULL };
  OciJson base, trees, entry;
  const char *name;
  json_t *value;
  if (!oci_json_object (at, known))
    return;
  if (oci_json_member (at, BASE, &base))
    check_entry (&base);
  if (!oci_json_member (at, TREES, &trees) || !oci_json_object (&trees, NULL))
    return;
  json_object_foreach ((json_t *) trees.value, name, value)
  {
    (void) value;
    if (oci_json_member (&trees, name, &entry))
      check_entry (&entry);
    else
      oci_json_problem (&trees, "‘%s’ is null", name);
  }
}

static void
check_root (const OciJson *root)
{
  static const char *const known[] = { "version", "assembler", "compressor", PLATFORMS, NULL };
  OciJson member, platform;
  const char *name;
  json_t *value;
  int64_t version;
  if (!oci_json_object (root, known))
    return;
  if (oci_json_require (root, "version", &member))
    (void) oci_json_int (&member, 1, LOCK_VERSION, &version);
  check_text (root, "assembler");
  check_text (root, "compressor");
  if (!oci_json_require (root, PLATFORMS, &member) || !oci_json_object (&member, NULL))
    return;
  json_object_foreach ((json_t *) member.value, name, value)
  {
    (void) value;
    if (oci_json_member (&member, name, &platform))
      check_platform (&platform);
    else
      oci_json_problem (&member, "‘%s’ is null", name);
  }
}

TerraneLock *
terrane_lock_parse (const char *path, GBytes *data, GError **error)
{
  OciJson root;
  g_autoptr (OciJsonDocument) document = oci_json_parse (path, data, OCI_ERROR_USAGE, &root, error);
  if (document == NULL || !check_version (path, &root, error))
    return NULL;
  check_root (&root);
  if (!oci_json_document_finish (document, error))
    return NULL;
  TerraneLock *self = g_new0 (TerraneLock, 1);
  self->path = g_strdup (path);
  self->touched = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  self->document = json_deep_copy (root.value);
  self->saved = json_deep_copy (root.value);
  return self;
}

TerraneLock *
terrane_lock_load (const char *path, GError **error)
{
  g_autoptr (GBytes) data = NULL;
  g_autoptr (GError) local = NULL;
  if (oci_read_file (AT_FDCWD, path, MAX_LOCK_BYTES, &data, &local))
    return terrane_lock_parse (path, data, error);
  if (g_error_matches (local, OCI_ERROR, OCI_ERROR_NOT_FOUND))
    return terrane_lock_new (path);
  g_propagate_prefixed_error (error, g_steal_pointer (&local), "the lock: ");
  return NULL;
}

gboolean
terrane_lock_exists (const TerraneLock *self)
{
  return self->saved != NULL;
}

const char *
terrane_lock_file (const TerraneLock *self)
{
  return self->path;
}

const char *
terrane_lock_maker (const TerraneLock *self, const char *member)
{
  return json_string_value (json_object_get (self->document, member));
}

void
terrane_lock_set_maker (TerraneLock *self, const char *member, const char *text)
{
  oci_json_set (self->document, member, oci_json_text (text));
}

static int
compare_names (const void *a, const void *b)
{
  return strcmp (*(char *const *) a, *(char *const *) b);
}

static char **
sorted_keys (const json_t *object)
{
  const char *name;
  json_t *value;
  GPtrArray *names = g_ptr_array_new ();
  json_object_foreach ((json_t *) object, name, value)
  {
    (void) value;
    g_ptr_array_add (names, g_strdup (name));
  }
  if (names->len > 0)
    qsort (names->pdata, names->len, sizeof names->pdata[0], compare_names);
  g_ptr_array_add (names, NULL);
  return (char **) g_ptr_array_free (names, FALSE);
}

static json_t *
get_platform (const TerraneLock *self, const char *platform)
{
  return json_object_get (json_object_get (self->document, PLATFORMS), platform);
}

char **
terrane_lock_platforms (const TerraneLock *self)
{
  return sorted_keys (json_object_get (self->document, PLATFORMS));
}

char **
terrane_lock_trees (const TerraneLock *self, const char *platform)
{
  return sorted_keys (json_object_get (get_platform (self, platform), TREES));
}

const json_t *
terrane_lock_get (const TerraneLock *self, const char *platform, const char *tree)
{
  const json_t *entries = get_platform (self, platform);
  return tree == NULL ? json_object_get (entries, BASE)
                      : json_object_get (json_object_get (entries, TREES), tree);
}

const json_t *
terrane_lock_get_platform (const TerraneLock *self, const char *platform)
{
  return get_platform (self, platform);
}

static json_t *
ensure_object (json_t *parent, const char *key)
{
  if (json_object_get (parent, key) == NULL)
    oci_json_set (parent, key, json_object ());
  return json_object_get (parent, key);
}

void
terrane_lock_set (TerraneLock *self, const char *platform, const char *tree, json_t *entry)
{
  json_t *entries = ensure_object (json_object_get (self->document, PLATFORMS), platform);
  g_hash_table_add (self->touched, g_strdup (platform));
  if (tree == NULL)
    oci_json_set (entries, BASE, json_incref (entry));
  else
    oci_json_set (ensure_object (entries, TREES), tree, json_incref (entry));
}

void
terrane_lock_remove (TerraneLock *self, const char *platform, const char *tree)
{
  (void) json_object_del (json_object_get (get_platform (self, platform), TREES), tree);
}

void
terrane_lock_remove_platform (TerraneLock *self, const char *platform)
{
  g_hash_table_add (self->touched, g_strdup (platform));
  (void) json_object_del (json_object_get (self->document, PLATFORMS), platform);
}

OciDigest
terrane_lock_digest (const TerraneLock *self, const char *platform)
{
  static const char *const makers[] = { "assembler", "compressor" };
  g_autoptr (OciJsonValue) document = json_object ();
  json_t *sources = get_platform (self, platform);
  for (size_t i = 0; i < G_N_ELEMENTS (makers); i++)
    if (terrane_lock_maker (self, makers[i]) != NULL)
      oci_json_set (document, makers[i], oci_json_text (terrane_lock_maker (self, makers[i])));
  oci_json_set (document, "platform", oci_json_text (platform));
  oci_json_set (document, "sources", sources != NULL ? json_incref (sources) : json_object ());
  g_autoptr (GBytes) bytes = oci_json_dump (document);
  return oci_digest_of_bytes (bytes);
}

gboolean
terrane_lock_is_writable (const TerraneLock *self)
{
  g_autofree char *parent = g_path_get_dirname (self->path);
  return access (parent, W_OK | X_OK) == 0;
}

/* Takes from another process's lock the platforms that this one has not resolved. */
static void
take_others (TerraneLock *self, const TerraneLock *fresh)
{
  const char *name;
  json_t *entries;
  json_t *ours = json_object_get (self->document, PLATFORMS);
  json_object_foreach (json_object_get (fresh->document, PLATFORMS), name, entries)
  {
    if (!g_hash_table_contains (self->touched, name))
      oci_json_set (ours, name, json_deep_copy (entries));
  }
}

static gboolean
merge_others (TerraneLock *self, const char *path, GError **error)
{
  g_autoptr (TerraneLock) fresh = terrane_lock_load (path, error);
  if (fresh == NULL)
    return FALSE;
  gboolean changed =
      fresh->saved != NULL && (self->saved == NULL || !json_equal (self->saved, fresh->saved));
  if (changed)
    take_others (self, fresh);
  return TRUE;
}

/* Two builds may resolve two platforms at the same time: the directory is locked for the
 * duration. */
static gboolean
write_file (TerraneLock *self, const char *path, GError **error)
{
  g_auto (OciFd) directory = -1;
  g_autofree char *parent = g_path_get_dirname (path);
  g_autofree char *name = g_path_get_basename (path);
  if (!oci_open_dir (AT_FDCWD, parent, &directory, error))
    return FALSE;
  if (flock (directory, LOCK_EX) < 0)
    return oci_throw_errno (error, "locking the directory");
  if (!merge_others (self, path, error))
    return FALSE;
  g_autofree char *text = oci_json_dump_pretty (self->document);
  return oci_replace_file_synced (directory, name, 0644, text, strlen (text), error);
}

gboolean
terrane_lock_save (TerraneLock *self, GError **error)
{
  if (self->saved != NULL && json_equal (self->saved, self->document))
    return TRUE;
  g_autofree char *target = realpath (self->path, NULL); /* NULL: the file does not exist yet */
  OCI_PREFIX (error, "writing the lock %s (--no-lock builds without one)", self->path);
  if (!write_file (self, target != NULL ? target : self->path, error))
    return FALSE;
  json_decref (self->saved);
  self->saved = json_deep_copy (self->document);
  return TRUE;
}
