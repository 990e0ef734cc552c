"""Commands to Sluice over Kafka, and the decisions about them.

    sluice_kafka.py --brokers HOST:PORT --cluster NAME COMMAND...

COMMAND is the JSON of docs/formats: {"id": ..., "entity": ..., "command": ..., "payload": {...}}.
Prints a line per command: its id, where its decision is, the verdict, and a rejection's code.
Ends with 1 where one was rejected, 3 where no decision came in time.
"""

import argparse
import json
import sys
import time
import uuid

from confluent_kafka import Consumer, Producer, TopicPartition

DECIDE_SECONDS_MAX = 30


class Sluice:
    """One cluster's topics: `commands` to write to, `events` to find decisions on."""

    def __init__(self, brokers, cluster):
        self.commands = cluster + ".commands"
        self.events = cluster + ".events"
        # Every key has the partition that the Java client gives it: librdkafka's own default differs.
        self.producer = Producer(
            {"bootstrap.servers": brokers, "partitioner": "murmur2_random", "enable.idempotence": True}
        )
        # The group is a name only: partitions are assigned by hand, no offset is committed.
        self.consumer = Consumer(
            {
                "bootstrap.servers": brokers,
                "group.id": cluster + ".clients",
                "enable.auto.commit": False,
                "isolation.level": "read_committed",
                "auto.offset.reset": "error",
            }
        )

    def ends(self):
        """Where each events partition ends now: a decision made later is found from there on."""
        topic = self.consumer.list_topics(self.events, timeout=10).topics[self.events]
        return {
            partition: self.consumer.get_watermark_offsets(TopicPartition(self.events, partition), timeout=10)[1]
            for partition in topic.partitions
        }

    def send(self, command, actor=""):
        """Sends one command; returns its id. The id makes sending it again harmless."""
        command.setdefault("id", str(uuid.uuid4()))
        failures = []
        self.producer.produce(
            self.commands,
            key=command["entity"],
            value=json.dumps(command),
            headers={"content-type": "application/json", "actor": actor},
            on_delivery=lambda error, _: failures.append(error) if error else None,
        )
        self.producer.flush(10)
        if failures:
            raise RuntimeError(f"the command was not taken: {failures[0]}")
        return command["id"]

    def decisions(self, ids, ends):
        """Yields (id, position, verdict, rejection) of the commands as they are decided."""
        self.consumer.assign([TopicPartition(self.events, p, offset) for p, offset in ends.items()])
        open_ids = set(ids)
        deadline = time.monotonic() + DECIDE_SECONDS_MAX
        while open_ids and time.monotonic() < deadline:
            record = self.consumer.poll(0.5)
            if record is None or record.error():
                continue
            headers = dict(record.headers() or [])
            command_id = headers.get("command-id", b"").decode()
            verdict = headers.get("verdict", b"").decode()
            # A command found on the wrong partition is decided on its own: that is the answer.
            if command_id not in open_ids or verdict == "Forwarded":
                continue
            open_ids.discard(command_id)
            position = f"{record.partition()}:{headers['sequence'].decode()}"
            yield command_id, position, verdict, headers.get("rejection", b"").decode()


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--brokers", required=True)
    parser.add_argument("--cluster", required=True)
    parser.add_argument("--actor", default="")
    parser.add_argument("commands", nargs="+", metavar="COMMAND")
    options = parser.parse_args()
    sluice = Sluice(options.brokers, options.cluster)
    ends = sluice.ends()
    ids = [sluice.send(json.loads(command), options.actor) for command in options.commands]
    decided = 0
    rejected = 0
    for command_id, position, verdict, rejection in sluice.decisions(ids, ends):
        print(command_id, position, verdict, rejection, flush=True)
        decided += 1
        rejected += verdict == "Rejected"
    if decided < len(ids):
        print(f"{len(ids) - decided} commands have no decision yet", file=sys.stderr)
        return 3
    return 1 if rejected else 0


if __name__ == "__main__":
    sys.exit(main())
