/* Lists the calls that a deployment makes, without making them. */
#pragma once

#include "builder/deploy/deployment.h"

G_BEGIN_DECLS

/**
 * terrane_deployment_plan:
 * @steps: array: receives {"do": "call", "operation", "method", "url", "body"}, {"do": "push",
 *   "reference"} and {"do": "wait", "ms"}
 * @push: (nullable): reference that the image is pushed to
 *
 * Values that only answers contain are in capitals: BEFORE and NEW for versions, REVISION, SHA256.
 */
void terrane_deployment_plan (const TerraneDeployment *self, const char *push, json_t *steps);

/** Adds one call with its URL and body. */
void terrane_plan_add_call (json_t *steps, const OciLambdaApi *api, const OciLambdaCall *call);

G_END_DECLS
