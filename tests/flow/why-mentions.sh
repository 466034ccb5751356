# flowmake why, where what a step's expressions mention has changed.
. "${0%/*}/lib"
. "${0%/*}/lib-resume"
. "${0%/*}/lib-why"

# mentions TASK 'LINE'...: just these parts that TASK's step mentions changed,
# each an extended expression for what stands behind "which the step mentions,".
mentions() {
	local task=$1 line
	shift
	why "$task" || return 1
	grep 'which the step mentions' out > said
	lines $# said || { cat out; return 1; }
	for line; do
		grep -Exq -- "  ${line%%:*}, which the step mentions,${line#*:}" said || {
			echo "no line '$line' in:"
			cat out
			return 1
		}
	done
}

mkdir lib
cat > lib/words.scm <<'END'
(define-module (lib words)
  #:use-module (lib more)
  #:export (label twice))
(define (label i) (more i))
(define-syntax-rule (twice e) (+ e e))
END
cat > lib/more.scm <<'END'
(define-module (lib more) #:export (more))
(define (more i) (format #f "~a" i))
END
echo 1,2 > table.csv
flowfile <<'END'
(use-modules (lib words))
(parameter p 1)
(parameter other 1)
(define base 3)
(define (g y) (* y base))
(define (f y) (+ (g y) p))
(define (unrelated) 1)
(define table '((1 . a) (2 . b)))
(define rows (csv-rows "table.csv"))
(define home (getenv "THEIR_HOME"))
(define shell-words "quoted")
(define (level) "low")
(define (name) "made")
(defaults (environment (LEVEL (level))))

(step fan (foreach i (list 1 2)) (output o "fan/#{i}")
  (shell "echo #{(f i)} > #{o}"))
(step data (output o "data")
  (exec "echo" (symbol->string (assv-ref table 2)) #:stdout o))
(step csv (output o "csv") (shell "echo #{(caar rows)} > #{o}"))
(step module (output o "module") (shell "echo #{(label 1)} > #{o}"))
(step macro (output o "macro") (shell "echo #{(twice 1)} > #{o}"))
(step named (output o (name)) (shell "echo > #{o}"))
(step atom (output o "atom") (shell "echo #{home} > #{o}"))
(step body (produces n) (environment (E (number->string base)))
  (scheme (unrelated)))
(step shadow (foreach base (list 1)) (output o "shadow")
  (shell "echo #{(+ base 1)} #{home} > #{o}"))
(define (make name)
  (define (mark x) (format #f "<~a>" x))
  (step ,name (output o name) (shell "echo #{(mark 1)} > #{o}")))
(make "one")
END
export THEIR_HOME=x
flowmake run > /dev/null

test_expect_success 'a procedure that a procedure calls is named, by its old and new text' '
	edit "(* y base)" "(+ y base)" && executes "fan/0 fan/1" &&
	mentions fan/1 "definition g: changed: \(define \(g y\) \(\* y base\)\) -> \(define \(g y\) \(\+ y base\)\)" &&
	why fan/1 "    values in it: 7 -> 6" &&
	flowmake why fan/1 --json > json &&
	test_grep "\"part\": \"definition g\"" json &&
	test_grep "\"old\": .*[(]g y[)] [(]. y base[)]" json
'

test_expect_success 'what does not change the value runs nothing and is not named' '
	edit "(unrelated) 1" "(unrelated) 2" && edit "(f y)" "(f y) ; the sum
" && executes "body" && mentions body &&
	why body "  definition unrelated changed: .*"
'

test_expect_success 'data are shown, and parameters, of those that it mentions only' '
	edit "base 3" "base 4" && executes "body fan/0 fan/1" p=2 other=2 &&
	mentions fan/0 "definition base: changed: 3 -> 4" \
		"parameter p: changed: 1 -> 2" &&
	mentions body "definition base: changed: 3 -> 4" &&
	why body "  environment changed: E=3 LEVEL=low -> E=4 LEVEL=low"
'

test_expect_success 'long data are shown as they are written, by what made them, or by their file' '
	edit "(2 . b)" "(2 . c)" && echo 3,4 > table.csv &&
	THEIR_HOME=y executes "atom csv data shadow/0" &&
	mentions data "definition table: changed" &&
	why data "    - .define table .*\(2 \. b\).*" \
		"    \+ .define table .*\(2 \. c\).*" &&
	mentions csv && why csv "    it may come from table.csv: changed" &&
	mentions atom "definition home: changed: \"x\" -> \"y\""
'
export THEIR_HOME=y

test_expect_success 'a name of the step is not a definition' '
	edit "base 4" "base 5" && THEIR_HOME=z executes "atom body fan/0 fan/1 shadow/0" &&
	mentions shadow/0 "definition home: changed: \"y\" -> \"z\""
'
export THEIR_HOME=z

test_expect_success 'modules are named, those that they use, and of macros' '
	edit "~a" ":~a" lib/more.scm && executes "module" &&
	mentions module "module lib/more.scm: changed" &&
	why module "    \+ .define .more i. .*:~a.*" &&
	edit "+ e e" "* e e 3" lib/words.scm && executes "macro" &&
	mentions macro "module lib/words.scm: changed"
'

test_expect_success 'what is defined around the step is named' '
	edit "<~a>" "[~a]" && executes "one" &&
	mentions one "definition around the step: changed" &&
	why one "    - .define .mark x. .*<~a>.*" \
		"    \+ .define .mark x. .*\[~a\].*"
'

test_expect_success 'names of outputs and what a defaults form says have their reasons, too' '
	edit "\"made\"" "\"other\"" && executes "named" &&
	mentions named "definition name: changed: .*" &&
	edit "\"low\"" "\"high\"" &&
	flowmake > /dev/null && mentions csv "definition level: changed: .*" &&
	why csv "  environment changed: LEVEL=low -> LEVEL=high"
'

test_expect_success 'a definition that is new is, and one that is gone' '
	edit "(define (g y) (+ y base))" "(define (h y) (+ 1 y base))" &&
	edit "(g y)" "(h y)" && executes "fan/0 fan/1" &&
	mentions fan/0 "definition f: changed" \
		"definition h: is new: \(define \(h y\) \(\+ 1 y base\)\)" \
		"definition g: is gone: \(define \(g y\) \(\+ y base\)\)"
'

test_expect_success 'what had changed before, when it was reused, is not' '
	edit "(+ (h y) p)" "(+ p (h y))" && edit "[~a]" "(~a)" &&
	executes "one" &&
	edit "1 y base" "3 y base" && executes "fan/0 fan/1" &&
	mentions fan/0 "definition h: changed: .* 1 y base.* -> .* 3 y base.*" &&
	edit "(+ p (h y))" "(+ (h y)
     p)" &&
	edit "3 y base" "3 base y" && edit "(~a)" "=~a=" && executes "one" &&
	edit "3 base y" "4 base y" && edit "+ (h y)" "+ 1 (h y)" &&
	executes "fan/0 fan/1" && mentions fan/1 "definition f: changed" \
		"definition h: changed: .* 3 y base.* -> .* 4 base y.*"
'

test_expect_success 'lines that definitions share with something else are not overlooked' '
	mkdir lines && cd lines && flowfile <<-\END &&
	(define (f x)
	  (* x 2)) ; doubles
	(define (g x)
	  (+ x 1)) (define (other) 1)
	(define (h x) x)
	(step a (output o "a")
	  (shell "echo #{(f 1)} #{(g 1)} #{(h 1)} > #{o}"))
	END
	flowmake && edit "(h x) x" "(h x) (+ 0 x)" && executes "" &&
	edit "x 2))" "x 3))" && edit "(+ x 1)" "(+ x 2)" && executes "a" &&
	mentions a "definition f: changed" "definition g: changed" && cd ..
'

test_expect_success 'what is handed to what declares a step may be the reason' '
	mkdir handed && cd handed && flowfile <<-\END &&
	(parameter p 7)
	(define pairs (list (cons "r" 1)))
	(define (make name v)
	  (step ,name (output o name) (shell "echo #{v} > #{o}")))
	(make "c" p)
	(for-each (lambda (r)
	            (step ,(car r) (output o (car r))
	              (shell "echo #{(cdr r)} > #{o}")))
	          pairs)
	END
	flowmake && edit "cons \"r\" 1" "cons \"r\" 2" && executes "c r" p=8 &&
	mentions c && why c "    it may come from parameter p, which was 7, is 8" &&
	mentions r "definition pairs: changed" && cd ..
'

test_expect_success 'after a gc the texts are still there' '
	edit "caar" "cadar" && executes "csv" &&
	flowmake gc --keep 1 > /dev/null &&
	edit "4 base y" "2 base y" && executes "fan/0 fan/1" &&
	mentions fan/0 "definition h: changed: .* 4 base y.* -> .* 2 base y.*"
'

test_done
