#include "builder/sandbox/capture.h"

enum
{
  KEEP_BYTES = 128 * 1024, /* of the start and of the end */
};

void
terrane_capture_init (TerraneCapture *self)
{
  *self = (TerraneCapture){ .head = g_string_new (NULL), .tail = g_string_new (NULL) };
}

void
terrane_capture_clear (TerraneCapture *self)
{
  g_string_free (self->head, TRUE);
  g_string_free (self->tail, TRUE);
}

void
terrane_capture_take (TerraneCapture *self, const char *data, size_t len)
{
  size_t to_head = MIN (len, KEEP_BYTES - self->head->len);
  g_string_append_len (self->head, data, (gssize) to_head);
  g_string_append_len (self->tail, data + to_head, (gssize) (len - to_head));
  if (self->tail->len > KEEP_BYTES)
    {
      gsize excess = self->tail->len - KEEP_BYTES;
      g_string_erase (self->tail, 0, (gssize) excess);
      self->dropped += excess;
    }
}

char *
terrane_capture_text (const TerraneCapture *self)
{
  g_autoptr (GString) all = g_string_new_len (self->head->str, (gssize) self->head->len);
  if (self->dropped > 0)
    g_string_append_printf (all, "\n… %" G_GUINT64_FORMAT " bytes left out …\n", self->dropped);
  g_string_append_len (all, self->tail->str, (gssize) self->tail->len);
  return g_utf8_make_valid (all->str, (gssize) all->len);
}
