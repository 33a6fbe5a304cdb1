#include "builder/explain/difference.h"

#include <string.h>

enum
{
  MAX_SHOWN = 40, /* characters of one value */
  MAX_WORDS = 6,  /* of a list */
};

static gboolean
is_digest (const char *text)
{
  return strlen (text) == 64 && strspn (text, "0123456789abcdef") == 64;
}

/* Returns: (transfer full): the value for messages */
static char *
show (const json_t *value)
{
  const char *text = json_string_value (value);
  if (text == NULL && value != NULL)
    {
      char *dumped = json_dumps (value, JSON_ENCODE_ANY | JSON_COMPACT | JSON_SORT_KEYS);
      char *copy = g_utf8_substring (dumped, 0, MIN (g_utf8_strlen (dumped, -1), MAX_SHOWN));
      free (dumped);
      return copy;
    }
  if (text == NULL)
    return g_strdup ("nothing");
  if (text[0] == '\0')
    return g_strdup ("‘’");
  if (g_utf8_strlen (text, -1) <= MAX_SHOWN)
    return g_strdup (text);
  g_autofree char *cut = g_utf8_substring (text, 0, MAX_SHOWN - 1);
  return g_strconcat (cut, "…", NULL);
}

static gboolean
is_words (const json_t *value)
{
  size_t i;
  json_t *word;
  json_array_foreach ((json_t *) value, i, word)
  {
    if (!json_is_string (word))
      return FALSE;
  }
  return json_is_array (value) || value == NULL;
}

static gboolean
has_word (const json_t *list, const json_t *word)
{
  size_t i;
  json_t *other;
  json_array_foreach ((json_t *) list, i, other)
  {
    if (json_equal (other, word))
      return TRUE;
  }
  return FALSE;
}

static guint
add_missing (GString *line, const char *sign, const json_t *list, const json_t *other, guint shown)
{
  size_t i;
  json_t *word;
  json_array_foreach ((json_t *) list, i, word)
  {
    if (has_word (other, word))
      continue;
    g_autofree char *text = show (word);
    if (shown < MAX_WORDS)
      g_string_append_printf (line, " %s%s", sign, text);
    shown++;
  }
  return shown;
}

static void
describe_words (const char *what, const json_t *before, const json_t *after, GPtrArray *lines)
{
  g_autoptr (GString) line = g_string_new (what);
  guint shown = add_missing (line, "+", after, before, 0);
  shown = add_missing (line, "−", before, after, shown);
  if (before == NULL && json_array_size (after) == 0)
    g_string_append (line, " set to []");
  else if (after == NULL && json_array_size (before) == 0)
    g_string_append (line, " removed");
  else if (shown == 0 && json_array_size (before) != json_array_size (after))
    g_string_append (line, ": an element is repeated another number of times");
  else if (shown == 0)
    g_string_append (line, ": its order changed");
  if (shown > MAX_WORDS)
    g_string_append_printf (line, " and %u more", shown - MAX_WORDS);
  g_ptr_array_add (lines, g_strdup (line->str));
}

/* Compares lists by position, since earlier elements affect later ones. */
/* NOLINTNEXTLINE(misc-no-recursion): as deep as the documents, which terrane made */
static void
describe_list (const char *what, const json_t *before, const json_t *after, GPtrArray *lines)
{
  size_t n = MAX (json_array_size (before), json_array_size (after));
  for (size_t i = 0; i < n; i++)
    {
      g_autofree char *name = g_strdup_printf ("%s %zu", what, i + 1);
      const json_t *old = json_array_get (before, i), *now = json_array_get (after, i);
      if (json_is_array (old) && json_is_array (now))
        {
          if (!json_equal ((json_t *) old, (json_t *) now))
            g_ptr_array_add (lines, g_strconcat (name, " changed", NULL));
        }
      else
        terrane_describe_difference (name, old, now, lines);
    }
}

static gboolean
is_off (const json_t *value)
{
  return value == NULL || json_is_false (value);
}

static void
describe_scalar (const char *what, const json_t *before, const json_t *after, GPtrArray *lines)
{
  const char *old = json_string_value (before), *now = json_string_value (after);
  g_autofree char *from = show (before), *to = show (after);
  char *line;
  if (is_off (before) && json_is_true (after))
    line = g_strconcat (what, " switched on", NULL);
  else if (json_is_true (before) && is_off (after))
    line = g_strconcat (what, " switched off", NULL);
  else if (old != NULL && now != NULL && is_digest (old) && is_digest (now))
    line = g_strconcat (what, " changed", NULL);
  else if (before == NULL)
    line = old == NULL && now != NULL && is_digest (now) ? g_strconcat (what, " added", NULL)
                                                         : g_strconcat (what, " set to ", to, NULL);
  else if (after == NULL)
    line = g_strconcat (what, " removed", NULL);
  else
    line = g_strdup_printf ("%s %s → %s", what, from, to);
  g_ptr_array_add (lines, line);
}

static int
compare_keys (gconstpointer a, gconstpointer b)
{
  return strcmp (*(const char *const *) a, *(const char *const *) b);
}

/* NOLINTNEXTLINE(misc-no-recursion): see describe_list() */
static void
describe_object (const char *what, const json_t *before, const json_t *after, GPtrArray *lines)
{
  const char *key;
  json_t *value;
  g_autoptr (GPtrArray) keys = g_ptr_array_new ();
  json_object_foreach ((json_t *) before, key, value) g_ptr_array_add (keys, (gpointer) key);
  json_object_foreach ((json_t *) after, key, value)
  {
    if (json_object_get (before, key) == NULL)
      g_ptr_array_add (keys, (gpointer) key);
  }
  g_ptr_array_sort (keys, compare_keys);
  for (guint i = 0; i < keys->len; i++)
    {
      g_autofree char *name = what[0] != '\0' ? g_strconcat (what, ".", keys->pdata[i], NULL)
                                              : g_strdup (keys->pdata[i]);
      terrane_describe_difference (name, json_object_get (before, keys->pdata[i]),
                                   json_object_get (after, keys->pdata[i]), lines);
    }
}

/* NOLINTNEXTLINE(misc-no-recursion): see describe_list() */
void
terrane_describe_difference (const char *what, const json_t *before, const json_t *after,
                             GPtrArray *out_lines)
{
  if ((before == NULL && after == NULL)
      || (before != NULL && after != NULL && json_equal ((json_t *) before, (json_t *) after)))
    return;
  gboolean objects =
      (json_is_object (before) || before == NULL) && (json_is_object (after) || after == NULL);
  if (objects)
    describe_object (what, before, after, out_lines);
  else if (is_words (before) && is_words (after))
    describe_words (what, before, after, out_lines);
  else if (json_is_array (before) && json_is_array (after))
    describe_list (what, before, after, out_lines);
  else
    describe_scalar (what, before, after, out_lines);
}
