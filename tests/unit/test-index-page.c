/* Pages as PEP 503, 592, 629, 691 and 700 describe them, and as PyPI sends them. */
#include "testing.h"

#include "builder/python/index-page.h"

#define A64 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define JSON "application/vnd.pypi.simple.v1+json"
#define HTML "text/html; charset=UTF-8"
#define PAGE "https://h.org/simple/a/"
#define FILES(files) "{\"meta\":{\"api-version\":\"1.1\"},\"name\":\"a\",\"files\":[" files "]}"

/* "NAME URL [sha256] [py:X] [yanked:X] [SIZE]", joined by "\n". */
static char *
describe (GPtrArray *files)
{
  GString *text = g_string_new (NULL);
  for (guint i = 0; i < files->len; i++)
    {
      const TerraneIndexFile *file = files->pdata[i];
      OciDigestHex hex;
      g_string_append_printf (text, "%s%s %s", i > 0 ? "\n" : "", file->file_name, file->url);
      if (file->has_sha256)
        g_string_append_printf (text, " %.2s", oci_digest_hex (&file->sha256, hex));
      if (file->authorization != NULL)
        g_string_append_printf (text, " %s", file->authorization);
      if (file->requires_python != NULL)
        g_string_append_printf (text, " py:%s", file->requires_python);
      if (file->yanked != NULL)
        g_string_append_printf (text, " yanked:%s", file->yanked);
      if (file->size != 0)
        g_string_append_printf (text, " %" G_GUINT64_FORMAT, file->size);
    }
  return g_string_free (text, FALSE);
}

static void
test_good (void)
{
  static const struct
  {
    const char *type, *page, *expected;
  } rows[] = {
    { JSON,
      FILES (
          "{\"filename\":\"a-1-py3-none-any.whl\",\"url\":\"https://f.org/a-1-py3-none-any.whl\","
          "\"hashes\":{\"sha256\":\"" A64 "\"},\"requires-python\":\">=3.8\",\"yanked\":false,"
          "\"size\":4096,\"core-metadata\":{\"sha256\":\"00\"}},"
          "{\"filename\":\"a-2.tar.gz\",\"url\":\"../../files/a-2.tar.gz\",\"hashes\":{},"
          "\"requires-python\":null,\"yanked\":true},"
          "{\"filename\":\"a-3.zip\",\"url\":\"a-3.zip#sha256=" A64 "\",\"hashes\":{\"md5\":\"0\"},"
          "\"yanked\":\"it <breaks>\"}"),
      "a-1-py3-none-any.whl https://f.org/a-1-py3-none-any.whl aa py:>=3.8 4096\n"
      "a-2.tar.gz https://h.org/files/a-2.tar.gz yanked:\n"
      "a-3.zip https://h.org/simple/a/a-3.zip yanked:it <breaks>" },
    { "application/json",
      FILES ("{\"filename\":\"a-1-py3-none-any.whl\",\"url\":\"/get/?id=3&x=%2F\",\"hashes\":{}}"),
      "a-1-py3-none-any.whl https://h.org/get/?id=3&x=%2F" },
    { "application/json", FILES (""), "" },
    { JSON "; charset=utf-8",
      FILES ("{\"filename\":\"a.whl\",\"url\":\"file:///etc/passwd\",\"hashes\":{}},"
             "{\"filename\":\"a.whl\",\"url\":\"https://me:pw@h.org/a.whl\",\"hashes\":{}}"),
      "a.whl https://h.org/a.whl Basic bWU6cHc=" }, /* printf me:pw | base64 */
    { HTML,
      "<base href='file:///etc/'><a href='passwd.whl'>a</a><a href='file:///etc/b.whl'>b</a>"
      "<a href='//o:p%40@f.org/c.whl'>c</a>",
      "passwd.whl https://h.org/simple/a/passwd.whl\nc.whl https://f.org/c.whl Basic bzpwQA==" },
    { HTML, "<base href=' https://u:p@b.org/x/ '><a href='../a%2Bb.whl'>a</a>",
      "a+b.whl https://b.org/a%2Bb.whl Basic dTpw" },
    /* as PyPI writes it */
    { "application/vnd.pypi.simple.v1+html",
      "<!DOCTYPE html>\n<html>\n  <head>\n"
      "    <meta name=\"pypi:repository-version\" content=\"1.4\">\n"
      "    <title>Links for a</title>\n  </head>\n  <body>\n    <h1>Links for a</h1>\n"
      "<a href=\"https://f.org/11/a-1.0%2Bcu118-py3-none-any.whl#sha256=" A64 "\" "
      "data-requires-python=\"&gt;=3.9, &lt;4\" data-dist-info-metadata=\"sha256=" A64 "\" "
      "data-core-metadata=\"sha256=" A64 "\" >a-1.0+cu118-py3-none-any.whl</a><br />\n"
      "<a href=\"https://f.org/22/a-2.tar.gz#sha256=" A64 "\" data-yanked=\"too &quot;new&quot;\">"
      "a-2.tar.gz</a><br />\n</body>\n</html>\n<!--SERIAL 1-->",
      "a-1.0+cu118-py3-none-any.whl https://f.org/11/a-1.0%2Bcu118-py3-none-any.whl aa "
      "py:>=3.9, <4\na-2.tar.gz https://f.org/22/a-2.tar.gz aa yanked:too \"new\"" },
    /* as a plain web server lists a directory */
    { NULL,
      "<A HREF='../'>up</A><a href=a-1-py3-none-any.whl>x<a href=' b.whl?x=1&amp;y=2#md5=00 ' "
      "data-yanked>y<a>z</a><a href='mailto:me'>m</a><a href='x/'>d</a><a href=''>e</a>",
      "a-1-py3-none-any.whl https://h.org/simple/a/a-1-py3-none-any.whl\n"
      "b.whl https://h.org/simple/a/b.whl?x=1&y=2 yanked:" },
    { HTML,
      "<base href='https://b.org/x/'><base href='https://c.org/'><a href='a.whl'>a</a>"
      "<a href='/a%2f.whl'>no</a>",
      "a.whl https://b.org/x/a.whl" },
    { HTML,
      "<a href='My files/a \xc3\xa9.whl'>a</a><a href='http://f.org/x y/b%20c%2Bd.whl'>b</a>"
      "<a href='?x=1'>c</a><a href='http://[/d.whl'>d</a><a href='javascript:e.whl'>e</a>",
      "a \xc3\xa9.whl https://h.org/simple/a/My%20files/a%20%C3%A9.whl\n"
      "b c+d.whl http://f.org/x%20y/b%20c%2Bd.whl" },
    { HTML, "<base href='#/x/'><a href='a.whl#y'>a</a>", "a.whl https://h.org/simple/a/a.whl" },
    { HTML, "<html><body><h1>Links for a</h1></body></html>", "" },
    { HTML, "<meta name='pypi:repository-version' content='1.0'>", "" },
  };
  for (size_t i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autoptr (GError) error = NULL;
      g_autoptr (GBytes) data = test_bytes (rows[i].page);
      g_autoptr (GPtrArray) files = terrane_index_page_parse (PAGE, rows[i].type, data, &error);
      g_assert_no_error (error);
      g_autofree char *described = describe (files);
      g_assert_cmpstr (described, ==, rows[i].expected);
    }
}

static void
assert_refused (const char *type, const char *page, OciError code, const char *pattern)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) data = test_bytes (page);
  g_assert_null (terrane_index_page_parse (PAGE, type, data, &error));
  assert_error (error, OCI_ERROR, code, pattern);
}

static void
test_bad (void)
{
  static const struct
  {
    const char *type, *page, *pattern;
  } rows[] = {
    { JSON, "", "index page:1:*" },
    { JSON, "[]", "index page: expected an object*" },
    { JSON, "{\"files\":[]}", "index page: ‘meta’ is missing" },
    { JSON, "{\"meta\":{\"api-version\":\"1.0\"}}", "index page: ‘files’ is missing" },
    { JSON, FILES ("1,{}"), "*files[0]: expected an object*\n*files[1]: ‘filename’ is missing" },
    { JSON, FILES ("{\"filename\":\"../a\",\"url\":\"a\",\"hashes\":{}}"),
      "*not the name of a file" },
    { JSON, FILES ("{\"filename\":\"a\",\"url\":\"a\"}"), "*‘hashes’ is missing" },
    { JSON, FILES ("{\"filename\":\"a\",\"url\":\"a\",\"hashes\":{\"sha256\":\"x\"}}"),
      "*: files[0].hashes.sha256: expected 64 hexadecimal digits" },
    { JSON, FILES ("{\"filename\":\"a\",\"url\":\"a\",\"hashes\":{},\"size\":-1}"), "*size*" },
    { JSON, FILES ("{\"filename\":\"a\",\"url\":\"a\",\"hashes\":{},\"yanked\":1}"), "*yanked*" },
    { HTML, "", "the index answered with a web page that lists no files; check its URL *" },
    { HTML, "<html><form>Login<a href='/reset'>forgotten?</a></form></html>",
      "the index answered with a web page that lists no files; *" },
    { "image/png", "", "the index answered with the type ‘image/png’, which is not a page of *" },
  };
  for (size_t i = 0; i < G_N_ELEMENTS (rows); i++)
    assert_refused (rows[i].type, rows[i].page, OCI_ERROR_FORMAT, rows[i].pattern);
  assert_refused (JSON, "{\"meta\":{\"api-version\":\"2.0\"},\"files\":[]}", OCI_ERROR_UNSUPPORTED,
                  "the index speaks version ‘2.0’ of the format; terrane has version 1");
  assert_refused (HTML, "<meta name='pypi:repository-version' content='10.0'><a href='a.whl'>",
                  OCI_ERROR_UNSUPPORTED, "the index speaks version ‘10.0’ *");
}

/* Neither the network nor a file is looked at, and nesting has an end. */
static void
test_hostile_html (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) data = test_bytes (
      "<!DOCTYPE html SYSTEM 'file:///etc/passwd' [<!ENTITY x SYSTEM 'file:///etc/passwd'>]>"
      "<a href='a.whl' data-requires-python='&x;&#1;&lt'>\xff\xfe</a><a href=\"b.whl");
  g_autoptr (GPtrArray) files = terrane_index_page_parse (PAGE, HTML, data, &error);
  g_assert_no_error (error);
  const TerraneIndexFile *file = files->pdata[0];
  g_assert_cmpstr (file->file_name, ==, "a.whl");
  g_assert_null (strstr (file->requires_python, "root"));

  GString *deep = g_string_new (NULL);
  for (int i = 0; i < 300; i++)
    g_string_append (deep, "<div>");
  assert_refused (HTML, deep->str, OCI_ERROR_LIMIT, "the page is nested deeper than 256 elements");
  g_string_free (deep, TRUE);
}

int
main (int argc, char **argv)
{
  test_init (&argc, &argv);
  g_test_add_func ("/index-page/good", test_good);
  g_test_add_func ("/index-page/bad", test_bad);
  g_test_add_func ("/index-page/hostile-html", test_hostile_html);
  return g_test_run ();
}
