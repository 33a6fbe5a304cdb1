#include "builder/cli/prompt.h"

#include "oci/base/fd.h"
#include "oci/http/credentials.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

static const int signals[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGTSTP };

static volatile sig_atomic_t caught;

static void
on_signal (int number)
{
  caught = number;
}

/* While a question is open, these signals wait until the terminal can be restored. */
typedef struct
{
  struct sigaction before[G_N_ELEMENTS (signals)];
  sigset_t mask; /* the mask before */
} Signals;

static void
signals_catch (Signals *self)
{
  struct sigaction action = { .sa_handler = on_signal };
  sigset_t blocked;
  caught = 0;
  (void) sigemptyset (&action.sa_mask);
  (void) sigemptyset (&blocked);
  for (size_t i = 0; i < G_N_ELEMENTS (signals); i++)
    {
      (void) sigaction (signals[i], NULL, &self->before[i]);
      /* Signals that nohup and shells ignore stay ignored. */
      if (self->before[i].sa_handler == SIG_IGN)
        continue;
      (void) sigaction (signals[i], &action, NULL);
      (void) sigaddset (&blocked, signals[i]);
    }
  (void) pthread_sigmask (SIG_BLOCK, &blocked, &self->mask);
}

/* Delivers the signal with its usual effect. */
static void
signals_release (const Signals *self)
{
  int number = caught;
  for (size_t i = 0; i < G_N_ELEMENTS (signals); i++)
    (void) sigaction (signals[i], &self->before[i], NULL);
  (void) pthread_sigmask (SIG_SETMASK, &self->mask, NULL);
  if (number != 0)
    (void) raise (number);
}

/* Sleeps until there is a line or a signal, which is only delivered here. */
static gboolean
read_line (int tty, const sigset_t *mask, char *buffer, size_t size, size_t *out_len,
           GError **error)
{
  struct pollfd poll_fd = { .fd = tty, .events = POLLIN };
  *out_len = 0;
  while (caught == 0)
    {
      if (ppoll (&poll_fd, 1, NULL, mask) < 0)
        {
          if (errno == EINTR)
            continue;
          return oci_throw_errno (error, "waiting for the terminal");
        }
      ssize_t n = read (tty, buffer, size);
      if (n < 0)
        return oci_throw_errno (error, "reading from the terminal");
      *out_len = (size_t) n;
      return TRUE;
    }
  return TRUE;
}

static gboolean
hide (int tty, struct termios *out_before, GError **error)
{
  if (tcgetattr (tty, out_before) < 0)
    return oci_throw_errno (error, "reading the terminal's settings");
  struct termios silent = *out_before;
  silent.c_lflag &= ~(tcflag_t) (ECHO | ECHONL);
  silent.c_lflag |= ICANON | ISIG;
  return tcsetattr (tty, TCSAFLUSH, &silent) == 0
         || oci_throw_errno (error, "changing the terminal's settings");
}

/* Asks once; *@out_len is 0 also after a signal. */
static gboolean
ask (int tty, const char *question, gboolean hidden, const sigset_t *mask, char *buffer,
     size_t *out_len, GError **error)
{
  struct termios before;
  if (hidden && !hide (tty, &before, error))
    return FALSE;
  gboolean ok = oci_write_all (tty, question, strlen (question), error)
                && read_line (tty, mask, buffer, TERRANE_PROMPT_MAX_BYTES + 1, out_len, error);
  if (!hidden)
    return ok;
  (void) tcsetattr (tty, TCSAFLUSH, &before); /* nothing else can be done */
  return oci_write_all (tty, "\n", 1, ok ? error : NULL) && ok;
}

static gboolean
check_line (const char *line, size_t len, GError **error)
{
  if (len == 0)
    return oci_throw (error, OCI_ERROR_USAGE, "no answer on the terminal");
  if (line[len - 1] != '\n' && len >= TERRANE_PROMPT_MAX_BYTES)
    return oci_throw (error, OCI_ERROR_USAGE,
                      "the terminal passes on %d bytes at most; use --password-stdin",
                      TERRANE_PROMPT_MAX_BYTES);
  return TRUE;
}

char *
terrane_prompt (const char *question, gboolean hidden, GError **error)
{
  g_auto (OciFd) tty = open ("/dev/tty", O_RDWR | O_NOCTTY | O_CLOEXEC);
  if (tty < 0)
    {
      oci_throw (error, OCI_ERROR_USAGE, "there is no terminal to ask on");
      return NULL;
    }
  char buffer[TERRANE_PROMPT_MAX_BYTES + 2] = "";
  size_t len = 0;
  gboolean ok, again;
  do
    {
      Signals state;
      signals_catch (&state);
      ok = ask (tty, question, hidden, &state.mask, buffer, &len, error);
      again = caught != 0;
      signals_release (&state);
    }
  while (ok && again);
  char *answer = NULL;
  if (ok && check_line (buffer, len, error))
    answer = g_strndup (buffer, len - (buffer[len - 1] == '\n' ? 1 : 0));
  explicit_bzero (buffer, sizeof buffer);
  return answer;
}
