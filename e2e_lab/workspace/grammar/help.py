"""What a reader is told of the verbs: help, and what may come next on a line."""

from __future__ import annotations

from e2e_lab.workspace.grammar.declared import AREAS, BY_NAME, VERBS
from e2e_lab.workspace.grammar.words import COMMON, Verb, is_option


def help_text(verb: Verb | None = None) -> str:
    """What ``-h`` and ``?`` show: one verb, or all of them by area."""
    if verb is None:
        width = max(len(each.name) for each in VERBS)
        lines = ["The machine-learning workflow, in one notebook: e2e VERB …  (%e2e VERB … in a cell)", ""]
        for area in AREAS:
            lines.append(area)
            lines += [f"  {each.name:<{width}}  {each.summary}" for each in VERBS if each.area == area]
            lines.append("")
        return "\n".join([*lines, "e2e VERB -h explains a verb. --json prints any answer as JSON."])
    lines = [f"e2e {verb.usage}", "", f"  {verb.summary[0].upper()}{verb.summary[1:]}."]
    if verb.detail:
        lines.append(f"  {verb.detail}")
    if verb.args:
        names = [", ".join(arg.flags) or arg.metavar or arg.name.upper() for arg in verb.args]
        width = max(map(len, names))
        lines += ["", *(f"  {name:<{width}}  {arg.help}" for name, arg in zip(names, verb.args, strict=True))]
    lines += ["", f"  in Python: {verb.python}"]
    lines += ["", *(f"  {example}" for example in verb.examples)]
    return "\n".join(lines)


def completion_context(line: str) -> tuple[str, list[str]]:
    """What may come next after *line* (the text after ``e2e``, up to the cursor).

    Returns the kind of thing (``verb``, or an :class:`Arg`'s *complete*), and the fixed words that fit.

    >>> completion_context("sna")[0]
    'verb'
    >>> completion_context("load fli")[0]
    'dataset'
    >>> completion_context("snapshot x --st")[1]
    ['--stage']
    """
    words = line.split()
    last = "" if not line or line[-1].isspace() else words.pop()
    if not words:
        return "verb", [name for name in BY_NAME if name.startswith(last)]
    verb = BY_NAME.get(words[0])
    if verb is None:
        return "", []
    flags = {flag: arg for arg in verb.args for flag in arg.flags}
    if last.startswith("-"):
        return "", [flag for flag in [*flags, *COMMON] if flag.startswith(last)]
    before = words[-1]
    if before in flags and not flags[before].switch:
        arg = flags[before]
        return arg.complete, [choice for choice in arg.choices if choice.startswith(last)]
    done = sum(1 for i, word in enumerate(words[1:], 1) if not is_option(word) and words[i - 1] not in flags)
    positional = [arg for arg in verb.args if not arg.flags]
    if not positional:
        return "", []
    return positional[min(done, len(positional) - 1)].complete, []
