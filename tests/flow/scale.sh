# Very many steps, very wide fan-outs, large results.
. "${0%/*}/lib"

count=100000
stack=512
if test "$SANITIZE" = yes; then
	count=2000
	stack=8192
fi

# small_stack COMMAND...: with a stack that recursion would exhaust.
small_stack() {
	(ulimit -s $stack && "$@")
}

test_expect_success "a chain of $count steps is planned without recursion" "
	mkdir chain && cd chain &&
	flowfile <<-END &&
	(define (name n) (string->symbol (format #f \"s~a\" n)))
	(step s0 (shell \"true\"))
	(do ((i 1 (1+ i))) ((= i $count))
	  (step ,(name i) (after ,(name (1- i))) (shell \"true\")))
	END
	small_stack flowmake run -n s$((count - 1)) > plan &&
	test \"\$(grep -c ' would run\| run' plan)\" -ge $count
"

test_expect_success "a fan-out of $count is planned without recursion" "
	mkdir fan && cd fan &&
	flowfile <<-END &&
	(step wide (foreach n (iota $count)) (produces (r text))
	  (shell \"echo #{n} > #{r}\"))
	(step all (join wide r) (shell \"true\"))
	END
	small_stack flowmake run -n --max-num-splits $count > plan &&
	test \"\$(grep -c ' would run\| run' plan)\" -ge $count &&
	test_must_fail flowmake run -n --max-num-splits $((count - 1)) 2> errors &&
	test_grep 'foreach gives $count splits, more than the limit of $((count - 1))' errors
"

test_expect_success 'a circle of very many steps is found without recursion' "
	mkdir circle && cd circle &&
	flowfile <<-END &&
	(define (name n) (string->symbol (format #f \"s~a\" n)))
	(do ((i 0 (1+ i))) ((= i $((count / 10))))
	  (step ,(name i) (after ,(name (modulo (1+ i) $((count / 10)))))
	    (shell \"true\")))
	END
	test_must_fail small_stack flowmake run -n > plan 2> errors &&
	test_grep 'wait for each other' errors
"

test_expect_success "what $((2 * count)) words of a text name is found at once" '
	mkdir text && cd text &&
	{
		echo "(step words (shell \"true" &&
		yes "# word" | head -n $((2 * count)) &&
		echo "cat data\"))"
	} > Flowfile &&
	echo 1 > data &&
	timeout 30 flowmake run &&
	timeout 30 flowmake resume -q &&
	echo 2 > data &&
	test_expect_code 1 flowmake resume -q
'

# Results of SIZE MB, as a file, a text and an array, written and read back.
large() {
	flowfile <<-END
	(define n (* $1 131072))
	(step file (produces data)
	  (shell "head -c $1M /dev/zero | tr '\\\\0' x > #{data}; printf end >> #{data}"))
	(step reads (from file data) (produces (size text))
	  (shell "wc -c < #{data} > #{size}; tail -c 3 #{data}"))
	(step array (produces numbers)
	  (scheme
	    (let ((v (make-f64vector n 1.5)))
	      (f64vector-set! v (1- n) 7.25)
	      v)))
	(step again (from array numbers) (produces same)
	  (scheme (f64vector-set! numbers 0 2.5) numbers))
	(step last (from again same) (produces ends)
	  (scheme (list (f64vector-length same) (f64vector-ref same 0)
	                (f64vector-ref same (1- (f64vector-length same))))))
	(step output (output big "big") (exec "head" "-c" "$1M" "/dev/zero" #:stdout big))
	END
	sed -i '1i (use-modules (srfi srfi-4))' Flowfile
}

test_expect_success 'results of some MB come through' '
	mkdir results && cd results && large 8 &&
	flowmake run -j 2 &&
	flowmake dump 1/last/ends > ends &&
	test_grep "1048576 2.5 7.25" ends &&
	flowmake logs 1/reads > log 2> words &&
	test "$(cat log)" = end &&
	test "$(stat -c %s big)" = 8388608 &&
	flowmake dump 1/file/data --file copy &&
	test "$(stat -c %s copy)" = 8388611
'

# An allocator that checks addresses has memory of its own.
if test "$SANITIZE" = yes; then
	test_skip 'memory means nothing here' 'a numeric array is written and read without a copy'
else
	test_expect_success 'a numeric array is written and read without a copy' '
		mkdir array && cd array && flowfile <<-"END" &&
		(use-modules (srfi srfi-4))
		(step array (produces numbers) (scheme (make-f64vector 8000000 1.5)))
		(step reads (from array numbers) (produces last)
		  (scheme (f64vector-ref numbers 7999999)))
		END
		flowmake run && flowmake dump reads/last > last &&
		test_grep "^1.5$" last &&
		flowmake show --json > shown &&
		"$PYTHON" - <<-"END"
		import json
		steps = json.load(open("shown"))["steps"]
		memory = {step["step"]: step["memory"] / 1e6 for step in steps}
		assert memory["array"] < 64 + 32, memory
		assert memory["reads"] < 32, memory
		END
	'
fi

if test -n "$FLOWMAKE_TEST_LARGE"; then
	test_expect_success 'results of more than 2 GB come through' '
		mkdir huge && cd huge && large 2100 &&
		flowmake run -j 1 &&
		flowmake dump 1/last/ends > ends &&
		test_grep "275251200 2.5 7.25" ends &&
		flowmake logs 1/reads > log 2> words &&
		test "$(cat log)" = end &&
		test "$(stat -c %s big)" = 2202009600 &&
		chmod -R u+w .flowmake && rm -rf .flowmake big
	'
fi

test_done
