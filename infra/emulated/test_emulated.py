"""Tests of what decides here: CloudFormation's functions, the derivation, and the comparison's eye for differences."""

import unittest
from types import SimpleNamespace

import compare
import derive
from intrinsics import Context, Unknown, instantiated


def context(template, **parameters):
    """A deployment of template whose resources are called after their logical ids."""
    return Context(template, parameters, lambda identity: identity.lower(), lambda identity, name: f"{identity.lower()}:{name}", {"AWS::Region": "eu-central-1"})


class Functions(unittest.TestCase):
    template = {
        "Parameters": {"Mail": {"Type": "String", "Default": ""}, "Days": {"Type": "Number", "Default": 7}, "Names": {"Type": "CommaDelimitedList", "Default": "a,b"}},
        "Conditions": {"WithMail": {"Fn::Not": [{"Fn::Equals": [{"Ref": "Mail"}, ""]}]}, "Never": {"Fn::And": [{"Condition": "WithMail"}, {"Fn::Equals": [1, 2]}]},
                       "Always": {"Fn::Or": [{"Condition": "WithMail"}, {"Fn::Equals": ["1", 1]}]}},
        "Mappings": {"M": {"x": {"y": 3}}},
        "Resources": {"Plain": {"Type": "T"}, "Mailed": {"Type": "T", "Condition": "WithMail"}, "No": {"Type": "T", "Condition": "Never"}},
    }

    def test_values(self):
        c = context(self.template)
        for value, want in [
            ({"Ref": "Days"}, "7"), ({"Ref": "Plain"}, "plain"), ({"Fn::GetAtt": ["Plain", "Arn"]}, "plain:Arn"), ({"Fn::GetAtt": "Plain.A.B"}, "plain:A.B"),
            ({"Fn::Sub": "${Plain}-${Plain.Arn}-${Days}-${!Kept}-${AWS::Region}"}, "plain-plain:Arn-7-${Kept}-eu-central-1"),
            ({"Fn::Sub": ["${own}/${Plain}", {"own": {"Ref": "Days"}}]}, "7/plain"), ({"Fn::Join": ["-", ["a", {"Ref": "Days"}]]}, "a-7"),
            ({"Fn::Select": [1, {"Ref": "Names"}]}, "b"), ({"Fn::Split": ["-", "a-b"]}, ["a", "b"]), ({"Fn::FindInMap": ["M", "x", "y"]}, 3),
            ({"a": {"Fn::If": ["WithMail", 1, {"Ref": "AWS::NoValue"}]}, "b": [{"Fn::If": ["Never", 1, {"Ref": "AWS::NoValue"}]}, 2]}, {"b": [2]}),
            ({"Fn::If": ["Always", {"k": 1}, 2]}, {"k": 1}), ({"Ref": "x", "other": 1}, {"Ref": "x", "other": 1}),
        ]:
            self.assertEqual(c.resolve(value), want, value)

    def test_conditions(self):
        self.assertEqual(set(instantiated(self.template, context(self.template))), {"Plain"})
        self.assertEqual(set(instantiated(self.template, context(self.template, Mail="a@b"))), {"Plain", "Mailed"})

    def test_unknown(self):
        with self.assertRaises(Unknown):
            context(self.template).resolve({"Fn::Cidr": []})
        with self.assertRaises(Unknown):
            context(self.template, Nobody="1")


class Derivation(unittest.TestCase):
    def template(self):
        call = {"type": "aws_proxy", "httpMethod": "POST", "uri": {"Fn::Sub": "${F.Arn}"}, "payloadFormatVersion": "2.0"}
        authorizer = {"type": "jwt", "identitySource": "$request.header.Authorization", "jwtConfiguration": {"issuer": "i", "audience": ["a"]}}
        body = {"openapi": "3.0.1", "info": {"title": "t", "version": "1"}, "components": {"securitySchemes": {"Staff": {"x-amazon-apigateway-authorizer": authorizer}}},
                "paths": {"/a": {"get": {"security": [{"Staff": []}], "x-amazon-apigateway-integration": call}, "post": {"security": [{"NONE": []}], "x-amazon-apigateway-integration": call}}}}
        return {"Resources": {"Api": {"Type": "AWS::ApiGatewayV2::Api", "Properties": {"Body": body}}, "F": {"Type": "AWS::Lambda::Function", "Properties": {"Architectures": ["arm64"]}},
                              "B": {"Type": "AWS::Budgets::Budget"}}}

    def test_body(self):
        given = self.template()
        made, changed = derive.derive(given, {"F": "f.zip"})
        routes = {r["Properties"]["RouteKey"]: r["Properties"] for r in made["Resources"].values() if r["Type"] == "AWS::ApiGatewayV2::Route"}
        self.assertEqual({key: route["AuthorizationType"] for key, route in routes.items()}, {"GET /a": "JWT", "POST /a": "NONE"})
        self.assertEqual(made["Resources"]["F"]["Properties"]["Code"]["S3Key"], "f.zip")
        self.assertEqual(given, self.template(), "the given template was changed")
        self.assertEqual(len(changed), 3)

    def test_refuses(self):
        for spoil in (lambda b: b["paths"]["/a"]["get"].update(security=[{"Staff": [], "Other": []}]),
                      lambda b: b["paths"]["/a"].update({"x-new": {}}),
                      lambda b: b["paths"]["/a"]["get"]["x-amazon-apigateway-integration"].update(credentials="x"),
                      lambda b: b["components"]["securitySchemes"]["Staff"]["x-amazon-apigateway-authorizer"].update(type="request")):
            given = self.template()
            spoil(given["Resources"]["Api"]["Properties"]["Body"])
            with self.assertRaises(derive.Underivable):
                derive.derive(given, {"F": "f"})
        given = self.template()
        given["Resources"]["F"]["Properties"]["Description"] = {"Fn::Sub": "${B}"}
        with self.assertRaises(derive.Underivable):
            derive.derive(given, {"F": "f"})


class Comparison(unittest.TestCase):
    def lines(self, expected, actual, *entries, kind="AWS::SQS::Queue"):
        exceptions = compare.Exceptions([{"type": kind, "reason": "r", **entry} for entry in entries])
        return list(compare.differences(kind, expected, actual, exceptions)), exceptions.unused()

    def test_differences(self):
        for expected, actual, count in [({"a": "1"}, {"a": 1}, 0), ({"a": True}, {"a": "true"}, 0), ({"a": 1.0}, {"a": "1"}, 0), ({"a": 1}, {"a": 2}, 1), ({"a": 1}, {}, 1),
                                        ({}, {"a": 1}, 1), ({"a": [1, 2]}, {"a": [2, 1]}, 2), ({"a": {"b": []}}, {"a": {"b": []}}, 0), ({"a": [1]}, {"a": [1, 2]}, 1)]:
            self.assertEqual(len(self.lines(expected, actual)[0]), count, (expected, actual))

    def test_exceptions(self):
        self.assertEqual(self.lines({"a": {"b": 1}}, {}, {"path": "a > *"}), ([], []))
        self.assertEqual(len(self.lines({"a": 1}, {"a": 2}, {"path": "a"})[0]), 1, "an entry for what is not told hides a difference")
        self.assertEqual(self.lines({}, {"a": 3}, {"path": "a", "default": "3"}), ([], []))
        self.assertEqual(len(self.lines({}, {"a": 4}, {"path": "a", "default": "3"})[0]), 1)
        self.assertEqual(len(self.lines({"a": 4}, {"a": 3}, {"path": "a", "default": "3"})[0]), 1)
        self.assertEqual(len(self.lines({"a": 1}, {"a": 1}, {"path": "a"})[1]), 1, "an entry that nobody needs is not told")
        with self.assertRaises(ValueError):
            compare.Exceptions([{"type": "T", "path": "a"}])

    def test_names(self):
        self.assertEqual(self.lines({}, {"RoleName": "drawn"}, kind="AWS::IAM::Role")[0], [])
        self.assertEqual(len(self.lines({"RoleName": "given"}, {"RoleName": "drawn"}, kind="AWS::IAM::Role")[0]), 1)

    def test_resources(self):
        deployed = SimpleNamespace(expected=lambda: {"Q": ("AWS::SQS::Queue", {}), "New": ("AWS::New::Thing", {})}, resources={"New": ("AWS::New::Thing", "n"), "Spare": ("AWS::SQS::Queue", "s")},
                                   code={}, template={"Resources": {}})
        original, compare.inventory = compare.inventory, lambda clients: {("AWS::SQS::Queue", "stranger")}
        try:
            found = "\n".join(compare.compare(deployed, None, compare.Exceptions([])))
        finally:
            compare.inventory = original
        for part in ("Q: AWS::SQS::Queue is not deployed", "nothing here can describe a AWS::New::Thing", "Spare: AWS::SQS::Queue is deployed, but not in the template",
                     "stranger: AWS::SQS::Queue is there", "AWS::Budgets::Budget is left out, but the template has none"):
            self.assertIn(part, found)


if __name__ == "__main__":
    unittest.main()
