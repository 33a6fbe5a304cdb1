#include "builder/python/version.h"

#include <string.h>

enum
{
  MAX_VERSION_BYTES = 512,
  MAX_SPECIFIERS_BYTES = 8192,
};

/* A number without a limit: digits in the text of the version, without leading zeros, so that zero
 * has no digit. */
typedef struct
{
  const char *digits;
  size_t length;
} Number;

typedef enum
{
  PRE_DEV_ONLY = -1, /* "1.0.dev1" is before "1.0a1" */
  PRE_ALPHA,
  PRE_BETA,
  PRE_RC,
  PRE_NONE,
} PreKind;

struct _TerraneVersion
{
  char *text; /* the numbers below point into it */
  Number epoch;
  GArray *release; /* of Number, never empty */
  PreKind pre;     /* as written: never PRE_DEV_ONLY */
  Number pre_number;
  gboolean has_post;
  Number post_number;
  gboolean has_dev;
  Number dev_number;
  char **local; /* (nullable): segments in lower case */
};

static gboolean
is_space (char c)
{
  return c == ' ' || (c >= '\t' && c <= '\r');
}

static gboolean
is_separator (char c)
{
  return c == '.' || c == '_' || c == '-';
}

/* Reads the digits at *@p; none mean zero, by PEP 440 ("Implicit pre-release number"). */
static Number
read_number (const char **p)
{
  while (**p == '0')
    (*p)++;
  const char *start = *p;
  while (g_ascii_isdigit (**p))
    (*p)++;
  return (Number){ start, (size_t) (*p - start) };
}

static int
compare_numbers (Number a, Number b)
{
  if (a.length != b.length)
    return a.length < b.length ? -1 : 1;
  int order = a.length == 0 ? 0 : memcmp (a.digits, b.digits, a.length);
  return (order > 0) - (order < 0);
}

/* Reads "[separator] WORD [separator] [number]" with one of @words, in which a longer word precedes
 * its own prefix. Returns its index, or -1 with *@p unchanged. */
static int
read_suffix (const char **p, const char *const *words, Number *out_number)
{
  const char *at = *p + (is_separator (**p) ? 1 : 0);
  for (int i = 0; words[i] != NULL; i++)
    if (g_ascii_strncasecmp (at, words[i], strlen (words[i])) == 0)
      {
        at += strlen (words[i]);
        *p = at + (is_separator (*at) ? 1 : 0);
        *out_number = read_number (p);
        return i;
      }
  return -1;
}

static void
read_pre (TerraneVersion *self, const char **p)
{
  static const char *const words[] = {
    "alpha", "a", "beta", "b", "preview", "pre", "c", "rc", NULL
  };
  static const PreKind kinds[] = { PRE_ALPHA, PRE_ALPHA, PRE_BETA, PRE_BETA,
                                   PRE_RC,    PRE_RC,    PRE_RC,   PRE_RC };
  int word = read_suffix (p, words, &self->pre_number);
  self->pre = word < 0 ? PRE_NONE : kinds[word];
}

static void
read_post (TerraneVersion *self, const char **p)
{
  static const char *const words[] = { "post", "rev", "r", NULL };
  if (**p == '-' && g_ascii_isdigit ((*p)[1])) /* "Implicit post releases" */
    {
      (*p)++;
      self->post_number = read_number (p);
      self->has_post = TRUE;
      return;
    }
  self->has_post = read_suffix (p, words, &self->post_number) >= 0;
}

/* *@p is after the "+". */
static gboolean
read_local (TerraneVersion *self, const char **p)
{
  const char *start = *p;
  while (g_ascii_isalnum (**p) || (is_separator (**p) && g_ascii_isalnum ((*p)[1]) && *p > start))
    (*p)++;
  if (*p == start)
    return FALSE;
  g_autofree char *lower = g_ascii_strdown (start, (gssize) (*p - start));
  self->local = g_strsplit_set (lower, "._-", -1);
  return TRUE;
}

static gboolean
read_release (TerraneVersion *self, const char **p)
{
  if (!g_ascii_isdigit (**p))
    return FALSE;
  Number first = read_number (p);
  if (**p == '!')
    {
      self->epoch = first;
      (*p)++;
      if (!g_ascii_isdigit (**p))
        return FALSE;
      first = read_number (p);
    }
  g_array_append_val (self->release, first);
  while (**p == '.' && g_ascii_isdigit ((*p)[1]))
    {
      (*p)++;
      Number next = read_number (p);
      g_array_append_val (self->release, next);
    }
  return TRUE;
}

static gboolean
read_version (TerraneVersion *self)
{
  static const char *const dev[] = { "dev", NULL };
  const char *p = self->text;
  if (*p == 'v' || *p == 'V')
    p++;
  if (!read_release (self, &p))
    return FALSE;
  read_pre (self, &p);
  read_post (self, &p);
  self->has_dev = read_suffix (&p, dev, &self->dev_number) >= 0;
  if (*p == '+')
    {
      p++;
      if (!read_local (self, &p))
        return FALSE;
    }
  return *p == '\0';
}

TerraneVersion *
terrane_version_parse (const char *text, GError **error)
{
  while (is_space (*text))
    text++;
  size_t length = strlen (text);
  while (length > 0 && is_space (text[length - 1]))
    length--;
  if (length > MAX_VERSION_BYTES)
    {
      oci_throw (error, OCI_ERROR_LIMIT, "a version has %zu bytes, at most %d", length,
                 MAX_VERSION_BYTES);
      return NULL;
    }
  g_autoptr (TerraneVersion) self = g_new0 (TerraneVersion, 1);
  self->text = g_strndup (text, length);
  self->release = g_array_new (FALSE, FALSE, sizeof (Number));
  if (!read_version (self))
    {
      g_autofree char *quoted = oci_quote (self->text);
      oci_throw (error, OCI_ERROR_FORMAT, "%s is not a version", quoted);
      return NULL;
    }
  return g_steal_pointer (&self);
}

void
terrane_version_free (TerraneVersion *self)
{
  if (self == NULL)
    return;
  g_free (self->text);
  g_array_unref (self->release);
  g_strfreev (self->local);
  g_free (self);
}

const char *
terrane_version_text (const TerraneVersion *self)
{
  return self->text;
}

gboolean
terrane_version_is_prerelease (const TerraneVersion *self)
{
  return self->pre != PRE_NONE || self->has_dev;
}

/* Returns a component of the release; missing ones are zero. */
static Number
release_at (const TerraneVersion *self, guint i)
{
  return i < self->release->len ? g_array_index (self->release, Number, i) : (Number){ "", 0 };
}

static int
compare_releases (const TerraneVersion *a, const TerraneVersion *b, guint components)
{
  int order = compare_numbers (a->epoch, b->epoch);
  for (guint i = 0; order == 0 && i < components; i++)
    order = compare_numbers (release_at (a, i), release_at (b, i));
  return order;
}

static int
compare_full_releases (const TerraneVersion *a, const TerraneVersion *b)
{
  return compare_releases (a, b, MAX (a->release->len, b->release->len));
}

static int
compare_ints (int a, int b)
{
  return (a > b) - (a < b);
}

static int
compare_pre (const TerraneVersion *a, const TerraneVersion *b)
{
  PreKind kind_a = a->pre == PRE_NONE && !a->has_post && a->has_dev ? PRE_DEV_ONLY : a->pre;
  PreKind kind_b = b->pre == PRE_NONE && !b->has_post && b->has_dev ? PRE_DEV_ONLY : b->pre;
  int order = compare_ints ((int) kind_a, (int) kind_b);
  return order != 0 ? order : compare_numbers (a->pre_number, b->pre_number);
}

/* Without the local parts. The numbers of absent parts are zero, so that they are equal. */
static int
compare_public (const TerraneVersion *a, const TerraneVersion *b)
{
  int order = compare_full_releases (a, b);
  if (order == 0)
    order = compare_pre (a, b);
  if (order == 0)
    order = compare_ints (a->has_post, b->has_post);
  if (order == 0)
    order = compare_numbers (a->post_number, b->post_number);
  if (order == 0)
    order = compare_ints (!a->has_dev, !b->has_dev);
  return order != 0 ? order : compare_numbers (a->dev_number, b->dev_number);
}

static gboolean
is_number (const char *segment)
{
  return segment[strspn (segment, "0123456789")] == '\0';
}

/* "Local version identifiers": a number is greater than letters. */
static int
compare_segments (const char *a, const char *b)
{
  gboolean number_a = is_number (a), number_b = is_number (b);
  if (number_a != number_b)
    return number_a ? 1 : -1;
  if (number_a)
    return compare_numbers (read_number (&a), read_number (&b));
  return compare_ints (strcmp (a, b), 0);
}

static int
compare_local (char **a, char **b)
{
  if (a == NULL || b == NULL)
    return compare_ints (a != NULL, b != NULL);
  for (; *a != NULL && *b != NULL; a++, b++)
    {
      int order = compare_segments (*a, *b);
      if (order != 0)
        return order;
    }
  return compare_ints (*a != NULL, *b != NULL);
}

int
terrane_version_compare (const TerraneVersion *a, const TerraneVersion *b)
{
  int order = compare_public (a, b);
  return order != 0 ? order : compare_local (a->local, b->local);
}

typedef enum
{
  OP_ARBITRARY,
  OP_COMPATIBLE,
  OP_EQUAL,
  OP_NOT_EQUAL,
  OP_AT_MOST,
  OP_AT_LEAST,
  OP_LESS,
  OP_GREATER,
} Operator;

/* By Operator; a longer one precedes its own prefix. */
static const char *const operators[] = { "===", "~=", "==", "!=", "<=", ">=", "<", ">" };

/* "Exclusive ordered comparison": "<1.0" excludes pre-releases of 1.0 itself. */
static gboolean
is_less (const TerraneVersion *version, const TerraneVersion *bound)
{
  TerraneVersion lowest = *bound; /* borrows everything */
  if (bound->pre == PRE_NONE && !bound->has_dev)
    {
      lowest.has_dev = TRUE;
      lowest.dev_number = (Number){ "", 0 };
    }
  return compare_public (version, &lowest) < 0;
}

/* Same section: ">1.0" excludes post-releases of 1.0, and its local versions. */
static gboolean
is_greater (const TerraneVersion *version, const TerraneVersion *bound)
{
  if (compare_public (version, bound) <= 0)
    return FALSE;
  return bound->has_post || bound->has_dev || compare_full_releases (version, bound) != 0
         || version->pre != bound->pre
         || compare_numbers (version->pre_number, bound->pre_number) != 0;
}

static gboolean
matches (Operator op, const TerraneVersion *version, const TerraneVersion *bound, gboolean prefix)
{
  gboolean equal = prefix ? compare_releases (version, bound, bound->release->len) == 0
                   : bound->local != NULL ? terrane_version_compare (version, bound) == 0
                                          : compare_public (version, bound) == 0;
  switch (op)
    {
    case OP_COMPATIBLE:
      return compare_public (version, bound) >= 0
             && compare_releases (version, bound, bound->release->len - 1) == 0;
    case OP_NOT_EQUAL:
      return !equal;
    case OP_AT_MOST:
      return compare_public (version, bound) <= 0;
    case OP_AT_LEAST:
      return compare_public (version, bound) >= 0;
    case OP_LESS:
      return is_less (version, bound);
    case OP_GREATER:
      return is_greater (version, bound);
    case OP_EQUAL:
    case OP_ARBITRARY:
    default:
      return equal;
    }
}

static gboolean
bad_specifier (const char *specifier, const char *why, GError **error)
{
  g_autofree char *quoted = oci_quote (specifier);
  return oci_throw (error, OCI_ERROR_FORMAT, "%s is not a version specifier%s", quoted, why);
}

/* @specifier has no spaces around it. */
static gboolean
match_one (const TerraneVersion *version, const char *specifier, gboolean *out_matches,
           GError **error)
{
  guint op = 0;
  while (op < G_N_ELEMENTS (operators) && !g_str_has_prefix (specifier, operators[op]))
    op++;
  if (op == G_N_ELEMENTS (operators))
    return bad_specifier (specifier, ": it does not start with an operator", error);
  const char *text = specifier + strlen (operators[op]);
  while (is_space (*text))
    text++;
  if (strpbrk (text, " \t\n\v\f\r;)") != NULL)
    return bad_specifier (specifier, "", error);
  if (op == OP_ARBITRARY)
    {
      *out_matches = g_ascii_strcasecmp (version->text, text) == 0;
      return TRUE;
    }
  gboolean prefix = g_str_has_suffix (text, ".*");
  g_autofree char *bound_text = g_strndup (text, strlen (text) - (prefix ? 2 : 0));
  g_autoptr (TerraneVersion) bound = terrane_version_parse (bound_text, NULL);
  if (bound == NULL)
    return bad_specifier (specifier, "", error);
  if (prefix
      && ((op != OP_EQUAL && op != OP_NOT_EQUAL) || bound->pre != PRE_NONE || bound->has_post
          || bound->has_dev || bound->local != NULL))
    return bad_specifier (specifier, ": \".*\" is only for == and != of a release", error);
  if (bound->local != NULL && op != OP_EQUAL && op != OP_NOT_EQUAL)
    return bad_specifier (specifier, ": local versions are only for == and !=", error);
  if (op == OP_COMPATIBLE && bound->release->len < 2)
    return bad_specifier (specifier, ": ~= needs two numbers", error);
  *out_matches = matches ((Operator) op, version, bound, prefix);
  return TRUE;
}

gboolean
terrane_version_matches (const TerraneVersion *version, const char *specifiers,
                         gboolean *out_matches, GError **error)
{
  size_t length = strlen (specifiers);
  if (length > MAX_SPECIFIERS_BYTES)
    return oci_throw (error, OCI_ERROR_LIMIT, "version specifiers have %zu bytes, at most %d",
                      length, MAX_SPECIFIERS_BYTES);
  gboolean all = TRUE;
  g_auto (GStrv) parts = g_strsplit (specifiers, ",", -1);
  for (char **part = parts; *part != NULL; part++)
    {
      gboolean one = TRUE;
      const char *specifier = g_strstrip (*part);
      if (*specifier != '\0' && !match_one (version, specifier, &one, error))
        return FALSE;
      all = all && one;
    }
  *out_matches = all;
  return TRUE;
}
