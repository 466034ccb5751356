;;; What a Flowfile looks at: while it is loaded, and for answers afterwards.
;;; Whoever has the manifests knows what all that was said rests on.

(define-module (flowmake manifest)
  #:use-module (ice-9 match)
  #:use-module (flowmake errors)
  #:use-module (flowmake primitives)
  #:use-module (flowmake values)
  #:use-module (flowmake wire)
  #:export (observe
            on-observation
            begin-recording!
            record-module!
            end-recording!
            take-late-observations!))

(define recording? #f)                  ; the Flowfile is being loaded
(define replay? #f)                     ; and looks at nothing
(define seen (make-hash-table))         ; (kind . query) -> answer, of loading
(define entries '())       ; ((kind query answer digest) ...), last first
(define late '())          ; the same, what was looked at after loading

(define (begin-recording! replayed)
  "Begin to record what is looked at.  REPLAYED, a manifest or #f: answer from
it and look at nothing."
  (set! recording? #t)
  (when replayed
    (set! replay? #t)
    (for-each (match-lambda
                ((kind query answer _)
                 (hash-set! seen (cons kind query) answer)))
              replayed)
    (set! entries (reverse replayed))))

(define (digest-of-file kind query)
  ;; Of the file that a question of KIND reads, or #f.
  (and (member kind '("csv-rows" "tsv-rows" "json-file"))
       (%file-digest query)))

(define (record! kind query answer digest)
  (hash-set! seen (cons kind query) answer)
  (set! entries (cons (list kind query answer digest) entries))
  answer)

(define (look-late kind query look)
  (let* ((digest (digest-of-file kind query))
         (answer (look)))
    (set! late (cons (list kind query answer digest) late))
    answer))

(define on-observation
  ;; What is told of each question and its answer, (KIND QUERY ANSWER), or #f.
  (make-parameter #f))

(define (observe kind query look)
  "Return the answer to QUERY, a value, of KIND, a string: what (LOOK) returns.
While a Flowfile is loaded, equal questions are asked once and recorded; in a
replay the recorded answer is given."
  (let ((answer (answer-to kind query look))
        (tell (on-observation)))
    (when tell
      (tell kind query answer))
    answer))

(define (answer-to kind query look)
  (cond
   ((not recording?) (look-late kind query look))
   ((hash-get-handle seen (cons kind query)) => cdr)
   (replay?
    (flow-error #f "~a: ~a was not looked at when the run was started"
                kind (show-value query)))
   (else
    (let ((digest (digest-of-file kind query)))
      (record! kind query (look) digest)))))

(define (record-module! file digest)
  "Record that loading read the module FILE of the project, with DIGEST."
  (unless (hash-get-handle seen (cons "module" file))
    (record! "module" file digest digest)))

(define message
  ;; An entry as model/wire.h has it.
  (match-lambda
    ((kind query answer digest)
     (list kind
           (%encode query "the question")
           (%encode answer "what was looked at")
           (if (memq digest (list #f null))
               null
               (%encode digest ""))))))

(define (end-recording!)
  "Stop recording, and return the manifest of loading as model/wire.h has it."
  (set! recording? #f)
  (map message (reverse entries)))

(define (take-late-observations!)
  "Return the manifest of what was looked at after loading and since the last
time, as model/wire.h has it."
  (let ((observations (reverse late)))
    (set! late '())
    (map message observations)))
