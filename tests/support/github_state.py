"""What a stand-in of GitHub knows: pull requests, and the webhooks that a change of one sends."""
import hashlib
import hmac
import json
import threading
import time
import urllib.error
import urllib.request
import uuid


def timestamp():
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())


class GitHub:
    """Pull requests in memory. Guarded by one lock."""

    def __init__(self):
        self.lock = threading.RLock()
        self.pulls = {}
        self.faults = []
        self.log = []
        self.webhook = None
        self.held = []  # Of deliveries in reverse order.
        self.limited_until = 0

    def pull(self, repository, number):
        return self.pulls.get((repository.lower(), int(number)))

    def put(self, change):
        key = (change["repository"].lower(), int(change["number"]))
        with self.lock:
            pull = self.pulls.setdefault(key, {
                "repository": change["repository"], "number": int(change["number"]), "labels": [],
                "state": "open", "merged": False, "mergeable": True, "sha": "a" * 40,
                "merge_commit_sha": None, "files": [], "checks": {}, "statuses": {}, "reviews": []})
            pull.update(change)
            self.touched(pull, "edited")
        return pull

    def touched(self, pull, action):
        pull["updated_at"] = timestamp()
        self.send_webhook("pull_request", {
            "action": action, "number": pull["number"], "pull_request": self.pull_json(pull),
            "repository": {"full_name": pull["repository"]}})

    @staticmethod
    def pull_json(pull):
        return {"number": pull["number"], "state": pull["state"], "merged": pull["merged"],
                "mergeable": pull["mergeable"], "merge_commit_sha": pull["merge_commit_sha"],
                "head": {"sha": pull["sha"]}, "updated_at": pull["updated_at"],
                "changed_files": len(pull["files"]),
                "labels": [{"name": name} for name in pull["labels"]]}

    def set_labels(self, pull, add=(), remove=()):
        with self.lock:
            for name in add:
                if name.lower() not in [label.lower() for label in pull["labels"]]:
                    pull["labels"].append(name)
            pull["labels"] = [label for label in pull["labels"]
                              if label.lower() not in [name.lower() for name in remove]]
            self.touched(pull, "labeled")

    def merge(self, pull, sha):
        with self.lock:
            if pull["state"] != "open" or pull["mergeable"] is not True:
                return 405, {"message": "Pull Request is not mergeable"}
            if sha and sha != pull["sha"]:
                return 409, {"message": "Head branch was modified. Review and try the merge again."}
            merged = hashlib.sha1(pull["sha"].encode()).hexdigest()
            pull.update(state="closed", merged=True, merge_commit_sha=merged)
            self.touched(pull, "closed")
            return 200, {"merged": True, "sha": merged, "message": "Pull Request successfully merged"}

    def send_webhook(self, event, payload):
        hook = self.webhook
        if not hook or hook["mode"] == "off":
            return
        body = json.dumps(payload).encode()
        request = (hook["url"], event, body, str(uuid.uuid4()), hook["secret"])
        if hook["mode"] == "reversed":
            self.held.append(request)
            if len(self.held) < 2:
                return
            requests, self.held = self.held[::-1], []
        else:
            requests = [request] * (2 if hook["mode"] == "twice" else 1)
        threading.Thread(target=lambda: [deliver(*one) for one in requests], daemon=True).start()


def deliver(url, event, body, delivery, secret):
    """As GitHub delivers: signed, with an id that a redelivery repeats."""
    signature = "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
    request = urllib.request.Request(url, data=body, method="POST", headers={
        "Content-Type": "application/json", "X-GitHub-Event": event,
        "X-GitHub-Delivery": delivery, "X-Hub-Signature-256": signature})
    try:
        with urllib.request.urlopen(request, timeout=10) as response:
            return response.status
    except urllib.error.HTTPError as error:
        return error.code
    except OSError:
        return 0  # GitHub does not try again either.
