"""Write a system of N services: Python, Dockerfile, manifests, a contract, a proto and Terraform for each.

In: a folder and a number. Out: files, the same ones for the same number, shaped like a real monorepo (about twenty
files a service; modules of some two hundred lines; every tenth service has faults). Nothing of it is ever committed.

python bench/generate.py FOLDER [SERVICES]
"""

from __future__ import annotations

import random
import sys
from pathlib import Path

NOUNS = ("order", "stock", "price", "invoice", "refund", "parcel", "review", "basket", "coupon", "address")


def generate(folder: Path, services: int) -> int:
    """Write the system below the folder and return the number of files."""
    written = 0
    for number in range(services):
        chance = random.Random(number)
        name = f"{NOUNS[number % len(NOUNS)]}-{number:03}"
        for path, text in _service(name, number, services, chance).items():
            target = folder / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(text, encoding="utf-8")
            written += 1
    return written


def _service(name: str, number: int, services: int, chance: random.Random) -> dict[str, str]:
    package = name.replace("-", "_")
    faulty = number % 10 == 0
    callee = f"{NOUNS[(number + 1) % services % len(NOUNS)]}-{(number + 1) % services:03}"
    root = f"services/{name}"
    files = {
        f"{root}/{package}/__init__.py": "",
        f"{root}/{package}/app.py": _app(package, name),
        f"{root}/{package}/clients.py": _client(callee, faulty),
        f"{root}/{package}/storage.py": _storage(package),
        f"{root}/{package}/worker.py": _worker(name),
        f"{root}/requirements.txt": "fastapi==0.115.6\nhttpx==0.28.1\npika==1.3.2\npsycopg==3.2.3\nrequests==2.32.3\n",
        f"{root}/Dockerfile": _dockerfile(package),
        f"{root}/openapi.yaml": _openapi(name),
        f"{root}/{package}.proto": _proto(package),
        f"deploy/{name}.yaml": _manifest(name, callee, faulty),
        f"infra/{package}.tf": _terraform(package),
    }
    for module in range(8):
        files[f"{root}/{package}/domain_{module}.py"] = _domain(module, chance)
    return files


def _app(package: str, name: str) -> str:
    routes = "\n\n".join(
        f'@router.get("/v1/{noun}s/{{item_id}}")\n'
        f"async def read_{noun}(item_id: str):\n"
        f"    found = storage.find(item_id)\n"
        f"    return clients.enrich(found)"
        for noun in NOUNS[:5]
    )
    return (
        "import logging\nimport os\n\nfrom fastapi import APIRouter, FastAPI\n\n"
        f"from {package} import clients, storage\n\n"
        f'log = logging.getLogger("{name}")\nrouter = APIRouter()\n\n\n{routes}\n\n\n'
        '@router.get("/health/live")\nasync def live():\n    return {}\n\n\n'
        "app = FastAPI()\napp.include_router(router)\n"
    )


def _client(callee: str, faulty: bool) -> str:
    timeout = "" if faulty else ", timeout=2"
    return (
        "import os\n\nimport requests\n\nsession = requests.Session()\n"
        f'URL = os.environ.get("CALLEE_URL", "http://{callee}:8080")\n\n\n'
        "def enrich(item):\n"
        f'    response = session.get(f"{{URL}}/v1/items/{{item}}"{timeout})\n'
        "    response.raise_for_status()\n    return response.json()\n"
    )


def _storage(package: str) -> str:
    return (
        "import os\n\nimport psycopg\n\n\n"
        "def connect():\n"
        '    return psycopg.connect(os.environ["DATABASE_URL"], connect_timeout=3)\n\n\n'
        "def find(item_id):\n    with connect() as connection:\n"
        f'        return connection.execute("SELECT * FROM {package} WHERE id = %s", (item_id,)).fetchone()\n'
    )


def _worker(name: str) -> str:
    return (
        "import json\nimport os\n\nimport pika\n\n\n"
        "def handle(channel, method, properties, body):\n"
        "    message = json.loads(body)\n    channel.basic_ack(method.delivery_tag)\n\n\n"
        "def main():\n"
        '    channel = pika.BlockingConnection(pika.URLParameters(os.environ["BROKER_URL"])).channel()\n'
        f'    channel.queue_declare("{name}", arguments={{"x-dead-letter-exchange": "failed"}})\n'
        f'    channel.basic_consume("{name}", handle)\n    channel.start_consuming()\n\n\n'
        'if __name__ == "__main__":\n    main()\n'
    )


def _domain(module: int, chance: random.Random) -> str:
    lines = [
        "import dataclasses",
        "import datetime",
        "",
        "LIMITS = {" + ", ".join(f'"{noun}": {chance.randint(1, 900)}' for noun in NOUNS) + "}",
        "",
    ]
    for noun in NOUNS:
        title = noun.title()
        lines += [
            "",
            "@dataclasses.dataclass",
            f"class {title}{module}:",
            f'    """A {noun} and what is known of it."""',
            "",
            "    id: str",
            "    created: datetime.datetime",
            f"    quantity: int = {chance.randint(1, 9)}",
            "",
            "    def total(self, rate):",
            "        amount = 0",
            "        for position in range(self.quantity):",
            f"            amount += rate * position if position % {chance.randint(2, 5)} else rate",
            f'        return min(amount, LIMITS["{noun}"])',
            "",
            "    def describe(self):",
            f'        parts = [f"{noun} {{self.id}}", str(self.quantity), self.created.isoformat()]',
            '        return ", ".join(part for part in parts if part)',
            "",
        ]
    return "\n".join(lines) + "\n"


def _dockerfile(package: str) -> str:
    return (
        "FROM python:3.12-slim AS build\nCOPY requirements.txt .\n"
        "RUN python -m venv /venv && /venv/bin/pip install --no-cache-dir -r requirements.txt\n\n"
        "FROM python:3.12-slim\nCOPY --from=build /venv /venv\nCOPY . /app\nWORKDIR /app\nUSER 1000\nEXPOSE 8080\n"
        f'CMD ["/venv/bin/uvicorn", "{package}.app:app", "--port", "8080"]\n'
    )


def _openapi(name: str) -> str:
    paths = "".join(
        f"  /v1/{noun}s/{{itemId}}:\n    get:\n      operationId: read{noun.title()}\n      parameters:\n"
        "        - name: itemId\n          in: path\n          required: true\n          schema:\n            type: string\n"
        '      responses:\n        "200":\n          description: Found.\n        default:\n          description: A problem.\n'
        for noun in NOUNS[:5]
    )
    return f"openapi: 3.0.3\ninfo:\n  title: {name}\n  version: 1.0.0\npaths:\n{paths}"


def _proto(package: str) -> str:
    return (
        f'syntax = "proto3";\n\npackage {package}.v1;\n\nservice Reader {{\n  rpc Read(ReadRequest) returns (ReadResponse);\n}}\n\n'
        "message ReadRequest {\n  string id = 1;\n}\n\nmessage ReadResponse {\n  string id = 1;\n  int64 quantity = 2;\n}\n"
    )


def _manifest(name: str, callee: str, faulty: bool) -> str:
    probes = (
        ""
        if faulty
        else (
            "          livenessProbe:\n            httpGet:\n              path: /health/live\n              port: 8080\n"
            "          readinessProbe:\n            httpGet:\n              path: /health/live\n              port: 8080\n"
        )
    )
    return f"""apiVersion: apps/v1
kind: Deployment
metadata:
  name: {name}
  namespace: shop
spec:
  replicas: 2
  selector:
    matchLabels:
      app: {name}
  template:
    metadata:
      labels:
        app: {name}
    spec:
      containers:
        - name: {name}
          image: registry.example/{name}:1.0.0
          ports:
            - containerPort: 8080
          env:
            - name: CALLEE_URL
              value: http://{callee}:8080
            - name: DATABASE_URL
              valueFrom:
                secretKeyRef:
                  name: {name}-database
                  key: url
{probes}          resources:
            requests:
              cpu: 100m
              memory: 128Mi
            limits:
              memory: 256Mi
          securityContext:
            allowPrivilegeEscalation: false
            readOnlyRootFilesystem: true
---
apiVersion: v1
kind: Service
metadata:
  name: {name}
  namespace: shop
spec:
  selector:
    app: {name}
  ports:
    - port: 8080
"""


def _terraform(package: str) -> str:
    return f"""resource "aws_sqs_queue" "{package}_failed" {{
  name = "{package}-failed"
}}

resource "aws_sqs_queue" "{package}" {{
  name = "{package}"
  redrive_policy = jsonencode({{
    deadLetterTargetArn = aws_sqs_queue.{package}_failed.arn
    maxReceiveCount     = 5
  }})
}}
"""


if __name__ == "__main__":
    count = generate(Path(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 53)
    print(f"{count} files")
