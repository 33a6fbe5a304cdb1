#include "builder/cli/deploy-report.h"

#include "builder/cli/destination.h"
#include "builder/cli/terminal.h"

#include <string.h>

static const char *
text_of (const json_t *object, const char *member)
{
  const char *text = json_string_value (json_object_get (object, member));
  return text != NULL ? text : "";
}

static void
print_deployment (const json_t *deployment, const json_t *before)
{
  const json_t *push = json_object_get (deployment, "push");
  gboolean unchanged = strcmp (text_of (deployment, "result"), "unchanged") == 0;
  if (!json_equal (push, json_object_get (before, "push"))) /* otherwise both have one repository */
    terrane_destination_print_push (push);
  if (unchanged)
    terrane_print ("%s in %s: nothing to do, the alias %s has this image already\n",
                   text_of (deployment, "function"), text_of (deployment, "region"),
                   text_of (deployment, "alias"));
  else
    terrane_print ("%s in %s: version %s, before it %s; %s\n", text_of (deployment, "function"),
                   text_of (deployment, "region"), text_of (deployment, "version"),
                   text_of (deployment, "version_before"), text_of (deployment, "traffic"));
  terrane_print ("%s\n", text_of (deployment, "version_arn"));
}

void
terrane_deploy_report_print (const json_t *report)
{
  const json_t *list = json_object_get (report, "deployments");
  for (size_t i = 0; i < json_array_size (list); i++)
    print_deployment (json_array_get (list, i), i > 0 ? json_array_get (list, i - 1) : NULL);
}

static void
print_step (const json_t *step)
{
  const char *what = text_of (step, "do");
  if (strcmp (what, "push") == 0)
    terrane_print ("push %s\n", text_of (step, "reference"));
  else if (strcmp (what, "wait") == 0)
    terrane_print ("wait %.10g s\n",
                   (double) json_integer_value (json_object_get (step, "ms")) / 1000);
  else
    {
      const char *body = text_of (step, "body");
      terrane_print ("%s\n  %s %s\n", text_of (step, "operation"), text_of (step, "method"),
                     text_of (step, "url"));
      if (body[0] != '\0')
        terrane_print ("  %s\n", body);
    }
}

void
terrane_deploy_report_print_plan (const json_t *plan)
{
  const json_t *steps = json_object_get (plan, "plan");
  for (size_t i = 0; i < json_array_size (steps); i++)
    print_step (json_array_get (steps, i));
}
