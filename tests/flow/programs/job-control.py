"""A terminal and the shell in it, for one foreground job.

usage: job-control.py FIFO SCENARIO... -- COMMAND...

The shell is a session leader and COMMAND a process group of its own in the
foreground, as with any interactive shell.  A SCENARIO is a list of:

    hear      wait for a line from FIFO
    tell:F    write a line to F, another fifo
    type:X    type X (in Python's notation for strings)
    stopped   wait until the job is stopped, and every process below with the
              same TEST_MARK in its environment, but for the engine, which
              waits, and its helpers
    suspend   send SIGTSTP to the job's first process alone
    inside    send SIGTSTP to that one's child alone
    kill      kill the job's first process
    continue  continue the job, as fg does
    hang-up   take the terminal away
    end       wait for the job's end; print its status

What the terminal shows is printed.
"""

import os
import pty
import select
import signal
import sys
import time


def processes():
    """All that bear our mark: process -> (name, state, parent, session)."""
    found = {}
    mark = b"TEST_MARK=" + os.environb[b"TEST_MARK"]
    for name in os.listdir("/proc"):
        if not name.isdigit() or int(name) == os.getppid():
            continue
        try:
            with open(f"/proc/{name}/environ", "rb") as environ:
                if mark not in environ.read().split(b"\0"):
                    continue
            with open(f"/proc/{name}/stat", "rb") as stat:
                head, tail = stat.read().rsplit(b")", 1)
            fields = tail.split()
            found[int(name)] = (head.split(b"(", 1)[1], fields[0],
                                int(fields[1]), int(fields[3]))
        except OSError:
            pass
    return found


def running():
    """Those in other sessions that run, but for flowmake and its helpers."""
    found = processes()
    ours = [process for process, (name, _, parent, _) in found.items()
            if name == b"flowmake" or (name.startswith(b"flowmake-") and
               found.get(parent, (b"",))[0] == b"flowmake")]
    return [process for process, (_, state, _, session) in found.items()
            if session != os.getpid() and state not in (b"T", b"Z") and
            process not in ours]


def wait_stopped(job):
    _, status = os.waitpid(job, os.WUNTRACED)
    if not os.WIFSTOPPED(status):
        sys.exit("the job ended instead of stopping")
    for _ in range(1000):
        if not running():
            print("stopped", flush=True)
            return
        time.sleep(0.01)
    sys.exit(f"these run on: {running()}")


def shell(scenario, command, fifo, typing):
    signal.signal(signal.SIGTTOU, signal.SIG_IGN)
    job = os.fork()
    if job == 0:
        os.setpgid(0, 0)
        os.tcsetpgrp(0, os.getpid())
        signal.signal(signal.SIGTTOU, signal.SIG_DFL)
        os.execvp(command[0], command)
    try:
        os.setpgid(job, job)
    except OSError:
        pass
    for act in scenario:
        if act == "hear":
            fifo.readline()
        elif act.startswith("tell:"):
            with open(act[5:], "w") as other:
                print("line", file=other)
        elif act == "stopped":
            wait_stopped(job)
        elif act == "suspend":
            os.kill(job, signal.SIGTSTP)
        elif act == "inside":
            for process, (_, _, parent, _) in processes().items():
                if parent == job:
                    os.kill(process, signal.SIGTSTP)
        elif act == "kill":
            os.kill(job, signal.SIGKILL)
        elif act == "continue":
            os.tcsetpgrp(0, job)
            os.killpg(job, signal.SIGCONT)
        elif act == "end":
            _, status = os.waitpid(job, 0)
            print("status", os.waitstatus_to_exitcode(status), flush=True)
        else:
            os.write(typing, act.encode() + b"\n")
            if act == "hang-up":
                signal.pause()


def terminal(master, acts):
    while True:
        ready, _, _ = select.select([master, acts], [], [])
        if master in ready:
            try:
                os.write(1, os.read(master, 65536))
            except OSError:
                return
        if acts in ready:
            for act in os.read(acts, 4096).decode().splitlines():
                if act == "hang-up":
                    os.close(master)
                    return
                os.write(master, eval(f"b'{act[5:]}'"))


def main():
    split = sys.argv.index("--")
    fifo = open(sys.argv[1], "r+b", buffering=0)
    acts, typing = os.pipe()
    pid, master = pty.fork()
    if pid == 0:
        shell(sys.argv[2:split], sys.argv[split + 1:], fifo, typing)
        sys.stdout.flush()
        os._exit(0)
    terminal(master, acts)
    os.waitpid(pid, 0)


main()
