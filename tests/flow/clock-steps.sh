# The clock of the day is set, back or forward, between runs and during one.
. "${0%/*}/lib"
. "${0%/*}/lib-preload"
. "${0%/*}/lib-resume"

preload flow/programs/clock-steps.c flow/programs/coarse-times.c
export LD_PRELOAD=$PWD/clock-steps.so:$PWD/coarse-times.so
export CLOCK_STEPS=$PWD/step

# steps SECONDS: the clock is set so many seconds ahead of the files' own.
steps() {
	echo "$1" > "$CLOCK_STEPS"
}

# times: which run, or task of the latest, took less than nothing or very long.
times() {
	"$PYTHON" - <<-'END'
	import json, subprocess

	def show(*what):
	    return json.loads(subprocess.check_output(["flowmake", *what]))

	tasks = [task for step in show("show", "--json")["steps"]
	         for task in show("show", "--json", step["step"])]
	for one in show("runs", "--json") + tasks:
	    if not 0 <= one["ended"] - one["started"] < 600:
	        print(one)
	END
}

test_expect_success 'a run in which it is set back, and one in which forward' '
	echo 1 > in && flowfile <<-\END &&
	(step a (input i "in") (output o "o") (shell "cat #{i} > #{o}"))
	(step b (foreach x (iota 3)) (produces n) (shell "echo #{x} > #{n}"))
	(step c (join b n) (produces (m text))
	  (shell "test -z \"$TO\" || echo $TO > $CLOCK_STEPS; cat #{n} > #{m}"))
	END
	steps 0 && TO=-86400 flowmake run > out &&
	test_grep "^Done: run 1, 5 tasks in [0-9.]+s" out && times > out &&
	test_cmp /dev/null out && TO=86400 flowmake run > out &&
	test_grep "^Done: run 2, 5 tasks in [0-9.]+s" out && times > out &&
	test_cmp /dev/null out
'

test_expect_success 'whenever it is, what is unchanged is reused' '
	for s in -86400 4000000 0; do
		steps $s && executes "" && executes "" || exit 1
	done && times > out && test_cmp /dev/null out &&
	flowmake runs > out && test_grep "^  8 " out && test_grep -v "^  9 " out
'

test_expect_success 'what is changed is not, though it keeps its size and time' '
	n=10 && for s in -86400 86400 0; do
		steps $s && for try in 1 2; do
			n=$((n + 1)) && echo $n > in &&
			touch -d 2020-01-01 in && executes "a" &&
			echo $n | test_cmp - o || exit 1
		done
	done && executes ""
'

test_expect_success 'runs that seem to come are of the last days, too' '
	steps 4000000 && executes "" && flowmake show > out &&
	read -r _ latest _ < out && steps 0 && echo x > in && executes "a" &&
	flowmake gc --keep-days 1 > out && test_grep "^removed [0-9]+ run" out &&
	flowmake show $latest && executes ""
'

test_done
