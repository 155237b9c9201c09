"""Directs the SDKs of clouds to a simulator, because their fence agents have no option for an address.

Python imports this module at its start, if its folder is in PYTHONPATH. SIMULATOR is the address: of the API for Google,
https://HOST:PORT for Azure.
"""

import os

ADDRESS = os.environ.get("SIMULATOR")


def google():
    import googleapiclient.discovery as discovery

    build = discovery.build

    def built(*arguments, **options):
        options["client_options"] = {"api_endpoint": ADDRESS}
        return build(*arguments, **options)

    discovery.build = built


def azure():
    import azure.identity as identity
    import azure.mgmt.compute as compute

    credential, client = identity.ClientSecretCredential, compute.ComputeManagementClient

    def logged_in(*arguments, **options):
        options.pop("cloud_environment", None)
        options.update(authority=ADDRESS.split("//")[1], disable_instance_discovery=True)
        return credential(*arguments, **options)

    def connected(*arguments, **options):
        options.update(base_url=ADDRESS, credential_scopes=["https://management.azure.com/.default"])
        made = client(*arguments, **options)
        # The agent of fence-agents 4.12 gives the third argument by its place, which newer SDKs do not take.
        operations = type(made.virtual_machines)
        get = operations.get
        if get.__name__ != "placed":

            def placed(self, group, name, expand=None):
                return get(self, group, name, expand=expand)

            operations.get = placed
        return made

    identity.ClientSecretCredential, compute.ComputeManagementClient = logged_in, connected


if ADDRESS:
    try:
        (azure if ADDRESS.startswith("https:") else google)()
    except ImportError:
        pass
