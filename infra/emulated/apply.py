"""Puts right, by the services' own APIs, what the emulator's CloudFormation drops in silence. The comparison afterwards shows whether it took.

Each step gets the clients, the physical id, and the properties that the real template asks for.
"""

import json

from botocore.exceptions import ClientError


def function(c, name, wanted):
    letters = wanted.get("DeadLetterConfig")
    if letters != c["lambda"].get_function_configuration(FunctionName=name).get("DeadLetterConfig"):
        c["lambda"].update_function_configuration(FunctionName=name, DeadLetterConfig=letters or {"TargetArn": ""})
    reserved = wanted.get("ReservedConcurrentExecutions")
    if reserved is None:
        c["lambda"].delete_function_concurrency(FunctionName=name)
    else:
        c["lambda"].put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=int(reserved))


def table(c, name, wanted):
    service = c["dynamodb"]
    recovery = wanted.get("PointInTimeRecoverySpecification")
    if recovery:
        days = {"RecoveryPeriodInDays": int(recovery["RecoveryPeriodInDays"])} if "RecoveryPeriodInDays" in recovery else {}
        service.update_continuous_backups(TableName=name, PointInTimeRecoverySpecification={
            "PointInTimeRecoveryEnabled": recovery["PointInTimeRecoveryEnabled"], **days})
    ttl = wanted.get("TimeToLiveSpecification")
    if ttl and service.describe_time_to_live(TableName=name)["TimeToLiveDescription"]["TimeToLiveStatus"] != "ENABLED":
        service.update_time_to_live(TableName=name, TimeToLiveSpecification={"AttributeName": ttl["AttributeName"], "Enabled": ttl["Enabled"]})
    sse = wanted.get("SSESpecification")
    if sse:
        service.update_table(TableName=name, SSESpecification={"Enabled": sse["SSEEnabled"], "SSEType": sse["SSEType"], "KMSMasterKeyId": sse["KMSMasterKeyId"]})
    if "ResourcePolicy" in wanted:
        arn = service.describe_table(TableName=name)["Table"]["TableArn"]
        service.put_resource_policy(ResourceArn=arn, Policy=json.dumps(wanted["ResourcePolicy"]["PolicyDocument"]))


def bucket(c, name, wanted):
    locked = wanted.get("ObjectLockEnabled", False)
    _create(c.objects, name, locked)
    c.objects.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": wanted["VersioningConfiguration"]["Status"]})
    if "ObjectLockConfiguration" in wanted:
        lock = wanted["ObjectLockConfiguration"]
        retention = {key: int(value) if key in ("Days", "Years") else value for key, value in lock["Rule"]["DefaultRetention"].items()}
        c.objects.put_object_lock_configuration(Bucket=name, ObjectLockConfiguration={
            "ObjectLockEnabled": lock["ObjectLockEnabled"], "Rule": {"DefaultRetention": retention}})
    _declared(c["s3"], name, wanted)


def _create(objects, name, locked):
    """Makes the bucket on the server that keeps the objects, which the stack's own does not do."""
    try:
        objects.create_bucket(Bucket=name, ObjectLockEnabledForBucket=locked)
    except ClientError as error:
        if error.response["Error"]["Code"] not in ("BucketAlreadyOwnedByYou", "BucketAlreadyExists"):
            raise


def _declared(service, name, wanted):
    """What the server of the objects answers 501 to is declared to the emulator's own S3."""
    if "BucketEncryption" in wanted:
        service.put_bucket_encryption(Bucket=name, ServerSideEncryptionConfiguration={"Rules": [
            {"BucketKeyEnabled": rule.get("BucketKeyEnabled", False), "ApplyServerSideEncryptionByDefault": rule["ServerSideEncryptionByDefault"]}
            for rule in wanted["BucketEncryption"]["ServerSideEncryptionConfiguration"]]})
    if "LifecycleConfiguration" in wanted:
        service.put_bucket_lifecycle_configuration(Bucket=name, LifecycleConfiguration={"Rules": [
            _rule(rule) for rule in wanted["LifecycleConfiguration"]["Rules"]]})
    if "OwnershipControls" in wanted:
        service.put_bucket_ownership_controls(Bucket=name, OwnershipControls=wanted["OwnershipControls"])
    if "LoggingConfiguration" in wanted:
        logs = wanted["LoggingConfiguration"]
        service.put_bucket_logging(Bucket=name, BucketLoggingStatus={"LoggingEnabled": {
            "TargetBucket": logs["DestinationBucketName"], "TargetPrefix": logs.get("LogFilePrefix", "")}})
    if "Tags" in wanted:
        service.put_bucket_tagging(Bucket=name, Tagging={"TagSet": wanted["Tags"]})


def _rule(rule):
    """A lifecycle rule as the API spells it."""
    made = {"ID": rule["Id"], "Status": rule["Status"], "Filter": {"Prefix": rule.get("Prefix", "")}}
    expiration = {}
    if "ExpirationInDays" in rule:
        expiration["Days"] = int(rule["ExpirationInDays"])
    if "ExpiredObjectDeleteMarker" in rule:
        expiration["ExpiredObjectDeleteMarker"] = rule["ExpiredObjectDeleteMarker"]
    if expiration:
        made["Expiration"] = expiration
    for member in ("NoncurrentVersionExpiration", "AbortIncompleteMultipartUpload"):
        if member in rule:
            made[member] = {key: int(value) for key, value in rule[member].items()}
    return made


def stage(c, name, wanted):
    settings = {}
    if "DefaultRouteSettings" in wanted:
        settings["DefaultRouteSettings"] = _route(wanted["DefaultRouteSettings"])
    if "RouteSettings" in wanted:
        settings["RouteSettings"] = {key: _route(route) for key, route in wanted["RouteSettings"].items()}
    if settings:
        c["apigatewayv2"].update_stage(ApiId=wanted["ApiId"], StageName=name, **settings)


def _route(settings):
    """Settings of a route with numbers for numbers, which parameters bring as text."""
    kinds = {"ThrottlingBurstLimit": int, "ThrottlingRateLimit": float}
    return {name: kinds.get(name, lambda same: same)(value) for name, value in settings.items()}


def schedule(c, name, wanted):
    if "ScheduleExpressionTimezone" not in wanted:
        return
    members = ("Description", "EndDate", "FlexibleTimeWindow", "GroupName", "KmsKeyArn", "ScheduleExpression", "ScheduleExpressionTimezone",
               "StartDate", "State", "Target")
    c["scheduler"].update_schedule(Name=name, **{member: wanted[member] for member in members if member in wanted})


def topic(c, arn, wanted):
    for name in ("KmsMasterKeyId", "DisplayName"):
        if name in wanted:
            c["sns"].set_topic_attributes(TopicArn=arn, AttributeName=name, AttributeValue=wanted[name])


STEPS = {"AWS::Lambda::Function": function, "AWS::DynamoDB::Table": table, "AWS::S3::Bucket": bucket, "AWS::ApiGatewayV2::Stage": stage,
         "AWS::Scheduler::Schedule": schedule, "AWS::SNS::Topic": topic}
