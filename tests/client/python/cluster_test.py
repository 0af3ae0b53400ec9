"""raftly.py against real nodes, which are killed (SIGKILL) in turn."""

import threading
import unittest

from support import PATIENCE, Cluster, eventually, main

import raftly


class Adder(threading.Thread):
    """Adds 1 to a counter of its own and to one of everybody's, until it is stopped. What has an unknown outcome is
    asked for again under its key, until it is known."""

    def __init__(self, addresses, name, deadline):
        super().__init__()
        self.own, self.added, self.unknown = name, 0, 0
        self._client = raftly.Client(addresses, deadline=deadline)
        self._stop_it = threading.Event()
        self.start()

    def run(self):
        while not self._stop_it.is_set():
            self._add(self.own)
            self._add("everybody")
            self.added += 1

    def _add(self, key):
        idempotency_key = ""
        while True:
            try:
                self._client.add(key, idempotency_key=idempotency_key)
                return
            except raftly.OutcomeUnknown as error:
                self.unknown += 1
                idempotency_key = error.idempotency_key
            except raftly.Unavailable:
                pass  # certainly not done; under a key that may have been taken, asked for again
            except raftly.Error as error:
                # Nodes that have just started, on a busy machine, may not have said yet what they understand.
                if error.status != 501:
                    raise

    def stop(self):
        self._stop_it.set()
        self.join()
        self._client.close()


class KillMinusNine(unittest.TestCase):
    def test_every_add_counts_once_and_a_watch_sees_each(self):
        with Cluster() as cluster:
            nodes = cluster.addresses
            # Those in a hurry are often told that nobody knows.
            adders = [Adder(nodes[i:] + nodes[:i], f"adder{i}", 0.2 if i == 2 else PATIENCE) for i in range(3)]
            seen = []

            def watch():
                for change in raftly.Client(nodes[1:] + nodes[:1], deadline=PATIENCE).watch("", start=1):
                    if change.key == "everybody":
                        seen.append(int(change.value))
                    if change.key == "end":
                        return

            watcher = threading.Thread(target=watch, daemon=True)
            watcher.start()

            def progress(more):
                goals = [adder.added + more for adder in adders]
                return eventually(lambda: all(adder.added >= goal for adder, goal in zip(adders, goals)))

            for kill in range(6):
                self.assertTrue(progress(10), f"before kill {kill}")
                cluster.kill(kill % 3)
                self.assertTrue(progress(10), f"after kill {kill}")
                cluster.start(kill % 3)
            for adder in adders:
                adder.stop()
            added = sum(adder.added for adder in adders)
            with raftly.Client(nodes, deadline=PATIENCE) as client:
                self.assertEqual(client.get("everybody").value, str(added))
                for adder in adders:
                    self.assertEqual(client.get(adder.own).value, str(adder.added))
                client.put("end", "")
                watcher.join(PATIENCE)
                self.assertEqual(seen, [*range(1, added + 1)])

    def test_conditions_lists_and_transactions(self):
        with Cluster() as cluster, raftly.Client(cluster.addresses, deadline=PATIENCE) as client:
            self.assertIsNone(client.get("a"))
            first = client.put("a", "\u2603", if_absent=True)
            self.assertEqual(client.get("a"), ("\u2603", first))
            with self.assertRaises(raftly.Conflict) as raised:
                client.put("a", "other", if_absent=True)
            self.assertEqual(raised.exception.version, first)
            second = client.put("a", "1", if_version=first)
            self.assertEqual(client.add("a", 41).value, "42")
            self.assertEqual(client.append("b/\n", "x").value, "x")
            # The same key: the first answer again, nothing more is done.
            once = client.append("b/\n", "y", idempotency_key="once")
            self.assertEqual(client.append("b/\n", "y", idempotency_key="once"), once)
            with self.assertRaisesRegex(raftly.Error, "422"):
                client.append("b/\n", "z", idempotency_key="once")
            with self.assertRaisesRegex(raftly.Error, "409"):
                client.add("b/\n")
            page = client.list(limit=1)
            self.assertEqual((page.keys[0].key, page.keys[0].value, page.next), ("a", "42", "a"))
            self.assertEqual([found.key for found in client.list_all(values=False)], ["a", "b/\n"])
            steps = [{"op": "put", "key": "c", "value": "v"}, {"op": "delete", "key": "a"}]
            done = client.transact({"c": 0, "a": page.keys[0].version}, steps)
            self.assertTrue(done.succeeded)
            self.assertEqual(client.get("c"), ("v", done.index))
            not_done = client.transact({"c": second}, steps, [{"op": "get", "key": "c"}])
            self.assertEqual((not_done.succeeded, not_done.results[0].value), (False, "v"))
            watch = client.watch(start=done.index)
            changes = [next(watch), next(watch)]
            self.assertEqual([(c.op, c.key, c.version) for c in changes], [("delete", "a", done.index), ("put", "c", done.index)])
            self.assertEqual(next(client.watch(last_id=changes[0].id)), changes[1], "within the transaction")
            watch.close()
            self.assertEqual(client.delete("c", if_version=done.index), client.list().index)
            self.assertIn(client.status()["state"], ("Leader", "Follower"))


if __name__ == "__main__":
    main()
