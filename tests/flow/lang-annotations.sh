# Annotations: what a step needs, how long it may take, what if it fails.
. "${0%/*}/lib"

q="'"

test_expect_success 'a timeout ends the task and says so' '
	flowfile <<-"END" &&
	(step a (timeout #:seconds 0.2) (shell "sleep 100"))
	END
	fails "[Tt]ime.*0\.2|0\.2.*timeout|after 0\.2"
'

test_expect_success 'a task that has stopped itself is told to end, too' '
	flowfile <<-"END" &&
	(step a (timeout #:seconds 0.2)
	  (shell "trap \"echo told; exit 1\" TERM; kill -STOP $$"))
	END
	fails "told" &&
	test_grep "timed out" errors
'

test_expect_success 'a timeout of no time is refused' '
	flowfile <<-"END" &&
	(step a
	  (timeout #:seconds 0) (shell "true"))
	END
	refused "Flowfile:2:12: step '\''a'\'': a timeout of no time; say how long, as (timeout #:minutes 10)"
'

test_expect_success 'nor in defaults, by an attempt, and on the command line' '
	flowfile <<-"END" &&
	(defaults
	  (timeout #:seconds 0))
	(step a (shell "true"))
	END
	refused "Flowfile:2:12: defaults: a timeout of no time; say how long, as (timeout #:minutes 10)" &&
	sed -i "s/seconds 0/seconds (- 2 attempt)/" Flowfile &&
	sed -i "s/(shell.*/(retry) (shell \"false\"))/" Flowfile &&
	fails "Flowfile:2:12: defaults: a timeout of no time" &&
	sed -i "s/(- 2 attempt)/attempt #:minutes 0/" Flowfile &&
	fails "status 1" &&
	echo "(step a (shell \"true\"))" > Flowfile &&
	refused "flowmake: --with timeout: a timeout of no time; say how long, as --with timeout:minutes=10" \
		--with timeout:seconds=0
'

test_expect_success 'a timeout is the sum of its parts' '
	flowfile <<-"END" &&
	(step a (timeout #:minutes 0.001 #:seconds 0.1 #:hours 0 #:days 0)
	  (shell "sleep 100"))
	END
	fails "0\.16|0\.2"
'

test_expect_success 'a scheme recipe that loops ends by its timeout' '
	flowfile <<-"END" &&
	(step a (timeout #:seconds 0.2) (scheme (let loop () (loop))))
	END
	fails "0\.2"
'

test_expect_success 'a failed task is tried again, 3 times by default' '
	flowfile <<-"END" &&
	(step a (retry)
	  (shell "echo $FLOWMAKE_ATTEMPT >> tries" "exit 4"))
	END
	fails "status 4" &&
	seq 4 > expected &&
	test_cmp expected tries
'

test_expect_success 'a task that succeeds at last is good' '
	flowfile <<-"END" &&
	(step a (retry #:times 2) (produces (n text))
	  (shell "echo $FLOWMAKE_ATTEMPT > #{n}" "test $FLOWMAKE_ATTEMPT = 3"))
	(step b (from a n) (shell "echo #{n}"))
	END
	run_says b "3
"
'

test_expect_success 'each attempt starts with its outputs away' '
	flowfile <<-"END" &&
	(step a (retry #:times 1) (output o "out") (produces r)
	  (shell "test ! -e #{o}" "test ! -e #{r}" "touch #{o} #{r}"
	         "test $FLOWMAKE_ATTEMPT = 2"))
	END
	flowmake run &&
	test -e out
'

test_expect_success 'resources may depend on the attempt' '
	flowfile <<-"END" &&
	(step a (retry #:times 2)
	  (resources #:memory (if (= attempt 3) "much" (* attempt 8)))
	  (environment (X "1"))
	  (shell "echo attempt $FLOWMAKE_ATTEMPT; false"))
	END
	fails "Flowfile:2:[0-9]+: step .a.: .*much" --run-id-file=id &&
	flowmake logs $(cat id)/a --attempt 2 > actual &&
	echo attempt 2 | test_cmp - actual
'

test_expect_success 'attempt is not seen by the recipe' '
	flowfile <<-"END" &&
	(step a
	  (shell "echo #{attempt}"))
	END
	refused "Flowfile:2:18: step ${q}a${q}: ${q}attempt${q} is the attempt${q}s number, which shell does not see"
'

test_expect_success 'a caught failure is an alist, and the results are #f' '
	flowfile <<-"END" &&
	(step a (catch e) (output o "caught-out") (produces r s)
	  (shell "touch #{o}" "exit 5"))
	(step b (from a e o r s)
	  (scheme (write (list (map car e) o r s)) (newline)
	          (display (assq-ref e (quote message)))))
	END
	flowmake run --run-id-file=id &&
	logged b > actual &&
	printf "((kind status message) #f #f #f)\nstatus 5" > expected &&
	test_cmp expected actual &&
	test ! -e caught-out
'

test_expect_success 'on success the name of catch is #f' '
	flowfile <<-"END" &&
	(step a (catch e) (produces r) (scheme 7))
	(step b (from a e r) (scheme (write (list e r))))
	END
	run_says b "(#f 7)"
'

test_expect_success 'what is caught was tried as often as retry says' '
	rm -f tries &&
	flowfile <<-"END" &&
	(step a (foreach x (list 1 2)) (catch e) (retry #:times 2) (produces r)
	  (scheme
	    (system (format #f "echo ~a >> tries" x))
	    (if (= x 2) (error "two is bad:" x) x)))
	(step b (join a e r)
	  (scheme (write (list (map not e) r))))
	END
	run_says b "((#t #f) (1 #f))" &&
	lines 4 tries
'

test_expect_success 'a timeout can be caught' '
	flowfile <<-"END" &&
	(step a (catch e) (timeout #:seconds 0.1) (shell "sleep 100"))
	(step b (from a e) (scheme (write (assq-ref e (quote kind)))))
	END
	run_says b "timeout"
'

test_expect_success 'what keeps a task from starting is not caught, nor tried again' '
	flowfile <<-"END" &&
	(step a (produces l) (scheme (list)))
	(step b (from a l) (catch e) (retry) (shell "echo #{(car l)}"))
	(step c (catch e) (retry) (secret NOT_SET_IN_TEST) (shell "true"))
	END
	fails "[[][0-9]+/b[]] Flowfile:2:5[0-9]: step .b.: car: " -k &&
	test_grep "[[][0-9]+/c[]] secret .NOT_SET_IN_TEST. is not set" errors &&
	test_grep -v "tried again|catches" errors
'

test_expect_success 'a segmentation fault is named' '
	flowfile <<-"END" &&
	(step a (exec "sh" "-c" "kill -SEGV $$"))
	END
	fails "SIGSEGV|[Ss]egmentation fault"
'

test_expect_success 'environment sets variables of the recipe' '
	flowfile <<-"END" &&
	(step a (foreach x (list "v")) (environment (ONE "1 #{x}") ("TWO" 2))
	  (shell "echo $ONE $TWO"))
	(step b (environment (ONE "b")) (exec "printenv" "ONE"))
	(step c (environment (ONE "c")) (scheme (display (getenv "ONE"))))
	END
	flowmake run --run-id-file=id &&
	for s in a/0 b c; do logged $s; done > actual &&
	printf "1 v 2\nb\nc" > expected &&
	test_cmp expected actual
'

test_expect_success 'a value that no environment can hold is refused' '
	flowfile <<-"END" &&
	(step a (environment (A (string #\a #\nul))) (shell "true"))
	END
	refused "Flowfile:1:25: step ${q}a${q}: ${q}A${q}: the value holds a NUL byte"
'

test_expect_success 'a secret is passed on and never recorded' '
	flowfile <<-"END" &&
	(step a (secret TOKEN_OF_TEST) (shell "test $TOKEN_OF_TEST = $(cat whisper)"))
	END
	echo hush-hush-17 > whisper &&
	TOKEN_OF_TEST=hush-hush-17 runs_tasks "1 task" &&
	! grep -r hush-hush-17 .flowmake
'

test_expect_success 'a secret that is not set is refused by name' '
	fails "TOKEN_OF_TEST"
'

test_expect_success 'defaults stand under the own annotations, keyword by keyword' '
	flowfile <<-"END" &&
	(defaults (timeout #:seconds 30) (retry #:times 1)
	          (environment (A "default") (B "default")))
	(step a (environment (A "own"))
	  (shell "echo $A $B" "test $FLOWMAKE_ATTEMPT = 2"))
	(step b (retry #:times 0) (catch e) (shell "exit 1"))
	(step c (from b e) (scheme (write (and e #t))))
	END
	flowmake run --run-id-file=id &&
	logged c > actual &&
	test_grep "^#t$" actual &&
	flowmake logs $(cat id)/a --stdout > actual &&
	test_grep "^own default$" actual
'

test_expect_success 'a default of one keyword leaves the own others' '
	flowfile <<-"END" &&
	(defaults (retry #:times 5 #:seconds 0))
	(step a (retry #:times 1) (shell "echo x >> own-times" "exit 1"))
	END
	fails "status 1" &&
	lines 2 own-times
'

test_expect_success 'batch is refused without configuration, with the ways out' '
	flowfile <<-"END" &&
	(step first (shell "touch began"))
	(step a
	  (batch #:cpu 8 #:memory 60000)
	  (shell "true"))
	END
	refused "Flowfile:3:10: step ${q}a${q}: asks for AWS Batch, which is not configured here; configure it, or run everything on this machine with --local" &&
	test ! -e began &&
	flowmake run --local &&
	test -e began
'

test_expect_success 'what is wrong with a step in a late fan-out is refused as early' '
	flowfile <<-"END" &&
	(step list (produces (items json)) (shell "touch listed; echo [1] > #{items}"))
	(step a (from list items) (foreach i items) (produces r)
	  (scheme i))
	(step b (from a r)
	  (batch #:memory (* attempt 8000))
	  (shell "true"))
	END
	refused "Flowfile:5:10: step ${q}b${q}: asks for AWS Batch, which is not configured here; configure it, or run everything on this machine with --local" &&
	sed "s/(batch.*/(timeout #:seconds -5)/" Flowfile > other &&
	mv other Flowfile &&
	refused "Flowfile:5:12: step ${q}b${q}: #:seconds must be a time from 0 to 50 years, not -5" &&
	test_must_fail flowmake check &&
	test_must_fail flowmake resume &&
	test ! -e listed
'

test_expect_success 'defaults see parameters and no names of a step' '
	flowfile <<-"END" &&
	(parameter word "hi")
	(defaults (environment (WORD "#{word}")))
	(step a (shell "echo $WORD"))
	END
	flowmake run --run-id-file=id &&
	logged a > actual &&
	echo hi | test_cmp - actual &&
	echo "(defaults (environment (A \"#{inputs}\")))" > Flowfile &&
	echo "(step a (foreach x (list 1)) (shell \"true\"))" >> Flowfile &&
	refused "Flowfile:1:30: defaults: ${q}inputs${q} is all inputs, which defaults does not see" &&
	sed -i "s/inputs/attempt/" Flowfile &&
	refused "Flowfile:1:30: defaults: ${q}attempt${q} is the attempt${q}s number, which defaults does not see"
'

test_expect_success 'defaults may depend on the attempt' '
	flowfile <<-"END" &&
	(define room 10)
	(defaults (resources #:memory (if (= attempt 3) "much" (* attempt room))))
	(defaults (retry #:times (+ attempt (if (= attempt 1) 1 0))))
	(step a (foreach x (iota 3)) (produces (r text))
	  (shell "test $FLOWMAKE_ATTEMPT -gt #{x}; echo $FLOWMAKE_ATTEMPT > #{r}"))
	(step b (resources #:memory 1)
	  (shell "echo $FLOWMAKE_ATTEMPT >> all-tries; test $FLOWMAKE_ATTEMPT = 3"))
	END
	fails "Flowfile:2:22: defaults: #:memory must be a number of MB or a text such as .60GB., not .much." -k --run-id-file=id &&
	echo "\"2\"" > expected &&
	flowmake dump "$(cat id)/a/1/r" > actual &&
	test_cmp expected actual &&
	echo 1 2 3 | tr " " "\n" | test_cmp - all-tries
'

test_expect_success 'what defaults say for the first attempt is checked early' '
	flowfile <<-"END" &&
	(step first (shell "touch too-early"))
	(defaults (resources #:memory (list-ref (list 1) attempt)))
	END
	refused "Flowfile:2:31: defaults: list-ref: Argument 2 out of range: 1" &&
	refused "Flowfile:2:31: defaults: list-ref: Argument 2 out of range: 1" \
		first &&
	sed -i "s/(list-ref.*/(list attempt)))/" Flowfile &&
	refused "Flowfile:2:22: defaults: #:memory must be a number of MB or a text such as \"60GB\", not (1)" &&
	sed -i "s/(list attempt)/\"#{attempt}X\"/" Flowfile &&
	refused "Flowfile:2:22: defaults: #:memory must be a number of MB or a text such as \"60GB\", not \"1X\"" &&
	test ! -e too-early
'

test_expect_success 'what defaults cannot say for an attempt fails those who need it' '
	flowfile <<-"END" &&
	(defaults (resources #:memory (list-ref (list 1 2) attempt))
	  (retry #:times 1))
	(step a (shell "false"))
	(step b (resources #:memory 1) (shell "test $FLOWMAKE_ATTEMPT = 2"))
	END
	fails "/a: Flowfile:1:31: defaults: list-ref: Argument 2 out of range: 2" -k &&
	test_grep "1 of 2 tasks failed, 1 done" errors
'

test_expect_success 'batch in defaults forces nothing' '
	flowfile <<-"END" &&
	(defaults (batch #:cpu 8 #:memory 60000 #:queue "q"))
	(step a (shell "echo here"))
	END
	run_says a "here
"
'

test_expect_success '--with batch asks all but those with local' '
	flowfile <<-"END" &&
	(step a (shell "true"))
	(step b (local) (shell "true"))
	END
	refused "flowmake: --with batch: step ${q}a${q}: asks for AWS Batch, which is not configured here; configure it, or run everything on this machine without --with batch" \
		--with batch:cpu=4,memory=10000 &&
	flowfile <<-"END" &&
	(step b (local) (shell "true"))
	END
	flowmake run --with batch
'

test_expect_success '--with retry annotates steps that have none of their own' '
	flowfile <<-"END" &&
	(step a (shell "echo x >> with-a" "exit 1"))
	(step b (retry #:times 0) (shell "echo x >> with-b" "exit 1"))
	END
	fails "status 1" -k --with retry:times=2 &&
	lines 3 with-a &&
	lines 1 with-b
'

test_expect_success 'an unknown part of --with is refused with a suggestion' '
	fails "did you mean .*batch" --with bach &&
	fails "did you mean .*times" --with retry:tims=3 &&
	refused "flowmake: --with retry: ${q}times${q} is given twice" \
		--with retry:times=3,times=4
'

test_expect_success 'memory is in MB or a string with a unit' '
	flowfile <<-"END" &&
	(step a (resources #:memory "1GB" #:cpu 0.5) (shell "true"))
	(step b (resources #:memory "500MB") (shell "true"))
	END
	runs_tasks "2 tasks"
'

test_expect_success 'holes work in the value of an annotation' '
	flowfile <<-"END" &&
	(parameter unit "MB")
	(step a (resources #:memory "5#{unit}") (shell "true"))
	END
	runs_tasks "1 task" &&
	refused "Flowfile:2:20: step ${q}a${q}: #:memory must be a number of MB or a text such as \"60GB\", not \"5XB\"" unit=XB
'

for bad in "resources #:memory \"lots\"" "resources #:cpu \"many\"" \
	"retry #:times -1" "retry #:times 1.5" "timeout #:seconds \"x\"" \
	"timeout #:seconds -1" "resources #:cpu 0" "resources #:gpu -1"
do
	test_expect_success "($bad) is refused at its place" '
		{
			echo "(step a" &&
			echo "  ($bad)" &&
			echo "  (shell \"touch began2\"))"
		} > Flowfile &&
		fails "^Flowfile:2:[0-9]+: step .a.: " &&
		test ! -e began2
	'
done

# late_refuses COLUMN CLAUSE TEXT: so is CLAUSE of a step in a late fan-out, by
# that TEXT.
late_refuses() {
	cat > Flowfile <<-END &&
	(define (one) 1)
	(step v (produces (n json)) (shell "touch began3; echo [1] > #{n}"))
	(step w (from v n) (foreach x n) (shell "true"))
	(step late (from w x)
	  $2
	  (shell "echo #{x}"))
	END
	refused "Flowfile:5:$1: step ${q}late${q}: $3" &&
	test ! -e began3
}

test_expect_success 'what a late step computes of no late name is checked, too' '
	late_refuses 12 "(timeout #:minutes (- (one) 2))" \
		"#:minutes must be a time from 0 to 50 years, not -1" &&
	late_refuses 12 "(timeout #:minutes (- (one) 1))" \
		"a timeout of no time; say how long, as (timeout #:minutes 10)" &&
	late_refuses 10 "(retry #:times (/ (one) 2))" \
		"#:times must be a whole number from 0 to 100, not 0.5" &&
	late_refuses 14 "(resources #:cpu (list (one)))" \
		"#:cpu must be a positive number of processors, not (1)" &&
	late_refuses 27 "(environment (A \"x\") (B (car (one))))" \
		"car: Wrong type (expecting pair): 1"
'

test_expect_success 'but its values not, when no target needs the step' '
	late_refuses 12 "(timeout #:minutes (- (one) 2))" \
		"#:minutes must be a time from 0 to 50 years, not -1" &&
	flowmake run w
'

test_expect_success 'an unknown keyword is refused with a suggestion' '
	flowfile <<-"END" &&
	(step count
	  (foreach x (list 1))
	  (batch #:cpus 8)
	  (shell "true"))
	END
	refused "Flowfile:3:10: step ${q}count${q}: unknown annotation #:cpus (did you mean #:cpu?)"
'

test_done
