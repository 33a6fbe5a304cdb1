#include "oci/deflate-scan.h"

#include <string.h>

/* Sizes and codes of RFC 1951. */
enum
{
  MAX_CODE_BITS = 15,
  LITLEN_SYMBOLS = 288,
  DISTANCE_SYMBOLS = 32,
  PRECODE_SYMBOLS = 19,
  END_OF_BLOCK = 256,
  TABLE_BITS = 11, /* longer codes are rare and take the slow path */
};

/* Which alphabet the code after this one is from. */
enum
{
  ALPHABET_LITLEN,
  ALPHABET_DISTANCE,
  ALPHABET_NONE,    /* end of block */
  ALPHABET_INVALID, /* a code that RFC 1951 does not define */
};

/* How to skip a code, packed so that both tables fit into the first-level cache. A shift by an
 * entry uses its low six bits, and the bit for the next alphabet is also the one that leads from
 * one table to the other, which makes the chain from one code to the next as short as possible. A
 * code that is not in the table, and the end of the block, have a bit of their own, since both
 * leave the loop. 0 is not an entry. */
typedef uint16_t Skip;

enum
{
  SKIP_BITS = 63,                  /* number of bits to skip */
  SKIP_CODE_SHIFT = 6,             /* four bits: number of those that are the code itself */
  SKIP_NEXT_SHIFT = TABLE_BITS,    /* two bits: the next alphabet */
  SKIP_DISTANCE = 1 << TABLE_BITS, /* set: index into the table of distances */
  SKIP_EXIT =
      2 << TABLE_BITS, /* set: end of block, an undefined code, or one that is not in the table */
  NOT_IN_TABLE = SKIP_EXIT | 1 << 15,
};

/* See skip_symbols(). */
enum
{
  LEAD_BITS = 16 * 1024,
  MARKS = 32,
};

static inline Skip
make_skip (unsigned bits, unsigned code_bits, unsigned next)
{
  return (Skip) (bits | (code_bits & 15) << SKIP_CODE_SHIFT | next << SKIP_NEXT_SHIFT);
}

static inline unsigned
skip_bits (Skip skip)
{
  return skip & SKIP_BITS;
}

static inline unsigned
skip_code_bits (Skip skip)
{
  return (skip >> SKIP_CODE_SHIFT) & 15;
}

/* Extra bits and successor of a symbol, without its code. */
typedef struct
{
  uint8_t extra;
  uint8_t next;
} Meaning;

typedef struct
{
  Skip *table; /* (nullable): 1 << TABLE_BITS entries, indexed by the next bits of the stream */
  uint16_t count[MAX_CODE_BITS + 1];
  uint16_t sorted[LITLEN_SYMBOLS]; /* symbols in canonical order */
  const Meaning *meaning;
} Code;

typedef struct
{
  const uint8_t *stream;
  uint64_t position; /* bits */
  uint64_t end;      /* bits */
} Bits;

static uint64_t
peek (const Bits *bits)
{
  uint64_t word = 0;
  /* A position past the end reads the slack, never more; advance() refuses it afterwards. */
  memcpy (&word, bits->stream + (bits->position >> 3), sizeof word);
  return GUINT64_FROM_LE (word) >> (bits->position & 7);
}

static gboolean
advance (Bits *bits, uint64_t n)
{
  bits->position += n;
  return bits->position <= bits->end;
}

static gboolean
take (Bits *bits, unsigned n, unsigned *out_value)
{
  *out_value = (unsigned) (peek (bits) & ((1U << n) - 1));
  return advance (bits, n);
}

static unsigned
reversed (unsigned code, unsigned length)
{
  code = (code >> 1 & 0x5555) | (code & 0x5555) << 1;
  code = (code >> 2 & 0x3333) | (code & 0x3333) << 2;
  code = (code >> 4 & 0x0f0f) | (code & 0x0f0f) << 4;
  code = code >> 8 | (code & 0xff) << 8;
  return code >> (16 - length);
}

/* Enters the canonical code of @length bits into the table at every index that starts with it. */
static void
fill_table (Code *self, unsigned code, unsigned length, unsigned symbol)
{
  if (length > TABLE_BITS || self->table == NULL)
    return;
  const Meaning *meaning = &self->meaning[symbol];
  Skip skip = make_skip (length + meaning->extra, length, meaning->next);
  for (unsigned i = reversed (code, length); i < 1U << TABLE_BITS; i += 1U << length)
    self->table[i] = skip;
}

/* RFC 1951 3.2.2. Over-subscribed codes are refused; incomplete ones are legal for one distance
 * code, and a bit pattern without a code is refused when it turns up. */
static gboolean
build_code (Code *self, Skip *table, const uint8_t *lengths, unsigned n, const Meaning *meaning)
{
  memset (self, 0, sizeof *self);
  if (table != NULL)
    for (unsigned i = 0; i < 1U << TABLE_BITS; i++)
      table[i] = NOT_IN_TABLE;
  self->table = table;
  self->meaning = meaning;
  for (unsigned i = 0; i < n; i++)
    self->count[lengths[i]]++;
  self->count[0] = 0;

  unsigned next[MAX_CODE_BITS + 1], offset[MAX_CODE_BITS + 1], code = 0, total = 0;
  for (unsigned length = 1; length <= MAX_CODE_BITS; length++)
    {
      code = (code + self->count[length - 1]) << 1;
      next[length] = code;
      offset[length] = total;
      total += self->count[length];
      if (code + self->count[length] > 1U << length)
        return FALSE;
    }
  for (unsigned i = 0; i < n; i++)
    {
      unsigned length = lengths[i];
      if (length == 0)
        continue;
      self->sorted[offset[length]++] = (uint16_t) i;
      fill_table (self, next[length]++, length, i);
    }
  return TRUE;
}

/* Canonical decoding bit by bit, for codes that the table does not hold. */
static Skip
find_slowly (const Code *self, uint64_t word)
{
  unsigned code = 0, first = 0, index = 0;
  for (unsigned length = 1; length <= MAX_CODE_BITS; length++)
    {
      code |= (unsigned) (word >> (length - 1)) & 1;
      unsigned count = self->count[length];
      if (code < first + count)
        {
          const Meaning *meaning = &self->meaning[self->sorted[index + (code - first)]];
          return make_skip (length + meaning->extra, length, meaning->next);
        }
      index += count;
      first = (first + count) << 1;
      code <<= 1;
    }
  return make_skip (0, 0, ALPHABET_INVALID);
}

/* Since nothing is output, an index with several whole symbols can skip them in one step: literals
 * and what follows them, up to and including a length code. */
static void
fuse_literals (Skip *table)
{
  Skip plain[1 << TABLE_BITS];
  memcpy (plain, table, sizeof plain);
  for (unsigned i = 0; i < 1U << TABLE_BITS; i++)
    {
      Skip skip = plain[i];
      while (skip >> SKIP_NEXT_SHIFT == ALPHABET_LITLEN && (skip & SKIP_BITS) < TABLE_BITS)
        {
          unsigned bits = skip & SKIP_BITS;
          Skip next = plain[i >> bits];
          if (next == NOT_IN_TABLE || bits + skip_code_bits (next) > TABLE_BITS)
            break;
          skip = make_skip (bits + (next & SKIP_BITS), 0, next >> SKIP_NEXT_SHIFT);
        }
      table[i] = skip;
    }
}

/* Extra bits of length codes 257…285 and of distance codes 0…29 (RFC 1951 3.2.5). */
static void
fill_meanings (Meaning *litlen, Meaning *distance)
{
  for (unsigned i = 0; i < LITLEN_SYMBOLS; i++)
    litlen[i] = (Meaning){ .next = i < END_OF_BLOCK ? ALPHABET_LITLEN : ALPHABET_INVALID };
  litlen[END_OF_BLOCK].next = ALPHABET_NONE;
  for (unsigned i = 0; i < 29; i++)
    litlen[257 + i] = (Meaning){ .extra = (uint8_t) (i < 8 || i == 28 ? 0 : (i - 4) / 4),
                                 .next = ALPHABET_DISTANCE };
  for (unsigned i = 0; i < DISTANCE_SYMBOLS; i++)
    distance[i] = (Meaning){ .extra = (uint8_t) (i < 4 || i >= 30 ? 0 : (i - 2) / 2),
                             .next = i < 30 ? ALPHABET_LITLEN : ALPHABET_INVALID };
}

typedef struct
{
  Meaning litlen_meaning[LITLEN_SYMBOLS];
  Meaning distance_meaning[DISTANCE_SYMBOLS];
  Skip tables[2 << TABLE_BITS]; /* of the two alphabets, one after the other */
  Code codes[2];                /* ALPHABET_LITLEN, ALPHABET_DISTANCE */
  Code precode;
} Scanner;

/* State of one walk through the symbols of a block. */
typedef struct
{
  uint64_t position; /* bits */
  unsigned skip;    /* the last entry, of which only SKIP_DISTANCE is used; 0 at first: a literal */
  gboolean stopped; /* at the end of the block, or at an undefined code */
  gboolean ended;   /* at the end of the block */
} Walk;

static inline Skip
look_up (const Scanner *scanner, uint64_t word, unsigned skip)
{
  return scanner->tables[(word & (SKIP_DISTANCE - 1)) | (skip & SKIP_DISTANCE)];
}

/* Skips one code of any kind. */
static void
walk_slowly (const Scanner *scanner, const Bits *bits, Walk *walk)
{
  const Bits at = { .stream = bits->stream, .position = walk->position };
  uint64_t word = peek (&at);
  Skip skip = look_up (scanner, word, walk->skip);
  if (skip == NOT_IN_TABLE)
    skip = find_slowly (&scanner->codes[(walk->skip & SKIP_DISTANCE) >> TABLE_BITS], word);
  walk->position += skip_bits (skip);
  walk->skip = skip;
  walk->ended = skip >> SKIP_NEXT_SHIFT == ALPHABET_NONE;
  walk->stopped = (skip & SKIP_EXIT) != 0 || walk->position > bits->end;
}

/* The hot path. Whether a literal or a match follows is unpredictable, so there is no branch on it:
 * each code determines the alphabet of the next one. One load serves three codes: two codes of the
 * table with their extra bits have at most 40 bits, and the third needs only its own eleven. A
 * position can overshoot the end of the stream by that much; this is checked before the next
 * load. */
static inline void
walk_on (const Scanner *scanner, const Bits *bits, Walk *walk)
{
  const Bits at = { .stream = bits->stream, .position = walk->position };
  uint64_t word = peek (&at);
  Skip one = look_up (scanner, word, walk->skip);
  word >>= skip_bits (one);
  Skip two = look_up (scanner, word, one);
  word >>= skip_bits (two);
  Skip three = look_up (scanner, word, two);
  if (G_UNLIKELY (((one | two | three) & SKIP_EXIT) != 0))
    {
      walk_slowly (scanner, bits, walk);
      return;
    }
  walk->position += skip_bits (one) + skip_bits (two) + skip_bits (three);
  walk->skip = three;
  walk->stopped = walk->position > bits->end;
}

/* A walk that began in the middle, with the positions it passed first. */
typedef struct
{
  Walk walk;
  uint64_t marks[MARKS]; /* position and alphabet */
  unsigned n_marks;
} Guess;

static uint64_t
mark_of (const Walk *walk)
{
  return walk->position << 1 | (walk->skip & SKIP_DISTANCE) >> TABLE_BITS;
}

/* Continues a walk that has reached the start of the guess until both have been at the same code:
 * from there on they are the same. */
static void
join (const Scanner *scanner, const Bits *bits, Walk *walk, const Guess *guess)
{
  unsigned i = 0;
  while (!walk->stopped)
    {
      while (i < guess->n_marks && guess->marks[i] < mark_of (walk))
        i++;
      if (i == guess->n_marks)
        return;
      if (guess->marks[i] == mark_of (walk))
        {
          *walk = guess->walk;
          return;
        }
      walk_slowly (scanner, bits, walk);
    }
}

/* Continues two walks alternately while all codes are in the table. */
static void
walk_both (const Scanner *scanner, const Bits *bits, Walk *first, Walk *second, uint64_t goal)
{
  Bits a = { .stream = bits->stream, .position = first->position };
  Bits b = { .stream = bits->stream, .position = second->position };
  unsigned skip_a = first->skip, skip_b = second->skip;
  while (a.position < goal && b.position <= bits->end)
    {
      uint64_t word_a = peek (&a), word_b = peek (&b);
      Skip a1 = look_up (scanner, word_a, skip_a);
      Skip b1 = look_up (scanner, word_b, skip_b);
      word_a >>= skip_bits (a1);
      word_b >>= skip_bits (b1);
      Skip a2 = look_up (scanner, word_a, a1);
      Skip b2 = look_up (scanner, word_b, b1);
      word_a >>= skip_bits (a2);
      word_b >>= skip_bits (b2);
      Skip a3 = look_up (scanner, word_a, a2);
      Skip b3 = look_up (scanner, word_b, b2);
      if (G_UNLIKELY (((a1 | a2 | a3 | b1 | b2 | b3) & SKIP_EXIT) != 0))
        break;
      a.position += skip_bits (a1) + skip_bits (a2) + skip_bits (a3);
      b.position += skip_bits (b1) + skip_bits (b2) + skip_bits (b3);
      skip_a = a3;
      skip_b = b3;
    }
  *first = (Walk){ .position = a.position, .skip = skip_a };
  *second = (Walk){ .position = b.position, .skip = skip_b, .stopped = b.position > bits->end };
}

/* The position of each code depends on the one before, so the processor waits for the table each
 * time. But reading codes of variable length synchronizes itself soon, wherever it starts: so a
 * second walk, which starts a little further on, runs at the same time. Its result, which started
 * from a guess, is used only once the first walk has met it; the result is therefore always that of
 * one walk from the beginning. */
static gboolean
skip_symbols (const Scanner *scanner, Bits *bits)
{
  Walk walk = { .position = bits->position, .stopped = bits->position > bits->end };
  Guess guess;
  while (!walk.stopped && walk.position + 2 * LEAD_BITS < bits->end)
    {
      uint64_t goal = walk.position + LEAD_BITS;
      guess.walk = (Walk){ .position = goal };
      for (guess.n_marks = 0; guess.n_marks < MARKS && !guess.walk.stopped;)
        {
          guess.marks[guess.n_marks++] = mark_of (&guess.walk);
          walk_on (scanner, bits, &guess.walk);
        }
      while (!walk.stopped && walk.position < goal)
        {
          if (!guess.walk.stopped)
            walk_both (scanner, bits, &walk, &guess.walk, goal);
          if (walk.position < goal)
            walk_on (scanner, bits, &walk);
          if (!guess.walk.stopped)
            walk_on (scanner, bits, &guess.walk);
        }
      join (scanner, bits, &walk, &guess);
    }
  while (!walk.stopped)
    walk_on (scanner, bits, &walk);
  bits->position = walk.position;
  return walk.ended && bits->position <= bits->end;
}

static gboolean
skip_stored (Bits *bits)
{
  unsigned length, complement;
  bits->position = (bits->position + 7) & ~UINT64_C (7);
  return take (bits, 16, &length) && take (bits, 16, &complement) && (length ^ complement) == 0xffff
         && advance (bits, (uint64_t) length * 8);
}

/* Symbols of the precode are lengths and repeats, whose value is needed: they are decoded
 * slowly. */
static gboolean
take_precode_symbol (const Code *code, Bits *bits, unsigned *out_symbol)
{
  unsigned value = 0, first = 0, index = 0, bit;
  for (unsigned length = 1; length <= 7; length++)
    {
      if (!take (bits, 1, &bit))
        return FALSE;
      value |= bit;
      unsigned count = code->count[length];
      if (value < first + count)
        {
          *out_symbol = code->sorted[index + (value - first)];
          return TRUE;
        }
      index += count;
      first = (first + count) << 1;
      value <<= 1;
    }
  return FALSE;
}

static gboolean
read_lengths (const Code *precode, Bits *bits, uint8_t *lengths, unsigned total)
{
  for (unsigned i = 0; i < total;)
    {
      unsigned symbol, repeat;
      if (!take_precode_symbol (precode, bits, &symbol))
        return FALSE;
      if (symbol < 16)
        {
          lengths[i++] = (uint8_t) symbol;
          continue;
        }
      uint8_t value = 0;
      if (symbol == 16 && i == 0)
        return FALSE;
      if (symbol == 16)
        value = lengths[i - 1];
      unsigned extra = symbol == 16 ? 2 : symbol == 17 ? 3 : 7;
      if (!take (bits, extra, &repeat))
        return FALSE;
      repeat += symbol == 18 ? 11 : 3;
      if (repeat > total - i)
        return FALSE;
      memset (lengths + i, value, repeat);
      i += repeat;
    }
  return TRUE;
}

static gboolean
read_dynamic_codes (Scanner *scanner, Bits *bits)
{
  static const uint8_t order[PRECODE_SYMBOLS] = { 16, 17, 18, 0, 8,  7, 9,  6, 10, 5,
                                                  11, 4,  12, 3, 13, 2, 14, 1, 15 };
  uint8_t precode_lengths[PRECODE_SYMBOLS] = { 0 };
  uint8_t lengths[LITLEN_SYMBOLS + DISTANCE_SYMBOLS] = { 0 };
  unsigned litlen, distance, precode;
  if (!take (bits, 5, &litlen) || !take (bits, 5, &distance) || !take (bits, 4, &precode))
    return FALSE;
  litlen += 257;
  distance += 1;
  precode += 4;
  if (litlen > LITLEN_SYMBOLS)
    return FALSE;
  for (unsigned i = 0; i < precode; i++)
    {
      unsigned length;
      if (!take (bits, 3, &length))
        return FALSE;
      precode_lengths[order[i]] = (uint8_t) length;
    }
  if (!(build_code (&scanner->precode, NULL, precode_lengths, PRECODE_SYMBOLS,
                    scanner->litlen_meaning)
        && read_lengths (&scanner->precode, bits, lengths, litlen + distance)
        && build_code (&scanner->codes[ALPHABET_LITLEN], scanner->tables, lengths, litlen,
                       scanner->litlen_meaning)
        && build_code (&scanner->codes[ALPHABET_DISTANCE], scanner->tables + SKIP_DISTANCE,
                       lengths + litlen, distance, scanner->distance_meaning)))
    return FALSE;
  fuse_literals (scanner->tables);
  return TRUE;
}

static gboolean
use_fixed_codes (Scanner *scanner)
{
  uint8_t lengths[LITLEN_SYMBOLS];
  uint8_t distances[DISTANCE_SYMBOLS];
  for (unsigned i = 0; i < LITLEN_SYMBOLS; i++)
    lengths[i] = i < 144 ? 8 : i < 256 ? 9 : i < 280 ? 7 : 8;
  memset (distances, 5, sizeof distances);
  return build_code (&scanner->codes[ALPHABET_LITLEN], scanner->tables, lengths, LITLEN_SYMBOLS,
                     scanner->litlen_meaning)
         && build_code (&scanner->codes[ALPHABET_DISTANCE], scanner->tables + SKIP_DISTANCE,
                        distances, DISTANCE_SYMBOLS, scanner->distance_meaning);
}

gboolean
oci_deflate_scan (const uint8_t *stream, size_t size, uint64_t *out_last_block, uint64_t *out_end)
{
  Scanner scanner;
  Bits bits = { .stream = stream, .position = 0, .end = (uint64_t) size * 8 };
  fill_meanings (scanner.litlen_meaning, scanner.distance_meaning);
  for (;;)
    {
      uint64_t start = bits.position;
      unsigned final, type;
      if (!take (&bits, 1, &final) || !take (&bits, 2, &type) || type == 3)
        return FALSE;
      gboolean ok = type == 0 ? skip_stored (&bits)
                    : type == 1
                        ? use_fixed_codes (&scanner) && skip_symbols (&scanner, &bits)
                        : read_dynamic_codes (&scanner, &bits) && skip_symbols (&scanner, &bits);
      if (!ok)
        return FALSE;
      if (final)
        {
          *out_last_block = start;
          *out_end = bits.position;
          return TRUE;
        }
    }
}
