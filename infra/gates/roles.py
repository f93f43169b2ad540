"""parliament over every policy of a role: unknown actions, mismatched resources, escalation of privileges. Intrinsic functions are
resolved to what they could be."""

import json
import os
import re

import parliament

from gates import Broken, finding

ACCOUNT, REGION, PARTITION = "123456789012", "eu-central-1", "aws"
ARNS = {
    "AWS::DynamoDB::Table": "arn:aws:dynamodb:{region}:{account}:table/{id}",
    "AWS::KMS::Key": "arn:aws:kms:{region}:{account}:key/00000000-0000-0000-0000-000000000000",
    "AWS::S3::Bucket": "arn:aws:s3:::{lower}",
    "AWS::SQS::Queue": "arn:aws:sqs:{region}:{account}:{id}",
    "AWS::SNS::Topic": "arn:aws:sns:{region}:{account}:{id}",
    "AWS::Lambda::Function": "arn:aws:lambda:{region}:{account}:function:{id}",
    "AWS::Logs::LogGroup": "arn:aws:logs:{region}:{account}:log-group:{id}:*",
}
PSEUDO = {"AWS::Partition": PARTITION, "AWS::AccountId": ACCOUNT, "AWS::Region": REGION, "AWS::URLSuffix": "amazonaws.com", "AWS::StackName": "kexin"}
NOTHING = object()


def named(template, name):
    """What a reference such as Table.Arn, Parameter or AWS::Region stands for."""
    if name in PSEUDO:
        return PSEUDO[name]
    logical, _, attribute = name.partition(".")
    if logical in template.get("Parameters", {}):
        return str(template["Parameters"][logical].get("Default", logical))
    kind = template["Resources"][logical]["Type"]
    if attribute in ("Arn", "StreamArn"):
        arn = ARNS[kind].format(id=logical, lower=logical.lower(), region=REGION, account=ACCOUNT)
        return arn + ("/stream/2026-01-01T00:00:00.000" if attribute == "StreamArn" else "")
    return logical


def resolve(template, value):
    """value with every intrinsic function replaced; statements under a condition of the template are taken as if it held."""
    if isinstance(value, list):
        return [item for item in (resolve(template, item) for item in value) if item is not NOTHING]
    if not isinstance(value, dict):
        return value
    if len(value) == 1:
        (function, argument), = value.items()
        if function == "Ref":
            return NOTHING if argument == "AWS::NoValue" else named(template, argument)
        if function == "Fn::GetAtt":
            return named(template, ".".join(argument))
        if function == "Fn::Sub":
            return re.sub(r"\$\{([^}]+)\}", lambda match: named(template, match[1]), argument)
        if function == "Fn::If":
            return resolve(template, argument[1])
        if function.startswith("Fn::"):
            raise Broken("no way to resolve " + function)
    return {key: resolve(template, item) for key, item in value.items()}


def judge(template):
    found = []
    judged = 0
    for name, resource in sorted(template["Resources"].items()):
        documents = [policy["PolicyDocument"] for policy in resource.get("Properties", {}).get("Policies", [])] if resource["Type"] == "AWS::IAM::Role" else []
        if resource["Type"] == "AWS::IAM::ManagedPolicy":
            documents = [resource["Properties"]["PolicyDocument"]]
        for document in documents:
            judged += 1
            policy = parliament.analyze_policy_string(json.dumps(resolve(template, document)), include_community_auditors=True)
            for one in policy.findings:
                where = one.location if isinstance(one.location, dict) else {}
                found.append(finding(one.issue, name, f"{one.detail} {where.get('string') or where}"))
    if judged == 0:
        raise Broken("no role to judge")
    return found


def roles(paths):
    auditors = os.path.join(os.path.dirname(parliament.__file__), "community_auditors")
    if len([name for name in os.listdir(auditors) if name.endswith(".py")]) < 5:
        raise Broken("parliament has no community auditors")
    found = {}
    for path in paths:
        with open(path, encoding="utf-8") as file:
            found[path] = judge(json.load(file))
    return found
