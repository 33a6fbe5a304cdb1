#include "builder/profile/lock-change.h"

#include "oci/base/json.h"

#include "testing.h"

/* Returns: (transfer full): an entry with files "NAME=DIGEST", separated by spaces */
static json_t *
entry_of (const char *files)
{
  json_t *entry = json_object (), *inputs = json_array ();
  g_auto (GStrv) words = g_strsplit (files, " ", -1);
  oci_json_set (entry, "recipe", oci_json_text ("a.json"));
  oci_json_set (entry, "inputs", inputs);
  for (char **word = words; *word != NULL && (*word)[0] != '\0'; word++)
    {
      g_auto (GStrv) parts = g_strsplit (*word, "=", 2);
      json_t *file = json_object ();
      oci_json_set (file, "file", oci_json_text (parts[0]));
      oci_json_set (file, "sha256", oci_json_text (parts[1] != NULL ? parts[1] : "0"));
      oci_json_append (inputs, file);
    }
  return entry;
}

static void
test_files (void)
{
  static const struct
  {
    const char *before, *after, *lines;
  } rows[] = {
    { "a b", "a b", "" },
    { "b.json b.sh c.json a.json", "a.json",
      "t: b.json removed|t: b.sh removed|t: c.json removed" },
    { "a.json", "b.json b.sh a.json", "t: b.json added|t: b.sh added" },
    { "b.json a.json=1 x", "a.json=2 x", "t: b.json removed|t: a.json: sha256 1 → 2" },
    { "a.json x-1.tar y", "a.json x-2.tar y", "t: x-1.tar → x-2.tar" },
    { "b c a x-1.tar", "a x-2.tar", "t: b removed|t: c removed|t: x-1.tar → x-2.tar" },
    { "a b c", "c", "t: a removed|t: b removed" },
    { "a b", "c d", "t: a → c|t: b → d" },
    { "a b", "b a", "t: the same files, in another order or number" },
    { "a=1 b", "b a=2", "t: a: sha256 1 → 2" },
    { "s a s b", "s a b",
      "t: the same files, in another order or number" }, /* two recipes with one script */
    { "a s b", "s a s b c", "t: c added" },
    { "", "a", "t: a added" },
    { "a", "", "t: a removed" },
  };
  for (size_t i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autoptr (OciJsonValue) before = entry_of (rows[i].before);
      g_autoptr (OciJsonValue) after = entry_of (rows[i].after);
      g_autoptr (GPtrArray) lines = g_ptr_array_new_with_free_func (g_free);
      terrane_lock_describe_change ("t", before, after, lines);
      g_ptr_array_add (lines, NULL);
      g_autofree char *text = g_strjoinv ("|", (char **) lines->pdata);
      g_assert_cmpstr (text, ==, rows[i].lines);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/lock-change/files", test_files);
  return g_test_run ();
}
