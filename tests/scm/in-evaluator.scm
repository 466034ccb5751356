;;; Used first by a test of what needs the evaluator's primitives: runs the
;;; test once more, inside a program that has them (run-scheme.c).

(define-module (in-evaluator))

(define (directory-from variable default)
  (canonicalize-path (or (getenv variable) default)))

(define (scheme-path variable directory)
  (unless (getenv variable)
    (setenv variable (string-append directory "/scm"))))

(define builddir (directory-from "builddir" "."))
(define srcdir (directory-from "srcdir" "."))

(unless (resolve-module '(flowmake c) #f #:ensure #f)
  (setenv "builddir" builddir)
  (setenv "srcdir" srcdir)
  (scheme-path "FLOWMAKE_SCM_PATH" srcdir)
  (scheme-path "FLOWMAKE_GO_PATH" builddir)
  (setenv "TEST_SCM_PATH" (getenv "FLOWMAKE_SCM_PATH"))
  (setenv "TEST_GO_PATH" (getenv "FLOWMAKE_GO_PATH"))
  (let ((program (string-append builddir "/tests/scm/run-scheme")))
    (execl program program (car (command-line)))))
