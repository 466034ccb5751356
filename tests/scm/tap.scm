;;; SRFI-64 tests that speak TAP.  A test begins with
;;;
;;;   (use-modules (srfi srfi-64) (tap))
;;;
;;; and stands in one (test-begin NAME) ... (test-end NAME), whose end prints
;;; the plan and exits.

(define-module (tap)
  #:use-module (srfi srfi-64))

(define (print-check runner)
  "Print the line of the check that RUNNER has just made, and what it got if
that was not what was expected."
  (let ((result (lambda (key) (test-result-ref runner key 'nothing)))
        (number (1+ (or (test-runner-aux-value runner) 0)))
        (kind (test-result-kind runner)))
    (test-runner-aux-value! runner number)
    (format #t "~aok ~a - ~a~a~%"
            (if (memq kind '(fail xpass)) "not " "")
            number
            (test-runner-test-name runner)
            (if (eq? kind 'skip) " # skip" ""))
    (when (eq? kind 'fail)
      (format #t "# ~a:~a~%# expected: ~s~%# got:      ~s~%"
              (result 'source-file) (result 'source-line)
              (result 'expected-value)
              (if (eq? (result 'actual-error) 'nothing)
                  (result 'actual-value)
                  (result 'actual-error))))
    (force-output)))

(define (finish runner)
  "Print the plan of RUNNER and exit."
  (format #t "1..~a~%" (or (test-runner-aux-value runner) 0))
  (force-output)
  (primitive-exit (if (zero? (test-runner-fail-count runner)) 0 1)))

(test-runner-factory
 (lambda ()
   (let ((runner (test-runner-null)))
     (test-runner-on-test-end! runner print-check)
     (test-runner-on-final! runner finish)
     runner)))
