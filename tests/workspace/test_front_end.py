"""What the front end is told of the notebook's tables, and the comm that tells it."""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from e2e_lab import __version__
from e2e_lab.project import Project
from e2e_lab.records.kernels import Frame
from e2e_lab.workspace.notebook import front
from e2e_lab.workspace.notebook.frames import Board
from e2e_lab.workspace.session import session
from tests.conftest import Kernel, git
from tests.workspace.conftest import Notebook


@pytest.fixture
def flights_csv(project: Project) -> Path:
    path = project.root / "flights.csv"
    pd.DataFrame({"carrier": ["UA", "AA", "B6"], "delay": [2.0, 40.5, -6.0]}).to_csv(path, index=False)
    return path


@pytest.fixture
def board(notebook: Notebook) -> Callable[[], dict[str, Frame]]:
    """What is shown after each cell, by one board, as in a kernel."""
    one = Board(session)
    return lambda: {frame.name: frame for frame in one.look().frames}


def test_the_table_just_read_is_offered_with_a_line_that_works(
    notebook: Notebook, flights_csv: Path, board: Any
) -> None:
    notebook.run("import pandas as pd\nflights = pd.read_csv('flights.csv')")
    frame = board()["flights"]
    assert (frame.kind, frame.rows, frame.columns, frame.state) == ("pandas", 3, 2, "new")
    assert (frame.dataset, frame.stage, frame.asks, frame.made_from) == ("flights", "raw", (), "flights.csv")
    assert frame.magic == "%e2e snapshot flights"
    notebook.run(frame.magic)
    saved = board()["flights"]
    assert (saved.state, saved.ref, saved.made_from) == ("saved", "flights@v1", None)


def test_a_generic_name_gets_that_of_its_file(notebook: Notebook, flights_csv: Path, board: Any) -> None:
    notebook.run("import pandas as pd\ndf = pd.read_csv('flights.csv')")
    frame = board()["df"]
    assert (frame.magic, frame.asks) == ("%e2e snapshot df --as flights", ())
    notebook.run(frame.magic)
    assert board()["df"].ref == "flights@v1"
    notebook.run("df['late'] = df['delay'] > 0")
    changed = board()["df"]
    assert (changed.state, changed.ref, changed.magic) == ("changed", "flights@v1", "%e2e snapshot df --as flights")
    notebook.run(changed.magic)
    assert (board()["df"].state, board()["df"].ref) == ("saved", "flights@v2")


def test_a_table_out_of_nowhere_asks_for_name_and_stage(notebook: Notebook, board: Any) -> None:
    notebook.run("import pandas as pd\ndf = pd.DataFrame({'a': [1]})\nmade = pd.DataFrame({'a': [1]})")
    found = board()
    assert (found["df"].asks, found["df"].magic) == (("name", "stage"), "%e2e snapshot df --as NAME --stage raw")
    assert (found["made"].asks, found["made"].magic) == (("stage",), "%e2e snapshot made --stage raw")
    notebook.run(found["made"].magic)
    assert board()["made"].state == "saved"


def test_a_table_made_from_a_version_is_processed(notebook: Notebook, flights_csv: Path, board: Any) -> None:
    notebook.run("import pandas as pd\nflights = pd.read_csv('flights.csv')\n%e2e snapshot flights")
    notebook.run("late = flights[flights['delay'] > 0]")
    late = board()["late"]
    assert (late.state, late.stage, late.made_from, late.asks) == ("new", "processed", "flights@v1", ())


def test_a_name_given_to_another_table_is_new_again(notebook: Notebook, flights_csv: Path, board: Any) -> None:
    (flights_csv.parent / "weather.csv").write_text("temp,hour\n1,2\n", "utf-8")
    notebook.run("import pandas as pd\ndf = pd.read_csv('flights.csv')\n%e2e snapshot df --as flights")
    assert board()["df"].state == "saved"
    notebook.run("df = pd.read_csv('weather.csv')")
    frame = board()["df"]
    assert (frame.state, frame.ref, frame.dataset) == ("new", None, "weather")


def test_a_loaded_version_is_saved_and_a_part_of_it_is_not(notebook: Notebook, flights_csv: Path, board: Any) -> None:
    notebook.run("import pandas as pd\nflights = pd.read_csv('flights.csv')\n%e2e snapshot flights")
    notebook.run("again = e2e.load('flights')\npart = e2e.load('flights', sample=1)")
    found = board()
    assert (found["again"].state, found["again"].ref) == ("saved", "flights@v1")
    assert found["part"].state == "new"


@pytest.mark.parametrize(
    ("cell", "state"),
    [
        ("df = e2e.load('flights')\ndf.loc[0, 'delay'] = 0.0", "changed"),
        ("df = e2e.load('flights')\ndf.fillna(\n    0, inplace=True\n)\nprint(len(df))", "changed"),
        ("%%time\ndf = e2e.load('flights')\ndf['delay'] *= 2", "changed"),
        ("def got():\n    return e2e.load('flights')\n\ndf = got()\nlate = df['delay'] > 0", "saved"),
        ("df = e2e.load('flights'); df.loc[0, 'delay'] = 0.0\n%e2e snapshot df --as flights", "saved"),
        ("df = e2e.load('flights')\n%e2e snapshot df --as flights\ndf.loc[0, 'delay'] = 7.5", "changed"),
    ],
)
def test_what_a_cell_does_to_a_table_after_it_was_loaded_or_saved_counts(
    notebook: Notebook, flights_csv: Path, board: Any, cell: str, state: str
) -> None:
    notebook.run("import pandas as pd\nflights = pd.read_csv('flights.csv')\n%e2e snapshot flights")
    notebook.run(cell)
    assert board()["df"].state == state


def test_polars_and_arrow_tables_are_shown_too(notebook: Notebook, board: Any) -> None:
    pytest.importorskip("polars")
    notebook.run("import polars as pl, pyarrow as pa\nfew = pl.DataFrame({'a': [1, 2]})\ntable = pa.table({'b': [1]})")
    found = board()
    assert {name: (f.kind, f.rows, f.columns) for name, f in found.items()} == {
        "few": ("polars", 2, 1), "table": ("arrow", 1, 1)
    }  # fmt: skip
    assert all(frame.bytes for frame in found.values())


def test_last_assigned_comes_first_and_only_what_changed_is_worked_out_again(
    notebook: Notebook, board: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    notebook.run("import pandas as pd\none = pd.DataFrame({'a': [1]})\ntwo = one.copy()")
    assert list(board()) == ["two", "one"]
    notebook.run("three = two + 1")
    looked = []
    monkeypatch.setattr(
        "e2e_lab.workspace.notebook.frames._bytes", lambda kind, table: looked.append(table.shape)  # type: ignore[func-returns-value]
    )  # fmt: skip
    assert list(board()) == ["three", "two", "one"]
    assert len(looked) == 1


def test_a_thousand_variables_take_no_time(notebook: Notebook, board: Any) -> None:
    notebook.run("import pandas as pd\nfor n in range(1000): globals()[f't{n}'] = pd.DataFrame({'a': [n]})")
    began = time.perf_counter()
    assert len(board()) == 200
    first = time.perf_counter() - began
    began = time.perf_counter()
    board()
    assert time.perf_counter() - began < 0.3
    assert first < 1.5


def test_without_a_project_tables_are_shown_all_the_same(
    bare_notebook: Notebook, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    bare_notebook.run("%load_ext e2e_lab\nimport pandas as pd\nmade = pd.DataFrame({'a': [1]})")
    found = Board(session).look()
    assert (found.project, [frame.name for frame in found.frames]) == (None, ["made"])


def test_a_table_with_a_mind_of_its_own_harms_nobody(notebook: Notebook, board: Any) -> None:
    notebook.run(
        "import pandas as pd\n"
        "class Odd(pd.DataFrame):\n"
        "    def memory_usage(self, *a, **k): raise RuntimeError('no')\n"
        "odd = Odd({'a': [1]})"
    )
    assert board()["odd"].bytes is None


def test_the_front_end_knows_of_a_rename(notebook: Notebook, project: Project) -> None:
    new = project.root / "sub" / "new name.ipynb"
    new.parent.mkdir()
    new.write_text("{}", "utf-8")
    session.told = new
    notebook.run("import pandas as pd\nmade = pd.DataFrame({'a': [1]})\nsnap = e2e.snapshot(made, 'made', stage='raw')")
    assert notebook["snap"].origin.notebook == "sub/new name.ipynb"


# ---- the comm, in a real kernel ------------------------------------------------------------------------------


class Comm:
    """A front end's end of the comm."""

    def __init__(self, kernel: Kernel, data: dict[str, Any], **header: str) -> None:
        self.kernel = kernel
        self.id = uuid.uuid4().hex
        self._send("comm_open", {"comm_id": self.id, "target_name": "e2e_lab", "data": data}, **header)

    def _send(self, kind: str, content: dict[str, Any], **header: str) -> None:
        client = self.kernel._client
        message = client.session.msg(kind, content)
        message["header"] |= header
        client.shell_channel.send(message)

    def beside(self) -> str:
        """A subshell, in which JupyterLab sends what must not wait for a running cell."""
        client = self.kernel._client
        client.control_channel.send(client.session.msg("create_subshell_request", {}))
        return str(client.control_channel.get_msg(timeout=30)["content"]["subshell_id"])

    def say(self, data: dict[str, Any]) -> None:
        self._send("comm_msg", {"comm_id": self.id, "data": data})

    def hear(self, kind: str, seconds: float = 30) -> dict[str, Any]:
        """The next message of that type; other messages are passed over."""
        until = time.monotonic() + seconds
        while True:
            message = self.kernel._client.get_iopub_msg(timeout=max(0.1, until - time.monotonic()))
            if message["content"].get("comm_id") != self.id:
                continue
            said = message["content"].get("data", {})
            if message["msg_type"] == "comm_msg" and said.get("type") == kind:
                return dict(said)
            if message["msg_type"] == "comm_close" and kind == "closed":
                return {}


@pytest.mark.integration
def test_the_kernel_says_hello_and_tells_of_tables_after_each_cell(
    kernels: Callable[..., Kernel], project: Project, flights_csv: Path
) -> None:
    notebook = project.root / "a.ipynb"
    notebook.write_text(json.dumps({"cells": [], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}), "utf-8")
    kernel = kernels(project.root)
    where = {"type": "notebook", "root": str(project.root), "path": "a.ipynb", "version": __version__}
    Comm(kernel, where).hear("closed")  # the library is not loaded

    kernel.show("%load_ext e2e_lab")
    comm = Comm(kernel, where)
    hello = comm.hear("hello")
    assert (hello["version"], hello["match"], hello["project"]) == (__version__, True, str(project.root))
    assert comm.hear("frames")["frames"] == []

    cell = kernel.begin("import pandas as pd\nflights = pd.read_csv('flights.csv')", "one")
    told = comm.hear("frames")
    assert [(f["name"], f["magic"]) for f in told["frames"]] == [("flights", "%e2e snapshot flights")]
    assert cell

    kernel.begin("%e2e snapshot flights", "two")
    made = comm.hear("made")
    assert (made["cell"], made["items"][0]["ref"], made["items"][0]["changed"]) == ("two", "flights@v1", True)
    assert comm.hear("frames")["frames"][0]["state"] == "saved"

    comm.say({**where, "version": "0.0.1"})
    assert comm.hear("hello")["match"] is False
    comm.hear("frames")
    for nonsense in ({}, {"type": "notebook"}, {"type": "notebook", "root": 3, "path": "../../etc/passwd"}, []):
        comm.say(nonsense)  # type: ignore[arg-type]
    comm.say({"type": "refresh"})
    assert comm.hear("frames")["total"] == 1
    assert kernel.show("1 + 1") == "2"


@pytest.mark.integration
def test_a_page_that_is_reloaded_while_a_cell_runs_is_told_the_last_word_at_once(
    kernels: Callable[..., Kernel], project: Project, flights_csv: Path
) -> None:
    kernel = kernels(project.root)
    kernel.show("%load_ext e2e_lab")
    where = {"type": "notebook", "root": str(project.root), "path": "a.ipynb", "version": __version__}
    comm = Comm(kernel, where)
    comm.hear("frames")
    kernel.begin("import pandas as pd\nflights = pd.read_csv('flights.csv')")
    comm.hear("frames")
    subshell = comm.beside()
    began = time.monotonic()
    kernel.begin("other = flights.copy(); import time; time.sleep(3)")
    time.sleep(0.5)
    reloaded = Comm(kernel, where, subshell_id=subshell)
    assert reloaded.hear("hello")["match"] is True
    assert [frame["name"] for frame in reloaded.hear("frames")["frames"]] == ["flights"]
    assert time.monotonic() - began < 2.5
    assert len(reloaded.hear("frames")["frames"]) == 2  # when the cell is done


@pytest.mark.integration
def test_long_work_shows_a_bar_that_leaves_nothing_behind(kernels: Callable[..., Kernel], project: Project) -> None:
    pytest.importorskip("ipywidgets")
    kernel = kernels(project.root)
    cell = kernel.begin(
        "import time; from e2e_lab.workspace.showing import progress_bar\n"
        "with progress_bar('verifying', notebook=True) as tell:\n"
        "    for n in range(12): tell(n, 12); time.sleep(0.1)"
    )
    said: list[tuple[str, dict[str, Any]]] = []
    while not said or said[-1][1].get("execution_state") != "idle":
        message = kernel._client.get_iopub_msg(timeout=30)
        if message["parent_header"].get("msg_id") == cell:
            said.append((message["msg_type"], message["content"]))
    shown = [content for kind, content in said if kind == "display_data"]
    assert "application/vnd.jupyter.widget-view+json" in shown[0]["data"]
    moved = [c["data"]["state"]["value"] for k, c in said if k == "comm_msg" and "value" in c["data"].get("state", {})]
    assert moved == sorted(moved)
    assert moved[-1] > 0.7
    last = [content for kind, content in said if kind == "update_display_data"][-1]
    assert last["data"] == {"text/plain": ""}
    kernel.show("with progress_bar('quick', notebook=True) as tell: tell(1, 2)")


# ---- places, several pages, and the notebook on disk ---------------------------------------------------------


def test_a_root_that_the_server_shortened_is_found(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    assert front._place({"root": "~/work", "path": "a.ipynb"}) == tmp_path / "work" / "a.ipynb"
    assert front._place({"root": "~", "path": "a.ipynb"}) == tmp_path / "a.ipynb"
    assert front._place({"root": "~nobody-of-that-name/work", "path": "a.ipynb"}) is None
    assert front._place({"root": "work", "path": "a.ipynb"}) is None


class Page:
    """A page's end of a comm, kept in this process. *answers* is what it does when it is asked to save."""

    def __init__(self, end: front.FrontEnd, where: dict[str, Any], answers: Callable[[Page], None] | None = None):
        self.comm_id = uuid.uuid4().hex
        self.heard: list[dict[str, Any]] = []
        self.answers = answers
        end._opened(self, {"content": {"data": where}})

    def on_msg(self, hear: Callable[[dict[str, Any]], None]) -> None:
        self.hear = hear

    def on_close(self, close: Callable[[Any], None]) -> None:
        self.close = close

    def send(self, said: dict[str, Any]) -> None:
        self.heard.append(said)
        if said["type"] == "save" and self.answers is not None:
            self.answers(self)

    def say(self, said: dict[str, Any]) -> None:
        self.hear({"content": {"data": said}})

    def kinds(self) -> list[str]:
        found = [said["type"] for said in self.heard]
        self.heard.clear()
        return found


@pytest.fixture
def end(notebook: Notebook, project: Project) -> front.FrontEnd:
    """What a kernel has for its pages."""
    return front.FrontEnd(session)


def test_each_page_is_told_what_it_has_not_seen(notebook: Notebook, project: Project, end: front.FrontEnd) -> None:
    where = {"type": "notebook", "root": str(project.root), "path": "a.ipynb", "version": __version__}
    one = Page(end, where)
    assert one.kinds() == ["hello", "frames"]
    notebook.run("import pandas as pd\nmade = pd.DataFrame({'a': [1]})")
    two = Page(end, where)
    assert (two.kinds(), one.kinds()) == (["hello", "frames"], [])
    end.after_cell()
    assert (one.kinds(), two.kinds()) == (["frames"], [])
    end.after_cell()
    assert (one.kinds(), two.kinds()) == ([], [])
    one.close(None)
    assert set(end.shown) == set(end.comms) == {two.comm_id}


def test_a_page_that_does_not_know_the_root_yet_changes_nothing(end: front.FrontEnd, project: Project) -> None:
    page = Page(end, {"type": "notebook", "root": str(project.root), "path": "a.ipynb", "version": __version__})
    page.say({"type": "notebook", "root": "", "path": "a.ipynb", "version": __version__})
    assert session.told == project.root / "a.ipynb"


def test_two_pages_look_at_the_tables_one_after_another(notebook: Notebook, monkeypatch: pytest.MonkeyPatch) -> None:
    from concurrent.futures import ThreadPoolExecutor

    one = Board(session)
    inside: list[int] = []
    most: list[int] = []

    def looking() -> Any:
        inside.append(1)
        most.append(len(inside))
        time.sleep(0.05)
        inside.pop()
        return one.shown

    monkeypatch.setattr(one, "_look", looking)
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: one.look(), range(4)))
    assert max(most) == 1


def _notebook_file(project: Project, *sources: str) -> Path:
    cells = [
        {"cell_type": "code", "id": f"c{n}", "source": source, "metadata": {}, "outputs": [], "execution_count": None}
        for n, source in enumerate(sources)
    ]
    path = project.root / "a.ipynb"
    path.write_text(json.dumps({"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}), "utf-8")
    return path


def test_a_commit_has_the_notebook_saved_first(notebook: Notebook, project: Project, end: front.FrontEnd) -> None:
    path = _notebook_file(project, "old = 1")
    session.front = end
    where = {"type": "notebook", "root": str(project.root), "path": "a.ipynb", "version": __version__}

    def saves(page: Page) -> None:
        _notebook_file(project, "%load_ext e2e_lab", "new = 2", "done = e2e.commit('second')")
        page.say({"type": "saved", "path": "a.ipynb", "ok": True})

    page = Page(end, where, saves)
    notebook.run("new = 2", "c0")
    began = time.monotonic()
    notebook.run("done = e2e.commit('second')", "c1")
    assert time.monotonic() - began < 1.9
    assert "save" in page.kinds()
    assert not any("older" in note for note in notebook["done"].notes)
    shown = git(project.root, "show", f"HEAD:{project.relative(path)}")
    assert "new = 2" in shown


def test_a_file_that_was_written_is_an_answer_too(notebook: Notebook, project: Project, end: front.FrontEnd) -> None:
    import threading

    _notebook_file(project, "old = 1")
    session.front = end
    where = {"type": "notebook", "root": str(project.root), "path": "a.ipynb", "version": __version__}

    def writes(_: Page) -> None:
        (project.root / "a.ipynb").write_text("", "utf-8")  # as jupyter_server does: the file is emptied, then filled
        threading.Timer(0.5, _notebook_file, [project, "new = 2"]).start()

    Page(end, where, writes)
    began = time.monotonic()
    end.save()
    assert 0.4 < time.monotonic() - began < 1.9
    assert "new = 2" in (project.root / "a.ipynb").read_text("utf-8")


def test_a_page_that_does_not_answer_holds_a_commit_up_for_two_seconds_at_most(
    notebook: Notebook, project: Project, end: front.FrontEnd
) -> None:
    _notebook_file(project, "old = 1")
    session.front = end
    where = {"type": "notebook", "root": str(project.root), "path": "a.ipynb", "version": __version__}
    Page(end, where)
    notebook.run("new = 2", "c0")
    began = time.monotonic()
    notebook.run("done = e2e.commit('second')", "c1")
    assert 1.9 < time.monotonic() - began < 5
    assert any("older" in note for note in notebook["done"].notes), notebook["done"].notes


# ---- the buttons under %e2e ----------------------------------------------------------------------------------


@pytest.fixture
def buttons(notebook: Notebook, flights_csv: Path) -> Any:
    """The buttons that `%e2e` would show, without a page."""
    pytest.importorskip("ipywidgets")
    from e2e_lab.workspace.notebook.buttons import Buttons

    notebook.run("import pandas as pd\nflights = pd.read_csv('flights.csv')")
    return Buttons(session, notebook.run("%e2e"))


def _press(buttons: Any, label: str) -> str:
    """Press a button; the words of the answer."""
    found = {one.description: one for one in buttons.row.children}
    found[label].click()
    return str(buttons.answer.value)


def _labels(buttons: Any) -> list[str]:
    return [one.description for one in buttons.row.children if hasattr(one, "click")]


def test_each_button_does_its_line_and_shows_the_answer(buttons: Any, project: Project) -> None:
    assert _labels(buttons) == ["Snapshot flights", "Commit", "Refresh"]
    assert buttons.row.children[0].tooltip == "%e2e snapshot flights"
    assert "flights@v1" in _press(buttons, "Snapshot flights")
    assert (project.root / "data" / "raw" / "flights.json").exists()
    assert _labels(buttons) == ["Commit", "Refresh"]
    assert "Say beside the button" in _press(buttons, "Commit")
    buttons.message.value = "the <first> data"
    said = _press(buttons, "Commit")
    assert "the &lt;first&gt; data" in said
    assert git(project.root, "log", "-1", "--format=%s").strip() == "the <first> data"
    assert _labels(buttons) == ["Refresh"]
    assert project.name in _press(buttons, "Refresh")
    assert not any(one.disabled for one in buttons.row.children)


def test_a_press_beside_a_running_cell_waits_for_the_person(buttons: Any, project: Project) -> None:
    session.front = front.FrontEnd(session)
    session.front.busy = True
    assert "A cell is running" in _press(buttons, "Snapshot flights")
    assert not (project.root / "data" / "raw" / "flights.json").exists()


def test_a_refusal_is_shown_and_the_buttons_stay(buttons: Any, notebook: Notebook) -> None:
    notebook.run("del flights")
    assert "There is no variable" in _press(buttons, "Snapshot flights")
    assert "Refresh" in _labels(buttons)


@pytest.mark.integration
def test_a_bare_line_shows_the_card_and_below_it_the_buttons(kernels: Callable[..., Kernel], project: Project) -> None:
    pytest.importorskip("ipywidgets")
    kernel = kernels(project.root)
    kernel.show("%load_ext e2e_lab")
    cell = kernel.begin("%e2e")
    shown: list[dict[str, Any]] = []
    while True:
        message = kernel._client.get_iopub_msg(timeout=30)
        if message["parent_header"].get("msg_id") != cell:
            continue
        if message["msg_type"] in ("execute_result", "display_data"):
            shown.append(message["content"]["data"])
        if message["content"].get("execution_state") == "idle":
            break
    card, row = shown
    assert "e2e-lab-card" in card["text/html"]
    assert "application/vnd.jupyter.widget-view+json" not in card
    assert row["text/plain"] == ""
    assert "application/vnd.jupyter.widget-view+json" in row
    kernel.show("import sys; sys.modules['ipywidgets'] = None")
    assert "stored" in kernel.show("%e2e")
