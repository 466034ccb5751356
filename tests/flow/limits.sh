# How many tasks run at a time.
. "${0%/*}/lib"
. "${0%/*}/lib-process"

test_expect_success 'as many tasks run at a time as there are workers' '
	mkdir together && cd together && mkfifo one two three &&
	flowfile <<-\END &&
	(step a (shell "echo a > one; read -r line < two; echo $line > three"))
	(step b (shell "read -r line < one; echo $line > two; cat three"))
	END
	timeout 60 flowmake run -j 2 > said &&
	test_grep "^Done: run 1, 2 tasks" said
'

test_expect_success 'with one worker no two tasks run at a time' '
	mkdir single && cd single &&
	flowfile <<-\END &&
	(step a
	  (foreach n (iota 10))
	  (shell "mkdir busy; ls / > /dev/null; rmdir busy"))
	END
	runs_tasks "10 tasks" -j 1
'

test_expect_success 'the flow may say how many, and the command line wins' '
	mkdir by-flow && cd by-flow &&
	flowfile <<-\END &&
	(flow one #:max-workers 1)
	(step a
	  (foreach n (iota 10))
	  (shell "mkdir busy; ls / > /dev/null; rmdir busy"))
	END
	runs_tasks "10 tasks" &&
	cp ../together/Flowfile . && mkfifo one two three &&
	echo "(flow one #:max-workers 1)" >> Flowfile &&
	timeout 60 flowmake run -j 2 > said &&
	test_grep "^Done: run 2, 2 tasks" said
'

test_expect_success 'tasks that want the machine for themselves get it' '
	mkdir cpu && cd cpu &&
	flowfile <<-\END &&
	(define all (string->number (command-output "nproc")))
	(step a
	  (foreach n (iota 6))
	  (resources #:cpu all)
	  (shell "mkdir busy; ls / > /dev/null; rmdir busy"))
	END
	runs_tasks "6 tasks"
'

test_expect_success 'so do those that want more memory than half of it' '
	mkdir memory && cd memory &&
	flowfile <<-\END &&
	(define all
	  (call-with-input-file "/proc/meminfo"
	    (lambda (port) (read port) (quotient (read port) 1024))))
	(step a
	  (foreach n (iota 6))
	  (resources #:memory (quotient (* 2 all) 3))
	  (shell "mkdir busy; ls / > /dev/null; rmdir busy"))
	END
	runs_tasks "6 tasks"
'

test_expect_success 'a task larger than the machine runs alone, with a warning' '
	mkdir huge && cd huge &&
	flowfile <<-\END &&
	(step a
	  (foreach n (iota 3))
	  (resources #:cpu 100000)
	  (shell "mkdir busy; ls / > /dev/null; rmdir busy"))
	END
	flowmake run > out 2>&1 &&
	cat out &&
	test "$(grep -c "warning: step .a. asks for more" out)" = 1 &&
	test_grep "more than this machine has \(100000 of [0-9]+ processors\): its tasks run alone; --with batch" out &&
	flowmake run --local > out 2>&1 &&
	test_grep "processors\): its tasks run alone\$" out
'

test_expect_success 'nothing younger passes the oldest that does not fit' '
	mkdir oldest && cd oldest && fifo go 8 && fifo ready 9 &&
	flowfile <<-\END &&
	(define all (string->number (command-output "nproc")))
	(step a (resources #:cpu all) (shell "echo a > ready
	read -r line < go
	touch a-ended"))
	(step b (resources #:cpu all) (shell "true"))
	(step c (shell "test -e a-ended"))
	END
	begin flowmake run &&
	hear 9 1 &&
	echo go >&8 &&
	ended 0 $begun
'

test_expect_success 'a task that declares nothing runs beside a large one' '
	mkdir beside && cd beside && mkfifo one two &&
	flowfile <<-\END &&
	(define all (string->number (command-output "nproc")))
	(step a (resources #:cpu all) (shell "echo a > one; read -r line < two"))
	(step b (shell "read -r line < one; echo b > two"))
	END
	timeout 60 flowmake run > said &&
	test_grep "^Done: run 1, 2 tasks" said
'

test_done
