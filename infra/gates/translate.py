"""Writes the CloudFormation template that SAM makes of a SAM template. Usage: translate.py template.yaml translated.json"""

import json
import sys

from samcli.yamlhelper import yaml_parse
from samtranslator.public.translator import ManagedPolicyLoader  # noqa: F401
from samtranslator.translator.transform import transform


class NoManagedPolicies:
    """Policies are written out in the template, so none is looked up by name."""

    def load(self):
        return {}


source, target = sys.argv[1:]
with open(source, encoding="utf-8") as file:
    template = yaml_parse(file.read())
for resource in template["Resources"].values():
    if resource["Type"] == "AWS::Serverless::Function":
        resource["Properties"]["CodeUri"] = "s3://artifacts/bootstrap.zip"
with open(target, "w", encoding="utf-8") as file:
    json.dump(transform(template, {}, NoManagedPolicies()), file, indent=1)
