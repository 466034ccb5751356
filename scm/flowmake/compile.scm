;;; From the text of a Flowfile to code: read, expand, look for unbound names,
;;; compile.

(define-module (flowmake compile)
  #:use-module (ice-9 match)
  #:use-module (language tree-il)
  #:use-module ((srfi srfi-1) #:select (delete-duplicates filter-map))
  #:use-module ((system syntax) #:select (syntax?))
  #:use-module ((flowmake compiler) #:select (lazy))
  #:use-module (flowmake draft)
  #:use-module (flowmake errors)
  #:use-module ((flowmake interpolate) #:select (literal-pieces))
  #:use-module (flowmake manifest)
  #:use-module (flowmake primitives)
  #:use-module (flowmake project)
  #:use-module (flowmake purity)
  #:use-module ((flowmake reader) #:select (source-text))
  #:use-module (flowmake registry)
  #:use-module (flowmake source)
  #:export (place-of-node
            expand-flow
            expand-module
            compile-expanded
            compile-module))

(define (top-level-names tree is? name-of)
  ;; What NAME-OF says of the nodes of the expanded form TREE that are such.
  (tree-il-fold (lambda (node names)
                  (if (is? node)
                      (cons (name-of node) names)
                      names))
                (lambda (node names) names)
                '() tree))

(define (goops-definition? node)
  ;; Whether NODE is what define-class and define-method define names by.
  (and (call? node)
       (module-ref? (call-proc node))
       (equal? (module-ref-mod (call-proc node)) '(oop goops))
       (eq? (module-ref-name (call-proc node)) 'toplevel-define!)
       (const? (car (call-args node)))))

(define (goops-definition-name node)
  (const-exp (car (call-args node))))

(define (definition-names tree)
  (append (top-level-names tree toplevel-define? toplevel-define-name)
          (top-level-names tree goops-definition? goops-definition-name)))

(define (names-set tree)
  (top-level-names tree toplevel-set? toplevel-set-name))

;;; A procedure that a step's body closes over may have been made anywhere, by
;;; a form that calls a procedure which declares steps.  So each knows the
;;; form that it was written in and its place among the others there.

(define (mark-procedures tree number)
  ;; TREE, of form NUMBER, or (FILE NUMBER), with marks.
  (define count 0)
  (pre-order
   (lambda (node)
     (cond
      ((lambda? node)
       (set! count (1+ count))
       (make-lambda (lambda-src node)
                    (acons procedure-mark (cons number count)
                           (lambda-meta node))
                    (lambda-body node)))
      (else node)))
   tree))

(define (note-form form names)
  ;; An entry of the table of definitions for each of NAMES, which FORM defines
  ;; or sets.
  (if (null? names)
      '()
      (let* ((datum (syntax->datum form))
             (summary (definition-summary datum))
             (place (syntax-source form)))
        (note-source! (car summary) (assq-ref place 'filename)
                      (source-text place datum))
        (map (lambda (name)
               (cons* name (car summary) (delq name (cdr summary))))
             names))))

(define (note-number form number names)
  ;; The entry for the marks of FORM's procedures: most often it stands for
  ;; what it defines.
  (if (and (pair? names) (null? (cdr names)))
      (list number #f (car names))
      (cons number (form-summary (syntax->datum form)))))

(define (note-plain! tree names)
  ;; The expanded form TREE gives values to NAMES: note which one of them is
  ;; plain-names'.
  (define table (plain-names))
  (define plain?
    (and (toplevel-define? tree) (lambda? (toplevel-define-exp tree))))
  (for-each (lambda (name)
              (hashq-set! table name
                          (and plain? (not (hashq-get-handle table name)))))
            names))

(define (declares-only? form)
  ;; Whether FORM is just a step.
  (let ((datum (syntax->datum form)))
    (and (pair? datum) (eq? (car datum) 'step))))

(define (place-of-node node)
  "Return the place of NODE, expanded code, as syntax-source gives it, or #f."
  (let ((source (tree-il-src node)))
    (cond
     ((vector? source)                  ; from Guile 3.0.9 on
      `((filename . ,(vector-ref source 0))
        (line . ,(vector-ref source 1))
        (column . ,(vector-ref source 2))))
     ((pair? source) source)
     (else #f))))

(define (form-label form)
  ;; What stands before a message about FORM, a datum: its step, if that has a
  ;; plain name.
  (if (and (pair? form) (eq? (car form) 'step) (pair? (cdr form))
           (or (symbol? (cadr form)) (string? (cadr form))))
      (format #f "step '~a': " (cadr form))
      ""))

(define (clause? name form)
  ;; Whether FORM, a datum, is a clause NAME, which should be in a step.
  (and (pair? form)
       (eq? (car form) name)
       (memq name (module-ref (resolve-interface '(flowmake step))
                              'step-clauses))))

(define (unbound-error node form names)
  (let* ((name (toplevel-ref-name node))
         (place (or (place-of-node node) (syntax-source form)))
         (note (scope-note place)))
    (cond
     (note (flow-error place "~a" note))
     ((clause? name (syntax->datum form))
      (flow-error (syntax-source form) "the clause ~a stands outside of a \
step; does a ')' before it come too early?" name))
     (else
      (let ((near (%suggest (symbol->string name)
                            (map symbol->string (delete name names)))))
        (flow-error place "~aunbound variable '~a'~a"
                    (form-label (syntax->datum form)) name
                    (if near
                        (format #f " (did you mean '~a'?)" near)
                        "")))))))

(define (check-bound trees forms defined)
  ;; Raise an error for the first reference to a name that nothing binds.
  (define known (make-hash-table))
  (define (bound? name)
    (or (hashq-ref known name)
        (let ((variable (module-variable (flow-module) name)))
          ;; A module may export what it does not define.
          (and variable (variable-bound? variable)))))
  (for-each (lambda (name) (hashq-set! known name #t)) defined)
  (for-each
   (lambda (tree form)
     (tree-il-fold
      (lambda (node seed)
        (when (and (toplevel-ref? node)
                   (not (bound? (toplevel-ref-name node))))
          (unbound-error node form
                         (append defined (names-of-steps)
                                 (flowmake-names))))
        seed)
      (lambda (node seed) seed)
      #f tree))
   trees forms))

(define (flowmake-names)
  (module-map (lambda (name variable) name)
              (resolve-interface '(flowmake))))

(define (expand form)
  (macroexpand form 'c '(compile load eval)))

(define openers
  ;; Variables of what opens a file to be read; include is one of the callers.
  (map (lambda (name) (module-variable the-scm-module name))
       '(open-input-file open-file call-with-input-file
         with-input-from-file open open-fdes)))

(define getenv-variable
  ;; Guile's own, which modules of the project use.
  (module-variable the-scm-module 'getenv))

(define (noting-looks thunk)
  ;; Call THUNK, which expands something, and note what files it opens and what
  ;; else it looks at.
  (define variables (cons getenv-variable openers))
  (define procedures (map variable-ref variables))
  (define (noting open)
    (lambda (file . rest)
      (note-expanded! file)
      (apply open file rest)))
  (define (noting-getenv name)
    (observe "getenv" name (lambda () ((car procedures) name))))
  (define noting-procedures
    (cons noting-getenv (map noting (cdr procedures))))
  (dynamic-wind
      (lambda () (for-each variable-set! variables noting-procedures))
      (lambda ()
        (parameterize ((on-observation note-observation!))
          (thunk)))
      (lambda () (for-each variable-set! variables procedures))))

(define syntax-expression*
  (@@ (system syntax internal) syntax-expression))

(define (holes literal)
  ;; The expressions in LITERAL, syntax of a string.
  (filter-map (lambda (piece) (and (pair? piece) (cdr piece)))
              (or (false-if-exception (literal-pieces literal)) '())))

(define (place-of-part form part)
  ;; The place in FORM of what reads like PART, a datum, or #f.
  (let walk ((form form))
    (cond
     ((syntax? form)
      (or (and (equal? (syntax->datum form) part)
               (syntax-source form))
          (walk (if (string? (syntax->datum form))
                    (holes form)
                    (syntax-expression* form)))))
     ((pair? form)
      (let loop ((form form))
        (if (pair? form)
            (or (walk (car form)) (loop (cdr form)))
            (walk form))))
     (else #f))))

(define (written-part form part)
  ;; PART, or what FORM has of it if it is a body that was put together for it.
  (match part
    (((or 'let 'lambda) () _ ... last)
     (if (place-of-part form part) part last))
    (_ part)))

(define (raise-complete form exception)
  ;; Raise EXCEPTION, but a syntax error in FORM with its step and its place,
  ;; which Guile leaves out where if, lambda and others of its core are wrong.
  (match (and (exception? exception)
              (cons (exception-kind exception) (exception-args exception)))
    (('syntax-error who what place part subform)
     (let ((part (written-part form part)))
       (throw 'syntax-error who
              (string-append (form-label (syntax->datum form)) what)
              (or place (place-of-part form part))
              part subform)))
    (_ (raise-exception exception))))

(define (expand-form form)
  (form-place (syntax-source form))
  (top-level-form (syntax->datum form))
  (with-exception-handler
      (lambda (exception) (raise-complete form exception))
    (lambda () (noting-looks (lambda () (expand form))))))

(define parameter-names
  ;; Of the parameters so far.
  (make-parameter '()))

(define (check-names form names defined)
  ;; FORM defines NAMES, those before it DEFINED.  What the command line says
  ;; of a parameter must not be lost, nor a definition be hidden in steps.
  (define parameter?
    (let ((datum (syntax->datum form)))
      (and (pair? datum) (eq? (car datum) 'parameter))))
  (define (check name)
    (cond
     ((memq name implicit-names)
      (flow-error (syntax-source form)
                  "the name '~a' cannot be defined; every step has it" name))
     ((memq name (parameter-names))
      (unless parameter?                ; that is said when it is declared
        (flow-error (syntax-source form)
                    "'~a' is a parameter; it cannot be defined again" name)))
     ((and parameter? (memq name defined))
      (flow-error (syntax-source form)
                  "parameter '~a': the name is defined already; choose another"
                  name))))
  (for-each check names)
  (when parameter?
    (parameter-names (append names (parameter-names)))))

(define (expand-flow forms marks?)
  "Return the list of expanded FORMS of a Flowfile, with a last one that notes
the digests of its definitions, and whether it is pure; and that.  With MARKS?
its procedures say what form they are from.  Raise flowmake-error if a name is
unbound."
  (save-module-excursion
   (lambda ()
     (set-current-module (flow-module))
     (let loop ((rest forms) (number 0) (trees '()) (defined '()) (notes '()))
       (if (pair? rest)
           (let* ((form (car rest))
                  (tree (expand-form form))
                  (names (definition-names tree))
                  (all-names (delete-duplicates
                              (append names (names-set tree))))
                  (marks? (and marks? (not (declares-only? form)))))
             (check-names form names defined)
             (count-definitions! names)
             (when (plain-names)
               (note-plain! tree all-names))
             (loop (cdr rest)
                   (1+ number)
                   (cons (if marks? (mark-procedures tree number) tree) trees)
                   (append names defined)
                   (append (if marks?
                               (list (note-number form number all-names))
                               '())
                           (note-form form all-names)
                           notes)))
           (let* ((trees (reverse trees))
                  (pure? (begin
                           (check-bound trees forms defined)
                           (pure-program? trees))))
             (values (append trees
                             (list (expand
                                    `((@ (flowmake registry)
                                         note-definitions!)
                                      ,(pack-definitions (reverse notes))
                                      ,pure?
                                      ',(expanded-files)
                                      ,(pack-observations)
                                      ,(pack-sources)
                                      ,@(included-files)))))
                     pure?)))))))

(define (expand-module file forms)
  "Return the module that FORMS, the content of FILE, make, the expanded forms
that lead to it, and the rest of them, with a last one that notes the files that
FILE includes."
  (let ((place (form-place)) (form (top-level-form)))
    (save-module-excursion
     (lambda ()
       (let loop ((rest forms) (number 0) (heads '()) (trees '()))
         (if (pair? rest)
             (let* ((before (current-module))
                    (tree (mark-procedures (expand-form (car rest))
                                           (list file number)))
                    (trees (cons tree trees)))
               (if (eq? before (current-module))
                   (loop (cdr rest) (1+ number) heads trees)
                   (loop (cdr rest) (1+ number) (append trees heads) '())))
             (begin
               (form-place place)
               (top-level-form form)
               (list (current-module) (reverse heads)
                     (reverse (cons (note-files file forms) trees))))))))))

(define (note-files file forms)
  (define (source name)
    ;; What a macro reads may count with its comments.
    (cons name
          (and (not (member name (expanded-files)))
               (forms-digest (map syntax->datum
                                  (or (assoc-ref (forms-read) name) '()))))))
  (expand `((@ (flowmake registry) note-module-files!)
            ,file ',(mentioned-by-name (map syntax->datum forms))
            ,(pack-observations)
            ,@(map (lambda (name) (list 'quote (source name)))
                   (cons file (included-files))))))

;;; The compiler's time goes up with the square of a procedure's length, so the
;;; forms are cut into procedures of a few forms each.

(define forms-in-part 16)

(define (join-trees trees)
  (if (null? (cdr trees))
      (car trees)
      (make-seq #f (car trees) (join-trees (cdr trees)))))

(define (make-part trees)
  (make-lambda #f '()
               (make-lambda-case #f '() #f #f #f '() '() (join-trees trees)
                                 #f)))

(define (cut-into-parts trees)
  (let loop ((trees trees) (parts '()))
    (if (<= (length trees) forms-in-part)
        (reverse (cons (make-part trees) parts))
        (loop (list-tail trees forms-in-part)
              (cons (make-part (list-head trees forms-in-part)) parts)))))

(define (redefinitions trees)
  ;; A definition of each of Guile's procedures that TREES define anew, as what
  ;; it is before that.  The compiler takes a name like car or list for Guile's
  ;; if it sees no definition outside of all procedures.
  (define (guile-procedure? name)
    (let ((variable (module-variable the-scm-module name)))
      (and variable
           (variable-bound? variable)
           (procedure? (variable-ref variable)))))
  (map (lambda (node)
         (let ((name (toplevel-define-name node)))
           (make-toplevel-define #f (toplevel-define-mod node) name
                                 (make-module-ref #f '(guile) name #f))))
       (top-level-names (join-trees trees)
                        (lambda (node)
                          (and (toplevel-define? node)
                               (guile-procedure?
                                (toplevel-define-name node))))
                        identity)))

(define (program trees)
  ;; Parts are arguments so that no pass puts them together again.
  (join-trees
   (append
    (redefinitions trees)
    (list (make-call #f
                     (make-module-ref #f '(flowmake registry) 'call-parts #t)
                     (cut-into-parts trees))))))

(define (compile-expanded trees)
  "Return the bytecode of TREES, a bytevector."
  (compile-tree (program trees) (flow-module)))

(define (compile-module parts)
  "Return the bytecode of a module, of the PARTS that expand-module gives.  The
code of the rest belongs to the module that is current when it is called."
  (match parts
    ((module heads trees)
     (compile-tree
      (if (null? heads)
          (program trees)
          (make-seq #f (join-trees heads) (program trees)))
      module))))

;;; What (system base compile) does, without the pass that warns and all that it
;;; loads, which took longer than compiling a common Flowfile.

(define make-lowerer (lazy '(language tree-il optimize) 'make-lowerer))
(define compile-bytecode
  (lazy '(language tree-il compile-bytecode) 'compile-bytecode))

(define (compile-tree tree env)
  ;; A name of which the module ENV has Guile's meaning is taken for that.
  (let* (;; Aligned, as a file that is mapped must be.
         (options '(#:to-file? #t))
         (lower (make-lowerer 1 options)))
    (compile-bytecode (lower tree env) env options)))
