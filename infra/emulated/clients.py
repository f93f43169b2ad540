"""Clients of the emulator and of the S3 server, both on loopback, with the credentials that the emulator gives to functions."""

import boto3
from botocore.config import Config

REGION = "eu-central-1"


class Clients:
    """services(name) is a client of the emulator; objects is one of the S3 server that the functions use."""

    def __init__(self, endpoint, objects, access, secret):
        self._endpoint, self._made, self._known = endpoint, {}, {}
        self._keys = {"aws_access_key_id": access, "aws_secret_access_key": secret, "region_name": REGION}
        self._config = Config(retries={"max_attempts": 1}, connect_timeout=5, read_timeout=60, s3={"addressing_style": "path"})
        self.account = access
        self.objects = boto3.client("s3", endpoint_url=objects, config=self._config, **self._keys)

    def __getitem__(self, service):
        if service not in self._made:
            self._made[service] = boto3.client(service, endpoint_url=self._endpoint, config=self._config, **self._keys)
        return self._made[service]

    def anew(self):
        """The same clients, knowing nothing of before."""
        self._known = {}
        return self

    def once(self, name, look):
        """What look finds, looked for once."""
        if name not in self._known:
            self._known[name] = look(self)
        return self._known[name]

    def pseudo(self, stack, identity):
        """What AWS::… references give in this deployment."""
        return {"AWS::Region": REGION, "AWS::AccountId": self.account, "AWS::Partition": "aws", "AWS::URLSuffix": "amazonaws.com",
                "AWS::StackName": stack, "AWS::StackId": identity}
