# The flow in a build by Automake, as flowmake(1) shows it.
. "${0%/*}/lib"

# The two blocks of the manual, and the files that they speak of.
mkdir src build
sed -n '/^EXTRA_DIST/,/^\.Ed/p' "$srcdir/man/flowmake.1" | sed '$d' > fragment
sed -n '/^(parameter srcdir/,/^\.Ed/p' "$srcdir/man/flowmake.1" |
	sed '$d' > src/Flowfile
cat > src/stats.scm <<'END'
(define-module (stats)
  #:use-module (flowmake)
  #:export (write-mean))

(define (write-mean from to)
  (let ((numbers (map string->number (map car (tsv-rows from)))))
    (with-output-to-file to
      (lambda () (write (/ (apply + numbers) (length numbers)))))))
END
echo '{ sum += $1 } END { print sum }' > src/sum.awk
printf '%s\n' 1 2 6 > src/numbers.txt

# build_in DIR SOURCES [TARGET]: as the Makefile that Automake writes there.
build_in() {
	{
		echo "srcdir = $2"
		echo "all: all-local"
		echo "clean: clean-local"
		cat fragment
	} > "$1/Makefile" &&
	make -s -C "$1" ${3-all}
}

test_expect_success 'it is built in a directory of its own' '
	chmod a-w src &&
	test_when_finished "chmod u+w src" &&
	build_in build ../src &&
	test "$(cat build/sum.txt build/mean.txt)" = "$(printf "9\n3")"
'

test_expect_success 'what changes in the source directory is seen' '
	build_in build ../src > out && test_grep "2 tasks, 2 reused" out &&
	sed -i "s/(length numbers)/1/" src/stats.scm &&
	build_in build ../src > out && test_grep "2 tasks, 1 reused" out &&
	test "$(cat build/mean.txt)" = 9 &&
	echo "{ sum += 2 * \$1 } END { print sum }" > src/sum.awk &&
	build_in build ../src > out && test_grep "2 tasks, 1 reused" out &&
	echo 1 > src/numbers.txt &&
	build_in build ../src &&
	test "$(cat build/sum.txt build/mean.txt)" = "$(printf "2\n1")"
'

test_expect_success 'clean leaves nothing' '
	build_in build ../src clean &&
	ls -A build > actual && echo Makefile > expected &&
	test_cmp expected actual &&
	test ! -e src/.flowmake
'

test_expect_success 'it is built in the source directory, too' '
	build_in src . &&
	test "$(cat src/sum.txt)" = 2
'

test_done
