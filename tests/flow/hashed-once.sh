# Each file is read once in a run to find out what it holds, however many tasks
# have to do with it, and not at all as long as it does not change.
. "${0%/*}/lib"
. "${0%/*}/lib-preload"
. "${0%/*}/lib-resume"

preload flow/programs/log-reads.c
library=$PWD/log-reads.so

# reading FILES COMMAND...: COMMAND reads FILES, of those of the flow, each once.
reading() {
	local files=$1
	shift
	rm -f "$TEST_DIRECTORY/reads"
	READS_LOG=$TEST_DIRECTORY/reads LD_PRELOAD=$library "$@" &&
	grep -xE '(\./)?(in|large|out|copy|many/.*|made/.*|tool)' \
		"$TEST_DIRECTORY/reads" | sed 's,^\./,,' | LC_ALL=C sort |
		tr '\n' ' ' > files
	test "$(cat files)" = "${files:+$files }" || {
		cat files >&2
		return 1
	}
}

test_expect_success 'a run reads each file once' '
	mkdir many && seq 3 > in && seq 300000 > large &&
	for i in a b c; do echo $i > many/$i || return 1; done &&
	printf "#!/bin/sh\nwc -c\n" > tool && chmod +x tool && flowfile <<-\END &&
	(step make (input i "in") (input l "large")
	  (output o "out") (output c "copy") (output d "made")
	  (shell "cat #{i} > #{o}; cat #{l} > #{c};"
	         "mkdir #{d}; cp #{i} #{d}/x; cp #{l} #{d}/y"))
	(step each (foreach n (list 1 2 3 4)) (input i "in") (input l "large")
	  (input m "many") (input one "many/b") (from make o c d) (produces r)
	  (shell "./tool < #{o} > #{r}; ls #{i} #{l} #{m} #{one} #{c} #{d}"))
	END
	reading "copy in large made/x made/y many/a many/b many/c out tool" \
		flowmake run > out.txt
'

test_expect_success 'a resume after it reads nothing' '
	test_grep "run 1, 5 tasks" out.txt && rm out.txt &&
	reading "" flowmake resume > out.txt && test_grep "5 reused" out.txt
'

test_expect_success 'after a change it reads what changed, and what is made' '
	echo d > many/b && reading "many/b" flowmake resume > out.txt &&
	test_grep "5 tasks, 1 reused" out.txt &&
	echo 4 >> in && reading "copy in made/x made/y out" flowmake resume > out.txt &&
	test_grep "run 4, 5 tasks in" out.txt
'

test_done
