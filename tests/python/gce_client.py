"""Uses a simulated project with google-api-python-client and google-auth, and prints what each call returned.

Arguments: the address of the API, and the key file of the service account.
"""

import sys
import time

from google.oauth2.service_account import Credentials
from googleapiclient import discovery
from googleapiclient.errors import HttpError

address, key_file = sys.argv[1:]
PLACE = {"project": "proj1", "zone": "europe-west1-b"}
credentials = Credentials.from_service_account_file(
    key_file, scopes=["https://www.googleapis.com/auth/cloud-platform"]
)
compute = discovery.build(
    "compute", "v1", credentials=credentials, cache_discovery=False, client_options={"api_endpoint": address}
)
instances, operations = compute.instances(), compute.zoneOperations()


def wait(operation):
    print(operation["operationType"], operation["status"], operation["targetLink"].rsplit("/", 1)[1])
    while operation["status"] != "DONE":
        time.sleep(0.05)
        operation = operations.get(operation=operation["name"], **PLACE).execute()
    return operation


names = []
request = instances.list(maxResults=2, **PLACE)
while request is not None:
    page = request.execute()
    names += [item["name"] for item in page.get("items", [])]
    request = instances.list_next(request, page)
print(names)
found = instances.aggregatedList(project="proj1", filter='name="twin"').execute()
print(sorted(zone for zone, scope in found["items"].items() if "instances" in scope))
print(instances.get(instance="node1", fields="id,name,status", **PLACE).execute()["status"])
wait(instances.stop(instance="node1", noGracefulShutdown=True, **PLACE).execute())
print(instances.get(instance="node1", **PLACE).execute()["status"])
wait(instances.start(instance="node1", **PLACE).execute())
wait(instances.reset(instance="node1", **PLACE).execute())
body = {"permissions": ["compute.instances.stop", "compute.instances.delete"]}
print(instances.testIamPermissions(resource="node1", body=body, **PLACE).execute())
for call in [
    instances.reset(instance="web1", **PLACE),
    instances.get(instance="node7", **PLACE),
    instances.get(project="proj1", zone="mars-1", instance="node1"),
]:
    try:
        call.execute()
    except HttpError as error:
        print(error.resp.status, error.error_details[0]["reason"])
