"""A complete plugin: relays behind a JSON API, one per plug."""

from json_api import get, post, unexpected, unsupported
from wit_world import exports
from wit_world.exports import device
from wit_world.imports.metadata import (
    Address_FromOption, Agent, Auth, Capabilities, Endpoint, Operations, OptionOverride, Port_FromOption, Scheme)
from wit_world.imports.types import Plug, PowerStatus, PowerTarget


class Device(exports.Device):
    def describe(self, name):
        api = Endpoint("api", Scheme.BY_OPTIONS, [Address_FromOption("ip")], Port_FromOption("ipport"),
                       base_path="", auth=Auth.HOST_BASIC)
        return Agent(
            name="fence_relay", shortdesc="Fence agent for JSON relay boards", longdesc="", vendor_url="",
            options=["ip", "ipport", "username", "password", "plug", "ssl"],
            overrides=[OptionOverride("ipport", default="8443", required=None, shortdesc=None, letter=None)],
            operations=Operations.LIST_PLUGS,
            capabilities=Capabilities(endpoints=[api], files=[], sockets=[]),
            rights=[], symlinks=[], parameters=[])

    def check_options(self, options, pending):
        raise unsupported()


class Session(device.Session):
    """A relay board has no sessions, so the plugin stores nothing."""

    @classmethod
    def open(cls, options):
        return cls()

    def probe(self):
        get("/relays")

    def power_status(self, plug):
        return power(get("/relays/", plug))

    def set_power(self, plug, target):
        post("/relays/", plug, {"on": target == PowerTarget.ON})

    def plugs(self, with_status):
        match get("/relays"):
            case dict(relays):
                return [Plug(id, alias=None, status=power(relay)) for id, relay in relays.items()]
        raise unexpected("the list of relays is not a JSON object")

    def close(self):
        pass

    def cycle(self, plug):
        raise unsupported()

    def cycle_complete(self, plug):
        raise unsupported()

    def diagnose(self, plug):
        raise unsupported()


def power(relay):
    match relay:
        case {"state": "on"}:
            return PowerStatus.ON
        case {"state": "off"}:
            return PowerStatus.OFF
        case {"state": str()}:
            return PowerStatus.UNKNOWN
    raise unexpected("a relay without a state")
