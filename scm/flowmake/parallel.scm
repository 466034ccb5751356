;;; parallel-map: workers are forked, so closures and data are there already,
;;; and take the next item from a counter in shared memory; results come back
;;; over a socket each, large ones as files in memory.

(define-module (flowmake parallel)
  #:use-module (ice-9 match)
  #:use-module (rnrs bytevectors)
  #:use-module ((srfi srfi-1) #:select (list-index lset-difference remove))
  #:use-module (flowmake errors)
  #:use-module (flowmake primitives)
  #:use-module (flowmake project)
  #:use-module (flowmake values)
  #:export (parallel-map
            default-workers))

(define default-workers
  ;; How many workers there are if a call does not say, or #f.
  (make-parameter #f))

(define max-inline-bytes
  ;; Larger results travel as files.
  (expt 2 20))

;; Types of the frames that workers send.
(define frame-inline 1)                 ; (item encoded-value)
(define frame-file 2)                   ; (item format), with the file
(define frame-error 3)                  ; (item text place?)

;;; In a worker

(define (item-label i item)
  (format #f "parallel-map, item ~a (~a): " i (show-value item)))

(define (send-file socket i value what)
  (let* ((fd (%memory-file))
         (format (%write-value fd value what)))
    (%send socket frame-file (list i format) (list fd))
    (%close fd)))

(define (send-result socket i value)
  (define what "the result")
  (if (> (%size-hint value) max-inline-bytes)
      (send-file socket i value what)
      (let ((bytes (%encode value what)))
        (if (> (bytevector-length bytes) max-inline-bytes)
            (send-file socket i value what)
            (%send socket frame-inline (list i bytes))))))

(define (seed-item! seed i)
  ;; Each item has its own random numbers, whichever worker takes it.
  (set! *random-state* (seed->random-state (+ seed (* i 7919)))))

(define (exit-worker status)
  (flush-all-ports)
  (%exit status))

(define (call-to-its-end thunk on-escape)
  ;; Return what THUNK returns; call ON-ESCAPE if a continuation or a prompt
  ;; from outside of it is to be gone on with, which is another process's.
  (let ((over? #f))
    (dynamic-wind
      (const #t)
      (lambda ()
        (let ((result (thunk)))
          (set! over? #t)
          result))
      (lambda ()
        (unless over?
          (on-escape))))))

(define (work-on i item proc socket)
  ;; Send what PROC gives for ITEM, or its error; return whether it gave
  ;; anything.
  (define (send-error text placed?)
    (%send socket frame-error (list i text placed?))
    #f)
  (define (label)
    (item-label i item))
  (call-to-its-end
   (lambda ()
     (call-with-errors
      (lambda ()
        (send-result socket i (proc item))
        #t)
      (lambda (text placed? backtrace)
        (send-error text placed?))
      #:ours? project-file? #:label label))
   (lambda ()
     (send-error (string-append (label) "left by a continuation, which cannot \
lead out of a worker")
                 #f)
     (exit-worker 1))))

(define (work proc items slots worker seed socket)
  ;; Take items until there are no more; return the exit status.
  (let loop ()
    (let ((i (%take-slot! slots)))
      (cond
       ((>= i (vector-length items)) 0)
       (else
        (bytevector-s64-native-set! slots (* 8 (1+ worker)) (1+ i))
        (seed-item! seed i)
        (if (work-on i (vector-ref items i) proc socket)
            (loop)
            1))))))

(define (start-worker proc items slots worker seed)
  ;; Return (socket . pid).
  (match (%socket-pair)
    ((ours . theirs)
     (let ((pid (%fork)))
       (when (zero? pid)
         (%close ours)
         (exit-worker (work proc items slots worker seed theirs)))
       (%close theirs)
       (cons ours pid)))))

;;; Among them

(define (load-file-result format fd)
  (let ((value (force-value
                (make-tagged 'object
                             (list format
                                   (simple-format #f "/proc/self/fd/~a"
                                                  fd))))))
    (%close fd)
    value))

(define (status->text status)
  (cond
   ((status:term-sig status)
    => (lambda (number) (format #f "was killed by signal ~a" number)))
   (else
    (format #f "ended with status ~a, without a result"
            (status:exit-val status)))))

(define unanswered (make-symbol "unanswered"))

(define (check-worker items results slots worker status)
  ;; WORKER has ended with STATUS.
  (let ((i (1- (bytevector-s64-native-ref slots (* 8 (1+ worker))))))
    (cond
     ((and (zero? status)
           (or (negative? i)
               (not (eq? (vector-ref results i) unanswered)))))
     ((negative? i)
      (flow-error #f "parallel-map: a worker ~a" (status->text status)))
     (else
      (flow-error #f "~aits worker ~a"
                  (item-label i (vector-ref items i))
                  (status->text status))))))

(define (check-results items results)
  ;; Workers may also end between two items.
  (let ((i (list-index (lambda (result) (eq? result unanswered))
                       (vector->list results))))
    (when i
      (flow-error #f "~ano worker gave a result"
                  (item-label i (vector-ref items i))))))

(define (index-of socket workers)
  ;; Which of WORKERS has SOCKET.
  (list-index (lambda (worker) (eqv? (car worker) socket)) workers))

(define (take-message socket results on-end)
  ;; Take one message from a worker; return whether it is still there.
  (match (%receive socket)
    (#f (on-end) #f)
    ((1 (i value) _)
     (vector-set! results i value)
     #t)
    ((2 (i format) fd)
     (vector-set! results i (load-file-result format fd))
     #t)
    ((3 (i text placed?) _)
     (throw 'flowmake-error text placed?))))

(define (collect items slots workers finish)
  ;; Return the vector of results; (FINISH worker) waits for one that ended.
  (let ((results (make-vector (vector-length items) unanswered)))
    (let loop ((sockets (map car workers)))
      (cond
       ((null? sockets)
        (check-results items results)
        results)
       (else
        (loop
         (lset-difference
          eqv? sockets
          (remove
           (lambda (ready)
             (define worker (index-of ready workers))
             (take-message
              ready results
              (lambda ()
                (check-worker items results slots worker
                              (finish worker)))))
           (%poll sockets)))))))))

(define (map-in-workers proc items count)
  (let ((slots (%shared-slots (1+ count)))
        (seed (random (expt 2 48)))
        (workers '())
        (finished '()))
    (define (finish worker)
      (set! finished (cons worker finished))
      (%wait (cdr (list-ref workers worker))))
    (define (clean-up)
      (for-each (lambda (worker i)
                  (%close (car worker))
                  (unless (memv i finished)
                    (%kill (cdr worker))
                    (%wait (cdr worker))))
                workers (iota (length workers)))
      (%free-slots! slots))
    (flush-all-ports)
    (dynamic-wind
      (lambda () #t)
      (lambda ()
        (do ((i 0 (1+ i)))
            ((= i count))
          (set! workers
                (append workers
                        (list (start-worker proc items slots i seed)))))
        (vector->list (collect items slots workers finish)))
      clean-up)))

(define (worker-count workers items)
  (let ((count (or workers (default-workers) (%processor-count))))
    (unless (and (exact-integer? count) (positive? count))
      (flow-error #f "parallel-map: #:workers must be a whole number above 0, \
not ~a" (show-value count)))
    (min count (vector-length items))))

(define (check-arguments proc list rest)
  ;; REST is what follows the two.
  (unless (procedure? proc)
    (flow-error #f "parallel-map: PROC must be a procedure, not ~a"
                (show-value proc)))
  (unless (list? list)
    (flow-error #f "parallel-map: LIST must be a list, not ~a"
                (show-value list)))
  (match rest
    (() #t)
    ((#:workers _) #t)
    (((? keyword? keyword) . _)
     (flow-error #f "parallel-map: write #:workers N or nothing behind the \
list, not ~s" keyword))
    (_
     (flow-error #f "parallel-map: it takes one list; give it the lists as \
one, as (map list A B)"))))

(define* (parallel-map proc list #:key (workers #f) #:allow-other-keys
                       #:rest rest)
  "Return the list of what PROC returns for each element of LIST, in order, as
map does, computed by forked WORKERS (default: the step's #:cpu).  PROC may be
a closure; what it changes is not seen outside.  Results must be data.  If one
fails flowmake-error says for which element, and the others are given up."
  (check-arguments proc list rest)
  (let ((items (list->vector list)))
    (if (zero? (vector-length items))
        '()
        (map-in-workers proc items (worker-count workers items)))))
