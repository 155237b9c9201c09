"""Makes calls with the vendor's client of OVHcloud, and says what came of them.

The argument is a JSON object: `url`, the service without a path, and what ovh.Client takes. Each line of standard
input is one call, [METHOD, PATH, BODY or null], or ["credential"]; each line of standard output is its
{"answer": ...}, or {"exception": TYPE, "message": ..., "query_id": ...}.
"""

import json
import sys

import ovh
import ovh.client


def make(client, call):
    if call == ["credential"]:
        request = client.new_consumer_key_request()
        request.add_recursive_rules(ovh.API_READ_WRITE_SAFE, "/dedicated/server")
        return request.request(allowedIPs=["192.0.2.0/24"])
    return client.call(*call)


def main():
    settings = json.loads(sys.argv[1])
    url = settings.pop("url")
    ovh.client.ENDPOINTS["ovh-eu"] = url + "/1.0"
    ovh.client.OAUTH2_TOKEN_URLS["ovh-eu"] = url + "/auth/oauth2/token"
    client = ovh.Client("ovh-eu", **settings)
    for line in sys.stdin:
        try:
            result = {"answer": make(client, json.loads(line))}
        except ovh.APIError as error:
            result = {"exception": type(error).__name__, "message": str(error.args[0]), "query_id": error.query_id}
        print(json.dumps(result), flush=True)


main()
