"""Serves moto's EC2 for the tests until standard input ends, with signatures and permissions checked.

The first line of output is the port, two instances that run, and the keys of a user who may fence and of one who may only
read:
  PORT INSTANCE INSTANCE ACCESS SECRET ACCESS SECRET
Then each line of standard input is a command, and has one line of output:
  state INSTANCE      the state of an instance
  start INSTANCE      starts an instance
  stop INSTANCE       stops an instance
  terminate INSTANCE  ends an instance forever
"""

import json
import logging
import sys

import boto3
import requests
from moto.server import ThreadedMotoServer

REGION = 'eu-central-1'
FENCER = ['ec2:DescribeInstances', 'ec2:StartInstances', 'ec2:StopInstances']
READER = ['ec2:DescribeInstances']


def add_user(client, name, actions):
    """A user with these permissions: its access key and secret key."""
    client.create_user(UserName=name)
    statement = {'Effect': 'Allow', 'Action': actions, 'Resource': '*'}
    policy = json.dumps({'Version': '2012-10-17', 'Statement': [statement]})
    client.put_user_policy(UserName=name, PolicyName='fence', PolicyDocument=policy)
    key = client.create_access_key(UserName=name)['AccessKey']
    return key['AccessKeyId'], key['SecretAccessKey']


def add_instance(client, name):
    """The id of a new instance."""
    tags = [{'ResourceType': 'instance', 'Tags': [{'Key': 'Name', 'Value': name}]}]
    made = client.run_instances(ImageId='ami-12c6146b', MinCount=1, MaxCount=1, TagSpecifications=tags)
    return made['Instances'][0]['InstanceId']


def command(ec2, words):
    """Executes one command, and returns the line to print."""
    match words:
        case ['state', instance]:
            found = ec2.describe_instances(InstanceIds=[instance])
            return found['Reservations'][0]['Instances'][0]['State']['Name']
        case ['start' | 'stop' | 'terminate' as verb, instance]:
            getattr(ec2, f'{verb}_instances')(InstanceIds=[instance])
            return 'done'
        case _:
            return f'unknown command: {words}'


def main():
    logging.getLogger('werkzeug').setLevel(logging.ERROR)
    server = ThreadedMotoServer(ip_address='127.0.0.1', port=0, verbose=False)
    server.start()
    _, port = server.get_host_and_port()
    url = f'http://127.0.0.1:{port}'
    login = {'endpoint_url': url, 'region_name': REGION, 'aws_access_key_id': 'x', 'aws_secret_access_key': 'x'}
    ec2, iam = boto3.client('ec2', **login), boto3.client('iam', **login)
    instances = [add_instance(ec2, name) for name in ('node1', 'node2')]
    keys = [*add_user(iam, 'fencer', FENCER), *add_user(iam, 'reader', READER)]
    login['aws_access_key_id'], login['aws_secret_access_key'] = add_user(iam, 'admin', ['*'])
    # From now on, signatures and permissions are checked.
    requests.post(f'{url}/moto-api/reset-auth', data='0', headers={'Content-Type': 'text/plain'}, timeout=10)
    ec2 = boto3.client('ec2', **login)
    print(port, *instances, *keys, flush=True)
    for line in sys.stdin:
        print(command(ec2, line.split()), flush=True)


main()
