/* Output of any length in bounded memory: the start, and the end, which is where a traceback has
 * its message. */
#pragma once

#include <glib.h>
#include <stdint.h>

G_BEGIN_DECLS

typedef struct
{
  char *head; /* allocated once, so that no copies of a secret are left behind; ended by NUL */
  size_t head_size;
  size_t head_max;
  GString *tail;
  size_t tail_max;
  uint64_t dropped; /* bytes between them */
} OciCapture;

/** Keeps so many bytes of the start and of the end. */
void oci_capture_init (OciCapture *self, size_t head_max, size_t tail_max);

/** Overwrites the start. One of zeros is cleared already. */
void oci_capture_clear (OciCapture *self);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (OciCapture, oci_capture_clear)

void oci_capture_take (OciCapture *self, const char *data, size_t len);

/** Returns: (transfer full): UTF-8 made valid, with a note where the middle is left out */
char *oci_capture_text (const OciCapture *self);

/** Returns: (transfer full): the start as it came, with a NUL after it; the capture has none then
 */
char *oci_capture_steal_head (OciCapture *self);

G_END_DECLS
