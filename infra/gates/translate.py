"""Writes the CloudFormation template that SAM makes of a SAM template. Usage: translate.py template.yaml translated.json

Needs AWS_DEFAULT_REGION; nothing of the region ends up in the result."""

import json
import sys

from samcli.yamlhelper import yaml_parse
from samtranslator.public.translator import ManagedPolicyLoader  # noqa: F401
from samtranslator.translator.transform import transform


class NoManagedPolicies:
    """Policies are written out in the template, so none is looked up by name."""

    def load(self):
        return {}


def translate(text):
    """Returns the translation of the SAM template in text; raises what SAM raises."""
    template = yaml_parse(text)
    for resource in template["Resources"].values():
        if resource["Type"] == "AWS::Serverless::Function":
            resource["Properties"]["CodeUri"] = "s3://artifacts/bootstrap.zip"
    return transform(template, {}, NoManagedPolicies())


if __name__ == "__main__":
    source, target = sys.argv[1:]
    with open(source, encoding="utf-8") as file:
        translated = translate(file.read())
    with open(target, "w", encoding="utf-8") as file:
        json.dump(translated, file, indent=1)
