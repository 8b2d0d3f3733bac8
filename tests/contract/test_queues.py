"""SQS's long polls: they wait without a thread, and keep nobody from sending."""

from __future__ import annotations

import threading
import time

from tests.contract.served import Served


def test_a_message_ends_the_wait(served: Served) -> None:
    sqs = served.client("sqs")
    url = sqs.create_queue(QueueName="q-wait")["QueueUrl"]
    got: list[str] = []

    def receive() -> None:
        told = served.client("sqs").receive_message(QueueUrl=url, WaitTimeSeconds=20)
        got.extend(message["Body"] for message in told.get("Messages", ()))

    waiting = [threading.Thread(target=receive) for _ in range(20)]  # more than there are threads to work on requests
    for thread in waiting:
        thread.start()
    deadline = time.monotonic() + 15
    for number in range(20):
        sqs.send_message(QueueUrl=url, MessageBody=str(number))
    for thread in waiting:
        thread.join(max(0.0, deadline - time.monotonic()))
    assert sorted(got, key=int) == [str(number) for number in range(20)]


def test_nothing_comes_of_an_empty_queue(served: Served) -> None:
    sqs = served.client("sqs")
    url = sqs.create_queue(QueueName="q-empty", Attributes={"ReceiveMessageWaitTimeSeconds": "1"})["QueueUrl"]
    assert "Messages" not in sqs.receive_message(QueueUrl=url)
    assert "Messages" not in sqs.receive_message(QueueUrl=url, WaitTimeSeconds=0)
