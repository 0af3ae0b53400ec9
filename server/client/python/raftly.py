"""Keys and values of a Raftly cluster, from Python 3.9 on, with nothing but its standard library: copy this file.

    import raftly

    client = raftly.Client(["localhost:8001", "localhost:8002", "localhost:8003"])
    version = client.put("colour", "blue")
    print(client.get("colour").value)
    client.add("visits", 1)  # counted once, however often it has to be asked for
    try:
        client.put("colour", "red", if_version=version)
    except raftly.Conflict as conflict:
        print("somebody else wrote version", conflict.version)
    for change in client.watch("col"):
        print(change.key, change.value)

Any node of the cluster will do. Every write carries an Idempotency-Key of its own: 128 random bits. The cluster keeps
its first answer and repeats it, so a request that nobody answered is asked again, of the next node, until the client's
deadline. The cluster keeps the answers to its last 100,000 writes with a key and to those of an hour, whichever ends
first: deadlines are to be shorter than that. All endpoints must be of a version that knows Idempotency-Key; a cluster
that says that not all of its members do (501) gets plain puts and deletes without one, and these are not repeated once
they may have been taken.

A client may be shared by threads. Every error is a raftly.Error.
"""

import http.client
import json
import random
import secrets
import ssl
import threading
import time
from typing import Dict, Iterator, List, Mapping, NamedTuple, Optional, Sequence
from urllib.parse import quote, urlsplit

# A server answers within five seconds, and then has to be heard.
_LONGEST_TRY = 6.0
_SHORTEST_TRY = 0.05
_CONNECT_PATIENCE = 3.0
# Where there are others, who does not even take a connection is not waited for that long.
_CONNECT_PATIENCE_AMONG_OTHERS = 1.0
_FIRST_REST = 0.025
_LONGEST_REST = 1.0
_LONGEST_RETRY_AFTER = 3600.0
# Nodes that have just started say within a heartbeat or two what they understand.
_UNDERSTANDING_PATIENCE = 2.0
# The server ends idle connections after a minute; what becomes of a request on one that is just being closed, nobody
# can say.
_REUSE_WITHIN = 20.0
_MOST_IDLE = 64
# A watched server says something every fifteen seconds, and may be some seconds late.
_SILENCE = 30.0


class Error(Exception):
    """A request was refused; `status` is the HTTP status, 0 where none came."""

    def __init__(self, message: str, status: int = 0):
        super().__init__(message)
        self.status = status


class Unavailable(Error):
    """No node did it before the deadline; it was certainly not done."""


class OutcomeUnknown(Error):
    """A node may have done it. Asked again under the same `idempotency_key` it is still done only once."""

    idempotency_key = ""


class Conflict(Error):
    """if_version or if_absent does not hold. `version` is the key's; 0: there is no such key."""

    version = 0


class NotAllowed(Error):
    """A token is missing or unknown, or has another role."""


class Gone(Error):
    """watch: no endpoint keeps the changes from there on; the message names the oldest index that is kept."""


class Versioned(NamedTuple):
    value: str
    version: int  # the log index of the key's last change; 0: the server told none, as a Go server does


class Found(NamedTuple):
    key: str
    value: Optional[str]  # None where values were not asked for
    version: int


class Page(NamedTuple):
    keys: List[Found]  # in byte order, as of one moment
    next: Optional[str]  # `after` of the next page
    index: int  # the entry of the log that the page is as of


class Change(NamedTuple):
    id: str  # its place among all changes; several of one transaction have one version
    op: str  # "put" or "delete"
    key: str
    value: Optional[str]  # None of a delete
    version: int


class StepResult(NamedTuple):
    op: str
    key: str
    value: Optional[str]
    version: int  # 0: the key is absent


class TransactionResult(NamedTuple):
    succeeded: bool  # whether `then` happened
    index: int  # the version of what it changed
    results: List[StepResult]


class _Answer(NamedTuple):
    status: int
    body: bytes
    headers: Mapping[str, str]

    def describe(self) -> str:
        try:
            return f"the server answered {self.status}: {json.loads(self.body)['error']}"
        except (ValueError, KeyError, TypeError):
            return f"the server answered {self.status}"

    def version(self) -> int:
        etag = (self.headers.get("ETag") or "").strip('"')
        return int(etag) if etag.isdigit() else 0

    def rest(self) -> float:
        asked = self.headers.get("Retry-After") or ""
        return min(float(asked), _LONGEST_RETRY_AFTER) if asked.isdigit() else 0.0


class _NotSent(Exception):
    pass


class _Broken(Exception):
    pass


class _NotTrusted(_NotSent):
    pass


class _Endpoint:
    """One node: how it is connected to, and until when it is left alone."""

    def __init__(self, text: str, trust: Optional[ssl.SSLContext]):
        url = urlsplit(text if "://" in text else "http://" + text)
        try:
            port = url.port
        except ValueError:
            port = None
        if url.scheme not in ("http", "https") or not port or url.path not in ("", "/") or url.query or url.username:
            raise ValueError(f'address "{text}": want host:port, http://host:port or https://host:port')
        self.name = url.netloc
        self._host, self._port = url.hostname or "localhost", port
        self._trust = trust if url.scheme == "https" else None
        self.failures = 0
        self.ready = 0.0
        self.idle: list = []

    def connect(self, patience: float) -> http.client.HTTPConnection:
        connection = (
            http.client.HTTPSConnection(self._host, self._port, timeout=patience, context=self._trust)
            if self._trust
            else http.client.HTTPConnection(self._host, self._port, timeout=patience)
        )
        try:
            connection.connect()
        except ssl.SSLCertVerificationError as error:
            raise _NotTrusted(f"no answer from {self.name}: {error.verify_message}") from error
        except OSError as error:
            raise _NotSent(f"no answer from {self.name}: {error.strerror or error}") from error
        return connection


class Client:
    """`deadline`: seconds for each call, all its tries together. `ca`: a file of who vouches for https endpoints, besides
    the authorities of this machine."""

    def __init__(self, endpoints: Sequence[str], token: str = "", ca: Optional[str] = None, deadline: float = 10.0):
        trust = ssl.create_default_context() if ca or any(e.startswith("https://") for e in endpoints) else None
        if ca and trust:
            trust.load_verify_locations(ca)
        self._endpoints = [_Endpoint(endpoint, trust) for endpoint in endpoints]
        if not self._endpoints:
            raise ValueError("no address of a server")
        self._token = token
        self._deadline = deadline
        self._lock = threading.Lock()
        self._preferred = 0

    def __enter__(self) -> "Client":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Ends idle connections. The client can be used further."""
        for endpoint in self._endpoints:
            self._drop_idle(endpoint)

    # ---- Keys and values ----

    def get(self, key: str, stale: bool = False) -> Optional[Versioned]:
        """Linearizable, or the answering node's own state, however old. None where there is no such key."""
        answer = self._ask("GET", _target(key) + ("?consistency=stale" if stale else ""))
        if answer.status == 404:
            return None
        return Versioned(self._json(answer)["value"], answer.version())

    def put(self, key: str, value: str, **options) -> int:
        """The version that it made; 0: the server told none. Options of every write: `if_version`, a version that the key
        must have; `if_absent`; `idempotency_key`, for a write that is to be asked for again by another process."""
        return self._write("PUT", _target(key), {"value": value}, plain=True, **options).version()

    def delete(self, key: str, **options) -> int:
        return self._write("DELETE", _target(key), None, plain=True, **options).version()

    def add(self, key: str, by: int = 1, **options) -> Versioned:
        """What the key holds now. An absent one counts as 0."""
        return self._changed(self._write("POST", _target(key), {"add": by}, **options))

    def append(self, key: str, text: str, **options) -> Versioned:
        return self._changed(self._write("POST", _target(key), {"append": text}, **options))

    def list(
        self, prefix: str = "", after: str = "", limit: int = 100, values: bool = True, stale: bool = False
    ) -> Page:
        """One page of keys in byte order; `limit` is 1 to 1000."""
        target = f"/keys?limit={limit}&prefix={quote(prefix, safe='')}&after={quote(after, safe='')}"
        target += ("" if values else "&values=false") + ("&consistency=stale" if stale else "")
        page = self._json(self._ask("GET", target))
        keys = [Found(found["key"], found.get("value"), found["version"]) for found in page["keys"]]
        return Page(keys, page["next"], page["index"])

    def list_all(self, prefix: str = "", values: bool = True) -> Iterator[Found]:
        """All pages, each as of its own moment."""
        after: Optional[str] = ""
        while after is not None:
            page = self.list(prefix, after, 1000, values)
            yield from page.keys
            after = page.next

    def transact(
        self,
        conditions: Mapping[str, int],
        then: Sequence[Mapping] = (),
        otherwise: Sequence[Mapping] = (),
        idempotency_key: str = "",
    ) -> TransactionResult:
        """`then` where every key in `conditions` has that version (0: is absent), else `otherwise`. A step is
        {"op": "get" | "put" | "delete" | "add" | "append", "key": ..., "value": ... or "by": ...}; 128 at most."""
        compared = [{"key": key, "version": version} for key, version in conditions.items()]
        body = {"if": compared, "then": [*then], "else": [*otherwise]}
        answer = self._json(self._write("POST", "/api/txn", body, idempotency_key=idempotency_key))
        results = [StepResult(r["op"], r["key"], r.get("value"), r["version"]) for r in answer["results"]]
        return TransactionResult(answer["succeeded"], answer["index"], results)

    def status(self) -> dict:
        """GET /status of a node that answers."""
        return self._json(self._ask("GET", "/status"))

    def watch(self, prefix: str = "", start: Optional[int] = None, last_id: str = "") -> Iterator[Change]:
        """Each change in the log's order, each once, across failures of nodes, from the index `start` on, or behind the
        change of `last_id`, or from now on. It ends where the iterator is closed. Unavailable: no endpoint has answered for
        as long as the deadline. Gone: list, and watch from the page's index + 1 on."""
        target = f"/api/watch?prefix={quote(prefix, safe='')}" + (f"&from={start}" if start is not None else "")
        why, gone = "no endpoint is ready", 0
        give_up = time.monotonic() + self._deadline
        while True:
            endpoint = self._next(give_up)
            if endpoint is None:
                raise Unavailable(f"no stream for as long as the deadline: {why}")
            connection, opened = None, False
            try:
                connection = endpoint.connect(self._connect_patience(self._deadline))
                connection.sock.settimeout(_SILENCE)
                headers = {**self._headers(), **({"Last-Event-ID": last_id} if last_id else {})}
                connection.request("GET", target, headers=headers)
                response = connection.getresponse()
                if response.status != 200:
                    answer = _Answer(response.status, response.read(4096), response.headers)
                    why = answer.describe()
                    gone = gone + 1 if answer.status == 410 else 0
                    if (answer.status < 500 and answer.status not in (410, 429)) or gone == len(self._endpoints):
                        raise _refused(answer)
                else:
                    gone, opened = 0, True
                    for name, event_id, data in _events(response):
                        # We are too slow for it, or it has lost its place. Another one may have ours.
                        if name == "gone":
                            raise _Broken("cut off: " + data)
                        # Also where it stands alone: so far has the stream come.
                        last_id = event_id or last_id
                        if data:
                            change = json.loads(data)
                            yield Change(event_id, change["op"], change["key"], change.get("value"), change["version"])
                            self._worked(endpoint)
                    raise _Broken("the stream ended")
            except (_NotSent, _Broken, OSError, http.client.HTTPException) as error:
                why = str(error)
                if opened:
                    give_up = time.monotonic() + self._deadline
            finally:
                if connection is not None:
                    connection.close()
            self._failed(endpoint)

    # ---- One request, however many nodes it takes ----

    def _write(
        self,
        method: str,
        target: str,
        body: Optional[dict],
        plain: bool = False,
        if_version: Optional[int] = None,
        if_absent: bool = False,
        idempotency_key: str = "",
    ) -> _Answer:
        headers = {}
        if if_absent:
            headers["If-None-Match"] = "*"
        if if_version is not None:
            headers["If-Match"] = f'"{if_version}"'
        key = idempotency_key or secrets.token_hex(16)
        answer = self._ask(method, target, body, headers, key, plain and not headers)
        if answer.status == 412:
            conflict = Conflict(answer.describe(), 412)
            conflict.version = answer.version()
            raise conflict
        if answer.status != 200:
            raise _refused(answer)
        return answer

    def _ask(
        self,
        method: str,
        target: str,
        body: Optional[dict] = None,
        headers: Optional[Dict[str, str]] = None,
        key: str = "",
        plain: bool = False,
    ) -> _Answer:
        """The answer that settles it. `key`: of a write. `plain`: an older cluster understands it too, without the key."""
        begin = time.monotonic()
        deadline = begin + self._deadline
        read = not key
        sent_under = key
        unknown = False  # some try may have been taken
        distrusted = 0
        why = "every endpoint has asked to be left alone for longer than the deadline"
        status = 0
        while True:
            endpoint = self._next(deadline)
            if endpoint is None:
                break
            patience = deadline - time.monotonic()
            # One that hangs leaves time for another.
            if len(self._endpoints) > 1:
                patience /= 2
            rest = 0.0
            taken = False
            try:
                answer = self._try(endpoint, method, target, body, headers or {}, sent_under, _clamp(patience))
            except _NotTrusted as error:
                why, status, distrusted = str(error), 0, distrusted + 1
                if distrusted == len(self._endpoints):
                    break
            except _NotSent as error:
                why, status = str(error), 0
            except _Broken as error:
                why, status, taken = str(error), 0, True
            else:
                why, status, rest = answer.describe(), answer.status, answer.rest()
                if answer.status == 501 and not unknown:
                    # Understood once, it always is (the log says so). So this comes first, or a Go server leads now.
                    if plain and sent_under:
                        sent_under = ""
                        continue
                    if time.monotonic() > begin + _UNDERSTANDING_PATIENCE:
                        return answer
                elif answer.status in (500, 502, 504):
                    taken = True
                elif answer.status not in (429, 501, 503):
                    self._worked(endpoint)
                    return answer
            if taken and not read:
                unknown = True
                if not sent_under:
                    break
            self._failed(endpoint, rest)
        if not unknown:
            raise Unavailable(why, status)
        error = OutcomeUnknown(why, status)
        error.idempotency_key = sent_under
        raise error

    def _try(self, endpoint, method, target, body, headers, key, patience) -> _Answer:
        headers = {**self._headers(), **headers}
        if key:
            headers["Idempotency-Key"] = key
        if body is not None:
            headers["Content-Type"] = "application/json"
        text = None if body is None else json.dumps(body, ensure_ascii=False).encode()
        connection = self._take(endpoint) or endpoint.connect(self._connect_patience(patience))
        try:
            connection.sock.settimeout(patience)
            connection.request(method, target, body=text, headers=headers)
            response = connection.getresponse()
            answer = _Answer(response.status, response.read(), response.headers)
        except (OSError, http.client.HTTPException) as error:
            connection.close()
            raise _Broken(f"no answer from {endpoint.name}: {error or type(error).__name__}") from error
        if connection.sock is None:
            return answer  # the server has closed it
        with self._lock:
            if len(endpoint.idle) < _MOST_IDLE:
                endpoint.idle.append((connection, time.monotonic()))
                return answer
        connection.close()
        return answer

    def _headers(self) -> Dict[str, str]:
        return {"Authorization": "Bearer " + self._token} if self._token else {}

    def _connect_patience(self, patience: float) -> float:
        return min(patience, _CONNECT_PATIENCE_AMONG_OTHERS if len(self._endpoints) > 1 else _CONNECT_PATIENCE)

    def _take(self, endpoint: _Endpoint) -> Optional[http.client.HTTPConnection]:
        """The one used last, so that the others can grow old."""
        with self._lock:
            while endpoint.idle:
                connection, used = endpoint.idle.pop()
                if time.monotonic() - used < _REUSE_WITHIN:
                    return connection
                connection.close()
        return None

    # ---- Whom to ask ----

    def _next(self, deadline: float) -> Optional[_Endpoint]:
        """Waits until one may be asked. None: none before the deadline."""
        while True:
            now = time.monotonic()
            with self._lock:
                order = self._endpoints[self._preferred :] + self._endpoints[: self._preferred]
                ready = [endpoint for endpoint in order if endpoint.ready <= now]
                soonest = min(endpoint.ready for endpoint in order)
            if now >= deadline or (not ready and soonest >= deadline):
                return None
            if ready:
                return ready[0]
            time.sleep(soonest - now)

    def _worked(self, endpoint: _Endpoint) -> None:
        with self._lock:
            endpoint.failures, endpoint.ready = 0, 0.0

    def _failed(self, endpoint: _Endpoint, rest: float = 0.0) -> None:
        """It is left alone for a while, doubled with each failure, half of it at random, so that clients do not come back
        all at once; or as long as it says itself."""
        self._drop_idle(endpoint)
        now = time.monotonic()
        with self._lock:
            if self._endpoints[self._preferred] is endpoint:
                self._preferred = (self._preferred + 1) % len(self._endpoints)
            # Many calls at once fail for one reason.
            if endpoint.ready > now:
                return
            whole = min(_FIRST_REST * 2 ** min(endpoint.failures, 6), _LONGEST_REST)
            endpoint.failures += 1
            endpoint.ready = now + max(whole * random.uniform(0.5, 1.0), rest)

    def _drop_idle(self, endpoint: _Endpoint) -> None:
        with self._lock:
            idle, endpoint.idle = endpoint.idle, []
        for connection, _ in idle:
            connection.close()

    # ---- What comes back ----

    @staticmethod
    def _json(answer: _Answer) -> dict:
        if answer.status != 200:
            raise _refused(answer)
        try:
            return json.loads(answer.body)
        except ValueError as error:
            raise Error(f"the server's answer: {error}", answer.status) from error

    def _changed(self, answer: _Answer) -> Versioned:
        changed = self._json(answer)
        return Versioned(changed["value"], changed["version"])


def _target(key: str) -> str:
    if not key:
        raise ValueError("the key is empty")
    return "/keys/" + quote(key, safe="")


def _clamp(patience: float) -> float:
    return min(max(patience, _SHORTEST_TRY), _LONGEST_TRY)


def _refused(answer: _Answer) -> Error:
    kind = NotAllowed if answer.status in (401, 403) else Gone if answer.status == 410 else Error
    return kind(answer.describe(), answer.status)


def _events(response) -> Iterator[tuple]:
    """(event, id, data) of each Server-Sent Event. One that ends with the stream is none."""
    fields: Dict[str, str] = {}
    while True:
        raw = response.readline()
        if not raw.endswith(b"\n"):
            return
        line = raw.decode().rstrip("\r\n")
        if not line:
            if fields:
                yield fields.get("event", ""), fields.get("id", ""), fields.get("data", "")
            fields = {}
        elif not line.startswith(":"):
            name, _, value = line.partition(":")
            value = value[1:] if value.startswith(" ") else value
            if name in ("event", "id"):
                fields[name] = value
            elif name == "data":
                fields[name] = fields["data"] + "\n" + value if "data" in fields else value
