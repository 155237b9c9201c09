"""Serves fakepve for the tests until standard input ends.

The first line of output is the port. Then each line of standard input is a command, and has one line of output:
  power VMID           the real state of a machine
  lock VMID [WORD]     sets or removes the lock of a machine
  ha VMID              gives a machine to HA
  move VMID NODE       moves a machine to another node
  offline NODE         the node no longer answers
  no-quorum            the cluster has no quorum
  fail SUFFIX NAME     each POST to this path fails with the named error of Proxmox VE
  second-factor        logins need a second factor
  expire               no ticket is valid any more
"""

import asyncio
import sys
import tempfile

from fakepve import FakePve
from fakepve.certs import make_cert


def add_guests(pve):
    """The machines: two virtual machines at two nodes, a container, and a template."""
    pve.add_vm(100, 'node1', node='pve1', status='running')
    pve.add_vm(101, 'node2', node='pve2', status='stopped')
    pve.add_ct(200, 'ct1', node='pve2', status='running')
    pve.add_vm(9000, 'debian', node='pve1', template=True)
    pve.add_vm(102, 'frozen', node='pve1', status='running', qmpstatus='paused')


def command(pve, words):
    """Executes one command, and returns the line to print."""
    match words:
        case ['power', vmid]:
            return pve.guest(int(vmid)).status
        case ['lock', vmid, *lock]:
            pve.guest(int(vmid)).lock = lock[0] if lock else None
        case ['ha', vmid]:
            pve.guest(int(vmid)).ha_state = 'started'
        case ['move', vmid, node]:
            pve.guest(int(vmid)).node = node
        case ['offline', node]:
            pve.set_node_offline(node)
        case ['no-quorum']:
            pve.lose_quorum()
        case ['fail', suffix, name]:
            pve.fail('POST', suffix, error=name)
        case ['second-factor']:
            pve.tfa = True
        case ['expire']:
            pve.revoke_tickets()
        case _:
            return f'unknown command: {words}'
    return 'done'


async def serve():
    pve = FakePve(user='root@pam', password='s3cret', host='127.0.0.1', port=0)
    pve.time_scale = 0.1
    add_guests(pve)
    pve.users['fencer@pve'] = 's3cret'
    pve.users['auditor@pve'] = 's3cret'
    pve.apitokens['fencer@pve!node'] = 's3cret-token'
    pve.grant('fencer@pve', '/vms', 'VM.Audit', 'VM.PowerMgmt')
    pve.grant('auditor@pve', '/vms', 'VM.Audit')
    with tempfile.TemporaryDirectory() as folder:
        certificate, key, _ = make_cert(folder, hosts=('127.0.0.1',))
        await pve.start(certificate, key)
    print(pve.port, flush=True)
    while line := await asyncio.to_thread(sys.stdin.readline):
        print(command(pve, line.split()), flush=True)
    await pve.stop()


asyncio.run(serve())
