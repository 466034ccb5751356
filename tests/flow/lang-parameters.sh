# Parameters and the flow's name.
. "${0%/*}/lib"

q="'"

test_expect_success 'a value given has the type of the default' '
	flowfile <<-"END" &&
	(parameter n 4 "A number.")
	(parameter f 0.5)
	(parameter s "text")
	(parameter b #f)
	(parameter l (list "a" "b"))
	(parameter m (list 1 2))
	(parameter k (quote sym))
	(parameter o (quote (x y)))
	(step a (scheme (write (list n f s b l m k o))))
	END
	run_says a "(4 0.5 \"text\" #f (\"a\" \"b\") (1 2) sym (x y))" &&
	run_says a "(7 2 \"x y=z\" #t (\"p\" \"q r\") (3.5) bol (z))" \
		n=7 f=2 s="x y=z" b=true l="p,q r" m=3.5 k=bol o=z &&
	run_says a "(-1 0.25 \"\" #f () () s ())" \
		n=-1 f=.25 s= b=no l= m= k=s o=
'

test_expect_success 'a default may be computed' '
	flowfile <<-"END" &&
	(parameter n (* 6 7))
	(parameter m (+ n 1))
	(step a (scheme (write (list n m))))
	END
	run_says a "(42 43)" &&
	run_says a "(1 2)" n=1
'

test_expect_success 'a parameter is seen in every clause' '
	flowfile <<-"END" &&
	(parameter n 2)
	(parameter name "out")
	(step a (foreach i (iota n)) (when (< i n)) (output o "#{name}-#{i}")
	  (timeout #:minutes n) (environment (N "#{n}"))
	  (shell "echo #{n} $N > #{o}"))
	END
	flowmake run &&
	echo "2 2" > expected &&
	test_cmp expected out-1
'

test_expect_success 'a required parameter must be given' '
	flowfile <<-"END" &&
	(parameter n 1)
	(parameter who #:required "Whom to greet.")
	(step a (shell "echo #{who}"))
	END
	refused "Flowfile:2:1: parameter ${q}who${q} must be given, as who=VALUE" &&
	run_says a "you
" who=you
'

test_expect_success 'an unknown parameter is refused with a suggestion' '
	flowfile <<-"END" &&
	(parameter shortest 4)
	(step a (shell "true"))
	END
	refused "flowmake: unknown parameter ${q}shortst${q} (did you mean ${q}shortest${q}?)" shortst=3
'

test_expect_success 'a value of the wrong type is refused' '
	flowfile <<-"END" &&
	(parameter n 4)
	(parameter b #t)
	(parameter m (list 1 2))
	(step a (shell "true"))
	END
	refused "Flowfile:1:1: parameter ${q}n${q} is a number, ${q}four${q} is none" n=four &&
	refused "Flowfile:2:1: parameter ${q}b${q} is a truth value (true or false), ${q}maybe${q} is none" b=maybe &&
	refused "Flowfile:3:1: parameter ${q}m${q} is a list of numbers (separated by commas), ${q}1,x${q} is none" m=1,x
'

test_expect_success 'a parameter given twice is refused' '
	flowfile <<-"END" &&
	(parameter n 4)
	(step a (scheme (write n)))
	END
	refused "flowmake: parameter ${q}n${q} is given twice" n=5 n=6
'

for name in wildcard step list; do
	test_expect_success "a parameter cannot be called $name" '
		echo "(parameter $name 1)" > Flowfile &&
		fails "^Flowfile:1:12: parameter .$name.: $name is a name that (Guile|flowmake) gives already; choose another$"
	'
done

test_expect_success 'a parameter has no name that every step has' '
	for name in attempt inputs outputs; do
		echo "(parameter $name 1)" > Flowfile &&
		refused "Flowfile:1:12: parameter ${q}$name${q}: the name ${q}$name${q} cannot be given; every step has it" ||
			exit 1
	done
'

test_expect_success 'a parameter is declared once' '
	flowfile <<-"END" &&
	(parameter n 4)
	(parameter n 5)
	END
	refused "Flowfile:2:1: parameter ${q}n${q} is declared twice"
'

test_expect_success 'a parameter is not defined again, before or behind' '
	printf "%s\n" "(parameter n 4)" "(define n 5)" > Flowfile &&
	refused "Flowfile:2:1: ${q}n${q} is a parameter; it cannot be defined again" &&
	printf "%s\n" "(define (n x) x)" "(parameter n 4)" > Flowfile &&
	refused "Flowfile:2:1: parameter ${q}n${q}: the name is defined already; choose another"
'

test_expect_success 'what is no real number is none' '
	echo "(parameter n 4)" > Flowfile &&
	for text in 1e400 +i 1/0 4x ""; do
		refused "Flowfile:1:1: parameter ${q}n${q} is a number, ${q}$text${q} is none" "n=$text" || exit 1
	done
'

test_expect_success 'the flow has the name of the directory, or its own' '
	mkdir -p dir-name &&
	echo "(step a (shell \"true\"))" > dir-name/Flowfile &&
	flowmake -C dir-name run &&
	flowmake -C dir-name runs > runs &&
	test_grep " dir-name " runs &&
	echo "(flow counting \"Counts.\") (step a (shell \"true\"))" \
		> dir-name/Flowfile &&
	flowmake -C dir-name run &&
	flowmake -C dir-name runs > runs &&
	test_grep " counting " runs
'

test_expect_success 'parts of flow are checked' '
	echo "(flow x #:max-num-spits 3)" > Flowfile &&
	fails "^Flowfile:1:9: flow: unknown part #:max-num-spits" &&
	echo "(flow x #:max-workers 0)" > Flowfile &&
	fails "^Flowfile:1:23: flow: #:max-workers must be a whole number above 0, not 0"
'

test_expect_success 'another Flowfile is read with -f' '
	echo "(parameter n 1) (step a (scheme (write n)))" > other.flow &&
	flowmake -f other.flow run --run-id-file=id n=3 &&
	logged a > actual &&
	test_grep "^3$" actual
'

test_done
