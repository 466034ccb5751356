"""What the rows of the benchmark share: running programs and measuring them,
fresh directories, contests, the table of rows.
"""

import contextlib
import dataclasses
import os
import select
import shlex
import shutil
import statistics
import subprocess
import sys
import time

WORKERS = 2
SAMPLE_S = 0.02

SRCDIR = os.path.abspath(os.environ.get("srcdir", "."))
BUILDDIR = os.path.abspath(os.environ.get("builddir", "."))
# Little work, once: whether the benchmark works.  Its figures mean nothing.
SHORT = os.environ.get("BENCH_SHORT") == "yes"
REPEAT = int(os.environ.get("BENCH_REPEAT", "1" if SHORT else "5"))
REPEAT_LONG = int(os.environ.get("BENCH_REPEAT_LONG", "1"))
WORK = os.path.join(BUILDDIR, "tests", "work", f"bench-{os.getpid()}")


class Failed(Exception):
    """A program that was to be measured failed."""


# ---- running one program ----

class Measure:
    """What one run of a program took."""

    def __init__(self, wall_s, cpu_s, peak_mb):
        self.wall_s, self.cpu_s, self.peak_mb = wall_s, cpu_s, peak_mb


def read_proc(pid, name):
    try:
        with open(f"/proc/{pid}/{name}") as file:
            return file.read()
    except OSError:
        return ""


def descendants(pid):
    found = [pid]
    for process in found:
        found += map(int, read_proc(process, f"task/{process}/children").split())
    return found


class Peaks:
    """The peak memory, in MB, of flowmake's own processes.

    The kernel keeps it in VmHWM as long as the process lives, and it only
    grows; so what is read last is wrong by what grew after that.
    """

    def __init__(self, pid):
        self.pid, self.pids, self.mb = pid, {}, {}

    def look(self):
        if "flowmake-evaluator" not in self.pids.values():
            for pid in descendants(self.pid)[:10]:
                name = os.path.basename(read_proc(pid, "cmdline").split("\0")[0])
                if name.startswith("flowmake"):
                    self.pids[pid] = name
        for pid, name in self.pids.items():
            for line in read_proc(pid, "status").splitlines():
                if line.startswith("VmHWM:"):
                    mb = int(line.split()[1]) / 1024
                    self.mb[name] = max(self.mb.get(name, 0), mb)

    def watch(self, sample_s):
        """Look until the process ends."""
        poll = select.poll()
        fd = os.pidfd_open(self.pid)
        poll.register(fd)
        while not poll.poll(sample_s * 1000):
            self.look()
        os.close(fd)


def run(argv, cwd, status=0, peaks_every_s=None, unheard=False):
    """Run ARGV in CWD, its output into a file beside it or, UNHEARD, nowhere.
    """
    with open(os.devnull if unheard else cwd + ".output", "ab") as output, \
            open(cwd + ".input" if os.path.exists(cwd + ".input")
                 else os.devnull) as standard_input:
        began = time.monotonic()
        child = subprocess.Popen(argv, cwd=cwd, stdin=standard_input,
                                 stdout=output, stderr=subprocess.STDOUT)
        peaks = Peaks(child.pid)
        if peaks_every_s:
            peaks.watch(peaks_every_s)
        _, child_status, usage = os.wait4(child.pid, 0)
        wall_s = time.monotonic() - began
        child.returncode = os.waitstatus_to_exitcode(child_status)
    if child.returncode != status:
        last = b""
        if not unheard:
            with open(output.name, "rb") as output:
                last = output.read()[-2000:]
        raise Failed(f"{shlex.join(argv)}: status {child.returncode}\n"
                     + last.decode("utf-8", "replace"))
    return Measure(wall_s, usage.ru_utime + usage.ru_stime, peaks.mb)


def flowmake(*words):
    return [os.path.join(BUILDDIR, "pre-inst-env"), "flowmake", *words]


# ---- directories ----

serial = 0


def write(path, text):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w") as file:
        file.write(text)


def fresh(name):
    """A new, empty directory."""
    global serial
    serial += 1
    path = os.path.join(WORK, f"{serial}-{name}")
    os.makedirs(path)
    return path


# ---- contests ----

class Contestant:
    """A program and what to do before and after each time it is measured;
    WARM makes a directory in which it runs just before that, so that it is in
    memory itself.
    """

    def __init__(self, name, argv, prepare, status=0, after=None,
                 unheard=False, warm=None):
        self.name, self.argv, self.prepare = name, argv, prepare
        self.status, self.after, self.unheard = status, after, unheard
        self.warm = warm
        self.measures = []

    def compete(self):
        cwd = self.prepare()
        os.sync()  # what was prepared is not for the program to wait for
        if self.warm:
            run(self.argv, self.warm())
            os.sync()
        self.measures.append(run(self.argv, cwd, self.status,
                                 unheard=self.unheard))
        if self.after:
            self.after(cwd)


def contest(contestants, repeat):
    """Run CONTESTANTS in turn, REPEAT times."""
    for _ in range(repeat):
        for contestant in contestants:
            contestant.compete()


def spread(values):
    return f"{min(values):.2f}..{max(values):.2f}"


def ratios(ours, theirs, what):
    return [getattr(a, what) / getattr(b, what)
            for a, b in zip(ours.measures, theirs.measures)]


def milliseconds(measures, what):
    return 1000 * statistics.median(getattr(m, what) for m in measures)


# Ratios printed so far: a row that prints none has measured nothing.
compared = 0


def compare(ours, theirs, target=None):
    """Print how OURS did beside THEIRS; TARGET, if any, is a ratio."""
    global compared
    compared += 1
    wall, cpu = ratios(ours, theirs, "wall_s"), ratios(ours, theirs, "cpu_s")
    said = ""
    if target:
        reached = statistics.median(wall) <= target
        said = f"; at most {target:.2f}{verdict(reached)}"
    print(f"  {ours.name} {milliseconds(ours.measures, 'wall_s'):.1f} ms, "
          f"{theirs.name} {milliseconds(theirs.measures, 'wall_s'):.1f} ms: "
          f"{statistics.median(wall):.2f} ({spread(wall)}){said}")
    print(f"    cpu {milliseconds(ours.measures, 'cpu_s'):.1f} ms, "
          f"{milliseconds(theirs.measures, 'cpu_s'):.1f} ms: "
          f"{statistics.median(cpu):.2f} ({spread(cpu)})", flush=True)


def verdict(reached):
    if SHORT:
        return ""
    return ": reached" if reached else ": NOT REACHED"


def check(text, reached):
    print(f"  {text}{verdict(reached)}", flush=True)


# ---- the table ----

@dataclasses.dataclass
class Row:
    title: str
    peers: list           # programs; the row is nothing without them
    measure: callable


def file_system(path):
    for argv in (["findmnt", "-no", "FSTYPE", "-T", path],
                 ["stat", "-f", "-c", "%T", path]):
        with contextlib.suppress(OSError):
            name = subprocess.run(argv, capture_output=True, text=True).stdout
            if name.strip():
                return name.split()[-1]
    return "unknown"


def describe_machine():
    load = " ".join(f"{x:.2f}" for x in os.getloadavg())
    print(f"machine: {len(os.sched_getaffinity(0))} cores, "
          f"Linux {os.uname().release}, {os.uname().machine}, load {load}")
    print(f"file system: {file_system(WORK)}")
    print(f"{WORKERS} workers, {REPEAT} repetitions in turn; "
          "median (min..max)")
    if SHORT:
        print("little work: only whether the benchmark works")


def measure_row(name, row):
    """Measure one row: "measured", "skipped" or "failed"."""
    print(f"{name}: {row.title}", flush=True)
    absent = [peer for peer in row.peers if not shutil.which(peer)]
    if absent:
        must = os.environ.get("CI") == "true"
        print(f"  {'FAILED' if must else 'skipped'}: "
              f"{' and '.join(absent)} not installed")
        return "failed" if must else "skipped"
    before = compared
    try:
        row.measure()
    except Failed as failed:
        print(f"  FAILED: {failed}")
        return "failed"
    if compared == before:
        print("  FAILED: compared with no peer")
        return "failed"
    return "measured"


def main(rows, words):
    """Measure the ROWS named by WORDS, all when there are none."""
    if words == ["-l"]:
        for name, row in rows.items():
            print(f"{name:14} {row.title}; beside {', '.join(row.peers)}")
        return 0
    unknown = [word for word in words if word not in rows]
    if unknown:
        print(f"run: no row is called '{unknown[0]}'; -l lists them",
              file=sys.stderr)
        return 2
    os.makedirs(WORK)
    try:
        describe_machine()
        ends = [measure_row(name, rows[name]) for name in words or rows]
    finally:
        shutil.rmtree(WORK, ignore_errors=True)
    print(", ".join(f"{ends.count(end)} {end}" for end in
                    ("measured", "failed", "skipped")))
    return 1 if "failed" in ends else 0
