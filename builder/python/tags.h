/* Tags of the wheels that an image can use: PEP 425, with the platforms manylinux (PEP 513, 571,
 * 599, 600) and musllinux (PEP 656), in the order of the reference implementation
 * (packaging.tags). */
#pragma once

#include "builder/python/target.h"
#include "builder/python/wheel-name.h"

G_BEGIN_DECLS

/* The supported tags of a target, best first. Immutable. */
typedef struct _TerraneTags TerraneTags;

/** Returns: (transfer none): Linux' name of the processor of @target: "x86_64" or "aarch64" */
const char *terrane_tags_machine (const TerranePythonTarget *target);

/**
 * terrane_tags_new:
 * @target: a CPython with a global interpreter lock
 *
 * PEP 425 ("Use"). Platforms are ordered from manylinux or musllinux of the newest C library to the
 * oldest, each followed by its alias (PEP 600: "Legacy manylinux tags"), then "linux".
 *
 * Returns: (transfer full)
 */
TerraneTags *terrane_tags_new (const TerranePythonTarget *target);

void terrane_tags_free (TerraneTags *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (TerraneTags, terrane_tags_free)

/** Returns: (transfer none) (element-type utf8): all tags as "PYTHON-ABI-PLATFORM", best first */
const GPtrArray *terrane_tags_list (const TerraneTags *self);

/**
 * terrane_tags_rank:
 * @python, @abi, @platform: one tag, in lower case
 *
 * Returns: the position of the tag in the list, 0 for the best, or -1 if it is not supported
 */
int terrane_tags_rank (const TerraneTags *self, const char *python, const char *abi,
                       const char *platform);

/** Returns: the best rank in the compressed tag set of @wheel, or -1 */
int terrane_tags_rank_wheel (const TerraneTags *self, const TerraneWheelName *wheel);

/**
 * terrane_tags_explain:
 * @wheel: one that does not match @target
 * @out_distance: (out) (optional): how far it is from a match. An older C library is closer than
 *   another Python, and that is closer than another processor or system
 *
 * Explains why the wheel does not match, for the closest tag of a compressed set. If there are
 * several reasons, the most important is given: a wheel for Windows is for Windows, whatever Python
 * it needs.
 *
 * Returns: (transfer full): words to follow a colon, such as "manylinux_2_28 needs glibc ≥ 2.28,
 *   the base has 2.26"
 */
char *terrane_tags_explain (const TerranePythonTarget *target, const TerraneWheelName *wheel,
                            unsigned *out_distance);

/* Advice about it. */
#define TERRANE_WHEEL_TAG_FIX "install the wheel for the image's Python and platform"

/**
 * terrane_tags_explain_wheel:
 * @name: of the distribution
 * @tags: (element-type utf8): of WHEEL; each may be a compressed set
 *
 * Returns: (transfer full) (nullable): message of a finding if none of @tags matches @target;
 *   otherwise %NULL
 */
char *terrane_tags_explain_wheel (const TerranePythonTarget *target, const char *name,
                                  const GPtrArray *tags);

G_END_DECLS
