;;; What the code in a step mentions: of a scheme body it counts in keys, of the
;;; step's expressions, whose values do, it says where they may come from.

(define-module (flowmake mention)
  #:use-module (ice-9 match)
  #:use-module (ice-9 pretty-print)
  #:use-module ((srfi srfi-1) #:select (append-map))
  #:use-module ((system syntax) #:select (syntax-module))
  #:use-module (flowmake draft)
  #:use-module ((flowmake project) #:select (given-module?))
  #:use-module ((flowmake reader) #:select (source-text))
  #:use-module ((flowmake registry) #:select (note-source!))
  #:use-module (flowmake source)
  #:export (clause-summary
            modules-of
            expressions-summary))

(define (clause-summary stx place)
  "Return the body-summary of STX, the body of the clause at PLACE."
  (let* ((datum (syntax->datum stx))
         (summary (body-summary datum))
         (text (source-text place (cons 'scheme datum))))
    (note-source! (car summary) (assq-ref place 'filename)
                  (and text
                       (string-join (cons text (texts-around datum)) "\n")))
    summary))

(define (texts-around datum)
  ;; What counts with DATUM because it is bound around it, as text.
  (if (form-at-top-level?)
      '()
      (map binding-text (bindings-for datum))))

(define (binding-text binding)
  (string-trim-right
   (call-with-output-string
    (lambda (port) (pretty-print binding port)))))

(define (modules-of stx)
  "Return the names of the modules besides the Flowfile's that identifiers in STX
come from: those of procedures that declare steps, and of macros."
  (let walk ((stx stx) (found '()))
    (syntax-case stx ()
      ((head . rest) (walk #'rest (walk #'head found)))
      (id
       (identifier? #'id)
       (let ((name (syntax-module #'id)))
         (if (or (not (pair? name))
                 (given-module? name)
                 (member name '((flowfile) (guile)))
                 (member name found))
             found
             (cons name found))))
      (_ found))))

(define max-texts
  ;; Of what is bound around a step, so much is shown when it changes: it is
  ;; written anew for each step.
  10)

(define (note-around! around place)
  ;; Return the digest of AROUND, bindings, and remember its text.
  (let ((digest (car (form-summary around))))
    (when (<= (length around) max-texts)
      (note-source! digest (assq-ref place 'filename)
                    (string-join (map binding-text around) "\n")))
    digest))

(define (names-in mentioned)
  ;; What of MENTIONED is no string.
  (filter (lambda (what) (not (string? what))) mentioned))

(define (free-names thunk)
  ;; What THUNK, a lambda, mentions, but what it takes: names of the step.
  (match thunk
    ((_ taken . body)
     (filter (lambda (what) (not (memq what taken)))
             (names-in (mentioned-freely body))))))

(define (mentioned-around)
  ;; What the form around the step mentions: its values may reach the step by
  ;; the arguments of a procedure.
  (if (form-at-top-level?)
      '()
      (mentioned-in-form)))

(define (expressions-summary draft body)
  "Return what the expressions of DRAFT's step mention, but for those in a scheme
body, which BODY describes or #f: (DIGEST-or-#f MENTIONED ...), the digest of
what is bound around them; or #f: there are none."
  (define (own thunks)
    (if body
        (delq (list-ref thunks (car body)) thunks)
        thunks))
  (match (own (draft-thunks draft))
    (() #f)
    (thunks
     (let* ((data (map syntax->datum thunks))
            (around (if (form-at-top-level?) '() (bindings-for data))))
       (cons (and (pair? around) (note-around! around (draft-place draft)))
             (append (append-map modules-of thunks)
                     (append-map free-names data)
                     (names-in (mentioned around))
                     (mentioned-around)))))))
