"""Makes, of the template that SAM translated, one that the emulator creates in full.

Four things change, all by type and none by name, and each is listed in the answer:
  - the Body of an HTTP API becomes Route, Integration and Authorizer resources, since the emulator drops it in silence;
  - what the emulator refuses is left out (REFUSED, with the emulator's own words);
  - an alarm on metric math, which the emulator does not know, becomes one on its first metric;
  - functions run on this machine: their architecture, and their code from the bucket of the deployment.
Everything else that the emulator drops is created as it stands and put right afterwards (apply.py).
"""

import copy
import platform
import re

ARTIFACTS = "kexin-artifacts"

# What the emulator does not create, by type and, where only some resources of a type are meant, a property that they have; and why the walk
# loses nothing by it. An entry that no template uses is an error.
REFUSED = {
    ("AWS::Budgets::Budget", ""): "Unrecognized resource types; it sends mail about money and no part of the walk meets it",
}

_WORD = re.compile(r"[^A-Za-z0-9]+")
_METHODS = {"get", "put", "post", "delete", "options", "head", "patch", "x-amazon-apigateway-any-method"}


class Underivable(Exception):
    """The template uses what this module does not know how to turn into resources."""


def architecture():
    """The name that Lambda gives this machine's processor."""
    return {"x86_64": "x86_64", "aarch64": "arm64"}[platform.machine()]


def refused(resource):
    """The entry of REFUSED that a resource falls under; None for one that the emulator creates."""
    for kind, member in REFUSED:
        if resource["Type"] == kind and (not member or member in resource.get("Properties", {})):
            return kind, member
    return None


def derive(translated, code):
    """Returns the derived template and a list of what was changed. code gives each function's key in the bucket ARTIFACTS."""
    template, changed = copy.deepcopy(translated), []
    resources = template["Resources"]
    for identity, resource in list(resources.items()):
        kind = resource["Type"]
        entry = refused(resource)
        if entry:
            del resources[identity]
            changed.append(f"{identity}: {kind} left out: {REFUSED[entry]}")
        elif kind == "AWS::CloudWatch::Alarm" and "Metrics" in resource["Properties"]:
            simplify(resource["Properties"])
            changed.append(f"{identity}: metric math is not supported: an alarm on the first of its metrics")
        elif kind == "AWS::Lambda::Function":
            resource["Properties"]["Code"] = {"S3Bucket": ARTIFACTS, "S3Key": code[identity]}
            resource["Properties"]["Architectures"] = [architecture()]
            changed.append(f"{identity}: built for {architecture()}")
        elif kind == "AWS::ApiGatewayV2::Api" and "Body" in resource["Properties"]:
            expand(resources, identity, resource)
            changed.append(f"{identity}: Body became resources")
    _without_dangling(translated, template)
    return template, changed


def simplify(alarm):
    """Makes an alarm on metric math one on its first metric, so that everything else of it is there to be referred to and compared."""
    first = next(part["MetricStat"] for part in alarm.pop("Metrics") if "MetricStat" in part)
    alarm |= {"MetricName": first["Metric"]["MetricName"], "Namespace": first["Metric"]["Namespace"], "Statistic": first["Stat"], "Period": first["Period"]}


def _without_dangling(translated, derived):
    """Refuses a template in which something kept refers to something left out, rather than guessing."""
    gone = set(translated["Resources"]) - set(derived["Resources"])
    for identity, resource in derived["Resources"].items():
        text = repr(resource)
        for name in gone:
            if f"'{name}'" in text or "${" + name + "}" in text or "${" + name + "." in text:
                raise Underivable(f"{identity} refers to {name}, which is left out")


def operations(body):
    """The operations of an HTTP API's Body: (route key, path, method, operation)."""
    for path, methods in sorted(body["paths"].items()):
        for method, operation in sorted(methods.items()):
            if method not in _METHODS:
                raise Underivable(f"{path}: {method}")
            verb = "ANY" if method == "x-amazon-apigateway-any-method" else method.upper()
            yield ("$default" if path == "/$default" else f"{verb} {path}"), path, method, operation


def security(body, operation):
    """The name of the authorizer that an operation wants; None for nobody's token."""
    wanted = operation.get("security", body.get("security", []))
    names = [name for entry in wanted for name in entry if name != "NONE"]
    if len(names) > 1:
        raise Underivable(f"several authorizers: {names}")
    return names[0] if names else None


def authorizers(body):
    """The authorizers of a Body by name, in the words of AWS::ApiGatewayV2::Authorizer."""
    found = {}
    for name, scheme in body.get("components", {}).get("securitySchemes", {}).items():
        declared = scheme["x-amazon-apigateway-authorizer"]
        if declared["type"] != "jwt":
            raise Underivable(f"authorizer {name} of type {declared['type']}")
        settings = declared["jwtConfiguration"]
        source = declared["identitySource"]
        found[name] = {"AuthorizerType": "JWT", "Name": name, "IdentitySource": source if isinstance(source, list) else [source],
                       "JwtConfiguration": {"Issuer": settings["issuer"], "Audience": settings["audience"]}}
    return found


def integration(operation):
    """An operation's integration, in the words of AWS::ApiGatewayV2::Integration."""
    declared = dict(operation["x-amazon-apigateway-integration"])
    names = {"type": "IntegrationType", "uri": "IntegrationUri", "httpMethod": "IntegrationMethod",
             "payloadFormatVersion": "PayloadFormatVersion", "timeoutInMillis": "TimeoutInMillis"}
    unknown = set(declared) - set(names)
    if unknown:
        raise Underivable(f"integration with {sorted(unknown)}")
    found = {names[key]: value for key, value in declared.items()}
    found["IntegrationType"] = found["IntegrationType"].upper()
    return found


def expand(resources, identity, api):
    """Replaces the Body of an API by resources of its own."""
    body = api["Properties"].pop("Body")
    api["Properties"].setdefault("Name", body["info"]["title"])
    api["Properties"].setdefault("ProtocolType", "HTTP")
    for server in body.get("servers", []):
        api["Properties"]["DisableExecuteApiEndpoint"] = server["x-amazon-apigateway-endpoint-configuration"]["disableExecuteApiEndpoint"]
    link = {"ApiId": {"Ref": identity}}
    names = {}
    for name, settings in authorizers(body).items():
        names[name] = f"{identity}Authorizer{_WORD.sub('', name)}"
        resources[names[name]] = {"Type": "AWS::ApiGatewayV2::Authorizer", "Properties": {**link, **settings}}
    for number, (key, _, _, operation) in enumerate(operations(body)):
        target = f"{identity}Integration{number}"
        resources[target] = {"Type": "AWS::ApiGatewayV2::Integration", "Properties": {**link, **integration(operation)}}
        route = {**link, "RouteKey": key, "Target": {"Fn::Sub": "integrations/${" + target + "}"}, "AuthorizationType": "NONE"}
        wanted = security(body, operation)
        if wanted:
            route |= {"AuthorizationType": "JWT", "AuthorizerId": {"Ref": names[wanted]}}
        resources[f"{identity}Route{number}"] = {"Type": "AWS::ApiGatewayV2::Route", "Properties": route}
