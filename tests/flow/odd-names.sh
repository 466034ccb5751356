# File names are bytes: none is special anywhere.
. "${0%/*}/lib"

mkdir in
while IFS= read -r name; do
	printf '%s\n' "content of $name" > "in/$(printf -- "$name")"
done <<'END'
with space
two  spaces
quote's
double"quote
back\\\\slash
new\nline
-dash
--version
$(touch pwned)
`touch pwned`
;touch pwned;
&|<>
#{x}
#hash
100%%
%%
*
?
[a]
{a,b}
~
!
\377\376
caf\303\251
tab\there
\033[31mred
a=b
END
long=$(printf '%0255d' 0)
echo long > "in/$long"

flow() {
	flowfile <<-'END'
	(use-modules (srfi srfi-1))
	;; Guile's own procedures know only names that are UTF-8; a byte of
	;; another is a character from U+10FF00.
	(define (not-utf8? file)
	  (string-any (lambda (c) (char>=? c #\x10FF00)) file))
	(step copy
	  (foreach name (wildcard "in/*"))
	  (input from name)
	  (output to (patsubst "in/%" "out/%" name))
	  (shell "cat -- #{from} > #{to}; echo #{from}"))
	(step exec
	  (from copy to name)
	  (output again (patsubst "in/%" "again/%" name))
	  (exec "cat" "--" to #:stdout again))
	(step quoted
	  (from exec again)
	  (produces (size text))
	  (shell "wc -c < \"#{again}\" > #{size}; wc -c < '#{again}'"))
	(step list
	  (join exec again)
	  (output all "all")
	  (shell "while IFS= read -r -d '' f; do cat -- \"$f\"; done < <(printf '%s\\0' #{again}) > #{all}"))
	(step thunk
	  (join copy to)
	  (output lengths "lengths")
	  (scheme
	    (call-with-output-file lengths
	      (lambda (port)
	        (for-each (lambda (file)
	                    (display (stat:size (stat file)) port)
	                    (newline port))
	                  (remove not-utf8? to))))))
	(step names
	  (join copy to)
	  (output list "list")
	  ;; One name a line: one that is two lines is refused.
	  (exec "cp"
	        (list-file (remove (lambda (file) (string-index file #\newline))
	                           to))
	        list))
	END
}

test_expect_success 'they go through every kind of recipe' '
	flow
	flowmake run > live 2>&1 || { cat live; exit 1; }
	test ! -e pwned
	diff -r in out
	diff -r in again
	cat in/* > expected
	cmp expected all
'

test_expect_success 'scheme opens them by their names' '
	for file in in/*; do
		printf %s "$file" | iconv -f UTF-8 -t UTF-8 > name 2>&1 ||
			continue
		stat -c %s -- "$file"
	done > sizes &&
	test_cmp sizes lengths
'

test_expect_success 'list-file names them, as many as there are' '
	for file in in/*; do
		case $file in
		*"
"*)	;;
		*)	printf "%s\n" "out/${file#in/}" ;;
		esac
	done > expected &&
	cmp expected list
'

test_expect_success 'none of them can disturb a terminal or a line' '
	tr -d "\n\t" < live > shown &&
	! grep -q "[[:cntrl:]]" shown &&
	flowmake show > out1 &&
	flowmake show 1/copy > out2 &&
	flowmake logs 1 > out3 2>&1 &&
	flowmake runs > out4 &&
	flowmake graph > out5 &&
	for out in live out[1-5]; do
		test -s $out || exit 1
	done &&
	cat out1 out2 out4 out5 | tr -d "\n\t" > shown &&
	! grep -q "[[:cntrl:]]" shown
'

test_expect_success 'messages print them escaped' '
	mkdir messages && cd messages &&
	flowfile <<-\END &&
	(step a (input f "no\x1b[31m\nfile") (shell "true #{f}"))
	END
	test_must_fail flowmake run > out 2>&1 &&
	test_grep "step .a.: the input .no.x1b\[31m.nfile" out &&
	tr -d "\n\t" < out > shown &&
	! grep -q "[[:cntrl:]]" shown
'

test_expect_success 'a message about them is one line' '
	cd messages &&
	lines 1 out &&
	grep -F "no\x1b[31m\nfile" out &&
	flowfile <<-\END &&
	(step a (output f "no\x1b[31m\nfile") (shell "true"))
	END
	test_must_fail flowmake run > out 2> errors &&
	cat out errors &&
	lines 2 out &&
	head -n 1 errors > first &&
	grep -F "Failed: 1/a: did not make" first &&
	grep -F "no\x1b[31m\nfile" first &&
	test_must_fail flowmake show "1/$(printf "\033\nx")" 2> errors &&
	lines 1 errors &&
	grep -F "\x1b\nx" errors
'

test_expect_success 'names in the language are escaped, too' '
	mkdir language && cd language &&
	flowfile <<-\END &&
	(step a (foreach #{e\nl}# (list 1)) (produces #{r\x1b;\ns}# two)
	  (scheme (values 1 2)))
	(step b (join a #{r\x1b;\ns}#) (scheme 1))
	END
	flowmake run > live 2>&1 &&
	flowmake graph > out1 &&
	flowmake graph --format=dot > out2 &&
	flowmake dump 1/a/0 > out3 &&
	cat out1 out2 out3 > out &&
	tr -d "\n\t" < out > shown &&
	! grep -q "[[:cntrl:]]" shown &&
	lines 3 out1 &&
	lines 6 out2 &&
	lines 2 out3
'

test_expect_success 'a step may be asked for by such a file' '
	cp "in/new
line" expected &&
	rm "out/new
line" &&
	flowmake run "out/new
line" &&
	cmp expected "out/new
line"
'

test_expect_success 'a project may have such a name' '
	directory=$(printf "pro ject\n\"q'\''\377\$(touch pwned)#{x}%%")
	mkdir "$directory"
	cp -R Flowfile in "$directory"
	cd "$directory"
	flowmake run > live 2>&1 || { cat live; exit 1; }
	diff -r in out
	cmp ../all all
	flowmake show > out1
	tr -d "\n\t" < out1 > shown
	test_grep -v "[[:cntrl:]]" shown
	test ! -e pwned
	cd ..
	ln -s "$directory" link
	flowmake -C link run > live 2>&1 || { cat live; exit 1; }
	cd link
	flowmake run > live 2>&1 || { cat live; exit 1; }
	cmp ../all all
	flowmake -C .. runs
'

test_done
