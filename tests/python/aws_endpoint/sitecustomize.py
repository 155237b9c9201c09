"""Sends the requests of Debian's fence_aws to the URL in the environment: its boto3 has no option for that."""

import os

import boto3.session

RESOURCE = boto3.session.Session.resource


def resource(self, *arguments, **options):
    """The resource at the URL."""
    options.setdefault('endpoint_url', os.environ['FENCE_AWS_ENDPOINT'])
    return RESOURCE(self, *arguments, **options)


boto3.session.Session.resource = resource
