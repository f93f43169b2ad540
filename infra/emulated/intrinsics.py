"""What CloudFormation's functions give: a template's values with its parameters, conditions and created resources filled in.

Written from CloudFormation's reference, and not taken from the emulator, since the comparison judges the emulator's own answers by it.
"""

import re

_PLACEHOLDER = re.compile(r"\$\{(!?)([^}]+)\}")
_ABSENT = object()


class Unknown(Exception):
    """A function, condition or reference that this module does not know."""


class Context:
    """One deployment of one template. physical gives the name of a logical id, attribute an attribute of it; both may raise KeyError."""

    def __init__(self, template, parameters, physical, attribute, pseudo):
        self.template = template
        self.physical, self.attribute, self.pseudo = physical, attribute, pseudo
        self.parameters = {name: self._parameter(name, spec, parameters) for name, spec in template.get("Parameters", {}).items()}
        unknown = set(parameters) - set(self.parameters)
        if unknown:
            raise Unknown(f"no such parameters: {sorted(unknown)}")

    @staticmethod
    def _parameter(name, spec, given):
        if name not in given and "Default" not in spec:
            raise Unknown(f"parameter {name} has no value")
        value = given.get(name, spec.get("Default"))
        return value.split(",") if spec["Type"] in ("CommaDelimitedList", "List<String>") and isinstance(value, str) else str(value)

    def holds(self, condition):
        """Whether a condition of the template holds."""
        return self._test(self.template["Conditions"][condition])

    def _test(self, value):
        (name, argument), = value.items()
        if name == "Condition":
            return self.holds(argument)
        if name == "Fn::Equals":
            left, right = (self.resolve(side) for side in argument)
            return str(left) == str(right)
        if name == "Fn::Not":
            return not self._test(argument[0])
        if name in ("Fn::And", "Fn::Or"):
            return (all if name == "Fn::And" else any)(self._test(part) for part in argument)
        raise Unknown(f"condition {name}")

    def resolve(self, value):
        """value with every function replaced by what it gives; members that are AWS::NoValue are left out."""
        found = self._resolve(value)
        return None if found is _ABSENT else found

    def _resolve(self, value):
        if isinstance(value, list):
            return [item for item in map(self._resolve, value) if item is not _ABSENT]
        if not isinstance(value, dict):
            return value
        if len(value) == 1:
            (name, argument), = value.items()
            if name == "Ref" or name.startswith("Fn::"):
                return self._call(name, argument)
        members = {key: self._resolve(member) for key, member in value.items()}
        return {key: member for key, member in members.items() if member is not _ABSENT}

    def _call(self, name, argument):
        if name == "Ref":
            return self._ref(argument)
        if name == "Fn::GetAtt":
            identity, attribute = argument.split(".", 1) if isinstance(argument, str) else argument
            return self.attribute(identity, attribute)
        if name == "Fn::Sub":
            return self._sub(argument)
        if name == "Fn::If":
            return self._resolve(argument[1] if self.holds(argument[0]) else argument[2])
        if name == "Fn::Join":
            return argument[0].join(str(part) for part in self._resolve(argument[1]))
        if name == "Fn::Select":
            return self._resolve(argument[1])[int(self._resolve(argument[0]))]
        if name == "Fn::Split":
            return self._resolve(argument[1]).split(argument[0])
        if name == "Fn::FindInMap":
            table, top, second = (self._resolve(part) for part in argument[:3])
            return self._resolve(self.template["Mappings"][table][top][second])
        raise Unknown(f"function {name}")

    def _ref(self, name):
        if name == "AWS::NoValue":
            return _ABSENT
        if name in self.pseudo:
            return self.pseudo[name]
        if name in self.parameters:
            return self.parameters[name]
        return self.physical(name)

    def _sub(self, argument):
        text, own = (argument, {}) if isinstance(argument, str) else argument

        def one(match):
            literal, name = match.groups()
            if literal:
                return "${" + name + "}"
            if name in own:
                return str(self._resolve(own[name]))
            identity, dot, attribute = name.partition(".")
            return str(self.attribute(identity, attribute) if dot else self._ref(name))

        return _PLACEHOLDER.sub(one, text)


def instantiated(template, context):
    """The resources that this deployment has, by logical id: those without a condition, or whose condition holds."""
    return {identity: resource for identity, resource in template["Resources"].items()
            if "Condition" not in resource or context.holds(resource["Condition"])}
