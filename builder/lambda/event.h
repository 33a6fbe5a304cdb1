/* Events: what Lambda refuses before any function sees it. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/**
 * terrane_event_take:
 * @payload: what was given
 *
 * Returns: (transfer full) (nullable): the event, which is {} when nothing was given;
 *   %OCI_ERROR_FORMAT when it is not JSON (RFC 8259)
 */
GBytes *terrane_event_take (GBytes *payload, GError **error);

/** The same for what the user wrote: the message also says which line is wrong, and what to do. */
GBytes *terrane_event_read (GBytes *payload, GError **error);

G_END_DECLS
