#!/usr/bin/env python3
"""What pod.sh asks of Kubernetes, for scale_test.sh: scale_test.py DIRECTORY API_PORT SERVICE_PORT POD_PORTS SCHEME

The API server answers for the size of the set out of DIRECTORY/replicas (absent: 500) and keeps one ConfigMap in
DIRECTORY/marker. The Service hands a connection to any pod (its HTTP port is POD_PORTS plus its ordinal) that is ready.
"""
import http.client
import http.server
import json
import pathlib
import socket
import ssl
import sys
import threading

directory = pathlib.Path(sys.argv[1])
api_port, service_port, pod_ports = map(int, sys.argv[2:5])
# Like a kubelet, whose probes believe any certificate.
tls = ssl._create_unverified_context() if sys.argv[5] == "https" else None
NAMESPACE = "/namespaces/default"
SCALE = f"/apis/apps/v1{NAMESPACE}/statefulsets/raftly/scale"
MARKER = f"/api/v1{NAMESPACE}/configmaps/raftly-cluster"


class Api(http.server.BaseHTTPRequestHandler):
    def answer(self, status, body):
        # Indented, as the API server writes it for people, and fields that are empty left out.
        text = json.dumps(body, indent=2).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def marker(self):
        file = directory / "marker"
        known = {"data": json.loads(file.read_text())} if file.exists() else {}
        return {"kind": "ConfigMap", "metadata": {"name": "raftly-cluster"}, **known}

    def do_GET(self):
        if self.headers["Authorization"] != "Bearer account":
            self.answer(401, {"kind": "Status"})
        elif self.path == SCALE and (directory / "replicas").exists():
            replicas = int((directory / "replicas").read_text())
            spec = {"replicas": replicas} if replicas else {}
            self.answer(200, {"kind": "Scale", "spec": spec, "status": {"replicas": 9, "selector": "app=raftly"}})
        elif self.path == MARKER and (directory / "replicas").exists():
            self.answer(200, self.marker())
        else:
            self.answer(500, {"kind": "Status"})

    def do_PATCH(self):
        change = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if self.path == MARKER and self.headers["Content-Type"] == "application/merge-patch+json":
            (directory / "marker").write_text(json.dumps(change["data"]))
            self.answer(200, self.marker())
        else:
            self.answer(403, {"kind": "Status"})

    def log_message(self, *_):
        pass


def is_ready(port):
    try:
        plain = http.client.HTTPConnection("127.0.0.1", port, timeout=2)
        probe = http.client.HTTPSConnection("127.0.0.1", port, timeout=2, context=tls) if tls else plain
        probe.request("GET", "/readyz")
        return probe.getresponse().status == 200
    except OSError:
        return False


def carry(source, sink):
    try:
        while data := source.recv(65536):
            sink.sendall(data)
        sink.shutdown(socket.SHUT_WR)
    except OSError:
        pass


def serve(client):
    for port in range(pod_ports, pod_ports + 8):
        if is_ready(port):
            with client, socket.create_connection(("127.0.0.1", port)) as pod:
                back = threading.Thread(target=carry, args=(pod, client), daemon=True)
                back.start()
                carry(client, pod)
                back.join()
            return
    client.close()


threading.Thread(target=http.server.ThreadingHTTPServer(("127.0.0.1", api_port), Api).serve_forever, daemon=True).start()
service = socket.create_server(("127.0.0.1", service_port))
print("serving", flush=True)
while True:
    threading.Thread(target=serve, args=(service.accept()[0],), daemon=True).start()
