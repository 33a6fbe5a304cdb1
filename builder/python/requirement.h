/* One pinned project of a requirements file or of an installation report, and a set of them.
 * Markers and versions are text here: who selects wheels evaluates them. */
#pragma once

#include "builder/python/index-file.h"

G_BEGIN_DECLS

typedef struct
{
  char *name;       /* as written */
  char *normalised; /* PEP 503 */
  char *version;    /* (nullable): X of "==X", when that is all of @specifiers */
  char *specifiers; /* (nullable): of versions, when they are others */
  char *url;        /* (nullable): where it is, without fragment: http, https; may have a user and a
                     * password */
  char *path;       /* (nullable): of the wheel here, instead of @url */
  char *marker;     /* (nullable): PEP 508 environment marker */
  char *requires_python; /* (nullable): versions of Python without which it is a mistake */
  GPtrArray *files; /* (nullable) (element-type TerraneIndexFile): which it may be, instead of all
                     * that places offer; not changed once they are there */
  GArray *hashes;   /* (element-type OciDigest): SHA-256 of acceptable files */
  GPtrArray *long_hashes; /* of char *: "sha384:HEX", "sha512:HEX" of acceptable files */
  GHashTable *accepted;   /* (nullable): SHA-256 of a file in hexadecimal -> the long hash it has */
  gboolean weak_hashes;   /* there were hashes of other algorithms */
  char *fault;            /* (nullable): why it cannot be installed from here. One whose marker does
                           * not hold need not be installed */
  char *file;             /* (nullable): that it is in; NULL when it comes from a report */
  unsigned line;          /* where it starts there, from 1 */
} TerraneRequirement;

/** A requirement without version, URL, marker and hashes. @name is copied. */
TerraneRequirement *terrane_requirement_new (const char *name);
void terrane_requirement_free (TerraneRequirement *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (TerraneRequirement, terrane_requirement_free)

/** Returns: (transfer full) */
TerraneRequirement *terrane_requirement_copy (const TerraneRequirement *self);

/** Where it is, for messages: "FILE line N", or @file without these. Returns: (transfer full) */
char *terrane_requirement_where (const TerraneRequirement *self, const char *file);

/** Adds @digest unless it is there. */
void terrane_requirement_add_hash (TerraneRequirement *self, const OciDigest *digest);

/** Whether a file with this digest is one that was asked for. */
gboolean terrane_requirement_has_hash (const TerraneRequirement *self, const OciDigest *digest);

/** Whether @version is made of the characters of PEP 440 only, so that it is safe in messages and
 * file names. It need not be a version. */
gboolean terrane_requirement_is_version (const char *version);

/* What a pylock.toml says besides its packages. Names are normalised. */
typedef struct
{
  char *requires_python;                     /* (nullable) */
  char **environments;                       /* (nullable): markers, of which one must hold */
  char **extras, **groups, **default_groups; /* NULL-terminated: that there are */
  char **chosen_extras, **chosen_groups;     /* NULL-terminated: that were asked for */
  unsigned minor; /* of the version of the format; of what is newer than 0 not all is known */
} TerranePylock;

/* What a file asks for. URLs may have a user and a password in them: print them by
 * oci_url_quote() only. */
typedef struct
{
  GPtrArray *requirements; /* (element-type TerraneRequirement): in the order of the file */
  GPtrArray *constraints;  /* the same: what they say counts for a requirement of the same name */
  char *index_url;         /* (nullable): replaces the default index */
  char **extra_index_urls; /* NULL-terminated: asked besides the primary */
  char **find_links;       /* NULL-terminated: URLs and paths */
  gboolean no_index;       /* only @find_links count */
  char *python_version;    /* (nullable): that a report was made for, such as "3.12" */
  char *platform_machine;  /* (nullable): that a report was made for, such as "x86_64" */
  TerranePylock *pylock;   /* (nullable): it is a pylock.toml */
} TerraneRequirements;

TerraneRequirements *terrane_requirements_new (void);
void terrane_requirements_free (TerraneRequirements *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (TerraneRequirements, terrane_requirements_free)

G_END_DECLS
