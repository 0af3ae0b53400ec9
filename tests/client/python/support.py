"""Servers for the tests of raftly.py: some that follow a script, and real ones."""

import os
import pathlib
import random
import socket
import subprocess
import sys
import tempfile
import threading
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[3] / "server" / "client" / "python"))

# For a loaded machine; nothing waits that long when all is well.
PATIENCE = 60.0

RESET = "reset"


def says(status, body="", headers=""):
    data = body.encode()
    head = f"HTTP/1.1 {status} Words\r\nConnection: close\r\nContent-Length: {len(data)}\r\n{headers}\r\n"
    return head.encode() + data


def streams(events):
    return b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Type: text/event-stream\r\n\r\n" + events.encode()


class Asked:
    def __init__(self, text, body):
        self.line, *rest = text.split("\r\n")
        self.headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in rest)}
        self.body = body

    @property
    def key(self):
        return self.headers.get("idempotency-key")


class ScriptedServer:
    """Answers what a test has written down, each request on a connection of its own; the last answer is repeated."""

    def __init__(self, *answers):
        self._answers = answers
        self.requests = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.address = "127.0.0.1:%d" % self._listener.getsockname()[1]
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._listener.shutdown(socket.SHUT_RDWR)
        self._thread.join()
        self._listener.close()

    def _serve(self):
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            with connection:
                self._answer(connection)

    def _answer(self, connection):
        text = b""
        while b"\r\n\r\n" not in text:
            piece = connection.recv(65536)
            if not piece:
                return
            text += piece
        head, _, body = text.partition(b"\r\n\r\n")
        asked = Asked(head.decode(), body)
        while len(asked.body) < int(asked.headers.get("content-length", 0)):
            asked.body += connection.recv(65536)
        answer = self._answers[min(len(self.requests), len(self._answers) - 1)]
        self.requests.append(asked)
        if answer == RESET:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
            return
        connection.sendall(answer)
        connection.shutdown(socket.SHUT_WR)
        while connection.recv(65536):
            pass


def nobodys_address():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return "127.0.0.1:%d" % listener.getsockname()[1]


def _is_free(port):
    try:
        socket.create_server(("127.0.0.1", port)).close()
        return True
    except OSError:
        return False


class Cluster:
    """Three real nodes. `flags`: for all of them."""

    def __init__(self, *flags):
        self._directory = tempfile.TemporaryDirectory()
        self._flags = flags
        self._processes = {}
        free = [port for port in random.sample(range(10000, 32000), 200) if _is_free(port)]
        self._http, self._grpc = free[:3], free[3:6]
        for node in range(3):
            self.start(node)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for node in list(self._processes):
            self.kill(node)
        self._directory.cleanup()

    @property
    def addresses(self):
        return [f"127.0.0.1:{port}" for port in self._http]

    def start(self, node):
        peers = ",".join(f"node{other}=127.0.0.1:{self._grpc[other]}" for other in range(3) if other != node)
        http_peers = ",".join(f"node{other}=127.0.0.1:{self._http[other]}" for other in range(3))
        arguments = [os.path.join(os.environ["RAFTLY_BIN_DIR"], "raftly-server"), "-id", f"node{node}"]
        arguments += ["-grpc-addr", f"127.0.0.1:{self._grpc[node]}", "-http-addr", self.addresses[node]]
        arguments += ["-data-dir", f"{self._directory.name}/{node}", "-peers", peers, "-http-peers", http_peers]
        arguments += ["-election-timeout", "400", "-heartbeat", "80", *self._flags]
        with open(f"{self._directory.name}/{node}.err", "ab") as errors:
            self._processes[node] = subprocess.Popen(arguments, stdout=errors, stderr=errors)

    def kill(self, node):
        self._processes[node].kill()
        self._processes.pop(node).wait()


def eventually(condition):
    give_up = time.monotonic() + PATIENCE
    while not condition():
        if time.monotonic() > give_up:
            return False
        time.sleep(0.005)
    return True


def main():
    """unittest.main, with a report where GTEST_OUTPUT=xml:<folder>/ wants one: cmake/test.sh counts the cases."""
    program = unittest.main(module="__main__", exit=False)
    result = program.result
    output = os.environ.get("GTEST_OUTPUT", "")
    if output.startswith("xml:"):
        name = pathlib.Path(sys.argv[0]).stem
        pathlib.Path(output[4:]).mkdir(parents=True, exist_ok=True)
        pathlib.Path(output[4:], f"python_{name}.xml").write_text(
            f'<testsuites><testsuite name="python_{name}" tests="{result.testsRun}" failures="{len(result.failures)}" '
            f'errors="{len(result.errors)}" skipped="{len(result.skipped)}" disabled="0"></testsuite></testsuites>\n'
        )
    sys.exit(0 if result.wasSuccessful() else 1)
