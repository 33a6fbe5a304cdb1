/* Errors: one domain for everything below the builder, coded by what the caller should do.
 *
 * The comments of functions list the codes that they set after "Errors:". Where %OCI_ERROR_IO is
 * listed, a missing file or directory (ENOENT) is %OCI_ERROR_NOT_FOUND, see oci_throw_errno().
 * "Errors: see the head." refers to the list in the comment at the start of the header. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

#define OCI_ERROR (oci_error_quark ())

/**
 * OciError:
 * @OCI_ERROR_USAGE: the caller or user asked for something impossible: change the request
 * @OCI_ERROR_FORMAT: the input is not the thing it claims to be
 * @OCI_ERROR_CORRUPT: right format, but a digest, size or structure does not match
 * @OCI_ERROR_UNSUPPORTED: valid, but uses a feature this build does not have
 * @OCI_ERROR_LIMIT: valid, but over a stated limit; the message names limit and value
 * @OCI_ERROR_NOT_FOUND: a named object does not exist
 * @OCI_ERROR_EXISTS: a named object exists already
 * @OCI_ERROR_IO: the operating system refused; the message ends with its reason
 * @OCI_ERROR_UNREACHABLE: no connection to a peer could be made
 * @OCI_ERROR_NETWORK: a peer broke the connection, or says that a retry may help
 * @OCI_ERROR_TIMEOUT: a peer took a request, or a connection, and then said nothing for too long
 * @OCI_ERROR_DENIED: a peer refused the credentials or the operation
 * @OCI_ERROR_CANCELLED: the user interrupted
 */
typedef enum
{
  OCI_ERROR_USAGE,
  OCI_ERROR_FORMAT,
  OCI_ERROR_CORRUPT,
  OCI_ERROR_UNSUPPORTED,
  OCI_ERROR_LIMIT,
  OCI_ERROR_NOT_FOUND,
  OCI_ERROR_EXISTS,
  OCI_ERROR_IO,
  OCI_ERROR_UNREACHABLE,
  OCI_ERROR_NETWORK,
  OCI_ERROR_TIMEOUT,
  OCI_ERROR_DENIED,
  OCI_ERROR_CANCELLED,
} OciError;

GQuark oci_error_quark (void);

/**
 * oci_throw:
 * @error: return location, may be %NULL
 * @code: kind of failure
 * @format: message without a trailing full stop or newline; untrusted text goes through oci_quote()
 *
 * Sets @error to @code of %OCI_ERROR.
 *
 * Returns: always %FALSE, so that a failing function can `return oci_throw (error, …)`
 */
gboolean oci_throw (GError **error, OciError code, const char *format, ...) G_GNUC_PRINTF (3, 4);

/** Like oci_throw() with %OCI_ERROR_IO and ": " plus the text of the current errno appended. ENOENT
 * becomes %OCI_ERROR_NOT_FOUND. */
gboolean oci_throw_errno (GError **error, const char *format, ...) G_GNUC_PRINTF (2, 3);

/** Appends to a message what to do about it, if only a caller knows. @error: as oci_throw() left
 * it, may be %NULL */
void oci_error_append (GError **error, const char *format, ...) G_GNUC_PRINTF (2, 3);

/**
 * oci_quote:
 * @text: (nullable): text from outside, any bytes
 *
 * Makes untrusted text safe to print: escapes invalid UTF-8 and characters that would mislead a
 * reader (text.h), removes secrets of this process (redact.h), truncates after 160 bytes, and
 * encloses the result in typographic quotes.
 *
 * Returns: (transfer full): the quoted text
 */
char *oci_quote (const char *text);

/**
 * oci_show:
 * @text: (nullable): an untrusted path or name, any bytes
 *
 * Formats it for a message: unchanged if it cannot be misread, that is, if it is not empty, long
 * or secret, contains nothing that oci_quote() escapes, no spaces, quotes, commas, semicolons or
 * parentheses, and does not end with a full stop or colon. Otherwise like oci_quote().
 *
 * Returns: (transfer full)
 */
char *oci_show (const char *text);

/* Scope-bound context: at scope exit, the prefix is prepended to an error that was set
 * meanwhile. */
typedef struct
{
  GError **error;
  char *prefix;
} OciErrorPrefix;

/** Use OCI_PREFIX(). @error: (nullable): the location that is examined at scope exit. */
OciErrorPrefix oci_error_prefix_new (GError **error, const char *format, ...) G_GNUC_PRINTF (2, 3);
void oci_error_prefix_clear (OciErrorPrefix *self);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (OciErrorPrefix, oci_error_prefix_clear)

/**
 * OCI_PREFIX:
 *
 * At the top of a function: `OCI_PREFIX (error, "layer %u", i);` makes each error that leaves the
 * function start with "layer 3: ".
 */
#define OCI_PREFIX(error, ...)                                                                     \
  g_auto (OciErrorPrefix) G_PASTE (oci_prefix_, __LINE__) G_GNUC_UNUSED =                          \
      oci_error_prefix_new ((error), __VA_ARGS__)

G_END_DECLS
