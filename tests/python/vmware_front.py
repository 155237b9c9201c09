"""A front for vcsim, so that the Python agent of fence-agents can use it: adds the WSDL that a vCenter serves and vcsim
does not, and removes the elements that this WSDL does not have.

Usage: vmware_front.py VCSIM_PORT WSDL. Prints its port, and serves clear text until stdin ends.
"""

import http.server
import re
import ssl
import sys
import threading
import urllib.error
import urllib.request

PORT, WSDL = sys.argv[1:]
with open(WSDL, encoding="utf-8") as file:
    DESCRIPTION = file.read()
KNOWN = set(re.findall(r'name="(\w+)"', DESCRIPTION)) | {"xml", "returnval", "Fault", "faultcode", "faultstring", "detail"}
CONTEXT = ssl._create_unverified_context()


def reduced(body):
    """The answer without unknown elements."""
    text = body.decode()
    for name in set(re.findall(r"<(\w+)[ >/]", text)) - KNOWN:
        text = re.sub(rf"<{name}(\s[^>]*)?/>|<{name}(\s[^>]*)?>.*?</{name}>", "", text, flags=re.S)
    return text.encode()


class Front(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def send(self, status, body, headers=()):
        self.send_response(status)
        for name, value in headers:
            self.send_header(name, value)
        self.send_header("Content-Type", "text/xml; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self):
        location = f"http://{self.headers['Host']}/sdk"
        self.send(200, DESCRIPTION.replace("LOCATION", location).encode())

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        kept = {name: value for name, value in self.headers.items() if name.lower() in ("content-type", "cookie")}
        request = urllib.request.Request(f"https://127.0.0.1:{PORT}/sdk", data=body, headers=kept)
        try:
            answer = urllib.request.urlopen(request, context=CONTEXT)
        except urllib.error.HTTPError as error:
            answer = error
        cookies = [("Set-Cookie", value) for value in answer.headers.get_all("Set-Cookie") or []]
        content = answer.read()
        self.send(answer.status, reduced(content) if answer.status == 200 else content, cookies)

    def log_message(self, *_):
        pass


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Front)
threading.Thread(target=server.serve_forever, daemon=True).start()
print(server.server_port, flush=True)
sys.stdin.read()
