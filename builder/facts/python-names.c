#include "builder/facts/python-names.h"

#include "oci/base/text-hash.h"

#include <string.h>

enum
{
  MAX_NESTING = 20, /* of strings in strings; CPython's limit is about 150 */
  MAX_NAME = 1000,
  TAB = 8,
};

typedef enum
{
  NAME,
  OPERATOR,
  OTHER, /* a string or number */
} Kind;

typedef struct
{
  Kind kind;
  const char *start;
  gsize len;
  int depth; /* number of brackets around it; for a bracket, around the pair */
} Token;

/* Parses one logical line at a time. */
typedef struct
{
  const char *p;
  const char *end;
  GArray *tokens;
  gint64 indent; /* of the line */
  gint64 body;   /* lines that are indented more are part of a function or class; -1: none */
  TerranePythonNames *names;
} Parser;

/* A statement: tokens from @from to before @to. */
typedef struct
{
  Parser *parser;
  const Token *tokens;
  guint from;
  guint to;
} Statement;

void
terrane_python_names_free (TerranePythonNames *self)
{
  if (self == NULL)
    return;
  g_hash_table_unref (self->names);
  g_free (self);
}

static gboolean
is_name_char (char c)
{
  return g_ascii_isalnum (c) || c == '_' || (c & 0x80) != 0;
}

static const char *skip_string (const char *p, const char *end, gboolean format, int nesting);

/* Skips a replacement field, from after its "{". Returns: (nullable): the position after its "}" */
static const char *
skip_replacement (const char *p, const char *end, int nesting)
{
  int depth = 0;
  gboolean literal = FALSE; /* after the colon: the format, which may contain replacements again */
  while (p != NULL && p < end)
    {
      char before = p[-1];
      if (*p == '}' && depth == 0)
        return p + 1;
      if (literal)
        p = *p == '{' && nesting < MAX_NESTING ? skip_replacement (p + 1, end, nesting + 1) : p + 1;
      else if (*p == '"' || *p == '\'')
        p = skip_string (p, end, strchr ("fFtT", before) != NULL && before != '\0', nesting + 1);
      else
        {
          depth += (strchr ("([{", *p) != NULL) - (strchr (")]}", *p) != NULL);
          literal = *p == ':' && depth == 0;
          p++;
        }
    }
  return NULL;
}

/* @p: at the quote. Returns: (nullable): the position after the string; NULL if it is not
 * terminated */
static const char *
skip_string (const char *p, const char *end, gboolean format, int nesting)
{
  char quote = *p;
  gboolean triple = end - p >= 3 && p[1] == quote && p[2] == quote;
  if (nesting > MAX_NESTING)
    return NULL;
  p += triple ? 3 : 1;
  while (p != NULL && p < end)
    {
      if (*p == '\\')
        p += end - p >= 3 && p[1] == '\r' && p[2] == '\n' ? 3 : 2;
      else if (*p == quote && (!triple || (end - p >= 3 && p[1] == quote && p[2] == quote)))
        return p + (triple ? 3 : 1);
      else if (*p == '\n' && !triple)
        return NULL;
      else if (format && *p == '{' && (end - p < 2 || p[1] != '{'))
        p = skip_replacement (p + 1, end, nesting);
      else
        p += format && *p == '{' ? 2 : 1;
    }
  return NULL;
}

static gsize
operator_length (const char *p, const char *end)
{
  static const char *const operators[] = { "**=", "//=", ">>=", "<<=", "...", "!=", "->",
                                           ":=",  "==",  "<=",  ">=",  "+=",  "-=", "*=",
                                           "/=",  "%=",  "&=",  "|=",  "^=",  "@=", "**",
                                           "//",  "<<",  ">>",  NULL };
  for (const char *const *each = operators; *each != NULL; each++)
    {
      gsize len = strlen (*each);
      if ((gsize) (end - p) >= len && memcmp (p, *each, len) == 0)
        return len;
    }
  return 1;
}

/* Returns: whether the word before a quote is a string prefix; *@out_format: of a formatted
 * string */
static gboolean
is_string_prefix (const char *word, gsize len, gboolean *out_format)
{
  *out_format = FALSE;
  for (gsize i = 0; i < len; i++)
    {
      if (len > 2 || strchr ("rRbBuUfFtT", word[i]) == NULL)
        return FALSE;
      *out_format = *out_format || strchr ("fFtT", word[i]) != NULL;
    }
  return TRUE;
}

/* Used for anything unterminated, or that is not Python. */
static void
give_up (Parser *self)
{
  self->names->open = TRUE;
  self->p = self->end;
}

/* Reads a name, number or string at self->p. */
static void
read_word (Parser *self, int depth)
{
  const char *start = self->p;
  gboolean number = g_ascii_isdigit (*start), format = FALSE;
  while (self->p < self->end && (is_name_char (*self->p) || (number && *self->p == '.')))
    self->p++;
  gsize len = (gsize) (self->p - start);
  Token token = { number ? OTHER : NAME, start, len, depth };
  if (self->p < self->end && (*self->p == '"' || *self->p == '\'') && !number
      && is_string_prefix (start, len, &format))
    {
      const char *after = skip_string (self->p, self->end, format, 0);
      token.kind = OTHER;
      if (after == NULL)
        give_up (self);
      else
        self->p = after;
    }
  g_array_append_val (self->tokens, token);
}

static void
read_operator (Parser *self, int *depth)
{
  Token token = { OPERATOR, self->p, operator_length (self->p, self->end), *depth };
  if (strchr (")]}", *self->p) != NULL)
    token.depth = --*depth;
  if (strchr ("([{", *self->p) != NULL)
    ++*depth;
  self->p += token.len;
  g_array_append_val (self->tokens, token);
}

/* Reads the indentation of the next line. */
static void
read_indent (Parser *self)
{
  self->indent = 0;
  for (; self->p < self->end && strchr (" \t\f", *self->p) != NULL && *self->p != '\0'; self->p++)
    self->indent = *self->p == ' '    ? self->indent + 1
                   : *self->p == '\t' ? (self->indent / TAB + 1) * TAB
                                      : 0;
}

/* Reads a logical line; a blank one has no tokens. */
static void
read_line (Parser *self)
{
  int depth = 0;
  g_array_set_size (self->tokens, 0);
  read_indent (self);
  while (self->p < self->end)
    {
      char c = *self->p;
      if (c == '\n' && depth <= 0)
        {
          self->p++;
          return;
        }
      if (c == '#')
        while (self->p < self->end && *self->p != '\n')
          self->p++;
      else if (c == '\\' && self->end - self->p >= 2 && (self->p[1] == '\n' || self->p[1] == '\r'))
        self->p += self->end - self->p >= 3 && self->p[1] == '\r' && self->p[2] == '\n' ? 3 : 2;
      else if (c == ' ' || c == '\t' || c == '\r' || c == '\n' || c == '\f')
        self->p++;
      else if (is_name_char (c) || c == '"' || c == '\'')
        read_word (self, depth);
      else if ((g_ascii_ispunct (c) && strchr ("$?!\\`", c) == NULL)
               || (c == '!' && self->end - self->p >= 2 && self->p[1] == '='))
        read_operator (self, &depth);
      else
        give_up (self);
    }
  if (depth != 0)
    self->names->open = TRUE;
}

static gboolean
is (const Token *token, const char *text)
{
  return token->kind != OTHER && token->len == strlen (text)
         && memcmp (token->start, text, token->len) == 0;
}

static gboolean
is_any (const Token *token, const char *const *words)
{
  for (; *words != NULL; words++)
    if (is (token, *words))
      return TRUE;
  return FALSE;
}

static void
bind (Parser *self, const Token *token)
{
  if (token->kind == NAME && token->len <= MAX_NAME)
    g_hash_table_add (self->names->names, g_strndup (token->start, token->len));
}

/* Looks for what makes names in the module without an assignment, in any line. */
static void
look_for_magic (Parser *self)
{
  const Token *tokens = (const Token *) (void *) self->tokens->data;
  for (guint i = 0; i < self->tokens->len; i++)
    {
      gboolean member = i > 0 && is (&tokens[i - 1], ".");
      if ((!member && (is (&tokens[i], "globals") || is (&tokens[i], "exec")))
          || (member && is (&tokens[i], "modules")) || is (&tokens[i], "__dict__"))
        self->names->open = TRUE;
      if (self->body < 0 && !member && (is (&tokens[i], "locals") || is (&tokens[i], "vars")))
        self->names->open = TRUE;
    }
  /* "global a, b" in a function that may be called. */
  for (guint i = 0; i < self->tokens->len; i++)
    if (is (&tokens[i], "global"))
      for (i++; i < self->tokens->len && (tokens[i].kind == NAME || is (&tokens[i], ",")); i++)
        bind (self, &tokens[i]);
}

static guint
find_end (const Statement *self)
{
  guint i = self->from;
  while (i < self->to && !(is (&self->tokens[i], ";") && self->tokens[i].depth == 0))
    i++;
  return i;
}

/* "import a.b.c, d as e" */
static void
take_import (const Statement *self, guint end)
{
  guint i = self->from + 1;
  while (i < end)
    {
      const Token *name = &self->tokens[i];
      for (; i < end && !is (&self->tokens[i], ","); i++)
        if (i > 0 && is (&self->tokens[i - 1], "as"))
          name = &self->tokens[i];
      bind (self->parser, name);
      i++;
    }
}

/* "from .m import a, b as c": a module of the package also becomes one of its names. */
static void
take_from (const Statement *self, guint end)
{
  guint i = self->from + 1;
  if (i < end && is (&self->tokens[i], "."))
    {
      while (i < end && is (&self->tokens[i], "."))
        i++;
      if (i < end && !is (&self->tokens[i], "import"))
        bind (self->parser, &self->tokens[i]);
    }
  while (i < end && !is (&self->tokens[i], "import"))
    i++;
  for (i++; i < end; i++)
    {
      if (is (&self->tokens[i], "*"))
        self->parser->names->open = TRUE;
      if (i + 1 >= end || !is (&self->tokens[i + 1], "as"))
        bind (self->parser, &self->tokens[i]);
      else
        i++; /* only the name after "as" counts */
    }
}

/* Binds the names of the target of an assignment: a, b, c for "a, (b, *c), d.e, f[g]". */
static void
take_target (const Statement *self, guint from, guint to)
{
  int skip = -1; /* bracket depth of a call or subscript, whose names are only used */
  for (guint i = from; i < to; i++)
    {
      const Token *token = &self->tokens[i], *before = i > from ? token - 1 : NULL;
      if (skip >= 0)
        {
          skip = token->depth == skip && (is (token, ")") || is (token, "]")) ? -1 : skip;
          continue;
        }
      gboolean after_value =
          before != NULL && (before->kind != OPERATOR || is (before, ")") || is (before, "]"));
      if ((is (token, "(") || is (token, "[")) && after_value)
        skip = token->depth;
      else if (token->kind == NAME && (before == NULL || !is (before, "."))
               && (i + 1 == to
                   || (!is (token + 1, ".") && !is (token + 1, "(") && !is (token + 1, "["))))
        bind (self->parser, token);
    }
}

static void
take_expression (const Statement *self, guint end)
{
  guint start = self->from;
  const Token *tokens = self->tokens;
  gboolean annotated =
      end - start >= 2 && tokens[start].kind == NAME && is (&tokens[start + 1], ":");
  gboolean alias =
      end - start >= 2 && is (&tokens[start], "type") && tokens[start + 1].kind == NAME;
  for (guint i = start; i < end; i++)
    {
      if (!is (&tokens[i], "=") || tokens[i].depth != 0)
        continue;
      if (annotated || alias)
        {
          bind (self->parser, &tokens[alias ? self->from + 1 : self->from]);
          return;
        }
      take_target (self, start, i);
      start = i + 1;
    }
}

/* Finds the colon that ends the head of a compound statement. Returns: self->to if there is none */
static guint
find_colon (const Statement *self)
{
  guint lambdas = 0;
  for (guint i = self->from; i < self->to; i++)
    {
      const Token *token = &self->tokens[i];
      if (token->depth != 0)
        continue;
      if (is (token, "lambda"))
        lambdas++;
      else if (is (token, ":") && lambdas > 0)
        lambdas--;
      else if (is (token, ":"))
        return i;
    }
  return self->to;
}

/* Takes names after "for", "as" and "case" up to @colon. Too many do no harm. */
static void
take_head (const Statement *self, guint colon)
{
  const Token *keyword = &self->tokens[self->from];
  gboolean binding = is (keyword, "for") || is (keyword, "case");
  for (guint i = self->from + 1; i < colon; i++)
    {
      const Token *token = &self->tokens[i];
      gboolean ends = (is (token, "in") && is (keyword, "for"))
                      || (is (token, ",") && is (keyword, "with") && token->depth == 0);
      if (ends || is (token, "as"))
        binding = !ends;
      else if (binding)
        bind (self->parser, token);
    }
}

static gboolean
is_compound (const Statement *self, guint colon)
{
  static const char *const hard[] = { "if",  "elif",    "else", "while",  "for",
                                      "try", "finally", "with", "except", NULL };
  static const char *const soft[] = { "match", "case", NULL };
  const Token *first = &self->tokens[self->from];
  if (first->kind != NAME)
    return FALSE;
  return is_any (first, hard)
         || (is_any (first, soft) && colon < self->to && colon > self->from + 1
             && !is (first + 1, "=") && !is (first + 1, ".") && !is (first + 1, ","));
}

/* Returns: whether it was the start of a function or class, so that the rest does not belong to the
 * module */
static gboolean
take_definition (const Statement *self)
{
  const Token *tokens = self->tokens;
  gboolean function = is (&tokens[self->from], "def");
  if (!function && !is (&tokens[self->from], "class"))
    return FALSE;
  if (self->from + 1 < self->to)
    {
      bind (self->parser, &tokens[self->from + 1]);
      if (function && is (&tokens[self->from + 1], "__getattr__"))
        self->parser->names->open = TRUE;
    }
  self->parser->body = self->parser->indent;
  return TRUE;
}

static void
take_statements (Parser *parser)
{
  Statement self = { parser, (const Token *) (void *) parser->tokens->data, 0,
                     parser->tokens->len };
  for (guint i = 0; i + 1 < self.to; i++)
    if (is (&self.tokens[i + 1], ":="))
      bind (parser, &self.tokens[i]);
  while (self.from < self.to && !is (&self.tokens[self.from], "@"))
    {
      if (is (&self.tokens[self.from], "async"))
        {
          self.from++;
          continue;
        }
      if (take_definition (&self))
        return;
      guint colon = find_colon (&self), end = find_end (&self);
      if (is_compound (&self, colon))
        {
          take_head (&self, colon);
          self.from = colon + 1;
          continue;
        }
      if (is (&self.tokens[self.from], "import"))
        take_import (&self, end);
      else if (is (&self.tokens[self.from], "from"))
        take_from (&self, end);
      else
        take_expression (&self, end);
      self.from = end + 1;
    }
}

TerranePythonNames *
terrane_python_names_read (const char *text, gsize size)
{
  TerranePythonNames *names = g_new0 (TerranePythonNames, 1);
  g_autoptr (GArray) tokens = g_array_new (FALSE, FALSE, sizeof (Token));
  Parser self = { text, text + size, tokens, 0, -1, names };
  names->names = g_hash_table_new_full (oci_text_hash, g_str_equal, g_free, NULL);
  names->open = memchr (text, '\0', size) != NULL; /* UTF-16, or not a source at all */
  if (size >= 3 && memcmp (text, "\357\273\277", 3) == 0)
    self.p += 3;
  while (self.p < self.end && !(names->open && self.p == text))
    {
      read_line (&self);
      if (tokens->len == 0)
        continue;
      if (self.body >= 0 && self.indent <= self.body)
        self.body = -1;
      look_for_magic (&self);
      if (self.body < 0)
        take_statements (&self);
    }
  return names;
}
