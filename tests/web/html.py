"""What a page of HTML says and holds."""

import re
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any


@dataclass
class Element:
    tag: str
    attributes: dict[str, str]
    words: list[str] = field(default_factory=list)

    @property
    def text(self) -> str:
        return re.sub(r"\s+", " ", " ".join(self.words)).strip()


class Page(HTMLParser):
    """Every element of a page, in order, with its attributes and the words in it."""

    def __init__(self, response: Any) -> None:
        super().__init__()
        self.elements: list[Element] = []
        self._open: list[Element] = []
        self.feed(response.content.decode())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        element = Element(tag, {name: value or "" for name, value in attrs})
        self.elements.append(element)
        if tag not in {"meta", "link", "input", "br", "img", "hr"}:
            self._open.append(element)

    def handle_endtag(self, tag: str) -> None:
        while self._open and self._open.pop().tag != tag:
            pass

    def handle_data(self, data: str) -> None:
        for element in self._open:
            element.words.append(data)

    def all(self, tag: str, **wanted: str) -> list[Element]:
        return [
            element
            for element in self.elements
            if element.tag == tag and all(element.attributes.get(name) == value for name, value in wanted.items())
        ]

    def the(self, tag: str, **wanted: str) -> Element:
        (element,) = self.all(tag, **wanted)
        return element

    def with_id(self, name: str) -> Element:
        (element,) = [element for element in self.elements if element.attributes.get("id") == name]
        return element

    def has_id(self, name: str) -> bool:
        return any(element.attributes.get("id") == name for element in self.elements)

    def with_class(self, name: str) -> list[Element]:
        return [element for element in self.elements if name in element.attributes.get("class", "").split()]

    @property
    def text(self) -> str:
        return self.the("body").text


def close_file_of(response: Any) -> None:
    """As a web server does after a HEAD; response.close() would close the test's database with it."""
    for close in response._resource_closers:
        close()
