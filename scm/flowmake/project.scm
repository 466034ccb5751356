;;; The module that a Flowfile is evaluated in, and the modules of its project.

(define-module (flowmake project)
  #:use-module (flowmake primitives)
  #:use-module (flowmake registry)
  #:export (flow-module
            make-flow-module!
            project-file?
            project-modules
            project-module-of
            module-closure))

(define module #f)

(define (flow-module)
  "Return the module that the Flowfile is evaluated in."
  module)

(define (make-flow-module!)
  "Make that module: all of Guile's and flowmake's names, those of flowmake
before those of Guile."
  (set! module (resolve-module '(flowfile) #f #:ensure #t))
  (beautify-user-module! module)
  (set-module-declarative?! module #f)
  ;; What the user imports wins, silently, over what was there.
  (set-module-duplicates-handlers!
   module (lookup-duplicates-handlers '(replace last)))
  (module-use-interfaces! module (list (resolve-interface '(flowmake))))
  module)

(define (project-file? file)
  "Return whether FILE, as places name files, is part of the project."
  (and (string? file)
       (or (string=? file (flow-file))
           (and (not (string-prefix? "/" file))
                (not (string-prefix? "flowmake/" file))
                (file-exists? file)))))

(define (module-file module)
  ;; The project's file that MODULE comes from, or #f.
  (let ((file (module-filename module)))
    (and file
         (let ((path (if (string-prefix? "./" file) (substring file 2) file)))
           (and (not (eq? module (flow-module)))
                (project-file? path)
                path)))))

(define (used-modules module)
  (map (lambda (interface)
         (or (resolve-module (module-name interface) #f #:ensure #f)
             interface))
       (filter module-name (module-uses module))))

(define (module-closure module)
  "Return ((FILE . MODULE) ...) of MODULE, if it is the project's, and of all
modules of the project that it uses."
  (let loop ((queue (list module)) (seen '()) (found '()))
    (if (null? queue)
        (reverse found)
        (let* ((module (car queue))
               (file (module-file module)))
          (cond
           ((memq module seen) (loop (cdr queue) seen found))
           ((or file (eq? module (flow-module)))
            (loop (append (cdr queue) (used-modules module))
                  (cons module seen)
                  (if file (acons file module found) found)))
           (else (loop (cdr queue) (cons module seen) found)))))))

(define (project-modules)
  "Return ((FILE . MODULE) ...) of the modules of the project in use."
  (module-closure (flow-module)))

(define (project-module-of symbol)
  "Return the module of the project that the Flowfile has SYMBOL from, or #f."
  (let ((variable (module-variable (flow-module) symbol)))
    (and variable
         (let loop ((modules (project-modules)))
           (cond
            ((null? modules) #f)
            ((eq? (module-variable (module-public-interface (cdar modules))
                                   symbol)
                  variable)
             (cdar modules))
            (else (loop (cdr modules))))))))
