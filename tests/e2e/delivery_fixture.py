"""Node, GitHub provider and a stand-in of GitHub's API over HTTPS, for delivery_test.py."""
import json
import os
import shutil
import subprocess
import tempfile
import time
import unittest
import urllib.request

import github_standin

SECRET = "webhook-secret"
DEADLINE_S = 40


class DeliveryFixture(unittest.TestCase):
    """One node, provider and stand-in for all; each test has a pull request of its own."""
    binary = ""
    last_number = 40

    @classmethod
    def setUpClass(cls):
        cls.work = tempfile.mkdtemp(prefix="delivery-")
        cls.server, cls.api, cls.ca, cls.github = github_standin.start(cls.work + "/tls")
        cls.node = cls.start(["up", "--data", cls.work + "/data", "--listen", "127.0.0.1:0",
                              "--partitions", "2", "--provider", "none"],
                             GITHUB_WEBHOOK_SECRET=SECRET)
        cls.url = cls.node.ready.split(" at ")[1].split(" ")[0]
        cls.provider = cls.start_provider()

    @classmethod
    def tearDownClass(cls):
        for process in (cls.provider, cls.node):
            process.terminate()
            process.wait(20)
        cls.server.shutdown()
        cls.server.server_close()
        shutil.rmtree(cls.work, ignore_errors=True)

    @classmethod
    def start(cls, arguments, **environment):
        name = f"{cls.work}/{arguments[0]}.log"
        with open(name, "a") as log:
            start = log.tell()
            process = subprocess.Popen([cls.binary, *arguments], stdout=log, stderr=log,
                                       env={**os.environ, **environment})
        deadline = time.monotonic() + DEADLINE_S
        while time.monotonic() < deadline:
            with open(name) as log:
                log.seek(start)
                process.ready = next((line for line in log if " ready" in line), None)
            if process.ready:
                return process
            time.sleep(0.05)
        process.kill()
        raise AssertionError(f"sluice {arguments} did not get ready: " + cls.log())

    @classmethod
    def log(cls):
        with open(cls.work + "/provider.log") as log:
            return log.read()[-3000:]

    @classmethod
    def start_provider(cls):
        return cls.start(["provider", "github", "--api-url", cls.api, "--ca-file", cls.ca],
                         SLUICE_SERVER=cls.url, GITHUB_TOKEN=github_standin.TOKEN)

    def setUp(self):
        type(self).last_number += 1
        self.number = self.last_number
        self.name = f"acme--shop--{self.number}"
        self.github.faults.clear()
        self.github.log.clear()
        self.github.webhook = None

    def call(self, method, path, body=None):
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.url + path, data=data, method=method,
                                         headers={"Content-Type": "application/json"})
        with urllib.request.urlopen(request, timeout=20) as response:
            return json.load(response)

    def send(self, command, payload):
        answer = self.call("POST", "/commands", {"entity": "pullrequest/default/" + self.name,
                                                 "command": command, "payload": payload})
        self.assertTrue(answer["accepted"], answer)
        return answer

    def open_pull(self, labels=(), rules=None, tracked=True, **spec):
        self.pull = self.github.put({"repository": "acme/shop", "number": self.number,
                                     "labels": list(labels), "sha": f"{self.number:040x}"})
        if tracked:
            self.track(rules, **spec)

    def track(self, rules=None, **spec):
        self.send("Apply", {"spec": {"repository": "acme/shop", "number": self.number,
                                     "qualification": rules or {}, **spec}})

    def status(self):
        path = f"/apis/sluice.dev/v1/namespaces/default/pullrequests/{self.name}"
        return self.call("GET", path).get("status", {})

    def condition(self, kind):
        return next(c for c in self.status()["conditions"] if c["type"] == kind)

    def until(self, what, holds):
        deadline = time.monotonic() + DEADLINE_S
        while time.monotonic() < deadline:
            if holds():
                return
            time.sleep(0.05)
        self.fail(f"waited for {what}: {json.dumps(self.status(), indent=1)}\n{self.pull}\n"
                  + self.log())

    def until_settled(self, phase, labels):
        def holds():
            status = self.status()
            return status["phase"] == phase and sorted(self.pull["labels"]) == sorted(labels) \
                and sorted(status.get("labels", [])) == sorted(labels) \
                and self.condition("Synced")["status"] == "True"
        self.until(f"{phase} with {labels}", holds)

    def history(self):
        return self.call("GET", f"/history/pullrequest/default/{self.name}?limit=500")["items"]
