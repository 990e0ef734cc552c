#!/usr/bin/env python3
"""A stand-in for GitHub's REST API, over real HTTPS, for tests and examples.

It behaves as the API does where the provider can tell: ETags and 304, pages with Link headers,
rate-limit headers, both kinds of rate limit, 404 on a label that is not there, 405 and 409 on
merges, `updated_at` in whole seconds, webhooks signed with the secret. Faults are put on a queue:
each is taken by the first request it matches.

  github_standin.py --dir DIR [--port N]   makes a CA in DIR (ca.pem), listens on 127.0.0.1,
                                           prints `ready https://127.0.0.1:PORT`

Whatever people would do in the browser is under /_/ without a token:
  POST /_/pull    {repository, number, sha, files, checks, labels, ...}  opens or changes one
  POST /_/label   {repository, number, add, remove}                      somebody moves labels
  POST /_/review  {repository, number, user, state}
  POST /_/fault   {match, kind, times, seconds}      kind: 500, drop, stall, lost, primary, secondary
  POST /_/webhook {url, secret, mode}                mode: once, twice, reversed, off
  GET  /_/log                                        requests that were served
"""
import argparse
import hashlib
import json
import os
import re
import ssl
import subprocess
import threading
import time
import urllib.parse
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from github_state import GitHub

TOKEN = "standin-token"
PAGE = 2  # Small, so that every list has several pages.


def make_certificates(directory):
    """A CA of its own and a certificate for 127.0.0.1; both end with the test."""
    os.makedirs(directory, exist_ok=True)

    def openssl(*arguments):
        subprocess.run(["openssl", *arguments], cwd=directory, check=True, capture_output=True)

    new_key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    openssl("req", "-x509", *new_key, "-keyout", "ca.key", "-out", "ca.pem", "-days", "2",
            "-subj", "/CN=stand-in CA")
    openssl("req", *new_key, "-keyout", "server.key", "-out", "server.csr", "-subj", "/CN=127.0.0.1")
    with open(os.path.join(directory, "server.ext"), "w") as file:
        file.write("subjectAltName=IP:127.0.0.1\n")
    openssl("x509", "-req", "-in", "server.csr", "-CA", "ca.pem", "-CAkey", "ca.key",
            "-CAcreateserial", "-out", "server.pem", "-days", "2", "-extfile", "server.ext")
    return os.path.join(directory, "ca.pem")


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    github = None

    def log_message(self, *_):
        pass

    def answer(self, status, body=None, headers=None):
        text = b"" if body is None else json.dumps(body).encode()
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        if status != 304:
            self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def answer_tagged(self, body, headers=None):
        tag = '"' + hashlib.sha256(json.dumps(body).encode()).hexdigest()[:20] + '"'
        headers = {"ETag": tag, "X-RateLimit-Remaining": "4000", **(headers or {})}
        if self.headers.get("If-None-Match") == tag:
            return self.answer(304, None, headers)
        return self.answer(200, body, headers)

    def answer_page(self, items, wrap=None):
        path, _, query = self.path.partition("?")
        number = int(urllib.parse.parse_qs(query).get("page", ["1"])[0])
        part = items[(number - 1) * PAGE:number * PAGE]
        headers = {}
        if number * PAGE < len(items):
            base = f"https://{self.headers['Host']}{path}"
            headers["Link"] = f'<{base}?page={number + 1}>; rel="next", <{base}?page=9>; rel="last"'
        self.answer_tagged({wrap: part, "total_count": len(items)} if wrap else part, headers)

    def read_json(self):
        length = int(self.headers.get("Content-Length") or 0)
        return json.loads(self.rfile.read(length)) if length else {}

    def take_fault(self):
        with self.github.lock:
            for fault in self.github.faults:
                if fault["match"] in f"{self.command} {self.path}":
                    fault["times"] -= 1
                    if fault["times"] <= 0:
                        self.github.faults.remove(fault)
                    return fault
        return None

    def drop(self):
        self.close_connection = True
        self.connection.close()

    def limited(self):
        """True when a limit answered. A request sent while one holds is an offence that is kept."""
        left = self.github.limited_until - time.time()
        if left <= 0:
            return False
        self.github.log.append("LIMITED " + self.path)
        self.answer_limited()
        return True

    def answer_limited(self):
        self.answer(403, {"message": "API rate limit exceeded"},
                    {"X-RateLimit-Remaining": "0",
                     "X-RateLimit-Reset": str(int(self.github.limited_until))})

    def fail(self, fault):
        """True when the fault answered, or nobody did."""
        kind = str(fault["kind"])
        seconds = fault.get("seconds", 1)
        if kind == "drop":
            self.drop()
        elif kind == "stall":
            time.sleep(seconds)
            self.drop()
        elif kind == "primary":
            # The reset is in whole seconds, as GitHub tells it.
            self.github.limited_until = int(time.time()) + 1 + seconds
            self.answer_limited()
        elif kind == "secondary":
            self.github.limited_until = time.time() + seconds
            self.answer(403, {"message": "You have exceeded a secondary rate limit"},
                        {"Retry-After": str(seconds), "X-RateLimit-Remaining": "3999"})
        elif kind.isdigit():
            self.answer(int(kind), {"message": "stand-in fault"})
        else:
            return False
        return True

    def handle_any(self):
        body = self.read_json()
        if self.path.startswith("/_/"):
            return self.control(body)
        self.github.log.append(f"{self.command} {self.path}")
        if self.headers.get("Authorization") != "Bearer " + TOKEN:
            return self.answer(401, {"message": "Bad credentials"})
        if self.limited():
            return None
        fault = self.take_fault()
        if fault and self.fail(fault):
            return None
        self.lost = fault is not None and fault["kind"] == "lost"
        found = re.match(r"^/repos/([^/]+/[^/]+)/(pulls|issues)/(\d+)([^?]*)", self.path)
        if found:
            pull = self.github.pull(found[1], found[3])
            return self.on_pull(pull, found[2], found[4], body) if pull else self.not_found()
        found = re.match(r"^/repos/([^/]+/[^/]+)/commits/([^/]+)/(check-runs|status)", self.path)
        return self.on_commit(*found.groups()) if found else self.not_found()

    def not_found(self):
        self.answer(404, {"message": "Not Found"})

    def changed(self, status, body):
        """The change is made; a lost answer leaves the client not knowing it."""
        if self.lost:
            return self.drop()
        return self.answer(status, body)

    def on_pull(self, pull, kind, rest, body):
        what = (self.command, kind, rest)
        if what == ("GET", "pulls", ""):
            return self.answer_tagged(self.github.pull_json(pull))
        if what == ("GET", "pulls", "/files"):
            return self.answer_page([{"filename": path} for path in pull["files"]])
        if what == ("GET", "pulls", "/reviews"):
            return self.answer_page([{"user": {"login": user}, "state": state}
                                     for user, state in pull["reviews"]])
        if what == ("PUT", "pulls", "/merge"):
            return self.changed(*self.github.merge(pull, body.get("sha")))
        if what == ("POST", "issues", "/labels"):
            self.github.set_labels(pull, add=body["labels"])
            return self.changed(200, [{"name": name} for name in pull["labels"]])
        if self.command == "DELETE" and rest.startswith("/labels/"):
            name = urllib.parse.unquote(rest[len("/labels/"):])
            if name.lower() not in [label.lower() for label in pull["labels"]]:
                return self.answer(404, {"message": "Label does not exist"})
            self.github.set_labels(pull, remove=[name])
            return self.changed(200, [{"name": label} for label in pull["labels"]])
        return self.not_found()

    def on_commit(self, repository, sha, what):
        for pull in self.github.pulls.values():
            if pull["repository"].lower() == repository.lower() and pull["sha"] == sha:
                if what == "status":
                    return self.answer_page([{"context": name, "state": state}
                                             for name, state in pull["statuses"].items()], "statuses")
                return self.answer_page(
                    [{"name": name, "status": "completed", "conclusion": result}
                     for name, result in pull["checks"].items()], "check_runs")
        return self.not_found()

    def control(self, body):
        github = self.github
        with github.lock:
            what = self.path[len("/_/"):]
            if what == "log":
                return self.answer(200, github.log)
            if what == "fault":
                github.faults.append({"times": 1, **body})
            elif what == "webhook":
                github.webhook, github.held = {"mode": "once", **body}, []
            elif what == "pull":
                return self.answer(200, self.github.pull_json(github.put(body)))
            else:
                pull = github.pull(body["repository"], body["number"])
                if what == "label":
                    github.set_labels(pull, body.get("add", []), body.get("remove", []))
                elif what == "review":
                    pull["reviews"].append([body["user"], body["state"]])
                    github.send_webhook("pull_request_review", {
                        "action": "submitted", "pull_request": {"number": pull["number"]},
                        "repository": {"full_name": pull["repository"]}})
                elif what == "show":
                    return self.answer(200, github.pull_json(pull))
                else:
                    return self.not_found()
        return self.answer(200, {})

    def serve(self):
        try:
            self.handle_any()
        except (BrokenPipeError, ConnectionResetError):
            self.close_connection = True

    do_GET = do_POST = do_PUT = do_DELETE = serve


def start(directory, port=0):
    """(server, url, ca file, the state behind it)"""
    ca = make_certificates(directory)
    github = GitHub()
    handler = type("BoundHandler", (Handler,), {"github": github})
    server = ThreadingHTTPServer(("127.0.0.1", port), handler)
    server.daemon_threads = True
    server.handle_error = lambda *_: None  # Clients that do not trust it go away.
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(os.path.join(directory, "server.pem"),
                            os.path.join(directory, "server.key"))
    server.socket = context.wrap_socket(server.socket, server_side=True,
                                        do_handshake_on_connect=False)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server, f"https://127.0.0.1:{server.server_address[1]}", ca, github


def main():
    parser = argparse.ArgumentParser(description="A stand-in for GitHub's REST API")
    parser.add_argument("--dir", required=True, help="where its certificates go")
    parser.add_argument("--port", type=int, default=0)
    options = parser.parse_args()
    _, url, _, _ = start(options.dir, options.port)
    print("ready " + url, flush=True)
    threading.Event().wait()


if __name__ == "__main__":
    main()
