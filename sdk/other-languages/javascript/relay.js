// A complete plugin: relays behind a JSON API, one per plug.
import { get, post, unexpected, unsupported } from "./json-api.js";

// A relay board has no sessions, so the plugin stores nothing.
class Session {
  static open(options) { return new Session(); }
  probe() { get("/relays"); }
  powerStatus(plug) { return power(get("/relays/", plug)); }
  setPower(plug, target) { post("/relays/", plug, { on: target === "on" }); }
  plugs(withStatus) {
    const relays = get("/relays");
    if (relays === null || typeof relays !== "object" || Array.isArray(relays)) {
      throw unexpected("the list of relays is not a JSON object");
    }
    return Object.entries(relays).map(([id, relay]) => ({ id, status: power(relay) }));
  }
  close() {}
  cycle(plug) { throw unsupported; }
  cycleComplete(plug) { throw unsupported; }
  diagnose(plug) { throw unsupported; }
}

function power(relay) {
  switch (relay?.state) {
    case "on": return "on";
    case "off": return "off";
  }
  if (typeof relay?.state !== "string") {
    throw unexpected("a relay without a state");
  }
  return "unknown";
}

export const device = {
  Session,
  describe(name) {
    const api = {
      name: "api", scheme: "by-options", basePath: "", auth: "host-basic",
      addresses: [{ tag: "from-option", val: "ip" }], port: { tag: "from-option", val: "ipport" },
    };
    return {
      name: "fence_relay", shortdesc: "Fence agent for JSON relay boards", longdesc: "", vendorUrl: "",
      options: ["ip", "ipport", "username", "password", "plug", "ssl"],
      overrides: [{ name: "ipport", default: "8443" }],
      operations: { listPlugs: true },
      capabilities: { endpoints: [api], files: [], sockets: [] },
      rights: [], symlinks: [], parameters: [],
    };
  },
  checkOptions(options, pending) { throw unsupported; },
};
