#include "oci/base/capture.h"

#include <string.h>

void
oci_capture_init (OciCapture *self, size_t head_max, size_t tail_max)
{
  *self = (OciCapture){ .head = g_malloc0 (head_max + 1),
                        .head_max = head_max,
                        .tail = g_string_new (NULL),
                        .tail_max = tail_max };
}

void
oci_capture_clear (OciCapture *self)
{
  if (self->head != NULL)
    explicit_bzero (self->head, self->head_size);
  g_clear_pointer (&self->head, g_free);
  if (self->tail != NULL)
    (void) g_string_free (self->tail, TRUE);
  *self = (OciCapture){ 0 };
}

void
oci_capture_take (OciCapture *self, const char *data, size_t len)
{
  size_t to_head = MIN (len, self->head_max - self->head_size);
  if (to_head > 0)
    memcpy (self->head + self->head_size, data, to_head);
  self->head_size += to_head;
  data += to_head;
  len -= to_head;
  if (len > self->tail_max)
    {
      self->dropped += len - self->tail_max;
      data += len - self->tail_max;
      len = self->tail_max;
    }
  g_string_append_len (self->tail, data, (gssize) len);
  if (self->tail->len > self->tail_max)
    {
      gsize excess = self->tail->len - self->tail_max;
      g_string_erase (self->tail, 0, (gssize) excess);
      self->dropped += excess;
    }
}

char *
oci_capture_text (const OciCapture *self)
{
  g_autoptr (GString) all = g_string_new_len (self->head, (gssize) self->head_size);
  if (self->dropped > 0 && self->head_max > 0)
    g_string_append_printf (all, "\n… %" G_GUINT64_FORMAT " bytes left out …\n", self->dropped);
  g_string_append_len (all, self->tail->str, (gssize) self->tail->len);
  return g_utf8_make_valid (all->str, (gssize) all->len);
}

char *
oci_capture_steal_head (OciCapture *self)
{
  self->head_size = self->head_max = 0;
  return g_steal_pointer (&self->head);
}
