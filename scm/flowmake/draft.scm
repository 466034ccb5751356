;;; A step form while it is expanded: its names, and its expressions as
;;; model/wire.h describes them.

(define-module (flowmake draft)
  #:use-module ((srfi srfi-1) #:select (delete-duplicates find))
  #:use-module (srfi srfi-9)
  #:use-module (flowmake errors)
  #:use-module (flowmake interpolate)
  #:use-module (flowmake primitives)
  #:use-module (flowmake registry)
  #:use-module (flowmake wire)
  #:export (make-draft
            draft-label
            draft-place
            draft-computed
            draft-thunks
            draft-thunk-needs
            draft-thunk-places
            draft-names
            draft-error
            place-of
            line-of
            column-of
            hidden-names
            add-name!
            add-implicit-names!
            step-reference
            make-expression
            make-constant-expression
            names-of-steps
            make-thunk
            suggestion
            scope-note
            strip-hole))

(define-record-type <draft>
  (%make-draft label place names thunks thunk-count needs places computed)
  draft?
  (label draft-label)                   ; "step 'count'", for messages
  (place draft-place)
  (names draft-names* set-draft-names!) ; of <name>, last first
  (thunks draft-thunks* set-draft-thunks!) ; syntax, last first
  (thunk-count draft-thunk-count set-draft-thunk-count!)
  (needs draft-needs set-draft-needs!)  ; of each thunk, last first
  (places draft-places set-draft-places!)
  (computed draft-computed* set-draft-computed!)) ; syntax, last first

(define-record-type <name>
  (make-name id symbol kind index)
  name?
  (id name-id)                          ; #f: any identifier of that symbol
  (symbol name-symbol)
  (kind name-kind)
  (index name-index))

(define (make-draft label place)
  "Return a draft of the form at PLACE, called LABEL in messages."
  (%make-draft label place '() '() 0 '() '() '()))

(define (draft-thunks draft)
  "Return the lambda expressions of DRAFT's thunks in order."
  (reverse (draft-thunks* draft)))

(define (draft-thunk-needs draft)
  "Return, for each thunk, the indexes of the names it takes."
  (reverse (draft-needs draft)))

(define (draft-thunk-places draft)
  "Return, for each thunk, its (line . column)."
  (reverse (draft-places draft)))

(define (draft-computed draft)
  "Return the expressions of the computed names in order."
  (reverse (draft-computed* draft)))

(define (draft-names draft)
  "Return the list of (NAME-STRING KIND-NUMBER) of DRAFT's scope in order."
  (map (lambda (name)
         (list (symbol->string (name-symbol name))
               (name-kind-number (name-kind name))))
       (reverse (draft-names* draft))))

(define (draft-error draft place message . args)
  "Raise a flowmake-error about DRAFT at PLACE, or at the draft's own place."
  (flow-error (or place (draft-place draft)) "~a: ~a" (draft-label draft)
              (apply format #f message args)))

(define (place-of stx draft)
  "Return the place of STX, or that of DRAFT."
  (or (syntax-source stx) (draft-place draft)))

(define (line-of place)
  "Return the line of PLACE, from 1."
  (1+ (assq-ref place 'line)))

(define (column-of place)
  "Return the column of PLACE, from 1."
  (1+ (assq-ref place 'column)))

(define (suggestion name known prefix)
  "Return \" (did you mean 'X'?)\" if NAME is near to one of the strings KNOWN,
else an empty string.  PREFIX, if not empty, stands before X in place of the
quotes."
  (let ((near (%suggest name known)))
    (cond
     ((not near) "")
     ((string-null? prefix) (string-append " (did you mean '" near "'?)"))
     (else (string-append " (did you mean " prefix near "?)")))))

;;; Names.

(define (find-name draft id)
  ;; The name of DRAFT that the identifier ID means, or #f.
  (define symbol (syntax->datum id))
  (find (lambda (name)
          (and (eq? (name-symbol name) symbol)
               (or (not (name-id name))
                   (bound-identifier=? (name-id name) id))))
        (draft-names* draft)))

(define (add-name! draft id kind)
  "Let the identifier ID name a KIND of thing in DRAFT; return its index."
  (unless (identifier? id)
    (draft-error draft (place-of id draft) "~s is no name"
                 (syntax->datum id)))
  (when (memq (syntax->datum id) implicit-names)
    (draft-error draft (place-of id draft)
                 "the name '~a' cannot be given; every step has it"
                 (syntax->datum id)))
  (when (find-name draft id)
    (draft-error draft (place-of id draft) "the name '~a' is used twice"
                 (syntax->datum id)))
  (push-name! draft id (syntax->datum id) kind))

(define all-names (make-hash-table))

(define (names-of-steps)
  "Return the names in the scopes of all steps so far, for suggestions."
  (hash-map->list (lambda (symbol _) symbol) all-names))

(define (push-name! draft id symbol kind)
  (hashq-set! all-names symbol #t)
  (let* ((names (draft-names* draft))
         (index (length names)))
    (set-draft-names! draft (cons (make-name id symbol kind index) names))
    index))

(define (add-implicit-names! draft)
  "Give DRAFT the names that every step has."
  (push-name! draft #f 'attempt 'attempt)
  (push-name! draft #f 'inputs 'inputs)
  (push-name! draft #f 'outputs 'outputs))

;;; Names out of their scope: noted where they are mentioned, and told if the
;;; name turns out to be unbound there.

(define notes (make-hash-table))

(define (note-key place)
  (list (assq-ref place 'filename) (assq-ref place 'line)
        (assq-ref place 'column)))

(define (kind-phrase kind)
  (case kind
    ((from join) "what a step gave")
    ((foreach) "a foreach variable")
    ((input) "an input")
    ((output) "an output")
    ((result) "the step's own result")
    ((pattern) "the stem")
    ((attempt) "the attempt's number")
    ((inputs) "all inputs")
    ((outputs) "all outputs")
    (else "the caught failure")))

(define (note-out-of-scope! draft id name where)
  (let ((place (syntax-source id)))
    (when place
      (hash-set! notes (note-key place)
                 (format #f "~a: '~a' is ~a, which ~a"
                         (draft-label draft) (name-symbol name)
                         (kind-phrase (name-kind name))
                         (if (memv (name-index name) (hidden-names))
                             "is not known here yet"
                             (format #f "~a does not see" where)))))))

(define (scope-note place)
  "Return what is to be said if the name mentioned at PLACE is not bound, or
#f."
  (and place (hash-ref notes (note-key place))))

(define (note-other-context! draft id)
  ;; A macro's string says #{x}, but the x of the step came from the macro's
  ;; user.
  (let ((place (syntax-source id))
        (symbol (syntax->datum id)))
    (when (and place
               (or-map (lambda (name) (eq? (name-symbol name) symbol))
                       (draft-names* draft)))
      (hash-set! notes (note-key place)
                 (format #f "~a: unbound variable '~a'; what a macro's user \
names does not reach into a string of the macro, bind it there with let"
                         (draft-label draft) symbol)))))

;;; Expressions.

(define (for-each-identifier proc stx)
  (let walk ((stx stx))
    (syntax-case stx ()
      ((head . rest)
       (unless (eq? (syntax->datum #'head) 'quote)
         (walk #'head)
         (walk #'rest)))
      (id (identifier? #'id) (proc #'id))
      (_ #t))))

(define (mentioned draft stx allowed where)
  ;; The names in STX that may be used there: list of (name . identifier).
  (let ((found '()))
    (for-each-identifier
     (lambda (id)
       (let ((name (find-name draft id)))
         (cond
          ((not name) (note-other-context! draft id))
          ((assq name found))
          ((allowed name)
           (set! found (acons name id found)))
          (else (note-out-of-scope! draft id name where)))))
     stx)
    (sort found (lambda (a b)
                  (< (name-index (car a)) (name-index (car b)))))))

(define hidden-names
  ;; The indexes of the names that clauses not yet read give.
  (make-parameter '()))

(define (allowed? name kinds)
  (and (memq (name-kind name) kinds)
       (not (memv (name-index name) (hidden-names)))))

(define (make-allowed kinds)
  (lambda (name) (allowed? name kinds)))

(define (add-thunk! draft lambda-stx needs place)
  (let ((number (draft-thunk-count draft)))
    (set-draft-thunks! draft (cons lambda-stx (draft-thunks* draft)))
    (set-draft-needs! draft (cons needs (draft-needs draft)))
    (set-draft-places! draft (cons (cons (line-of place) (column-of place))
                                   (draft-places draft)))
    (set-draft-thunk-count! draft (1+ number))
    number))

(define (make-thunk draft stx body kinds where)
  "Add a thunk to DRAFT that evaluates BODY, which mentions what STX does; names
of KINDS are seen there.  Return its number and the indexes of the names that
it takes."
  (let* ((found (mentioned draft stx (make-allowed kinds) where))
         (needs (map (lambda (entry) (name-index (car entry))) found))
         (ids (map (lambda (entry)
                     (or (name-id (car entry)) (cdr entry)))
                   found))
         (place (place-of stx draft)))
    (values (add-thunk! draft
                        (datum->syntax #f (list #'lambda ids body)
                                       #:source place)
                        needs place)
            needs)))

(define (constant-value stx)
  ;; The CBOR of the constant that STX is, or #f.
  (define (encode datum)
    (false-if-exception (%encode datum "")))
  (syntax-case stx ()
    ((head datum)
     (eq? (syntax->datum #'head) 'quote)
     (encode (syntax->datum #'datum)))
    ((_ . _) #f)
    (()  #f)
    (_
     (let ((datum (syntax->datum stx)))
       (and (not (symbol? datum)) (encode datum))))))

(define (make-pieces draft stx kinds where)
  ;; The payload of a PIECES expression and the names it needs.
  (let ((needs '()))
    (let ((payload
           (map (lambda (piece)
                  (if (string? piece)
                      piece
                      (let ((expr (make-hole draft (cdr piece) kinds
                                             where)))
                        (set! needs (append needs (list-ref expr 4)))
                        expr)))
                (literal-pieces stx))))
      (values payload (sort (delete-duplicates needs) <)))))

(define (make-hole draft stx kinds where)
  ;; Pieces do not nest: a hole that is a string with holes is a thunk.
  (let ((string (literal-string stx)))
    (make-expression draft
                     (if (and string (has-holes? string))
                         (interpolate-expression stx)
                         stx)
                     kinds where)))

(define (make-expression draft stx kinds where)
  "Return the EXPR of model/wire.h for the expression STX, which sees names of
KINDS; WHERE names the clause in messages."
  (let* ((place (place-of stx draft))
         (line (line-of place))
         (column (column-of place))
         (string (literal-string stx)))
    (define (name-expression)
      (let ((name (and (identifier? stx) (find-name draft stx))))
        (and name
             (allowed? name kinds)
             (list line column expr-name (name-index name)
                   (list (name-index name))))))
    (cond
     ((and string (has-holes? string))
      (call-with-values (lambda () (make-pieces draft stx kinds where))
        (lambda (pieces needs)
          (list line column expr-pieces pieces needs))))
     ((constant-value stx)
      => (lambda (bytes) (list line column expr-const bytes '())))
     ((name-expression))
     (else
      (let ((stx (interpolate-expression stx)))
        (call-with-values
            (lambda () (make-thunk draft stx stx kinds where))
          (lambda (number needs)
            (list line column expr-thunk number needs))))))))

(define (make-constant-expression value)
  "Return the EXPR of VALUE that no place in the Flowfile says."
  (list 1 1 expr-const (%encode value "a default") '()))

(define (strip-hole stx)
  "If STX is (raw EXPR) return EXPR, else #f."
  (syntax-case stx ()
    ((head expr)
     (eq? (syntax->datum #'head) 'raw)
     #'expr)
    (_ #f)))

;;; Names of steps.

(define (step-reference draft stx)
  "Return the STEPREF of model/wire.h for STX: a name, or ,EXPR."
  (let* ((place (place-of stx draft))
         (datum (syntax->datum stx))
         (string (and (string? datum) datum)))
    (define (computed stx)
      (let ((index (length (draft-computed* draft)))
            (expr #`((@ (flowmake registry) computed-name)
                     '#,(datum->syntax #'here (place-of stx draft))
                     #,(interpolate-expression stx))))
        (set-draft-computed! draft (cons expr (draft-computed* draft)))
        index))
    (list (line-of place) (column-of place)
          (cond
           ((symbol? datum)
            (check-name draft place (symbol->string datum)))
           ((and string (has-holes? string))
            (computed stx))
           (string (check-name draft place string))
           ((and (list? datum) (= (length datum) 2)
                 (eq? (car datum) 'unquote))
            (syntax-case stx ()
              ((_ expr) (computed #'expr))))
           (else
            (draft-error draft place "~s is no name of a step" datum))))))

(define (check-name draft place name)
  (unless (valid-name? name)
    (draft-error draft place "a step cannot be called '~a'" name))
  name)
