"""Switches an instance with boto3: URL INSTANCE; prints what it sees."""

import sys

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError
from botocore.utils import InstanceMetadataFetcher

url, instance = sys.argv[1:]


def client(access='AKIASIMULATED', secret='s3cret', region='eu-central-1', token=None):
    """A client of EC2 with these keys, which does not repeat refused calls."""
    return boto3.client(
        'ec2', endpoint_url=url, region_name=region, aws_access_key_id=access, aws_secret_access_key=secret,
        aws_session_token=token, config=Config(retries={'total_max_attempts': 1}))


def refused(what, call, **arguments):
    """Prints the error of a call."""
    try:
        call(**arguments)
        print(what, 'accepted')
    except ClientError as error:
        print(what, error.response['Error']['Code'], error.response['ResponseMetadata']['HTTPStatusCode'])


def changed(what, answer):
    """Prints the states before and after a request."""
    change = answer.get('StoppingInstances', answer.get('StartingInstances'))[0]
    assert change['InstanceId'] == instance
    print(what, change['PreviousState']['Name'], change['CurrentState']['Name'])


def state(ec2):
    found = ec2.describe_instances(Filters=[{'Name': 'instance-id', 'Values': [instance]}])
    return found['Reservations'][0]['Instances'][0]


def wait(ec2, name):
    waiter = ec2.get_waiter(name)
    waiter.wait(InstanceIds=[instance], WaiterConfig={'Delay': 0, 'MaxAttempts': 20})
    print('waited', state(ec2)['State']['Name'])


ec2 = client()
pages = ec2.get_paginator('describe_instances').paginate()
print('instances', sum(len(reservation['Instances']) for page in pages for reservation in page['Reservations']))
node = state(ec2)
print('named', [tag['Value'] for tag in node['Tags'] if tag['Key'] == 'Name'], node['State']['Name'])
refused('dry run', ec2.stop_instances, InstanceIds=[instance], DryRun=True)
changed('stop', ec2.stop_instances(InstanceIds=[instance], Force=True, SkipOsShutdown=True))
changed('again', ec2.stop_instances(InstanceIds=[instance], Force=True))
wait(ec2, 'instance_stopped')
changed('stopped', ec2.stop_instances(InstanceIds=[instance]))
changed('start', ec2.start_instances(InstanceIds=[instance]))
wait(ec2, 'instance_running')
refused('missing', ec2.stop_instances, InstanceIds=['i-0123456789abcdef0'])
refused('wrong key', client(access='AKIAOTHER').describe_instances)
refused('wrong secret', client(secret='other').describe_instances)
refused('wrong region', client(region='us-east-1').describe_instances)

# The metadata service is at the same address here; botocore speaks version 2 of it.
role = InstanceMetadataFetcher(timeout=5, base_url=url).retrieve_iam_role_credentials()
own = client(role['access_key'], role['secret_key'], token=role['token'])
print('role', role['role_name'], role['access_key'], state(own)['State']['Name'])
