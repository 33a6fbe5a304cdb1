/* The states of a Lambda runtime, and the paths of its API. */
#include "builder/lambda/runtime-api.h"

#include "testing.h"

#include <string.h>

static TerraneInvocation
make_event (const char *id)
{
  return (TerraneInvocation){ .request_id = g_strdup (id),
                              .payload = g_bytes_new_static ("{}", 2),
                              .deadline_ms = 1,
                              .trace_id = g_strdup ("Root=1") };
}

static void
submit (TerraneRuntime *runtime, const char *id)
{
  g_auto (TerraneInvocation) event = make_event (id);
  terrane_runtime_submit (runtime, &event);
}

/* The result of next() if an event has arrived already. */
static void
assert_next (TerraneRuntime *runtime, const char *id)
{
  g_auto (TerraneInvocation) event = { 0 };
  g_assert_cmpint (terrane_runtime_next (runtime, &event), ==, TERRANE_RUNTIME_OK);
  g_assert_cmpstr (event.request_id, ==, id);
}

static TerraneRuntimeStatus
respond (TerraneRuntime *runtime, const char *id)
{
  g_auto (TerraneAnswer) answer = { .body = g_bytes_new_static ("1", 1) };
  return terrane_runtime_answer (runtime, id, &answer);
}

static TerraneRuntimeStatus
init_error (TerraneRuntime *runtime)
{
  g_auto (TerraneAnswer) answer = { .error_type = g_strdup ("Runtime.X") };
  return terrane_runtime_init_error (runtime, &answer);
}

static void
test_one_event (void)
{
  g_autoptr (TerraneRuntime) runtime = terrane_runtime_new ();
  g_auto (TerraneAnswer) answer = { 0 };
  g_auto (TerraneInvocation) none = { 0 };
  g_assert_cmpint (respond (runtime, "a"), ==, TERRANE_RUNTIME_WRONG_REQUEST_ID);
  submit (runtime, "a");
  g_assert_cmpint (respond (runtime, "a"), ==, TERRANE_RUNTIME_WRONG_STATE); /* not fetched */
  assert_next (runtime, "a");
  g_assert_cmpint (terrane_runtime_next (runtime, &none), ==, TERRANE_RUNTIME_WRONG_STATE);
  g_assert_cmpint (init_error (runtime), ==, TERRANE_RUNTIME_WRONG_STATE);
  g_assert_cmpint (respond (runtime, "b"), ==, TERRANE_RUNTIME_WRONG_REQUEST_ID);
  g_assert_false (terrane_runtime_take_answer (runtime, &answer));
  g_assert_cmpint (respond (runtime, "a"), ==, TERRANE_RUNTIME_OK);
  g_assert_cmpint (respond (runtime, "a"), ==, TERRANE_RUNTIME_WRONG_STATE);
  g_assert_cmpint (terrane_runtime_wait_answer (runtime, 0), ==, TERRANE_RUNTIME_DONE);
  g_assert_true (terrane_runtime_take_answer (runtime, &answer));
  g_assert_cmpuint (g_bytes_get_size (answer.body), ==, 1);
  submit (runtime, "b");
  assert_next (runtime, "b");
  g_assert_cmpint (respond (runtime, "a"), ==, TERRANE_RUNTIME_WRONG_REQUEST_ID);
}

static gpointer
call_next (gpointer data)
{
  TerraneInvocation event = { 0 };
  TerraneRuntimeStatus status = terrane_runtime_next (data, &event);
  terrane_invocation_clear (&event);
  return GINT_TO_POINTER (status);
}

static void
test_waiting (void)
{
  g_autoptr (TerraneRuntime) runtime = terrane_runtime_new ();
  gint64 soon = g_get_monotonic_time () + 1000, late = soon + 60 * G_USEC_PER_SEC;
  g_assert_cmpint (terrane_runtime_wait_ready (runtime, soon), ==, TERRANE_RUNTIME_TIMEOUT);
  GThread *thread = g_thread_new ("next", call_next, runtime);
  g_assert_cmpint (terrane_runtime_wait_ready (runtime, late), ==, TERRANE_RUNTIME_DONE);
  submit (runtime, "a");
  g_assert_cmpint (GPOINTER_TO_INT (g_thread_join (thread)), ==, TERRANE_RUNTIME_OK);
  soon = g_get_monotonic_time () + 1000;
  g_assert_cmpint (terrane_runtime_wait_answer (runtime, soon), ==, TERRANE_RUNTIME_TIMEOUT);
  g_assert_cmpint (respond (runtime, "a"), ==, TERRANE_RUNTIME_OK);
  thread = g_thread_new ("next", call_next, runtime);
  g_assert_cmpint (terrane_runtime_wait_ready (runtime, late), ==, TERRANE_RUNTIME_DONE);
  terrane_runtime_end (runtime);
  g_assert_cmpint (GPOINTER_TO_INT (g_thread_join (thread)), ==, TERRANE_RUNTIME_CLOSED);
  g_assert_cmpint (respond (runtime, "a"), ==, TERRANE_RUNTIME_CLOSED);
  g_assert_cmpint (terrane_runtime_wait_ready (runtime, late), ==, TERRANE_RUNTIME_ENDED);
  /* An answer that came before the end counts. */
  g_assert_cmpint (terrane_runtime_wait_answer (runtime, late), ==, TERRANE_RUNTIME_DONE);
}

/* Has no room at first. */
static gboolean
append_part (const char *bytes, size_t len, gpointer data)
{
  static gboolean room = FALSE;
  room = !room;
  if (!room)
    g_string_append_len (data, bytes, (gssize) len);
  return !room;
}

static gboolean
take_nothing (G_GNUC_UNUSED const char *bytes, G_GNUC_UNUSED size_t len, gpointer data)
{
  g_atomic_int_inc ((int *) data);
  return FALSE;
}

static gpointer
stream_one (gpointer data)
{
  terrane_runtime_stream (data, "1", 1);
  return NULL;
}

/* Waiting for room has a limit. */
static void
test_no_room (void)
{
  int asked = 0;
  g_autoptr (TerraneRuntime) runtime = terrane_runtime_new ();
  g_auto (TerraneInvocation) event = make_event ("a");
  event.stream = take_nothing;
  event.stream_data = &asked;
  terrane_runtime_submit (runtime, &event);
  assert_next (runtime, "a");
  g_assert_true (terrane_runtime_begin_stream (runtime, "a"));
  GThread *thread = g_thread_new ("stream", stream_one, runtime);
  while (g_atomic_int_get (&asked) < 3)
    g_usleep (1000);
  terrane_runtime_end (runtime);
  g_thread_join (thread);
}

static void
test_stream (void)
{
  g_autoptr (TerraneRuntime) runtime = terrane_runtime_new ();
  g_autoptr (GString) got = g_string_new (NULL);
  g_auto (TerraneAnswer) end = { .body = g_bytes_new_static ("", 0) }, answer = { 0 };
  g_auto (TerraneInvocation) event = make_event ("a"), none = { 0 };
  submit (runtime, "x");
  assert_next (runtime, "x");
  g_assert_false (terrane_runtime_begin_stream (runtime, "x")); /* without a receiver */
  g_assert_cmpint (respond (runtime, "x"), ==, TERRANE_RUNTIME_OK);
  event.stream = append_part;
  event.stream_data = got;
  terrane_runtime_submit (runtime, &event);
  g_assert_false (terrane_runtime_begin_stream (runtime, "a")); /* not fetched */
  assert_next (runtime, "a");
  g_assert_false (terrane_runtime_begin_stream (runtime, "x"));
  g_assert_true (terrane_runtime_begin_stream (runtime, "a"));
  g_assert_false (terrane_runtime_begin_stream (runtime, "a"));
  terrane_runtime_stream (runtime, "12", 2);
  g_assert_cmpint (respond (runtime, "a"), ==, TERRANE_RUNTIME_WRONG_STATE);
  g_assert_cmpint (terrane_runtime_next (runtime, &none), ==, TERRANE_RUNTIME_WRONG_STATE);
  terrane_runtime_stream (runtime, "3", 1);
  g_assert_false (terrane_runtime_take_answer (runtime, &answer));
  g_assert_cmpint (terrane_runtime_end_stream (runtime, &end), ==, TERRANE_RUNTIME_OK);
  g_assert_true (terrane_runtime_take_answer (runtime, &answer));
  g_assert_true (answer.streamed);
  g_assert_cmpstr (got->str, ==, "123");
  terrane_runtime_end (runtime);
  terrane_runtime_stream (runtime, "4", 1);
  g_assert_cmpstr (got->str, ==, "123");
  g_assert_cmpint (terrane_runtime_end_stream (runtime, &end), ==, TERRANE_RUNTIME_CLOSED);
}

static void
test_init_error (void)
{
  g_autoptr (TerraneRuntime) runtime = terrane_runtime_new ();
  g_auto (TerraneAnswer) answer = { 0 };
  g_auto (TerraneInvocation) none = { 0 };
  gint64 late = g_get_monotonic_time () + 60 * G_USEC_PER_SEC;
  g_assert_cmpint (init_error (runtime), ==, TERRANE_RUNTIME_OK);
  g_assert_cmpint (init_error (runtime), ==, TERRANE_RUNTIME_WRONG_STATE);
  g_assert_cmpint (terrane_runtime_next (runtime, &none), ==, TERRANE_RUNTIME_WRONG_STATE);
  terrane_runtime_end (runtime); /* the process exits afterwards */
  g_assert_cmpint (terrane_runtime_wait_ready (runtime, late), ==, TERRANE_RUNTIME_FAILED);
  g_assert_true (terrane_runtime_take_answer (runtime, &answer));
  g_assert_cmpstr (answer.error_type, ==, "Runtime.X");
}

static void
test_paths (void)
{
  static const struct
  {
    const char *method, *path, *id;
    TerraneApiCall call;
  } rows[] = {
    { "GET", "/2018-06-01/runtime/invocation/next", NULL, TERRANE_API_NEXT },
    { "POST", "/2018-06-01/runtime/invocation/next", NULL, TERRANE_API_WRONG_METHOD },
    { "POST", "/2018-06-01/runtime/invocation/a-1/response", "a-1", TERRANE_API_RESPONSE },
    { "POST", "/2018-06-01/runtime/invocation/a-1/error", "a-1", TERRANE_API_ERROR },
    { "GET", "/2018-06-01/runtime/invocation/a-1/error", NULL, TERRANE_API_WRONG_METHOD },
    { "POST", "/2018-06-01/runtime/invocation//error", NULL, TERRANE_API_NONE },
    { "POST", "/2018-06-01/runtime/invocation/a/b/error", NULL, TERRANE_API_NONE },
    { "POST", "/2018-06-01/runtime/invocation/a/errors", NULL, TERRANE_API_NONE },
    { "POST", "/2018-06-01/runtime/init/error", NULL, TERRANE_API_INIT_ERROR },
    { "GET", "/2018-06-01/runtime/init/error", NULL, TERRANE_API_WRONG_METHOD },
    { "GET", "/", NULL, TERRANE_API_NONE },
    { "GET", "", NULL, TERRANE_API_NONE },
  };
  for (size_t i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autofree char *id = NULL;
      g_assert_cmpint (terrane_runtime_api_parse (rows[i].method, rows[i].path, &id), ==,
                       rows[i].call);
      g_assert_cmpstr (id, ==, rows[i].id);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/runtime/one-event", test_one_event);
  g_test_add_func ("/runtime/waiting", test_waiting);
  g_test_add_func ("/runtime/stream", test_stream);
  g_test_add_func ("/runtime/no-room", test_no_room);
  g_test_add_func ("/runtime/init-error", test_init_error);
  g_test_add_func ("/runtime/paths", test_paths);
  return g_test_run ();
}
