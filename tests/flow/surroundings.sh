# flowmake does its work wherever and however it is started.
. "${0%/*}/lib"

flowfile <<'END'
(step words
  (foreach word '("één" "two"))
  (produces (upper text))
  (shell "echo \"#{word}\" > #{upper}; echo printed #{word}"))
(step all
  (join words upper)
  (output all "all.txt")
  (scheme
    (call-with-output-file all
      (lambda (port)
        (set-port-encoding! port "UTF-8")
        (display (string-join upper " ") port)))))
END
printf 'één two' > expected

# right COMMAND...: a run by it gives the right result and no complaint.
right() {
	rm -f all.txt
	"$@" flowmake run > out 2> errors || {
		cat out errors
		return 1
	}
	cmp expected all.txt && test ! -s errors || {
		cat errors
		return 1
	}
}

for variables in LC_ALL=C LC_ALL=C.UTF-8 LC_ALL=xx_XX.none LANG= \
	GUILE_AUTO_COMPILE=1 GUILE_AUTO_COMPILE=fresh \
	GUILE_LOAD_COMPILED_PATH=/nowhere HOME=/nowhere TERM= \
	GUILE_WARN_DEPRECATED=detailed BASH_ENV=/nowhere POSIXLY_CORRECT=1 \
	TMPDIR=/nowhere XDG_CACHE_HOME=/nowhere; do
	test_expect_success "with $variables" "
		right env $variables
	"
done

for variable in LC_ALL TMPDIR HOME TERM; do
	test_expect_success "without $variable" "
		right env -u $variable
	"
done

test_expect_success 'with nothing in the environment but PATH' '
	right env -i PATH="$PATH" FLOWMAKE_LIBEXEC="$FLOWMAKE_LIBEXEC" \
		FLOWMAKE_SCM_PATH="$FLOWMAKE_SCM_PATH" \
		FLOWMAKE_GO_PATH="$FLOWMAKE_GO_PATH"
'

test_expect_success 'nothing is written to the home directory' '
	find "$HOME" -mindepth 1 > found &&
	test ! -s found
'

test_expect_success 'a home directory that may not be written' '
	mkdir home && chmod a-w home &&
	test_when_finished "chmod u+w \"$PWD/home\"" &&
	right env HOME="$PWD/home"
'

test_expect_success 'umask 077 keeps results to oneself' '
	(umask 077 && right env) &&
	test "$(stat -c %a all.txt)" = 600 &&
	flowmake show > out
'

test_expect_success 'without stdin, stdout or stderr' '
	rm -f all.txt &&
	flowmake run <&- > out && cmp expected all.txt &&
	flowmake run >&- && cmp expected all.txt &&
	flowmake run > out 2>&- && cmp expected all.txt &&
	rm -f all.txt &&
	flowmake run <&- >&- 2>&- && cmp expected all.txt
'

test_expect_success 'signals that were ignored are not in tasks' '
	mkdir signals && cd signals &&
	flowfile <<-\END &&
	(step shell (shell "grep -E \"^Sig(Ign|Blk)\" /proc/self/status"))
	(step exec (exec "grep" "-E" "^Sig(Ign|Blk)" "/proc/self/status"))
	END
	(trap "" PIPE USR1 CHLD TERM && flowmake run) &&
	flowmake logs 1/shell > log 2> words &&
	flowmake logs 1/exec >> log 2> words &&
	lines 4 log &&
	test_grep -v "[1-9a-f]\$" log
'

test_expect_success 'descriptors that were open are not in tasks' '
	mkdir descriptors && cd descriptors &&
	flowfile <<-\END &&
	(step exec (exec "ls" "-l" "/proc/self/fd"))
	(step scheme (scheme (system* "ls" "-l" "/proc/self/fd")))
	END
	flowmake run 7< Flowfile 8< Flowfile &&
	flowmake logs 1 > log 2> words &&
	test_grep -v "Flowfile" log &&
	test_grep -v "flowmake/(db|leases)" log
'

test_expect_success 'without bash along PATH that is what is said' '
	mkdir no-bash && cd no-bash && mkdir bin &&
	for program in cat ls true; do
		ln -s "$(command -v $program)" bin || exit 1
	done &&
	ln -s "$(command -v flowmake)" bin &&
	flowfile <<-\END &&
	(step a (shell "cat Flowfile | ls > /dev/null; echo $PATH"))
	END
	test_must_fail env PATH="$PWD/bin" flowmake run > out 2>&1 &&
	test_grep "program .bash. was not found along PATH" out
'

test_expect_success 'in a directory that may not be written' '
	if test "$(id -u)" = 0; then
		as="setpriv --reuid=65534 --regid=65534 --clear-groups"
	fi
	mkdir locked
	cp Flowfile locked
	cd locked
	chmod a-w .
	test_when_finished "chmod u+w \"$PWD\""
	$as true || exit 0
	$as cat Flowfile > /dev/null || exit 0
	test_must_fail $as flowmake run > ../locked.out 2>&1 ||
		{ cat ../locked.out; exit 1; }
	test_grep "Permission denied|No such file" ../locked.out
'

test_expect_success 'a directory that forbids writing is moved as any other' '
	as=
	if test "$(id -u)" = 0; then
		as="setpriv --reuid=65534 --regid=65534 --clear-groups"
	fi
	mkdir closed
	cd closed
	cat > Flowfile <<-"END"
	(step a (output dir "made") (produces r)
	  (shell "mkdir #{dir} #{r}; touch #{dir}/x #{r}/y; chmod 555 #{dir} #{r}"))
	(step b (from a dir r) (shell "ls #{dir} #{r}; stat -c %a #{dir} #{r}"))
	END
	mkdir -p made/by-hand
	chmod 555 made
	chown -R 65534:65534 . || test -z "$as"
	$as cat Flowfile > /dev/null || exit 0
	$as "$FLOWMAKE_LIBEXEC/flowmake-evaluator" < /dev/null 2> why ||
		grep -q flowmake-evaluator why || exit 0
	for run in 1 2; do
		$as flowmake run > out 2>&1 || { cat out; exit 1; }
	done
	$as flowmake logs 2/b > logged
	test "$(grep -c 555 logged)" = 2
	test "$(stat -c %a .flowmake/replaced/1/made)" = 555
	echo "(step none)" > Flowfile
	$as flowmake run
	$as flowmake gc --keep=1 > out
	test_grep "removed 2 runs" out
	test_grep -v "cannot" out
	chmod -R u+w made .flowmake
'

test_expect_success 'as another user' '
	test "$(id -u)" = 0 || exit 0
	as="setpriv --reuid=65534 --regid=65534 --clear-groups"
	mkdir other
	cp Flowfile other
	cd other
	chown 65534:65534 .
	$as cat Flowfile > /dev/null || exit 0
	$as "$FLOWMAKE_LIBEXEC/flowmake-evaluator" < /dev/null 2> why ||
		grep -q flowmake-evaluator why || exit 0
	$as flowmake run > out 2>&1 || { cat out; exit 1; }
	cmp ../expected all.txt
	# root may look at it, and leaves nothing that keeps the other out
	flowmake runs
	flowmake logs 1
	flowmake run
	$as flowmake run
'

test_expect_success 'a make in a recipe asks no other make for jobs' '
	mkdir below-make && cd below-make && flowfile <<-\END &&
	(step a (shell "printf \"all:\n\t@echo made\n\" > inner; make -f inner"))
	END
	printf "all:\n\t+flowmake run\n" > outer && make -j 4 -f outer > out 2>&1 &&
	test_grep "\] made$" out && test_grep -v "jobserver" out
'

test_done
