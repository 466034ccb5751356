;;; parallel-map.

(use-modules (in-evaluator))
(use-modules (srfi srfi-64) (tap) (flowmake))

(define (descriptor-count)
  (let loop ((dir (opendir "/proc/self/fd")) (n 0))
    (if (eof-object? (readdir dir))
        (begin (closedir dir) n)
        (loop dir (1+ n)))))

(define (error-of thunk)
  (catch 'flowmake-error
    (lambda () (thunk) #f)
    (lambda (key text . rest) text)))

(define (children)
  (catch 'system-error
    (lambda () (waitpid WAIT_ANY WNOHANG) 'some)
    (lambda _ 'none)))

(define (delete-duplicates* list)
  (let loop ((list list) (seen '()))
    (cond
     ((null? list) seen)
     ((member (car list) seen) (loop (cdr list) seen))
     (else (loop (cdr list) (cons (car list) seen))))))

(test-begin "parallel")

(let ((factor 3))
  (test-equal "results come in the order of the list, closures work"
    '(0 3 6 9 12 15 18 21)
    (parallel-map (lambda (x) (* factor x)) (iota 8) #:workers 3)))

(test-equal "an empty list needs no worker"
  '() (parallel-map car '()))

(test-equal "there may be more workers than items"
  '(2 3) (parallel-map 1+ '(1 2) #:workers 10))

(test-equal "what a worker changes stays with it"
  0
  (let ((x 0))
    (parallel-map (lambda (_) (set! x (1+ x)) x) '(1 2) #:workers 2)
    x))

(test-equal "an error comes back with its item"
  "parallel-map, item 1 (b): car: Wrong type argument in position 1 (expecting pair): b"
  (error-of (lambda ()
              (parallel-map (lambda (x)
                              (if (eq? x 'b) (car x) x))
                            '(a b c) #:workers 2))))

(test-equal "exit in a worker is an error of its item"
  "parallel-map, item 0 (5): (exit 0) was called"
  (error-of (lambda () (parallel-map (lambda (x) (exit 0)) '(5)))))

(test-equal "a killed worker is an error of its item"
  "parallel-map, item 0 (5): its worker was killed by signal 9"
  (error-of (lambda ()
              (parallel-map (lambda (x) (kill (getpid) SIGKILL)) '(5)))))

(test-equal "an item without a result is an error, whatever the status"
  "parallel-map, item 1 (1): its worker ended with status 0, without a result"
  (error-of (lambda ()
              (parallel-map (lambda (x) (if (= x 1) (primitive-exit 0) x))
                            (iota 3)))))

(define (item-left proc)
  ;; What is said if PROC, called with a procedure, escapes by it from item 1;
  ;; a worker that goes on here ends.
  (let ((ours (getpid)))
    (error-of (lambda ()
                (proc (lambda (escape)
                        (parallel-map (lambda (x) (if (= x 1) (escape x) x))
                                      (iota 3) #:workers 1)))
                (unless (= (getpid) ours)
                  (primitive-exit 3))))))

(define left-by-a-continuation
  "parallel-map, item 1 (1): left by a continuation, which cannot lead out of \
a worker")

(test-equal "no continuation leads out of a worker"
  left-by-a-continuation
  (item-left call/cc))

(test-equal "nor does a prompt"
  left-by-a-continuation
  (item-left (lambda (proc)
               (call-with-prompt 'out
                 (lambda () (proc (lambda (x) (abort-to-prompt 'out x))))
                 (const #f)))))

(test-equal "nor does a continuation lead to another item"
  left-by-a-continuation
  (let ((first #f))
    (item-left (lambda (proc)
                 (parallel-map (lambda (x)
                                 (case x
                                   ((0) (call/cc (lambda (k) (set! first k) 0)))
                                   ((1) (first 5))
                                   (else x)))
                               (iota 3) #:workers 1)))))

(test-equal "a continuation may lead around in an item"
  '(2 2)
  (parallel-map (lambda (x)
                  (let ((n 0)
                        (k #f))
                    (call/cc (lambda (c) (set! k c)))
                    (set! n (1+ n))
                    (when (< n 2) (k #f))
                    n))
                '(1 2)))

(define (refusal . args)
  (error-of (lambda () (apply parallel-map args))))

(test-equal "what is no list is refused"
  "parallel-map: LIST must be a list, not 5"
  (refusal 1+ 5))

(test-equal "what is no procedure is refused"
  "parallel-map: PROC must be a procedure, not 5"
  (refusal 5 '()))

(test-equal "a second list is refused"
  "parallel-map: it takes one list; give it the lists as one, as (map list A B)"
  (refusal + '(1 2) '(3 4)))

(test-equal "an unknown keyword is refused"
  "parallel-map: write #:workers N or nothing behind the list, not #:worker"
  (refusal 1+ '(1 2) #:worker 2))

(test-equal "a result that is no data is named"
  "parallel-map, item 0 (5): the 2nd element of the result is a procedure"
  (error-of (lambda () (parallel-map (lambda (x) (list 1 car)) '(5)))))

(test-eq "no worker is left" 'none (children))

(let ((before (descriptor-count)))
  (parallel-map (lambda (x) (make-f64vector 1000000 1.5)) '(1 2 3))
  (error-of (lambda () (parallel-map car '(1 2 3))))
  (test-equal "no descriptor is left" before (descriptor-count)))

(test-equal "large arrays come back"
  '(2.5 2.5)
  (map (lambda (v) (f64vector-ref v 999999))
       (parallel-map (lambda (x) (make-f64vector 1000000 2.5)) '(1 2))))

(test-equal "large data come back"
  '(300000 300000)
  (map length (parallel-map (lambda (x) (iota 300000)) '(1 2))))

(test-assert "each item has its own random numbers"
  (let ((numbers (parallel-map (lambda (x) (random 1000000000)) (iota 4)
                               #:workers 2)))
    (= 4 (length (delete-duplicates* numbers)))))

(when (getenv "FLOWMAKE_TEST_LARGE")
  (test-equal "results beyond 2 GB come back"
    '(2200000000)
    (map (lambda (v) (array-length v))
         (parallel-map (lambda (x) (make-u8vector 2200000000 7)) '(1)))))

(test-end "parallel")
