#include "oci/base/json.h"

#include "testing.h"

static OciJsonDocument *
parse (const char *text, OciJson *out_root)
{
  g_autoptr (GBytes) data = test_bytes (text);
  g_autoptr (GError) error = NULL;
  OciJsonDocument *document = oci_json_parse ("doc", data, OCI_ERROR_USAGE, out_root, &error);
  g_assert_no_error (error);
  return document;
}

static void
test_syntax (void)
{
  static const struct
  {
    const char *text;
    gsize len;
    const char *pattern;
  } rows[] = {
    { "", 0, "doc:1:1: it is empty*" },
    { "{", 1, "doc:1:2: the text ends here, and the ‘{’ of line 1 *" },
    { "{\n\"a\":1,\n}", 10, "doc:2:6: there is a comma before the closing ‘}’*" },
    { "{\"a\":1,\"a\":2}", 13, "doc:1:8: this key is there twice*" },
    { "[1] x", 5, "doc:1:5: there is more after the end*" },
    { "[\"\xff\"]", 5, "doc:1:3: the byte 0xff is not UTF-8*" },
    { "[\"a\\u0000\"]", 11, "doc:1:4: \\u0000 is not allowed*" },
    { "[\0]", 3, "doc:1:2: the character U+0000*" },
    { "{\"a\":1\0}", 8, "doc:1:7: the character U+0000*" }, /* which jansson accepts */
    { "\"text\"", 6, "doc:1:1: a document starts with*" },
    { "[NaN]", 5, "doc:1:2: *NaN*leave it out*" },
    { "[01]", 4, "doc:1:2: *does not start with 0*" },
    { "[9223372036854775808]", 21, "doc:1:2: this number is too large*" },
    { "[1,\n1e999]", 10, "doc:2:1: this number is too large*" },
  };
  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      OciJson root;
      g_autoptr (GError) error = NULL;
      g_autoptr (GBytes) data = g_bytes_new (rows[i].text, rows[i].len);
      g_test_message ("%s", rows[i].text);
      g_assert_null (oci_json_parse ("doc", data, OCI_ERROR_USAGE, &root, &error));
      assert_error (error, OCI_ERROR, OCI_ERROR_USAGE, rows[i].pattern);
      g_clear_error (&error);
      g_assert_null (oci_json_parse ("doc", data, OCI_ERROR_CORRUPT, &root, &error));
      assert_error (error, OCI_ERROR, OCI_ERROR_FORMAT, rows[i].pattern);
    }
}

/* Mistakes in hand-written text: their position, and what to do. Positions are counted by hand. */
static void
test_habits (void)
{
  static const struct
  {
    const char *text;
    const char *pattern;
  } rows[] = {
    { "{\n  \"a\": 1, // why\n}",
      "doc:2:11: JSON has no comments*\n      \"a\": 1, // why\n              ^" },
    { "# why\n{}", "doc:1:1: JSON has no comments*" },
    { "{ /* why */ }", "doc:1:3: JSON has no comments*" },
    { "\xEF\xBB\xBF{}", "doc:1:1: *byte order mark*without one*" },
    { "{'a': 1}", "doc:1:2: *double quotes*not in single ones*" },
    { "{“a”: 1}", "doc:1:2: *double quotes*typographic*" },
    { "{a: 1}", "doc:1:2: the key ‘a’ is without quotes*" },
    { "[1, 2, ]", "doc:1:6: there is a comma before the closing ‘]’*" },
    { "{\"a\": 1,, \"b\": 2}", "doc:1:9: there is a comma too many*" },
    { "name: tiles\nplatform: linux/arm64\n", "doc:1:1: this looks like YAML*" },
    { "# tiles\n---\nname: tiles\n", "doc:2:1: this looks like YAML*" },
    { "- a\n- b\n", "doc:1:1: this looks like YAML*" },
    { "name = \"tiles\"\n", "doc:1:1: this looks like TOML*" },
    { "[tool.poetry]\nname = \"tiles\"\n", "doc:1:1: this looks like TOML*" },
    { "<!DOCTYPE html>", "doc:1:1: this is HTML*" },
    { "{\n<<<<<<< HEAD\n\"a\": 1\n=======\n\"a\": 2\n>>>>>>> x\n}", "doc:2:1: a merge conflict*" },
    { "{\"a\": 1\n=======\n}", "doc:2:1: a merge conflict*" },
    { "{\"a\": -Infinity}", "doc:1:7: *neither NaN nor infinity*" },
    { "{\"a\": True}", "doc:1:7: ‘True’ is not a value of JSON: write true*" },
    { "{\"a\": None}", "doc:1:7: *write null*" },
    { "{\"a\": 3.11.4}", "doc:1:7: ‘3.11.4’ is not a number*double quotes*" },
    { "{\"a\": 0x10}", "doc:1:7: *hexadecimal*" },
    { "{\"a\": \"C:\\data\"}",
      "doc:1:10: a backslash starts an escape*write \\\\ for a backslash*" },
    { "{\"a\": \"\\ud83d\"}", "doc:1:8: *halves of characters*" },
    { "{\"a\": \"x\ty\"}", "doc:1:9: the control character U+0009 (a tab)*write \\t*" },
    { "{\"a\": \"x\n\"}", "doc:1:7: this text does not end on its line*" },
    { "{\"a\": \"x", "doc:1:7: the document ends inside this text*" },
    { "{\"a\": \"say \"hi\"\"}", "doc:1:13: *write a quote inside a text as \\\"*" },
    { "{\"a\": 1\n\"b\": 2}", "doc:1:8: a comma is missing after this value*" },
    { "{\"a\" 1}", "doc:1:5: after a key comes ‘:’*" },
    { "{\"a\": [1, 2}", "doc:1:12: ‘}’ cannot close the ‘[’ of line 1*" },
    { "{\"日本\": \"日\", \"x\": y}",
      "doc:1:18: ‘y’*\n    {\"日本\": \"日\", \"x\": y}\n                        ^" },
    { "{\"\x1b[31m\": x}", "doc:1:3: the control character U+001B*{\"\\x1b[31m\": x}*" },
  };
  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      OciJson root;
      g_autoptr (GError) error = NULL;
      g_autoptr (GBytes) data = test_bytes (rows[i].text);
      g_test_message ("%s", rows[i].text);
      g_assert_null (oci_json_parse ("doc", data, OCI_ERROR_USAGE, &root, &error));
      assert_error (error, OCI_ERROR, OCI_ERROR_USAGE, rows[i].pattern);
    }
}

/* UTF-16 is named in either order, with a byte order mark and without. */
static void
test_utf16 (void)
{
  static const char *const texts[] = { "\xFF\xFE{\0}\0", "\xFE\xFF\0{\0}", "{\0}\0 \0",
                                       "\0{\0}\0 " };
  for (gsize i = 0; i < G_N_ELEMENTS (texts); i++)
    {
      OciJson root;
      g_autoptr (GError) error = NULL;
      g_autoptr (GBytes) data = g_bytes_new (texts[i], 6);
      g_assert_null (oci_json_parse ("doc", data, OCI_ERROR_USAGE, &root, &error));
      assert_error (error, OCI_ERROR, OCI_ERROR_USAGE, "doc:1:1: this is not UTF-8 but UTF-16*");
    }
}

/* A file that may have passwords is described without a word of it. */
static void
test_no_word_of_secrets (void)
{
  static const char *const texts[] = {
    "{\"password\": hunter2}",
    "{\"password\": \"hunter2\" hunter2}",
    "{hunter2: 1}",
    "{\"hunter2\": 1, \"hunter2\": 2}",
    "hunter2: 1",
    "{\"password\": \"hunter2",
    "{\"a\": 0hunter2}",
  };
  for (gsize i = 0; i < G_N_ELEMENTS (texts); i++)
    {
      OciJson root;
      g_autoptr (GError) error = NULL;
      g_autoptr (GBytes) data = test_bytes (texts[i]);
      g_assert_null (oci_json_parse ("doc", data, OCI_ERROR_FORMAT, &root, &error));
      assert_error (error, OCI_ERROR, OCI_ERROR_FORMAT, "doc:1:*");
      g_assert_null (strstr (error->message, "hunter2"));
      g_assert_null (strchr (error->message, '\n'));
    }
}

/* Deep nesting must end in an error and not in a stack overflow. */
static void
test_nesting (void)
{
  OciJson root;
  g_autoptr (GError) error = NULL;
  g_autofree char *open = g_strnfill (1000 * 1000, '[');
  g_autoptr (GBytes) data = test_bytes (open);
  g_assert_null (oci_json_parse ("doc", data, OCI_ERROR_FORMAT, &root, &error));
  assert_error (error, OCI_ERROR, OCI_ERROR_FORMAT, "doc:1:*depth*");
}

static void
test_getters (void)
{
  static const char *const words[] = { "red", "green", NULL };
  OciJson root, member, element;
  g_autoptr (OciJsonDocument) document = parse (
      "{\"s\":\"text\",\"b\":true,\"f\":false,\"i\":-7,\"list\":[\"x\",\"y\"],\"w\":\"green\","
      "\"none\":null,\"o\":{\"p\":[{\"q\":1}]}}",
      &root);
  g_autoptr (GError) error = NULL;
  const char *text = NULL;
  gboolean flag = FALSE;
  int64_t number = 0;
  unsigned word = 9;
  size_t length = 0;
  g_auto (GStrv) strings = NULL;
  g_assert_true (oci_json_object (&root, NULL));
  g_assert_true (oci_json_require (&root, "s", &member) && oci_json_string (&member, &text));
  g_assert_cmpstr (text, ==, "text");
  g_assert_true (oci_json_require (&root, "b", &member) && oci_json_bool (&member, &flag));
  g_assert_true (flag);
  g_assert_true (oci_json_require (&root, "f", &member) && oci_json_bool (&member, &flag));
  g_assert_false (flag);
  g_assert_true (oci_json_require (&root, "i", &member) && oci_json_int (&member, -7, -7, &number));
  g_assert_cmpint (number, ==, -7);
  g_assert_true (oci_json_require (&root, "list", &member) && oci_json_array (&member, 2, &length));
  g_assert_cmpuint (length, ==, 2);
  g_assert_true (oci_json_strv (&member, 2, &strings));
  g_assert_cmpstr (strings[0], ==, "x");
  g_assert_cmpstr (strings[1], ==, "y");
  g_assert_null (strings[2]);
  oci_json_element (&member, 1, &element);
  g_autofree char *path = oci_json_path (&element);
  g_assert_cmpstr (path, ==, "list[1]");
  g_assert_true (oci_json_require (&root, "w", &member) && oci_json_word (&member, words, &word));
  g_assert_cmpuint (word, ==, 1);
  g_assert_false (oci_json_member (&root, "none", &member)); /* null counts as missing */
  g_assert_false (oci_json_member (&root, "absent", &member));
  g_assert_false (oci_json_string (&member, &text)); /* and gives no note */
  g_assert_true (oci_json_document_finish (document, &error));
  g_assert_no_error (error);

  OciJson o, p, q;
  g_assert_true (oci_json_member (&root, "o", &o) && oci_json_member (&o, "p", &p));
  oci_json_element (&p, 0, &element);
  g_assert_true (oci_json_member (&element, "q", &q));
  g_autofree char *deep = oci_json_path (&q);
  g_assert_cmpstr (deep, ==, "o.p[0].q");
  g_autofree char *top = oci_json_path (&root);
  g_assert_cmpstr (top, ==, "");
}

/* One run reports everything, a line each, with paths. */
static void
test_problems (void)
{
  static const char *const known[] = { "name", "prefix", "list", "count", "word", NULL };
  static const char *const words[] = { "normalise", "keep", NULL };
  OciJson root, member, missing;
  const char *text = "untouched";
  int64_t number = 42;
  unsigned word = 42;
  gboolean flag = 42;
  size_t length = 42;
  char **strings = NULL;
  g_autoptr (GError) error = NULL;
  g_autoptr (OciJsonDocument) document =
      parse ("{\"prefx\":1,\"zzzzzzzz\":1,\"name\":3,\"list\":[\"a\",{}],\"count\":11,"
             "\"word\":\"normalize\",\"prefix\":1.5}",
             &root);
  g_assert_true (oci_json_object (&root, known));
  g_assert_false (oci_json_member (&root, "name", &member) && oci_json_string (&member, &text));
  g_assert_false (oci_json_member (&root, "list", &member) && oci_json_strv (&member, 9, &strings));
  g_assert_false (oci_json_member (&root, "list", &member) && oci_json_array (&member, 1, &length));
  g_assert_false (oci_json_member (&root, "count", &member)
                  && oci_json_int (&member, 1, 10, &number));
  g_assert_false (oci_json_member (&root, "word", &member)
                  && oci_json_word (&member, words, &word));
  g_assert_false (oci_json_member (&root, "prefix", &member)
                  && oci_json_int (&member, 0, 9, &number));
  g_assert_false (oci_json_member (&root, "prefix", &member) && oci_json_bool (&member, &flag));
  g_assert_false (oci_json_require (&root, "other", &missing));
  oci_json_problem (&member, "free %s", "text");
  g_assert_cmpstr (text, ==, "untouched");
  g_assert_cmpint (number, ==, 42);
  g_assert_cmpuint (word, ==, 42);
  g_assert_cmpint (flag, ==, 42);
  g_assert_cmpuint (length, ==, 42);
  g_assert_null (strings);

  static const char *const patterns[] = {
    "*doc: prefx: unknown key; did you mean ‘prefix’?*",
    "*doc: zzzzzzzz: unknown key; known here: name, prefix, list, count, word*",
    "*doc: name: expected a string, got an integer*",
    "*doc: list[1]: expected a string, got an object*",
    "*doc: list: has 2 elements, at most 1 are allowed*",
    "*doc: count: 11 is not between 1 and 10*",
    "*doc: word: ‘normalize’ is not one of normalise, keep; did you mean ‘normalise’?*",
    "*doc: prefix: expected an integer, got a fraction*",
    "*doc: prefix: expected true or false, got a fraction*",
    "*doc: ‘other’ is missing*",
    "*doc: prefix: free text*",
  };
  for (int again = 0; again < 2; again++) /* finish may be asked twice */
    {
      g_assert_false (oci_json_document_finish (document, &error));
      for (gsize i = 0; i < G_N_ELEMENTS (patterns); i++)
        assert_error (error, OCI_ERROR, OCI_ERROR_USAGE, patterns[i]);
      g_auto (GStrv) lines = g_strsplit (error->message, "\n", -1);
      g_assert_cmpuint (g_strv_length (lines), ==, G_N_ELEMENTS (patterns));
      g_clear_error (&error);
    }
}

/* An unknown key comes from outside: what the terminal would obey must not be printed raw. */
static void
test_hostile_key (void)
{
  static const char *const known[] = { "name", NULL };
  OciJson root;
  g_autoptr (GError) error = NULL;
  g_autoptr (OciJsonDocument) document = parse ("{\"\\u001b[31mred\":1}", &root);
  (void) oci_json_object (&root, known);
  g_assert_false (oci_json_document_finish (document, &error));
  g_assert_null (strchr (error->message, '\x1b'));
  g_clear_error (&error);

  g_autoptr (GBytes) broken = test_bytes ("[tru\x1b[31m]");
  g_assert_null (oci_json_parse ("doc", broken, OCI_ERROR_USAGE, &root, &error));
  g_assert_null (strchr (error->message, '\x1b'));
}

/* RFC 8785's idea without its number rules: compact, keys sorted bytewise. */
static void
test_dump (void)
{
  OciJson root;
  g_autoptr (OciJsonDocument) document G_GNUC_UNUSED = parse (
      "{ \"b\": [1, true, null, \"\\u00fc\\n\\\"\"], \"a\": {\"\\u00fc\": 1, \"z\": 2} }", &root);
  g_autoptr (GBytes) dumped = oci_json_dump (root.value);
  static const char want[] =
      "{\"a\":{\"z\":2,\"\xc3\xbc\":1},\"b\":[1,true,null,\"\xc3\xbc\\n\\\"\"]}";
  assert_text (dumped, want);
  g_autofree char *pretty = oci_json_dump_pretty (root.value);
  g_assert_true (g_str_has_prefix (pretty, "{\n  \"a\": {\n"));
  g_assert_true (g_str_has_suffix (pretty, "}\n"));

  g_autoptr (OciJsonValue) text = oci_json_text ("a\xff");
  g_assert_cmpstr (json_string_value (text), ==, "a\xef\xbf\xbd");
}

/* The layout of what is not nested deeply is jansson's. */
static void
test_dump_pretty (void)
{
  static const char *const documents[] = {
    "{}",
    "[]",
    "1",
    "\"a\"",
    "[[],{},[{}],1,\"x\"]",
    "{\"b\":[1,true,null],\"a\":{\"z\":{\"y\":[{\"x\":1},2]}},\"B\":-3}"
  };
  for (size_t i = 0; i < G_N_ELEMENTS (documents); i++)
    {
      g_autoptr (OciJsonValue) value = json_loads (documents[i], JSON_DECODE_ANY, NULL);
      char *text = json_dumps (value, JSON_INDENT (2) | JSON_SORT_KEYS | JSON_ENCODE_ANY);
      g_autofree char *want = g_strconcat (text, "\n", NULL);
      g_autofree char *pretty = oci_json_dump_pretty (value);
      g_assert_cmpstr (pretty, ==, want);
      free (text);
    }
}

/* Numbers as they were written, and none is another one afterwards. */
static void
test_dump_pretty_numbers (void)
{
  static const char *const numbers[] = { "0.1",   "0.33329999999999999", "1.0",    "0.9999",
                                         "1e300", "0.30000000000000004", "5e-324", "-2.5" };
  static const char *const shown[] = {
    "0.1", "0.3333", "1.0", "0.9999", "1e300", "0.30000000000000004", "4.94065645841247e-324",
    "-2.5"
  };
  for (size_t i = 0; i < G_N_ELEMENTS (numbers); i++)
    {
      g_autoptr (OciJsonValue) value = json_loads (numbers[i], JSON_DECODE_ANY, NULL);
      g_autofree char *want = g_strconcat (shown[i], "\n", NULL);
      g_autofree char *pretty = oci_json_dump_pretty (value);
      g_assert_cmpstr (pretty, ==, want);
      g_autoptr (OciJsonValue) again = json_loads (pretty, JSON_DECODE_ANY, NULL);
      g_assert_true (json_equal (again, value));
    }
}

/* 2000 arrays in each other, the innermost of 100000 numbers: 200 KB, and 400 MB when indented. */
static void
test_dump_pretty_is_bounded (void)
{
  g_autoptr (OciJsonValue) value = json_array ();
  for (int i = 0; i < 100000; i++)
    oci_json_append (value, json_integer (1));
  for (int i = 0; i < 2000; i++)
    {
      json_t *outer = i % 2 == 0 ? json_array () : json_object ();
      if (i % 2 == 0)
        oci_json_append (outer, g_steal_pointer (&value));
      else
        oci_json_set (outer, "k", g_steal_pointer (&value));
      value = outer;
    }
  g_autoptr (GBytes) compact = oci_json_dump (value);
  g_autofree char *pretty = oci_json_dump_pretty (value);
  g_assert_cmpuint (strlen (pretty), <, g_bytes_get_size (compact) + 2000);
  g_autoptr (OciJsonValue) again = json_loads (pretty, 0, NULL);
  g_assert_true (json_equal (again, value));
}

/* Characters that control a terminal, reorder or hide text are escaped, in names too, and the value
 * is the same. */
static void
test_dump_pretty_escapes (void)
{
  static const gunichar misleading[] = { 0x7F,   0x80,   0x9B,    0x9F,   0xAD,   0x61C,
                                         0x200B, 0x200E, 0x2028,  0x202A, 0x202E, 0x2066,
                                         0x2069, 0xFEFF, 0xE0041, 0x3164 };
  static const gunichar plain[] = { 'a', 0xFC, 0x5D0, 0x4E2D, 0x1F600 };
  g_autoptr (GString) all = g_string_new (NULL);
  for (size_t i = 0; i < G_N_ELEMENTS (misleading); i++)
    g_string_append_unichar (all, misleading[i]);
  g_autoptr (OciJsonValue) value = json_object ();
  oci_json_set (value, all->str, oci_json_text (all->str));
  g_autofree char *pretty = oci_json_dump_pretty (value);
  for (const char *p = pretty; *p != '\0'; p++)
    g_assert_true (g_ascii_isprint (*p) || *p == '\n');
  g_assert_nonnull (strstr (pretty, "\\u202e\\u2066"));
  g_assert_nonnull (strstr (pretty, "\\udb40\\udc41")); /* U+E0041, by UTF-16 */
  g_autoptr (OciJsonValue) again = json_loads (pretty, 0, NULL);
  g_assert_true (json_equal (again, value));

  g_string_truncate (all, 0);
  for (size_t i = 0; i < G_N_ELEMENTS (plain); i++)
    g_string_append_unichar (all, plain[i]);
  g_autoptr (OciJsonValue) shown = oci_json_text (all->str);
  g_autofree char *as_it_is = oci_json_dump_pretty (shown);
  g_assert_nonnull (strstr (as_it_is, all->str));
}

/* The same characters in messages. */
static void
test_quote (void)
{
  static const struct
  {
    const char *text, *want;
  } rows[] = {
    { "a\x1b[31m", "‘a\\x1b[31m’" },
    { "\x7f", "‘\\x7f’" },
    { "\xc2\x9b", "‘\\u009b’" },
    { "\x9b", "‘\\x9b’" },
    { "\xe2\x80\xae", "‘\\u202e’" },
    { "\xe2\x81\xa6", "‘\\u2066’" },
    { "\xe2\x80\x8b", "‘\\u200b’" },
    { "\xef\xbb\xbf", "‘\\ufeff’" },
    { "\xc3\xbc \xe4\xb8\xad", "‘\xc3\xbc \xe4\xb8\xad’" },
  };
  for (size_t i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autofree char *quoted = oci_quote (rows[i].text);
      g_assert_cmpstr (quoted, ==, rows[i].want);
    }
}

/* Only text that could be misread is in quotes. */
static void
test_show (void)
{
  static const char *const plain[] = {
    "/usr/lib/libgdal.so.36", "numpy", "libstdc++.so.6", "größe", "a:b", "x=1", "/opt/日本",
    "@scope/x~1%2F",          "[x]"
  };
  static const char *const quoted[][2] = {
    { "", "‘’" },
    { "a b", "‘a b’" },
    { "a,b", "‘a,b’" },
    { "it's", "‘it's’" },
    { "a’", "‘a’’" },
    { "a.", "‘a.’" },
    { "a:", "‘a:’" },
    { "a\n", "‘a\\x0a’" },
    { "\x1b[31m", "‘\\x1b[31m’" },
    { "a\xff", "‘a\\xff’" },
    { "a\u202e", "‘a\\u202e’" },
    { "a\u3000", "‘a\u3000’" },
  };
  for (gsize i = 0; i < G_N_ELEMENTS (plain); i++)
    {
      g_autofree char *shown = oci_show (plain[i]);
      g_assert_cmpstr (shown, ==, plain[i]);
    }
  for (gsize i = 0; i < G_N_ELEMENTS (quoted); i++)
    {
      g_autofree char *shown = oci_show (quoted[i][0]);
      g_assert_cmpstr (shown, ==, quoted[i][1]);
    }
  g_autofree char *none = oci_show (NULL), *at_limit = g_strnfill (160, 'a');
  g_autofree char *shown = oci_show (at_limit), *longer = g_strnfill (161, 'a');
  g_autofree char *cut = oci_show (longer);
  g_assert_cmpstr (none, ==, "(none)");
  g_assert_cmpstr (shown, ==, at_limit);
  g_assert_true (g_str_has_prefix (cut, "‘aaa") && g_str_has_suffix (cut, "…’"));
}

int
main (int argc, char **argv)
{
  test_init (&argc, &argv);
  g_test_add_func ("/json/syntax", test_syntax);
  g_test_add_func ("/json/habits", test_habits);
  g_test_add_func ("/json/utf-16", test_utf16);
  g_test_add_func ("/json/no-word-of-secrets", test_no_word_of_secrets);
  g_test_add_func ("/json/nesting", test_nesting);
  g_test_add_func ("/json/getters", test_getters);
  g_test_add_func ("/json/problems", test_problems);
  g_test_add_func ("/json/dump", test_dump);
  g_test_add_func ("/json/hostile-key", test_hostile_key);
  g_test_add_func ("/json/dump-pretty", test_dump_pretty);
  g_test_add_func ("/json/dump-pretty-numbers", test_dump_pretty_numbers);
  g_test_add_func ("/json/dump-pretty-is-bounded", test_dump_pretty_is_bounded);
  g_test_add_func ("/json/dump-pretty-escapes", test_dump_pretty_escapes);
  g_test_add_func ("/json/quote", test_quote);
  g_test_add_func ("/json/show", test_show);
  return g_test_run ();
}
