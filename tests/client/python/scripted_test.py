"""raftly.py against servers that follow a script: whom it asks again, under which key, and what it tells."""

import json
import threading
import time
import unittest

from support import RESET, ScriptedServer, main, nobodys_address, says, streams

import raftly

SUM = says(200, '{"value":"7","version":9}', 'ETag: "9"\r\n')
LONG, SHORT = 60, 0.4


def put(event_id, key):
    change = {"op": "put", "key": key, "value": "v", "version": int(float(event_id))}
    return f"id: {event_id}\ndata: {json.dumps(change)}\n\n"


class Retry(unittest.TestCase):
    def test_an_unavailable_node_is_followed_by_the_next_under_the_same_key(self):
        with ScriptedServer(says(503)) as first, ScriptedServer(SUM) as second:
            client = raftly.Client([nobodys_address(), first.address, second.address], deadline=LONG)
            self.assertEqual(client.add("k", 7), ("7", 9))
            self.assertEqual(len(first.requests[0].key), 32)
            self.assertEqual(first.requests[0].key, second.requests[0].key)

    def test_an_unknown_outcome_is_asked_for_until_the_kept_answer_comes(self):
        for unknown in (says(504), RESET, b"HTTP/1.1 2", b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{"):
            with self.subTest(unknown=unknown), ScriptedServer(unknown, unknown, SUM) as server:
                self.assertEqual(raftly.Client([server.address], deadline=LONG).add("k").value, "7")
                self.assertEqual(len(server.requests), 3)
                self.assertEqual(len({asked.key for asked in server.requests}), 1)

    def test_every_write_has_a_key_of_its_own(self):
        with ScriptedServer(SUM) as server:
            client = raftly.Client([server.address])
            for options in ({}, {}, {"idempotency_key": "mine"}):
                client.append("k", "x", **options)
            self.assertNotEqual(server.requests[0].key, server.requests[1].key)
            self.assertEqual(server.requests[2].key, "mine")

    def test_what_no_node_does_before_the_deadline_is_not_done(self):
        with self.assertRaisesRegex(raftly.Unavailable, "refused"):
            raftly.Client([nobodys_address(), nobodys_address()], deadline=SHORT).put("k", "v")
        with ScriptedServer(says(503, '{"error":"no leader"}')) as server:
            with self.assertRaisesRegex(raftly.Unavailable, "^the server answered 503: no leader$"):
                raftly.Client([server.address], deadline=SHORT).put("k", "v")
            self.assertGreater(len(server.requests), 2)

    def test_one_try_of_unknown_outcome_makes_the_whole_unknown(self):
        with ScriptedServer(RESET, says(503)) as server:
            with self.assertRaises(raftly.OutcomeUnknown) as raised:
                raftly.Client([server.address], deadline=SHORT).add("k")
            self.assertEqual(raised.exception.idempotency_key, server.requests[0].key)
        with ScriptedServer(RESET, says(503)) as server, self.assertRaises(raftly.Unavailable):
            raftly.Client([server.address], deadline=SHORT).get("k")

    def test_what_is_decided_is_told_at_once(self):
        for status in (400, 401, 403, 409, 413, 422, 507):
            kind = raftly.NotAllowed if status in (401, 403) else raftly.Error
            with self.subTest(status=status), ScriptedServer(says(status, '{"error":"because"}')) as server:
                with self.assertRaisesRegex(kind, f"{status}: because") as raised:
                    raftly.Client([server.address]).add("k")
                self.assertEqual(raised.exception.status, status)
                self.assertEqual(len(server.requests), 1)

    def test_a_condition_that_does_not_hold_tells_the_version(self):
        with ScriptedServer(says(412, "", 'ETag: "17"\r\n'), says(412)) as server:
            client = raftly.Client([server.address])
            with self.assertRaises(raftly.Conflict) as raised:
                client.put("k", "v", if_version=16)
            self.assertEqual(raised.exception.version, 17)
            self.assertEqual(server.requests[0].headers["if-match"], '"16"')
            with self.assertRaises(raftly.Conflict) as raised:
                client.delete("k", if_version=16)
            self.assertEqual(raised.exception.version, 0)
            with self.assertRaises(raftly.Conflict):
                client.put("k", "v", if_absent=True)
            self.assertEqual(server.requests[2].headers["if-none-match"], "*")

    def test_retry_after_is_kept(self):
        with ScriptedServer(says(429, "", "Retry-After: 1\r\n"), SUM) as server:
            begin = time.monotonic()
            raftly.Client([server.address], deadline=LONG).add("k")
            self.assertGreaterEqual(time.monotonic() - begin, 1)
        with ScriptedServer(says(429, "", "Retry-After: 3000\r\n")) as busy, ScriptedServer(SUM) as other:
            with self.assertRaisesRegex(raftly.Unavailable, "429"):
                raftly.Client([busy.address], deadline=LONG).add("k")
            client = raftly.Client([busy.address, other.address], deadline=LONG)
            for _ in range(3):
                client.add("k")
            self.assertEqual(len(busy.requests), 2)

    def test_a_plain_write_goes_without_a_key_where_the_cluster_does_not_know_them(self):
        with ScriptedServer(says(501), says(200, "", 'ETag: "5"\r\n')) as server:
            self.assertEqual(raftly.Client([server.address]).put("k", "v"), 5)
            self.assertIsNotNone(server.requests[0].key)
            self.assertIsNone(server.requests[1].key)
        with ScriptedServer(says(501), says(503), RESET, says(200)) as server:
            with self.assertRaises(raftly.OutcomeUnknown):
                raftly.Client([server.address]).delete("k")
            self.assertEqual(len(server.requests), 3)

    def test_anything_else_waits_for_nodes_that_have_just_started_and_then_tells(self):
        with ScriptedServer(says(501), says(501), SUM) as server:
            raftly.Client([server.address]).add("k")
            self.assertEqual(server.requests[0].key, server.requests[2].key)
        with ScriptedServer(says(501, '{"error":"node3 is too old"}')) as server:
            with self.assertRaisesRegex(raftly.Error, "501: node3 is too old"):
                raftly.Client([server.address]).put("k", "v", if_version=3)
            self.assertIsNotNone(server.requests[-1].key)

    def test_threads_share_a_client(self):
        with ScriptedServer(SUM) as server:
            client = raftly.Client([nobodys_address(), server.address], deadline=LONG)
            threads = [threading.Thread(target=lambda: [client.add("k") for _ in range(20)]) for _ in range(8)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            self.assertEqual(len(server.requests), 160)


class Requests(unittest.TestCase):
    def asked(self, answer, call, **options):
        with ScriptedServer(answer) as server:
            result = call(raftly.Client(["http://" + server.address + "/"], **options))
            return result, server.requests[0]

    def test_reads(self):
        answer = says(200, '{"key":"a/b \u2603","value":"\u2603"}', 'ETag: "12"\r\n')
        value, asked = self.asked(answer, lambda client: client.get("a/b \u2603"), token="secret")
        self.assertEqual(value, ("\u2603", 12))
        self.assertEqual(asked.line, "GET /keys/a%2Fb%20%E2%98%83 HTTP/1.1")
        self.assertEqual(asked.headers["authorization"], "Bearer secret")
        self.assertIsNone(asked.key)
        missing, asked = self.asked(says(404), lambda client: client.get("k", stale=True))
        self.assertIsNone(missing)
        self.assertEqual(asked.line, "GET /keys/k?consistency=stale HTTP/1.1")

    def test_lists(self):
        answer = says(200, '{"keys":[{"key":"a","value":"1","version":3},{"key":"b","version":4}],"next":"b","index":9}')
        page, asked = self.asked(answer, lambda client: client.list("p/", after="a b", limit=2))
        self.assertEqual(page, ([("a", "1", 3), ("b", None, 4)], "b", 9))
        self.assertEqual(asked.line, "GET /keys?limit=2&prefix=p%2F&after=a%20b HTTP/1.1")

    def test_transactions(self):
        answer = says(200, '{"succeeded":false,"index":8,"results":[{"op":"get","key":"a","version":0}]}')
        steps = [{"op": "put", "key": "a", "value": "1"}]
        result, asked = self.asked(
            answer, lambda client: client.transact({"a": 0}, steps, [{"op": "get", "key": "a"}])
        )
        self.assertEqual(result, (False, 8, [("get", "a", None, 0)]))
        body = {"if": [{"key": "a", "version": 0}], "then": steps, "else": [{"op": "get", "key": "a"}]}
        self.assertEqual(json.loads(asked.body), body)
        self.assertIsNotNone(asked.key)

    def test_what_it_is_given_is_checked(self):
        for endpoints in ([], ["nonsense"], ["host:"], ["ftp://host:1"], ["host:1/path"], ["host:port"]):
            with self.subTest(endpoints=endpoints), self.assertRaises(ValueError):
                raftly.Client(endpoints)
        with self.assertRaises(ValueError):
            raftly.Client([":1"]).get("")
        with self.assertRaises(raftly.Error):
            self.asked(says(200, "nonsense"), lambda client: client.get("k"))


class Watching(unittest.TestCase):
    def take(self, endpoints, changes, **options):
        heard = []
        watch = raftly.Client(endpoints, deadline=LONG).watch(**options)
        for change in watch:
            heard.append((change.id, change.key))
            if len(heard) == changes:
                break
        watch.close()
        return heard

    def test_goes_on_elsewhere_behind_the_last_id(self):
        broken_off = "retry: 1000\nid: 3\n\n: comment\n\n" + put("4.1", "a") + 'id: 4\ndata: {"op'
        first = ScriptedServer(streams(broken_off), says(503))
        second = ScriptedServer(says(503))
        third = ScriptedServer(streams("id: 4.1\n\n" + put("4", "b") + "id: 900\n\n"), streams(put("901", "c")))
        with first, second, third:
            endpoints = [first.address, nobodys_address(), second.address, third.address]
            heard = self.take(endpoints, 3, prefix="p/", start=4)
            self.assertEqual(heard, [("4.1", "a"), ("4", "b"), ("901", "c")])
            self.assertEqual(first.requests[0].line, "GET /api/watch?prefix=p%2F&from=4 HTTP/1.1")
            self.assertEqual(third.requests[0].headers["last-event-id"], "4.1")
            self.assertEqual(third.requests[1].headers["last-event-id"], "900")

    def test_what_one_does_not_keep_another_may(self):
        gone = says(410, '{"error":"the changes before index 70 are not kept"}')
        forgetful = ScriptedServer(streams(put("4", "a") + 'event: gone\ndata: {"error":"e","oldest":70}\n\n'), gone)
        other = ScriptedServer(streams(put("5", "b")), gone)
        with forgetful, other:
            endpoints = [forgetful.address, other.address]
            self.assertEqual(self.take(endpoints, 2), [("4", "a"), ("5", "b")])
            with self.assertRaisesRegex(raftly.Gone, "before index 70"):
                self.take(endpoints, 1)

    def test_what_is_refused_is_told(self):
        with ScriptedServer(says(403)) as server, self.assertRaises(raftly.NotAllowed):
            self.take([server.address], 1)
        with self.assertRaises(raftly.Unavailable):
            next(raftly.Client([nobodys_address()], deadline=SHORT).watch())


if __name__ == "__main__":
    main()
