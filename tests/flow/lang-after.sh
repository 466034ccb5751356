# Waiting without data: after.
. "${0%/*}/lib"

test_expect_success 'after waits for all tasks of the other step' '
	flowfile <<-"END" &&
	(step a (foreach x (iota 9)) (shell "touch a#{x}"))
	(step b (after a) (shell "ls a? | wc -l"))
	END
	run_says b "9
"
'

test_expect_success 'after waits in the fan-outs that both steps share' '
	flowfile <<-"END" &&
	(step s (foreach x (list "p" "q")) (shell "mkdir -p #{x}"))
	(step a (from s x) (foreach y (iota 3)) (shell "touch #{x}/#{y}"))
	(step b (from s x) (after a) (produces (n text))
	  (shell "ls #{x} | wc -l > #{n}"))
	(step c (join b n) (shell "echo #{n}"))
	END
	run_says c "3 3
"
'

test_expect_success 'after is no reading: it changes no splits and gives no names' '
	flowfile <<-"END" &&
	(step a (foreach x (iota 3)) (shell "true"))
	(step b (foreach y (iota 2)) (after a) (produces n) (scheme y))
	(step c (join b n) (scheme (write n)))
	END
	run_says c "(0 1)"
'

test_expect_success 'after takes several steps' '
	flowfile <<-"END" &&
	(step a (shell "touch A"))
	(step b (shell "touch B"))
	(step c (after a b) (shell "echo A B"))
	END
	run_says c "A B
"
'

test_expect_success 'after a failed step nothing runs' '
	flowfile <<-"END" &&
	(step a (shell "false"))
	(step b (after a) (shell "touch ran"))
	END
	fails "." -k &&
	test ! -e ran
'

test_expect_success 'a step without a recipe groups others, as a phony target' '
	flowfile <<-"END" &&
	(step a (shell "touch g1"))
	(step b (shell "touch g2"))
	(step c (shell "touch g3"))
	(step both (after a b))
	END
	flowmake run both &&
	test -e g1 &&
	test -e g2 &&
	test ! -e g3
'

test_expect_success 'a step without a recipe groups files by their names' '
	flowfile <<-"END" &&
	(step a (output o "h1") (shell "touch #{o}"))
	(step b (output o "h2") (shell "touch #{o}"))
	(step c (output o "h3") (shell "touch #{o}"))
	(step both (inputs "h1" "h2"))
	END
	flowmake run both &&
	test -e h1 &&
	test -e h2 &&
	test ! -e h3
'

test_expect_success 'an unknown step is refused with a suggestion' '
	flowfile <<-"END" &&
	(step count (shell "true"))
	(step b
	  (after conut)
	  (shell "true"))
	END
	refused "Flowfile:3:10: step '\''b'\'': unknown step '\''conut'\'' (did you mean '\''count'\''?)"
'

test_expect_success 'a circle is refused and printed' '
	flowfile <<-"END" &&
	(step a (after c) (shell "true"))
	(step b (after a) (shell "true"))
	(step c (after b) (shell "true"))
	END
	refused "Flowfile:1:1: step '\''a'\'': the steps wait for each other: a -> c -> b -> a"
'

test_expect_success 'a step that waits for itself is a circle' '
	flowfile <<-"END" &&
	(step a (after a) (shell "true"))
	END
	refused "Flowfile:1:1: step '\''a'\'': the steps wait for each other: a -> a"
'

test_expect_success 'a circle of files is refused and printed, with the split' '
	flowfile <<-"END" &&
	(step a (foreach x (iota 2)) (input i "c") (output o "a#{x}")
	  (shell "cp #{i} #{o}"))
	(step b (input x "a1") (output o "b") (shell "cp #{x} #{o}"))
	(step c (input x "b") (output o "c") (shell "cp #{x} #{o}"))
	END
	refused "Flowfile:3:1: step '\''b'\'': tasks wait for each other'\''s files: b -> a/1 -> c -> b"
'

test_done
