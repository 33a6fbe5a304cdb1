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
  TABLE_BITS = 10,    /* longer codes are rare and take the slow path */
  WORD_BITS = 56,     /* usable bits of one unaligned 64-bit load */
  MAX_SKIP_BITS = 28, /* a distance code of 15 bits with 13 extra bits */
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
 * one table to the other, which makes the chain from one code to the next as short as possible. 0
 * is not an entry. */
typedef uint16_t Skip;

enum
{
  SKIP_BITS = 63,                  /* number of bits to skip */
  SKIP_CODE_SHIFT = 6,             /* four bits: number of those that are the code itself */
  SKIP_NEXT_SHIFT = TABLE_BITS,    /* two bits: the next alphabet */
  SKIP_DISTANCE = 1 << TABLE_BITS, /* set: index into the table of distances */
  SKIP_EXIT = 2 << TABLE_BITS,     /* set: end of block, or an undefined code */
};

static inline Skip
make_skip (unsigned bits, unsigned code_bits, unsigned next)
{
  return (Skip) (bits | (code_bits & 15) << SKIP_CODE_SHIFT | next << SKIP_NEXT_SHIFT);
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
  unsigned result = 0;
  for (unsigned i = 0; i < length; i++)
    result |= ((code >> i) & 1) << (length - 1 - i);
  return result;
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
    memset (table, 0, sizeof *table << TABLE_BITS);
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
      while (skip != 0 && skip >> SKIP_NEXT_SHIFT == ALPHABET_LITLEN
             && (skip & SKIP_BITS) < TABLE_BITS)
        {
          unsigned bits = skip & SKIP_BITS;
          Skip next = plain[i >> bits];
          if (next == 0 || bits + skip_code_bits (next) > TABLE_BITS)
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

/* The hot loop. Whether a literal or a match follows is unpredictable, so there is no branch on it:
 * each code determines the alphabet of the next one, and only the end of the block leaves the loop.
 * One load serves several symbols, and the end of the stream is checked once per load: a position
 * can overshoot it by one load, which the slack covers. */
static gboolean
skip_symbols (const Scanner *scanner, Bits *bits)
{
  const Skip *tables = scanner->tables;
  unsigned skip = 0; /* initially only SKIP_DISTANCE matters: a block starts with a literal */
  while (bits->position <= bits->end)
    {
      uint64_t word = peek (bits);
      unsigned used = 0;
      while (used <= WORD_BITS - MAX_SKIP_BITS)
        {
          unsigned alphabet = skip & SKIP_DISTANCE;
          skip = tables[(word & (SKIP_DISTANCE - 1)) | alphabet];
          if (G_UNLIKELY (skip == 0))
            skip = find_slowly (&scanner->codes[alphabet >> TABLE_BITS], word);
          used += skip & SKIP_BITS;
          word >>= skip & SKIP_BITS;
          if (G_UNLIKELY ((skip & SKIP_EXIT) != 0))
            {
              bits->position += used;
              return skip >> SKIP_NEXT_SHIFT == ALPHABET_NONE && bits->position <= bits->end;
            }
        }
      bits->position += used;
    }
  return FALSE;
}

static gboolean
skip_stored (Bits *bits)
{
  unsigned length, complement;
  bits->position = (bits->position + 7) & ~UINT64_C (7);
  return take (bits, 16, &length) && take (bits, 16, &complement) && (length ^ complement) == 0xffff
         && advance (bits, (uint64_t) length * 8);
}

/* Symbols of the precode are lengths and repeats, whose value is needed: they are decoded slowly.
 */
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
