"""Deploys a translated template to the emulator, compares, or takes it away. Usage: emulated.py deploy|compare|deploy+compare|delete STATE

STATE is a folder with settings.json: endpoint, objects (addresses), access, secret, stack, translated (file), parameters (mapping), code (a
folder with LogicalId/bootstrap). deploy writes report.json there: status, failures, resources, attributes, outputs, changed. compare prints
each difference between what is deployed and the translated template, and ends with 1 if there is any.
"""

import base64
import hashlib
import io
import json
import os
import sys
import time
import traceback
import zipfile

from botocore.exceptions import ClientError

import apply
import compare
import derive
from clients import Clients
from describe import ATTRIBUTES
from derive import Underivable
from intrinsics import Context, Unknown, instantiated

PATIENCE = 60  # seconds for a stack operation


class Deployed:
    """One deployment: its real template, its parameters and what was made of them."""

    def __init__(self, settings, clients):
        self.settings, self.clients = settings, clients
        with open(settings["translated"], encoding="utf-8") as file:
            self.template = json.load(file)
        self.packages = {identity: package(os.path.join(settings["code"], identity, "bootstrap"))
                         for identity, resource in self.template["Resources"].items() if resource["Type"] == "AWS::Lambda::Function"}
        self.code = {identity: base64.b64encode(hashlib.sha256(data).digest()).decode() for identity, data in self.packages.items()}
        self._expected = None

    def refresh(self):
        """Reads which resources the stack has: logical id → (type, physical id)."""
        stack = self.settings["stack"]
        found = self.clients["cloudformation"].describe_stack_resources(StackName=stack)["StackResources"]
        self.resources = {item["LogicalResourceId"]: (item["ResourceType"], item["PhysicalResourceId"]) for item in found
                          if item["ResourceStatus"] in ("CREATE_COMPLETE", "UPDATE_COMPLETE")}
        self.stack = self.clients["cloudformation"].describe_stacks(StackName=stack)["Stacks"][0]
        self.context = Context(self.template, self.settings["parameters"], lambda identity: self.resources[identity][1], self.attribute,
                               self.clients.pseudo(stack, self.stack["StackId"]))
        self._expected = None

    def attribute(self, identity, name):
        kind, physical = self.resources[identity]
        return compare.attribute(self.clients, kind, physical, name)

    def expected(self):
        """What the real template asks for, without what the emulator refuses: logical id → (type, properties)."""
        if self._expected is None:
            self._expected = {identity: (resource["Type"], self.context.resolve(resource.get("Properties", {})))
                              for identity, resource in instantiated(self.template, self.context).items() if not derive.refused(resource)}
        return self._expected


def package(path):
    """A zip of one bootstrap, the same bytes whenever the bootstrap is the same."""
    with open(path, "rb") as file:
        data = file.read()
    entry = zipfile.ZipInfo("bootstrap", (1980, 1, 1, 0, 0, 0))
    entry.external_attr, entry.compress_type = 0o100755 << 16, zipfile.ZIP_STORED
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        archive.writestr(entry, data)
    return made.getvalue()


def upload(clients, packages):
    """Puts each package where the derived template says that it is; returns the keys."""
    store, keys = clients["s3"], {}
    if derive.ARTIFACTS not in [item["Name"] for item in store.list_buckets()["Buckets"]]:
        store.create_bucket(Bucket=derive.ARTIFACTS, CreateBucketConfiguration={"LocationConstraint": store.meta.region_name})
    there = {item["Key"] for item in store.list_objects_v2(Bucket=derive.ARTIFACTS).get("Contents", [])}
    for identity, data in packages.items():
        keys[identity] = f"{identity}-{hashlib.sha256(data).hexdigest()[:16]}.zip"
        if keys[identity] not in there:
            store.put_object(Bucket=derive.ARTIFACTS, Key=keys[identity], Body=data)
    return keys


def operate(clients, stack, body, parameters):
    """Creates or updates the stack and waits; returns its status and the reasons of what failed. The template is too large for a request."""
    service = clients["cloudformation"]
    clients["s3"].put_object(Bucket=derive.ARTIFACTS, Key=f"{stack}.json", Body=body.encode())
    address = f"{clients['s3'].meta.endpoint_url}/{derive.ARTIFACTS}/{stack}.json"
    arguments = {"StackName": stack, "TemplateURL": address, "Capabilities": ["CAPABILITY_IAM"],
                 "Parameters": [{"ParameterKey": name, "ParameterValue": str(value)} for name, value in parameters.items()]}
    began = time.time()
    try:
        service.update_stack(**arguments)
    except ClientError as error:
        if "does not exist" in str(error):
            service.create_stack(**arguments)
        elif "No updates are to be performed" not in str(error):
            raise
    while True:
        status = service.describe_stacks(StackName=stack)["Stacks"][0]["StackStatus"]
        if not status.endswith("_IN_PROGRESS"):
            break
        if time.time() - began > PATIENCE:
            raise TimeoutError(f"stack {stack} is {status} after {PATIENCE} s")
        time.sleep(0.2)
    events = service.describe_stack_events(StackName=stack)["StackEvents"]
    return status, [f"{event['LogicalResourceId']}: {event.get('ResourceStatusReason', '')}" for event in events
                    if event["ResourceStatus"].endswith("_FAILED") and event["Timestamp"].timestamp() >= began - 1]


def deploy(settings, clients, state):
    """Deploys, puts right what was dropped, and reports."""
    deployed = Deployed(settings, clients)
    template, changed = derive.derive(deployed.template, upload(clients, deployed.packages))
    body = json.dumps(template)
    with open(os.path.join(state, "derived.json"), "w", encoding="utf-8") as file:
        json.dump(template, file, indent=1)
    status, failures = operate(clients, settings["stack"], body, settings["parameters"])
    report = {"status": status, "failures": failures, "changed": changed}
    if status in ("CREATE_COMPLETE", "UPDATE_COMPLETE"):
        deployed.refresh()
        for identity, (kind, properties) in deployed.expected().items():
            if kind in apply.STEPS:
                apply.STEPS[kind](clients, deployed.resources[identity][1], properties)
        report |= names(deployed)
    with open(os.path.join(state, "report.json"), "w", encoding="utf-8") as file:
        json.dump(report, file, indent=1)
    print(f"{settings['stack']}: {status}")
    return 0


def names(deployed):
    """Physical names and attributes, as references of the template give them."""
    found = {identity: physical for identity, (_, physical) in deployed.resources.items()}
    for (kind, name) in ATTRIBUTES:
        for identity, (own, _) in deployed.resources.items():
            if own == kind and (name != "StreamArn" or "StreamSpecification" in deployed.expected()[identity][1]):
                found[f"{identity}.{name}"] = deployed.attribute(identity, name)
    return {"names": found, "outputs": {item["OutputKey"]: item["OutputValue"] for item in deployed.stack.get("Outputs", [])}}


def judge(settings, clients, _):
    """Prints the differences; 1 if there is any."""
    deployed = Deployed(settings, clients)
    deployed.refresh()
    found = compare.compare(deployed, clients, compare.untold())
    print("\n".join(found) if found else f"{len(deployed.expected())} resources are as the template says")
    return 1 if found else 0


def delete(settings, clients, _):
    """Deletes the stack and waits until it is gone."""
    service, identity = clients["cloudformation"], clients["cloudformation"].describe_stacks(StackName=settings["stack"])["Stacks"][0]["StackId"]
    service.delete_stack(StackName=settings["stack"])
    for _ in range(PATIENCE * 5):
        status = service.describe_stacks(StackName=identity)["Stacks"][0]["StackStatus"]
        if not status.endswith("_IN_PROGRESS"):
            print(f"{settings['stack']}: {status}")
            return 0 if status == "DELETE_COMPLETE" else 1
        time.sleep(0.2)
    raise TimeoutError(f"stack {settings['stack']} is not deleted after {PATIENCE} s")


def main(command, state):
    with open(os.path.join(state, "settings.json"), encoding="utf-8") as file:
        settings = json.load(file)
    clients = Clients(settings["endpoint"], settings["objects"], settings["access"], settings["secret"])
    try:
        for act in command.split("+"):
            ended = {"deploy": deploy, "compare": judge, "delete": delete}[act](settings, clients.anew(), state)
            if ended:
                return ended
        return 0
    except (ClientError, LookupError, TimeoutError, Underivable, Unknown) as error:
        where = traceback.extract_tb(error.__traceback__)[-1 if isinstance(error, LookupError) else 1]
        print(f"{command}: {type(error).__name__} at {os.path.basename(where.filename)}:{where.lineno}: {str(error)[:2000]}", file=sys.stderr)
        return 2


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    sys.exit(main(*sys.argv[1:]))
