"""Makes calls with the published client of XenServer: one a line on standard input, what came of it on standard output.

A line is a JSON array of the method as the client has it (`VM.start`, `login_with_password`, `session.logout`) and an
array of its parameters. The answer is a JSON object: `value`, or `failure` with the details of the API's error, or `error` with the
name of any other exception. The only argument is the URL; with a second one the client does not look at certificates.
"""

import json
import sys

import XenAPI


def call(session, method, params):
    target = session.xenapi
    for name in method.split("."):
        target = getattr(target, name)
    try:
        return {"value": target(*params)}
    except XenAPI.Failure as failure:
        return {"failure": failure.details}
    except Exception as error:
        return {"error": type(error).__name__}


def main():
    session = XenAPI.Session(sys.argv[1], ignore_ssl=len(sys.argv) > 2)
    for line in sys.stdin:
        method, params = json.loads(line)
        print(json.dumps(call(session, method, params), default=str), flush=True)


main()
