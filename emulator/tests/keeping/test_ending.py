"""What becomes of what runs, waits or cannot be written when an account is kept."""

from pathlib import Path

from emulator.tests.glue.support import runs_jobs
from emulator.tests.keeping.support import in_process


def test_an_execution_that_ran_is_aborted_and_can_be_redriven(tmp_path: Path) -> None:
    """It is told by name, its history ends with the reason, no rule hears of it, and a redrive goes on where it was."""
    code = """
from emulator.tests.stepfunctions.support import queue, received, start
from emulator.tests.support import admit, ended, make_administrator
with EmbeddedAWS(keep=folder) as aws:
    make_administrator(aws)
    url, events = queue(aws), aws.client("events")
    events.put_rule(Name="ends", EventPattern=json.dumps({"detail": {"status": ["ABORTED", "SUCCEEDED"]}}))
    events.put_targets(Rule="ends", Targets=[{"Id": "q", "Arn": admit(aws, url, "events.amazonaws.com")}])
    first = {"Type": "Pass", "Output": {"n": 1}, "Next": "Wait"}
    wait = {"Type": "Wait", "Seconds": 3600, "Next": "Last"}
    last = {"Type": "Pass", "Output": "{% $states.input.n + 1 %}", "End": True}
    arn = told["arn"] = start(aws, {"First": first, "Wait": wait, "Last": last})
    client = aws.client("stepfunctions")
    while "WaitStateEntered" not in [e["type"] for e in client.get_execution_history(executionArn=arn)["events"]]:
        time.sleep(0.02)
told["lost"] = aws.kept.lost
with EmbeddedAWS(keep=folder, speed=3600) as aws:
    client = aws.client("stepfunctions")
    told["description"] = client.describe_execution(executionArn=arn)
    told["history"] = [e["type"] for e in client.get_execution_history(executionArn=arn)["events"]]
    client.redrive_execution(executionArn=arn)
    told["redriven"] = ended(aws, arn)
    url = aws.client("sqs").list_queues()["QueueUrls"][0]
    while not (heard := received(aws, url)):
        time.sleep(0.02)
    told["heard"] = [json.loads(each)["detail"]["status"] for each in heard]
    told["types"] = [e["type"] for e in client.get_execution_history(executionArn=arn)["events"]]
told["then"] = aws.kept.lost
"""
    found = in_process(code, tmp_path)
    name, machine = found["arn"].split(":")[-1], found["arn"].split(":")[-2]
    assert found["lost"] == [f"execution {name} of {machine} ran, and is ABORTED"]
    assert (found["description"]["status"], found["description"]["error"]) == ("ABORTED", "EmbeddedAWS.Ended")
    assert "was ended while this execution ran" in found["description"]["cause"]
    assert found["history"][-2:] == ["WaitStateEntered", "ExecutionAborted"]
    assert (found["redriven"]["status"], found["redriven"]["output"], found["then"]) == ("SUCCEEDED", 2, [])
    assert found["types"].count("PassStateEntered") == 2
    assert found["heard"] == ["SUCCEEDED"]


def test_what_was_answered_is_kept(tmp_path: Path) -> None:
    """Requests that come while the account is being kept are in it or are refused; none is answered and lost."""
    code = """
from threading import Thread
from botocore.exceptions import BotoCoreError, ClientError
written = []
def write(client):
    try:
        while True:
            client.put_object(Bucket="busy", Key=f"{len(written):05}", Body=b"")
            written.append(f"{len(written):05}")
    except (BotoCoreError, ClientError) as error:
        told["end"] = type(error).__name__
with EmbeddedAWS(keep=folder) as aws:
    aws.client("s3").create_bucket(Bucket="busy")
    thread = Thread(target=write, args=(aws.client("s3"),))
    thread.start()
    while len(written) < 20:
        time.sleep(0.01)
thread.join()
told["written"] = written
with EmbeddedAWS(keep=folder) as aws:
    pages = aws.client("s3").get_paginator("list_objects_v2").paginate(Bucket="busy")
    told["kept"] = [each["Key"] for page in pages for each in page["Contents"]]
"""
    found = in_process(code, tmp_path)
    assert found["kept"] == found["written"]
    assert found["end"] in {"ClientError", "EndpointConnectionError", "ConnectionClosedError"}


def test_what_waits_goes_on_and_work_that_is_not_done_has_failed(tmp_path: Path) -> None:
    """A campaign on its way becomes ACTIVE when its time has come; a training that never ends is CREATE FAILED."""
    code = """
from emulator.tests.personalize.support import Account
from emulator.tests.personalize.world import World
with EmbeddedAWS(keep=folder) as aws:
    world = World(Account(aws))
    client, version = world.account.personalize, world.version_of("aws-popularity-count")
    world.account.fault(job="Campaign", delay=3600)
    campaign = client.create_campaign(name="slow", solutionVersionArn=version)["campaignArn"]
    told["arn"] = world.stalled_version()
    world.account.wait(told["arn"], {"CREATE IN_PROGRESS"})
    world.account.fault(operation="CreateSchema", error="LimitExceededException")
told["lost"] = aws.kept.lost
with EmbeddedAWS(keep=folder) as aws:
    account = Account(aws)
    account.id = world.account.id
    account.personalize = account.client("personalize")
    told["version"] = account.describe(told["arn"])
    told["statuses"] = [account.describe(campaign)["status"]]
    for seconds in (60, 3600):
        aws.skip(seconds)
        told["statuses"].append(account.describe(campaign)["status"])
"""
    found = in_process(code, tmp_path)
    assert found["lost"] == [
        f"SolutionVersion {found['arn']} was not done, and is CREATE FAILED",
        "faults and quotas that were switched on are forgotten",
    ]
    assert found["statuses"] == ["CREATE PENDING", "CREATE IN_PROGRESS", "ACTIVE"]
    assert (found["version"]["status"], found["version"]["failureReason"]) == (
        "CREATE FAILED",
        "The embedded AWS was ended before this was done",
    )


def test_a_stack_that_was_not_done_has_failed(tmp_path: Path) -> None:
    """A stack that waits for a resource is left failed, with the reason, and is told.

    What is under way is waited for, which takes ten seconds, of which none is the processor's.
    """
    code = """
from threading import Thread
from emulator.tests.personalize.support import Account
from emulator.tests.support import eventually
with EmbeddedAWS(keep=folder) as aws:
    account = Account(aws)
    account.fault(job="DatasetGroup", delay=3600)
    client = account.client("cloudformation")
    group = {"Type": "AWS::Personalize::DatasetGroup", "Properties": {"Name": "slow"}}
    body = json.dumps({"Resources": {"Group": group}})
    Thread(target=client.create_stack, kwargs={"StackName": "s", "TemplateBody": body}, daemon=True).start()
    eventually(lambda: account.personalize.list_dataset_groups()["datasetGroups"])
told["lost"] = aws.kept.lost
with EmbeddedAWS(keep=folder) as aws:
    again = Account(aws)
    again.id = account.id
    (stack,) = again.client("cloudformation").describe_stacks(StackName="s")["Stacks"]
    told["stack"] = [stack["StackStatus"], stack["StackStatusReason"]]
"""
    found = in_process(code, tmp_path)
    assert found["lost"] == ["stack s was not done, and is CREATE_FAILED", "1 request was not answered"]
    assert found["stack"] == ["CREATE_FAILED", "The embedded AWS was ended before this was done"]


@runs_jobs
def test_a_run_of_a_glue_job_is_stopped(tmp_path: Path) -> None:
    """A script that runs when the account is kept ends, is told, and is STOPPED the next time."""
    code = """
from emulator.tests.glue.support import Jobs
from emulator.tests.support import administrator
with EmbeddedAWS(keep=folder) as aws:
    aws.client("s3").create_bucket(Bucket="scripts")
    jobs = Jobs(aws, "scripts", administrator(aws, "glue.amazonaws.com"))
    told["job"] = jobs.job("import time; time.sleep(60)", GlueVersion="5.0")
    told["run"] = jobs.begun(told["job"])
told["lost"] = aws.kept.lost
with EmbeddedAWS(keep=folder) as aws:
    told["state"] = aws.client("glue").get_job_run(JobName=told["job"], RunId=told["run"])["JobRun"]["JobRunState"]
"""
    found = in_process(code, tmp_path)
    assert found["lost"] == [f"run {found['run']} of Glue job {found['job']} is STOPPED"]
    assert found["state"] == "STOPPED"


def test_a_service_that_cannot_be_written_does_not_take_the_others_along(tmp_path: Path) -> None:
    """It is named with the reason, and the rest is there the next time."""
    code = """
from moto.sqs.models import sqs_backends
with EmbeddedAWS(keep=folder) as aws:
    aws.client("sqs").create_queue(QueueName="lost")
    aws.client("s3").create_bucket(Bucket="mine")
    sqs_backends["123456789012"]["us-east-1"].odd = (each for each in ())
told["lost"] = aws.kept.lost
with EmbeddedAWS(keep=folder) as aws:
    told["queues"] = aws.client("sqs").list_queues().get("QueueUrls", [])
    told["buckets"] = [bucket["Name"] for bucket in aws.client("s3").list_buckets()["Buckets"]]
"""
    found = in_process(code, tmp_path)
    assert found["lost"] == ["sqs could not be kept: cannot pickle 'generator' object"]
    assert (found["queues"], found["buckets"]) == ([], ["mine"])


TIME = """
from datetime import datetime, timedelta
from embedded_aws import clock
from emulator.tests.support import administrator
def fired(aws):
    url = aws.client("sqs").get_queue_url(QueueName="told")["QueueUrl"]
    time.sleep(0.7)
    found = aws.client("sqs").receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", [])
    for each in found:
        aws.client("sqs").delete_message(QueueUrl=url, ReceiptHandle=each["ReceiptHandle"])
    return len(found)
with EmbeddedAWS(keep=folder) as aws:
    aws.client("sqs").create_queue(QueueName="told")
    role = administrator(aws, "scheduler.amazonaws.com")
    target = {"Arn": "arn:aws:sqs:us-east-1:123456789012:told", "RoleArn": role}
    aws.client("scheduler").create_schedule(
        Name="hourly", ScheduleExpression="rate(1 hour)", Target=target, FlexibleTimeWindow={"Mode": "OFF"}
    )
    told["at once"] = fired(aws)
    aws.skip(1800)
    left = clock.now()
with EmbeddedAWS(keep=folder) as aws:
    told["backwards"] = clock.now() < left
    told["early"] = fired(aws)
    aws.skip(1700)
    told["half an hour later"] = fired(aws)
    aws.skip(100)
    told["an hour after the last"] = fired(aws)
class Later(datetime):
    @classmethod
    def now(cls, zone=None):
        return datetime.now(zone) + timedelta(days=3)
clock.datetime = Later
with EmbeddedAWS(keep=folder) as aws:
    told["late"] = clock.now() > left + timedelta(days=2)
    told["missed"] = fired(aws)
    aws.skip(3600)
    told["next"] = fired(aws)
"""
"""Three starts of an account with an hourly schedule, the last of them three days on."""


def test_time_goes_on_and_missed_schedules_are_not_made_up_for(tmp_path: Path) -> None:
    """The clock is never behind what was kept, nor behind the machine's; a rate goes on in its own rhythm."""
    assert in_process(TIME, tmp_path) == {
        "at once": 1,
        "backwards": False,
        "early": 0,
        "half an hour later": 0,
        "an hour after the last": 1,
        "late": True,
        "missed": 0,
        "next": 1,
    }
