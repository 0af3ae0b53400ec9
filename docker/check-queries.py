#!/usr/bin/env python3
"""Asks a real Prometheus, which scrapes a real three-node cluster, for everything that the dashboard and the rules ask.

    docker/check-queries.py [--bin build/release/bin] [--ports 27000] [--keep]

Needs Debian's packages python3 and prometheus. Ports from --ports on must be free: +1 to +3 gRPC, +11 to +13 HTTP, +20
Prometheus. Configuration, rules and dashboard are the ones beside this file; only the addresses are replaced. Every
query must return at least one number while clients write and read. Then the leader is killed: RaftlyNodeDown must fire,
the other alerts must not, and it must be silent again once the node is back. Ends with "N passed, N failed".
"""
import argparse
import http.client
import json
import math
import pathlib
import re
import shutil
import subprocess
import tempfile
import threading
import time
import urllib.error
import urllib.parse
import urllib.request

HERE = pathlib.Path(__file__).resolve().parent
NODES = ("node1", "node2", "node3")
SCRAPES_BEFORE_ASKING = 90  # seconds of load: more than the longest $__rate_interval and the recorded one minute
# What an alert compares with is no part of what must return data.
COMPARISON = re.compile(r" (==|!=|<=|>=|<|>) [-+0-9.e]+$")

args = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
args.add_argument("--bin", default=str(HERE.parent / "build/release/bin"), help="where raftly-server is")
args.add_argument("--ports", type=int, default=27000)
args.add_argument("--keep", action="store_true", help="keep logs and data")
args = args.parse_args()

work = pathlib.Path(tempfile.mkdtemp(prefix="raftly-queries-"))
grpc = {node: f"127.0.0.1:{args.ports + 1 + i}" for i, node in enumerate(NODES)}
web = {node: f"127.0.0.1:{args.ports + 11 + i}" for i, node in enumerate(NODES)}
prometheus = f"127.0.0.1:{args.ports + 20}"
running = {}
results = {"passed": 0, "failed": 0}


def verdict(good, what, detail=""):
    results["passed" if good else "failed"] += 1
    print(f"{'ok    ' if good else 'FAILED'} {what}{': ' + detail if detail else ''}", flush=True)


def start(name, command):
    log = open(work / f"{name}.log", "ab")
    running[name] = subprocess.Popen(command, stdout=log, stderr=log)


def start_node(node):
    peers = ",".join(f"{other}={grpc[other]}" for other in NODES if other != node)
    http_peers = ",".join(f"{other}={web[other]}" for other in NODES)
    start(node, [f"{args.bin}/raftly-server", f"-id={node}", f"-grpc-addr={grpc[node]}", f"-http-addr={web[node]}",
                 f"-data-dir={work / node}", f"-peers={peers}", f"-http-peers={http_peers}",
                 # On a busy machine the default's elections would make RaftlyLeaderFlapping fire, and rightly so.
                 "-election-timeout=2000", "-heartbeat=200",
                 # So that snapshots are made.
                 "-snapshot-log-mib=1", "-keep-log-mib=0"])


def start_prometheus():
    config = (HERE / "prometheus/prometheus.yml").read_text()
    for node in NODES:
        config = config.replace(f'"{node}:8001"', f'"{web[node]}"')
    shutil.copy(HERE / "prometheus/rules.yml", work)
    (work / "prometheus.yml").write_text(config)
    start("prometheus", ["prometheus", f"--config.file={work}/prometheus.yml", f"--storage.tsdb.path={work}/tsdb",
                         f"--web.listen-address={prometheus}", "--log.level=warn"])


def get(host, path, **parameters):
    query = urllib.parse.urlencode(parameters)
    with urllib.request.urlopen(f"http://{host}{path}{'?' + query if query else ''}", timeout=10) as answer:
        return json.load(answer)


def wait_for(what, condition, seconds):
    end = time.time() + seconds
    while time.time() < end:
        try:
            if condition():
                return True
        except (OSError, urllib.error.URLError, json.JSONDecodeError, http.client.HTTPException):
            pass
        time.sleep(0.5)
    verdict(False, what, f"not within {seconds} s")
    return False


def clients(stop, node):
    """Writes and reads through one node, and goes on whatever happens to it."""
    i = 0
    while not stop.is_set():
        i += 1
        try:
            connection = http.client.HTTPConnection(web[node], timeout=6)
            for method, path, body in (("PUT", f"/keys/{node}/{i % 100}", json.dumps({"value": "v" * 100})),
                                       ("GET", f"/keys/{node}/{i % 100}", None), ("GET", "/status", None)):
                connection.request(method, path, body)
                connection.getresponse().read()
        except (OSError, http.client.HTTPException):
            time.sleep(0.1)
        finally:
            connection.close()


def listen(stop):
    """A dashboard's event stream, so that there is one to count."""
    while not stop.is_set():
        try:
            with urllib.request.urlopen(f"http://{web['node1']}/api/events", timeout=2) as stream:
                while not stop.is_set() and stream.readline():
                    pass
        except OSError:
            time.sleep(0.5)


def numbers(expression):
    answer = get(prometheus, "/api/v1/query", query=expression)["data"]["result"]
    return [float(series["value"][1]) for series in answer if math.isfinite(float(series["value"][1]))], len(answer)


def check(what, expression):
    try:
        found, series = numbers(expression)
    except urllib.error.HTTPError as error:
        verdict(False, what, f"{json.load(error).get('error')}\n         {expression}")
        return
    detail = f"{len(found)} of {series} series, {min(found):.6g} to {max(found):.6g}" if found else f"no number in {series} series\n         {expression}"
    verdict(bool(found), what, detail)


def substitute(expression):
    for name, value in (("$__rate_interval", "20s"), ("$cluster", "raftly"), ("$node", ".*")):
        expression = expression.replace(name, value)
    return expression


def check_dashboard(path):
    dashboard = json.loads(path.read_text())
    for variable in dashboard["templating"]["list"]:
        if variable["type"] != "query":
            continue
        selector, label = re.fullmatch(r"label_values\((.*), (\w+)\)", substitute(variable["query"]["query"])).groups()
        values = get(prometheus, f"/api/v1/label/{label}/values", **{"match[]": selector})["data"]
        verdict(bool(values), f"{path.name}: variable {variable['name']}", " ".join(values))
    for panel in dashboard["panels"]:
        for target in panel.get("targets", []):
            check(f"{path.name}: {panel['title']} {target['refId']}", substitute(target["expr"]))


def check_rules():
    for group in get(prometheus, "/api/v1/rules")["data"]["groups"]:
        for rule in group["rules"]:
            if rule["health"] != "ok":
                verdict(False, rule["name"], rule.get("lastError", rule["health"]))
            check(f"rule {rule['name']}", COMPARISON.sub("", rule["query"]) if rule["type"] == "alerting" else rule["name"])


def firing():
    return {alert["labels"]["alertname"] for alert in get(prometheus, "/api/v1/alerts")["data"]["alerts"]
            if alert["state"] == "firing"}


def leader():
    return get(web["node1"], "/status")["leader_id"] if running["node1"].poll() is None else ""


def run():
    for node in NODES:
        start_node(node)
    if not wait_for("a leader", leader, 20):
        return
    start_prometheus()
    began = time.time()
    if not wait_for("Prometheus answers", lambda: get(prometheus, "/api/v1/rules"), 30):
        return
    time.sleep(max(0, SCRAPES_BEFORE_ASKING - (time.time() - began)))
    for path in sorted((HERE / "grafana/dashboards").glob("*.json")):
        check_dashboard(path)
    check_rules()
    verdict(not firing(), "no alert fires while all is well", " ".join(sorted(firing())))
    victim = leader()
    running[victim].kill()
    running[victim].wait()
    if wait_for(f"RaftlyNodeDown fires after {victim}, the leader, was killed", lambda: "RaftlyNodeDown" in firing(), 90):
        verdict(firing() == {"RaftlyNodeDown"}, "RaftlyNodeDown fires, and no other", " ".join(sorted(firing())))
        check("raftly.json: annotation Alerts", 'ALERTS{alertname=~"Raftly.*",alertstate="firing",job="raftly"}')
    start_node(victim)
    if wait_for("RaftlyNodeDown ends once it is back", lambda: not firing(), 90):
        verdict(True, "no alert fires once it is back")


stop = threading.Event()
threads = [threading.Thread(target=clients, args=(stop, node), daemon=True) for node in NODES]
threads.append(threading.Thread(target=listen, args=(stop,), daemon=True))
try:
    for thread in threads:
        thread.start()
    run()
finally:
    stop.set()
    for process in running.values():
        process.terminate()
    for process in running.values():
        process.wait()
    if args.keep:
        print(f"logs and data: {work}")
    else:
        shutil.rmtree(work)
print(f"{results['passed']} passed, {results['failed']} failed")
raise SystemExit(results["failed"] > 0 or results["passed"] == 0)
