"""Switches a server with hcloud: URL NAME; prints what it sees."""

import sys

from hcloud import APIException, Client

url, name = sys.argv[1:]


def client(token):
    """A client with this token, which does not wait between its polls."""
    return Client(token=token, api_endpoint=url, poll_interval=0.05)


def refused(what, call, *arguments):
    """Prints the code of an error."""
    try:
        call(*arguments)
        print(what, 'accepted')
    except APIException as error:
        print(*([what] if what else []), error.code)


servers = client('s3cret').servers
print('servers', len(servers.get_all()))
node = servers.get_by_name(name)
print('before', node.id, node.status, node.locked)
action = servers.power_off(node)
print(action.command, action.status)
refused('', servers.power_on, node)
for verb in (None, servers.power_on, servers.reset):
    if verb:
        action = verb(node)
    action.wait_until_finished()
    print(action.command, action.status, servers.get_by_id(node.id).status)
print('missing', servers.get_by_name('node9'))
refused('readonly', client('s3cret-read').servers.power_off, node)
refused('wrong', client('other').servers.get_all)
