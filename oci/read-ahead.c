#include "oci/read-ahead.h"

#include "oci/base/parallel.h"

#include <stdint.h>

enum
{
  PIECES = 8,
};

typedef struct
{
  uint8_t *bytes;
  size_t len;
} Piece;

struct _OciReadAhead
{
  OciReadAheadFill fill;
  gpointer data;

  /* Only the caller uses these. */
  gboolean in_turn;  /* without a thread */
  gboolean begun;    /* the first piece has been read */
  gboolean complete; /* the caller has read the last piece itself */
  gboolean lent;     /* the caller has the oldest piece of the thread */
  GThread *thread;   /* (nullable) */

  GMutex mutex; /* guards the members below, except the bytes of a piece */
  GCond changed;
  Piece pieces[PIECES]; /* a ring; without a thread, only the first */
  unsigned first;       /* the oldest filled piece */
  unsigned filled;
  gboolean ended;  /* nothing follows the filled pieces except @failure */
  GError *failure; /* (nullable) */
  gboolean abandoned;
};

static gboolean
fill_piece (const OciReadAhead *self, Piece *piece, GError **error)
{
  if (piece->bytes == NULL)
    piece->bytes = g_malloc (OCI_READ_AHEAD_PIECE_BYTES);
  piece->len = 0;
  return self->fill (self->data, piece->bytes, &piece->len, error);
}

/* Returns: FALSE if no further piece is wanted */
static gboolean
wait_for_room (OciReadAhead *self, Piece **out_piece)
{
  g_mutex_lock (&self->mutex);
  while (self->filled == PIECES && !self->abandoned)
    g_cond_wait (&self->changed, &self->mutex);
  gboolean wanted = !self->abandoned;
  *out_piece = &self->pieces[(self->first + self->filled) % PIECES];
  g_mutex_unlock (&self->mutex);
  return wanted;
}

static gpointer
read_all (gpointer data)
{
  OciReadAhead *self = data;
  Piece *piece = NULL;
  gboolean more = TRUE;
  while (more && wait_for_room (self, &piece))
    {
      g_autoptr (GError) local = NULL;
      more = fill_piece (self, piece, &local) && piece->len == OCI_READ_AHEAD_PIECE_BYTES;
      g_mutex_lock (&self->mutex);
      self->filled += local == NULL && piece->len > 0 ? 1 : 0;
      self->ended = !more;
      self->failure = g_steal_pointer (&local);
      g_cond_signal (&self->changed);
      g_mutex_unlock (&self->mutex);
    }
  return NULL;
}

OciReadAhead *
oci_read_ahead_new (OciReadAheadFill fill, gpointer data, gboolean may_block)
{
  OciReadAhead *self = g_new0 (OciReadAhead, 1);
  self->fill = fill;
  self->data = data;
  self->in_turn = may_block;
  g_mutex_init (&self->mutex);
  g_cond_init (&self->changed);
  return self;
}

void
oci_read_ahead_free (OciReadAhead *self)
{
  if (self == NULL)
    return;
  g_mutex_lock (&self->mutex);
  self->abandoned = TRUE;
  g_cond_signal (&self->changed);
  g_mutex_unlock (&self->mutex);
  if (self->thread != NULL)
    (void) g_thread_join (self->thread);
  for (unsigned i = 0; i < PIECES; i++)
    g_free (self->pieces[i].bytes);
  g_clear_error (&self->failure);
  g_mutex_clear (&self->mutex);
  g_cond_clear (&self->changed);
  g_free (self);
}

static gboolean
read_in_turn (OciReadAhead *self, const void **out_bytes, size_t *out_len, GError **error)
{
  Piece *piece = &self->pieces[0];
  gboolean ok = self->failure == NULL && fill_piece (self, piece, &self->failure);
  self->begun = TRUE;
  self->complete = ok && piece->len < OCI_READ_AHEAD_PIECE_BYTES;
  *out_bytes = piece->bytes;
  *out_len = ok ? piece->len : 0;
  if (!ok)
    g_propagate_error (error, g_error_copy (self->failure));
  return ok;
}

static gboolean
take_piece (OciReadAhead *self, const void **out_bytes, size_t *out_len, GError **error)
{
  g_mutex_lock (&self->mutex);
  if (self->lent)
    {
      self->first = (self->first + 1) % PIECES;
      self->filled--;
      g_cond_signal (&self->changed);
    }
  while (self->filled == 0 && !self->ended)
    g_cond_wait (&self->changed, &self->mutex);
  self->lent = self->filled > 0;
  const Piece *piece = &self->pieces[self->first];
  *out_bytes = self->lent ? piece->bytes : NULL;
  *out_len = self->lent ? piece->len : 0;
  GError *failure = !self->lent && self->failure != NULL ? g_error_copy (self->failure) : NULL;
  g_mutex_unlock (&self->mutex);
  if (failure == NULL)
    return TRUE;
  g_propagate_error (error, failure);
  return FALSE;
}

gboolean
oci_read_ahead_next (gpointer reader, const void **out_bytes, size_t *out_len, GError **error)
{
  OciReadAhead *self = reader;
  *out_len = 0;
  if (self->complete)
    return TRUE;
  if (self->begun && !self->in_turn && self->thread == NULL && self->failure == NULL)
    {
      self->thread = oci_thread_start ("read-ahead", read_all, self, NULL);
      self->in_turn = self->thread == NULL;
    }
  return self->thread != NULL ? take_piece (self, out_bytes, out_len, error)
                              : read_in_turn (self, out_bytes, out_len, error);
}
