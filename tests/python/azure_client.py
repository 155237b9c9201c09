"""Uses a simulated subscription with azure-mgmt-compute and azure-identity, and prints what each call returned.

Arguments: the address, and the client secret. REQUESTS_CA_BUNDLE names the certificate.
"""

import sys

from azure.core.exceptions import ClientAuthenticationError, HttpResponseError
from azure.identity import ClientSecretCredential
from azure.mgmt.compute import ComputeManagementClient

address, secret = sys.argv[1:]
ID = "5a1c0de1-0000-4000-8000-00000000"
GROUP = "cluster-rg"
credential = ClientSecretCredential(
    ID + "bbbb", ID + "cccc", secret, authority=address.split("//")[1], disable_instance_discovery=True
)
machines = ComputeManagementClient(
    credential,
    ID + "aaaa",
    base_url=address,
    credential_scopes=["https://management.azure.com/.default"],
    polling_interval=0,
).virtual_machines


def state(name):
    view = machines.get(GROUP, name, expand="instanceView").instance_view
    return [status.code for status in view.statuses if status.code.startswith("PowerState/")]


try:
    print([machine.name for machine in machines.list(GROUP)])
except ClientAuthenticationError as error:
    print("refused", str(error).split(":")[1].strip())
    sys.exit()
print(state("node1"), state("node2"), state("web1"))
poller = machines.begin_power_off(GROUP, "node1", skip_shutdown=True)
print(poller.status())
poller.result()
print(poller.status(), state("node1"))
machines.begin_start(GROUP, "node1").result()
print(state("node1"))
for call in [
    lambda: machines.begin_power_off(GROUP, "web1").result(),
    lambda: machines.get(GROUP, "node7"),
    lambda: machines.get("other-rg", "node1"),
]:
    try:
        call()
    except HttpResponseError as error:
        print(error.status_code, error.error.code)
