/* Checks events as Lambda does before a function receives them. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/**
 * terrane_event_take:
 * @payload: the event as given
 *
 * Returns: (transfer full): the event, {} if @payload is empty
 * Errors: %OCI_ERROR_FORMAT if it is not JSON (RFC 8259).
 */
GBytes *terrane_event_take (GBytes *payload, GError **error);

/** Like terrane_event_take() for a payload that the user wrote: the message also names the wrong
 * line, and what to do. Returns: (transfer full): likewise. Errors: %OCI_ERROR_FORMAT. */
GBytes *terrane_event_read (GBytes *payload, GError **error);

G_END_DECLS
