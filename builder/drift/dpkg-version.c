#include "builder/drift/dpkg-version.h"

#include <string.h>

typedef struct
{
  const char *at;
  const char *end;
} Span;

typedef struct
{
  Span epoch;
  Span upstream;
  Span revision;
} Parts;

static gboolean
is_digit (const Span *self)
{
  return self->at < self->end && g_ascii_isdigit (*self->at);
}

/* A tilde comes first, then the end and digits, letters, all others. */
static int
weight (const Span *self)
{
  if (self->at == self->end || g_ascii_isdigit (*self->at))
    return 0;
  if (*self->at == '~')
    return -1;
  return (guchar) *self->at + (g_ascii_isalpha (*self->at) ? 0 : 256);
}

/* Compares the texts before the next number of either. */
static int
compare_texts (Span *a, Span *b)
{
  while ((a->at < a->end && !is_digit (a)) || (b->at < b->end && !is_digit (b)))
    {
      int difference = weight (a) - weight (b);
      if (difference != 0)
        return difference;
      a->at++; /* equal weights mean equal characters */
      b->at++;
    }
  return 0;
}

static Span
take_number (Span *self)
{
  while (is_digit (self) && *self->at == '0')
    self->at++;
  Span number = { self->at, self->at };
  while (is_digit (self))
    self->at++;
  number.end = self->at;
  return number;
}

/* For any number of digits. */
static int
compare_numbers (Span *a, Span *b)
{
  Span x = take_number (a), y = take_number (b);
  if (x.end - x.at != y.end - y.at)
    return x.end - x.at < y.end - y.at ? -1 : 1;
  return x.end == x.at ? 0 : memcmp (x.at, y.at, (size_t) (x.end - x.at));
}

static int
compare_spans (Span a, Span b)
{
  int order = 0;
  while (order == 0 && (a.at < a.end || b.at < b.end))
    {
      order = compare_texts (&a, &b);
      if (order == 0)
        order = compare_numbers (&a, &b);
    }
  return order;
}

/* A missing revision equals "0", a missing epoch is zero. */
static Parts
split (const char *version)
{
  const char *end = version + strlen (version);
  const char *colon = strchr (version, ':');
  const char *upstream = colon != NULL ? colon + 1 : version;
  const char *dash = strrchr (upstream, '-');
  return (Parts){
    .epoch = { version, colon != NULL ? colon : version },
    .upstream = { upstream, dash != NULL ? dash : end },
    .revision = { dash != NULL ? dash + 1 : end, end },
  };
}

int
terrane_dpkg_version_compare (const char *a, const char *b)
{
  Parts x = split (a), y = split (b);
  int order = compare_spans (x.epoch, y.epoch);
  if (order == 0)
    order = compare_spans (x.upstream, y.upstream);
  if (order == 0)
    order = compare_spans (x.revision, y.revision);
  return (order > 0) - (order < 0);
}
