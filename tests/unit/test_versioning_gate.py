"""The gate finds keys and passwords, says where, keeps them to itself, and leaves ordinary code alone."""

from __future__ import annotations

import json

import pytest

from e2e_lab.versioning import gate

GITHUB = "ghp_" + "a1B2c3D4e5" * 4
SLACK = "xoxb-" + "123456789012-abcdefGHIJKL"
AWS = "AKIA" + "Q3EGRZ7LNOPWX2YT"


@pytest.mark.parametrize(
    ("path", "line"),
    [
        ("a.py", f'token = "{GITHUB}"'),
        ("a.py", f"requests.get(url, headers={{'Authorization': 'token {GITHUB}'}})"),
        ("a.py", f"slack = WebClient('{SLACK}')"),
        ("a.py", f"key = '{AWS}'"),
        ("a.py", "-----BEGIN RSA PRIVATE KEY-----"),
        ("a.py", 'pem = "-----BEGIN OPENSSH PRIVATE KEY-----\\nb3BlbnNzaC1rZXktdjEAAAA"'),
        ("a.py", 'password = "q7Vz-19xKp3w"'),
        ("a.py", 'connect(user="ada", password="Tr0ub4dor&3")'),
        ("a.py", 'os.environ["DB_PASSWORD"] = "hG72kq!ePz91"'),
        ("a.py", 'password: str = "hG72kq!ePz91"'),
        ("a.py", 'engine = create_engine("postgresql://ada:hG72kq.ePz91@db/flights")'),
        ("a.yaml", "api_key: hG72kqePz91Lm33"),
        ("a.toml", 'aws_secret_access_key = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYzzzzzzzKEY"'),
    ],
)
def test_a_secret_is_found_and_never_repeated(path: str, line: str) -> None:
    (found,) = gate.findings(path, f"import os\n\n{line}\n".encode())
    assert "line 3" in found.where
    assert path in found.where
    assert not any(piece in str(found) for piece in (GITHUB, SLACK, AWS, "q7Vz", "ePz91", "Tr0ub"))


@pytest.mark.parametrize(
    "line",
    [
        'password = os.environ["DB_PASSWORD"]',
        'password = getpass("password: ")',
        'tokenizer = AutoTokenizer.from_pretrained("bert-base-uncased-2024")',
        'token = "[CLS]"',
        'eos_token="<|endoftext|>"',
        'password = "your-password-here-1"',
        'api_key="YOUR_API_KEY_123"',
        'secret = "${VAULT_SECRET_9}"',
        'token = f"{user}-{stamp:%H%M}"',
        'secret_name = "flights/prod/2024-11-22"',
        'if "-----BEGIN PRIVATE KEY-----" in text:',
        'key = "arrival_delay"',
        'commit = "3f786850e387550fdab836ed7e6dc881de23001b"',
        "df.token.value_counts()",
    ],
)
def test_ordinary_code_passes(line: str) -> None:
    assert gate.findings("a.py", line.encode()) == []


@pytest.mark.parametrize("mark", ["# e2e: allow-secret", "# pragma: allowlist secret"])
def test_an_allowed_line_passes_and_only_that_line(mark: str) -> None:
    text = f'a_token = "{GITHUB}"  {mark}\nb_token = "{GITHUB}"\n'
    (found,) = gate.findings("a.py", text.encode())
    assert "line 2" in found.where


def notebook(source: str, *outputs: object) -> bytes:
    cells = [
        {"cell_type": "markdown", "metadata": {}, "source": ["# Title"]},
        {"cell_type": "code", "metadata": {}, "source": source.splitlines(True), "outputs": list(outputs)},
    ]
    return json.dumps({"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}).encode()


def test_source_and_outputs_of_a_notebook_are_read_by_cell() -> None:
    shown = {"output_type": "stream", "name": "stdout", "text": [f"logged in with {GITHUB}\n"]}
    found = gate.findings("n.ipynb", notebook(f"x = 1\nlogin('{SLACK}')", shown))
    assert [str(f) for f in found] == [
        "n.ipynb, cell 2, line 2: Slack token",
        "n.ipynb, output of cell 2: GitHub token",
    ]


def test_pictures_and_the_scripts_of_widgets_are_no_secrets() -> None:
    picture = {"output_type": "display_data", "data": {"image/png": "AAAA" + AWS}, "metadata": {}}
    script = {"output_type": "display_data", "data": {"text/html": ['<script>a={token:"x9f3kQ72mZ"}</script>']}}
    assert gate.findings("n.ipynb", notebook("plot()", picture, script)) == []


def test_binary_files_are_not_read() -> None:
    assert gate.findings("m.bin", b"\0\1" + GITHUB.encode()) == []


def test_a_large_minified_text_does_not_stall_the_gate() -> None:
    assert gate.findings("a.py", b"password_" * 100_000 + b"a-b_c." * 100_000) == []
