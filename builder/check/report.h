/* Adds a finding about a file of an image. */
#pragma once

#include "builder/check/finding.h"
#include "builder/facts/image-view.h"

G_BEGIN_DECLS

/**
 * terrane_report_finding:
 * @node: (nullable): the file that it is about
 * @fix: (nullable): what to do
 * @format: the message
 *
 * Adds a finding to @findings, with the path of @node and the tree that it is from.
 */
void terrane_report_finding (const TerraneImageView *view, TerraneFindings *findings,
                             const char *id, TerraneSeverity severity, const TerraneNode *node,
                             const char *fix, const char *format, ...) G_GNUC_PRINTF (7, 8);

G_END_DECLS
