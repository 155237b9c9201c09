"""Makes SOAP calls with a client that takes all it knows from the WSDL, and says what came of them.

The argument is the URL of the WSDL. Each line of standard input is one call, [METHOD, ARGUMENT...]; each line of
standard output is its {"answer": ...}, or {"fault": CODE, "message": ...}.
"""

import json
import sys

import suds
from suds.client import Client


def plain(answer):
    if isinstance(answer, suds.sudsobject.Object):
        return {name: str(value) for name, value in answer}
    return None if answer is None else str(answer)


def main():
    client = Client(sys.argv[1], cache=None)
    for line in sys.stdin:
        method, *arguments = json.loads(line)
        try:
            result = {"answer": plain(getattr(client.service, method)(*arguments))}
        except suds.WebFault as error:
            result = {"fault": str(error.fault.faultcode), "message": str(error.fault.faultstring)}
        print(json.dumps(result), flush=True)


main()
