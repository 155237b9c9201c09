"""Runs the program of fence_ovh, its first argument, as it is, but for two things: the WSDL, whose URL it has fixed, is
the second argument, and it does not sleep."""

import runpy
import sys
import time

import suds.client


def main():
    program, wsdl = sys.argv[1:]
    original = suds.client.Client

    class Client(original):
        def __init__(self, _, **options):
            original.__init__(self, wsdl, **options)

    suds.client.Client = Client
    time.sleep = lambda seconds: None
    sys.argv = [program]
    runpy.run_path(program, run_name="__main__")


main()
