# gc at any time: while runs go on, beside another gc, killed or failing
# anywhere.
. "${0%/*}/lib"
. "${0%/*}/lib-process"

# consistent: what the database names is there, and nothing else.
consistent() {
	flowmake runs --json > runs.json &&
	$PYTHON - <<-'END'
	import json, os, subprocess, sys
	def flowmake(*words):
	    return subprocess.run(("flowmake",) + words, check=True,
	                          stdout=subprocess.PIPE).stdout
	for run in json.load(open("runs.json")):
	    number = str(run["run"])
	    steps = json.loads(flowmake("show", number, "--json"))["steps"]
	    for step in steps:
	        name = number + "/" + step["step"]
	        tasks = json.loads(flowmake("show", name, "--json"))
	        for task in tasks:
	            for result in task["results"]:
	                if "path" in result and not os.path.exists(result["path"]):
	                    sys.exit(name + ": no " + result["path"])
	END
}

flow() {
	flowfile <<-'END'
	(step make
	  (foreach i '(1 2 3))
	  (input seed "seed")
	  (produces file)
	  (output out "made/#{i}")
	  (shell "echo #{i} | cat #{seed} - | tee #{file} > #{out}"))
	(step add
	  (join make file)
	  (produces all (text lines))
	  (shell "cat #{file} > #{all}; seq 400 > #{text}; cat #{all}"))
	END
	echo 0 > seed
}

test_expect_success 'a run that goes on is kept, with what it reuses' '
	mkdir on && cd on && flow &&
	flowmake run > out && echo 1 > seed && flowmake run > out &&
	echo 0 > seed &&
	cat >> Flowfile <<-\END &&
	(step wait (from add all)
	  (shell "echo > started; read x < go; cat #{all}"))
	END
	mkfifo go && { flowmake resume --origin-run-id 1 > out 2>&1 & } &&
	test_wait test -e started &&
	flowmake run make > other &&
	flowmake gc --keep 1 > gc &&
	flowmake runs > runs && test_grep "^  3 .*running" runs &&
	test_grep "^  1 " runs && test_grep "^  4 " runs && lines 4 runs &&
	echo > go && wait &&
	test_grep "^Done: run 3" out && consistent
'

test_expect_success 'two collect at a time, while runs come and go' '
	mkdir many && cd many && flow &&
	flowmake run > out &&
	: > busy &&
	collect() { while test -e busy; do
		flowmake gc --keep $1 > gc$1 2>&1 || { cat gc$1; return 1; }
	done; } &&
	{ collect 1 & } && one=$! && { collect 2 & } && two=$! &&
	status=0 &&
	for i in 1 2 3 4 5 6 7 8 9 10; do
		echo $((i % 3)) > seed
		flowmake resume > out 2>&1 && flowmake run make > out 2>&1 ||
			{ cat out; status=1; break; }
	done &&
	rm busy && wait $one && wait $two && test $status = 0 &&
	consistent && flowmake resume > out && consistent &&
	flowmake gc --keep 1 > gc && consistent && flowmake -q
'

test_expect_success 'what was forgotten just now is not used again' '
	mkdir late && cd late && flow && flowmake run > out &&
	echo 1 > seed && flowmake run > out && echo 0 > seed &&
	cat > Flowfile.late <<-\END &&
	(step first (shell "flowmake gc --keep 1 > gc"))
	(step make (after first)
	  (input seed "seed")
	  (foreach i (quote (1 2 3)))
	  (produces file) (output out "made/#{i}")
	  (shell "echo #{i} | cat #{seed} - | tee #{file} > #{out}"))
	END
	flowmake resume -f Flowfile.late > out &&
	test_grep "^removed 1 run$" gc && consistent &&
	for i in 1 2 3; do
		printf "0\n$i\n" | test_cmp - made/$i || exit 1
	done
'

if test "$SANITIZE" = yes; then
	for title in 'nobody waits while an output is restored' \
		'a gc that is killed, or fails, anywhere'; do
		test_skip 'no library comes before that of the sanitizers' \
			"$title"
	done
	test_done
fi
$CC -shared -fPIC -O1 -o fail-nth.so "$srcdir/tests/unit/fail-nth.c" -ldl ||
	exit 1
library=$PWD/fail-nth.so

test_expect_success 'nobody waits while an output is restored' '
	mkdir restore && cd restore && flow && flowmake run > out &&
	echo 1 > seed && flowmake run > out && echo 0 > seed &&
	mkfifo hold &&
	begin FAIL_NTH=open:2 FAIL_PATH=tmp/.flowmake- FAIL_HOLD=hold \
		FAIL_MARK=mark LD_PRELOAD=$library \
		flowmake resume made/1 > out 2>&1 &&
	test_wait test -e mark && flowmake gc --keep 3 > gc &&
	test_grep "nothing to remove" gc &&
	: > hold && ended 0 $begun &&
	test_grep "^Done: run 3" out && printf "0\n1\n" | test_cmp - made/1
'

# prepare: a store of which a gc removes one of each kind.
mkdir kill && (
	cd kill && flow && flowmake run > out && echo 1 > seed &&
	flowmake run > out && echo 2 > seed && flowmake resume > out &&
	mkdir -p .flowmake/replaced/1/x && echo > .flowmake/replaced/1/x/y &&
	echo > .flowmake/tmp/.flowmake-1-1 &&
	cp -a .flowmake ../whole
)

# hit N KIND ERROR: a gc whose Nth call of KIND fails; 1: there is no such call.
hit() {
	rm -rf .flowmake ../mark && cp -a ../whole .flowmake &&
	local status=0 &&
	FAIL_NTH=$2:$1 FAIL_ERRNO=$3 FAIL_MARK=../mark \
		LD_PRELOAD=$library flowmake gc --keep 1 > gc 2>&1 || status=$?
	test -e ../mark || return 1
	case $3:$status in
	kill:137 | *:0) ;;
	kill:*) echo "$2 $1: status $status"; return 2 ;;
	*:2) test_grep "^flowmake: .*(No space|no space|error|permission)" gc || return 2 ;;
	*) echo "$2 $1: status $status"; return 2 ;;
	esac
	consistent && flowmake -q && flowmake gc --keep 1 > gc 2>&1 &&
	flowmake -q && flowmake gc > gc && test_grep "nothing to remove" gc && return 0
	echo "$2 $1 $3: status was $status"
	return 2
}

# hits STEP KIND ERROR: at each STEP-th call.
hits() {
	local n status
	cd kill
	for ((n = 1; ; n += $1)); do
		status=0
		hit $n $2 $3 || status=$?
		test $status != 1 || break
		test $status = 0 || return 1
	done
	echo "calls: $(((n - 1) / $1))"
	test $n -gt 1
}

some=13
test -z "$FLOWMAKE_TEST_LARGE" || some=1
test_expect_success 'killed anywhere, it leaves a store that is good' '
	hits $some any kill
'
for kind in write rename unlink open mkdir; do
	test_expect_success "so does one of which a call fails: $kind" "
		hits $some $kind 28
	"
done

test_expect_success 'where the database has no room, other garbage makes some' '
	cd kill && rm -rf .flowmake ../mark && cp -a ../whole .flowmake &&
	FAIL_PATH=.flowmake/db-wal FAIL_NTH=write:1 FAIL_MARK=../mark \
		LD_PRELOAD=$library flowmake gc --keep 1 > gc &&
	test -e ../mark && test_grep "^removed 2 runs$" gc &&
	test_grep "compiled Flowfiles" gc && consistent && flowmake -q &&
	rm -rf .flowmake && cp -a ../whole .flowmake &&
	lost=.flowmake/objects/00/0123456789abcdef0123456789abcd &&
	mkdir -p .flowmake/objects/00 && echo > $lost &&
	FAIL_PATH=.flowmake/db-wal FAIL_NTH=write:1+ LD_PRELOAD=$library \
		test_must_fail flowmake gc --keep 1 > gc 2> errors &&
	test_grep "no space left for .*; free some space, then" errors &&
	test_grep "^removed 1 result" gc && test ! -e $lost &&
	flowmake runs > runs && lines 4 runs && consistent
'

# prepare the code of three runs, of which one is forgotten.
mkdir code && (
	cd code && flowfile <<-'END'
	(step hello (exec "true"))
	END
	for i in 1 2 3; do
		seq $i 100 > text && flowmake run > ../said || exit 1
	done
	cp -a .flowmake ../whole-code
)

# code_hit N KIND ERROR: the Nth such call on the repository of code fails.
code_hit() {
	rm -rf .flowmake ../mark ../taken && cp -a ../whole-code .flowmake &&
	local status=0 &&
	FAIL_PATH=code.git FAIL_NTH=$2:$1 FAIL_ERRNO=$3 FAIL_MARK=../mark \
		LD_PRELOAD=$library flowmake gc --keep 2 > ../gc 2>&1 ||
		status=$?
	test -e ../mark || return 1
	flowmake checkout 2 ../taken > ../gc && seq 2 100 |
	test_cmp - ../taken/text && flowmake gc > ../gc &&
	test $(ls .flowmake/code.git/refs/flowmake/runs/? | wc -l) = 2 &&
	ls -A .flowmake/code.git/objects/pack > ../packs && lines 2 ../packs &&
	test $(ls .flowmake/code.git/objects | wc -l) = 2 &&
	rm -r ../taken && flowmake checkout 3 ../taken > ../gc &&
	flowmake run > ../gc && return 0
	echo "$2 $1 $3: status was $status"
	return 2
}

test_expect_success 'nor does the code of kept runs suffer' '
	cd code &&
	for how in "any kill" "write 28" "rename 5" "unlink 5" "open 5"; do
		for n in 1 2 4 7 12 20 33; do
			status=0
			code_hit $n $how || status=$?
			test $status != 1 || break
			test $status = 0 || exit 1
		done
		echo "$how: $n"
	done
'

test_done
