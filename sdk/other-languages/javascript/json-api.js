// Requests to a JSON API, and what a failure means to fencebox. Copy this file beside your plugin.
import { send } from "fencebox:agent/http@0.1.0";

export function get(path, plug) {
  return exchange({ method: "get", path, headers: [] }, plug);
}

export function post(path, plug, value) {
  const headers = [["content-type", "application/json"]];
  return exchange({ method: "post", path, headers, body: encode(JSON.stringify(value)) }, plug);
}

// Errors of the contract, to throw.
export const unexpected = (text) => ({ tag: "unexpected", val: text });
export const unsupported = { tag: "unsupported" };

// The answer as a JavaScript value. `plug` is the end of the path, and 404 means that it does not exist.
function exchange(request, plug) {
  const path = request.path + (plug === undefined ? "" : encodeURIComponent(plug));
  const asked = `${request.method.toUpperCase()} ${path}`;
  const answer = transmit({ endpoint: "api", ...request, path });
  if (answer.status === 404 && plug !== undefined) {
    throw { tag: "plug-not-found", val: plug };
  }
  if (answer.status < 200 || answer.status > 299) {
    throw refusal(answer, `${message(answer)}status ${answer.status} for ${asked}`);
  }
  try {
    return answer.body.length > 0 ? JSON.parse(decode(answer.body)) : undefined;
  } catch {
    throw unexpected(`the answer to ${asked} is not JSON`);
  }
}

const WITHOUT_ANSWER = {
  "denied": "denied", "invalid": "denied", "tls": "denied", "timed-out": "timed-out",
  "unreachable": "connection-lost", "broken": "connection-lost", "too-large": "unexpected",
};

function transmit(request) {
  try {
    return send(request);
  } catch (failure) {
    const { tag, val } = failure.payload;
    throw { tag: WITHOUT_ANSWER[tag], val };
  }
}

// The device's own words about an error.
function message(answer) {
  try {
    return `${JSON.parse(decode(answer.body)).message.slice(0, 200)}: `;
  } catch {
    return "";
  }
}

function refusal(answer, text) {
  // The pause that the device asks for. It may also be a date, which is ignored.
  const pause = answer.headers.find(([name]) => name === "retry-after")?.[1];
  const seconds = /^[0-9]+$/.test(pause ?? "") ? Math.min(Number(pause), 30) : undefined;
  switch (answer.status) {
    case 401: return { tag: "login-denied", val: text };
    case 403: return { tag: "not-permitted", val: text };
    case 407: return { tag: "denied", val: text };
    case 408: case 409: case 423: case 425: case 429: return { tag: "busy", val: { reason: text, seconds } };
    case 503: return pause === undefined ? unexpected(text) : { tag: "busy", val: { reason: text, seconds } };
    default: return unexpected(text);
  }
}

// UTF-8, because QuickJS has neither TextEncoder nor TextDecoder.
function encode(text) {
  return Uint8Array.from(unescape(encodeURIComponent(text)), (character) => character.charCodeAt(0));
}

function decode(bytes) {
  return decodeURIComponent(Array.from(bytes, (byte) => "%" + byte.toString(16).padStart(2, "0")).join(""));
}
