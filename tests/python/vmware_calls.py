"""Uses a vCenter or ESXi host with pyvmomi, the client that its makers publish: finds a machine by path, by UUID and by
name, switches it off and on, and logs out.

Usage: vmware_calls.py PORT PATH UUID NAME. Prints one line for each result.
"""

import sys

from pyVim.connect import Disconnect, SmartConnect
from pyVmomi import vim, vmodl

PORT, PATH, UUID, NAME = sys.argv[1:]


def connect(password):
    return SmartConnect(
        host="127.0.0.1", port=int(PORT), user="fencer", pwd=password, disableSslCertValidation=True
    )


def finish(task):
    while task.info.state not in (vim.TaskInfo.State.success, vim.TaskInfo.State.error):
        pass
    return task.info.state if task.info.state == "success" else type(task.info.error).__name__.split(".")[-1]


def names(content):
    """The names of all machines, in pages of two."""
    view = content.viewManager.CreateContainerView(content.rootFolder, [vim.VirtualMachine], True)
    collector = vmodl.query.PropertyCollector
    traversal = collector.TraversalSpec(name="t", type=vim.view.ContainerView, path="view", skip=False)
    spec = collector.FilterSpec(
        objectSet=[collector.ObjectSpec(obj=view, skip=True, selectSet=[traversal])],
        propSet=[collector.PropertySpec(type=vim.VirtualMachine, pathSet=["name", "runtime.powerState"])],
    )
    page = content.propertyCollector.RetrievePropertiesEx([spec], collector.RetrieveOptions(maxObjects=2))
    pages, found = 0, []
    while page:
        pages += 1
        found += [prop.val for row in page.objects for prop in row.propSet if prop.name == "name"]
        page = page.token and content.propertyCollector.ContinueRetrievePropertiesEx(page.token)
    return pages, found


try:
    connect("wrong-pass")
except vim.fault.InvalidLogin:
    print("login", "InvalidLogin")
instance = connect("s3cret")
content = instance.RetrieveContent()
print("type", content.about.apiType)
index = content.searchIndex
machine = index.FindByInventoryPath(PATH)
print("path", machine._moId, machine.name, machine.runtime.powerState, machine.runtime.connectionState)
print("uuid", [found._moId for found in index.FindAllByUuid(None, UUID, True)])
print("nobody", index.FindByInventoryPath("DC1/vm/nobody"))
pages, found = names(content)
print("names", pages, len(found), NAME in found)
print("off", finish(machine.PowerOffVM_Task()), machine.runtime.powerState)
print("off", finish(machine.PowerOffVM_Task()), machine.runtime.powerState)
print("on", finish(machine.PowerOnVM_Task()), machine.runtime.powerState)
Disconnect(instance)
