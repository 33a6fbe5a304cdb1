#include "oci/base/text-hash.h"

#include <string.h>
#include <sys/random.h>

/* Aumasson and Bernstein, "SipHash: a fast short-input PRF"
 * (https://www.aumasson.jp/siphash/siphash.pdf), with one round for each word and three at the
 * end. */
typedef struct
{
  guint64 v[4];
} Sip;

static guint64
rotate (guint64 x, unsigned bits)
{
  return (x << bits) | (x >> (64 - bits));
}

static void
sip_round (Sip *self)
{
  guint64 *v = self->v;
  v[0] += v[1];
  v[1] = rotate (v[1], 13) ^ v[0];
  v[0] = rotate (v[0], 32);
  v[2] += v[3];
  v[3] = rotate (v[3], 16) ^ v[2];
  v[0] += v[3];
  v[3] = rotate (v[3], 21) ^ v[0];
  v[2] += v[1];
  v[1] = rotate (v[1], 17) ^ v[2];
  v[2] = rotate (v[2], 32);
}

static void
sip_word (Sip *self, guint64 word)
{
  self->v[3] ^= word;
  sip_round (self);
  self->v[0] ^= word;
}

guint64
oci_siphash (const guint64 key[2], const void *data, gsize len)
{
  Sip sip = { { key[0] ^ G_GUINT64_CONSTANT (0x736f6d6570736575),
                key[1] ^ G_GUINT64_CONSTANT (0x646f72616e646f6d),
                key[0] ^ G_GUINT64_CONSTANT (0x6c7967656e657261),
                key[1] ^ G_GUINT64_CONSTANT (0x7465646279746573) } };
  const guint8 *bytes = data;
  gsize left = len;
  guint64 word = 0;
  for (; left >= sizeof word; left -= sizeof word, bytes += sizeof word)
    {
      memcpy (&word, bytes, sizeof word);
      sip_word (&sip, GUINT64_FROM_LE (word));
    }
  word = (guint64) len << 56;
  for (gsize i = 0; i < left; i++)
    word |= (guint64) bytes[i] << (8 * i);
  sip_word (&sip, word);
  sip.v[2] ^= 0xff;
  for (int i = 0; i < 3; i++)
    sip_round (&sip);
  return sip.v[0] ^ sip.v[1] ^ sip.v[2] ^ sip.v[3];
}

/* The key of this process. Without the kernel's random numbers there is nothing to keep secret. */
static const guint64 *
process_key (void)
{
  static guint64 key[2];
  static gsize made;
  if (g_once_init_enter (&made))
    {
      if (getrandom (key, sizeof key, 0) != (gssize) sizeof key)
        g_error ("getrandom: no random numbers from the kernel");
      g_once_init_leave (&made, 1);
    }
  return key;
}

guint
oci_text_hash (gconstpointer text)
{
  return (guint) oci_siphash (process_key (), text, strlen (text));
}
