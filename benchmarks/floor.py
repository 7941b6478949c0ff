"""The floor: asks for the same pages as an audit did, parses them with the fastest parsers, and keeps nothing.

    python -m benchmarks.floor URL REQUESTS [values|trees]

JSON is parsed by msgspec into plain values. XML is parsed by expat, through the C accelerator of the standard
library's ElementTree, and the tree is turned into plain values by the shortest loop that does it, without any
model; with `trees` it stays a tree. Garbage collection is off, and as many requests are out at once as an audit has.
"""

from __future__ import annotations

import gc
import json
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import Element, fromstring

import msgspec
import urllib3

AT_ONCE = 8


def main(arguments: list[str]) -> None:
    url, requests, *rest = arguments
    into_values = rest != ["trees"]
    gc.disable()
    asked = json.loads(Path(requests).read_text())
    pool = urllib3.PoolManager(maxsize=AT_ONCE)
    with ThreadPoolExecutor(AT_ONCE) as workers:
        sizes = list(workers.map(lambda request: _page(pool, url, request, into_values), asked))
    print(json.dumps({"requests": len(sizes), "bytes": sum(sizes)}))


def _page(pool: urllib3.PoolManager, url: str, request: dict[str, Any], into_values: bool) -> int:
    """Bytes of one page, once it is parsed."""
    headers = {"Accept-Encoding": "gzip", **request["headers"]}
    body = request["request"].encode() or None
    answer = pool.request(request["method"], url + request["path"], body=body, headers=headers, retries=False)
    assert answer.status == 200, f"{request['path']}: {answer.status}"
    if answer.data.startswith(b"<"):
        tree = fromstring(answer.data)
        if into_values:
            _value(tree)
    else:
        msgspec.json.decode(answer.data)
    return len(answer.data)


def _value(element: Element) -> Any:
    """The texts of an element by the names of its children; a list where the first child is an item of one."""
    if not len(element):
        return element.text
    if element[0].tag.endswith(("}item", "}member")):
        return [_value(child) for child in element]
    return {child.tag: _value(child) if len(child) else child.text for child in element}


if __name__ == "__main__":
    main(sys.argv[1:])
