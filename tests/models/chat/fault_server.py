"""A small server that speaks OpenAI's chat, files and batches protocols and fails as it is asked to.

Run as a program it prints its port and serves until it is killed. `GET /state` tells what was asked and delivered.
The answer to a question repeats the text after "### Input:" with marks around its first word. A text that starts
with a word of `WORDS` is answered in that way every time; all other faults come at random.
"""

import argparse
import asyncio
import json
import random
import re
import time
from collections import Counter
from hashlib import sha256
from typing import Any

FAULTS = ("rate_limit", "server_error", "hang", "drip", "cut", "cut_body", "malformed", "no_choices", "echo")
WORDS = {"FILTERED", "REJECTED", "EMPTY", "CUTOFF", "DECLINED", "NULL"}
WORDS |= {"HALF", "REASONED", "PARTS", "UNTEXT", "FAILED", "UNPAID", "HUGE", "KEY"}
INPUT = re.compile(r"### Input:\n(.*?)\n\n### Response:", re.DOTALL)
LATENCY_SECONDS = 0.002


def content_key(body: dict[str, Any]) -> str:
    return sha256(json.dumps(body, sort_keys=True).encode()).hexdigest()


def complete(body: dict[str, Any], number: int) -> tuple[int, dict[str, Any]]:
    """Status and body of the answer to a chat completion request."""
    match = INPUT.search(body["messages"][-1]["content"])
    text = match[1] if match else ""
    word, _, rest = text.partition(" ")
    content: Any = f"<mark>{word}</mark> {rest}"
    finish, refusal = "stop", None
    if word == "UNPAID":
        return 200, {"error": {"message": "Insufficient credits", "code": 402}}
    if word == "REJECTED":
        error = {"message": "filtered", "type": None, "param": "prompt", "code": "content_filter"}
        return 400, {"error": error}
    if word == "FILTERED":
        content, finish = f"<mark>{word}</mark>", "content_filter"
    elif word == "EMPTY":
        content = ""
    elif word == "NULL":
        content = None
    elif word == "CUTOFF":
        content, finish = f"<mark>{word}</mark>", "length"
    elif word == "DECLINED":
        content, refusal = None, "No."
    elif word == "HALF":
        content, finish = f"<mark>{word}</mark> \ud83d", "length"  # half of an emoji
    elif word == "REASONED":
        content, finish = None, "length"
    elif word == "PARTS":
        parts = [{"type": "text", "text": f"<mark>{word}</mark> "}, {"type": "text", "text": rest}]
        content = [{"type": "thinking", "thinking": []}, *parts]
    elif word == "UNTEXT":
        content = [{"type": "image", "image": "x"}]
    elif word == "FAILED":
        content, finish = f"<mark>{word}</mark>", "error"
    prompt = sum(len(turn["content"]) for turn in body["messages"]) // 4
    if word == "HUGE":
        prompt = 10**25
    return 200, {
        "id": f"chatcmpl-{number}",
        "object": "chat.completion",
        "created": int(time.time()),
        "model": f"{body['model']}-2026-01-01",
        "system_fingerprint": "fp_1",
        "choices": [
            {
                "index": 0,
                "message": {"role": "assistant", "content": content, "refusal": refusal},
                "finish_reason": finish,
            }
        ],
        "usage": {"prompt_tokens": prompt, "completion_tokens": 10, "total_tokens": prompt + 10},
    }


class FaultServer:
    def __init__(self, key: str, rate: float, seed: int, faults: tuple[str, ...] = FAULTS, port: int = 0) -> None:
        self.key, self.rate, self.faults = key, rate, faults
        self.random = random.Random(seed)
        self.asked: list[str] = []
        self.delivered: list[str] = []
        self.faulted: Counter[str] = Counter()
        self.open = self.most_open = 0
        self.retry_after_broken = 0
        self.not_before: dict[str, float] = {}
        self.files: dict[str, bytes] = {}
        self.batches: dict[str, dict[str, Any]] = {}
        self.port = port

    async def serve(self, started: Any = None) -> None:
        server = await asyncio.start_server(self._connection, "127.0.0.1", self.port, limit=1 << 26, backlog=4096)
        self.port = server.sockets[0].getsockname()[1]
        if started is not None:
            started()
        async with server:
            await server.serve_forever()

    async def _connection(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
                length = re.search(r"(?i)\r\ncontent-length: (\d+)", head)
                body = await reader.readexactly(int(length[1])) if length else b""
                method, path, _ = head.split(" ", 2)
                if not await self._request(method, path, head, body, reader, writer):
                    break
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    async def _request(
        self, method: str, path: str, head: str, body: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> bool:
        """Answer one request; false where the connection is to be cut."""
        if path == "/state":
            await self._send(writer, 200, self.state())
            return True
        if f"authorization: bearer {self.key}".lower() not in head.lower():
            error = {"message": f"wrong key: {head}", "type": "auth", "code": "invalid_api_key"}
            await self._send(writer, 401, {"error": error})
            return True
        if path == "/v1/chat/completions":
            self.open += 1
            self.most_open = max(self.most_open, self.open)
            try:
                return await self._chat(json.loads(body), head, reader, writer)
            finally:
                self.open -= 1
        if self.random.random() < self.rate / 3:
            await self._send(writer, 503, {"error": {"message": "try again"}}, "retry-after-ms: 5\r\n")
            return True
        status, value = self._files_and_batches(method, path, body)
        if method == "POST" and path == "/v1/batches" and self.random.random() < self.rate:
            return False  # created, but the confirmation is lost
        await self._send(writer, status, value)
        return True

    async def _chat(
        self, body: dict[str, Any], head: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> bool:
        key = content_key(body)
        self.asked.append(key)
        await asyncio.sleep(LATENCY_SECONDS)
        if time.monotonic() < self.not_before.get(key, 0.0):
            self.retry_after_broken += 1
        if body["model"] == "missing":
            await self._send(writer, 404, {"error": {"message": f"no such model; {head}"}})
            return True
        if self.random.random() < self.rate:
            fault = self.random.choice(self.faults)
            self.faulted[fault] += 1
            return await self._fail(fault, key, head, body, reader, writer)
        status, answer = complete(body, len(self.delivered))
        if "### Input:\nKEY " in body["messages"][-1]["content"]:
            # The key in a header, and in the body with the escape that JSON allows for every character.
            note = f', "note": "\\u{ord(self.key[0]):04x}{self.key[1:]}"}}'.encode()
            await self._send(writer, status, json.dumps(answer).encode()[:-1] + note, f"x-request-id: {self.key}\r\n")
        else:
            await self._send(writer, status, answer)
        self.delivered.append(key)
        return True

    async def _fail(
        self,
        fault: str,
        key: str,
        head: str,
        body: dict[str, Any],
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
    ) -> bool:
        answer = json.dumps(complete(body, 0)[1]).encode()
        if fault == "rate_limit":
            self.not_before[key] = time.monotonic() + 0.05
            await self._send(writer, 429, {"error": {"message": "slow down"}}, "retry-after-ms: 60\r\n")
        elif fault == "server_error":
            await self._send(writer, 500, {"error": {"message": "broken"}}, "retry-after-ms: 20\r\n")
        elif fault == "echo":
            await self._send(writer, 500, {"error": {"message": head}}, "retry-after-ms: 20\r\n")
        elif fault == "hang":
            await reader.read()  # until the client gives up
            return False
        elif fault == "drip":
            writer.write(self._head(200, len(answer)))
            for number in range(len(answer)):  # a byte in a tenth of a second, until the client gives up
                writer.write(answer[number : number + 1])
                await writer.drain()
                await asyncio.sleep(0.1)
        elif fault == "cut":
            return False
        elif fault == "cut_body":
            writer.write(self._head(200, len(answer)) + answer[: len(answer) // 2])
            await writer.drain()
            return False
        elif fault == "malformed":
            broken = answer[: len(answer) // 2]
            writer.write(self._head(200, len(broken)) + broken)
            await writer.drain()
        elif fault == "no_choices":
            await self._send(writer, 200, {"id": "x", "choices": [], "note": head})
        return True

    @staticmethod
    def _head(status: int, length: int, extra: str = "") -> bytes:
        return (
            f"HTTP/1.1 {status} X\r\ncontent-type: application/json\r\ncontent-length: {length}\r\n"
            f"x-request-id: req-{status}\r\n{extra}\r\n"
        ).encode()

    async def _send(self, writer: asyncio.StreamWriter, status: int, value: Any, extra: str = "") -> None:
        body = value if isinstance(value, bytes) else json.dumps(value).encode()
        writer.write(self._head(status, len(body), extra) + body)
        await writer.drain()

    def state(self) -> dict[str, Any]:
        return {
            "asked": self.asked,
            "delivered": self.delivered,
            "faulted": self.faulted,
            "most_open": self.most_open,
            "retry_after_broken": self.retry_after_broken,
            "batches": list(self.batches.values()),
            "sizes": {name: [len(file), file.count(b"\n")] for name, file in self.files.items()},
        }

    def _files_and_batches(self, method: str, path: str, body: bytes) -> tuple[int, Any]:
        path = path.partition("?")[0]
        if (method, path) == ("POST", "/v1/files"):
            if b"NOBATCH" in body:
                return 404, {"error": {"message": "no such address"}}
            part = body.split(b"\r\n\r\n")
            content = next(piece for piece in part if piece.startswith(b'{"custom_id"')).rsplit(b"\r\n--", 1)[0]
            name = f"file-{len(self.files)}"
            self.files[name] = content
            return 200, {"id": name, "object": "file", "bytes": len(content), "created_at": 0, "filename": "f",
                         "purpose": "batch", "status": "processed"}  # fmt: skip
        if (method, path) == ("POST", "/v1/batches"):
            wish = json.loads(body)
            name = f"batch-{len(self.batches)}"
            self.batches[name] = {
                "id": name, "object": "batch", "endpoint": wish["endpoint"], "completion_window": "24h",
                "input_file_id": wish["input_file_id"], "status": "validating", "created_at": int(time.time()),
                "metadata": wish["metadata"],
            }  # fmt: skip
            return 200, self.batches[name]
        if (method, path) == ("GET", "/v1/batches"):
            newest = list(self.batches.values())[::-1]
            return 200, {"object": "list", "data": newest, "has_more": False}
        if path.startswith("/v1/batches/"):
            batch = self.batches.get(path.rsplit("/", 1)[1])
            return (200, self._proceed(batch)) if batch else (404, {"error": {"message": "no such batch"}})
        if path.startswith("/v1/files/"):
            return 200, self.files[path.split("/")[3]]
        return 404, {"error": {"message": path}}

    def _proceed(self, batch: dict[str, Any]) -> dict[str, Any]:
        """One look further: validated, in progress, then ended; some batches expire half done."""
        steps = {"validating": "in_progress", "in_progress": "completed"}
        if batch["status"] not in steps:
            return batch
        batch["status"] = steps[batch["status"]]
        if batch["status"] != "completed":
            return batch
        requests = [json.loads(line) for line in self.files[batch["input_file_id"]].splitlines()]
        if any("BADBATCH" in request["body"]["messages"][-1]["content"] for request in requests):
            batch.update(status="failed", errors={"data": [{"code": "x", "message": f"bad line {self.key}"}]})
            return batch
        self.random.shuffle(requests)
        expires = self.random.random() < self.rate
        done = requests[: len(requests) // 2] if expires else requests
        output, errors = [], []
        for request in done:
            status, answer = complete(request["body"], len(self.delivered))
            if self.random.random() < self.rate / 2:
                status, answer = 500, {"error": {"message": "broken"}}
            else:
                self.delivered.append(content_key(request["body"]))
            response = {"status_code": status, "request_id": "req-b", "body": answer}
            row = {"id": "r", "custom_id": request["custom_id"], "response": response, "error": None}
            (output if status == 200 else errors).append(row)
        for request in requests[len(done) :]:
            error = {"code": "batch_expired", "message": "This request could not be executed in time."}
            errors.append({"id": "r", "custom_id": request["custom_id"], "response": None, "error": error})
        for field, rows in (("output_file_id", output), ("error_file_id", errors)):
            if rows:
                batch[field] = f"{batch['id']}-{field}"
                # U+2028 is a line end for `str.splitlines`, not for JSON lines.
                lines = (json.dumps(row, ensure_ascii=False) for row in rows)
                self.files[batch[field]] = "".join(f"{line}\n" for line in lines).encode(errors="backslashreplace")
        batch["status"] = "expired" if expires else "completed"
        return batch


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--key", required=True)
    parser.add_argument("--rate", type=float, default=0.0)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--faults", nargs="*", default=list(FAULTS))
    options = parser.parse_args()
    server = FaultServer(options.key, options.rate, options.seed, tuple(options.faults), options.port)
    asyncio.run(server.serve(lambda: print(server.port, flush=True)))


if __name__ == "__main__":
    main()
