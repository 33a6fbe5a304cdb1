/* Output of any length: the start and the end, which is where a traceback has its message. */
#pragma once

#include <glib.h>
#include <stdint.h>

G_BEGIN_DECLS

typedef struct
{
  GString *head;
  GString *tail;
  uint64_t dropped;
} TerraneCapture;

void terrane_capture_init (TerraneCapture *self);
void terrane_capture_clear (TerraneCapture *self);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (TerraneCapture, terrane_capture_clear)

void terrane_capture_take (TerraneCapture *self, const char *data, size_t len);

/** Returns: (transfer full): UTF-8 made valid, with a note where something is left out */
char *terrane_capture_text (const TerraneCapture *self);

G_END_DECLS
