"""Consumers of clouds and of platforms, as public projects write them. Each stores what it gets."""

from __future__ import annotations

SQS = """
import boto3
from store import store

sqs = boto3.client("sqs")
QUEUE_URL = "https://sqs.eu-west-1.amazonaws.com/123456789012/orders"

def poll():
    response = sqs.receive_message(QueueUrl=QUEUE_URL, MaxNumberOfMessages=10, WaitTimeSeconds=20)
    for message in response.get("Messages", []):
        sqs.delete_message(QueueUrl=QUEUE_URL, ReceiptHandle=message["ReceiptHandle"])
        store(message["Body"])

while True:
    poll()
"""
SQS_RESOURCE = """
import boto3
from store import store

queue = boto3.resource("sqs").get_queue_by_name(QueueName="orders")
while True:
    for message in queue.receive_messages(WaitTimeSeconds=20):
        store(message.body)
        message.delete()
"""
KINESIS = """
import boto3
from store import store

kinesis = boto3.client("kinesis")

def run(iterator):
    while True:
        response = kinesis.get_records(ShardIterator=iterator, Limit=100)
        for record in response["Records"]:
            store(record["Data"])
        iterator = response["NextShardIterator"]
"""
PUBSUB = """
from google.cloud import pubsub_v1
from store import store

subscriber = pubsub_v1.SubscriberClient()
subscription_path = subscriber.subscription_path("shop", "orders-sub")

def callback(message):
    store(message.data)
    message.ack()

streaming_pull_future = subscriber.subscribe(subscription_path, callback=callback)
streaming_pull_future.result()
"""
PUBSUB_PULL = """
from google.cloud import pubsub_v1
from store import store

subscriber = pubsub_v1.SubscriberClient()
while True:
    response = subscriber.pull(request={"subscription": "orders-sub", "max_messages": 10})
    for received in response.received_messages:
        store(received.message.data)
        subscriber.acknowledge(request={"subscription": "orders-sub", "ack_ids": [received.ack_id]})
"""
SERVICEBUS = """
from azure.servicebus import ServiceBusClient, ServiceBusReceiveMode
from store import store

client = ServiceBusClient.from_connection_string("x")
with client.get_queue_receiver(queue_name="orders", receive_mode=ServiceBusReceiveMode.RECEIVE_AND_DELETE) as receiver:
    for msg in receiver:
        store(str(msg))
"""
DAPR = """
from dapr.ext.grpc import App
from store import store

app = App()

@app.subscribe(pubsub_name="pubsub", topic="orders")
def book(event):
    store(event.Data())

app.run(50051)
"""
TEMPORAL = """
from temporalio import activity
from store import store

@activity.defn
async def book(order: str) -> str:
    store(order)
    return order
"""
POWERTOOLS = """
from aws_lambda_powertools.utilities.data_classes import SQSEvent, event_source
from store import store

@event_source(data_class=SQSEvent)
def handler(event, context):
    for record in event.records:
        store(record.body)
"""
