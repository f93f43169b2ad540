"""Holds what is deployed against what the real template asks for, property by property, both ways."""

import fnmatch
import json
import os

from describe import ATTRIBUTES, DESCRIBERS, PLACED
from derive import ARTIFACTS, REFUSED, architecture, refused

HERE = os.path.dirname(os.path.abspath(__file__))
SEPARATOR = " > "

# Types that the derived template adds, and what of the real template they come from.
ADDED = {"AWS::ApiGatewayV2::Route": "Body", "AWS::ApiGatewayV2::Integration": "Body", "AWS::ApiGatewayV2::Authorizer": "Body"}


def flatten(value, path=()):
    """The leaves of a value by their path; empty lists and mappings are leaves."""
    if isinstance(value, dict) and value:
        for name, member in value.items():
            yield from flatten(member, (*path, str(name)))
    elif isinstance(value, list) and value:
        for number, member in enumerate(value):
            yield from flatten(member, (*path, str(number)))
    elif path:
        yield SEPARATOR.join(path), leaf(value)


def leaf(value):
    """A leaf as text, since CloudFormation takes 1 for "1" and true for "true"."""
    if isinstance(value, bool):
        return str(value).lower()
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)


# The property that names a resource, which CloudFormation draws where the template gives none.
NAMES = {"AWS::CloudWatch::Alarm": "AlarmName", "AWS::CloudWatch::Dashboard": "DashboardName", "AWS::IAM::Role": "RoleName",
         "AWS::Lambda::Function": "FunctionName", "AWS::Logs::LogGroup": "LogGroupName", "AWS::Scheduler::Schedule": "Name", "AWS::SNS::Topic": "TopicName"}


class Exceptions:
    """The entries of untold.json. Each must be used, or it says something that is no longer so."""

    def __init__(self, entries):
        self.entries, self.used = entries, set()
        for entry in entries:
            if not entry.get("reason"):
                raise ValueError(f"no reason given: {entry}")

    def covers(self, kind, path, wanted, found):
        """Whether an entry says that this leaf cannot be compared: one that is not told, or a default that the service adds."""
        for number, entry in enumerate(self.entries):
            if entry["type"] != kind or not fnmatch.fnmatchcase(path, entry["path"]):
                continue
            if "default" in entry:
                fits = wanted is None and fnmatch.fnmatchcase(found, entry["default"])
            else:
                fits = found is None
            if fits:
                self.used.add(number)
                return True
        return False

    def unused(self):
        return [entry for number, entry in enumerate(self.entries) if number not in self.used]


def untold():
    with open(os.path.join(HERE, "untold.json"), encoding="utf-8") as file:
        return Exceptions(json.load(file))


def wanted(kind, properties, code):
    """What the real template asks for, with the two members that deriving changes."""
    properties = dict(properties)
    properties.pop("FailOnWarnings", None)  # how CloudFormation reads the Body; nothing is deployed of it
    if kind == "AWS::Lambda::Function":
        properties |= {"Code": {"Sha256": code}, "Architectures": [architecture()]}
    if "Tags" in properties and isinstance(properties["Tags"], list):
        properties["Tags"] = sorted(properties["Tags"], key=lambda tag: tag["Key"])
    if kind == "AWS::CloudWatch::Dashboard" and isinstance(properties["DashboardBody"], str):
        properties["DashboardBody"] = json.loads(properties["DashboardBody"])
    return properties


def differences(kind, expected, actual, exceptions):
    """One line for each leaf that is not the same."""
    left, right = dict(flatten(expected)), dict(flatten(actual))
    if NAMES.get(kind) not in left:
        right.pop(NAMES.get(kind), None)
    for path in sorted(set(left) | set(right)):
        want, found = left.get(path), right.get(path)
        if want != found and not exceptions.covers(kind, path, want, found):
            yield f"{path}: the template says {want}, deployed is {found}"


def describe(clients, kind, physical, expected):
    if kind in PLACED:
        return PLACED[kind](clients, physical, expected)
    return DESCRIBERS[kind](clients, physical)


def inventory(clients):
    """Everything of the types that can be listed, as (type, physical id)."""
    def pages(service, call, member, name):
        for page in clients[service].get_paginator(call).paginate():
            for item in page[member]:
                yield item if name is None else item[name]

    listed = {"AWS::Lambda::Function": pages("lambda", "list_functions", "Functions", "FunctionName"),
              "AWS::Lambda::EventSourceMapping": pages("lambda", "list_event_source_mappings", "EventSourceMappings", "UUID"),
              "AWS::DynamoDB::Table": pages("dynamodb", "list_tables", "TableNames", None),
              "AWS::SQS::Queue": pages("sqs", "list_queues", "QueueUrls", None) if clients["sqs"].list_queues().get("QueueUrls") else (),
              "AWS::Scheduler::Schedule": pages("scheduler", "list_schedules", "Schedules", "Name"),
              "AWS::IAM::Role": pages("iam", "list_roles", "Roles", "RoleName"),
              "AWS::S3::Bucket": (item["Name"] for item in clients.objects.list_buckets()["Buckets"]),
              "AWS::ApiGatewayV2::Api": (item["ApiId"] for item in clients["apigatewayv2"].get_apis()["Items"])}
    return {(kind, physical) for kind, found in listed.items() for physical in found if physical != ARTIFACTS}


def compare(deployed, clients, exceptions):
    """Every difference between a deployment and its real template, as lines."""
    found = []
    for identity, (kind, properties) in sorted(deployed.expected().items()):
        if identity not in deployed.resources:
            found.append(f"{identity}: {kind} is not deployed")
        elif kind not in DESCRIBERS and kind not in PLACED:
            found.append(f"{identity}: nothing here can describe a {kind}")
        else:
            expected = wanted(kind, properties, deployed.code.get(identity))
            actual = describe(clients, kind, deployed.resources[identity][1], expected)
            found += [f"{identity}: {line}" for line in differences(kind, expected, actual, exceptions)]
    for identity, (kind, _) in sorted(deployed.resources.items()):
        if identity not in deployed.expected() and kind not in ADDED:
            found.append(f"{identity}: {kind} is deployed, but not in the template")
    own = {(kind, physical) for kind, physical in deployed.resources.values()}
    found += [f"{physical}: {kind} is there, but not of this deployment" for kind, physical in sorted(inventory(clients) - own)]
    found += [f"untold.json: {entry['type']} {entry['path']} was not needed" for entry in exceptions.unused()]
    seen = {refused(resource) for resource in deployed.template["Resources"].values()}
    found += [f"derive.py: {' with '.join(filter(None, entry))} is left out, but the template has none" for entry in sorted(set(REFUSED) - seen)]
    return found


def attribute(clients, kind, physical, name):
    """What Fn::GetAtt gives."""
    return ATTRIBUTES[kind, name](clients, physical)
