/* Keeps the first and the last N bytes of output of any length, in bounded memory. A traceback has
 * its message at the end. */
#pragma once

#include <glib.h>
#include <stdint.h>

G_BEGIN_DECLS

typedef struct
{
  char *
      head; /* allocated once, so that no copy of a secret remains in freed memory; ends with NUL */
  size_t head_size;
  size_t head_max;
  GString *tail;
  size_t tail_max;
  uint64_t dropped; /* bytes omitted between head and tail */
} OciCapture;

/** Prepares an empty capture that keeps @head_max bytes of the start and @tail_max of the end. */
void oci_capture_init (OciCapture *self, size_t head_max, size_t tail_max);

/** Frees the capture after overwriting the head. Safe on a zeroed one. */
void oci_capture_clear (OciCapture *self);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (OciCapture, oci_capture_clear)

/** Appends @len bytes of output. */
void oci_capture_take (OciCapture *self, const char *data, size_t len);

/** Returns: (transfer full): the output as valid UTF-8, with a note where the middle was omitted */
char *oci_capture_text (const OciCapture *self);

/** Takes the head out of the capture. Returns: (transfer full): its bytes unchanged, with a NUL
 * appended */
char *oci_capture_steal_head (OciCapture *self);

G_END_DECLS
