/* One pinned project of a requirements file or of an installation report, and a set of them.
 * Markers and versions are text here: who selects wheels evaluates them. */
#pragma once

#include "oci/digest.h"

G_BEGIN_DECLS

typedef struct
{
  char *name;       /* as written */
  char *normalised; /* PEP 503 */
  char *version;    /* (nullable): X of "==X"; NULL only with @url */
  char *url;        /* (nullable): where it is, without fragment: http, https, and in reports
                     * file; may have a user and a password */
  char *marker;     /* (nullable): PEP 508 environment marker */
  GArray *hashes;   /* (element-type OciDigest): SHA-256 of acceptable files, at least one */
  unsigned line;    /* where it starts, from 1; 0 when it comes from a report */
} TerraneRequirement;

/** A requirement without version, URL, marker and hashes. @name is copied. */
TerraneRequirement *terrane_requirement_new (const char *name);
void terrane_requirement_free (TerraneRequirement *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (TerraneRequirement, terrane_requirement_free)

/** Adds @digest unless it is there. */
void terrane_requirement_add_hash (TerraneRequirement *self, const OciDigest *digest);

/** Whether a file with this digest is one that was asked for. */
gboolean terrane_requirement_has_hash (const TerraneRequirement *self, const OciDigest *digest);

/** Whether @version is made of the characters of PEP 440 only, so that it is safe in messages and
 * file names. It need not be a version. */
gboolean terrane_requirement_is_version (const char *version);

/* What a file asks for. URLs may have a user and a password in them: print them by
 * oci_url_quote() only. */
typedef struct
{
  GPtrArray *requirements; /* (element-type TerraneRequirement): in the order of the file */
  char *index_url;         /* (nullable): replaces the default index */
  char **extra_index_urls; /* NULL-terminated: asked besides the primary */
  char **find_links;       /* NULL-terminated: URLs and paths */
  gboolean no_index;       /* only @find_links count */
  char *python_version;    /* (nullable): that a report was made for, such as "3.12" */
  char *platform_machine;  /* (nullable): that a report was made for, such as "x86_64" */
} TerraneRequirements;

TerraneRequirements *terrane_requirements_new (void);
void terrane_requirements_free (TerraneRequirements *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (TerraneRequirements, terrane_requirements_free)

G_END_DECLS
