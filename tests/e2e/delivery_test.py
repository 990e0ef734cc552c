#!/usr/bin/env python3
"""Node, GitHub provider and a stand-in of GitHub's API over HTTPS: the label workflow, and every
fault it has to live with.   delivery_test.py SLUICE_BINARY [unittest arguments]"""
import json
import os
import sys
import time
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
import delivery_fixture  # noqa: E402
import github_standin  # noqa: E402
import github_state  # noqa: E402
from delivery_fixture import SECRET  # noqa: E402


class Delivery(delivery_fixture.DeliveryFixture):
    def test_the_label_workflow_to_merged(self):
        rules = {"minApprovals": 2, "requiredChecks": ["ci", "lint", "docs"],
                 "filePatterns": {"allow": ["deploy/**"]}}
        self.open_pull(["bug"], rules, autoMerge=True)
        self.until_settled("Discovered", ["bug", "sluice/discovered"])
        # Three of each, so that all of them come in pages.
        self.pull.update(files=["deploy/a", "deploy/b", "deploy/c"], statuses={"docs": "success"},
                         checks={"ci": "success", "x": "failure", "lint": "success"},
                         reviews=[["ann", "APPROVED"], ["bob", "COMMENTED"], ["cem", "APPROVED"]])
        self.send("Refresh", {})
        self.until_settled("Merged", ["bug", "sluice/merged"])
        self.assertTrue(self.pull["merged"])
        self.assertEqual(self.status()["mergeSha"], self.pull["merge_commit_sha"])

    def test_server_errors_and_broken_connections(self):
        for kind in ("500", "drop", "502"):
            self.github.faults.append({"match": f"GET /repos/acme/shop/pulls/{self.number}",
                                       "kind": kind, "times": 1})
        self.github.faults.append({"match": f"POST /repos/acme/shop/issues/{self.number}",
                                   "kind": "503", "times": 2})
        self.open_pull([], {"minApprovals": 1})
        self.until_settled("Discovered", ["sluice/discovered"])
        self.assertEqual(self.github.faults, [])

    def test_a_change_whose_answer_is_lost(self):
        self.github.faults.append({"match": f"POST /repos/acme/shop/issues/{self.number}",
                                   "kind": "lost", "times": 1})
        self.github.faults.append({"match": f"PUT /repos/acme/shop/pulls/{self.number}/merge",
                                   "kind": "lost", "times": 1})
        self.open_pull([], autoMerge=True)
        self.until_settled("Merged", ["sluice/merged"])
        merges = [line for line in self.github.log if line.startswith("PUT")]
        self.assertEqual(len(merges), 1, "what was merged is not merged again")

    def test_both_rate_limits_are_obeyed(self):
        match = f"GET /repos/acme/shop/pulls/{self.number}"
        self.github.faults.append({"match": match, "kind": "primary", "times": 1, "seconds": 1})
        self.github.faults.append({"match": match, "kind": "secondary", "times": 1, "seconds": 2})
        self.open_pull([], {"minApprovals": 1})
        self.until_settled("Discovered", ["sluice/discovered"])
        self.assertEqual([line for line in self.github.log if line.startswith("LIMITED")], [])
        commands = [item.get("command", {}) for item in self.history()]
        self.assertFalse([c for c in commands if "ReportFetchFailed" in json.dumps(c)],
                         "a limit is no failure")

    def test_a_half_done_change_shows_and_is_finished(self):
        self.open_pull([], {"minApprovals": 1})
        self.until_settled("Discovered", ["sluice/discovered"])
        self.github.faults.append({"match": f"DELETE /repos/acme/shop/issues/{self.number}",
                                   "kind": "403", "times": 1})
        self.pull["reviews"] = [["ann", "APPROVED"]]
        self.send("Refresh", {})
        self.until("the failure to show", lambda: self.status()["lastSync"].get("errors"))
        sync = self.status()["lastSync"]
        self.assertEqual(sync["labelsAdded"], ["sluice/qualified"])
        self.assertIn("remove sluice/discovered", sync["errors"][0])
        self.until_settled("Qualified", ["sluice/qualified"])

    def test_somebody_moves_a_label_meanwhile(self):
        self.open_pull([], {"minApprovals": 1})
        self.until_settled("Discovered", ["sluice/discovered"])
        # The provider reads once for the rules; then, before it acts, finds this instead.
        self.pull["reviews"] = [["ann", "APPROVED"]]
        self.github.set_labels(self.pull, add=["sluice/failed"], remove=["sluice/discovered"])
        self.send("ObserveGitHub", {"labels": ["sluice/discovered"], "state": "open",
                                    "sha": self.pull["sha"], "approvals": 1,
                                    "at": self.pull["updated_at"]})
        self.until_settled("Failed", ["sluice/failed"])

    def test_a_bot_that_takes_labels_away_makes_no_loop(self):
        self.open_pull(["theirs"], {"minApprovals": 1})
        self.until_settled("Discovered", ["theirs", "sluice/discovered"])
        for _ in range(3):
            self.github.set_labels(self.pull, remove=["sluice/discovered"])
            self.send("Refresh", {})
            self.until_settled("Discovered", ["theirs", "sluice/discovered"])
        self.github.set_labels(self.pull, remove=["sluice/discovered"])
        self.send("Refresh", {})
        self.until("Conflict", lambda: self.condition("Conflict")["reason"] == "RecoveryLimit")
        added = [line for line in self.github.log if line.startswith("POST")]
        self.assertEqual(len(added), 4, "the first and three recoveries")
        self.assertEqual(self.pull["labels"], ["theirs"])

    def test_ensure_consistency(self):
        self.open_pull([], {"minApprovals": 1})
        self.until_settled("Discovered", ["sluice/discovered"])
        self.github.set_labels(self.pull, remove=["sluice/discovered"])
        self.send("EnsureConsistency", {})
        self.until("an answer", lambda: self.status().get("lastConsistency"))
        self.assertFalse(self.status()["lastConsistency"]["consistent"])
        self.send("EnsureConsistency", {})
        self.until("consistency", lambda: self.status()["lastConsistency"]["consistent"])
        self.assertEqual(self.pull["labels"], ["sluice/discovered"])

    def deliveries(self, mode):
        self.github.held = []
        self.github.webhook = {"url": self.url + "/webhooks/github", "secret": SECRET, "mode": mode}

    def test_webhooks_twice_are_once(self):
        self.open_pull([], {"minApprovals": 1})
        self.until_settled("Discovered", ["sluice/discovered"])
        self.deliveries("twice")
        self.pull.update(state="closed")
        self.github.touched(self.pull, "closed")
        self.until_settled("Closed", ["sluice/closed"])
        closed = [item for item in self.history() if "PullRequestClosed" in json.dumps(item["events"])]
        self.assertEqual(len(closed), 1)

    def test_webhooks_out_of_order(self):
        self.open_pull([], {"minApprovals": 1})
        self.until_settled("Discovered", ["sluice/discovered"])
        self.deliveries("reversed")
        self.pull.update(state="closed")
        self.github.touched(self.pull, "closed")
        time.sleep(1.1)  # GitHub's clock has whole seconds.
        self.pull.update(state="open")
        self.github.touched(self.pull, "reopened")
        self.until("the later one", lambda: self.status()["phase"] == "Discovered" and
                   any(item["verdict"] == "ignored" or item["verdict"] == "Ignored"
                       for item in self.history()))
        self.deliveries("off")
        self.until_settled("Discovered", ["sluice/discovered"])

    def test_webhooks_of_strangers_change_nothing(self):
        self.open_pull([], tracked=False)
        body = json.dumps({"pull_request": {"number": self.number},
                           "repository": {"full_name": "acme/shop"}}).encode()
        hook = self.url + "/webhooks/github"
        self.assertEqual(github_state.deliver(hook, "pull_request_review", body, "d", "wrong"), 401)
        self.assertEqual(github_state.deliver(hook, "pull_request_review", body, "d", SECRET), 202)
        self.track({"minApprovals": 1})
        self.until_settled("Discovered", ["sluice/discovered"])
        self.assertEqual(github_state.deliver(hook, "pull_request_review", body, "e", SECRET), 200)

    def test_the_token_is_nowhere(self):
        self.open_pull([], {"minApprovals": 1})
        self.until_settled("Discovered", ["sluice/discovered"])
        self.github.faults.append({"match": "GET", "kind": "401", "times": 1})
        self.send("Refresh", {})
        self.until("the failure", lambda: "401" in json.dumps(self.status()["lastSync"]))
        for root, _, files in os.walk(self.work):
            for name in files:
                try:
                    with open(os.path.join(root, name), "rb") as file:
                        self.assertNotIn(github_standin.TOKEN.encode(), file.read(), name)
                except FileNotFoundError:
                    pass  # The store drops files as it goes.
        self.until_settled("Discovered", ["sluice/discovered"])

    def test_z1_a_provider_that_is_killed_goes_on(self):
        self.github.faults.append({"match": f"POST /repos/acme/shop/issues/{self.number}",
                                   "kind": "stall", "times": 1, "seconds": 2})
        self.open_pull([], autoMerge=True)
        self.until("it to act", lambda: any(line.startswith("POST") for line in self.github.log))
        self.provider.kill()
        self.provider.wait(20)
        type(self).provider = self.start_provider()
        self.until_settled("Merged", ["sluice/merged"])

    def test_z2_an_untrusted_certificate_is_refused(self):
        self.provider.terminate()
        self.provider.wait(20)
        type(self).provider = self.start(["provider", "github", "--api-url", self.api],
                                         SLUICE_SERVER=self.url, GITHUB_TOKEN=github_standin.TOKEN)
        self.open_pull([], {"minApprovals": 1})
        self.until("the refusal", lambda: "certificate" in self.log())
        self.assertEqual(self.github.log, [], "no request, and no token, reached it")


if __name__ == "__main__":
    Delivery.binary = os.path.abspath(sys.argv.pop(1))
    unittest.main(verbosity=2)
