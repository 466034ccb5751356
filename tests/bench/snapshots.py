"""The row of the benchmark about the code of runs.

A run that has nothing else to do waits for its snapshot: what it takes longer
among many files than with one is what the snapshot costs at most.
"""

import random
import statistics
import subprocess

from harness import (REPEAT, SHORT, Contestant, check, compare, contest,
                     flowmake, fresh, write)

TRACKED, UNTRACKED, IGNORED = (45, 5, 20) if SHORT else (4500, 500, 2000)
ONE_STEP = '(step hello (exec "true"))\n'
PEER = ["sh", "-c", "git add -A && git write-tree"]


def sources():
    """Texts like those of programs: 4 KB each on average."""
    chance = random.Random(1)
    words = ["".join(chance.choices("abcdefghijklmnopqrstuvwxyz_",
                                    k=chance.randint(2, 12)))
             for _ in range(5000)]
    for _ in range(TRACKED + UNTRACKED):
        size = min(max(chance.lognormvariate(8.0, 0.7), 100), 60000)
        lines = []
        while size > 0:
            line = "\t" * chance.randint(0, 3) + " ".join(
                chance.choices(words, k=chance.randint(1, 8))) + ";"
            lines.append(line)
            size -= len(line) + 1
        yield "\n".join(lines) + "\n"


def git(path, *words):
    subprocess.run(["git", "-c", "user.name=a", "-c", "user.email=a@b",
                    "-c", "gc.auto=0", *words], cwd=path, check=True,
                   stdout=subprocess.DEVNULL)


def project(texts):
    path = fresh("project")
    write(f"{path}/Flowfile", ONE_STEP)
    write(f"{path}/.gitignore", "ignored/\n.flowmake/\n")
    for i, text in enumerate(texts):
        if i == TRACKED:
            git(path, "init", "-q")
            git(path, "add", "-A")
            git(path, "commit", "-q", "-m", "all")
        write(f"{path}/d{i % 125}/f{i}", text)
    for i in range(IGNORED):
        write(f"{path}/ignored/{i}", f"{i}\n")
    subprocess.run(["cp", "-p", ".git/index", "../peer-index"], cwd=path,
                   check=True)
    return path


def alone():
    path = fresh("alone")
    write(f"{path}/Flowfile", ONE_STEP)
    return path


def contestants():
    texts = list(sources())
    ours, peer = flowmake("run"), ["env", "GIT_INDEX_FILE=../peer-index",
                                   *PEER]
    here = None

    def another():
        nonlocal here
        here = project(texts)
        return here
    return [Contestant("first run", ours, another),
            Contestant("git add, write-tree", peer, lambda: here),
            Contestant("later run", ours, lambda: here),
            Contestant("git add, write-tree", peer, lambda: here),
            Contestant("alone", ours, alone)]


def row():
    first, git_first, later, git_later, without = everybody = contestants()
    contest(everybody, REPEAT)
    compare(first, git_first)
    compare(later, git_later)
    for ours, most_ms in (first, 400), (later, 50):
        more = [1000 * (a.wall_s - b.wall_s)
                for a, b in zip(ours.measures, without.measures)]
        ms = statistics.median(more)
        check(f"{ours.name}: {ms:.0f} ms ({min(more):.0f}..{max(more):.0f}) "
              f"more than without these files; at most {most_ms}",
              ms <= most_ms)
