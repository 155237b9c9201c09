"""Fences with proxmoxer: URL user password-or-token node VMID; prints what it sees."""

import sys
import urllib.parse
import warnings

from proxmoxer import ProxmoxAPI, ResourceException
from proxmoxer.tools import Tasks

warnings.simplefilter('ignore')
url, user, secret, node, vmid = sys.argv[1:]
address = urllib.parse.urlsplit(url)
login = {'user': user, 'password': secret}
if '!' in user:
    owner, name = user.split('!')
    login = {'user': owner, 'token_name': name, 'token_value': secret}
api = ProxmoxAPI(address.hostname, port=address.port, verify_ssl=False, **login)

print('machines', sorted(row['vmid'] for row in api.cluster.resources.get(type='vm')))
machine = api.nodes(node).qemu(vmid)
print('before', machine.status.current.get()['status'])
for verb in ('stop', 'start', 'reset'):
    upid = getattr(machine.status, verb).post()
    task = Tasks.blocking_status(api, upid, timeout=20, polling_interval=0.05)
    print(verb, task['exitstatus'], machine.status.current.get()['status'])
print('privileges', sorted(api.access.permissions.get(path=f'/vms/{vmid}')[f'/vms/{vmid}']))
try:
    api.nodes(node).qemu('999').status.current.get()
except ResourceException as error:
    print('missing', error.status_code)
