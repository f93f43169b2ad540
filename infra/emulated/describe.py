"""What is deployed, in the words of the template: for every type, the properties that its service's own API tells.

A describer gets the clients and the physical id and answers properties as CloudFormation names them. It leaves out what the service
does not tell; what that may be is listed, with reasons, in untold.json. Attributes are what Fn::GetAtt gives.
"""

import json

from botocore.exceptions import ClientError


def told(**properties):
    """The properties that have a value."""
    return {name: value for name, value in properties.items() if value not in (None, {}, [], "")}


def maybe(call, *codes, **arguments):
    """The answer of a call; None where the service says that there is nothing."""
    try:
        return call(**arguments)
    except ClientError as error:
        if error.response["Error"]["Code"] in codes:
            return None
        raise


def pairs(tags, key="Key", value="Value"):
    """Tags as CloudFormation lists them, in order; the emulator's own are left out."""
    found = tags if isinstance(tags, list) else [{key: name, value: text} for name, text in (tags or {}).items()]
    return sorted(({"Key": tag[key], "Value": tag[value]} for tag in found if not tag[key].startswith("aws:")), key=lambda tag: tag["Key"])


def own(tags):
    """Tags of a mapping without those that CloudFormation adds."""
    return {name: value for name, value in (tags or {}).items() if not name.startswith("aws:")}


def function(c, name):
    service = c["lambda"]
    found = service.get_function(FunctionName=name)
    config = found["Configuration"]
    tracing, storage = config.get("TracingConfig", {}), config.get("EphemeralStorage", {})
    return told(
        FunctionName=name, Handler=config["Handler"], Runtime=config["Runtime"], MemorySize=config["MemorySize"], Role=config["Role"], Timeout=config["Timeout"],
        Description=config.get("Description") or None, Environment=config.get("Environment"), LoggingConfig=logging(config.get("LoggingConfig")),
        Layers=[layer["Arn"] for layer in config.get("Layers", [])], DeadLetterConfig=told(**config.get("DeadLetterConfig", {})),
        KmsKeyArn=config.get("KMSKeyArn"), TracingConfig=tracing, EphemeralStorage=storage, PackageType=config.get("PackageType"),
        Architectures=config.get("Architectures"), Code={"Sha256": config["CodeSha256"]}, Tags=pairs(found.get("Tags")),
        ReservedConcurrentExecutions=service.get_function_concurrency(FunctionName=name).get("ReservedConcurrentExecutions"))


def logging(config):
    return {name: value for name, value in (config or {}).items() if (name, value) != ("LogFormat", "Text")}


def permission(c, sid):
    return c.once("permissions", statements).get(sid, {})


def statements(c):
    """Every statement of every function's policy by its id."""
    found = {}
    for page in c["lambda"].get_paginator("list_functions").paginate():
        for item in page["Functions"]:
            policy = maybe(c["lambda"].get_policy, "ResourceNotFoundException", FunctionName=item["FunctionName"])
            for statement in json.loads(policy["Policy"])["Statement"] if policy else []:
                found[statement["Sid"]] = granted(item["FunctionName"], statement)
    return found


def granted(name, statement):
    principal, condition = statement["Principal"], statement.get("Condition", {})
    return told(FunctionName=name, Action=statement["Action"],
                Principal=principal if isinstance(principal, str) else next(iter(principal.values())),
                SourceArn=condition.get("ArnLike", {}).get("AWS:SourceArn"), SourceAccount=condition.get("StringEquals", {}).get("AWS:SourceAccount"))


def mapping(c, identity):
    found = c["lambda"].get_event_source_mapping(UUID=identity)
    names = ("BatchSize", "BisectBatchOnFunctionError", "DestinationConfig", "EventSourceArn", "FilterCriteria", "FunctionResponseTypes",
             "MaximumBatchingWindowInSeconds", "MaximumRecordAgeInSeconds", "MaximumRetryAttempts", "ParallelizationFactor", "ScalingConfig",
             "StartingPosition", "TumblingWindowInSeconds")
    return told(FunctionName=found["FunctionArn"].rsplit(":", 1)[-1], Enabled=found["State"] == "Enabled", **{name: found.get(name) for name in names})


def invoke_config(c, identity):
    name, _, qualifier = identity.replace("|", ":").partition(":")
    found = c["lambda"].get_function_event_invoke_config(FunctionName=name, **({"Qualifier": qualifier} if qualifier else {}))
    return told(FunctionName=name, Qualifier=qualifier or None, MaximumRetryAttempts=found.get("MaximumRetryAttempts"),
                MaximumEventAgeInSeconds=found.get("MaximumEventAgeInSeconds"), DestinationConfig=found.get("DestinationConfig"))


def role(c, name):
    service = c["iam"]
    found = service.get_role(RoleName=name)["Role"]
    policies = [{"PolicyName": policy, "PolicyDocument": service.get_role_policy(RoleName=name, PolicyName=policy)["PolicyDocument"]}
                for policy in service.list_role_policies(RoleName=name)["PolicyNames"]]
    return told(RoleName=name, AssumeRolePolicyDocument=found["AssumeRolePolicyDocument"], Policies=policies, Path=found.get("Path"),
                Description=found.get("Description"), MaxSessionDuration=found.get("MaxSessionDuration"),
                PermissionsBoundary=found.get("PermissionsBoundary", {}).get("PermissionsBoundaryArn"),
                ManagedPolicyArns=[policy["PolicyArn"] for policy in service.list_attached_role_policies(RoleName=name)["AttachedPolicies"]],
                Tags=pairs(service.list_role_tags(RoleName=name)["Tags"]))


def group(c, name):
    found = [item for item in c["logs"].describe_log_groups(logGroupNamePrefix=name)["logGroups"] if item["logGroupName"] == name][0]
    arn = found["arn"].removesuffix(":*")
    return told(LogGroupName=name, RetentionInDays=found.get("retentionInDays"), KmsKeyId=found.get("kmsKeyId"), LogGroupClass=found.get("logGroupClass"),
                Tags=pairs(c["logs"].list_tags_for_resource(resourceArn=arn)["tags"]))


def metric_filter(c, identity):
    name = identity.rsplit("|", 1)[-1]
    found = [item for item in c["logs"].describe_metric_filters()["metricFilters"] if item["filterName"] == name][0]
    return told(FilterName=name, LogGroupName=found["logGroupName"], FilterPattern=found["filterPattern"],
                MetricTransformations=[capitals(item) for item in found["metricTransformations"]])


def capitals(value):
    """The members of an answer as CloudFormation spells them, first letter large."""
    if isinstance(value, dict):
        return {key[:1].upper() + key[1:]: capitals(member) for key, member in value.items()}
    return [capitals(item) for item in value] if isinstance(value, list) else value


def key(c, identity):
    service = c["kms"]
    found = service.describe_key(KeyId=identity)["KeyMetadata"]
    symmetric = found["KeySpec"] == "SYMMETRIC_DEFAULT"
    rotation = service.get_key_rotation_status(KeyId=identity) if symmetric else {}
    return told(Description=found.get("Description") or None, Enabled=found["Enabled"], KeySpec=found["KeySpec"], KeyUsage=found["KeyUsage"],
                MultiRegion=found.get("MultiRegion"), EnableKeyRotation=rotation.get("KeyRotationEnabled"),
                RotationPeriodInDays=rotation.get("RotationPeriodInDays"),
                KeyPolicy=json.loads(service.get_key_policy(KeyId=identity, PolicyName="default")["Policy"]),
                Tags=pairs(service.list_resource_tags(KeyId=identity)["Tags"], "TagKey", "TagValue"))


def alias(c, name):
    found = [item for item in c["kms"].list_aliases()["Aliases"] if item["AliasName"] == name][0]
    return told(AliasName=name, TargetKeyId=found["TargetKeyId"])


def table(c, name):
    service = c["dynamodb"]
    found = service.describe_table(TableName=name)["Table"]
    backups = service.describe_continuous_backups(TableName=name)["ContinuousBackupsDescription"]["PointInTimeRecoveryDescription"]
    ttl = service.describe_time_to_live(TableName=name)["TimeToLiveDescription"]
    policy = maybe(service.get_resource_policy, "PolicyNotFoundException", ResourceArn=found["TableArn"])
    stream, sse = found.get("StreamSpecification") or {}, found.get("SSEDescription") or {}
    return told(
        TableName=name, AttributeDefinitions=found["AttributeDefinitions"], KeySchema=found["KeySchema"],
        BillingMode=found.get("BillingModeSummary", {}).get("BillingMode"), DeletionProtectionEnabled=found.get("DeletionProtectionEnabled"),
        GlobalSecondaryIndexes=[told(IndexName=index["IndexName"], KeySchema=index["KeySchema"], Projection=index["Projection"])
                                for index in found.get("GlobalSecondaryIndexes", [])],
        StreamSpecification=told(StreamViewType=stream.get("StreamViewType") if stream.get("StreamEnabled") else None),
        SSESpecification=told(SSEEnabled=sse["Status"] == "ENABLED", SSEType=sse.get("SSEType"), KMSMasterKeyId=sse.get("KMSMasterKeyArn")) if sse else None,
        PointInTimeRecoverySpecification=told(PointInTimeRecoveryEnabled=backups["PointInTimeRecoveryStatus"] == "ENABLED",
                                              RecoveryPeriodInDays=backups.get("RecoveryPeriodInDays")),
        TimeToLiveSpecification=told(AttributeName=ttl.get("AttributeName"), Enabled=True) if ttl["TimeToLiveStatus"] == "ENABLED" else None,
        ResourcePolicy={"PolicyDocument": json.loads(policy["Policy"])} if policy else None,
        Tags=pairs(service.list_tags_of_resource(ResourceArn=found["TableArn"])["Tags"]))


def bucket(c, name):
    """Versions and locks are told by the server that keeps the objects, the rest by the emulator, which kept what was declared."""
    service = c["s3"]
    block = maybe(service.get_public_access_block, "NoSuchPublicAccessBlockConfiguration", Bucket=name)
    encryption = maybe(service.get_bucket_encryption, "ServerSideEncryptionConfigurationNotFoundError", Bucket=name)
    lifecycle = maybe(service.get_bucket_lifecycle_configuration, "NoSuchLifecycleConfiguration", Bucket=name)
    cors = maybe(service.get_bucket_cors, "NoSuchCORSConfiguration", Bucket=name)
    owners = maybe(service.get_bucket_ownership_controls, "OwnershipControlsNotFoundError", Bucket=name)
    logs = service.get_bucket_logging(Bucket=name).get("LoggingEnabled")
    lock = maybe(c.objects.get_object_lock_configuration, "ObjectLockConfigurationNotFoundError", Bucket=name)
    lock = lock and lock.get("ObjectLockConfiguration")
    tags = maybe(service.get_bucket_tagging, "NoSuchTagSet", Bucket=name)
    return told(
        VersioningConfiguration=told(Status=c.objects.get_bucket_versioning(Bucket=name).get("Status")),
        ObjectLockEnabled=True if lock else None, ObjectLockConfiguration=lock if lock and lock.get("Rule") else None,
        PublicAccessBlockConfiguration=block and block["PublicAccessBlockConfiguration"],
        OwnershipControls=owners and {"Rules": owners["OwnershipControls"]["Rules"]},
        BucketEncryption=encryption and {"ServerSideEncryptionConfiguration": [
            told(BucketKeyEnabled=rule.get("BucketKeyEnabled"), ServerSideEncryptionByDefault=rule["ApplyServerSideEncryptionByDefault"])
            for rule in encryption["ServerSideEncryptionConfiguration"]["Rules"]]},
        LifecycleConfiguration=lifecycle and {"Rules": [expiry(rule) for rule in lifecycle["Rules"]]},
        CorsConfiguration=cors and {"CorsRules": [{name: value for name, value in rule.items() if name != "MaxAgeSeconds"} | told(MaxAge=rule.get("MaxAgeSeconds"))
                                                  for rule in cors["CORSRules"]]},
        LoggingConfiguration=logs and told(DestinationBucketName=logs["TargetBucket"], LogFilePrefix=logs.get("TargetPrefix")),
        Tags=pairs(tags["TagSet"]) if tags else None)


def expiry(rule):
    expiration = rule.get("Expiration", {})
    return told(Id=rule.get("ID"), Status=rule["Status"], Prefix=rule.get("Prefix") or rule.get("Filter", {}).get("Prefix") or None,
                ExpirationInDays=expiration.get("Days"), ExpiredObjectDeleteMarker=expiration.get("ExpiredObjectDeleteMarker"),
                NoncurrentVersionExpiration=rule.get("NoncurrentVersionExpiration"),
                AbortIncompleteMultipartUpload=rule.get("AbortIncompleteMultipartUpload"))


def bucket_policy(c, identity):
    name = identity.removesuffix("-policy")
    return told(Bucket=name, PolicyDocument=json.loads(c["s3"].get_bucket_policy(Bucket=name)["Policy"]))


NUMBERS = ("DelaySeconds", "MaximumMessageSize", "MessageRetentionPeriod", "ReceiveMessageWaitTimeSeconds", "VisibilityTimeout")


def queue(c, url):
    service = c["sqs"]
    found = service.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
    return told(**{name: int(found[name]) for name in NUMBERS if name in found},
                SqsManagedSseEnabled=found.get("SqsManagedSseEnabled") == "true", KmsMasterKeyId=found.get("KmsMasterKeyId"),
                RedrivePolicy=json.loads(found["RedrivePolicy"]) if "RedrivePolicy" in found else None,
                RedriveAllowPolicy=json.loads(found["RedriveAllowPolicy"]) if "RedriveAllowPolicy" in found else None,
                Tags=pairs(service.list_queue_tags(QueueUrl=url).get("Tags")))


def queue_policy(c, _, expected):
    """A policy has no name of its own: it is read from each queue that the template gives it to."""
    found = [c["sqs"].get_queue_attributes(QueueUrl=url, AttributeNames=["Policy"]).get("Attributes", {}).get("Policy") for url in expected["Queues"]]
    documents = [json.loads(text) if text else None for text in found]
    same = bool(documents) and all(document == documents[0] for document in documents)
    return told(Queues=expected["Queues"], PolicyDocument=documents[0] if same else {"differs between queues": documents})


def schedule(c, name):
    found = c["scheduler"].get_schedule(Name=name)
    names = ("Description", "EndDate", "FlexibleTimeWindow", "GroupName", "KmsKeyArn", "ScheduleExpression", "ScheduleExpressionTimezone", "StartDate", "State", "Target")
    return told(Name=name, **{member: found.get(member) for member in names})


def topic(c, arn):
    found = c["sns"].get_topic_attributes(TopicArn=arn)["Attributes"]
    return told(TopicName=arn.rsplit(":", 1)[-1], DisplayName=found.get("DisplayName") or None, KmsMasterKeyId=found.get("KmsMasterKeyId") or None,
                Tags=pairs(c["sns"].list_tags_for_resource(ResourceArn=arn)["Tags"]))


def subscription(c, arn, expected):
    known = c["sns"].list_subscriptions_by_topic(TopicArn=expected["TopicArn"])["Subscriptions"]
    found = [item for item in known if item["SubscriptionArn"] == arn or (item["Protocol"], item["Endpoint"]) == (expected["Protocol"], expected.get("Endpoint"))][0]
    return told(TopicArn=found["TopicArn"], Protocol=found["Protocol"], Endpoint=found["Endpoint"])


def topic_policy(c, _, expected):
    found = [json.loads(c["sns"].get_topic_attributes(TopicArn=arn)["Attributes"]["Policy"]) for arn in expected["Topics"]]
    same = all(document == found[0] for document in found)
    return told(Topics=expected["Topics"], PolicyDocument=found[0] if same else {"differs between topics": found})


ALARM = ("ActionsEnabled", "AlarmActions", "AlarmDescription", "AlarmName", "ComparisonOperator", "DatapointsToAlarm", "Dimensions", "EvaluateLowSampleCountPercentile",
         "EvaluationPeriods", "ExtendedStatistic", "InsufficientDataActions", "MetricName", "Metrics", "Namespace", "OKActions", "Period", "Statistic",
         "Threshold", "ThresholdMetricId", "TreatMissingData", "Unit")


def alarm(c, name):
    found = c["cloudwatch"].describe_alarms(AlarmNames=[name])["MetricAlarms"][0]
    return told(**{member: found.get(member) for member in ALARM}, Tags=pairs(c["cloudwatch"].list_tags_for_resource(ResourceARN=found["AlarmArn"])["Tags"]))


def dashboard(c, name):
    return told(DashboardName=name, DashboardBody=json.loads(c["cloudwatch"].get_dashboard(DashboardName=name)["DashboardBody"]))


def stage(c, name, expected):
    found = c["apigatewayv2"].get_stage(ApiId=expected["ApiId"], StageName=name)
    names = ("AccessLogSettings", "AutoDeploy", "DefaultRouteSettings", "Description", "RouteSettings", "StageVariables")
    return told(ApiId=expected["ApiId"], StageName=found["StageName"], Tags=own(found.get("Tags")), **{member: found.get(member) for member in names})


def api(c, identity):
    """An HTTP API with its routes, integrations and authorizers put together again as the Body that they came from."""
    service = c["apigatewayv2"]
    found = service.get_api(ApiId=identity)
    integrations = {item["IntegrationId"]: item for item in items(service.get_integrations, identity)}
    names = {item["AuthorizerId"]: item for item in items(service.get_authorizers, identity)}
    paths = {}
    for route in items(service.get_routes, identity):
        verb, _, path = route["RouteKey"].partition(" ")
        target = integrations.pop(route["Target"].removeprefix("integrations/"))
        wanted = names[route["AuthorizerId"]]["Name"] if route["AuthorizationType"] == "JWT" else "NONE"
        paths.setdefault(path or "/$default", {})[verb.lower() if path else "x-amazon-apigateway-any-method"] = {
            **({} if path else {"isDefaultRoute": True}), "security": [{wanted: route.get("AuthorizationScopes", [])}],
            "x-amazon-apigateway-integration": told(type=target["IntegrationType"].lower(), uri=target["IntegrationUri"],
                                                    httpMethod=target["IntegrationMethod"], payloadFormatVersion=target["PayloadFormatVersion"])}
    for spare in integrations:
        paths[f"integration {spare} without a route"] = {}
    body = {"info": {"title": found["Name"]}, "paths": paths,
            "servers": [{"x-amazon-apigateway-endpoint-configuration": {"disableExecuteApiEndpoint": found.get("DisableExecuteApiEndpoint", False)}}],
            "components": {"securitySchemes": {item["Name"]: {
        "x-amazon-apigateway-authorizer": {"type": item["AuthorizerType"].lower(), "identitySource": item["IdentitySource"][0],
                                           "jwtConfiguration": {"issuer": item["JwtConfiguration"]["Issuer"], "audience": item["JwtConfiguration"]["Audience"]}}}
        for item in names.values()}}}
    return told(Body=body, CorsConfiguration=found.get("CorsConfiguration"),
                Tags=own(found.get("Tags")))


def items(call, identity):
    """All pages of a listing of an API."""
    answer = call(ApiId=identity)
    while True:
        yield from answer["Items"]
        if not answer.get("NextToken"):
            return
        answer = call(ApiId=identity, NextToken=answer["NextToken"])


def rule(c, name):
    found = c["events"].describe_rule(Name=name)
    targets = [{member: value for member, value in target.items()} for target in c["events"].list_targets_by_rule(Rule=name)["Targets"]]
    return told(Description=found.get("Description"), EventPattern=json.loads(found["EventPattern"]) if found.get("EventPattern") else None,
                EventBusName=found.get("EventBusName"), RoleArn=found.get("RoleArn"), ScheduleExpression=found.get("ScheduleExpression"), State=found.get("State"),
                Targets=targets)


DESCRIBERS = {
    "AWS::ApiGatewayV2::Api": api, "AWS::CloudWatch::Alarm": alarm, "AWS::CloudWatch::Dashboard": dashboard, "AWS::DynamoDB::Table": table, "AWS::Events::Rule": rule,
    "AWS::IAM::Role": role, "AWS::KMS::Alias": alias, "AWS::KMS::Key": key, "AWS::Lambda::EventInvokeConfig": invoke_config,
    "AWS::Lambda::EventSourceMapping": mapping, "AWS::Lambda::Function": function, "AWS::Lambda::Permission": permission,
    "AWS::Logs::LogGroup": group, "AWS::Logs::MetricFilter": metric_filter, "AWS::S3::Bucket": bucket, "AWS::S3::BucketPolicy": bucket_policy,
    "AWS::Scheduler::Schedule": schedule, "AWS::SNS::Topic": topic, "AWS::SQS::Queue": queue,
}

# Describers of what has no name of its own: they also get the properties that say where to look.
PLACED = {"AWS::ApiGatewayV2::Stage": stage, "AWS::SNS::Subscription": subscription, "AWS::SNS::TopicPolicy": topic_policy, "AWS::SQS::QueuePolicy": queue_policy}

# What Fn::GetAtt gives.
ATTRIBUTES = {
    ("AWS::Lambda::Function", "Arn"): lambda c, name: c["lambda"].get_function_configuration(FunctionName=name)["FunctionArn"],
    ("AWS::IAM::Role", "Arn"): lambda c, name: c["iam"].get_role(RoleName=name)["Role"]["Arn"],
    ("AWS::Logs::LogGroup", "Arn"): lambda c, name: f"arn:aws:logs:{c['logs'].meta.region_name}:{c.account}:log-group:{name}:*",
    ("AWS::KMS::Key", "Arn"): lambda c, identity: c["kms"].describe_key(KeyId=identity)["KeyMetadata"]["Arn"],
    ("AWS::DynamoDB::Table", "Arn"): lambda c, name: c["dynamodb"].describe_table(TableName=name)["Table"]["TableArn"],
    ("AWS::DynamoDB::Table", "StreamArn"): lambda c, name: c["dynamodb"].describe_table(TableName=name)["Table"]["LatestStreamArn"],
    ("AWS::S3::Bucket", "Arn"): lambda c, name: f"arn:aws:s3:::{name}",
    ("AWS::S3::Bucket", "RegionalDomainName"): lambda c, name: f"{name}.s3.{c['s3'].meta.region_name}.amazonaws.com",
    ("AWS::S3::Bucket", "DomainName"): lambda c, name: f"{name}.s3.amazonaws.com",
    ("AWS::SQS::Queue", "Arn"): lambda c, url: c["sqs"].get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"],
    ("AWS::SQS::Queue", "QueueName"): lambda c, url: url.rsplit("/", 1)[-1],
    ("AWS::SNS::Topic", "TopicArn"): lambda c, arn: arn,
    ("AWS::SNS::Topic", "TopicName"): lambda c, arn: arn.rsplit(":", 1)[-1],
    ("AWS::CloudWatch::Alarm", "Arn"): lambda c, name: c["cloudwatch"].describe_alarms(AlarmNames=[name])["MetricAlarms"][0]["AlarmArn"],
}
