#include "builder/python/index-html.h"

#include "builder/python/index-link.h"
#include "oci/http/credentials.h"
#include "oci/http/url.h"

#include <libxml/HTMLparser.h>
#include <string.h>

enum
{
  MAX_DEPTH = 256, /* of open elements: libxml2 searches all of them at each end tag */
};

typedef struct
{
  htmlParserCtxtPtr context;
  char *base; /* that links are relative to; may have a user and a password */
  gboolean base_is_set;
  gboolean is_index; /* it says so, even without a file */
  GPtrArray *files;
  GError *error;
} Page;

static void
context_free (htmlParserCtxtPtr context)
{
  if (context != NULL && context->myDoc != NULL)
    xmlFreeDoc (context->myDoc);
  htmlFreeParserCtxt (context);
}
typedef htmlParserCtxt ParserContext;
G_DEFINE_AUTOPTR_CLEANUP_FUNC (ParserContext, context_free)

static void
page_clear (Page *self)
{
  g_clear_pointer (&self->base, oci_secret_free);
  g_clear_pointer (&self->files, g_ptr_array_unref);
  g_clear_error (&self->error);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Page, page_clear)

/* Returns an attribute's value, "" if it has none; NULL if it is missing. */
static const char *
attribute (const xmlChar **attributes, const char *name)
{
  for (; attributes != NULL && attributes[0] != NULL; attributes += 2)
    if (strcmp ((const char *) attributes[0], name) == 0)
      return attributes[1] != NULL ? (const char *) attributes[1] : "";
  return NULL;
}

static gboolean
is_distribution (const char *file_name)
{
  static const char *const suffixes[] = { ".whl", ".tar.gz", ".zip", ".tar.bz2", ".tgz",
                                          ".egg", ".tar.xz", ".tar", ".tar.Z",   ".exe" };
  for (size_t i = 0; i < G_N_ELEMENTS (suffixes); i++)
    if (g_str_has_suffix (file_name, suffixes[i]))
      return TRUE;
  return FALSE;
}

static void
read_anchor (Page *self, const xmlChar **attributes)
{
  const char *link = attribute (attributes, "href");
  const char *requires_python = attribute (attributes, "data-requires-python");
  g_autofree char *trimmed = link != NULL ? g_strstrip (g_strdup (link)) : NULL;
  g_autoptr (TerraneIndexFile) file =
      trimmed != NULL ? terrane_index_link_read (self->base, trimmed, NULL) : NULL;
  if (file == NULL || !is_distribution (file->file_name))
    return;
  if (requires_python != NULL && requires_python[0] != '\0')
    file->requires_python = g_strdup (requires_python);
  file->yanked = g_strdup (attribute (attributes, "data-yanked"));
  g_ptr_array_add (self->files, g_steal_pointer (&file));
  (void) terrane_index_check_count (self->files->len, &self->error); /* the caller checks it */
}

/* HTML: only the first <base> is used. An invalid one is ignored, and so is one that leads from a
 * server to local files. */
static void
read_base (Page *self, const xmlChar **attributes)
{
  const char *link = attribute (attributes, "href");
  g_autofree char *trimmed = link != NULL ? g_strstrip (g_strdup (link)) : NULL;
  char *base = trimmed != NULL && !self->base_is_set
                   ? oci_url_resolve_base (self->base, trimmed, NULL)
                   : NULL;
  if (base == NULL)
    return;
  if (g_str_has_prefix (base, "file:") && !g_str_has_prefix (self->base, "file:"))
    {
      g_free (base);
      return;
    }
  oci_secret_free (self->base);
  self->base = base;
  self->base_is_set = TRUE;
}

static void
read_meta (Page *self, const xmlChar **attributes)
{
  const char *name = attribute (attributes, "name");
  const char *content = attribute (attributes, "content");
  if (name == NULL || content == NULL || strcmp (name, "pypi:repository-version") != 0)
    return;
  self->is_index = TRUE;
  (void) terrane_index_check_version (content, &self->error); /* the caller checks it */
}

static void
start_element (void *data, const xmlChar *element, const xmlChar **attributes)
{
  Page *self = data;
  const char *name = (const char *) element;
  if (self->error != NULL)
    return;
  if (strcmp (name, "a") == 0)
    read_anchor (self, attributes);
  else if (strcmp (name, "base") == 0)
    read_base (self, attributes);
  else if (strcmp (name, "meta") == 0)
    read_meta (self, attributes);
  if (self->error == NULL && self->context->nameNr > MAX_DEPTH)
    (void) oci_throw (&self->error, OCI_ERROR_LIMIT, "the page is nested deeper than %d elements",
                      MAX_DEPTH); /* the caller checks it */
  if (self->error != NULL)
    xmlStopParser (self->context);
}

/* An index without a meta element and without a file of the project still has this headline. */
static void
characters (void *data, const xmlChar *text, int len)
{
  static const char headline[] = "Links for ";
  Page *self = data;
  size_t size = strlen (headline);
  if ((size_t) len >= size && memcmp (text, headline, size) == 0)
    self->is_index = TRUE;
}

GPtrArray *
terrane_index_html_parse (const char *url, GBytes *data, GError **error)
{
  gsize size = 0;
  const char *text = g_bytes_get_data (data, &size);
  g_auto (Page) page = { .base = g_strdup (url) };
  g_autoptr (ParserContext) context = htmlNewParserCtxt ();
  if (context == NULL)
    g_error ("out of memory while reading a page");
  if (size > G_MAXINT)
    {
      oci_throw (error, OCI_ERROR_LIMIT, "the page has %zu bytes", size);
      return NULL;
    }
  page.files = g_ptr_array_new_with_free_func ((GDestroyNotify) terrane_index_file_free);
  page.context = context;
  /* Elements are handled as they come: a tree of PyPI's largest pages has hundreds of MB. */
  *context->sax = (xmlSAXHandler){ .startElement = start_element, .characters = characters };
  context->userData = &page;
  (void) htmlCtxtReadMemory (context, size > 0 ? text : "", (int) size, NULL, "UTF-8",
                             HTML_PARSE_RECOVER | HTML_PARSE_NOERROR | HTML_PARSE_NOWARNING
                                 | HTML_PARSE_NONET | HTML_PARSE_NODEFDTD
                                 | HTML_PARSE_IGNORE_ENC); /* any text is HTML; no tree is built */
  if (page.error != NULL)
    {
      g_propagate_error (error, g_steal_pointer (&page.error));
      return NULL;
    }
  if (page.files->len == 0 && !page.is_index)
    {
      oci_throw (error, OCI_ERROR_FORMAT,
                 "the index answered with a web page that lists no files; check its URL (it often "
                 "ends with /simple), and whether it wants a login");
      return NULL;
    }
  return g_steal_pointer (&page.files);
}
