"""An account with something in each service, and what boto3 shows of it, before and after.

`python -m emulator.tests.keeping.world FOLDER` starts an embedded AWS that keeps its account in a folder, makes all of
it where nothing is kept, and prints what there is to see as JSON.
"""

import base64
import json
import sys
from collections.abc import Callable
from typing import Any

from embedded_aws import EmbeddedAWS
from emulator.tests.functions import function, invoke
from emulator.tests.personalize.support import Account
from emulator.tests.personalize.world import World
from emulator.tests.support import ROLE, administrator, ended, eventually, make_administrator, trust

NAME = "kept"
ARN = "arn:aws:{}:us-east-1:123456789012:{}"
LARGE = bytes(range(256)) * 1000
"""250 kB: a file of its own."""
RECIPES = ("aws-user-personalization-v2", "aws-similar-items", "aws-trending-now", "aws-popularity-count")
Look = Callable[[], Any]


def s3(aws: EmbeddedAWS) -> Look:
    """Return a look at a bucket with versions, a delete marker, tags, policy, encryption and an upload under way."""
    client = aws.client("s3")
    if not aws.found:
        client.create_bucket(Bucket=NAME)
        client.put_bucket_versioning(Bucket=NAME, VersioningConfiguration={"Status": "Enabled"})
        client.put_object(Bucket=NAME, Key="a/large", Body=LARGE, Metadata={"colour": "red"}, Tagging="of=mine")
        client.put_object(Bucket=NAME, Key="a/large", Body=b"small", ContentType="text/plain")
        client.put_object(Bucket=NAME, Key="gone", Body=b"")
        client.delete_object(Bucket=NAME, Key="gone")
        upload = client.create_multipart_upload(Bucket=NAME, Key="parts")["UploadId"]
        client.upload_part(Bucket=NAME, Key="parts", UploadId=upload, PartNumber=1, Body=LARGE)
        client.put_bucket_tagging(Bucket=NAME, Tagging={"TagSet": [{"Key": "team", "Value": "films"}]})
        deny = {"Effect": "Deny", "Principal": "*", "Action": "s3:DeleteBucket", "Resource": f"arn:aws:s3:::{NAME}"}
        client.put_bucket_policy(Bucket=NAME, Policy=json.dumps({"Version": "2012-10-17", "Statement": [deny]}))
        by_key = {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms"}}
        client.put_bucket_encryption(Bucket=NAME, ServerSideEncryptionConfiguration={"Rules": [by_key]})

    def look() -> Any:
        listed = client.list_object_versions(Bucket=NAME)
        first = next(each for each in listed["Versions"] if each["Key"] == "a/large" and not each["IsLatest"])
        old = client.get_object(Bucket=NAME, Key="a/large", VersionId=first["VersionId"])
        return {
            "versions": [listed["Versions"], listed["DeleteMarkers"]],
            "large": old["Body"].read() == LARGE,
            "about": [old["Metadata"], old["LastModified"], old["ETag"], old["TagCount"]],
            "newest": client.get_object(Bucket=NAME, Key="a/large")["Body"].read().decode(),
            "uploads": client.list_multipart_uploads(Bucket=NAME)["Uploads"],
            "tags": client.get_bucket_tagging(Bucket=NAME)["TagSet"],
            "policy": client.get_bucket_policy(Bucket=NAME)["Policy"],
            "encryption": client.get_bucket_encryption(Bucket=NAME)["ServerSideEncryptionConfiguration"],
        }

    return look


def iam(aws: EmbeddedAWS) -> Look:
    """Return a look at a role with policies of both kinds, and at a user's key."""
    client = aws.client("iam")
    if not aws.found:
        client.create_role(RoleName=NAME, AssumeRolePolicyDocument=trust("ec2.amazonaws.com"))
        allow = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}
        document = json.dumps({"Version": "2012-10-17", "Statement": [allow]})
        client.put_role_policy(RoleName=NAME, PolicyName="own", PolicyDocument=document)
        client.attach_role_policy(RoleName=NAME, PolicyArn="arn:aws:iam::aws:policy/ReadOnlyAccess")
        client.create_user(UserName=NAME)
        client.create_access_key(UserName=NAME)
    return lambda: {
        "role": client.get_role(RoleName=NAME)["Role"],
        "inline": client.get_role_policy(RoleName=NAME, PolicyName="own")["PolicyDocument"],
        "attached": client.list_attached_role_policies(RoleName=NAME)["AttachedPolicies"],
        "managed": client.get_policy(PolicyArn="arn:aws:iam::aws:policy/ReadOnlyAccess")["Policy"],
        "keys": client.list_access_keys(UserName=NAME)["AccessKeyMetadata"],
    }


def kms(aws: EmbeddedAWS) -> Look:
    """Return a look at keys, with what they have encrypted and signed, and at a certificate."""
    client, parameters = aws.client("kms"), aws.client("ssm")
    if not aws.found:
        secret = client.create_key()["KeyMetadata"]["KeyId"]
        aws.client("acm").request_certificate(DomainName="kept.example")
        client.create_alias(AliasName="alias/kept", TargetKeyId=secret)
        signing = client.create_key(KeyUsage="SIGN_VERIFY", KeySpec="ECC_NIST_P256")["KeyMetadata"]["KeyId"]
        written = client.encrypt(KeyId=secret, Plaintext=b"secret")["CiphertextBlob"]
        made = client.sign(KeyId=signing, Message=b"told", SigningAlgorithm="ECDSA_SHA_256")["Signature"]
        texts = [signing, *(base64.b64encode(each).decode() for each in (written, made))]
        parameters.put_parameter(Name="/kept/encrypted", Type="String", Value=json.dumps(texts))

    def look() -> Any:
        signing, *texts = json.loads(parameters.get_parameter(Name="/kept/encrypted")["Parameter"]["Value"])
        written, made = map(base64.b64decode, texts)
        valid = client.verify(KeyId=signing, Message=b"told", Signature=made, SigningAlgorithm="ECDSA_SHA_256")
        return {
            "plain": client.decrypt(CiphertextBlob=written)["Plaintext"].decode(),
            "valid": valid["SignatureValid"],
            "certificates": aws.client("acm").list_certificates()["CertificateSummaryList"],
            "key": client.describe_key(KeyId="alias/kept")["KeyMetadata"],
        }

    return look


def messages(aws: EmbeddedAWS) -> Look:
    """Return a look at a queue with a message that came through a topic."""
    sns, sqs = aws.client("sns"), aws.client("sqs")
    queue, topic = ARN.format("sqs", NAME), ARN.format("sns", NAME)
    if not aws.found:
        url = sqs.create_queue(QueueName=NAME)["QueueUrl"]
        allow = {"Effect": "Allow", "Principal": "*", "Action": "sqs:SendMessage", "Resource": queue}
        policy = json.dumps({"Version": "2012-10-17", "Statement": [allow]})
        sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": policy})
        sns.create_topic(Name=NAME)
        sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=queue, Attributes={"RawMessageDelivery": "true"})
        sns.publish(TopicArn=topic, Message="first")

    def look() -> Any:
        url = sqs.get_queue_url(QueueName=NAME)["QueueUrl"]
        found = sqs.receive_message(QueueUrl=url, VisibilityTimeout=0, MaxNumberOfMessages=10)["Messages"]
        return {
            "bodies": [each["Body"] for each in found],
            "policy": sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["Policy"])["Attributes"],
            "subscriptions": sns.list_subscriptions_by_topic(TopicArn=topic)["Subscriptions"],
        }

    return look


def watching(aws: EmbeddedAWS) -> Look:
    """Return a look at an alarm that rings, its metric, and a log."""
    metrics, logs = aws.client("cloudwatch"), aws.client("logs")
    if not aws.found:
        data = {"MetricName": "Heat", "Value": 90.0}
        metrics.put_metric_data(Namespace=NAME, MetricData=[data])
        metrics.put_metric_alarm(
            AlarmName=NAME,
            Namespace=NAME,
            MetricName="Heat",
            Statistic="Maximum",
            Period=60,
            EvaluationPeriods=1,
            Threshold=50,
            ComparisonOperator="GreaterThanThreshold",
            TreatMissingData="ignore",
        )
        logs.create_log_group(logGroupName=NAME)
        logs.create_log_stream(logGroupName=NAME, logStreamName="one")
        event = {"timestamp": 1_700_000_000_000, "message": "a line"}
        logs.put_log_events(logGroupName=NAME, logStreamName="one", logEvents=[event])
        aws.skip(120)

    def look() -> Any:
        def rings() -> Any:
            (alarm,) = metrics.describe_alarms(AlarmNames=[NAME])["MetricAlarms"]
            return alarm if alarm["StateValue"] == "ALARM" else None

        return {
            "alarm": eventually(rings),
            "history": metrics.describe_alarm_history(AlarmName=NAME)["AlarmHistoryItems"],
            "metrics": metrics.list_metrics(Namespace=NAME)["Metrics"],
            "lines": logs.get_log_events(logGroupName=NAME, logStreamName="one")["events"],
        }

    return look


def stack(aws: EmbeddedAWS) -> Look:
    """Return a look at a stack."""
    client = aws.client("cloudformation")
    if not aws.found:
        resources = {
            "Queue": {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": "of-a-stack"}},
            "Told": {"Type": "AWS::SSM::Parameter", "Properties": {"Type": "String", "Name": "/told", "Value": "one"}},
        }
        outputs = {"Queue": {"Value": {"Ref": "Queue"}}}
        body = json.dumps({"Resources": resources, "Outputs": outputs})
        client.create_stack(StackName=NAME, TemplateBody=body)
    return lambda: {
        "stack": client.describe_stacks(StackName=NAME)["Stacks"],
        "resources": client.describe_stack_resources(StackName=NAME)["StackResources"],
        "events": client.describe_stack_events(StackName=NAME)["StackEvents"],
        "template": client.get_template(StackName=NAME)["TemplateBody"],
        "value": aws.client("ssm").get_parameter(Name="/told")["Parameter"],
    }


def code(aws: EmbeddedAWS) -> Look:
    """Return a look at a function."""
    if not aws.found:
        text = "import os\ndef handler(event, context):\n    return [event, os.environ['OF']]"
        function(aws, text, Environment={"Variables": {"OF": "mine"}})

    def look() -> Any:
        (found,) = aws.client("lambda").list_functions()["Functions"]
        return {"settings": found, "answer": invoke(aws, found["FunctionName"], {"n": 1})["payload"]}

    return look


def executions(aws: EmbeddedAWS) -> Look:
    """Return a look at executions that have ended."""
    client = aws.client("stepfunctions")
    machine = ARN.format("states", f"stateMachine:{NAME}")
    if not aws.found:
        each = {"StartAt": "D", "States": {"D": {"Type": "Pass", "Output": "{% $states.input * 2 %}", "End": True}}}
        processor = {"ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"}, **each}
        states = {
            "M": {"Type": "Map", "Items": [1, 2], "ItemProcessor": processor, "Next": "C"},
            "C": {"Type": "Choice", "Choices": [{"Condition": "{% $sum($states.input) > 5 %}", "Next": "F"}]},
            "F": {"Type": "Fail", "Error": "Mine", "Cause": "always"},
        }
        definition = {"QueryLanguage": "JSONata", "StartAt": "M", "States": states}
        client.create_state_machine(name=NAME, definition=json.dumps(definition), roleArn=ROLE)
        started = client.start_execution(stateMachineArn=machine, name=NAME, input='{"of": "mine"}')
        ended(aws, started["executionArn"])
    execution = ARN.format("states", f"execution:{NAME}:{NAME}")
    return lambda: {
        "description": client.describe_execution(executionArn=execution),
        "history": client.get_execution_history(executionArn=execution)["events"],
        "runs": client.list_map_runs(executionArn=execution)["mapRuns"],
        "machine": client.describe_state_machine(stateMachineArn=machine),
    }


def schedules(aws: EmbeddedAWS) -> Look:
    """Return a look at a schedule and at a rule."""
    scheduler, events = aws.client("scheduler"), aws.client("events")
    if not aws.found:
        target = {"Arn": ARN.format("sqs", NAME), "RoleArn": administrator(aws, "scheduler.amazonaws.com")}
        when = {"ScheduleExpression": "cron(0 3 * * ? *)", "ScheduleExpressionTimezone": "Europe/Lisbon"}
        scheduler.create_schedule(Name=NAME, Target=target, FlexibleTimeWindow={"Mode": "OFF"}, **when)
        events.put_rule(Name=NAME, EventPattern=json.dumps({"source": [NAME]}))
        events.put_targets(Rule=NAME, Targets=[{"Id": "queue", "Arn": target["Arn"]}])
    return lambda: {
        "schedule": scheduler.get_schedule(Name=NAME),
        "rule": events.describe_rule(Name=NAME),
        "targets": events.list_targets_by_rule(Rule=NAME)["Targets"],
    }


def catalog(aws: EmbeddedAWS) -> Look:
    """Return a look at a table and a job of Glue."""
    client = aws.client("glue")
    if not aws.found:
        client.create_database(DatabaseInput={"Name": NAME})
        column = {"Name": "user_id", "Type": "string"}
        client.create_table(DatabaseName=NAME, TableInput={"Name": NAME, "StorageDescriptor": {"Columns": [column]}})
        command = {"Name": "glueetl", "ScriptLocation": "s3://kept/script.py", "PythonVersion": "3"}
        client.create_job(Name=NAME, Role=administrator(aws, "glue.amazonaws.com"), Command=command, GlueVersion="5.0")
    return lambda: {
        "table": client.get_table(DatabaseName=NAME, Name=NAME)["Table"],
        "job": client.get_job(JobName=NAME)["Job"],
    }


def personalize(aws: EmbeddedAWS) -> Look:
    """Return a look at models of several kinds, at a recommender, and at what events have changed."""
    world = World(Account(aws))
    account = world.account
    client, runtime = account.personalize, account.client("personalize-runtime")
    events = account.client("personalize-events")
    if not aws.found:
        for recipe in (*RECIPES, "aws-personalized-ranking-v2"):
            world.new_campaign(recipe)
        world.recommender  # noqa: B018  # made when it is asked for
        world.filter  # noqa: B018  # as above
        seen = {"eventType": "View", "sentAt": 1_700_000_000, "itemId": "i2"}
        tracking = world.tracker["trackingId"]
        events.put_events(trackingId=tracking, userId="u1", sessionId="s1", eventList=[seen])
        # Of somebody who has not logged in, which the session alone knows.
        events.put_events(trackingId=tracking, sessionId="s2", eventList=[{**seen, "itemId": "i4"}])

    def look() -> Any:
        question = {"userId": "u1", "itemId": "i1", "numResults": 10}
        campaigns = [each["campaignArn"] for each in client.list_campaigns()["campaigns"]]
        (recommender,) = client.list_recommenders()["recommenders"]
        (rule,) = client.list_filters()["Filters"]
        ranking = campaigns.pop(next(n for n, arn in enumerate(campaigns) if "ranking" in _recipe(client, arn)))
        best = next(arn for arn in campaigns if _recipe(client, arn).endswith("v2"))
        items = [f"i{number}" for number in range(10)]
        return {
            "campaigns": {arn: _items(runtime, campaignArn=arn, **question) for arn in campaigns},
            "ranking": _ranked(runtime, ranking, items),
            "recommender": _items(runtime, recommenderArn=recommender["recommenderArn"], userId="u1"),
            "filtered": _items(runtime, campaignArn=best, userId="u1", filterArn=rule["filterArn"]),
            "session": _items(runtime, campaignArn=best, userId="s2", numResults=10),
            "described": [client.describe_campaign(campaignArn=arn)["campaign"] for arn in campaigns],
            "versions": client.list_solution_versions()["solutionVersions"],
            "groups": client.list_dataset_groups()["datasetGroups"],
        }

    return look


def _recipe(client: Any, campaign: str) -> str:
    version = client.describe_campaign(campaignArn=campaign)["campaign"]["solutionVersionArn"]
    described = client.describe_solution_version(solutionVersionArn=version)["solutionVersion"]
    return str(described["recipeArn"])


def _items(runtime: Any, **question: Any) -> Any:
    return runtime.get_recommendations(**question)["itemList"]


def _ranked(runtime: Any, campaign: str, items: list[str]) -> Any:
    answer = runtime.get_personalized_ranking(campaignArn=campaign, userId="u1", inputList=items)
    return answer["personalizedRanking"]


PARTS = (s3, iam, kms, messages, watching, stack, code, executions, schedules, catalog, personalize)


def main(folder: str) -> None:
    """Make what is not there, and print what there is."""
    with EmbeddedAWS(keep=folder) as aws:
        if not aws.found:
            make_administrator(aws)
        seen = {part.__name__: part(aws)() for part in PARTS}
    assert aws.kept is not None
    print(json.dumps({"seen": _bare(seen), "lost": aws.kept.lost}, default=str))  # noqa: T201  # its purpose


def _bare(seen: Any) -> Any:
    """Return what was seen without what belongs to the answer, such as its date."""
    if isinstance(seen, dict):
        return {name: _bare(value) for name, value in seen.items() if name != "ResponseMetadata"}
    return [_bare(each) for each in seen] if isinstance(seen, list) else seen


if __name__ == "__main__":
    main(sys.argv[1])
