#include "builder/facts/python-names.h"

#include "testing.h"

/* Reads a source from memory that ends with it, so that reading beyond is seen. */
static TerranePythonNames *
read_names (const char *text, gsize size)
{
  g_autofree char *copy = g_malloc (size + 1);
  memcpy (copy, text, size);
  copy[size] = '\0';
  return terrane_python_names_read (copy, size);
}

/* Names that CPython's dir() of such a module has. */
static void
test_bound (void)
{
  static const char *const sources[] = {
    "def h(event, context): return 1\n",
    "async def h(event, context):\n    return 1\n",
    "class h: pass\n",
    "@decorate(a, b=1)\n@other\ndef h():\n\tpass\n",
    "h = app.handle\n",
    "a = h = f()\n",
    "a, (b, *h), c = f()\n",
    "[a, h] = f()\n",
    "h: Callable[[dict], str] = f\n",
    "x = 1; h = 2",
    "if a:\n    pass\nelse:\n    h = f\n",
    "if x == {1: 2}[1]: h = f\n",
    "if (lambda y: y)(1): h = f\n",
    "try:\n    from a import b as h\nexcept ImportError:\n    pass\n",
    "from a.b import (\n    c,\n    d as e,  # why\n    h,\n)\n",
    "from .h import x\n",
    "import h\n",
    "import a.b as h\n",
    "import a, h.x, b\n",
    "for h in f: pass\n",
    "with open(x) as h:\n    pass\n",
    "while (h := f()): break\n",
    "def setup():\n    global h\n    h = f\nsetup()\n",
    "match x:\n    case [h, *_]: pass\n",
    "s = '''\ndef no(): pass\n''' \nh = f\n",
    "s = f\"{x['a']}{y:>{w}}{'}'}\"\nh = f\n",
    "s = f'{x!r:\"^10}'; h = 1\n",
    "s = f'{x['a']}'; h = 1\n", /* since Python 3.12 */
    "s = rb'\\'; def no(): pass'\nh = f\n",
    "s = 'a\\\n b'\nh = f\n",
    "x = (1 +\n# h = no\n2)\nh = f\n",
    "x = a \\\n  + b\nh = f\n",
    "def a():\n  if b:\n    return\n# comment\nh = f\n",
    "class A:\n    def f(self): pass\n\n    x = 1\nh = A().f\n",
    "\357\273\277h = 1\n",
    "h = 1\r\n",
    "def a():\r\n  pass\r\nh = 1\r\n",
    "type h = int\n",
    "match = 1; h = match\n",
    "print(f'{a:{b}}' f\"{c}\"); h = 1\n",
  };
  for (gsize i = 0; i < G_N_ELEMENTS (sources); i++)
    {
      g_autoptr (TerranePythonNames) names = read_names (sources[i], strlen (sources[i]));
      if (!g_hash_table_contains (names->names, "h") || names->open)
        g_error ("%s: bound %d, open %d", sources[i], g_hash_table_contains (names->names, "h"),
                 names->open);
    }
}

/* None of these modules has the name. */
static void
test_not_bound (void)
{
  static const char *const sources[] = {
    "",
    "# def h(): pass\n",
    "'''\ndef h(): pass\n'''\n",
    "\"\"\"h = 1\"\"\"\n",
    "def handle(event, context):\n    h = 1\n    def h(): pass\n",
    "class A:\n    h = 1\n    def h(self): pass\n",
    "class A: h = 1\n",
    "a.h = 1\n",
    "h.a = 1\n",
    "h[0] = 1\n",
    "a[h] = 1\n",
    "f(h).x = 1\n",
    "h += 1\n",
    "h: Callable\n",
    "x = h\n",
    "f(h=1)\n",
    "h == 1\n",
    "if __name__ == '__main__':\n    h({}, None)\n",
    "import a.h\n",
    "import h as a\n",
    "from h import a\n",
    "from a import h as b\n",
    "x = {'h': 1, **h}\n",
    "def f(h=1): pass\n",
    "s = f'{h}'\n",
    "@h\ndef a(): pass\n",
  };
  for (gsize i = 0; i < G_N_ELEMENTS (sources); i++)
    {
      g_autoptr (TerranePythonNames) names = read_names (sources[i], strlen (sources[i]));
      if (g_hash_table_contains (names->names, "h") || names->open)
        g_error ("%s: bound %d, open %d", sources[i], g_hash_table_contains (names->names, "h"),
                 names->open);
    }
}

static void
test_cannot_tell (void)
{
  static const char *const sources[] = {
    "from a import *\n",
    "globals()['h'] = 1\n",
    "def f():\n    globals().update(x)\n",
    "exec('h = 1')\n",
    "sys.modules[__name__] = A()\n",
    "def __getattr__(name): return 1\n",
    "locals()['h'] = 1\n",
    "s = 'abc\n",
    "s = '''abc\n",
    "s = f'{x\n",
    "x = (1\n",
    "!pip install x\n",
    "x = $y\n",
    "x = 1 \\ 2\n",
  };
  for (gsize i = 0; i < G_N_ELEMENTS (sources); i++)
    {
      g_autoptr (TerranePythonNames) names = read_names (sources[i], strlen (sources[i]));
      if (!names->open)
        g_error ("%s: should be open", sources[i]);
    }
  g_autoptr (TerranePythonNames) utf16 = read_names ("h\0 \0=\0 \0001\0", 10);
  g_assert_true (utf16->open);
}

/* Every start of a source, and every source with one byte changed, is read to its end. */
static void
test_hostile (void)
{
  static const char source[] =
      "@a\nasync def f(x: int = 1) -> {1: 2}:\n  '''s''' ; y = rf\"{x!r:{w}}\\\n\"\n"
      "a, (b, *c) = d[e] = lambda z=1: z\nfrom .. import (g as h, i)\nimport j.k as l, m\n"
      "if x: n = 1; type O = int\nmatch x:\n case [p, *q] as r: pass\nx = [y := 1]\n";
  static const char bytes[] = "\0'\"{}()[]:;\\\n\r\t=@#f\xff,.";
  for (gsize size = 0; size < sizeof source; size++)
    {
      g_autoptr (TerranePythonNames) names = read_names (source, size);
      g_assert_nonnull (names->names);
      for (gsize i = 0; i + 1 < sizeof bytes && size + 1 < sizeof source; i++)
        {
          g_autofree char *copy = g_strndup (source, sizeof source - 1);
          copy[size] = bytes[i];
          g_autoptr (TerranePythonNames) changed = read_names (copy, sizeof source - 1);
          g_assert_nonnull (changed->names);
        }
    }
  /* Nesting without end. */
  g_autoptr (GString) deep = g_string_new ("x = ");
  for (int i = 0; i < 100000; i++)
    g_string_append (deep, "f'{");
  g_autoptr (TerranePythonNames) names = read_names (deep->str, deep->len);
  g_assert_true (names->open);
  g_string_assign (deep, "x = f'");
  for (int i = 0; i < 100000; i++)
    g_string_append (deep, "{a:");
  g_autoptr (TerranePythonNames) others = read_names (deep->str, deep->len);
  g_assert_true (others->open);
}

int
main (int argc, char **argv)
{
  test_init (&argc, &argv);
  g_test_add_func ("/python-names/bound", test_bound);
  g_test_add_func ("/python-names/not-bound", test_not_bound);
  g_test_add_func ("/python-names/cannot-tell", test_cannot_tell);
  g_test_add_func ("/python-names/hostile", test_hostile);
  return g_test_run ();
}
